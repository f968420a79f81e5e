"""When an accepted application is due."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from app.api.items import ItemPath
from app.api.shapes import answer_value
from app.deadlines.answering import due_dates, moment_of
from app.deps import ReadSession
from app.items.queries import resolve

router = APIRouter(tags=["items"])


class ExcludedShape(BaseModel):
    first: str = Field(description="first day of the run")
    last: str = Field(description="last day of the run")


class DueShape(BaseModel):
    limit: dict[str, Any] = Field(description="the limit that applies: value, unit, note")
    due: str | None = Field(
        description="the last day (or moment, for hours); none where the limit has no figure"
    )
    provisional: bool = Field(description="true where a year's holiday arrangement is not yet published")
    excluded: list[ExcludedShape] = Field(description="days that do not count, in runs")


class DueAnswerShape(BaseModel):
    id: str = Field(description="registry id")
    accepted: str = Field(description="the moment of acceptance, as taken")
    revision: int | None = Field(description="the revision in force on the day of acceptance")
    status: str = Field(description="status on that day")
    statutory: DueShape | None = Field(description="none where the item does not say")
    promised: DueShape | None = Field(description="承诺时限; none where the item does not say")


@router.get("/items/{item}/due", response_model=None, responses={200: {"model": DueAnswerShape}})
def due_date(
    request: Request,
    session: ReadSession,
    item: ItemPath,
    accepted: Annotated[
        str, Query(description="2026-09-28 or 2026-09-28T15:00 (Shanghai time unless it says otherwise)")
    ],
) -> Response:
    """When an application accepted then is due, by the version in force on that day.

    A day on which the item took no applications (it had ended, or had not begun) is refused with
    `nothing-accepted`."""
    moment = moment_of(accepted)
    connection = session.connection()
    item_id, _ = resolve(connection, item, moment.date().isoformat())
    return answer_value(request, due_dates(connection, item_id, moment))
