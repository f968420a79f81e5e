"""What went wrong, told in the office's own look: with the name of whoever is signed in, a way back, and the form that
was posted, so that nothing typed is lost."""

from __future__ import annotations

from fastapi import Request, Response
from sqlmodel import Session

from app.auth import signing_in
from app.auth.signing_in import Present
from app.deps import Registry
from app.errors import Unauthenticated
from app.settings import Settings
from app.web.office.doors.packing import Kept, action_of, is_secretive
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import COOKIE, limits_of, policy_of


def is_office(path: str) -> bool:
    return path == "/office" or path.startswith("/office/")


def trouble(request: Request, status: int, message: str) -> Response:
    """The page for an error at an address of the office. Asks the database, whose errors it raises."""
    registry: Registry = request.app.state.registry
    with registry.database.reading() as session:
        present = _visitor(session, request.cookies.get(COOKIE), registry.settings)
        if present and (form := _posted(request, present)):
            return show(
                request,
                session.connection(),
                present,
                "doors/continue.html",
                status=status,
                waiting=form,
                own=True,
                why=message,
                refused=status in (403, 404),
            )
        return show(
            request,
            session.connection(),
            present,
            "doors/error.html",
            status=status,
            code=status,
            message=message,
        )


def _posted(request: Request, present: Present) -> Kept | None:
    """The form that was posted here, where it may be posted again from the page that says what is wrong."""
    where = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    form, action = getattr(request.state, "posted", None), action_of(where)
    if form is None or not action or is_secretive(where):
        return None
    return Kept(where, action, present.actor.account, form.pairs)


def _visitor(session: Session, cookie: str | None, settings: Settings) -> Present | None:
    """Who is signed in, if anybody: an address that is not there asks nobody to sign in."""
    try:
        return signing_in.who(session, cookie, policy_of(settings), limits_of(settings))
    except Unauthenticated:
        return None
