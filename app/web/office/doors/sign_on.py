"""Signing in by the government's own provider: to it, and back from it; signing out, there too."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.auth import sign_on, signing_in
from app.auth.provider import Provider, Terms
from app.auth.sign_on import Pairs
from app.deps import Registry, RegistryOf, address_of, base_of
from app.errors import Forbidden, NotFound, RegistryError, Unavailable
from app.settings import Settings
from app.web.office.doors.crowding import BY_PROVIDER
from app.web.office.doors.packing import kept_in, unpacked
from app.web.office.doors.pages import show
from app.web.office.doors.signing import admit_cookie, ask_to_sign_in, go_on
from app.web.office.doors.visiting import COOKIE, VISITED, Form, Visitor, go, is_loopback, own_address

router = APIRouter()
BACK = "/office/sign-on"
BEGUN = "qingdan_sign_on"
"""The cookie of a browser that is on its way to the provider."""
Told = Annotated[str, Query(max_length=4000)]


@lru_cache(maxsize=4)
def _provider(terms: Terms) -> Provider:
    return Provider(terms)


def provider_of(settings: Settings) -> Provider:
    """Raises NotFound where none is set."""
    if not (settings.oidc_issuer and settings.oidc_client_id):
        raise NotFound("没有设置统一身份认证，请用本系统的账号登录。", code="no-provider")
    return _provider(
        Terms(settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret, settings.oidc_ca)
    )


@router.post("/office/sign-on", dependencies=[BY_PROVIDER, VISITED])
def begin(request: Request, registry: RegistryOf, form: Form) -> Response:
    """To the provider; a form that waits for the sign-in waits here meanwhile."""
    provider, onward, kept = (
        provider_of(registry.settings),
        own_address(form.get("next")),
        kept_in(form.pairs),
    )
    try:
        metadata = provider.metadata()
        with registry.database.writing() as session:
            whose = signing_in.whose(session, request.cookies.get(COOKIE))
            waits = kept if whose is not None and whose == unpacked(kept).account else []
            begun = sign_on.begin(session, provider, metadata, base_of(request) + BACK, onward, waits)
    except RegistryError as error:
        return _refused(request, registry, error, onward, kept)
    answer = leaving(request, registry, begun.address, "正在转到")
    answer.set_cookie(
        BEGUN,
        begun.cookie,
        path=BACK,
        max_age=600,
        httponly=True,
        samesite="lax",
        secure=not is_loopback(request),
    )
    return answer


def _refused(
    request: Request, registry: Registry, error: RegistryError, onward: str, kept: Pairs
) -> Response:
    after = error.retry_after if isinstance(error, Unavailable) else None
    return ask_to_sign_in(request, registry, error.message, onward, kept, status=error.status, after=after)


def leaving(request: Request, registry: Registry, address: str, said: str) -> Response:
    """A page that goes on to the provider by itself: a redirect of a posted form would be held up by our own
    ``form-action``."""
    with registry.database.reading() as session:
        answer = show(request, session.connection(), None, "doors/leaving.html", address=address, said=said)
    answer.headers["Refresh"] = f"0;url={address}"
    return answer


@router.get("/office/sign-on", dependencies=[BY_PROVIDER, VISITED])
def come_back(
    request: Request,
    registry: RegistryOf,
    state: Told = "",
    code: Told = "",
    iss: Told = "",
    error: Told = "",
) -> Response:
    """From the provider: with a code that is changed for who it is, or with its refusal."""
    provider, address = provider_of(registry.settings), address_of(request)
    onward, kept, cookie = "", Pairs(), request.cookies.get(BEGUN)
    try:
        with registry.database.reading() as session:
            sign_on.begun(session, state, cookie)
    except Forbidden as unknown:
        return _turned_away(request, registry, unknown, onward, kept)
    try:
        with registry.database.writing() as session:
            way = sign_on.take_up(session, state, cookie)
            onward, back, nonce, verifier = way.onward, way.back, way.nonce, way.verifier
            kept = [(name, value) for name, value in json.loads(way.kept)]
        if iss and iss != provider.terms.issuer:  # RFC 9207
            raise Forbidden("统一身份认证的答复不是所设置的那一家给的，请重新登录。", code="provider-refused")
        if error or not code:
            raise Forbidden("统一身份认证没有同意登录，请重试或用本系统的账号登录。", code="provider-refused")
        person = provider.person(code, back, nonce, verifier)
    except Unavailable as away:
        # Whoever has waited for the provider is not to wait for the writer's place, too.
        return _turned_away(request, registry, away, onward, kept)
    except RegistryError as refused:
        with registry.database.writing() as session:
            sign_on.refused(session, refused.code, address)
        return _without_cookie(_refused(request, registry, refused, onward, kept))
    with registry.database.writing() as session:
        text, said = sign_on.admit(session, person, address, request.headers.get("user-agent", ""))
    if text is None:
        return _without_cookie(ask_to_sign_in(request, registry, said, onward, kept, status=403))
    answer = go_on(request, registry, text, kept) or go(onward or "/office")
    return _without_cookie(admit_cookie(request, answer, text))


@router.post("/office/sign-out")
def sign_out(request: Request, registry: RegistryOf, present: Visitor) -> Response:
    """Here; and, for who came in by the government's own sign-on, there too."""
    with registry.database.writing() as session:
        signing_in.sign_out(session, present)
    answer = (_out_there(request, registry) if present.by == "oidc" else None) or go("/office/sign-in")
    answer.delete_cookie(COOKIE, path="/office")
    return answer


def _out_there(request: Request, registry: Registry) -> Response | None:
    try:
        end = provider_of(registry.settings).end_address(base_of(request) + "/office/sign-in")
    except RegistryError:  # the provider is away, or set no more: signed out here all the same
        return None
    return leaving(request, registry, end, "已经退出办公室，还要退出") if end else None


def _turned_away(
    request: Request, registry: Registry, error: RegistryError, onward: str, kept: Pairs
) -> Response:
    """Noted without the writer's place."""
    note = f"oidc {error.code}"
    registry.noting.note("sign-in-refused", subject=None, address=address_of(request), note=note)
    return _without_cookie(_refused(request, registry, error, onward, kept))


def _without_cookie(answer: Response) -> Response:
    answer.delete_cookie(BEGUN, path=BACK)
    return answer
