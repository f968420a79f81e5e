"""The history of rounds: how many items were in force on a day, by type, and what lies between two days."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate
from typing import Any

from sqlalchemy import Connection

from app.canonical import digest
from app.db import among, fetch
from app.items import code_tables
from app.places.queries import subtree
from app.rounds.figures import percent
from app.versions.models import FIRST
from app.versions.queries import eve_of
from app.versions.visibility import answered, not_internal, on_open_day

MOST = 60
"""Days in one answer."""
ROUNDS = MOST - 3
"""Days of rounds among them: beside the first record, the day before the first of them, and today."""
FEW = 24


_COUNTED = (
    "SELECT t.valid_from, t.valid_to, coalesce(t.type, 'unknown'), count(*) FROM timeline t WHERE t.kind = 'item'"
    " AND t.status IN ('in_force', 'suspended'){within}"
    f" AND {answered('t')} GROUP BY 1, 2, 3"
)


Interval = tuple[str, str, str, int]
"""The first day, the day of the end, the type, how many items."""
Once = Callable[[bytes, Callable[[], Any]], Any]
"""What was found before for what is asked, else what the work finds."""


def at_once(_asked: bytes, work: Callable[[], Any]) -> Any:
    return work()


def series(
    connection: Connection,
    days: Sequence[str],
    region: str | None,
    authority: str | None,
    today: str,
    once: Once = at_once,
) -> dict[str, Any]:
    """Public items in force or suspended on each day, by type; and from the first day to the last.

    Without days: the first record, the days on which the decisions of rounds took effect, the latest ones, today;
    and new year's days, where those are few. Of more than ``MOST`` days the last are answered.
    ``once``: what takes a pass over the intervals goes through it; any days can be counted of the same intervals.
    """
    wanted = sorted(set(days)) or once(
        f"days until {today}".encode(), lambda: _days_of_rounds(connection, today)
    )
    counted = _counted(connection, wanted[-MOST:], region, authority, once)
    rows = [_row(day, types) for day, types in counted.items()]
    return {"days": rows, "change": _change(rows[0], rows[-1]) if len(rows) > 1 else None}


def _counted(
    connection: Connection, days: Sequence[str], region: str | None, authority: str | None, once: Once
) -> dict[str, dict[str, int]]:
    """By day: type -> items. One pass over the intervals for all days on which the region has the same places."""
    alike: dict[tuple[str, ...] | None, list[str]] = {}
    for day in days:
        places = tuple(sorted(subtree(connection, region, day))) if region else None
        alike.setdefault(places, []).append(day)
    found: dict[str, dict[str, int]] = {}
    for places, some in alike.items():
        asked = digest(repr((places, authority)).encode()).encode()
        intervals = once(asked, partial(_intervals, connection, places, authority))
        found |= _by_day(some, intervals)
    return dict(sorted(found.items()))


def _intervals(connection: Connection, places: Sequence[str] | None, authority: str | None) -> list[Interval]:
    values: dict[str, Any] = {}
    within = ""
    if places is not None:
        within, values["regions"] = " AND t.region IN :regions", list(places)
    if authority:
        within, values["authority"] = within + " AND t.authority = :authority", authority
    query = among(_COUNTED.format(within=within), *(["regions"] if places is not None else []))
    return [tuple(row) for row in connection.execute(query, values)]


def _by_day(days: Sequence[str], intervals: Sequence[Interval]) -> dict[str, dict[str, int]]:
    """What came and went between the days, added up."""
    moved: dict[str, Counter[int]] = {}
    for first, end, kind, count in intervals:
        steps = moved.setdefault(kind, Counter())
        steps[bisect_left(days, first)] += count
        steps[bisect_left(days, end)] -= count
    found: dict[str, dict[str, int]] = {day: {} for day in days}
    for kind, steps in moved.items():
        for day, count in zip(days, accumulate(steps[at] for at in range(len(days))), strict=True):
            if count:
                found[day][kind] = count
    return found


def _row(day: str, types: dict[str, int]) -> dict[str, Any]:
    counted = [
        {"code": code, "name": code_tables.label("item_type", code), "items": count}
        for code, count in sorted(types.items())
    ]
    return {"day": day, "total": sum(types.values()), "types": counted}


def _change(first: dict[str, Any], last: dict[str, Any]) -> dict[str, Any]:
    return {
        "from": first["total"],
        "to": last["total"],
        "fewer": first["total"] - last["total"],
        "percent": percent(first["total"] - last["total"], first["total"]),
    }


def _days_of_rounds(connection: Connection, today: str) -> list[str]:
    rows = fetch(
        connection,
        "SELECT DISTINCT d.effective_from FROM publication p JOIN decision d ON d.seq > p.seq"
        " AND d.seq < (SELECT min(e.seq) FROM log_entry e WHERE e.seq > p.seq)"
        f" WHERE p.kind = 'round' AND {not_internal('d.subject_id')} AND {on_open_day('d')}"
        f" ORDER BY 1 DESC LIMIT {ROUNDS}",
    )
    days = {row[0] for row in rows}
    eves = [eve for day in sorted(days)[:1] if (eve := eve_of(day))]
    found = {*days, *eves, today}
    first = fetch(
        connection,
        f"SELECT min(t.valid_from) FROM timeline t WHERE t.kind = 'item' AND t.valid_from > ? AND {answered('t')}",
        (FIRST,),
    )
    if first[0][0] and first[0][0] < min(found):
        found.add(first[0][0])
    years = range(int(min(found)[:4]) + 1, int(today[:4]) + 1)
    return sorted(found | {f"{year}-01-01" for year in years} if len(found) + len(years) <= FEW else found)
