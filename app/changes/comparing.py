"""A decision beside what has been published since it was drafted, field by field."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

from app.canonical import decode
from app.versions.fold import State, apply_changes, at, diff, fold
from app.versions.histories import History
from app.versions.orders import add_code, add_codes
from app.versions.timeline import Held, codes_on


def comparison(
    connection: Connection,
    history: History,
    day: str,
    revisions: Sequence[int],
    codes: Sequence[int] | None,
    body: dict[str, Any],
) -> dict[str, Any]:
    """Three ways by field: what the editor saw, what stands now, what the decision would set. ``revisions`` and
    ``codes``: the rows that were seen, of codes None where that was not written down."""
    seen = _content_of_revision(connection, revisions[0]) if revisions and revisions[0] else {}
    now = dict(fold(history.effects, day) or {})
    now["codes"] = [one["value"] for one in add_codes(now.get("codes", ()))]
    seen["codes"] = now["codes"] if codes is None else _codes_among(history.codes, set(codes), day)
    mine: State = copy.deepcopy(seen)
    changes = [*body.get("changes", []), *add_codes(body.get("codes", ()))]
    if body["outcome"] == "void":
        without = fold((effect for effect in history.effects if effect.act != body["act"]), day) or {}
        changes = diff(now, without)
    apply_changes(mine, changes)
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


def _codes_among(rows: Sequence[Held], seqs: set[int], day: str) -> list[Any]:
    """The codes held on the day by these rows, as a state has them."""
    held = codes_on((row for row in rows if row.seq in seqs), day)
    return [add_code(scheme, value, issuer)["value"] for scheme, issuer, value in sorted(held)]


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
