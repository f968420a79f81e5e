"""The year's holiday notice: days off and make-up working days, entered as a changeset."""

from __future__ import annotations

import datetime as dt
import re
from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Connection

from app.auth.signing_in import Present
from app.canonical import decode
from app.changes import drafts
from app.changes.models import ChangesetInput
from app.db import fetch
from app.deps import ReadSession, RegistryOf
from app.errors import Invalid, RegistryError
from app.versions.queries import today
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import Form, Posted, Visitor, go
from app.web.office.forms import drafting, keeping, rejoining

router = APIRouter()
_SPAN = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\s*(?:至|到|~|—|–|-{2})\s*(\d{4}-\d{2}-\d{2}))?")
_REMARK = re.compile(r"[（(][^（）()]*[）)]")
"""周六 in brackets after a day."""
_NOTICE = re.compile(
    r"(?:[^：:\d]{1,12}[：:])?([\d年月日至到、~～—\-\s]+?)(?:放假调休|放假|调休|上班)?(?:[，,]\s*共\s*\d+\s*天)?[。；;]?$"
)
"""春节：2月15日至23日放假调休，共9天。"""
_IN_WORDS = re.compile(
    r"(?:(\d{4})年)?(\d{1,2})月(\d{1,2})日(?:\s*[至到~～—-]\s*(?:(?:(\d{4})年)?(\d{1,2})月)?(\d{1,2})日)?$"
)
DAYS = {"days_off": "放假的日子", "make_up": "周末上班的日子"}
LONGEST = 31
"""Days of one holiday; more is a slip of the pen."""


@router.get("/office/calendar")
def show_calendar(
    request: Request, session: ReadSession, present: Visitor, year: Annotated[str, Query(max_length=4)] = ""
) -> Response:
    now = int(today()[:4])
    asked = int(year) if year.isascii() and year.isdigit() and 1949 <= int(year) <= 2200 else now
    form, kept_at = keeping.found_again(session, present, _place(asked))
    connection, told = session.connection(), ""
    with suppress(Invalid):  # days that are none yet are told when they are saved, and joined then
        form, told = _rejoined(connection, asked, form)
    return _page(request, connection, present, asked, form, kept_at=kept_at, told=told)


def _place(year: int) -> keeping.Place:
    return keeping.Place(f"/office/calendar?year={year}", f"{year}年节假日安排")


@router.post("/office/calendar")
def enter_calendar(request: Request, registry: RegistryOf, present: Visitor, form: Form) -> Response:
    """A new year is set; one that is known is adjusted."""
    year = form.get("year")
    number = int(year) if year.isascii() and year.isdigit() and len(year) == 4 else int(today()[:4])
    if kept := keeping.kept_aside(request, registry, present, form, _place(number)):
        return kept
    try:
        with registry.database.writing() as session:
            form, moved = _rejoined(session.connection(), number, form)
            rejoining.refuse_moved(moved)
            asked = _asked(session.connection(), number, form)
            made = drafts.draft(session, present.actor, asked, today())
            keeping.saved(session, present, _place(number))
    except RegistryError as error:
        with registry.database.reading() as session:
            return _page(request, session.connection(), present, number, form, error)
    return go(f"/office/changesets/{made.id}")


def _rejoined(connection: Connection, year: int, form: Posted) -> tuple[Posted, str]:
    """The form with what others published of the year since it was opened, day by day, and that in words. Raises
    Invalid for what is no day."""
    subject, stands, content = standing(connection, year)
    stood = rejoining.opened_on(connection, subject, form.get("stands")) if form.get("stands") else {}
    then = content if stood is None else stood

    def join(then: str, mine: str, now: str) -> str:
        before, typed, found = (set(days_in(one, year, "其中")) for one in (then, mine, now))
        return spans_of(sorted((found | (typed - before)) - (before - typed)))

    return rejoining.rejoined(form, stands, _as_typed(then), _as_typed(content), DAYS, join)


def _as_typed(content: dict[str, Any]) -> dict[str, str]:
    return {name: spans_of(content.get(name, [])) for name in DAYS}


def _asked(connection: Connection, year: int, form: Posted) -> ChangesetInput:
    off = days_in(form.get("days_off"), year, "放假")
    made_up = days_in(form.get("make_up"), year, "调休上班")
    if not off:
        raise Invalid("请写明放假的日子。", code="days-needed", field="days_off")
    if both := sorted(set(off) & set(made_up)):
        raise Invalid(f"{both[0]} 既放假又上班，请核对。", code="day-twice", field="make_up")
    if weekday := next((one for one in made_up if dt.date.fromisoformat(one).weekday() < 5), None):
        raise Invalid(f"调休上班的 {weekday} 本来就是工作日，请核对。", code="not-a-weekend", field="make_up")
    content = {"year": year, "days_off": off, "make_up": made_up}
    for name, source in (("number", "document/number"), ("title", "document/title")):
        if form.get(source).strip():
            content[name] = form.get(source).strip()
    subject, _, stands = standing(connection, year)
    day = f"{year}-01-01"
    decision: dict[str, Any] = drafting.decision(subject, "adjust" if subject else "set", day, form)
    decision["kind"] = "calendar"
    if subject is None:
        decision["content"] = content
    else:
        decision["changes"] = [
            {"op": "set", "path": name, "value": value}
            for name, value in content.items()
            if value != stands.get(name)
        ]
        if not decision["changes"]:
            raise Invalid("与现在的安排一样，没有什么可保存。", code="nothing-changed")
    return drafting.changeset(form, f"{year}年节假日安排", [decision])


