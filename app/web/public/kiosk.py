"""For touch screens in a hall: large type and buttons, nothing that leads away, back to the start when left alone."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.deps import AskedOn, ReadSession, RegistryOf
from app.web.display import COOKIE, YEAR_SECONDS
from app.web.public.themes import themes_on
from app.web.rendering import SECURITY, render

router = APIRouter()


@router.api_route("/kiosk", methods=["GET", "HEAD"])
def show_kiosk(
    request: Request,
    registry: RegistryOf,
    session: ReadSession,
    asked: AskedOn,
    leave: Annotated[bool, Query()] = False,
) -> Response:
    """The start page; the screen is a kiosk from now on, until ``?leave=1``."""
    if leave:
        answer = Response(status_code=303, headers=SECURITY | {"Location": "/", "Cache-Control": "no-store"})
        answer.delete_cookie(COOKIE)
        return answer
    connection = session.connection()
    themes = themes_on(registry, connection, asked.on)
    answer = render(request, connection, asked, "kiosk.html", display=("large", "kiosk"), themes=themes)
    answer.headers["Cache-Control"] = "no-store"
    answer.set_cookie(COOKIE, "large.kiosk", max_age=YEAR_SECONDS, httponly=True, samesite="lax")
    return answer
