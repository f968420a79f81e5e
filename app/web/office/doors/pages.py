"""Pages of the office: never kept by a cache, and with the visitor's name at the top."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import Request, Response
from sqlalchemy import Connection

from app.auth.signing_in import Present
from app.changes.showing import READING
from app.errors import RegistryError
from app.exchange.progress import unfinished
from app.rounds.corrections import to_correct
from app.settings import Settings
from app.versions.queries import today
from app.web.gate import SCRIPTED
from app.web.office.doors.visiting import REFUSED, keep_refusal, rights_in_words
from app.web.rendering import SECURITY, Here, environment

PRIVATE = {**SECURITY, "Cache-Control": "private, no-store", "Vary": "Cookie"}


def show(
    request: Request,
    connection: Connection,
    present: Present | None,
    template: str,
    *,
    status: int = 200,
    said: str = "",
    error: RegistryError | None = None,
    script: str = "",
    **context: Any,
) -> Response:
    """A page of the office. ``present``: none before signing in. ``error``: why what was posted is refused; the page
    says it in the place of ``said`` and has its status. ``script``: one of our own files that makes the page nicer;
    the page works without it, and no other may run."""
    if error is not None:
        status, said = error.status, error.message
        keep_refusal(request, error)
    if status == 403 and not hasattr(request.state, REFUSED):
        setattr(request.state, REFUSED, "")
    day = today()
    html = environment.get_template(f"office/{template}").render(
        here=Here(request, day, day),
        unfinished=unfinished(connection),
        present=present,
        said=said,
        script=script,
        sign_on=_sign_on(request.app.state.registry.settings),
        reads=bool(present and present.actor.rights & READING),
        rounds_to_correct=partial(to_correct, connection),  # asked by forms that name a document
        rights=rights_in_words(present.actor.rights) if present else "",
        **context,
    )
    body = html.encode("utf-8", "replace")
    return Response(
        body,
        status,
        headers=PRIVATE | ({"Content-Security-Policy": SCRIPTED} if script else {}),
        media_type="text/html; charset=utf-8",
    )


def _sign_on(settings: Settings) -> str:
    """What people call the government's own sign-on; empty where none is set."""
    return settings.oidc_name if settings.oidc_issuer and settings.oidc_client_id else ""
