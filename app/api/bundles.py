"""Bundles: items handled together, their time and their materials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from app.api.deadlines import DueShape
from app.api.pages import AfterQuery, AskedList, LimitQuery
from app.api.places import SubjectPath, subject_answer
from app.api.shapes import PageShape, SubjectShape, answer_value
from app.bundles.naming import named
from app.bundles.paths import Plan, Slot
from app.bundles.queries import Taken, Together, together
from app.deadlines.answering import ACCEPTING, moment_of, refuse_unaccepting, shown_due
from app.deadlines.queries import work_calendar
from app.deadlines.working_days import WorkCalendar, due
from app.deps import Asked, AskedOn, KnownAt, ReadSession
from app.errors import Invalid
from app.listing import Filter
from app.versions.codes import subject_id
from app.versions.queries import Known

router = APIRouter(tags=["bundles"])


class RunShape(BaseModel):
    start: int = Field(description="working days after the acceptance at which it can begin")
    finish: int = Field(description="working days after the acceptance at which it is done")
    slack: int = Field(description="working days it may wait without delaying the whole")
    critical: bool = Field(description="whether it decides the time of the whole")
    due: DueShape | None = Field(
        None,
        description="with accepted=: the last day, by the working-day calendar; null where its item took none that day",
    )


class MemberShape(BaseModel):
    key: str = Field(description="key of the member within the bundle")
    item: str = Field(description="registry id of the 事项")
    name: str | None = Field(description="its name on that day")
    status: str = Field(description="not_yet, in_force, suspended, ended, unknown: the item's on that day")
    after: list[str] = Field(
        description="keys of the members it waits for; through those that are left out, not public or do not stand"
    )
    condition: str | None = Field(description="the 情形 in which it is needed; none: always")
    limit: dict[str, Any] | None = Field(description="the promised limit that counts here")
    limit_of: str | None = Field(description="whose limit that is: bundle (agreed) or item")
    promised: RunShape | None = Field(
        description="when it runs, by promised limits; none where the item is not_yet or ended: it does not count"
    )
    statutory: RunShape | None = Field(description="when it runs, by statutory limits; none: as above")


class TimeShape(BaseModel):
    serial: int = Field(description="working days when one is handled after another")
    parallel: int = Field(description="working days when each begins as soon as it can")
    critical: list[str] = Field(description="keys of the members that decide the time in parallel")
    uncounted: list[str] = Field(
        description="keys of members whose limit is not in working days, counted as 0"
    )
    at_least: bool = Field(
        description="whether both figures are at least: some member is uncounted, or its item is not public"
    )
    due: DueShape | None = Field(
        None, description="with accepted=: when the whole is due; null where `undue` names a member"
    )
    undue: list[str] | None = Field(
        None,
        description="with accepted=: keys of members of which it is not known whether they took applications that day",
    )


class TimesShape(BaseModel):
    promised: TimeShape = Field(description="by promised limits (承诺时限)")
    statutory: TimeShape = Field(description="by statutory limits (法定时限)")


class NeedShape(BaseModel):
    member: str = Field(description="key of the member")
    material: str = Field(description="key of the material within its item")
    originals: int | None = Field(description="原件份数")
    copies: int | None = Field(description="复印件份数")
    necessity: str | None = Field(description="required, optional, deferrable")
    condition: str | None = Field(description="the 情形 in which it is asked for")


class JointShape(BaseModel):
    name: str = Field(description="the material, as the first member names it")
    originals: int | None = Field(description="the highest number of originals that any asks for")
    copies: int | None = Field(description="the highest number of copies that any asks for")
    required: bool | None = Field(description="whether any member asks for it as 必要; none where none says")
    needed_by: list[NeedShape] = Field(description="who needs it, each in its own words")


class BundleShape(SubjectShape):
    """A bundle on a day, worked out from its items as they stand on that day."""

    members: list[MemberShape] = Field(description="the items, in the order of the bundle")
    time: TimesShape = Field(description="one after another, and in parallel")
    materials: list[JointShape] = Field(description="each material once, with who needs it")


@router.get("/bundles", response_model=None, responses={200: {"model": PageShape}})
def list_bundles(
    asked: Annotated[AskedList, Depends()],
    item: Annotated[
        str | None, Query(description="only bundles with this item, by id or code", max_length=300)
    ] = None,
    after: AfterQuery = None,
    limit: LimitQuery = 100,
) -> Response:
    """联办事项 (并联审批, 一件事) on a day."""
    member = subject_id(asked.connection, "item", item, asked.on, asked.known) if item else None
    wanted = Filter(on=asked.on, kind="bundle", links_to=("bundles", member) if member else None)
    return asked.answer(wanted, after, limit)


@router.get("/bundles/{bundle}", response_model=None, responses={200: {"model": BundleShape}})
def get_bundle(
    request: Request,
    session: ReadSession,
    bundle: SubjectPath,
    asked: AskedOn,
    known: KnownAt,
    without: Annotated[
        list[str] | None,
        Query(description="keys of members that are not needed in this case", max_length=500),
    ] = None,
    accepted: Annotated[
        str | None,
        Query(
            description="the day of acceptance (YYYY-MM-DD): adds due dates, and is the day the bundle is shown"
            " on, since what governed then governs them; 409 where it took none that day"
        ),
    ] = None,
) -> Response:
    """A bundle: who waits for whom, the time one after another and in parallel, the materials once each."""
    connection = session.connection()
    moment = moment_of(accepted) if accepted else None
    day = _day_of(asked, moment)
    body = subject_answer(connection, "bundle", bundle, day, known, asked.today)
    content = body["content"] or {}
    found = together(connection, content, day, known, without or [])
    _check_left_out(content, without or [], found.hidden)
    clock = Clock.of(connection, body["status"], found.members, moment, known) if moment else None
    if found.hidden:
        body["content"]["members"] = named(content["members"], found.hidden)
    body["members"] = [_member(one, found, clock) for one in found.members]
    body["time"] = {
        which: _time(plan, clock)
        for which, plan in (("promised", found.promised), ("statutory", found.statutory))
    }
    body["materials"] = [asdict(joint) for joint in found.materials]
    return answer_value(request, body)


def _day_of(asked: Asked, moment: datetime | None) -> str:
    """The day of acceptance where one is asked about. Raises Invalid where another day is asked for beside it."""
    if moment is None:
        return asked.on
    day = moment.date().isoformat()
    if asked.given and asked.on != day:
        raise Invalid(
            f"受理日期 {day} 与 on={asked.on} 不是同一天：到期日按受理当日的规定推算，请去掉 on=。",
            code="on-differs",
            on=asked.on,
            accepted=day,
        )
    return day


class Clock:
    """Due dates of finishing times, from a moment of acceptance on. ``took``: keys of the members that took
    applications on that day."""

    def __init__(self, work: WorkCalendar, accepted: datetime, took: set[str]) -> None:
        self.work, self.accepted, self.took = work, accepted, took

    @classmethod
    def of(
        cls, connection: Connection, status: str, members: Sequence[Taken], accepted: datetime, known: Known
    ) -> Clock:
        """``status``: the bundle's on the day of acceptance. Raises Refused where it took no applications then."""
        refuse_unaccepting(accepted.date().isoformat(), status, bundle=True)
        took = {one.key for one in members if one.status in ACCEPTING}
        return cls(work_calendar(connection, known), accepted, took)

    def undue(self, plan: Plan) -> list[str]:
        """Members of the plan of which it is not known whether they took applications."""
        return [key for key in plan.slots if key not in self.took]

    def due(self, days: int) -> dict[str, Any]:
        limit = {"value": days, "unit": "workday"} if days else {"unit": "immediate"}
        return shown_due(limit, due(self.work, self.accepted, limit))


