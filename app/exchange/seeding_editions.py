"""The demonstration's published lists: prepared by one account, approved and issued by another, in order.

Both are locked and have no password. Lists are issued by people who may act, so they are unlocked within the
transaction that issues, and nobody ever sees them so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlmodel import Session

from app.auth.actor import Actor
from app.auth.models import Account
from app.changes.models import DocumentInput
from app.db import Database, writing_alone
from app.exchange.models import SourceKey
from app.lists import issuing, preparing
from app.lists.selecting import Selection
from app.lists.signing import Signer

Resolve = Callable[[Session, str, Any], Any]
"""(session, source, value) -> the value with registry ids in the place of references."""


def issue_once(
    database: Database,
    source: str,
    people: tuple[Actor, Actor],
    signer: Signer,
    asked: dict[str, Any],
    resolve: Resolve,
) -> int:
    """One edition, unless an earlier run issued it. Returns how many were issued."""
    author, reviewer = people
    with writing_alone(database) as session:
        if session.get(SourceKey, (source, "edition", asked["ref"])) is not None:
            return 0
        owner = {
            name: resolve(session, source, asked[name]) for name in ("authority", "region") if name in asked
        }
        wanted = Selection(asked["kind"], asked["on"], **owner)
        document = DocumentInput.model_validate(asked["document"])
        accounts = [session.get_one(Account, one.account) for one in people]
        _lock(session, accounts, False)
        draft = preparing.prepare(session, author, wanted, document)
        preparing.approve(session, reviewer, draft.id, draft.content)
        issuing.issue(session, reviewer, draft.id, signer)
        _lock(session, accounts, True)
        session.add(SourceKey(source=source, kind="edition", ref=asked["ref"], subject_id=draft.id))
    return 1


def _lock(session: Session, accounts: list[Account], locked: bool) -> None:
    for one in accounts:
        one.locked = locked
    session.flush()
