"""权力清单, 责任清单, 负面清单 and 公共服务清单 of an authority or a region as of a day, and as files."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Connection

from app.deps import AskedOn, KnownAt, ReadSession, RegistryOf, base_of
from app.errors import Invalid
from app.exchange.list_files import ListFile, written
from app.exchange.tables import json_of
from app.listing import Filter, count_by
from app.lists.reading import issued
from app.lists.selecting import HEADS, KINDS, NOTES, Kind, Listed, Selection, listed, owner_name
from app.places.queries import region_id
from app.versions.codes import subject_id
from app.versions.queries import Known, parse_day
from app.web.downloads import Form, download
from app.web.rendering import day, instant, render
from app.web.subjects import names

router = APIRouter()

LIMIT = 200


Whose = Annotated[str, Query(max_length=300)]


@router.api_route("/lists", methods=["GET", "HEAD"])
def show_list(
    request: Request,
    session: ReadSession,
    registry: RegistryOf,
    asked: AskedOn,
    known: KnownAt,
    authority: Whose = "",
    region: Whose = "",
    kind: Kind = "power",
    page: Annotated[int, Query(ge=1, le=1_000)] = 1,
) -> Response:
    """Without an authority or region: whose lists there are."""
    connection = session.connection()
    if not authority and not region:
        counts = count_by(connection, Filter(on=asked.on, statuses=("in_force", "suspended")), "region")
        named = names(connection, counts, asked.on)
        places = sorted(((named.get(one, one), one, count) for one, count in counts.items() if one))
        return render(
            request,
            connection,
            asked,
            "lists.html",
            places=places,
            kinds=KINDS,
            editions=issued(connection, limit=5),
        )
    wanted = selection(connection, asked.on, known, authority, region, kind)
    items = listed(connection, wanted, known, registry.settings.known_at_items)
    lines = [(one.id, one.name, line) for one in items for line in one.lines]
    editions = issued(connection, kind=kind, owner=wanted.owner, known=known, limit=1)
    return render(
        request,
        connection,
        asked,
        "list.html",
        wanted=wanted,
        whose=owner_name(connection, wanted, known),
        kinds=KINDS,
        note=NOTES[kind],
        heads=HEADS[kind],
        rows=lines[(page - 1) * LIMIT : page * LIMIT],
        total=len(lines),
        items=len(items),
        page=page,
        pages=max(1, -(-len(lines) // LIMIT)),
        known=known,
        edition=editions[0] if editions else None,
    )


@router.api_route("/lists.{form:list_form}", methods=["GET", "HEAD"])
def download_list(
    request: Request,
    session: ReadSession,
    registry: RegistryOf,
    asked: AskedOn,
    known: KnownAt,
    form: Form,
    authority: Whose = "",
    region: Whose = "",
    kind: Kind = "power",
) -> Response:
    connection = session.connection()
    if not authority and not region:
        raise Invalid("请说明要哪个机关（authority=）或哪个地区（region=）的清单。", code="whose-list")
    wanted = selection(connection, asked.on, known, authority, region, kind)
    items = listed(connection, wanted, known, registry.settings.known_at_items)
    title = f"{owner_name(connection, wanted, known)}{KINDS[kind]}"
    if form == "json":
        lines = [line for one in items for line in one.lines]
        about: dict[str, object] = {"title": title, "kind": kind, "on": wanted.on, **known.told()}
        about |= {"authority": wanted.authority, "region": wanted.region, "note": NOTES[kind]}
        body = json_of(about, HEADS[kind], lines)
    else:
        made = _file(base_of(request), wanted, title, items, known)
        body = written(made, form, registry.settings.pdf_font)
    return download(body, form, f"{title}-{wanted.on}", f"{kind}-{wanted.on}")


def _file(base: str, wanted: Selection, title: str, items: list[Listed], known: Known) -> ListFile:
    whose = f"authority={wanted.authority}" if wanted.authority else f"region={wanted.region}"
    lines = [line for one in items for line in one.lines]
    told = known.told()
    return ListFile(
        title=title,
        facts=[
            ("日期", f"以 {day(wanted.on)}为准"),
            ("截至", f"日志第 {known.seq} 号（{instant(told['known_at'])}）所知"),
            ("数目", f"{len(items)} 项" + (f"，{len(lines)} 行" if len(lines) != len(items) else "")),
            ("性质", "随时查询的清单，不是签发的版本。"),
        ],
        note=NOTES[wanted.kind],
        heads=HEADS[wanted.kind],
        lines=lines,
        footer=f"{title}，以 {wanted.on} 为准，日志第 {known.seq} 号",
        address=f"{base}/lists?{whose}&kind={wanted.kind}&on={wanted.on}&known_at={known.seq}",
        made_at=known.recorded_at // 1_000_000,
    )


def selection(
    connection: Connection, on: str, known: Known, authority: str, region: str, kind: Kind
) -> Selection:
    """Whose list is meant, by id or code. Raises NotFound."""
    held = subject_id(connection, "authority", authority, on, known) if authority else None
    return Selection(kind, parse_day(on), held, None if held else region_id(connection, region, on, known))
