"""The first page: find an item, see what there is and what changed lately."""

from __future__ import annotations

import threading
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from app import log
from app.changes.queries import is_held_here, rounds
from app.deps import AskedOn, ReadSession, Registry, RegistryOf
from app.listing import Filter, count_by
from app.lists.reading import issued
from app.lists.selecting import KINDS
from app.versions.queries import known_at, parse_day
from app.web import life
from app.web.recent import latest_changes
from app.web.rendering import gaps, render
from app.web.subjects import rows_on
from search.engine import EngineError, SearchQuery

router = APIRouter()

Counts = tuple[dict[str, int], dict[str, int], dict[str, int]]
_counted: dict[tuple[str, str], Counts] = {}
"""Counts by log head and day: they cannot change while both stand, and counting reads every item."""


@router.api_route("/", methods=["GET", "HEAD"])
def home(request: Request, registry: RegistryOf, session: ReadSession, asked: AskedOn) -> Response:
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


def _latest_rounds(connection: Connection) -> list[dict[str, Any]]:
    """Rounds held here come before those recorded from old documents."""
    found = rounds(connection, known_at(connection, None))
    return sorted(found, key=is_held_here, reverse=True)[:3]


Themes = list[tuple[str, list[tuple[str, str]]]]
ALL: Themes = [("个人办事", list(life.PERSON)), ("企业和单位办事", list(life.COMPANY))]
_themes_of: dict[tuple[str, str], Themes] = {}
"""By log head and day, as the counts."""
_sought: set[tuple[str, str]] = set()


def themes_on(registry: Registry, connection: Connection, on: str) -> Themes:
    """Themes of people and companies whose words find something on the day. Thirty searches are too many for a
    reader to wait for: until they are through, all themes are shown."""
    key = (log.head(connection).hash, on)
    if key not in _themes_of and key not in _sought and registry.engine is not None:
        _sought.add(key)
        threading.Thread(target=_seek, args=(registry, key), daemon=True).start()
    return _themes_of.get(key, ALL)


def _seek(registry: Registry, key: tuple[str, str]) -> None:
    found = [(words, [one for one in themes if _finds(registry, one[1], key[1])]) for words, themes in ALL]
    while len(_themes_of) >= 16:
        _themes_of.pop(next(iter(_themes_of)), None)
    _themes_of[key] = found
    _sought.discard(key)


def _finds(registry: Registry, words: str, day: str) -> bool:
    """Whether the words find an item by more than a guess."""
    if registry.engine is None:
        return False
    try:
        page = registry.engine.search(SearchQuery(q=words, on=parse_day(day), limit=1, facets=()))
    except EngineError:
        return True  # nothing is known: the search itself will say
    return bool(page.hits) and not page.relaxed
