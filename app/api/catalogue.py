"""Catalogue entries, calendars, code tables."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import text

from app.api.items import AfterQuery, LimitQuery
from app.api.places import SubjectPath, listing, subject_answer
from app.api.shapes import NamedShape, PageShape, SubjectShape, answer_value
from app.deps import AskedOn, KnownAt, ReadSession
from app.errors import NotFound
from app.items.code_tables import TABLES
from app.listing import Filter
from app.versions.visibility import shown

router = APIRouter(tags=["catalogue"])


@router.get("/catalogue-entries", response_model=None, responses={200: {"model": PageShape}})
def list_entries(
    request: Request,
    session: ReadSession,
    asked: AskedOn,
    type: Annotated[str | None, Query(description="事项类型代码")] = None,
    after: AfterQuery = None,
    limit: LimitQuery = 100,
) -> Response:
    """基本目录事项 on a day."""
    return listing(request, session, asked, Filter(on=asked.on, kind="entry", type=type), after, limit)


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
    request: Request, session: ReadSession, entry: SubjectPath, asked: AskedOn, known: KnownAt
) -> Response:
    """A catalogue entry, and the items that implement it on that day."""
    connection = session.connection()
    body = subject_answer(connection, "entry", entry, asked.on, known, asked.today)
    rows = connection.execute(
        text(
            "SELECT t.subject_id, t.name, t.status, t.level, t.authority, t.region FROM link l JOIN timeline t"
            " ON t.subject_id = l.subject_id AND t.valid_from = l.valid_from WHERE l.target = :id AND l.role = 'entry'"
            f" AND l.valid_from <= :day AND l.valid_to > :day AND {shown('t')} ORDER BY t.level, t.subject_id"
        ),
        {"id": body["id"], "day": asked.on},
    )
    shape = ("id", "name", "status", "level", "authority", "region")
    body["items"] = [dict(zip(shape, row, strict=True)) for row in rows]
    return answer_value(request, body)


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
    last_day = f"{year}-12-31"
    return answer_value(
        request, subject_answer(connection, "calendar", row[0], max(asked.on, last_day), known, asked.today)
    )


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
