"""Items: one, many, by code, through time."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field

from app.api.pages import AfterQuery, AskedList, LimitQuery, Statuses
from app.api.quick import read_in_turn, redirect_to
from app.api.shapes import (
    ATTESTED,
    PROBLEMS,
    CodeShape,
    DocumentShape,
    FoundShape,
    ItemShape,
    PageShape,
    answer,
    answer_value,
)
from app.changes.kinds import MODELS
from app.deps import (
    Asked,
    AskedOn,
    KnownAt,
    KnownQuery,
    OnQuery,
    ReadSession,
    known_parameters_only,
)
from app.items.comparing import compare
from app.items.queries import look_up_many, resolve
from app.listing import Filter, count_by
from app.versions.codes import holder_of
from app.versions.history import decisions_of, history_of
from app.versions.queries import parse_day
from app.versions.shapes import Body

router = APIRouter(tags=["items"])

ItemPath = Annotated[str, Path(description="registry id, or a code", max_length=300)]


@router.get("/items", response_model=None, responses={200: {"model": PageShape}})
def list_items(
    request: Request,
    asked: Annotated[AskedList, Depends()],
    region: Annotated[str | None, Query(description="region id or GB/T 2260 code; with all below it")] = None,
    authority: Annotated[str | None, Query(description="authority id or code")] = None,
    type: Annotated[str | None, Query(description="事项类型代码: 01 行政许可 ...")] = None,
    level: Annotated[str | None, Query(description="行使层级代码")] = None,
    status: Statuses = None,
    code: Annotated[
        str | None, Query(description="answer the item that holds this code (any characters)")
    ] = None,
    after: AfterQuery = None,
    limit: LimitQuery = 50,
) -> Response:
    """Items on a day, in the order of their ids, in keyset pages."""
    if code is not None:
        return redirect_to(request, holder_of(asked.connection, code, asked.on, known=asked.known))
    wanted = Filter(
        on=asked.on,
        region=asked.region(region),
        authority=asked.authority(authority),
        type=asked.type(type),
        level=asked.level(level),
        statuses=tuple(status or ()),
    )
    return asked.answer(wanted, after, limit)


class CountsShape(BaseModel):
    on: str = Field(description="the day this answers for")
    known_at: str = Field(description="the moment of the log entry this answer rests on")
    seq: int = Field(description="the seq of that entry; use it for permanent links")
    later_than_head: bool = Field(
        False,
        description="present where the known_at asked lies after the last entry: answered as of that entry",
    )
    status: dict[str, int] = Field(description="unknown is counted by itself")
    type: dict[str, int] = Field(description="by 事项类型代码")
    level: dict[str, int] = Field(description="by 行使层级代码; empty where none is given")
    authority: dict[str, int] = Field(description="by id of the 实施机关")


@router.get("/items/counts", response_model=None, responses={200: {"model": CountsShape}})
def count_items(
    request: Request,
    asked: Annotated[AskedList, Depends()],
    region: Annotated[str | None, Query(description="region id or code; with all below it")] = None,
    authority: Annotated[str | None, Query(description="authority id or code")] = None,
    type: Annotated[str | None, Query(description="事项类型代码")] = None,
    status: Statuses = None,
) -> Response:
    """How many items there are on a day, by status, type, level and authority."""
    wanted = Filter(
        on=asked.on,
        region=asked.region(region),
        authority=asked.authority(authority),
        type=asked.type(type),
        statuses=tuple(status or ()),
    )
    columns = ("status", "type", "level", "authority")
    if then := asked.recalled(wanted):
        counts = then.counts(*columns)
    else:
        counts = {column: count_by(asked.connection, wanted, column) for column in columns}
    return answer_value(request, {"on": asked.on, **asked.known.told(), **counts})


class LookupInput(Body):
    """Codes or ids to look up at once."""

    codes: list[Annotated[str, Field(max_length=300)]] = Field(
        min_length=1, max_length=1000, description="codes or registry ids"
    )
    on: str | None = Field(None, description="as of this day; default today")


class LookedUpShape(BaseModel):
    asked: str = Field(description="the code or id")
    found: list[FoundShape] = Field(description="one, none, or the several holders of a code")
    problem: str | None = Field(description="none, unknown-item, or several-holders")


class LookupShape(BaseModel):
    on: str = Field(description="the day this answers for")
    results: list[LookedUpShape] = Field(description="in the order asked")


@router.post("/items/lookup", response_model=None, responses={200: {"model": LookupShape}})
def look_up(request: Request, session: ReadSession, wanted: LookupInput) -> Response:
    """Up to 1,000 codes or ids in one request; each is answered, found or not."""
    asked = Asked(wanted.on)
    connection = session.connection()
    found = look_up_many(connection, wanted.codes, asked.on)
    return answer_value(request, {"on": asked.on, "results": found})


ONE = {
    "response_model": None,
    "responses": PROBLEMS
    | {
        200: {"model": ItemShape},
        300: {"description": "several items hold this code; `detail.holders` lists them"},
        308: {"description": "a code was asked for: see Location"},
        304: {"description": "not changed since the ETag sent in If-None-Match"},
    },
    "summary": "One item on a day",
}


def add_item_route(into: APIRouter) -> None:
    """``GET /items/{item}`` by id or code, after the fixed paths: /items/counts is not an item."""

    def get_item(
        request: Request, item: ItemPath, on: OnQuery = None, known_at: KnownQuery = None
    ) -> Response:
        """An item as it stands on a day, with the document behind it; by registry id, or by any code it holds."""
        return read_in_turn(request, item, on, known_at)

    into.add_api_route(
        "/api/v1/items/{item}",
        get_item,
        methods=["GET"],
        tags=["items"],
        dependencies=[Depends(known_parameters_only)],
        **ONE,  # type: ignore[arg-type]
    )


class IntervalShape(BaseModel):
    """Days through which status, content and codes stay as they are."""

    revision: int | None = Field(description="log seq of the revision in force; none where unknown")
    status: str = Field(description="in_force, suspended, ended, unknown")
    valid_from: str | None = Field(description="first day; none where unknown")
    valid_to: str | None = Field(description="first day it no longer holds; none where open")
    attested_from: str | None = Field(description=ATTESTED)
    codes: list[CodeShape] = Field(description="every code held in it")
    content_hash: str | None = Field(description="SHA-256 of the content")
    recorded_at: str | None = Field(None, description="when the revision was recorded")
    document: DocumentShape | None = Field(None, description="what the revision rests on")


class DecidedShape(BaseModel):
    """A decision about the item."""

    act: int = Field(description="its seq: what a void names")
    outcome: str = Field(description="add, adjust, cancel, ...")
    role: str = Field(description="subject, origin, result")
    effective_from: str = Field(description="施行日期")
    until: str | None = Field(description="the first day on which it no longer holds; none: for ever")
    voided: str | None = Field(description="error 误录, withdrawn 撤销、推迟, or none")
    voided_at: str | None = Field(description="when it was taken out")
    void_reason: str | None = Field(description="why it was taken out")
    document: DocumentShape | None = Field(description="the document and its words")
    changes: list[dict[str, Any]] = Field(description="field changes: {op, path, value}")


class RevisionsShape(BaseModel):
    id: str = Field(description="registry id")
    later_than_head: bool = Field(
        False,
        description="present where the known_at asked lies after the last entry: answered as of that entry",
    )
    known_at: str = Field(description="the moment of the log entry this answer rests on")
    seq: int = Field(description="the seq of that entry; use it for permanent links")
    intervals: list[IntervalShape] = Field(description="as known at that time, oldest first")
    decisions: list[DecidedShape] = Field(description="every decision about it, voided ones marked")


@router.get("/items/{item}/revisions", response_model=None, responses={200: {"model": RevisionsShape}})
def list_revisions(
    request: Request, session: ReadSession, item: ItemPath, known: KnownAt, asked: AskedOn
) -> Response:
    """The item's intervals and every decision behind them."""
    connection = session.connection()
    item_id, _ = resolve(connection, item, asked.on, known)
    body = {
        "id": item_id,
        **known.told(),
        "intervals": history_of(connection, item_id, known),
        "decisions": decisions_of(connection, item_id, known),
    }
    return answer_value(request, body)


