"""``GET /search``: one answer for the route that explains what is wrong, and for the door before all routes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import orjson
from fastapi import Request, Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.routing import Match, Route
from starlette.types import Scope

from app.api.quick import Door
from app.api.shapes import answer
from app.db import run_by
from app.deps import Asked, Registry
from app.items.filtering import known_level, known_type
from app.listing import known_statuses
from app.places.queries import authority_id, region_id
from app.plainly import Reading, between, flag, one_alone, one_of, plainly, upto
from app.searching import page_of, state_of
from app.versions.queries import today
from search.engine import Sort

LONGEST = 200
"""Characters of a query."""
MOST, FURTHEST = 100, 10_000
"""Hits of a page; how many may be passed over."""
SEARCH_DOOR = Door("/api/v1/search")


def body_of(
    request: Request,
    registry: Registry,
    connection: Connection,
    asked: Asked,
    *,
    region: str | None = None,
    authority: str | None = None,
    type: str | None = None,
    level: str | None = None,
    status: Sequence[str] | None = None,
    **more: Any,
) -> bytes:
    """The answer, kept for whoever asks it again. ``more``: q, theme, limit, offset, sort, explain of ``page_of``."""
    # Kept answers are read on SQLite alone; see SearchDoor.
    state = state_of(registry.engine, run_by(connection)) if registry.database.is_sqlite else None
    page = page_of(
        registry.engine,
        connection,
        on=asked.on,
        region=region_id(connection, region, asked.on),
        authority=authority_id(connection, authority, asked.on),
        type=known_type(connection, type),
        level=known_level(connection, level),
        statuses=known_statuses(status or ()) or None,
        **more,
    )
    body = orjson.dumps({"on": asked.on, **page})
    if state is not None and "degraded" not in page:
        registry.kept_searches.put(request.scope["query_string"], asked.today, state, body)
    return body


READINGS: dict[str, Reading] = {
    "q": upto(LONGEST),
    "on": str,
    "region": str,
    "authority": str,
    "type": str,
    "level": str,
    "theme": str,
    "status": one_alone,
    "limit": between(1, MOST),
    "offset": between(0, FURTHEST),
    "sort": one_of(*get_args(Sort)),
    "explain": flag,
}
"""How each parameter is given plainly."""


class SearchDoor(Route):
    """``GET /search`` before every other route: asked again, it is answered from what is kept; asked plainly, without
    what FastAPI takes to read a dozen parameters. Otherwise it is not matched.

    What is kept is read on SQLite alone, where asking for the log's head takes less than handing it to another thread
    would.
    """

    def __init__(self) -> None:
        super().__init__("/api/v1/search", _answer, methods=["GET"])

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http" or scope["path"] != self.path or scope["method"] != "GET":
            return Match.NONE, {}
        kept = _kept(scope)
        wanted = plainly(scope["query_string"], READINGS) if kept is None else None
        if kept is None and wanted is None:
            return Match.NONE, {}
        found = {"kept": kept, "wanted": wanted, "route": SEARCH_DOOR}
        return Match.FULL, {"endpoint": self.endpoint, "path_params": {}, **found}


def _kept(scope: Scope) -> bytes | None:
    registry: Registry = scope["app"].state.registry
    asked, day = scope["query_string"], today()
    if not registry.database.is_sqlite or not registry.kept_searches.holds(asked, day):
        return None
    state = registry.quickly(lambda run: state_of(registry.engine, run))
    return registry.kept_searches.get(asked, day, state) if state is not None else None


async def _answer(request: Request) -> Response:
    kept: bytes | None = request.scope["kept"]
    return answer(request, await run_in_threadpool(_found, request) if kept is None else kept)


def _found(request: Request) -> bytes:
    registry: Registry = request.app.state.registry
    wanted: dict[str, Any] = {"q": "", **request.scope["wanted"]}
    asked = Asked(wanted.pop("on", None))
    with registry.database.reader.connect() as connection:
        return body_of(request, registry, connection, asked, **wanted)
