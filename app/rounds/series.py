"""The history of rounds: how many items were in force on a day, by type, and what lies between two days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from app.changes.freezing import select_types
from app.db import fetch
from app.items import code_tables
from app.rounds.figures import percent
from app.versions.models import FIRST

MOST = 60
"""Days in one answer."""
FEW = 24


def series(
    connection: Connection, days: Sequence[str], region: str | None, authority: str | None, today: str
) -> dict[str, Any]:
    """Items in force or suspended on each day, by type; and from the first day to the last.

    Without days: the first record, the days on which the decisions of rounds took effect, the latest ones, today;
    and new year's days, where those are few.
    """
    wanted = sorted(set(days)) or _days_of_rounds(connection, today)
    scope = {"region": region, "authorities": [authority] if authority else []}
    rows = [_row(day, select_types(connection, scope, day)) for day in wanted[-MOST:]]
    return {"days": rows, "change": _change(rows[0], rows[-1]) if len(rows) > 1 else None}


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
        " WHERE p.kind = 'round' ORDER BY 1 DESC LIMIT 59",
    )
    days = {row[0] for row in rows}
    found = {*days, *(_day_before(day) for day in sorted(days)[:1]), today}
    first = fetch(
        connection, "SELECT min(valid_from) FROM timeline WHERE kind = 'item' AND valid_from > ?", (FIRST,)
    )
    if first[0][0] and first[0][0] < min(found):
        found.add(first[0][0])
    years = range(int(min(found)[:4]) + 1, int(today[:4]) + 1)
    return sorted(found | {f"{year}-01-01" for year in years} if len(found) + len(years) <= FEW else found)


def _day_before(day: str) -> str:
    return (dt.date.fromisoformat(day) - dt.timedelta(days=1)).isoformat()
