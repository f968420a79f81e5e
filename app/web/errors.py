"""Errors as pages, for people with a browser; everything else gets a problem document."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from fastapi import Request, Response
from sqlalchemy.exc import SQLAlchemyError

from app.deps import Registry
from app.exchange.progress import unfinished
from app.versions.queries import today
from app.versions.visibility import is_public
from app.web.office.doors.troubles import is_office, trouble
from app.web.rendering import SECURITY, Here, goes_on, spoken
from app.web.subjects import names


def page(request: Request, status: int, message: str, detail: dict[str, Any]) -> Response:
    """A page that says what is wrong and what to do; the holders of a code as links, where there are several."""
    day = today()
    # Where too much is asked already, an answer that says so asks no more of the database.
    asking = status not in (429, 503)
    if asking and is_office(request.url.path):
        try:
            return trouble(request, status, message)
        except SQLAlchemyError:
            asking = False
    holders, importing = _from_registry(request, detail, day) if asking else ([], None)
    here = Here(request, day, day)
    html = (
        spoken()
        .get_template("error.html")
        .render(
            here=here,
            unfinished=importing,
            status=status,
            message=message,
            holders=holders,
            words=_words(request),
        )
    )
    headers = SECURITY | goes_on(here) | {"Cache-Control": "no-store", "Vary": "Accept"}
    return Response(
        html.encode("utf-8", "replace"), status, media_type="text/html; charset=utf-8", headers=headers
    )


def _from_registry(
    request: Request, detail: dict[str, Any], day: str
) -> tuple[list[dict[str, Any]], str | None]:
    """What an error page shows of the registry; without it where the database itself is the trouble."""
    registry: Registry = request.app.state.registry
    try:
        with registry.database.reading() as session:
            connection = session.connection()
            shown = [one for one in detail.get("holders", []) if is_public(connection, one)]
            known = names(connection, shown, day)
            return [{"id": one, "name": known.get(one)} for one in shown], unfinished(connection)
    except SQLAlchemyError:
        return [], None


def _words(request: Request) -> str:
    """What the reader seems to have looked for: the last part of the address."""
    asked = request.query_params.get("q") or unquote(request.url.path.rstrip("/").rsplit("/", 1)[-1])
    return asked[:100].replace("\0", "")
