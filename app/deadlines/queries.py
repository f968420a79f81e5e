"""The holiday arrangements that are published."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

from sqlalchemy import Connection

from app.canonical import decode
from app.db import TOMBSTONE, fetch, marks
from app.deadlines.working_days import WorkCalendar, Year
from app.versions.queries import Known, timelines


def work_calendar(connection: Connection, known: Known | None = None) -> WorkCalendar:
    """Every year as it stands, or was known to: the last interval of each. One whose notice an order took away is not
    known."""
    bodies = _now(connection) if known is None or known.is_head else _then(connection, known)
    years = {}
    for body in bodies:
        if body != TOMBSTONE:
            content = decode(body)
            years[content["year"]] = Year(*(_days(content[name]) for name in ("days_off", "make_up")))
    return WorkCalendar(years)


def _now(connection: Connection) -> list[bytes]:
    rows = fetch(
        connection,
        "SELECT c.body FROM timeline t JOIN content c ON c.hash = t.content"
        " WHERE t.kind = 'calendar' AND t.status = 'in_force' ORDER BY t.subject_id DESC, t.valid_from",
    )
    return [bytes(row[0]) for row in rows]


def _then(connection: Connection, known: Known) -> list[bytes]:
    rows = fetch(connection, "SELECT id FROM subject WHERE kind = 'calendar' AND seq <= ?", (known.seq,))
    stood = timelines(connection, [row[0] for row in rows], known)
    hashes = [
        span.content
        for one in sorted(stood, reverse=True)
        for span in stood[one]
        if span.status == "in_force" and span.content
    ]
    bodies = fetch(
        connection, f"SELECT hash, body FROM content WHERE hash IN ({marks(hashes)})", tuple(hashes)
    )
    found = {key: bytes(body) for key, body in bodies}
    return [found[one] for one in hashes]


def _days(listed: list[str]) -> frozenset[date]:
    """What is no day, as years recorded before that was asked may hold, counts for none."""
    found = set()
    for one in listed:
        with suppress(ValueError):
            found.add(date.fromisoformat(one))
    return frozenset(found)
