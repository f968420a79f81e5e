"""Accounts as the administrator's page lists them: those in scope, looked for by name, organ and lock, in pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Query
from sqlalchemy import func, text
from sqlmodel import Session, col, select

from app.auth import sign_on
from app.auth.actor import Actor
from app.auth.models import Account, Credential, Token
from app.auth.within import accounts_within
from app.versions.queries import today
from app.web.office.doors.token_rows import TokenRow, token_rows
from app.web.office.doors.visiting import number_in
from app.web.office.forms import drafting

ROWS = 50


@dataclass
class Wanted:
    """What the page asks for, as it was typed. ``number``: one account alone; ``after``: the number of the last one of
    the page before."""

    q: Annotated[str, Query(max_length=100)] = ""
    organ: Annotated[str, Query(max_length=300)] = ""
    locked: Annotated[str, Query(max_length=1)] = ""
    number: Annotated[str, Query(max_length=12)] = ""
    after: Annotated[str, Query(max_length=12)] = ""

    @property
    def asks(self) -> bool:
        """Whether some may be left out."""
        return bool(self.q.strip() or self.organ.strip() or self.locked or self.number)


@dataclass
class Listed:
    rows: list[dict[str, Any]] = field(default_factory=list)
    next: int | None = None
    found: int = 0
    """All that were asked for, on other pages too."""
    total: int = 0
    """All in the administrator's scope."""
    scopes: list[str] = field(default_factory=list)
    """Ids of the places and organs that the rows are bound to."""


def listed(session: Session, actor: Actor, wanted: Wanted) -> Listed:
    """Raises NotFound, Ambiguous, Invalid for an organ that is none."""
    within, held = accounts_within(actor, today())
    asked, values = _conditions(session, wanted)
    made = Listed(total=_count(session, within, held))
    made.found = _count(session, within + asked, held | values) if asked else made.total
    query = select(Account).where(*(text(one) for one in within + asked))
    query = query.where(col(Account.id) > number_in(wanted.after)).order_by(col(Account.id)).limit(ROWS + 1)
    found = session.exec(query, params=held | values).all()
    made.next = found[ROWS - 1].id if len(found) > ROWS else None
    made.rows = _rows(session, found[:ROWS])
    made.scopes = [scope for one in found for scope in (one.region, one.authority) if scope]
    return made


def _conditions(session: Session, wanted: Wanted) -> tuple[list[str], dict[str, Any]]:
    asked: list[tuple[str, dict[str, Any]]] = []
    if part := wanted.q.strip():
        escaped = part.replace("!", "!!").replace("%", "!%").replace("_", "!_")
        named = " OR ".join(
            f"lower(account.{name}) LIKE lower(:part) ESCAPE '!'" for name in ("name", "display_name")
        )
        asked.append((f"({named})", {"part": f"%{escaped}%"}))
    if organ := wanted.organ.strip():
        found = drafting.named_id(session.connection(), organ, "authority", today(), "organ")
        asked.append(("account.authority = :organ", {"organ": found}))
    if wanted.locked:
        asked.append(("account.locked <> 0", {}))
    if wanted.number:
        asked.append(("account.id = :number", {"number": number_in(wanted.number)}))
    values = {name: value for _, given in asked for name, value in given.items()}
    return [condition for condition, _ in asked], values


def _count(session: Session, conditions: list[str], values: dict[str, Any]) -> int:
    query = select(func.count()).select_from(Account).where(*(text(one) for one in conditions))
    return session.exec(query, params=values).one()


def _rows(session: Session, found: Sequence[Account]) -> list[dict[str, Any]]:
    numbers = [one.id or 0 for one in found]
    linked, tokens = sign_on.identities(session, numbers), _good_tokens(session, found)
    query = select(Credential).where(col(Credential.account_id).in_(numbers))
    credentials = {one.account_id: one for one in session.exec(query)}
    return [
        {
            "id": one.id,
            "name": one.name,
            "display_name": one.display_name,
            "rights": [right for right in one.rights.split(",") if right],
            "region": one.region,
            "authority": one.authority,
            "locked": bool(one.locked),
            "signs_in": one.id in credentials,
            "linked": linked.get(one.id or 0, []),
            "paired": bool(one.id in credentials and credentials[one.id].totp_since),
            "tokens": tokens.get(one.id or 0, []),
        }
        for one in found
    ]


def _good_tokens(session: Session, found: Sequence[Account]) -> dict[int, list[TokenRow]]:
    """Account -> its tokens that are good, but for a lock."""
    held: dict[int, list[Token]] = {}
    for token in session.exec(
        select(Token)
        .where(col(Token.revoked_at).is_(None), col(Token.account_id).in_([one.id for one in found]))
        .order_by(col(Token.id).desc())
    ):
        held.setdefault(token.account_id, []).append(token)
    rows = {one.id or 0: token_rows(held.get(one.id or 0, []), one.rights.split(",")) for one in found}
    return {account: [row for row in own if row.is_good] for account, own in rows.items()}