def days_in(text: str, year: int, what: str) -> list[str]:
    """The days of a text, a line for each span: 2027-02-06 至 2027-02-12, or as notices write it. Raises Invalid with
    the line."""
    found: set[str] = set()
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.strip()
        if not line:
            continue
        try:
            spans = _spans(line, year)
        except ValueError as error:
            message = (
                f"{what}第 {number} 行“{line[:40]}”不是日期，请写成 2027-02-06 或 2027-02-06 至 2027-02-12，"
                "或如通知所写：2月6日至12日。放假和上班的日子分开填。"
            )
            raise Invalid(message, code="bad-day", field="days_off") from error
        for first, last in spans:
            found |= _days(first, last, year, f"{what}第 {number} 行“{line[:40]}”")
    return sorted(found)


def _spans(line: str, year: int) -> list[tuple[dt.date, dt.date]]:
    """First and last days that a line names. Raises ValueError."""
    if match := _SPAN.fullmatch(line):
        return [(dt.date.fromisoformat(match[1]), dt.date.fromisoformat(match[2] or match[1]))]
    noted = _NOTICE.match(_REMARK.sub("", line))
    if noted is None:
        raise ValueError(line)
    spans = []
    for part in noted[1].split("、"):
        match = _IN_WORDS.match(part.strip())
        if match is None:
            raise ValueError(part)
        first = dt.date(int(match[1] or year), int(match[2]), int(match[3]))
        last = first
        if match[6]:
            last = dt.date(int(match[4] or first.year), int(match[5] or first.month), int(match[6]))
        spans.append((first, last))
    return spans


def _days(first: dt.date, last: dt.date, year: int, where: str) -> set[str]:
    days = (last - first).days
    if not 0 <= days < LONGEST or year not in (first.year, last.year):
        message = f"{where}先后颠倒、太长或不在 {year} 年，请核对。"
        raise Invalid(message, code="bad-span", field="days_off")
    span = [(first + dt.timedelta(days=one)).isoformat() for one in range(days + 1)]
    if other := [one for one in span if not one.startswith(str(year))]:
        message = (
            f"{where}中 {'、'.join(other)} 不在 {year} 年，没有记入。"
            f"这里请只写 {year} 年的日子，其余的在 {other[0][:4]} 年的安排中录入。"
        )
        raise Invalid(message, code="outside-year", field="days_off")
    return set(span)


def spans_of(days: list[str]) -> str:
    """The days as a person writes them, a span to a line."""
    lines: list[list[dt.date]] = []
    for day in map(dt.date.fromisoformat, sorted(days)):
        if lines and (day - lines[-1][-1]).days == 1:
            lines[-1].append(day)
        else:
            lines.append([day])
    return "\n".join(str(one[0]) if len(one) == 1 else f"{one[0]} 至 {one[-1]}" for one in lines)


def standing(connection: Connection, year: int) -> tuple[str | None, str, dict[str, Any]]:
    """The year's subject, and what stands of it last with its hash; (None, "", {}) for a year that is not known."""
    rows = fetch(
        connection,
        "SELECT t.subject_id, c.hash, c.body FROM timeline t JOIN content c ON c.hash = t.content"
        " WHERE t.kind = 'calendar' AND t.status = 'in_force' AND t.name = ? ORDER BY t.valid_from DESC LIMIT 1",
        (str(year),),
    )
    return (rows[0][0], rows[0][1], decode(bytes(rows[0][2]))) if rows else (None, "", {})


def _page(
    request: Request,
    connection: Connection,
    present: Present,
    year: int,
    form: Posted,
    error: RegistryError | None = None,
    kept_at: str = "",
    told: str = "",
) -> Response:
    subject, stands, content = standing(connection, year)
    known = fetch(
        connection, "SELECT DISTINCT name FROM timeline WHERE kind = 'calendar' AND status = 'in_force'"
    )
    return show(
        request,
        connection,
        present,
        "upkeep/calendar.html",
        error=error,
        year=year,
        known=sorted(int(row[0]) for row in known),
        subject=subject,
        told=told,
        stands=stands,
        off=form.get("days_off") or spans_of(content.get("days_off", [])),
        up=form.get("make_up") if "make_up" in form else spans_of(content.get("make_up", [])),
        day=f"{year}-01-01",
        form=form,
        kept_at=kept_at,
        script="form.js",
    )
