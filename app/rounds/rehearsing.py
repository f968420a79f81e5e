"""A dry run of a whole round: item by item, added up, with what stands against publishing it. Writes nothing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from sqlmodel import Session

from app.canonical import decode
from app.changes import rows
from app.changes.ahead import moved
from app.changes.freezing import undecided
from app.changes.models import Changeset
from app.changes.rehearsing import work_out
from app.collecting import few_collections
from app.db import chunks, fetch, marks
from app.errors import Conflict
from app.rounds.counted import count_draft
from app.rounds.pairs import Pair, fate_of
from app.rounds.report import page_ready
from app.versions.names import names_near


@few_collections()
def rehearse_round(session: Session, changeset_id: str, today: str) -> dict[str, Any]:
    """``{"report", "items", "revisions", "later", "stale", "undecided"}`` of a changeset that is not yet published.

    ``items`` are the pairs: before and after, item by item; ``later`` the decisions of later days that the round
    runs into; ``stale`` the decisions whose base has moved. Raises what publishing would raise, save that a moved
    base and undecided items are listed.
    """
    changeset = rows.find(session, changeset_id)
    if changeset.state == "published":
        raise Conflict("这份变更单已经发布，请看它的报告。", code="wrong-state", state=changeset.state)
    connection = session.connection()
    drafted = rows.decisions(session, changeset)
    bodies = [decode(row.body) for row in drafted]
    worked = work_out(connection, changeset_id, bodies, today)
    head = decode(changeset.head.encode())
    counted = count_draft(connection, head.get("scope"), worked.decider, worked.decided)
    names = names_near(connection, counted.sums["by_authority"], counted.day)
    bases = [decode(row.base) for row in drafted]
    return {
        **_head(changeset, head),
        "report": page_ready(counted.sums, names),
        "items": [
            _item(pair, frozenset((head.get("scope") or {}).get("types", ()))) for pair in counted.pairs
        ],
        **worked.effects,
        "stale": [
            row.position
            for row, seen, now in zip(drafted, bases, worked.decided.bases, strict=True)
            if moved(seen, now)
        ],
        "undecided": named(connection, undecided(connection, head.get("scope"), bodies)),
    }


def _head(changeset: Changeset, head: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": changeset.id,
        "title": changeset.title,
        "number": head.get("number"),
        "scope": head.get("scope"),
    }


def _item(pair: Pair, types: frozenset[str]) -> dict[str, Any]:
    fate = fate_of(pair, types)
    side = pair.before or pair.after
    return {
        "item": pair.item,
        "name": side.name if side else None,
        "line": fate.line,
        "outcome": fate.outcome,
        "decisions": [outcome for outcome, _role in pair.decisions],
        "status_before": pair.before.status if pair.before else None,
        "status_after": pair.after.status if pair.after else None,
    }


def named(connection: Connection, items: list[str]) -> list[dict[str, Any]]:
    """Items with their latest names and authorities."""
    found: dict[str, dict[str, Any]] = {}
    for some in chunks(items):
        query = (
            f"SELECT subject_id, name, authority FROM timeline WHERE subject_id IN ({marks(some)})"
            " AND name IS NOT NULL ORDER BY subject_id, valid_from"
        )
        for item, name, authority in fetch(connection, query, tuple(some)):
            found[item] = {"item": item, "name": name, "authority": authority}
    return list(found.values())
