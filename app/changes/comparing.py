"""A decision beside what has been published since it was drafted, field by field."""

from __future__ import annotations

import copy
from typing import Any

from sqlalchemy import Connection, text

from app.canonical import decode
from app.versions.fold import State, apply_changes, at, diff, fold
from app.versions.histories import History


def comparison(
    connection: Connection, history: History, day: str, base: list[int], body: dict[str, Any]
) -> dict[str, Any]:
    """Three ways by field: what the editor saw, what stands now, what the decision would set."""
    seen = _content_of_revision(connection, base[0]) if base and base[0] else {}
    now = fold(history.effects, day) or {}
    mine: State = copy.deepcopy(seen)
    changes = body.get("changes", [])
    if body["outcome"] == "void":
        without = fold((effect for effect in history.effects if effect.act != body["act"]), day) or {}
        changes = [change for change in diff(now, without) if not _is_of_codes(change)]
    apply_changes(mine, changes)
    now = {name: part for name, part in now.items() if name != "codes"}
    wanted = {_field(change) for change in changes}
    fields = sorted(wanted | _differing(seen, now))
    return {
        "day": day,
        "fields": [
            {
                "path": path,
                "seen": at(seen, path),
                "now": at(now, path),
                "yours": at(mine, path),
                "collides": path in wanted and at(now, path) not in (at(seen, path), at(mine, path)),
            }
            for path in fields
        ],
    }


def _is_of_codes(change: Any) -> bool:
    return change["path"].split("/", 1)[0] == "codes"


def _content_of_revision(connection: Connection, seq: int) -> State:
    row = connection.execute(
        text(
            "SELECT r.status, c.body FROM revision r LEFT JOIN content c ON c.hash = r.content WHERE r.seq = :s"
        ),
        {"s": seq},
    ).one_or_none()
    if row is None:
        return {}
    document: State = decode(bytes(row[1])) if row[1] else {}
    document["status"] = row[0]
    return document


def _differing(before: State, after: State) -> set[str]:
    return {_field(change) for change in diff(before, after)}


def _field(change: Any) -> str:
    """The field a change is about: an added element by its key, not its whole list."""
    return f"{change['path']}/{change['value']['key']}" if change["op"] == "add" else change["path"]
