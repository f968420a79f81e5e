"""Rounds as published."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app.api.shapes import answer_value
from app.changes.queries import round_of, rounds
from app.deps import KnownAt, ReadSession

router = APIRouter(tags=["rounds"])


@router.get("/rounds", response_model=None)
def list_rounds(request: Request, session: ReadSession, known: KnownAt) -> Response:
    """Published cleanup rounds, newest first, with how many items each outcome took."""
    return answer_value(request, {"rounds": rounds(session.connection(), known)})


@router.get("/rounds/{round_id}", response_model=None)
def get_round(request: Request, session: ReadSession, round_id: str, known: KnownAt) -> Response:
    """A round: its document, scope and every decision."""
    return answer_value(request, round_of(session.connection(), round_id, known))
