"""What a visitor is answered with who has to sign in again, or to pay first: a page in which the posted form waits."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from app.auth import signing_in
from app.deps import Registry
from app.errors import Invalid
from app.web.gate import go
from app.web.office.doors.packing import (
    PREFIX,
    SECRET,
    WHERE,
    WHO,
    Pairs,
    PayFirst,
    SignInAgain,
    TurnedAway,
    action_of,
    is_secretive,
    unpacked,
)
from app.web.office.doors.pages import show
from app.web.office.doors.signing import ask_to_sign_in, owed_page
from app.web.office.doors.visiting import COOKIE, posted

AGAIN = "登录已过期，刚才填的还没有保存。请重新登录，然后继续保存。"


async def sign_in_again(request: Request, error: SignInAgain) -> Response:
    registry: Registry = request.app.state.registry
    return await _waiting(
        request,
        error.path,
        lambda kept: ask_to_sign_in(request, registry, AGAIN, "", kept, status=403),
    )


async def pay_first(request: Request, error: PayFirst) -> Response:
    registry: Registry = request.app.state.registry

    def page(kept: Pairs) -> Response:
        with registry.database.reading() as session:
            return owed_page(request, session, registry, error.present, kept, status=403)

    return await _waiting(request, error.path, page)


async def turned_away(request: Request, error: TurnedAway) -> Response:
    registry: Registry = request.app.state.registry

    def page(kept: Pairs) -> Response:
        with registry.database.reading() as session:
            return show(
                request,
                session.connection(),
                error.present,
                "doors/continue.html",
                status=403,
                waiting=unpacked(kept),
                own=True,
                why=error.message,
                refused=True,
            )

    return await _waiting(request, error.path, page)


async def _waiting(request: Request, path: str, page: Callable[[Pairs], Response]) -> Response:
    """The page in which the form waits; without a form that is carried, on to the address."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return go(path)
    where = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    account = await run_in_threadpool(_whose, request)
    if account is None or not action_of(where):
        return go(path)
    try:
        form = await posted(request)
    except Invalid:
        return go(path)
    secret = SECRET if is_secretive(where) else frozenset()
    kept = [(WHERE, where), (WHO, str(account))]
    kept += [(PREFIX + name, value) for name, value in form.pairs if name not in secret]
    return await run_in_threadpool(page, kept)


def _whose(request: Request) -> int | None:
    """The account of the session that has ended."""
    registry: Registry = request.app.state.registry
    with registry.database.reading() as session:
        return signing_in.whose(session, request.cookies.get(COOKIE))