def _check_left_out(content: Mapping[str, Any], without: list[str], hidden: set[str]) -> None:
    keys = [member["key"] for member in content.get("members", ()) if member["key"] not in hidden]
    for key in without:
        if key not in keys:
            raise Invalid(
                f"这个联办事项中没有键为“{key[:64]}”的成员，可用的有：{'、'.join(keys)}。",
                code="unknown-member",
            )


def _member(one: Taken, found: Together, clock: Clock | None) -> dict[str, Any]:
    limit, whose = one.limit("promised")
    return {
        "key": one.key,
        "item": one.member["item"],
        "name": one.content.get("name"),
        "status": one.status,
        "after": list(found.after.get(one.key, ())),
        "condition": one.member.get("condition"),
        "limit": limit,
        "limit_of": whose,
        "promised": _run(one.key, found.promised, clock),
        "statutory": _run(one.key, found.statutory, clock),
    }


def _run(key: str, plan: Plan, clock: Clock | None) -> dict[str, Any] | None:
    slot: Slot | None = plan.slots.get(key)
    if slot is None:
        return None
    shown = {**asdict(slot), "critical": key in plan.critical}
    return shown | ({"due": clock.due(slot.finish) if key in clock.took else None} if clock else {})


def _time(plan: Plan, clock: Clock | None) -> dict[str, Any]:
    shown = {
        "serial": plan.serial,
        "parallel": plan.parallel,
        "critical": list(plan.critical),
        "uncounted": list(plan.uncounted),
        "at_least": plan.at_least,
    }
    if clock is None:
        return shown
    undue = clock.undue(plan)
    return shown | {"due": None if undue else clock.due(plan.parallel), "undue": undue}
