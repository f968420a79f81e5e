"""Feeds of what changes, and what search engines read: sitemap and robots."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Connection, text

from app.deps import AskedOn, ReadSession, base_of
from app.items.queries import resolve
from app.listing import Filter, count_by
from app.places.queries import region_id, subtree
from app.versions.codes import subject_id
from app.versions.queries import moment, next_midnight_seconds
from app.versions.visibility import not_internal
from app.web.feeds import PATHS, atom, sitemap, sitemap_index
from app.web.recent import Scope, latest_changes
from app.web.rendering import SECURITY, redirect
from app.web.subjects import names

router = APIRouter()

ENTRIES = 30
SUBJECTS = 10
"""Of each entry, named; the rest is counted."""
PAGE = 20_000
"""Addresses in one sitemap; the protocol allows 50,000."""
FRONT = ("/", "/lists", "/editions", "/bundles", "/rounds", "/rounds/series", "/authorities", "/laws")


@router.api_route("/feed.atom", methods=["GET", "HEAD"])
def feed_of_all(
    request: Request,
    session: ReadSession,
    asked: AskedOn,
    region: Annotated[str, Query(max_length=60)] = "",
) -> Response:
    """Of the whole registry, or of a region and all below it."""
    connection = session.connection()
    within = region_id(connection, region, asked.on)
    if not within:
        return _feed(request, connection, "清单：全部变更", "/feed.atom", "/", Scope())
    name = names(connection, [within], asked.on).get(within, within)
    scope = Scope(regions=subtree(connection, within, asked.on))
    path, page = f"/feed.atom?region={within}", f"/search?region={within}"
    return _feed(request, connection, f"清单：{name}的变更", path, page, scope)


@router.api_route("/authorities/{authority}/feed.atom", methods=["GET", "HEAD"])
def feed_of_authority(
    request: Request,
    session: ReadSession,
    asked: AskedOn,
    authority: Annotated[str, Path(max_length=300)],
) -> Response:
    connection = session.connection()
    found = subject_id(connection, "authority", authority, asked.on)
    if found != authority:
        return redirect(request, f"/authorities/{found}/feed.atom")
    name = names(connection, [found], asked.on).get(found, found)
    page = f"/authorities/{found}"
    return _feed(
        request, connection, f"清单：{name}的变更", f"{page}/feed.atom", page, Scope(authority=found)
    )


@router.api_route("/items/{item}/feed.atom", methods=["GET", "HEAD"])
def feed_of_item(
    request: Request, session: ReadSession, asked: AskedOn, item: Annotated[str, Path(max_length=300)]
) -> Response:
    connection = session.connection()
    found, by_code = resolve(connection, item, asked.on)
    if by_code:
        return redirect(request, f"/items/{found}/feed.atom")
    name = names(connection, [found], asked.on).get(found, found)
    page = f"/items/{found}"
    return _feed(request, connection, f"清单：{name}的变更", f"{page}/feed.atom", page, Scope(item=found))


def _feed(
    request: Request, connection: Connection, title: str, path: str, page: str, scope: Scope
) -> Response:
    genesis = connection.execute(text("SELECT hash FROM log_entry ORDER BY seq LIMIT 1")).scalar() or ""
    changes = latest_changes(connection, ENTRIES, scope, SUBJECTS)
    body = atom(genesis, title, base_of(request), path, page, changes)
    return _answer(request, body, "application/atom+xml; charset=utf-8")


@router.api_route("/sitemap.xml", methods=["GET", "HEAD"])
def show_sitemap(
    request: Request,
    session: ReadSession,
    asked: AskedOn,
    page: Annotated[int, Query(ge=0, le=1_000)] = 0,
) -> Response:
    """Without a page, the list of the pages."""
    connection, base = session.connection(), base_of(request)
    if page == 0:
        count = connection.execute(text(f"SELECT count(*) FROM subject s WHERE {_LISTED}")).scalar_one()
        pages = range(1, max(1, -(-count // PAGE)) + 1)
        return _answer(
            request, sitemap_index(base, (f"/sitemap.xml?page={n}" for n in pages)), "application/xml"
        )
    rows = connection.execute(
        text(
            "SELECT s.id, s.kind, (SELECT min(e.recorded_at) FROM log_entry e WHERE e.seq >"
            " (SELECT max(t.revision) FROM timeline t WHERE t.subject_id = s.id))"
            f" FROM subject s WHERE {_LISTED} ORDER BY s.seq LIMIT :limit OFFSET :offset"
        ),
        {"limit": PAGE, "offset": (page - 1) * PAGE},
    ).all()
    front = [(one, None) for one in _front(connection, asked.on)] if page == 1 else []
    listed = [(PATHS[row[1]] + row[0], moment(row[2]) if row[2] else None) for row in rows]
    return _answer(request, sitemap(base, [*front, *listed]), "application/xml")


_LISTED = f"s.kind IN ({', '.join(map(repr, PATHS))}) AND {not_internal('s.id')}"


def _front(connection: Connection, day: str) -> list[str]:
    """Pages that are no subject's own: overviews, the lists of each region with items, rounds, editions."""
    regions = count_by(connection, Filter(on=day, statuses=("in_force", "suspended")), "region")
    rounds = connection.execute(text("SELECT changeset FROM publication WHERE kind = 'round' ORDER BY seq"))
    editions = connection.execute(text("SELECT id FROM edition ORDER BY seq"))
    return [
        *FRONT,
        *(f"/lists?region={one}" for one in sorted(regions) if one),
        *(f"/rounds/{one}" for one in rounds.scalars()),
        *(f"/editions/{one}" for one in editions.scalars()),
    ]


@router.api_route("/robots.txt", methods=["GET", "HEAD"])
def show_robots(request: Request) -> Response:
    """Everything may be read; comparisons, past days and downloads without end need not be."""
    lines = ["User-agent: *", "Disallow: /*?*known_at=", "Disallow: /*/compare", "Disallow: /search?"]
    body = "\n".join([*lines, f"Sitemap: {base_of(request)}/sitemap.xml", ""])
    return _answer(request, body.encode(), "text/plain; charset=utf-8")


def _answer(request: Request, body: bytes, media_type: str) -> Response:
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = SECURITY | {
        "ETag": tag,
        "Cache-Control": f"public, max-age={min(300, next_midnight_seconds())}",
    }
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)
