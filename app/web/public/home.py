"""The first page: find an item, see what there is and what changed lately."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app import log
from app.changes.queries import rounds
from app.deps import AskedOn, ReadSession
from app.listing import Filter, count_by
from app.versions.queries import known_at
from app.web.recent import latest_changes
from app.web.rendering import gaps, render
from app.web.subjects import rows_on

router = APIRouter()

Counts = tuple[dict[str, int], dict[str, int], dict[str, int]]
_counted: dict[tuple[str, str], Counts] = {}
"""Counts by log head and day: they cannot change while both stand, and counting reads every item."""


@router.api_route("/", methods=["GET", "HEAD"])
def home(request: Request, session: ReadSession, asked: AskedOn) -> Response:
    connection = session.connection()
    key = (log.head(connection).hash, asked.on)
    if key not in _counted:
        while len(_counted) >= 16:
            _counted.pop(next(iter(_counted)), None)
        wanted = Filter(on=asked.on)
        alive = Filter(on=asked.on, statuses=("in_force", "suspended", "unknown"))
        _counted[key] = (
            count_by(connection, wanted, "status"),
            count_by(connection, alive, "region"),
            count_by(connection, alive, "type"),
        )
    statuses, regions, by_type = _counted[key]
    named = rows_on(connection, regions, asked.on)
    most = sorted(regions.items(), key=lambda pair: (-pair[1], pair[0]))[:18]
    return render(
        request,
        connection,
        asked,
        "home.html",
        statuses=statuses,
        by_type=sorted(by_type.items()),
        regions=[(named[one], count) for one, count in most if one in named],
        rounds=gaps(rounds(connection, known_at(connection, None))[:3]),
        changes=latest_changes(connection, 6),
    )
