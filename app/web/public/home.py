"""The first page: find an item, see what there is and what changed lately."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from app import log
from app.changes.queries import is_held_here, rounds
from app.deps import AskedOn, ReadSession, Registry, RegistryOf
from app.listing import Filter, count_by
from app.lists.reading import issued
from app.lists.selecting import KINDS
from app.versions.queries import known_at
from app.web.public.themes import themes_on
from app.web.recent import latest_changes
from app.web.rendering import gaps, render
from app.web.subjects import rows_on

router = APIRouter()

Counts = tuple[dict[str, int], dict[str, int], dict[str, int]]
"""Of the items of a day: by status, by region, by type."""


@router.api_route("/", methods=["GET", "HEAD"])
def home(request: Request, registry: RegistryOf, session: ReadSession, asked: AskedOn) -> Response:
    connection = session.connection()
    statuses, regions, by_type = _counts(registry, connection, asked.on)
    named = rows_on(connection, regions, asked.on)
    most = sorted(regions.items(), key=lambda pair: (-pair[1], pair[0]))[:18]
    return render(
        request,
        connection,
        asked,
        "home.html",
        script="suggest.js",
        themes=themes_on(registry, connection, asked.on),
        statuses=statuses,
        by_type=sorted(by_type.items()),
        regions=[(named[one], count) for one, count in most if one in named],
        rounds=gaps(_latest_rounds(connection)),
        changes=latest_changes(connection, 6),
        kinds=KINDS,
        editions=issued(connection, limit=3),
    )


def _counts(registry: Registry, connection: Connection, on: str) -> Counts:
    """Kept by the log's head: they cannot change while it stands, and counting reads every item."""
    head = log.head(connection).hash
    kept: Counts | None = registry.kept_counts.get(b"/", on, head)
    if kept is not None:
        return kept
    alive = Filter(on=on, statuses=("in_force", "suspended", "unknown"))
    counts = (
        count_by(connection, Filter(on=on), "status"),
        count_by(connection, alive, "region"),
        count_by(connection, alive, "type"),
    )
    registry.kept_counts.put(b"/", on, head, counts)
    return counts


def _latest_rounds(connection: Connection) -> list[dict[str, Any]]:
    """Rounds held here come before those recorded from old documents."""
    found = rounds(connection, known_at(connection, None))
    return sorted(found, key=is_held_here, reverse=True)[:3]