class SideShape(BaseModel):
    on: str = Field(description="the day")
    status: str = Field(description="status on that day")
    revision: int | None = Field(description="log seq of the revision in force")
    codes: list[CodeShape] = Field(description="every code held on that day")


class DiffShape(BaseModel):
    id: str = Field(description="registry id")
    known_at: str = Field(description="the moment of the log entry this answer rests on")
    seq: int = Field(description="the seq of that entry; use it for permanent links")
    later_than_head: bool = Field(
        False,
        description="present where the known_at asked lies after the last entry: answered as of that entry",
    )
    from_: SideShape = Field(alias="from", description="the earlier day")
    to: SideShape = Field(description="the later day")
    changes: list[dict[str, Any]] = Field(description="field changes that turn the one into the other")


@router.get("/items/{item}/diff", response_model=None, responses={200: {"model": DiffShape}})
def compare_days(
    request: Request,
    session: ReadSession,
    item: ItemPath,
    known: KnownAt,
    from_: Annotated[str, Query(alias="from", description="the earlier day")],
    to: Annotated[str, Query(description="the later day")],
) -> Response:
    """What changed in an item between two days, field by field, as known at a time."""
    connection = session.connection()
    first, last = parse_day(from_, "from="), parse_day(to, "to=")
    item_id, _ = resolve(connection, item, last, known)
    compared = compare(connection, item_id, (first, known), (last, known))
    shown = [
        {
            "on": side.on,
            "status": side.standing.status,
            "revision": side.standing.revision,
            "codes": side.standing.codes,
        }
        for side in (compared.first, compared.last)
    ]
    body = {
        "id": item_id,
        **known.told(),
        "from": shown[0],
        "to": shown[1],
        "changes": compared.changes,
    }
    return answer_value(request, body)


@router.get("/schema/content", response_model=None, responses={200: {"model": dict[str, dict[str, Any]]}})
def content_schema(request: Request) -> Response:
    """The JSON Schema of every kind's content."""
    return answer(request, orjson.dumps({kind: model.model_json_schema() for kind, model in MODELS.items()}))
