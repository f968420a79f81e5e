"""Overlaps (权责交叉) and levels (四级四同), for the office: needs a token."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from app.api.shapes import NamedShape, answer_value
from app.checks import comparing
from app.db import run_by
from app.deps import ReadSession, RegistryOf, StaffReader
from app.errors import Invalid
from app.places.queries import region_id
from app.versions.codes import subject_id
from app.versions.names import NameBook, named
from app.versions.queries import known_at, state_on, today

router = APIRouter(tags=["findings"])


class OverlapShape(BaseModel):
    """Two items of different authorities that seem to be one power."""

    first: NamedShape = Field(description="the item with the smaller id")
    second: NamedShape = Field(description="the other")
    score: int = Field(description="0 to 100: names 70, article 20, type 5, applicants 5")
    reasons: list[str] = Field(description="what the score is made of, in Chinese")
    decision: str | None = Field(description="same, different, merge; none while nobody has decided")
    reason: str | None = Field(description="why it was decided so")


class OverlapsShape(BaseModel):
    region: NamedShape = Field(description="the place")
    overlaps: list[OverlapShape] = Field(description="the most alike first")


class LevelShape(BaseModel):
    """An item that implements the entry."""

    item: str = Field(description="registry id")
    region: NamedShape | None = Field(description="where")
    authority: NamedShape | None = Field(description="who holds it")
    level: str = Field(description="行使层级, GB/T 39046-2020 A.2")
    differs: dict[str, str] = Field(
        description="name, code, type, basis, statutory, promised, materials: what it says where most say otherwise"
    )


class LevelsShape(BaseModel):
    entry: NamedShape = Field(description="the catalogue entry")
    usual: dict[str, str] = Field(description="what most of its items say, field by field")
    items: list[LevelShape] = Field(description="highest level first")
    unclaimed: list[NamedShape] = Field(description="places that may hold it and have no item of it")


@router.get("/overlaps", response_model=None, responses={200: {"model": OverlapsShape}})
def list_overlaps(
    request: Request,
    session: ReadSession,
    registry: RegistryOf,
    reader: StaffReader,
    region: Annotated[
        str,
        Query(min_length=1, max_length=300, description="the place, by id or code; without what is below it"),
    ],
    least: Annotated[
        int | None, Query(ge=50, le=100, description="from which score on; none: as the setting says")
    ] = None,
) -> Response:
    """Pairs of items of one place that seem to be the same power; for an account of an authority those with an item of
    it."""
    connection, day = session.connection(), today()
    place = region_id(connection, region, day)
    if place is None:
        raise Invalid("请写明地方（region）。", code="region-needed")
    found = comparing.overlaps_for(connection, reader, place, day, least or registry.settings.overlap_score)
    run, book, decided = run_by(connection), NameBook(), comparing.said(connection)
    book.load(connection, [place, *(one for pair in found for one in (pair.first, pair.second))])
    body = {
        "region": named(run, book, place, day),
        "overlaps": [
            {
                "first": named(run, book, pair.first, day),
                "second": named(run, book, pair.second, day),
                "score": pair.score,
                "reasons": list(pair.reasons),
                "decision": decided.get((pair.first, pair.second), {}).get("decision"),
                "reason": decided.get((pair.first, pair.second), {}).get("reason"),
            }
            for pair in found
        ],
    }
    return answer_value(request, body, private=True)


@router.get("/levels/{entry}", response_model=None, responses={200: {"model": LevelsShape}})
def get_levels(
    request: Request,
    session: ReadSession,
    reader: StaffReader,
    entry: Annotated[str, Path(max_length=300, description="catalogue entry, by id or code")],
    within: Annotated[
        str | None, Query(max_length=300, description="a region with all below it, by id or code")
    ] = None,
) -> Response:
    """One catalogue entry across province, city and county: where its items differ, and who has not claimed it."""
    connection, day = session.connection(), today()
    one = subject_id(connection, "entry", entry, day)
    content = state_on(connection, one, day, known_at(connection, None)).document()
    usual, found, missing = comparing.entry_compared(
        connection, one, content.get("levels", []), day, region_id(connection, within, day)
    )
    run, book = run_by(connection), NameBook()
    book.load(
        connection,
        [one, *missing, *(part for row in found for part in (row.held.region, row.held.authority))],
    )
    body = {
        "entry": named(run, book, one, day),
        "usual": usual,
        "items": [
            {
                "item": row.held.id,
                "region": named(run, book, row.held.region or None, day),
                "authority": named(run, book, row.held.authority or None, day),
                "level": row.held.level,
                "differs": row.differs,
            }
            for row in found
        ],
        "unclaimed": [named(run, book, place, day) for place in missing],
    }
    return answer_value(request, body, private=True)
