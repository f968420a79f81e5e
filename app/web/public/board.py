"""A screen on a wall (公示屏): what is handled in a place or by an organ, a few items at a time. It turns its own pages
by a header, and nobody touches it."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request, Response

from app.db import run_by
from app.deps import AskedOn, ReadSession, RegistryOf
from app.items.reading import read_item
from app.listing import Filter, count_by, list_subjects
from app.places.queries import authority_id, region_id
from app.web.display import BOARD_SECONDS
from app.web.rendering import Here, gaps, render
from app.web.subjects import names

router = APIRouter()

SHOWN = 6
"""Items on one screen: as many as can be read across a hall. Each screenful is asked for anew in its turn, so that a
change is shown within a round."""


@router.api_route("/board", methods=["GET", "HEAD"])
def show_board(
    request: Request,
    registry: RegistryOf,
    session: ReadSession,
    asked: AskedOn,
    region: Annotated[str, Query(max_length=60)] = "",
    authority: Annotated[str, Query(max_length=60)] = "",
    after: Annotated[str, Query(max_length=40, description="go on after this id")] = "",
) -> Response:
    """Of a region with all below it, of an organ, or of the whole registry."""
    connection = session.connection()
    place, organ = region_id(connection, region, asked.on), authority_id(connection, authority, asked.on)
    wanted = Filter(on=asked.on, region=place, authority=organ, statuses=("in_force",))
    page = list_subjects(connection, wanted, after or None, SHOWN)
    run = run_by(connection)
    told = [
        gaps(orjson.loads(read_item(run, registry.book, row["id"], asked.on, asked.today)))
        for row in page.rows
    ]
    whose = organ or place
    answer = render(
        request,
        connection,
        asked,
        "board.html",
        display=("board",),
        whose=names(connection, [whose], asked.on).get(whose, whose) if whose else "",
        items=[(one, one["content"] or gaps({})) for one in told],
        total=count_by(connection, wanted, "status").get("in_force", 0),
    )
    following = Here(request, asked.on, asked.today).same(after=page.next)
    answer.headers["Refresh"] = f"{BOARD_SECONDS}; url={following}"
    answer.headers["Cache-Control"] = "no-store"
    return answer
