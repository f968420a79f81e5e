"""The change feed: what was recorded about every subject, in log order, for those who keep in step.

An event is a row of the log that a reader of some subject would notice: a revision; a code given or taken where no
revision of the same publication tells of it; a succession that leaves the origin's own content alone; a redaction.
Its ``seq`` is that row's, so that an event has a name of its own and a reader who keeps the last one misses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from app.changes.noticed import REDACT, Noticed, noticed
from app.changes.telling import Told, tell
from app.changes.told_as import NOTHING, Behind, told_as
from app.changes.wanted import ALL, Wanted, is_wanted
from app.db import run_by
from app.versions.visibility import hidden_among, public_among

SPAN = 200_000
"""Seqs that one asking with filters looks through at most; what it did not find in them is told by ``next``."""
BATCHES = 20
"""Batches of rows that one asking reads at most, where most of them are of subjects that are not public."""


def events(
    connection: Connection, after: int, limit: int, wanted: Wanted = ALL, *, head: int
) -> tuple[list[dict[str, Any]], int | None]:
    """(events recorded after a seq, the seq to go on after; None where all up to ``head`` were looked at):
    gap-free, since seq is given inside the lock.

    Subjects that are not public have none; of a revision that is not, only its day is told (``withheld``), so that
    a copy is dropped. With filters a page may be short, even empty, and still have a ``next``.
    """
    found: list[dict[str, Any]] = []
    upto = head if wanted.is_all or wanted.subject else min(head, after + SPAN)
    for _ in range(BATCHES):
        rows = noticed(connection, after, upto, limit + 1, wanted)
        more = len(rows) > limit
        rows = rows[:limit]
        told = [one for one in _shown(connection, rows, wanted) if is_wanted(one, wanted)]
        if len(found) + len(told) > limit or (len(found) + len(told) == limit and more):
            found = (found + told)[:limit]
            return found, found[-1]["seq"]
        found += told
        if not more:
            return found, upto if upto < head else None
        after = rows[-1].seq
    return found, after


def _shown(connection: Connection, rows: Sequence[Noticed], wanted: Wanted) -> list[dict[str, Any]]:
    run = run_by(connection)
    public = public_among(run, {row.subject for row in rows})
    rows = [row for row in rows if row.subject in public]
    hidden = hidden_among(run, {content for row in rows for content in (row.content, row.content_before)})
    behind = told_as(connection, [row for row in rows if row.source != REDACT])
    return tell(connection, [_read(row, behind.get(row.seq, NOTHING), hidden) for row in rows])


def _read(row: Noticed, behind: Behind, hidden: set[str]) -> Told:
    if row.content_before in hidden:
        row = row._replace(status_before=None, content_before=None)
    return Told(row, behind, withheld=row.source != REDACT and row.content in hidden)
