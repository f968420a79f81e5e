"""The holiday arrangements that are published."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from app.canonical import decode
from app.db import TOMBSTONE, fetch
from app.deadlines.working_days import WorkCalendar, Year


def work_calendar(connection: Connection) -> WorkCalendar:
    """Every year as it stands now: the last interval of each; one whose notice an order took away is not known."""
    rows = fetch(
        connection,
        "SELECT c.body FROM timeline t JOIN content c ON c.hash = t.content"
        " WHERE t.kind = 'calendar' AND t.status = 'in_force' ORDER BY t.valid_from",
    )
    years = {}
    for row in rows:
        if bytes(row[0]) == TOMBSTONE:
            continue
        content = decode(bytes(row[0]))
        years[content["year"]] = Year(
            frozenset(map(date.fromisoformat, content["days_off"])),
            frozenset(map(date.fromisoformat, content["make_up"])),
        )
    return WorkCalendar(years)
