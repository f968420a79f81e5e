"""When an accepted application is due."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from app.api.items import ItemPath
from app.api.shapes import answer_value
from app.deadlines.queries import work_calendar
from app.deadlines.working_days import Due, due
from app.deps import ReadSession
from app.errors import Invalid
from app.items.queries import resolve
from app.versions.codes import never_known
from app.versions.queries import SHANGHAI, known_at, state_on
from app.versions.visibility import is_public

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
    """When an application accepted then is due, by the version in force on that day."""
    moment = moment_of(accepted)
    connection = session.connection()
    day = moment.date().isoformat()
    item_id, _ = resolve(connection, item, day)
    if not is_public(connection, item_id):
        raise never_known(item_id, "item")
    standing = state_on(connection, item_id, day, known_at(connection, None))
    content, work = standing.document(), work_calendar(connection)
    if content.get("visibility") == "internal":
        raise never_known(item_id, "item")

    def shown(name: str) -> dict[str, Any] | None:
        limit = content.get(name)
        return None if limit is None else shown_due(limit, due(work, moment, limit))

    body = {
        "id": item_id,
        "accepted": moment.isoformat(),
        "revision": standing.revision,
        "status": standing.status,
        "statutory": shown("statutory_limit"),
        "promised": shown("promised_limit"),
    }
    return answer_value(request, body)


def moment_of(asked: str) -> datetime:
    """A moment of acceptance, in Shanghai time. Raises Invalid."""
    try:
        moment = datetime.fromisoformat(asked)
        if moment.tzinfo is not None:
            moment = moment.astimezone(SHANGHAI).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        raise Invalid(
            f"受理时间“{asked}”无法识别，请写成 2026-09-28 或 2026-09-28T15:00。", code="bad-moment"
        ) from error
    if not 1949 <= moment.year <= 2200:
        raise Invalid("受理时间应在 1949 年至 2200 年之间。", code="bad-moment")
    return moment


def shown_due(limit: dict[str, Any], found: Due | None) -> dict[str, Any]:
    """A due date as the API shows it."""
    return {
        "limit": limit,
        "due": found.at.isoformat() if found else None,
        "provisional": bool(found and found.provisional),
        "excluded": [
            {"first": e.first.isoformat(), "last": e.last.isoformat()}
            for e in (found.excluded if found else [])
        ],
    }
