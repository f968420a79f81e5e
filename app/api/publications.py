"""Rounds as published."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field

from app.api.shapes import PaperShape, answer_value
from app.changes.queries import round_of, rounds
from app.deps import KnownAt, ReadSession

router = APIRouter(tags=["rounds"])


class RoundShape(BaseModel):
    """A published cleanup round."""

    id: str = Field(description="changeset id")
    publication: int = Field(description="log seq")
    recorded_at: str = Field(description="when it was published")
    outcomes: dict[str, int] = Field(description="how many decisions of each outcome")
    title: str = Field(description="标题")
    number: str | None = Field(None, description="第几批")
    reason: str | None = Field(None, description="why")
    document: PaperShape | None = Field(None, description="the document it rests on")
    scope: dict[str, Any] | None = Field(None, description="region, types, authorities, base day")
    synthetic: bool = Field(False, description="true for demonstration data")
    emergency: str | None = Field(None, description="published by one person, for this reason")
    unconfirmed: bool | None = Field(
        None, description="of an emergency: true until a second person has confirmed it"
    )


class RoundsShape(BaseModel):
    known_at: str = Field(description="the moment of the log entry this answer rests on")
    seq: int = Field(description="the seq of that entry; use it for permanent links")
    later_than_head: bool = Field(
        False,
        description="present where the known_at asked lies after the last entry: answered as of that entry",
    )
    rounds: list[RoundShape] = Field(description="newest first")


class RoundDecisionShape(BaseModel):
    act: int = Field(description="seq of the decision")
    subject: str = Field(description="registry id")
    name: str | None = Field(description="name of the item")
    role: str = Field(description="subject, origin, result")
    outcome: str = Field(description="retain, adjust, cancel, ...")
    effective_from: str = Field(description="施行日期")
    until: str | None = Field(description="the first day on which it no longer holds")
    voided: str | None = Field(description="error, withdrawn, or none")
    words: str | None = Field(None, description="the document's own words")
    review: dict[str, Any] | None = Field(
        None, description="proposed, opinion, findings and earlier ones: what led to the decision"
    )


class WholeRoundShape(RoundShape):
    """A round with every decision in it."""

    known_at: str = Field(description="the moment of the log entry this answer rests on")
    seq: int = Field(description="the seq of that entry; use it for permanent links")
    later_than_head: bool = Field(
        False,
        description="present where the known_at asked lies after the last entry: answered as of that entry",
    )
    decisions: list[RoundDecisionShape] = Field(description="in the order of the document")


@router.get("/rounds", response_model=None, responses={200: {"model": RoundsShape}})
def list_rounds(request: Request, session: ReadSession, known: KnownAt) -> Response:
    """Published cleanup rounds, newest first, with how many items each outcome took."""
    return answer_value(request, {"rounds": rounds(session.connection(), known), **known.told()})


@router.get("/rounds/{round_id}", response_model=None, responses={200: {"model": WholeRoundShape}})
def get_round(
    request: Request,
    session: ReadSession,
    round_id: Annotated[str, Path(max_length=40, description="changeset id of the round")],
    known: KnownAt,
) -> Response:
    """A round: its document, scope and every decision."""
    return answer_value(request, round_of(session.connection(), round_id, known) | known.told())
