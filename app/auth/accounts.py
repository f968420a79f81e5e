"""Adding accounts, giving and checking tokens."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from app import log
from app.auth.actor import RIGHTS, SUBSCRIBE, Actor
from app.auth.models import Account, Token
from app.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated

TOKEN_PREFIX = "qdt_"
DEMONSTRATION = "demo-"
"""How the names of accounts begin that a seed makes: locked, and never unlocked."""
DAY = 86_400_000_000
MOST_DAYS = 36_500
USED_EVERY = 600_000_000
"""Microseconds between notes of a token's use."""


def add_account(
    session: Session,
    name: str,
    rights: list[str],
    *,
    display_name: str = "",
    region: str | None = None,
    authority: str | None = None,
    locked: bool = False,
) -> Account:
    """A new account. Raises Invalid for unknown or incompatible rights and for what is no name, Conflict for a taken
    one."""
    granted = _checked(rights)
    require_name(name)
    taken = Conflict(f"账号“{name}”已经存在，请换一个名称。", code="account-exists")
    if session.exec(select(Account).where(Account.name == name)).first():
        raise taken
    account = Account(
        name=name,
        display_name=display_name or name,
        rights=granted,
        region=region,
        authority=authority,
        locked=int(locked),
        created_at=log.now_microseconds(),
    )
    session.add(account)
    try:
        session.flush()
    except IntegrityError as error:  # another has just added it
        raise taken from error
    log.record_access(session.connection(), "account-added", account=account.id, subject=name)
    return account


def require_name(name: str) -> None:
    """Raises Invalid for what nobody could type at the sign-in or tell apart in a list."""
    if not (2 <= len(name) <= 60 and name.isprintable() and not any(one.isspace() for one in name)):
        raise Invalid("账号名应有 2 至 60 个字，不含空格。", code="account-name", field="name")


def _checked(rights: Iterable[str]) -> str:
    """The rights as they are stored. Raises Invalid."""
    wanted = sorted({right for right in rights if right})
    unknown = [right for right in wanted if right not in RIGHTS]
    if unknown:
        raise Invalid(f"没有“{unknown[0]}”这种权限，可用的有：{'、'.join(RIGHTS)}。", code="unknown-right")
    if {"administer", "audit"} <= set(wanted):
        raise Invalid("管理与审计不得由同一账号兼任。", code="incompatible-rights")
    return ",".join(wanted)


def lock_account(session: Session, account: Account, reason: str) -> None:
    """Nothing is done by the account any more, by token or in a browser; its work and its name stay. Raises
    Conflict where it is locked, Invalid without a reason."""
    if account.locked:
        raise Conflict(f"账号“{account.name}”已经锁定。", code="account-locked")
    _move_lock(session, account, 1, "account-locked", reason)


def unlock_account(session: Session, account: Account, reason: str) -> None:
    """Its tokens are good again, unless they were revoked. Raises Conflict where it is not locked, or was made to
    demonstrate; Invalid without a reason."""
    if account.name.startswith(DEMONSTRATION):
        raise Conflict(f"“{account.name}”是示范数据的账号，不能解锁。", code="demonstration-account")
    if not account.locked:
        raise Conflict(f"账号“{account.name}”没有锁定。", code="account-not-locked")
    _move_lock(session, account, 0, "account-unlocked", reason)


def _move_lock(session: Session, account: Account, locked: int, event: str, reason: str) -> None:
    if not reason.strip():
        raise Invalid("请写明锁定或解锁账号的理由。", code="reason-needed", field="reason")
    account.locked = locked
    session.add(account)
    session.flush()
    log.record_access(
        session.connection(), event, account=account.id, subject=account.name, note=reason.strip()
    )


def change_account(
    session: Session,
    account: Account,
    *,
    rights: list[str] | None = None,
    scope: tuple[str | None, str | None] | None = None,
) -> None:
    """Other rights, or another scope (region, authority); None leaves them. Holds from the next request on, for
    tokens and open sessions alike. Raises Invalid."""
    before = _described(account)
    if rights is not None:
        account.rights = _checked(rights)
    if scope is not None:
        account.region, account.authority = scope
    _keep_changed(session, account, before, _described(account), "account-changed")


