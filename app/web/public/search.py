"""Search results."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from markupsafe import Markup
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.routing import Match, Route
from starlette.types import Scope

from app.db import run_by
from app.deps import Asked, AskedOn, ReadSession, Registry, RegistryOf
from app.items.filtering import known_level, known_type
from app.listing import STATUSES, known_statuses
from app.places.queries import authority_id, region_id
from app.plainly import Reading, between, flag, one_alone, plainly, upto
from app.saying import said
from app.searching import count_of, page_of
from app.versions.queries import parse_day
from app.web.keeping import Keeping, send
from app.web.rendering import Gaps, Here, marked, quoted, render
from app.web.subjects import names
from app.web.templating import escaped, markup
from search.engine import EngineError, Sort

router = APIRouter()

LONGEST = 200
LIMIT = 20
FURTHEST = 10_000

Status = Annotated[list[str] | None, Query(max_length=10)]


@router.api_route("/search", methods=["GET", "HEAD"])
def search(
    request: Request,
    registry: RegistryOf,
    session: ReadSession,
    asked: AskedOn,
    q: Annotated[str, Query(max_length=LONGEST)] = "",
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
    asking = {"q": q, "region": region, "authority": authority, "type": type, "level": level, "theme": theme}
    return _page(
        request,
        registry,
        session.connection(),
        asked,
        asking,
        status=status,
        sort=sort,
        explain=explain,
        offset=offset,
    )


READINGS: dict[str, Reading] = {
    "q": upto(LONGEST),
    "on": str,
    **dict.fromkeys(("region", "authority", "type", "level", "theme"), upto(60)),
    "status": one_alone,
    "sort": upto(20),
    "explain": flag,
    "offset": between(0, FURTHEST),
}
"""How each parameter is given plainly."""


class QuickResultsPage(Route):
    """Results asked for plainly, without what FastAPI takes to read a dozen parameters and to hand each dependency to
    another thread. Anything else is answered by ``search``."""

    def __init__(self) -> None:
        super().__init__("/search", _quickly, methods=["GET"])

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http" or scope["path"] != self.path or scope["method"] != "GET":
            return Match.NONE, {}
        wanted = plainly(scope["query_string"], READINGS)
        if wanted is None:
            return Match.NONE, {}
        return Match.FULL, {"endpoint": self.endpoint, "path_params": {}, "route": self, "wanted": wanted}


async def _quickly(request: Request) -> Response:
    registry: Registry = request.app.state.registry
    wanted: dict[str, Any] = request.scope["wanted"]
    asked = Asked(wanted.get("on"))

    def answer() -> Response:
        asking = {
            name: wanted.get(name, "") for name in ("q", "region", "authority", "type", "level", "theme")
        }
        more = {name: value for name, value in wanted.items() if name not in asking and name != "on"}
        with registry.database.reader.connect() as connection:
            return _page(request, registry, connection, asked, asking, **more)

    return await run_in_threadpool(answer)


def _page(
    request: Request,
    registry: Registry,
    connection: Connection,
    asked: Asked,
    asking: dict[str, str],
    *,
    status: list[str] | None = None,
    sort: str = "",
    explain: bool = False,
    offset: int = 0,
) -> Response:
    keeping = Keeping(request, registry, run_by(connection), asked.today)
    if (kept := keeping.page()) is not None:
        return send(request, kept)
    q = asking["q"].replace("\0", " ").strip()
    wanted: dict[str, Any] = {
        "q": q,
        "on": asked.on,
        "region": region_id(connection, asking["region"], asked.on),
        "authority": authority_id(connection, asking["authority"], asked.on),
        "type": known_type(connection, asking["type"]),
        "level": known_level(connection, asking["level"]),
        "theme": asking["theme"] or None,
        "statuses": _statuses(status),
    }
    by: Sort = "name" if sort == "name" else "newest" if sort == "newest" else "relevance"
    page = page_of(
        registry.engine, connection, **wanted, limit=LIMIT, offset=offset, sort=by, explain=explain
    )
    facets = page["facets"]
    places = [*facets.get("authority", {}), *facets.get("region", {}), wanted["region"], wanted["authority"]]
    kin = [one["id"] for hit in page["hits"] for one in hit.get("successors", ())]
    named = _places(registry, connection, keeping, filter(None, places), asked.on)
    named |= names(connection, kin, asked.on)
    ended = _ended(registry, wanted, page)
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
        page=_shown(page),
        head=_head,
        whys=_whys,
        links=_links,
        themes_in_words=_themes,
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


def _places(
    registry: Registry, connection: Connection, keeping: Keeping, wanted: Iterable[str], day: str
) -> dict[str, str]:
    """id -> name of organs and regions on the day: from memory, where it is known what the log's head is."""
    if keeping.state is None:
        return names(connection, wanted, day)
    book, run = registry.book, run_by(connection)
    book.turn_to(keeping.state.seq, run)
    return {one: name for one in wanted if (name := book.name(run, one, day))}


