"""What went wrong, told in the office's own look: with the name of whoever is signed in, and a way back."""

from __future__ import annotations

from fastapi import Request, Response
from sqlmodel import Session

from app.auth import signing_in
from app.auth.signing_in import Present
from app.deps import Registry
from app.errors import Unauthenticated
from app.settings import Settings
from app.web.office.pages import show
from app.web.office.visiting import COOKIE, limits_of, policy_of


def is_office(path: str) -> bool:
    return path == "/office" or path.startswith("/office/")


def trouble(request: Request, status: int, message: str) -> Response:
    """The page for an error at an address of the office. Asks the database, whose errors it raises."""
    registry: Registry = request.app.state.registry
    with registry.database.reading() as session:
        present = _visitor(session, request.cookies.get(COOKIE), registry.settings)
        return show(
            request,
            session.connection(),
            present,
            "error.html",
            status=status,
            code=status,
            message=message,
        )


def _visitor(session: Session, cookie: str | None, settings: Settings) -> Present | None:
    """Who is signed in, if anybody: an address that is not there asks nobody to sign in."""
    try:
        return signing_in.who(session, cookie, policy_of(settings), limits_of(settings))
    except Unauthenticated:
        return None