def rename_account(session: Session, account: Account, display_name: str) -> None:
    """Another name shown to people, on what the account did before, too; the one to sign in with stays. Raises
    Invalid."""
    before, account.display_name = account.display_name, display_name or account.name
    _keep_changed(session, account, before, account.display_name, "account-renamed")


def _keep_changed(session: Session, account: Account, before: str, after: str, event: str) -> None:
    """With a note of both in the access log. Raises Invalid where they are the same."""
    if after == before:
        raise Invalid(f"账号“{account.name}”本来就是这样，没有什么可改。", code="nothing-changed")
    session.add(account)
    session.flush()
    note = f"{before} → {after}"
    log.record_access(session.connection(), event, account=account.id, subject=account.name, note=note)


def _described(account: Account) -> str:
    scope = "、".join(one for one in (account.region, account.authority) if one)
    return f"权限 {account.rights or '无'}，范围 {scope or '全部'}"


def find_account(session: Session, name: str) -> Account:
    """Raises NotFound."""
    account = session.exec(select(Account).where(Account.name == name)).first()
    if account is None:
        raise NotFound(f"没有名为“{name}”的账号，可用 qingdan user add 添加。", code="unknown-account")
    return account


def refuse_locked(session: Session, actor: Actor) -> None:
    """Raises Forbidden where the actor's account is locked: it may no longer do anything, nor confirm."""
    account = session.get(Account, actor.account) if actor.account is not None else None
    if account is not None and account.locked:
        raise Forbidden(f"账号“{account.name}”已锁定，不能参与。", code="account-locked")


def account_by_id(session: Session, number: int) -> Account:
    """Raises NotFound."""
    account = session.get(Account, number)
    if account is None:
        raise NotFound(f"没有 {number} 号账号。", code="unknown-account")
    return account


def names_of_accounts(session: Session, numbers: Iterable[int | None]) -> dict[int, str]:
    """number -> name shown to people."""
    wanted = {number for number in numbers if number is not None}
    if not wanted:
        return {}
    found = session.exec(select(Account).where(Account.id.in_(wanted)))  # type: ignore[union-attr]
    return {one.id or 0: one.display_name or one.name for one in found}


def signs_of_accounts(session: Session, numbers: Iterable[int | None]) -> dict[int, str]:
    """number -> name shown to people with the one to sign in with, where they differ: two people may share a name."""
    wanted = {number for number in numbers if number is not None}
    found = session.exec(select(Account).where(Account.id.in_(wanted)))  # type: ignore[union-attr]
    return {one.id or 0: sign_of(one) for one in found}


def sign_of(account: Account) -> str:
    shown = account.display_name
    return account.name if shown in ("", account.name) else f"{shown}（{account.name}）"


def issue_token(
    session: Session,
    account: Account,
    label: str = "",
    days: int | None = None,
    scopes: Sequence[str] | None = None,
    address: str | None = None,
) -> str:
    """A new token for an account; the only time its text is seen. ``scopes``: the rights it is confined to, of those
    that the account has when it is used, or ``subscribe``; empty: it only reads; none: all of them. Raises Invalid,
    Conflict for a locked account."""
    if account.locked:
        raise Conflict(f"账号“{account.name}”已锁定，不能签发令牌。", code="account-locked")
    for scope in scopes or ():
        if scope not in RIGHTS and scope != SUBSCRIBE:
            known = "、".join([*RIGHTS, SUBSCRIBE])
            raise Invalid(f"没有“{scope}”这种权限，可用的有：{known}。", code="unknown-right")
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise Invalid(
            f"令牌的有效天数应在 1 至 {MOST_DAYS} 之间；不写天数则长期有效。", code="bad-days", field="days"
        )
    kept = None if scopes is None else ",".join(sorted(set(scopes)))
    text = TOKEN_PREFIX + secrets.token_urlsafe(32)
    now = log.now_microseconds()
    expires = now + days * DAY if days is not None else None
    made = Token(
        account_id=account.id or 0,
        label=label,
        hash=_hash(text),
        created_at=now,
        expires_at=expires,
        scopes=kept,
    )
    session.add(made)
    session.flush()
    log.record_access(
        session.connection(), "token-issued", account=account.id, address=address, note=_called(made)
    )
    return text


