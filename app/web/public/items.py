"""The item page: the nine disclosures, what happened to the item, and how to cite what is shown."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Connection, Engine
from starlette.concurrency import run_in_threadpool
from starlette.routing import Match, Route
from starlette.types import Scope

from app.db import run_by
from app.deadlines.answering import due_dates, moment_of
from app.deps import Asked, AskedOn, KnownAt, ReadSession, Registry, RegistryOf, base_of
from app.errors import NotFound, Refused
from app.items.queries import resolve
from app.versions import ids
from app.versions.history import decisions_of, history_of
from app.versions.queries import Known, eve_of, known_at, moment, state_on
from app.versions.visibility import hidden_among
from app.web import history
from app.web.history import day_before
from app.web.item_facts import facts_of
from app.web.keeping import Keeping, send
from app.web.linked_data import government_service, script_data
from app.web.rendering import Gaps, gaps, local_minute, redirect, render
from app.web.subjects import settle_documents

router = APIRouter()


@router.api_route("/items", methods=["GET", "HEAD"])
def find_item(
    request: Request, session: ReadSession, asked: AskedOn, code: Annotated[str, Query(max_length=300)] = ""
) -> Response:
    """A code with any characters in it: ``/items?code=``; without one, the search."""
    if not code:
        return redirect(request, "/search")
    return redirect(request, f"/items/{resolve(session.connection(), code, asked.on)[0]}")


@router.api_route("/items/{item}", methods=["GET", "HEAD"])
def show_item(
    request: Request,
    registry: RegistryOf,
    session: ReadSession,
    asked: AskedOn,
    known: KnownAt,
    item: Annotated[str, Path(max_length=300)],
    accepted: Annotated[str, Query(max_length=40)] = "",
    page: Annotated[int, Query(alias="history", ge=1, le=1_000)] = 1,
) -> Response:
    """``history``: which page of a long history."""
    connection = session.connection()
    keeping = Keeping(request, registry, run_by(connection), asked.today)
    return _page(request, registry, connection, keeping, asked, known, item, accepted, page)


class QuickItemPage(Route):
    """The page of an item by its registry id, on a day at most: what most readers ask, without what FastAPI takes to
    hand each dependency to another thread. Anything else is answered by ``show_item``."""

    def __init__(self) -> None:
        super().__init__("/items/{item:registry_id}", _quickly, methods=["GET"])

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http" or not scope["path"].startswith("/items/qdi-"):
            return Match.NONE, {}
        return super().matches(scope) if SIMPLE.fullmatch(scope["query_string"]) else (Match.NONE, {})


SIMPLE = re.compile(rb"(on=[0-9-]{1,20})?")


async def _quickly(request: Request) -> Response:
    registry: Registry = request.app.state.registry
    asked = Asked(request.query_params.get("on"))
    if registry.database.is_sqlite:
        # Handing a page to another thread and back takes a good part of what making it does.
        page = _at_head(request, registry, registry.database.door, asked, waiting=False)
        if page is not None:
            return page
    page = await run_in_threadpool(_at_head, request, registry, registry.database.reader, asked)
    assert page is not None
    return page


def _at_head(
    request: Request, registry: Registry, engine: Engine, asked: Asked, *, waiting: bool = True
) -> Response | None:
    """The page as known now. ``waiting``: also where rounds published since have to be read first, else None."""
    with engine.connect() as connection:
        keeping = Keeping(request, registry, run_by(connection), asked.today)
        state = keeping.state
        if not waiting and not (state and registry.linked_rows.has_read(state.seq, state.hash)):
            return None
        known = state.head if state else known_at(connection, None)
        return _page(request, registry, connection, keeping, asked, known, request.path_params["item"])


def _page(
    request: Request,
    registry: Registry,
    connection: Connection,
    keeping: Keeping,
    asked: Asked,
    known: Known,
    item: str,
    accepted: str = "",
    page: int = 1,
) -> Response:
    if (kept := keeping.page()) is not None:
        return send(request, kept)
    if not (
        known.is_head and ids.is_id(item) and item.islower()
    ):  # what is read at the head is looked at there
        item_id, by_code = resolve(connection, item, asked.on, known)
        if by_code:
            return redirect(request, f"/items/{item_id}")
    facts = facts_of(connection, item, asked, known, registry.book)
    intervals = gaps(history_of(connection, item, known))
    decisions = gaps(decisions_of(connection, item, known))
    settle_documents(connection, [facts.item, *intervals, *decisions])
    return render(
        request,
        connection,
        asked,
        "item.html",
        keep=keeping,
        **facts.shown(),
        named_in=gaps(registry.linked_rows.about(connection, item, known)),
        linked=script_data(government_service(facts, base_of(request))) if facts.content else None,
        **_due(connection, item, accepted),
        accepted=accepted,
        last_accepted=_last_accepted(facts.item),
        story=history.page_of(history.rows("item", decisions, intervals), intervals, page),
        attested=history.attested_from(intervals),
        # Seen from a past day, what came is history.
        coming=history.coming(decisions, intervals, asked.on) if asked.on >= asked.today else None,
        revised=_revised(connection, facts.item, asked, known),
        known=known,
        known_moment=moment(known.recorded_at),
        known_local=local_minute(moment(known.recorded_at)),
        before_this=day_before(intervals, asked.on),
    )


def _due(connection: Connection, item: str, accepted: str) -> dict[str, Any]:
    """``due`` of an application accepted then, or in a sentence why nothing falls due (``undue``)."""
    try:
        due = gaps(due_dates(connection, item, moment_of(accepted))) if accepted else None
    except Refused as error:
        return {"due": None, "undue": error.message}
    return {"due": due, "undue": None}


def _last_accepted(found: Gaps) -> str | None:
    """The day before an item ended: of it an application may still be under way."""
    if found["status"] != "ended" or not found["valid_from"]:
        return None
    return eve_of(found["valid_from"])


def _revised(connection: Connection, found: Gaps, asked: Asked, known: Known) -> dict[str, Any] | None:
    """Whether a past day reads differently now than at its own end: entered later, or corrected since."""
    if asked.on >= asked.today or not known.is_head or found["revision"] is None:
        return None
    try:
        then = known_at(connection, f"{asked.on}T23:59:59.999999+08:00")
        standing = state_on(connection, found["id"], asked.on, then)
    except NotFound:
        return {"entered": True, "seq": None}
    if standing.revision == found["revision"] or hidden_among(run_by(connection), [standing.content]):
        return None
    return {"entered": standing.revision is None, "seq": then.seq if standing.revision else None}
