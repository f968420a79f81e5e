"""Signing in; one's own account: password, authenticator, sessions."""

from __future__ import annotations

from textwrap import wrap
from typing import Annotated
from urllib.parse import quote

import pyotp
import segno
from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session

from app.auth import signing_in
from app.auth.accounts import account_by_id, tokens_of
from app.auth.actor import SUBSCRIBE
from app.auth.own_tokens import DAYS
from app.auth.signing_in import Present
from app.deps import ReadSession, Registry, RegistryOf, address_of, base_of
from app.errors import RegistryError, Unavailable
from app.versions.queries import moment
from app.web.office.doors.crowding import BY_PASSWORD
from app.web.office.doors.packing import Pairs, kept_in, unpacked
from app.web.office.doors.pages import show
from app.web.office.doors.token_rows import SCOPES, token_rows
from app.web.office.doors.visiting import (
    COOKIE,
    LONGEST_NEXT,
    VISITED,
    Form,
    Posted,
    Visitor,
    go,
    is_loopback,
    limits_of,
    loses_the_cookie,
    number_in,
    own_address,
    policy_of,
)

router = APIRouter()
Next = Annotated[str, Query(max_length=LONGEST_NEXT)]
"""Where to go on once one is signed in."""
CHANGED = "2"
_AGAIN = {"1": "登录已过期，请重新登录。", CHANGED: "密码已改，请用新密码登录。"}
"""Why one is to sign in again, by what the address says of it."""


@router.get("/office/sign-in", dependencies=[VISITED])
def sign_in_page(
    request: Request,
    session: ReadSession,
    next: Next = "",
    over: Annotated[str, Query(max_length=1)] = "",
) -> Response:
    return _sign_in(
        request, session, said=_AGAIN.get(over, ""), good=over == CHANGED, onward=own_address(next)
    )


def _sign_in(
    request: Request,
    session: Session,
    *,
    said: str = "",
    good: bool = False,
    name: str = "",
    onward: str = "",
    kept: Pairs = (),  # type: ignore[assignment]
    status: int = 200,
) -> Response:
    return show(
        request,
        session.connection(),
        None,
        "doors/sign-in.html",
        status=status,
        said=said,
        good=good,
        name=name[:100],
        next=onward,
        lost=loses_the_cookie(request),
        kept=kept,
        action=unpacked(kept).action if kept else "",
    )


def ask_to_sign_in(
    request: Request,
    registry: Registry,
    said: str,
    onward: str,
    kept: Pairs,
    *,
    status: int,
    name: str = "",
    after: int | None = None,
) -> Response:
    """The page to sign in on, with what keeps one out; a form that waits goes on waiting in it. ``after``: seconds
    until it is worth another try, where that is known."""
    with registry.database.reading() as session:
        answer = _sign_in(request, session, said=said, name=name, onward=onward, kept=kept, status=status)
    if after:
        answer.headers["Retry-After"] = str(after)
    return answer


@router.post("/office/sign-in", dependencies=[BY_PASSWORD, VISITED])
def sign_in(request: Request, registry: RegistryOf, form: Form) -> Response:
    name, onward = form.get("name").strip(), own_address(form.get("next"))
    agent = request.headers.get("user-agent", "")
    kept = kept_in(form.pairs)
    try:
        text, said = signing_in.sign_in(
            registry.database, name, form.get("password"), address_of(request), agent
        )
    except Unavailable as error:
        said, status, after = error.message, error.status, error.retry_after
        return ask_to_sign_in(request, registry, said, onward, kept, status=status, name=name, after=after)
    if text is None:
        return ask_to_sign_in(request, registry, said, onward, kept, status=403, name=name)
    answer = go_on(request, registry, text, kept) or go(onward or "/office")
    return admit_cookie(request, answer, text)


def admit_cookie(request: Request, answer: Response, text: str) -> Response:
    """The answer with the session's cookie."""
    answer.set_cookie(
        COOKIE, text, path="/office", httponly=True, samesite="lax", secure=not is_loopback(request)
    )
    return answer


@router.get("/office/code")
def code_page(request: Request, session: ReadSession, present: Visitor, next: Next = "") -> Response:
    onward = own_address(next)
    return show(request, session.connection(), present, "doors/code.html", said="", kept=[], next=onward)


@router.post("/office/code")
def give_code(request: Request, registry: RegistryOf, present: Visitor, form: Form) -> Response:
    with registry.database.writing() as session:
        said = signing_in.give_code(session, present, form.get("code"), address_of(request))
    kept, onward = kept_in(form.pairs), own_address(form.get("next"))
    if not said:
        return go_on(request, registry, request.cookies.get(COOKIE, ""), kept) or go(onward or "/office")
    with registry.database.reading() as session:
        connection = session.connection()
        return show(
            request, connection, present, "doors/code.html", status=403, said=said, kept=kept, next=onward
        )


def go_on(request: Request, registry: Registry, text: str, kept: Pairs) -> Response | None:
    """The form that waited for the sign-in, to be posted on; first the second factor. None where none waited."""
    waiting = unpacked(kept)
    if not own_address(waiting.where) or not waiting.action:
        return None
    settings = registry.settings
    with registry.database.reading() as session:
        present = signing_in.who(session, text, policy_of(settings), limits_of(settings))
        connection = session.connection()
        if present.step:
            return owed_page(request, session, registry, present, kept)
        own = present.actor.account == waiting.account  # else another's work would go out under this name
        return show(
            request,
            connection,
            present,
            "doors/continue.html",
            status=200 if own else 403,
            waiting=waiting,
            own=own,
            why="",
        )