def _shown(page: dict[str, Any]) -> Gaps:
    """The page with gaps where the template asks for them; spans and facets as they are."""
    hits = [
        Gaps(
            hit,
            authority=Gaps(hit.get("authority") or {}),
            highlights=[Gaps(one) for one in hit["highlights"]],
            successors=[Gaps(one) for one in hit.get("successors", ())],
        )
        for hit in page["hits"]
    ]
    return Gaps(page, hits=hits)


# Asked for each hit and each value of a facet, some hundred times a page, so no Jinja. The words are the template's.


def _head(here: Here, hit: Gaps) -> Markup:
    """Its name with what matched, linked to its page."""
    name = hit["name"] or hit["id"]
    spans: list[list[int]] = next((one["spans"] for one in hit["highlights"] if _is_name(one, hit)), [])
    return markup(f'<a href="{escaped(here.url("/items/" + hit["id"]))}">{marked(name, spans)}</a>')


def _whys(hit: Gaps, places: dict[str, str]) -> Markup:
    """What matched beside the name, each with its place in words."""
    return markup(
        "\n    ".join(
            f'<p class="why">{_place(places.get(one["field"]))}{marked(one["snippet"], one["spans"])}</p>'
            for one in hit["highlights"]
            if not _is_name(one, hit)
        )
    )


def _place(words: str | None) -> str:
    return f"<span>{escaped(words)}</span>" if words else ""


def _is_name(highlight: Gaps, hit: Gaps) -> bool:
    return bool(highlight["field"] == "name" and highlight["snippet"] == hit["name"])


def _links(
    values: list[tuple[str, int]], words: dict[str, str], address: str, chosen: str | None, off: Markup
) -> Markup:
    """A list's lines, one for each value of a facet: to this page with it, or ``off``, where it is chosen."""
    start = escaped(address)
    lines = (
        f'<a href="{start}{quoted(value)}">{escaped(words.get(value, value))} <small>{count:,}</small></a>'
        if value != chosen
        else off
        for value, count in values
    )
    return markup("\n".join(f"<li>{line}</li>" for line in lines))


def _themes(values: list[tuple[str, int]]) -> dict[str, str]:
    """Themes of a facet; a bare code is said to be one."""
    return {one: said("来源代码 {1}", one) if one.isascii() and one.isalnum() else one for one, _ in values}


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


def _ended(registry: Registry, wanted: dict[str, Any], page: dict[str, Any]) -> int | None:
    """How many ended items match too: whoever looks for a cancelled item should learn that it was. None where the
    engine went away."""
    if wanted["statuses"] is not None or not wanted["q"] or page.get("degraded"):
        return 0
    return count_of(registry.engine, **wanted | {"statuses": ("ended",)})


def _suggestions(registry: Registry, q: str, asked: Asked) -> list[str] | None:
    """None where the engine went away."""
    if registry.engine is None or not q:
        return []
    try:
        return [one.text for one in registry.engine.suggest(q, parse_day(asked.on), 5)]
    except EngineError:
        return None
