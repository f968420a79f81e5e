"""Search results."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Connection

from app.db import run_by
from app.deps import Asked, AskedOn, ReadSession, Registry, RegistryOf
from app.items.filtering import known_level, known_type
from app.listing import STATUSES, known_statuses
from app.places.queries import authority_id, region_id
from app.searching import page_of
from app.versions.queries import parse_day
from app.web.keeping import Keeping, send
from app.web.rendering import gaps, render
from app.web.subjects import names
from search.engine import EngineError, Sort

router = APIRouter()

LIMIT = 20
FURTHEST = 10_000

Status = Annotated[list[str] | None, Query(max_length=10)]


@router.api_route("/search", methods=["GET", "HEAD"])
def search(
    request: Request,
    registry: RegistryOf,
    session: ReadSession,
    asked: AskedOn,
    q: Annotated[str, Query(max_length=200)] = "",
    region: Annotated[str, Query(max_length=60)] = "",
    authority: Annotated[str, Query(max_length=60)] = "",
    type: Annotated[str, Query(max_length=60)] = "",
    level: Annotated[str, Query(max_length=60)] = "",
    theme: Annotated[str, Query(max_length=60)] = "",
    status: Status = None,
    sort: Annotated[str, Query(max_length=20)] = "",
    explain: Annotated[bool, Query()] = False,
    offset: Annotated[int, Query(ge=0, le=FURTHEST)] = 0,
) -> Response:
    connection = session.connection()
    keeping = Keeping(request, registry, run_by(connection), asked.today)
    if (kept := keeping.page()) is not None:
        return send(request, kept)
    q = q.replace("\0", " ").strip()
    wanted: dict[str, Any] = {
        "q": q,
        "on": asked.on,
        "region": region_id(connection, region, asked.on),
        "authority": authority_id(connection, authority, asked.on),
        "type": known_type(connection, type),
        "level": known_level(connection, level),
        "theme": theme or None,
        "statuses": _statuses(status),
    }
    by: Sort = "name" if sort == "name" else "newest" if sort == "newest" else "relevance"
    page = page_of(
        registry.engine, connection, **wanted, limit=LIMIT, offset=offset, sort=by, explain=explain
    )
    facets = page["facets"]
    shown = [*facets.get("authority", {}), *facets.get("region", {}), wanted["region"], wanted["authority"]]
    shown += [kin["id"] for hit in page["hits"] for kin in hit.get("successors", ())]
    named = names(connection, [one for one in shown if one], asked.on)
    ended = _ended(registry, connection, wanted, page)
    suggestions = [] if page["hits"] else _suggestions(registry, q, asked)
    sound = not page.get("degraded") and ended is not None and suggestions is not None
    return render(
        request,
        connection,
        asked,
        "search.html",
        script="suggest.js",
        keep=keeping if sound else None,
        q=q,
        page=gaps(page),
        offset=offset,
        more=_more(page, offset),
        limit_=LIMIT,
        wanted=wanted,
        sort=by,
        explain=explain,
        chosen=wanted["statuses"] or (),
        named=named,
        facets={name: _sorted(values) for name, values in facets.items()},
        ended=ended,
        suggestions=suggestions or [],
    )


def _statuses(asked: list[str] | None) -> tuple[str, ...] | None:
    given = [one for one in asked or () if one]
    if "all" in given:
        return STATUSES
    return known_statuses(given) or None


def _more(page: dict[str, Any], offset: int) -> bool:
    """Whether there is a further page; relaxed and degraded answers do not know how many there are."""
    if offset + LIMIT > FURTHEST or len(page["hits"]) < LIMIT:
        return False
    return page["relaxed"] or offset + LIMIT < page["total"]


def _sorted(values: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))


def _ended(
    registry: Registry, connection: Connection, wanted: dict[str, Any], page: dict[str, Any]
) -> int | None:
    """How many ended items match too: whoever looks for a cancelled item should learn that it was. None where the
    engine went away."""
    if wanted["statuses"] is not None or not wanted["q"] or page.get("degraded"):
        return 0
    found = page_of(registry.engine, connection, **wanted | {"statuses": ("ended",)}, limit=1)
    return None if found.get("degraded") else found["total"]


def _suggestions(registry: Registry, q: str, asked: Asked) -> list[str] | None:
    """None where the engine went away."""
    if registry.engine is None or not q:
        return []
    try:
        return [one.text for one in registry.engine.suggest(q, parse_day(asked.on), 5)]
    except EngineError:
        return None
