"""When an application accepted at a moment is due, by the version of the item that governed that day."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.deadlines.queries import work_calendar
from app.deadlines.working_days import Due, due
from app.errors import Invalid, Refused
from app.items.field_words import STATUS
from app.items.reading import refuse_hidden
from app.saying import said
from app.versions.queries import SHANGHAI, known_at, state_on

ACCEPTING = ("in_force", "suspended")
"""Statuses with which a day may have acceptances: a suspended item's went in before, or by way of exception."""


def moment_of(asked: str) -> datetime:
    """The moment of acceptance in Shanghai time; a day alone is its beginning. Raises Invalid."""
    try:
        moment = datetime.fromisoformat(asked)
        if moment.tzinfo is not None:
            moment = moment.astimezone(SHANGHAI).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        raise Invalid(
            said("受理时间“{1}”无法识别，请写成 2026-09-28 或 2026-09-28T15:00。", asked[:40]),
            code="bad-moment",
        ) from error
    if not 1949 <= moment.year <= 2200:
        raise Invalid(said("受理时间应在 1949 年至 2200 年之间。"), code="bad-moment")
    return moment


def refuse_unaccepting(day: str, status: str, *, bundle: bool = False) -> None:
    """What nobody can have accepted does not fall due. ``status``: of that day. Raises Refused."""
    if status not in ACCEPTING:
        raise Refused(
            said(
                "{1}年{2}月{3}日{4}{5}，没有可以推算的受理。",
                *map(int, day.split("-")),
                said("这一联办事项") if bundle else said("这一事项"),
                said(STATUS.get(status, status)),
            ),
            code="nothing-accepted",
            accepted=day,
            status_then=status,
        )


def due_dates(connection: Connection, item_id: str, moment: datetime) -> dict[str, Any]:
    """``accepted``, the revision and status of that day, and for ``statutory`` and ``promised`` each: limit, due
    (ISO, None where the limit has no figure), provisional, excluded runs of days; None where the item gives no
    such limit. Raises NotFound for an item that is not public, Refused for a day on which it took no applications."""
    day = moment.date().isoformat()
    standing = state_on(connection, item_id, day, known_at(connection, None))
    refuse_hidden(connection, standing)
    refuse_unaccepting(day, standing.status)
    content, work = standing.document(), work_calendar(connection)

    def shown(name: str) -> dict[str, Any] | None:
        limit = content.get(name)
        return None if limit is None else shown_due(limit, due(work, moment, limit))

    return {
        "id": item_id,
        "accepted": moment.isoformat(),
        "revision": standing.revision,
        "status": standing.status,
        "statutory": shown("statutory_limit"),
        "promised": shown("promised_limit"),
    }


def shown_due(limit: dict[str, Any], found: Due | None) -> dict[str, Any]:
    """A due date as answers show it: days and moments in ISO."""
    return {
        "limit": limit,
        "due": found.at.isoformat() if found else None,
        "provisional": bool(found and found.provisional),
        "excluded": [
            {"first": e.first.isoformat(), "last": e.last.isoformat()}
            for e in (found.excluded if found else [])
        ],
    }
