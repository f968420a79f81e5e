"""What the application asks of the pages before any page is loaded: who wants one, and where to send them."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import Request, Response

from app.manners import weights_in

SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
"""On every page. No script at all is allowed, ours included, but where a page asks for one (``SCRIPTED``)."""
SCRIPTED = f"{SECURITY['Content-Security-Policy']}; script-src 'self'; connect-src 'self'"
"""The policy of a page with a script: ours alone, from this very site, talking to it alone."""

MACHINES = ("/api", "/healthz", "/readyz", "/metrics", "/docs", "/redoc", "/openapi.json", "/static-docs")
"""Addresses that programs ask; their errors are never pages."""
LINKED = ("/api/v1/files/", "/docs/")
"""Those of them that pages link to, or that are pages: a browser that follows the link is answered with a page."""


ANSWERS = "answers"
"""Under this name the application keeps what answers which kind of ``Elsewhere``."""


def wants_page(request: Request) -> bool:
    """Whether this is a page's address and HTML is preferred to JSON."""
    path = request.url.path
    is_machine = any(path == machine or path.startswith(machine + "/") for machine in MACHINES)
    if is_machine and not path.startswith(LINKED):
        return False
    accepted = weights_in(request.headers.get("accept", ""))
    html = max(accepted.get("text/html", 0.0), accepted.get("application/xhtml+xml", 0.0))
    json = max(accepted.get("application/json", 0.0), accepted.get("application/problem+json", 0.0))
    return html > 0 and html >= json


class Elsewhere(Exception):
    """Go on at another address of the office."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


def go(path: str, **headers: str) -> Response:
    """After a post: read the page anew, so that a reload repeats nothing."""
    return Response(
        status_code=303,
        headers={
            **SECURITY,
            "Location": quote(path, safe="/?&=%-._~#"),
            "Cache-Control": "no-store",
            **headers,
        },
    )


async def elsewhere(request: Request, error: Elsewhere) -> Response:
    """As those who raise it have said of its kind (``answers``, when they were included); else on to the address."""
    answer = getattr(request.app.state, ANSWERS, {}).get(type(error))
    return await answer(request, error) if answer else go(error.path)