def _called(token: Token) -> str:
    """In the access log: by its number, which is what later acts name it by."""
    return f"{token.id} 号 {token.label}".rstrip()


def revoke_tokens(session: Session, account: Account) -> int:
    """Revoke all of an account's tokens. Returns how many."""
    tokens = session.exec(select(Token).where(Token.account_id == account.id, Token.revoked_at == None)).all()  # noqa: E711
    for token in tokens:
        token.revoked_at = log.now_microseconds()
        session.add(token)
    log.record_access(session.connection(), "tokens-revoked", account=account.id, note=f"{len(tokens)} 个")
    return len(tokens)


def tokens_of(session: Session, account: int | None) -> list[Token]:
    """An account's tokens, the newest first."""
    query = select(Token).where(Token.account_id == account).order_by(Token.id.desc())  # type: ignore[union-attr]
    return list(session.exec(query))


def is_good(token: Token, now: int) -> bool:
    """Whether it is neither revoked nor past its end; its account may be locked."""
    return token.revoked_at is None and (token.expires_at is None or token.expires_at > now)


def find_token(session: Session, number: int, account: int | None = None) -> Token:
    """A token that is not revoked; of an account, where one is named. Raises NotFound."""
    token = session.get(Token, number)
    if token is None or token.revoked_at is not None or account not in (None, token.account_id):
        raise NotFound(f"没有 {number} 号有效令牌。", code="unknown-token")
    return token


def rotate_token(session: Session, token: Token, grace_days: int = 7) -> str:
    """A new token in the place of one: same account, label, scopes and end. The old one stays good for the days of
    grace, so that nobody has to change over in one moment."""
    account = account_by_id(session, token.account_id)
    scopes = None if token.scopes is None else [one for one in token.scopes.split(",") if one]
    text = issue_token(session, account, token.label, scopes=scopes)
    made = session.exec(select(Token).where(Token.hash == _hash(text))).one()
    made.expires_at = token.expires_at
    end = log.now_microseconds() + grace_days * DAY
    token.expires_at = min(end, token.expires_at or end)
    session.add_all([made, token])
    log.record_access(session.connection(), "token-rotated", account=account.id, note=str(token.id))
    return text


def revoke_token(session: Session, token: Token, address: str | None = None) -> None:
    token.revoked_at = log.now_microseconds()
    session.add(token)
    log.record_access(
        session.connection(),
        "tokens-revoked",
        account=token.account_id,
        address=address,
        note=_called(token),
    )


def is_use_worth_noting(session: Session, text: str) -> bool:
    """Whether the last use on record is some minutes old: noting each would be a write for every read."""
    used = session.exec(select(Token.used_at).where(Token.hash == _hash(text))).first()
    return used is None or used < log.now_microseconds() - USED_EVERY


def note_use(session: Session, text: str) -> None:
    session.connection().execute(
        update(Token).where(Token.hash == _hash(text)).values(used_at=log.now_microseconds())  # type: ignore[arg-type]
    )


def actor_of(account: Account) -> Actor:
    return Actor(
        account=account.id,
        name=account.name,
        rights=frozenset(filter(None, account.rights.split(","))),
        region=account.region,
        authority=account.authority,
    )


def authenticate(session: Session, text: str) -> Actor:
    """The actor behind a bearer token. Raises Unauthenticated; says no more than that."""
    row = session.exec(
        select(Token, Account).join(Account, Account.id == Token.account_id).where(Token.hash == _hash(text))  # type: ignore[arg-type]
    ).first()
    now = log.now_microseconds()
    refusal = Unauthenticated("令牌无效、已过期或已撤销，请向管理员索取新的令牌。", code="bad-token")
    if row is not None:
        token, account = row
        refusal.account = account.id
        if is_good(token, now) and not account.locked:
            actor = actor_of(account)
            if token.scopes is not None:
                scopes = frozenset(filter(None, token.scopes.split(",")))
                actor = replace(actor, rights=actor.rights & scopes, reads_alone=not scopes)
            return actor
    raise refusal


def _hash(text: str) -> str:
    # A token has 256 random bits: a plain digest is enough, and look-ups stay indexed.
    return hashlib.sha256(text.encode()).hexdigest()
