"""Tokens as the office lists them: what each may do, since when, until when. Never the token itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app import log
from app.auth.accounts import is_good
from app.auth.actor import RIGHTS, SUBSCRIBE
from app.auth.models import Token
from app.versions.queries import moment

SCOPES = {**RIGHTS, SUBSCRIBE: "订阅事件"}
"""What a token may be confined to, in words."""


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token in words; moments as the pages show them, empty where there is none."""

    id: int
    label: str
    may: str
    lost: str
    """Rights it was confined to that its account has no more; empty where there are none."""
    made: str
    used: str
    ends: str
    is_good: bool
    is_revoked: bool


def token_rows(tokens: Iterable[Token], rights: Iterable[str]) -> list[TokenRow]:
    """``rights``: those that the account has now."""
    held, now = {*rights, SUBSCRIBE}, log.now_microseconds()
    return [_row(one, held, now) for one in tokens]


def _row(token: Token, held: set[str], now: int) -> TokenRow:
    asked = None if token.scopes is None else {one for one in token.scopes.split(",") if one}
    if asked is None:
        may = "账号的全部权限"
    elif not asked:
        may = "只读取公开的内容"
    else:
        may = _words(asked & held)
    return TokenRow(
        id=token.id or 0,
        label=token.label,
        may=may,
        lost=_words((asked or set()) - held),
        made=moment(token.created_at),
        used=moment(token.used_at) if token.used_at else "",
        ends=moment(token.expires_at) if token.expires_at else "",
        is_good=is_good(token, now),
        is_revoked=token.revoked_at is not None,
    )


def _words(scopes: set[str]) -> str:
    return "、".join(words for scope, words in SCOPES.items() if scope in scopes)
