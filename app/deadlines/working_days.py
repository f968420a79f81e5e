"""Working days and due dates. Pure.

行政许可法 第八十二条: limits of permits count working days, without statutory holidays. 民法典 第二百零一条:
the day on which a period begins is not counted; 第二百零二条: a period of months ends on the same day of the
last month, or on its last day; 第二百零三条: a period of calendar days, months or years that ends on a day off
ends on the next day that is worked.
"""

from __future__ import annotations

import calendar as months
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

MAX_DAYS = 100_000
"""Longer limits have no due date worth computing."""


@dataclass(frozen=True, slots=True)
class Year:
    """A year's departures from Monday to Friday."""

    days_off: frozenset[date]
    make_up: frozenset[date]


@dataclass(frozen=True, slots=True)
class Excluded:
    """A run of days that did not count: 周末, 节假日."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Due:
    """When a limit ends. ``provisional`` where it rests on a year whose arrangement is not published."""

    at: date | datetime
    provisional: bool
    excluded: list[Excluded] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """The years that are known."""

    years: Mapping[int, Year]

    def is_working(self, day: date) -> bool:
        """By the year's arrangement; Monday to Friday in a year that is not known."""
        year = self.years.get(day.year)
        if year is not None:
            if day in year.make_up:
                return True
            if day in year.days_off:
                return False
        return day.weekday() < 5

    def knows(self, first: date, last: date) -> bool:
        return all(year in self.years for year in range(first.year, last.year + 1))


def due(work: WorkCalendar, accepted: datetime, limit: Mapping[str, Any]) -> Due | None:
    """When a limit that begins with an acceptance ends; None where the limit is not known, or ends past the last day
    that there is.

    ``limit`` is content's Limit: value, unit. ``accepted`` is local (Shanghai) time.
    """
    try:
        return _due(work, accepted, limit.get("unit"), limit.get("value"))
    except (OverflowError, ValueError):  # 9999-12-31 and after
        return None


def _due(work: WorkCalendar, accepted: datetime, unit: str | None, value: int | None) -> Due | None:
    start = accepted.date()
    if unit == "immediate":
        return Due(start, False)
    if unit is None or value is None or value > MAX_DAYS:
        return None
    if unit in ("hour", "minute"):
        return Due(accepted + timedelta(**{f"{unit}s": value}), False)
    if unit == "workday":
        return _after_working_days(work, start, value)
    end = _calendar_end(start, unit, value)
    at = end
    while not work.is_working(at):
        at += timedelta(days=1)
    excluded = [Excluded(end, at - timedelta(days=1))] if at != end else []
    return Due(at, not work.knows(start, at), excluded)


def _after_working_days(work: WorkCalendar, start: date, count: int) -> Due:
    excluded: list[Excluded] = []
    day = start
    while count > 0:
        day += timedelta(days=1)
        if work.is_working(day):
            count -= 1
        elif excluded and excluded[-1].last == day - timedelta(days=1):
            excluded[-1] = Excluded(excluded[-1].first, day)
        else:
            excluded.append(Excluded(day, day))
    return Due(day, not work.knows(start, day), excluded)


def _calendar_end(start: date, unit: str, value: int) -> date:
    if unit == "day":
        return start + timedelta(days=value)
    count = value * (12 if unit == "year" else 1)
    year, month = divmod(start.year * 12 + start.month - 1 + count, 12)
    last = months.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(start.day, last))
