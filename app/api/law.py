"""Instruments (法律法规文件) and what rests on them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from app.api.pages import AfterQuery, AskedList, LimitQuery, Statuses
from app.api.places import SubjectPath, subject_answer
from app.api.shapes import NamedShape, PageShape, SubjectShape, answer_value, next_link
from app.deps import AskedOn, KnownAt, ReadSession
from app.law.content import Rank
from app.law.queries import IN_FORCE, cited_but_not_in_force, resting_on
from app.listing import Filter
from app.versions.codes import subject_id

router = APIRouter(tags=["law"])


@router.get("/instruments", response_model=None, responses={200: {"model": PageShape}})
def list_instruments(
    asked: Annotated[AskedList, Depends()],
    title: Annotated[str | None, Query(description="titles that contain this")] = None,
    rank: Annotated[Rank | None, Query(description="law, administrative_regulation, ...")] = None,
    status: Statuses = None,
    after: AfterQuery = None,
    limit: LimitQuery = 100,
) -> Response:
    """Laws, regulations and documents on a day; `status` unknown where its force is not known."""
    wanted = Filter(
        on=asked.on, kind="instrument", name_contains=title, type=rank, statuses=tuple(status or ())
    )
    return asked.answer(wanted, after, limit)


class LostBasisShape(NamedShape):
    """An item in force, and an instrument it cites that is not."""

    role: str = Field(description="setting, implementing, supervising, fee, material")
    article: str | None = Field(description="article as written")
    instrument: str = Field(description="id of the instrument")
    title: str | None = Field(description="its title")
    status: str = Field(description="ended, or not_yet")
    since: str | None = Field(description="the day since which it is so")


class LostBasesShape(BaseModel):
    on: str = Field(description="the day this answers for")
    citations: list[LostBasisShape] = Field(description="by item")


@router.get("/instruments/out-of-force", response_model=None, responses={200: {"model": LostBasesShape}})
def list_out_of_force(
    request: Request, session: ReadSession, asked: AskedOn, limit: LimitQuery = 500
) -> Response:
    """Items in force on a day that still cite an instrument that is not."""
    found = cited_but_not_in_force(session.connection(), asked.on, limit)
    return answer_value(request, {"on": asked.on, "citations": found})


class InstrumentShape(SubjectShape):
    """An instrument on a day."""

    in_force: str = Field(description="yes, no, or unknown; never guessed")


@router.get("/instruments/{instrument}", response_model=None, responses={200: {"model": InstrumentShape}})
def get_instrument(
    request: Request, session: ReadSession, instrument: SubjectPath, asked: AskedOn, known: KnownAt
) -> Response:
    """An instrument as worded on a day, and whether it is in force: yes, no or unknown."""
    body = subject_answer(session.connection(), "instrument", instrument, asked.on, known, asked.today)
    body["in_force"] = IN_FORCE[body["status"]]
    return answer_value(request, body)


class RestingShape(NamedShape):
    """A citation of the instrument."""

    kind: str = Field(description="item, or entry (基本目录事项)")
    status: str = Field(description="in_force, suspended, ended, unknown")
    role: str = Field(description="setting, implementing, supervising, fee, material")
    article: str | None = Field(description="article as written")
    authority: str | None = Field(description="id of the 实施机关")


class RestingPageShape(BaseModel):
    on: str = Field(description="the day this answers for")
    instrument: str = Field(description="id of the instrument")
    items: list[RestingShape] = Field(description="one row a citation; `limit` counts subjects")
    next: str | None = Field(description="pass as `after` for the next page; none on the last")


@router.get(
    "/instruments/{instrument}/items", response_model=None, responses={200: {"model": RestingPageShape}}
)
def list_resting(
    request: Request,
    session: ReadSession,
    instrument: SubjectPath,
    asked: AskedOn,
    article: Annotated[str | None, Query(description="only this article, as written: 第十二条")] = None,
    after: AfterQuery = None,
    limit: LimitQuery = 100,
) -> Response:
    """What rests on this instrument, or on one article of it, on a day."""
    connection = session.connection()
    found = subject_id(connection, "instrument", instrument, asked.on)
    rows = resting_on(connection, found, asked.on, article, after, limit + 1)
    subjects = list(dict.fromkeys(row["id"] for row in rows))
    following = subjects[limit - 1] if len(subjects) > limit else None
    shown = [row for row in rows if following is None or row["id"] <= following]
    body = {"on": asked.on, "instrument": found, "items": shown, "next": following}
    return answer_value(request, body, headers=next_link(request, following))
