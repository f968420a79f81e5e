"""Who holds a power again when the time for which it was entrusted has run out, and what was decided about that."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from app.changes.owed import Wanted, duties
from app.db import fetch, marks, run_by
from app.versions.history import document
from app.versions.queries import Known, state_on
from app.versions.visibility import hidden_among, on_open_day, public_among
from app.web.rendering import Gaps, gaps
from app.web.subjects import names, settle_documents

_HELD_BY = (
    "SELECT subject_id, authority FROM timeline WHERE subject_id IN ({}) AND valid_from <= ? AND valid_to > ?"
    " AND visibility = 'public'"
)
_DECIDED = (
    "SELECT cd.body, cp.body, d.outcome, d.publication FROM decision d"
    " LEFT JOIN content cd ON cd.hash = d.statement LEFT JOIN publication p ON p.seq = d.publication"
    f" LEFT JOIN content cp ON cp.hash = p.statement WHERE d.seq = ? AND {on_open_day('d')}"
)


def delegation(
    connection: Connection, found: Gaps, origins: list[Gaps], on: str, known: Known
) -> Gaps | None:
    """Of an item that was entrusted for a time: the ``day`` on which that runs out or ran out, where the interval asked
    for ends or begins with it; ``back_to``, the items entrusted from, each with its ``organ``; and the ``document`` of
    the decision that it is not renewed, where there is one. ``origins``: what the item comes from."""
    lenders = [one for one in origins if one["relation"] == "entrust" and one["step"] == 1]
    day = found["valid_from"] if found["status"] == "ended" else found["valid_to"]
    if not lenders or not day:
        return None
    wanted = Wanted(on=on, kinds=frozenset({"expiry"}), subject=found["id"])
    running_out = [one for one in duties(connection, wanted, known=known) if one["due"] == day]
    if not running_out:
        return None
    organs = _organs(connection, [one["id"] for one in lenders], max(on, day), known)
    back_to = [Gaps(one, organ=organs.get(one["id"])) for one in lenders]
    return Gaps(day=day, back_to=back_to, document=_not_renewed(connection, running_out))


def _organs(connection: Connection, items: list[str], on: str, known: Known) -> dict[str, str]:
    """Item -> the name of the organ that holds it on a day."""
    held = (
        dict(fetch(connection, _HELD_BY.format(marks(items)), (*items, on, on)))
        if known.is_head
        else _held_then(connection, items, on, known)
    )
    called = names(connection, [organ for organ in held.values() if organ], on, known)
    return {item: called[organ] for item, organ in held.items() if organ in called}


def _held_then(connection: Connection, items: list[str], on: str, known: Known) -> dict[str, str | None]:
    run = run_by(connection)
    standing = [state_on(connection, one, on, known) for one in sorted(public_among(run, items))]
    hidden = hidden_among(run, (one.content for one in standing))
    return {one.subject_id: one.document().get("authority") for one in standing if one.content not in hidden}


def _not_renewed(connection: Connection, running_out: list[dict[str, Any]]) -> Gaps | None:
    for one in running_out:
        if one["done"] and one["done"]["decision"]:
            for row in fetch(connection, _DECIDED, (one["done"]["decision"],)):
                entry = gaps({"document": document(*row)})
                settle_documents(connection, [entry])
                return entry["document"] and Gaps(entry["document"])
    return None
