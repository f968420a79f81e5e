"""The change feed: what was recorded about every subject, in log order, for those who keep in step."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import merge
from itertools import islice
from typing import Any

from sqlalchemy import Connection, text

from app.db import run_by
from app.versions.queries import moment
from app.versions.visibility import hidden_among, public_among

_COLUMNS = (
    "{x}.seq, {x}.subject_id, s.kind, {x}.effective_from, r.status, r.content, {x}.publication, d.outcome, v.act,"
    " (SELECT e.recorded_at FROM log_entry e WHERE e.seq > {x}.seq ORDER BY e.seq LIMIT 1)"
)
_BESIDE = (
    " JOIN subject s ON s.id = {x}.subject_id"
    " LEFT JOIN decision d ON d.seq = {x}.cause LEFT JOIN void v ON v.seq = {x}.cause"
    " WHERE {x}.seq > :after{days} ORDER BY {x}.seq LIMIT :limit"
)
_DAYS = " AND {x}.effective_from >= :first AND {x}.effective_from <= :last"
_REVISIONS = f"SELECT {_COLUMNS} FROM revision r{_BESIDE}"
_CODES = (
    f"SELECT {_COLUMNS} FROM code x LEFT JOIN revision r ON r.seq = (SELECT o.seq FROM revision o"
    "  WHERE o.subject_id = x.subject_id AND o.effective_from <= x.effective_from AND o.seq < x.seq"
    "  ORDER BY o.effective_from DESC, o.seq DESC LIMIT 1)"
    + _BESIDE.replace(
        ":after", ":after AND NOT EXISTS (SELECT 1 FROM {same}) AND NOT EXISTS (SELECT 1 FROM {earlier})"
    )
)
"""Code rows that no revision of the same publication, subject and day tells of already: one for each such day."""
_SAME = (
    "{table} o WHERE o.subject_id = x.subject_id AND o.publication = x.publication"
    " AND o.effective_from = x.effective_from"
)


def events(
    connection: Connection, after: int, limit: int, days: tuple[str, str] | None = None
) -> tuple[list[dict[str, Any]], int | None]:
    """(events recorded after a seq, the seq to go on after): gap-free, since seq is given inside the lock.

    ``days``: only those that take effect from the first up to the last, both counted. Subjects that are not
    public have none; of a revision that is not, only its day is told (``withheld``), so that a copy is dropped.
    """
    found: list[dict[str, Any]] = []
    while True:
        rows = _raw(connection, after, limit, days)
        found += _shown(connection, rows)
        if len(rows) < limit or len(found) >= limit:
            break
        after = rows[-1][0]
    more = len(found) > limit or len(rows) == limit
    found = found[:limit]
    return found, found[-1]["seq"] if more and found else None


def _raw(connection: Connection, after: int, limit: int, days: tuple[str, str] | None) -> list[Any]:
    asked: dict[str, Any] = {"after": after, "limit": limit}
    if days is not None:
        asked |= {"first": days[0], "last": days[1]}
    within = _DAYS if days is not None else ""
    same = _SAME.format(table="revision")
    earlier = _SAME.format(table="code") + " AND o.seq < x.seq"
    revisions = text(_REVISIONS.replace("{days}", within).format(x="r"))
    codes = text(
        _CODES.replace("{days}", within).replace("{same}", same).replace("{earlier}", earlier).format(x="x")
    )
    both = merge(
        connection.execute(revisions, asked), connection.execute(codes, asked), key=lambda row: row[0]
    )
    return list(islice(both, limit))


def _shown(connection: Connection, rows: Iterable[Any]) -> list[dict[str, Any]]:
    listed = list(rows)
    run = run_by(connection)
    public = public_among(run, (row[1] for row in listed))
    hidden = hidden_among(run, (row[5] for row in listed))
    return [_event(row, row[5] in hidden) for row in listed if row[1] in public]


def _event(row: Any, withheld: bool) -> dict[str, Any]:
    told = {"withheld": True} if withheld else {}
    return {
        "seq": row[0],
        "subject": row[1],
        "kind": row[2],
        "effective_from": row[3],
        "status": None if withheld else row[4],
        "content_hash": None if withheld else row[5],
        "publication": row[6],
        "outcome": None if withheld else row[7],
        "voids": None if withheld else row[8],
        "recorded_at": moment(row[9]) if row[9] else None,
        **told,
    }
