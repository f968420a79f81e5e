"""Questions with one answer: does it still hold here, and if not, who has it now; what differs between two places."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from app.api.items import ItemPath
from app.api.shapes import ATTESTED, DocumentShape, NamedShape, answer_value
from app.changes.kinds import describe
from app.deps import AskedOn, KnownAt, ReadSession, RegistryOf
from app.items.queries import resolve
from app.items.reading import read_item_at
from app.items.side_by_side import differences
from app.items.standing_in import View, standing_in
from app.places.queries import region_id

router = APIRouter(tags=["items"])


class InsteadShape(BaseModel):
    id: str = Field(description="registry id")
    code: str | None = Field(description="the code shown first")
    name: str | None = Field(description="its name on that day")
    status: str = Field(description="in_force, suspended")
    authority: NamedShape | None = Field(description="实施机关: who handles it")
    region: NamedShape | None = Field(description="行政区划")
    relation: str = Field(
        description="how it took over: merge, receive, ...; same_entry: it implements the same catalogue entry in the"
        " place, and took over only where the place was left to others (`why`, `document`)"
    )
    from_: str | None = Field(alias="from", description="the day from which the one came from the other")


class StandingShape(BaseModel):
    id: str = Field(description="registry id of the item asked about")
    code: str | None = Field(description="the code shown first")
    name: str | None = Field(description="its name on that day")
    on: str = Field(description="the day this answers for")
    region: NamedShape | None = Field(description="the place asked about; none where none was named")
    in_force: bool = Field(description="the answer")
    why: str = Field(
        description="in_force, suspended, ended, not_yet, unknown; elsewhere: it never held in the place; handed_on: it"
        " no longer covers the place"
    )
    status: str = Field(description="the item's own status on that day")
    since: str | None = Field(
        description="first day of that status; handed_on: the day from which it no longer covers the place; none where"
        " unknown"
    )
    attested_from: str | None = Field(description=ATTESTED)
    authority: NamedShape | None = Field(description="实施机关 of the item")
    document: DocumentShape | None = Field(
        description="the document behind it; handed_on: the one by which the place left"
    )
    words: str | None = Field(description="handed_on: the document's words for what left")
    now: list[InsteadShape] = Field(
        description="who has it now: items in force that came from it or implement the same catalogue entry, see"
        " `relation`; the nearest place first"
    )
    known_at: str = Field(description="the moment of the log entry this answer rests on")
    seq: int = Field(description="the seq of that entry; use it for permanent links")
    later_than_head: bool = Field(
        False,
        description="present where the known_at asked lies after the last entry: answered as of that entry",
    )
    sentence: str = Field(description="the answer as one Chinese sentence")


@router.get("/items/{item}/standing", response_model=None, responses={200: {"model": StandingShape}})
def is_in_force(
    request: Request,
    session: ReadSession,
    registry: RegistryOf,
    item: ItemPath,
    asked: AskedOn,
    known: KnownAt,
    region: Annotated[str | None, Query(description="the place: region id or GB/T 2260 code")] = None,
) -> Response:
    """Is this permit still in force on a day in a place; if not, by which document, and who has it now? As known at
    an earlier time: what could be answered then."""
    connection = session.connection()
    item_id, _ = resolve(connection, item, asked.on, known)
    place = region_id(connection, region, asked.on, known)
    view = View(connection, asked.on, asked.today, known, describe, registry.settings.known_at_items)
    return answer_value(request, standing_in(view, item_id, place))


class ComparedShape(BaseModel):
    id: str = Field(description="registry id")
    name: str | None = Field(description="its name on that day")
    status: str = Field(description="status on that day")
    authority: NamedShape | None = Field(description="实施机关")
    region: NamedShape | None = Field(description="行政区划")


class ComparisonShape(BaseModel):
    on: str = Field(description="the day this answers for")
    known_at: str = Field(description="the moment of the log entry this answer rests on")
    seq: int = Field(description="the seq of that entry")
    later_than_head: bool = Field(
        False,
        description="present where the known_at asked lies after the last entry: answered as of that entry",
    )
    items: list[ComparedShape] = Field(description="the two, as asked")
    changes: list[dict[str, Any]] = Field(
        description="field changes that turn the first into the second, {op, path, value, before}; elements are matched"
        " by their names, which stand for keys in the paths"
    )


@router.get("/items/{item}/compare", response_model=None, responses={200: {"model": ComparisonShape}})
def compare_places(
    request: Request,
    session: ReadSession,
    item: ItemPath,
    asked: AskedOn,
    known: KnownAt,
    other: Annotated[str, Query(max_length=300, description="id or code of the item to compare with")],
) -> Response:
    """How the same power is handled in two places, field by field, on a day, as known at a time."""
    connection = session.connection()
    both = []
    for one in (item, other):
        item_id, _ = resolve(connection, one, asked.on, known)
        both.append(orjson.loads(read_item_at(connection, item_id, asked.on, asked.today, known)))
    shown = [{name: one[name] for name in ("id", "name", "status", "authority", "region")} for one in both]
    changes = differences(both[0]["content"] or {}, both[1]["content"] or {})
    return answer_value(request, {"on": asked.on, **known.told(), "items": shown, "changes": changes})
