"""What the public reports, and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from sqlmodel import Session

from app import log
from app.auth.signing_in import Present
from app.deps import ReadSession, RegistryOf, address_of
from app.errors import RegistryError
from app.feedback.models import Feedback
from app.feedback.reporting import KINDS, STATES, answer, closed, dismiss, waiting
from app.versions.queries import moment, today
from app.web.office.pages import show
from app.web.office.visiting import Form, Visitor, go
from app.web.rendering import gaps
from app.web.subjects import names

router = APIRouter()
MOST, ENDED = 200, 50
Number = Annotated[str, Query(max_length=40)]


@router.get("/office/feedback")
def list_feedback(
    request: Request, session: ReadSession, present: Visitor, answered: Number = "", aside: Number = ""
) -> Response:
    """``answered``, ``aside``: what was just closed, and how."""
    return _page(request, session, present, done={"answered": answered, "aside": aside})


@router.post("/office/feedback/{number}")
def answer_feedback(
    request: Request,
    registry: RegistryOf,
    present: Visitor,
    number: Annotated[str, Path(max_length=40)],
    form: Form,
) -> Response:
    """The answer is public to whoever has the number. ``do``: dismiss sets aside what is about nothing here."""
    aside = form.get("do") == "dismiss"
    try:
        with registry.database.writing() as session:
            if aside:
                found = dismiss(session, present.actor, number)
            else:
                found = answer(session, present.actor, number, form.get("answer"))
            log.record_access(
                session.connection(),
                "feedback-dismissed" if aside else "feedback-answered",
                account=present.actor.account,
                subject=found.number,
                address=address_of(request),
            )
    except RegistryError as error:
        if error.status in (403, 404):
            raise
        with registry.database.reading() as session:
            return _page(request, session, present, number, form.get("answer"), error)
    return go(f"/office/feedback?{'aside' if aside else 'answered'}={found.number}")


def _told(one: Feedback) -> dict[str, Any]:
    ended = moment(one.answered_at) if one.answered_at else None
    return {**one.model_dump(), "at": moment(one.created_at), "ended": ended}


def _page(
    request: Request,
    session: Session,
    present: Present,
    number: str = "",
    written: str = "",
    error: RegistryError | None = None,
    done: Mapping[str, str] | None = None,
) -> Response:
    found, ended = waiting(session, present.actor, MOST), closed(session, present.actor, ENDED)
    return show(
        request,
        session.connection(),
        present,
        "feedback.html",
        status=error.status if error else 200,
        said=error.message if error else "",
        number=number,
        written=written,
        done=gaps(dict(done or {})),
        found=[_told(one) for one in found],
        ended=[_told(one) for one in ended],
        states=STATES,
        names=names(session.connection(), [one.item or "" for one in (*found, *ended)], today()),
        kinds=KINDS,
        most=MOST,
        most_ended=ENDED,
    )
