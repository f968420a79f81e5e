"""权力清单, 责任清单 and 公共服务清单 of an authority or a region as of a day, and as files."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Connection
from starlette.convertors import StringConvertor, register_url_convertor

from app.deps import AskedOn, ReadSession
from app.errors import Invalid
from app.exchange.handouts import plain
from app.exchange.tables import csv_of, json_of, xlsx_of
from app.listing import Filter, count_by
from app.lists.selecting import HEADS, KINDS, Kind, ListRow, Selection, authorities_of, rows_of
from app.places.queries import region_id
from app.versions.codes import subject_id
from app.versions.queries import next_midnight_seconds, parse_day
from app.web.rendering import SECURITY, render
from app.web.subjects import names

router = APIRouter()

LIMIT = 200
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class _Form(StringConvertor):
    regex = "csv|json|xlsx"


register_url_convertor("list_form", _Form())

Whose = Annotated[str, Query(max_length=300)]


@router.api_route("/lists", methods=["GET", "HEAD"])
def show_list(
    request: Request,
    session: ReadSession,
    asked: AskedOn,
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
        return render(request, connection, asked, "lists.html", places=places, kinds=KINDS)
    wanted = _wanted(connection, asked.on, authority, region, kind)
    rows, whose = _rows(connection, wanted)
    return render(
        request,
        connection,
        asked,
        "list.html",
        wanted=wanted,
        whose=whose,
        kinds=KINDS,
        heads=HEADS[kind],
        rows=rows[(page - 1) * LIMIT : page * LIMIT],
        total=len(rows),
        items=len({one.id for one in rows}),
        page=page,
        pages=max(1, -(-len(rows) // LIMIT)),
    )


@router.api_route("/lists.{form:list_form}", methods=["GET", "HEAD"])
def download_list(
    session: ReadSession,
    asked: AskedOn,
    form: Literal["csv", "json", "xlsx"],
    authority: Whose = "",
    region: Whose = "",
    kind: Kind = "power",
) -> Response:
    connection = session.connection()
    if not authority and not region:
        raise Invalid("请说明要哪个机关（authority=）或哪个地区（region=）的清单。", code="whose-list")
    wanted = _wanted(connection, asked.on, authority, region, kind)
    rows, whose = _rows(connection, wanted)
    heads, cells = HEADS[kind], [one.cells for one in rows]
    title = f"{whose}{KINDS[kind]}"
    if form == "csv":
        body = csv_of(heads, cells)
    elif form == "xlsx":
        body = xlsx_of(KINDS[kind], heads, cells)
    else:
        about: dict[str, object] = {"title": title, "kind": kind, "on": wanted.on}
        body = json_of(about | {"authority": wanted.authority, "region": wanted.region}, heads, cells)
    name = quote(plain(f"{title}-{wanted.on}.{form}").replace("/", "／"), safe="")
    headers = SECURITY | {
        "Content-Disposition": f"attachment; filename=\"{kind}-{wanted.on}.{form}\"; filename*=UTF-8''{name}",
        "Cache-Control": f"public, max-age={min(60, next_midnight_seconds())}",
    }
    return Response(body, media_type=TYPES[form], headers=headers)


def _wanted(connection: Connection, on: str, authority: str, region: str, kind: Kind) -> Selection:
    held = subject_id(connection, "authority", authority, on) if authority else None
    return Selection(kind, parse_day(on), held, None if held else region_id(connection, region, on))


def _rows(connection: Connection, wanted: Selection) -> tuple[list[ListRow], str]:
    """The rows, and whose list it is by name."""
    own = wanted.authority or wanted.region or ""
    named = names(connection, [own, *authorities_of(connection, wanted)], wanted.on)
    return rows_of(connection, wanted, named), named.get(own, own)
