"""Catalogue entries, calendars, code tables."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection, text

from app.api.pages import AfterQuery, AskedList, LimitQuery
from app.api.places import SubjectPath, subject_answer
from app.api.shapes import NamedShape, PageShape, SubjectShape, answer_value
from app.deps import AskedOn, KnownAt, ReadSession, RegistryOf
from app.errors import NotFound
from app.items.code_tables import TABLES
from app.listing import Filter
from app.versions.queries import Known, state_on
from app.versions.standing import standing_then
from app.versions.visibility import shown

router = APIRouter(tags=["catalogue"])


@router.get("/catalogue-entries", response_model=None, responses={200: {"model": PageShape}})
def list_entries(
    asked: Annotated[AskedList, Depends()],
    type: Annotated[str | None, Query(description="事项类型代码")] = None,
    after: AfterQuery = None,
    limit: LimitQuery = 100,
) -> Response:
    """基本目录事项 on a day."""
    return asked.answer(Filter(on=asked.on, kind="entry", type=asked.type(type, "entry")), after, limit)


class ImplementingShape(NamedShape):
    """An item that implements a catalogue entry."""

    status: str = Field(description="in_force, suspended, ended, unknown")
    level: str | None = Field(description="行使层级代码")
    authority: str | None = Field(description="id of the 实施机关")
    region: str | None = Field(description="id of the 行政区划")


class EntryShape(SubjectShape):
    """A catalogue entry on a day."""

    items: list[ImplementingShape] = Field(description="the items that implement it on that day")


@router.get("/catalogue-entries/{entry}", response_model=None, responses={200: {"model": EntryShape}})
def get_entry(
    request: Request,
    registry: RegistryOf,
    session: ReadSession,
    entry: SubjectPath,
    asked: AskedOn,
    known: KnownAt,
) -> Response:
    """A catalogue entry, and the items that implement it on that day."""
    connection = session.connection()
    body = subject_answer(connection, "entry", entry, asked.on, known, asked.today)
    if known.is_head:
        body["items"] = _implementing(connection, body["id"], asked.on)
    else:
        most = registry.settings.known_at_items
        body["items"] = _implementing_then(connection, body["id"], asked.on, known, most)
    return answer_value(request, body)


_SHAPE = ("id", "name", "status", "level", "authority", "region")


def _implementing(connection: Connection, entry: str, day: str) -> list[dict[str, Any]]:
    rows = connection.execute(
        text(
            "SELECT t.subject_id, t.name, t.status, t.level, t.authority, t.region FROM link l JOIN timeline t"
            " ON t.subject_id = l.subject_id AND t.valid_from = l.valid_from WHERE l.target = :id AND l.role = 'entry'"
            f" AND l.valid_from <= :day AND l.valid_to > :day AND {shown('t')} ORDER BY t.level, t.subject_id"
        ),
        {"id": entry, "day": day},
    )
    return [dict(zip(_SHAPE, row, strict=True)) for row in rows]


def _implementing_then(
    connection: Connection, entry: str, day: str, known: Known, most: int
) -> list[dict[str, Any]]:
    found = [
        (one.id, one.content["name"], one.span.status, *(one.content.get(name) for name in _SHAPE[3:]))
        for one in standing_then(connection, "item", day, known, most, mentioning=entry)
        if one.span.content and one.content.get("entry") == entry
    ]
    found.sort(key=lambda row: (row[3] or "", row[0]))
    return [dict(zip(_SHAPE, row, strict=True)) for row in found]


@router.get("/calendar/{year}", response_model=None, responses={200: {"model": SubjectShape}})
def get_calendar(
    request: Request,
    session: ReadSession,
    year: Annotated[int, Path(ge=1949, le=2200, description="the year")],
    asked: AskedOn,
    known: KnownAt,
) -> Response:
    """The holiday arrangement of a year as it stands: weekdays off and weekend days worked."""
    connection = session.connection()
    row = connection.execute(
        text(
            "SELECT subject_id FROM timeline WHERE kind = 'calendar' AND name = :name ORDER BY subject_id LIMIT 1"
        ),
        {"name": str(year)},
    ).one_or_none()
    if row is None:
        raise NotFound(f"{year} 年的节假日安排尚未录入。", code="unknown-year")
    stands = state_on(connection, row[0], asked.on, known).status != "not_yet"
    day = asked.on if stands else max(asked.on, f"{year}-12-31")  # a year to come: as it will stand
    return answer_value(request, subject_answer(connection, "calendar", row[0], day, known, asked.today))


class TableShape(BaseModel):
    source: str = Field(description="the standard or document the table comes from")
    values: dict[str, str] = Field(description="code -> 名称")


@router.get("/code-tables", response_model=None, responses={200: {"model": dict[str, list[TableShape]]}})
def get_code_tables(request: Request) -> Response:
    """Every code table in use, with its source; where tables disagree it is said."""
    tables = {
        name: [{"source": table.source, "values": table.values} for table in versions]
        for name, versions in TABLES.items()
    }
    return answer_value(request, tables)
