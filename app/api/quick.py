"""The door that is asked most, before every other route: an item by its registry id. (A search: see ``finding``.)

It needs little of what stands around it, so a start answers here before the rest of the API is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple
from urllib.parse import quote

import orjson
from fastapi import Request, Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.routing import Route

from app.api.shapes import answer
from app.db import run_by
from app.deps import Asked, Registry, base_of, refuse_unknown
from app.errors import NotFound
from app.items.queries import resolve
from app.items.reading import read_item, read_item_as_known
from app.manners import weights_in
from app.versions.names import NameBook
from app.versions.queries import known_at as moment_of

LINKED = "application/ld+json"


class Door(NamedTuple):
    """What a route is counted as, where none of FastAPI's answers."""

    path: str


VARY = {"Vary": "Accept"}


def as_linked(request: Request, body: bytes) -> Response:
    """The answer about an item in shared vocabularies."""
    from app.exchange.linked import public_service  # asked for seldom

    made = public_service(orjson.loads(body), base_of(request))
    return answer(request, orjson.dumps(made), headers=VARY, media_type=LINKED)


def read_quickly(registry: Registry, asked: str, on: str | None) -> bytes | None:
    """The item read on this thread's own connection; None where the slower way must answer."""
    day = Asked(on)
    try:
        return registry.quickly(lambda run: read_item(run, registry.book, asked, day.on, day.today))
    except NotFound:
        return None  # it may be no id at all


def read_one(
    request: Request, connection: Connection, asked: str, on: str | None, known: str | None
) -> Response:
    """An item by id or code, on a day, as known at a time; a code is redirected to the item's own address."""
    day = Asked(on)
    at = moment_of(connection, known)
    item_id, redirect = resolve(connection, asked, day.on, at)
    if redirect:
        return redirect_to(request, item_id)
    if known is None:
        return answer(request, read_item(run_by(connection), NameBook(), item_id, day.on, day.today))
    return answer(request, read_item_as_known(connection, item_id, day.on, day.today, at))


def redirect_to(request: Request, item_id: str) -> Response:
    query = "&".join(
        f"{quote(name)}={quote(value)}"
        for name, value in request.query_params.multi_items()
        if name != "code"
    )
    location = f"/api/v1/items/{item_id}" + (f"?{query}" if query else "")
    return Response(status_code=308, headers={"Location": location})


class _RegistryId(StringConvertor):
    """A path segment of the form of an item's registry id, so that codes and fixed names go elsewhere."""

    regex = "qdi-[0-9a-z]{8}"


register_url_convertor("registry_id", _RegistryId())


ASKED = {"on": False, "known_at": False}
"""The parameters of an item, neither of which may be given twice."""
ITEM_DOOR = Door("/api/v1/items/{item}")


def quick_item_route() -> Route:
    """``GET /items/{id}`` by registry id, before every other route: the busiest door, one indexed query.

    Answered on the thread's own driver connection. What it cannot answer (``known_at``, a check character that
    is wrong) goes the same way as a code.
    """

    async def get_item(request: Request) -> Response:
        registry: Registry = request.app.state.registry
        request.scope["route"] = ITEM_DOOR
        item = request.path_params["item"]
        asked = request.scope["query_string"]
        on: str | None = None
        query: Mapping[str, str] = {}
        if len(asked) == 13 and asked.startswith(b"on="):
            on = asked[3:].decode("latin-1")
        elif asked:
            query = request.query_params
            refuse_unknown(request.query_params, ASKED)
            on = query.get("on")
        if "known_at" not in query:
            # On SQLite the query takes less than handing it to another thread would.
            ask = partial(read_quickly, registry, item, on)
            body = ask() if registry.database.is_sqlite else await run_in_threadpool(ask)
            if body is not None:
                accept = dict(request.scope["headers"]).get(b"accept", b"")
                if b"ld+json" in accept.lower() and _prefers_linked(accept.decode("latin-1")):
                    return as_linked(request, body)
                return answer(request, body, headers=VARY)
        return await run_in_threadpool(read_in_turn, request, item, on, query.get("known_at"))

    return Route("/api/v1/items/{item:registry_id}", get_item, methods=["GET"])


def _prefers_linked(accept: str) -> bool:
    """Whether linked data are named, and not below plain JSON."""
    weights = weights_in(accept)
    return 0 < weights.get(LINKED, 0) >= weights.get("application/json", 0)


def read_in_turn(request: Request, item: str, on: str | None, known_at: str | None) -> Response:
    registry: Registry = request.app.state.registry
    with registry.database.reading() as session:
        return read_one(request, session.connection(), item, on, known_at)
