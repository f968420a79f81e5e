"""Rendered pages kept while nothing they say can have changed: neither the log's head nor the day nor an import,
nor, for search results, the index.

Whatever such a page tells is published, so a new log entry (a redaction too) makes every kept page stale. A page
that is kept is sent before any other route is asked, as an item's JSON is.
"""

from __future__ import annotations

from typing import NamedTuple

from fastapi import Request, Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from app.db import Run
from app.deps import Registry
from app.exchange.progress import UNFINISHED
from app.kept import Page
from app.manners import accepts_gzip, is_held
from app.searching import index_state
from app.versions.queries import Known, next_midnight_seconds, today
from app.web.display import COOKIE, chosen

DOORS = {"/items/": "/items/{item}", "/search": "/search"}
"""How addresses of kept pages begin: what the route is counted as."""
_STATE = f"SELECT seq, hash, recorded_at, ({UNFINISHED}) FROM log_entry ORDER BY seq DESC LIMIT 1"


class State(NamedTuple):
    """What a page rests on: what is searched, for results; the log's head; an import that has not ended."""

    searched: object | None
    seq: int
    hash: str
    recorded_at: int
    unfinished: str | None

    @property
    def head(self) -> Known:
        return Known(self.seq, self.recorded_at, True)


def send(request: Request, page: Page) -> Response:
    """The page, or 304 where the reader holds it; cached until the next midnight at most. Compressed where the reader
    takes that: nothing on a public page is secret, so its length tells nothing."""
    told = dict(page.headers)
    if accepts_gzip(request.headers.get("accept-encoding", "")):
        told |= {"ETag": f'{page.tag[:-1]}-gzip"', "Content-Encoding": "gzip"}
    told["Cache-Control"] = f"public, max-age={min(60, next_midnight_seconds())}"
    wanted = request.headers.get("if-none-match")
    if wanted and is_held(wanted, told["ETag"]):
        told.pop("Content-Encoding", None)
        return Response(status_code=304, headers=told)
    body = page.compressed() if "Content-Encoding" in told else page.body
    return Response(body, media_type="text/html; charset=utf-8", headers=told)


class Keeping:
    """One request's place among the kept pages of its registry. ``run``: in the snapshot that the page is made of."""

    def __init__(self, request: Request, registry: Registry, run: Run, day: str) -> None:
        self._asked, self._day = _asked(request.scope), day
        self.state = _state(request.scope["path"], registry, run)
        self._pages = registry.kept_pages

    def page(self) -> Page | None:
        """The page as it was rendered before, where it still holds."""
        return None if self.state is None else self._pages.get(self._asked, self._day, self.state)

    def keep(self, page: Page) -> None:
        if self.state is not None:
            self._pages.put(self._asked, self._day, self.state, page)


class KeptPageRoute(BaseRoute):
    """A page asked for again, before every other route; otherwise not matched.

    On SQLite alone, where asking for the state takes less than handing it to another thread would.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http" or scope["method"] != "GET":
            return Match.NONE, {}
        path = scope["path"]
        door = next((door for start, door in DOORS.items() if path.startswith(start)), None)
        if door is None:
            return Match.NONE, {}
        registry: Registry = scope["app"].state.registry
        asked, day = _asked(scope), today()
        if not registry.database.is_sqlite or not registry.kept_pages.holds(asked, day):
            return Match.NONE, {}
        state = registry.quickly(lambda run: _state(path, registry, run))
        page = registry.kept_pages.get(asked, day, state) if state is not None else None
        if page is None:
            return Match.NONE, {}
        return Match.FULL, {"kept_page": page, "route": _Door(door)}

    async def handle(self, scope: Scope, receive: Receive, send_: Send) -> None:
        await send(Request(scope), scope["kept_page"])(scope, receive, send_)


class _Door:
    """What a route is counted as, where none of FastAPI's answers."""

    def __init__(self, path: str) -> None:
        self.path = path


def _asked(scope: Scope) -> bytes:
    """All of a request that a page depends on: the address, the site's own name, how it is to look."""
    host = b""
    display: tuple[str, ...] = ()
    for name, value in scope["headers"]:
        if name == b"host":
            host = value
        elif name == b"cookie" and COOKIE.encode() in value:
            display = chosen(Request(scope))
    path = f"{scope['scheme']} {scope.get('root_path', '')} {scope['path']} {'.'.join(display)}\n"
    return b"\n".join((host, path.encode("utf-8", "replace"), scope["query_string"]))


def _state(path: str, registry: Registry, run: Run) -> State | None:
    """What the page of an address rests on; None where it cannot be known cheaply."""
    index = None
    if path == "/search":
        index = index_state(registry.engine)
        if index is None:
            return None
    rows = run(_STATE, ())
    return State(index, *rows[0]) if rows else None
