"""The themes of life that lead to something on a day."""

from __future__ import annotations

import time

from sqlalchemy import Connection

from app import log
from app.deps import Registry
from app.searching import index_state
from app.versions.queries import parse_day
from app.web import life
from search.engine import Engine, SearchQuery

Themes = list[tuple[str, list[tuple[str, str]]]]
ALL: Themes = [(life.WHOSE[0], list(life.PERSON)), (life.WHOSE[1], list(life.COMPANY))]


UNNAMED_SECONDS = 300
"""For so long what a search server found is shown, which does not name the state it answers from."""


def themes_on(registry: Registry, connection: Connection, on: str) -> Themes:
    """Themes of people and companies whose words find something on the day. Thirty searches are too many for a
    reader to wait for: until they are through, and while the index is away, all themes are shown."""
    engine = registry.engine
    if engine is None:
        return ALL
    state = index_state(engine) or (log.head(connection).hash, time.monotonic() // UNNAMED_SECONDS)
    found: Themes | None = registry.behind.ask(b"themes", on, state, lambda: _leading(engine, on))
    return ALL if found is None else found


def _leading(engine: Engine, on: str) -> Themes:
    return [(words, [one for one in themes if _finds(engine, one[1], on)]) for words, themes in ALL]


def _finds(engine: Engine, words: str, day: str) -> bool:
    """Whether the words find an item by more than a guess. Raises EngineError."""
    page = engine.search(SearchQuery(q=words, on=parse_day(day), limit=1, facets=()))
    return bool(page.hits) and not page.relaxed
