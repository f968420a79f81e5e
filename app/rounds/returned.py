"""What came back of what is proposed in a round in work: to whom it goes, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlmodel import Session

from app.auth.actor import Actor
from app.canonical import decode
from app.changes import rows
from app.changes.reviews import covers, new_places
from app.changes.scope import Scope
from app.db import TOMBSTONE, fetch

_BACK = (
    "SELECT p.subject, p.body, p.reason, t.name, t.authority, t.region FROM proposal p"
    " LEFT JOIN timeline t ON t.subject_id = p.subject AND t.valid_from <= ? AND t.valid_to > ?"
    " WHERE p.changeset = ? AND p.opinion = 'return' ORDER BY p.reviewed_at DESC, p.subject"
)
"""The latest first."""


def returned_to(session: Session, actor: Actor, round_id: str, day: str) -> list[dict[str, Any]]:
    """``{"item", "name", "reason"}`` of what was returned about items in the account's scope and stands undecided."""
    found = fetch(session.connection(), _BACK, (day, day, round_id))
    if not found:
        return []
    scope, decided = Scope(session.connection(), actor), set(_decided(session, round_id))
    back = []
    for item, body, reason, *held in found:
        name, authority, region = held if held[0] else _proposed(decode(bytes(body)))
        if item not in decided and scope.covers_item(authority, region, day):
            back.append({"item": item, "name": name or item, "reason": reason or ""})
    return back


def _proposed(body: dict[str, Any]) -> tuple[str | None, ...]:
    """Name, authority and region of the new item that is proposed."""
    content: dict[str, Any] = next((place["content"] for place in new_places(body)), {})
    return tuple(content.get(part) for part in ("name", "authority", "region"))


def _decided(session: Session, round_id: str) -> Iterator[str]:
    """The items that the draft decides by now, by the office itself perhaps."""
    for row in rows.decisions(session, rows.find(session, round_id)):
        if row.body != TOMBSTONE:
            yield from covers(decode(row.body))
