"""One calendar for a year: a due date goes by it, and by one alone. A year's arrangement is changed, not set again."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from app.db import fetch
from app.errors import Refused
from app.versions.ids import kind_of
from app.versions.orders import Act


def refuse_second_calendars(connection: Connection, acts: Iterable[Act]) -> None:
    """Raises Refused where a year would have two, or a calendar become that of another year."""
    given: dict[str, str] = {}
    for part in (part for act in acts for part in act.parts if kind_of(part.subject_id) == "calendar"):
        if any(change["path"] == "year" for change in part.changes):
            raise Refused(
                "一份节假日安排的年份不能改。录错了请作废，再录入正确年份的安排。",
                code="calendar-year-fixed",
                subject=part.subject_id,
            )
        if part.creates is None:
            continue
        year = str(part.creates["year"])
        other = given.setdefault(year, part.subject_id)
        if other == part.subject_id:
            other = _calendar_of(connection, year) or other
        if other != part.subject_id:
            raise Refused(
                f"{year} 年的节假日安排已经有了（{other}），不能再公布一份；请改为调整它。",
                code="calendar-exists",
                subject=part.subject_id,
                calendar=other,
            )


def _calendar_of(connection: Connection, year: str) -> str | None:
    query = "SELECT subject_id FROM timeline WHERE kind = 'calendar' AND name = ? ORDER BY subject_id LIMIT 1"
    return next((str(row[0]) for row in fetch(connection, query, (year,))), None)
