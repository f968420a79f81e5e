"""Work of the office that takes longer than a reader waits: begun at a place, left and found again there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import Request, Response
from sqlmodel import Session

from app.auth.signing_in import Present
from app.deps import Registry
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import Posted, keep_refusal
from app.works import Do, Key, Read, Work

AT_ONCE = 0.9
"""Seconds that a page waits for the work before it says that it is under way."""


def one_of(present: Present, place: str) -> Key:
    """The key of what one person began at one place."""
    return ("begun", present.actor.account, place)


def ask(
    registry: Registry,
    key: Key,
    do: Do,
    *,
    of: Any = None,
    wait: float | None = None,
    read: Read | None = None,
) -> Work:
    """``Works.ask``, waited for as long as a page waits, or ``wait`` seconds."""
    return registry.works.ask(key, do, of=of, wait=AT_ONCE if wait is None else wait, read=read)


def once(
    registry: Registry, key: Key, do: Do, *, of: Any = None, asked: Any = None, joins: bool = True
) -> Work:
    """``Works.once``, waited for as long as a page waits. What has ended is told by whoever asked."""
    work = registry.works.once(key, do, of=of, asked=asked, wait=AT_ONCE, joins=joins)
    if work.is_done:
        registry.works.told_once(key)
    return work


def begun(request: Request, registry: Registry, key: Key) -> tuple[Work | None, str]:
    """(what is under way, nothing), or (none, why what was under way came to nothing): told once."""
    work = registry.works.told_once(key)
    if work is None or not work.is_done:
        return work, ""
    refusal = work.refusal
    keep_refusal(request, refusal)
    return None, refusal.message if refusal else ""


def posted_again(pairs: Iterable[Iterable[str]]) -> Posted:
    """A form as it was written down with the work."""
    return Posted([(name, value) for name, value in pairs])


def under_way(
    request: Request, session: Session, present: Present, what: str, back: str, work: Work
) -> Response:
    """The page that says so, and asks again by itself."""
    answer = show(
        request, session.connection(), present, "forms/working.html", what=what, work=work, back=back
    )
    answer.headers["Refresh"] = "2"
    return answer
