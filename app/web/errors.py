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
from app.web.rendering import SECURITY, Here, environment
from app.web.subjects import names

MACHINES = ("/api", "/healthz", "/readyz", "/metrics", "/docs", "/redoc", "/openapi.json", "/static-docs")
"""Addresses that programs ask; their errors are never pages."""


def wants_page(request: Request) -> bool:
    """Whether this is a page's address and HTML is preferred to JSON."""
    path = request.url.path
    if any(path == machine or path.startswith(machine + "/") for machine in MACHINES):
        return False
    accepted = _accepted(request.headers.get("accept", ""))
    html = max(accepted.get("text/html", 0.0), accepted.get("application/xhtml+xml", 0.0))
    json = max(accepted.get("application/json", 0.0), accepted.get("application/problem+json", 0.0))
    return html > 0 and html >= json


def _accepted(header: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in header.split(",")[:50]:
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        found[name] = quality
    return found


def page(request: Request, status: int, message: str, detail: dict[str, Any]) -> Response:
    """A page that says what is wrong and what to do; the holders of a code as links, where there are several."""
    day = today()
    holders, importing = _from_registry(request, detail, day)
    html = environment.get_template("error.html").render(
        here=Here(request, day, day),
        unfinished=importing,
        status=status,
        message=message,
        holders=holders,
        words=_words(request),
    )
    headers = SECURITY | {"Cache-Control": "no-store", "Vary": "Accept"}
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