def owed_page(
    request: Request, session: Session, registry: Registry, present: Present, kept: Pairs, status: int = 200
) -> Response:
    """Where the session pays what it owes, with the form that waits for it."""
    if present.step == "code":
        return show(
            request,
            session.connection(),
            present,
            "doors/code.html",
            status=status,
            said="",
            kept=kept,
            next="",
        )
    return show_account(request, session, registry, present, kept=kept, status=status)


@router.get("/office/account")
def account_page(
    request: Request, session: ReadSession, registry: RegistryOf, present: Visitor, next: Next = ""
) -> Response:
    return show_account(request, session, registry, present, onward=own_address(next))


@router.post("/office/account/password")
def change_password(request: Request, registry: RegistryOf, present: Visitor, form: Form) -> Response:
    kept, onward = kept_in(form.pairs), own_address(form.get("next"))
    try:
        if form.get("new") != form.get("again"):
            return _again(request, registry, present, "两次输入的新密码不一样。", kept, onward)
        policy = policy_of(registry.settings)
        signing_in.change_password(
            registry.database, present, form.get("old"), form.get("new"), policy, address_of(request)
        )
    except RegistryError as error:
        return _again(request, registry, present, error.message, kept, onward)
    answer = go(f"/office/sign-in?over={CHANGED}&next={quote(onward, safe='/')}")
    if unpacked(kept).action:
        said = "密码已改。刚才填的还没有保存，请用新密码登录，然后继续保存。"
        answer = ask_to_sign_in(request, registry, said, "", kept, status=200, name=present.actor.name)
    answer.delete_cookie(COOKIE, path="/office")
    return answer


@router.post("/office/account/totp")
def change_totp(request: Request, registry: RegistryOf, present: Visitor, form: Form) -> Response:
    """``do``: begin (a secret), confirm (with a code), end (with the password)."""
    try:
        if form.get("do") == "end":
            signing_in.end_totp(registry.database, present, form.get("password"), address_of(request))
            return go("/office/account")
        with registry.database.writing() as session:
            match form.get("do"):
                case "begin":
                    address = signing_in.begin_totp(session, present)
                    return show_account(request, session, registry, present, totp=address)
                case "confirm":
                    signing_in.confirm_totp(session, present, form.get("code"))
    except RegistryError as error:
        return _again(request, registry, present, error.message, waits=form.get("do") == "confirm")
    return go("/office/account")


@router.post("/office/account/sessions")
def end_others(request: Request, registry: RegistryOf, present: Visitor, form: Form) -> Response:
    """``session``: the one to end, none: all but this one."""
    number = form.get("session")
    try:
        with registry.database.writing() as session:
            if number:
                signing_in.end_session(session, present, number_in(number))
            else:
                account = account_by_id(session, present.actor.account or 0)
                signing_in.end_sessions(session, account, keep=present.session)
    except RegistryError as error:
        return _again(request, registry, present, error.message)
    return go("/office/account")


def _again(
    request: Request,
    registry: RegistryOf,
    present: Present,
    said: str,
    kept: Pairs = (),  # type: ignore[assignment]
    onward: str = "",
    waits: bool = False,
) -> Response:
    """``waits``: for the first code of an authenticator, whose secret is shown again."""
    with registry.database.reading() as session:
        totp = signing_in.begun_totp(session, present) if waits else ""
        return show_account(
            request, session, registry, present, said=said, totp=totp, kept=kept, onward=onward, status=422
        )


def show_account(
    request: Request,
    session: Session,
    registry: Registry,
    present: Present,
    *,
    said: str = "",
    totp: str = "",
    token: str = "",
    form: Posted | None = None,
    kept: Pairs = (),  # type: ignore[assignment]
    onward: str = "",
    status: int = 200,
) -> Response:
    """One's own account. ``token``: one that was just made; ``form``: that of a token that was refused."""
    settings, account = registry.settings, present.actor.account or 0
    limits = limits_of(settings)
    opened = [
        {
            "id": row.id,
            "since": moment(row.created_at),
            "seen": moment(row.seen_at),
            "address": row.address,
            "agent": row.agent,
            "own": row.id == present.session,
        }
        for row in signing_in.open_sessions(session, account)
        if signing_in.is_live(row, limits)
    ]
    return show(
        request,
        session.connection(),
        present,
        "doors/account.html",
        status=status,
        said=said,
        totp=totp,
        kept=kept,
        next=onward,
        action=unpacked(kept).action if kept else "",
        qr=_modules(totp) if totp else None,
        secret=" ".join(wrap(pyotp.parse_uri(totp).secret, 4)) if totp else "",
        given=signing_in.is_given(session, account),
        has_password=signing_in.has_password(session, account),
        has_totp=signing_in.has_totp(session, account),
        sessions=opened,
        policy=settings.password_policy,
        tokens=token_rows(tokens_of(session, account), present.actor.rights),
        scopes={name: words for name, words in SCOPES.items() if name in {*present.actor.rights, SUBSCRIBE}},
        days=DAYS,
        past_shown=20,
        token=token,
        sample=_sample(form.all("scope")) if form else "",
        form=form or Posted([]),
        base=base_of(request),
    )


def _sample(scopes: list[str]) -> str:
    """What a token that may do this can be tried with, in the API."""
    if not scopes:
        return "items?limit=1"
    return "webhooks" if scopes == [SUBSCRIBE] else "changesets?limit=1"


def _modules(text: str) -> list[tuple[int, int]]:
    """Places of the dark modules of a QR code, a light border of four included; the page draws them."""
    code = segno.make(text, error="m", micro=False)
    return [(x, y) for y, row in enumerate(code.matrix_iter(border=4)) for x, dark in enumerate(row) if dark]
