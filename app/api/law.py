"""Instruments (法律法规文件) and what rests on them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.api.items import AfterQuery, LimitQuery
from app.api.places import SubjectPath, listing, subject_answer
from app.api.shapes import PageShape, answer_value
from app.deps import AskedOn, KnownAt, ReadSession
from app.items.queries import Filter
from app.law.queries import IN_FORCE, cited_but_not_in_force, resting_on

router = APIRouter(tags=["law"])


@router.get("/instruments", response_model=None, responses={200: {"model": PageShape}})
def list_instruments(
    request: Request,
    session: ReadSession,
    asked: AskedOn,
    title: Annotated[str | None, Query(description="titles that contain this")] = None,
    rank: Annotated[str | None, Query(description="law, administrative_regulation, ...")] = None,
    after: AfterQuery = None,
    limit: LimitQuery = 100,
) -> Response:
    """Laws, regulations and documents on a day; `status` unknown where its force is not known."""
    wanted = Filter(on=asked.on, kind="instrument", name_contains=title, type=rank)
    return listing(request, session, asked, wanted, after, limit)


@router.get("/instruments/out-of-force", response_model=None)
def list_out_of_force(
    request: Request, session: ReadSession, asked: AskedOn, limit: LimitQuery = 500
) -> Response:
    """Items in force on a day that still cite an instrument that is not."""
    found = cited_but_not_in_force(session.connection(), asked.on, limit)
    return answer_value(request, {"on": asked.on, "citations": found})


@router.get("/instruments/{instrument}", response_model=None)
def get_instrument(
    request: Request, session: ReadSession, instrument: SubjectPath, asked: AskedOn, known: KnownAt
) -> Response:
    """An instrument as worded on a day, and whether it is in force: yes, no or unknown."""
    body = subject_answer(session.connection(), "instrument", instrument, asked.on, known, asked.today)
    body["in_force"] = IN_FORCE[body["status"]]
    return answer_value(request, body)


@router.get("/instruments/{instrument}/items", response_model=None)
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
    rows = resting_on(session.connection(), instrument, asked.on, article, after, limit)
    return answer_value(request, {"on": asked.on, "instrument": instrument, "items": rows})
