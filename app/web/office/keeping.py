"""A form that was posted after its session had ended is not lost: it waits in the page on which to sign in again.

Nothing of it is stored: the fields travel hidden in the pages, never a password, and are posted on by a button once
the person is signed in. Files are not kept; they are chosen again.
"""

from __future__ import annotations

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from app.deps import Registry
from app.errors import Invalid
from app.web.gate import Elsewhere, go

PREFIX = "kept:"
WHERE = f"{PREFIX}/"
"""The field that says where the form was posted to; no field of a form is called ``/``."""
SECRET = frozenset({"password", "old", "new", "again", "code"})
Pairs = list[tuple[str, str]]


class SignInAgain(Elsewhere):
    """Sign in, and go on with what was posted."""

    async def answer(self, request: Request) -> Response:
        from app.web.office.visiting import posted  # which asks here

        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return go(self.path)
        try:
            form = await posted(request)
        except Invalid:
            return go(self.path)
        where = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        kept = [(WHERE, where), *((PREFIX + name, value) for name, value in form.pairs if name not in SECRET)]
        return await run_in_threadpool(_page, request, kept)


def _page(request: Request, kept: Pairs) -> Response:
    from app.web.office.pages import show  # pages ask visiting, and that asks here

    registry: Registry = request.app.state.registry
    with registry.database.reading() as session:
        return show(
            request,
            session.connection(),
            None,
            "sign-in.html",
            status=403,
            said="登录已过期，刚才填的还没有保存。请重新登录，然后继续保存。",
            name="",
            next="",
            lost=False,
            kept=kept,
        )


def kept_in(pairs: Pairs) -> Pairs:
    """The fields that a page carries along."""
    return [(name, value) for name, value in pairs if name.startswith(PREFIX)]


def unpacked(kept: Pairs) -> tuple[str, Pairs]:
    """(where to post, the fields as they were); the place is empty where none is told."""
    where = next((value for name, value in kept if name == WHERE), "")
    return where, [(name.removeprefix(PREFIX), value) for name, value in kept if name != WHERE]
