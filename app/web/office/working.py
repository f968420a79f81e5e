"""Work that takes longer than a reader waits: done in a thread of this process, left and found again by its key."""

from __future__ import annotations

import contextvars
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request, Response
from sqlmodel import Session

from app.auth.signing_in import Present
from app.deps import Registry
from app.errors import Conflict, RegistryError
from app.web.office.pages import show

KEPT = 8
"""Results a process keeps; an older one is worked out anew when it is asked for."""
AT_ONCE = 0.9
"""Seconds that a page waits for the work before it says that it is under way."""


@dataclass(slots=True)
class Work:
    """One piece of work. ``error`` is what it raised; ``said`` how far it is, in words, where it tells; ``asked`` what
    was posted, to be shown again with a refusal."""

    began: float = field(default_factory=time.monotonic)
    done: threading.Event = field(default_factory=threading.Event)
    result: Any = None
    error: Exception | None = None
    said: str = ""
    asked: Any = None

    @property
    def seconds(self) -> int:
        return int(time.monotonic() - self.began)

    @property
    def refusal(self) -> RegistryError | None:
        """Why it was refused, where it was. Raises what is no refusal."""
        if self.error is None or isinstance(self.error, RegistryError):
            return self.error
        raise self.error

    def outcome(self) -> Any:
        """What it came to; raises what it raised."""
        if self.error is not None:
            raise self.error
        return self.result


class Working:
    """The works of one process by key. Whoever asks for the same key meanwhile waits for the same work."""

    def __init__(self) -> None:
        self._works: OrderedDict[Hashable, Work] = OrderedDict()
        self._lock = threading.Lock()

    def ask(self, key: Hashable, do: Callable[[], Any], wait: float | None = None, asked: Any = None) -> Work:
        """The work under this key, begun now where there is none; done after ``wait`` seconds (none: ``AT_ONCE``) or
        still under way. What has failed is tried anew by the next who asks."""
        return self.follow(key, lambda _work: do(), wait, asked)

    def follow(
        self, key: Hashable, do: Callable[[Work], Any], wait: float | None = None, asked: Any = None
    ) -> Work:
        """``ask`` for work that says how far it is: it is handed what it may write ``said`` of."""
        with self._lock:
            work = self._works.get(key)
            if work is None or (work.done.is_set() and work.error is not None):
                work = self._works[key] = Work(asked=asked)
                own = contextvars.copy_context()  # lines of the log keep the id of the request that began it
                threading.Thread(target=own.run, args=(_run, work, do), daemon=True).start()
            self._works.move_to_end(key)
            for old in [one for one, kept in self._works.items() if kept.done.is_set()][
                : max(0, len(self._works) - KEPT)
            ]:
                if old != key:
                    del self._works[old]
        work.done.wait(AT_ONCE if wait is None else wait)
        return work

    def look(self, key: Hashable) -> Work | None:
        """The work under this key, where there is one."""
        return self._works.get(key)

    def once(self, key: Hashable, do: Callable[[], Any], asked: Any = None) -> Work:
        """``ask`` for work that a second click is not to begin a second time; done before, it is done again."""
        if (last := self.look(key)) is not None and last.done.is_set():
            self.drop(key)  # nobody looked at what came of it
        return self.ask(key, do, asked=asked)

    def anew(self, key: Hashable, do: Callable[[], Any], asked: Any = None) -> Work:
        """``ask`` for work that is to be done again whenever it is asked for, though nobody looked at what came of it
        the last time. Raises Conflict while the last is under way."""
        if (last := self.look(key)) is not None:
            if not last.done.is_set():
                raise Conflict("上一次保存还在进行，请等它完成之后再保存这一次。", code="still-working")
            self.drop(key)
        return self.ask(key, do, asked=asked)

    def drop(self, key: Hashable) -> None:
        """Forget what has been told."""
        with self._lock:
            self._works.pop(key, None)


def _run(work: Work, do: Callable[[Work], Any]) -> None:
    try:
        work.result = do(work)
    except Exception as error:
        work.error = error
    finally:
        work.done.set()


WORKING = Working()


def one_of(registry: Registry, present: Present, place: str) -> Hashable:
    """The key of what one person began at one place of one registry."""
    return ("begun", registry.database.url, present.actor.account, place)


def begun(key: Hashable) -> tuple[Work | None, str]:
    """(what is under way, nothing), or (none, why what was under way failed): told once."""
    work = told_once(key)
    if work is None or not work.done.is_set():
        return work, ""
    return None, work.refusal.message if work.refusal else ""


def told_once(key: Hashable) -> Work | None:
    """What was begun there: under way still, or done, and then forgotten."""
    work = WORKING.look(key)
    if work is not None and work.done.is_set():
        WORKING.drop(key)
    return work


def under_way(
    request: Request, session: Session, present: Present, what: str, back: str, work: Work
) -> Response:
    """The page that says so, and asks again by itself."""
    answer = show(request, session.connection(), present, "working.html", what=what, work=work, back=back)
    answer.headers["Refresh"] = "2"
    return answer
