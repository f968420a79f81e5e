"""What the public reports, and its answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from sqlmodel import Session

from app import log
from app.auth.signing_in import Present
from app.deps import ReadSession, RegistryOf, address_of
from app.errors import RegistryError
from app.feedback.reporting import KINDS, answer, waiting
from app.versions.queries import moment, today
from app.web.office.pages import show
from app.web.office.visiting import Form, Visitor, go
from app.web.subjects import names

router = APIRouter()
MOST = 200


@router.get("/office/feedback")
def list_feedback(request: Request, session: ReadSession, present: Visitor) -> Response:
    return _page(request, session, present)


@router.post("/office/feedback/{number}")
def answer_feedback(
    request: Request,
    registry: RegistryOf,
    present: Visitor,
    number: Annotated[str, Path(max_length=40)],
    form: Form,
) -> Response:
    """The answer is public to whoever has the number."""
    try:
        with registry.database.writing() as session:
            found = answer(session, present.actor, number, form.get("answer"))
            log.record_access(
                session.connection(),
                "feedback-answered",
                account=present.actor.account,
                subject=found.number,
                address=address_of(request),
            )
    except RegistryError as error:
        if error.status in (403, 404):
            raise
        with registry.database.reading() as session:
            return _page(request, session, present, number, form.get("answer"), error)
    return go("/office/feedback")


def _page(
    request: Request,
    session: Session,
    present: Present,
    number: str = "",
    written: str = "",
    error: RegistryError | None = None,
) -> Response:
    found = waiting(session, present.actor, MOST)
    return show(
        request,
        session.connection(),
        present,
        "feedback.html",
        status=error.status if error else 200,
        said=error.message if error else "",
        number=number,
        written=written,
        found=[{**one.model_dump(), "at": moment(one.created_at)} for one in found],
        names=names(session.connection(), [one.item or "" for one in found], today()),
        kinds=KINDS,
        most=MOST,
    )
