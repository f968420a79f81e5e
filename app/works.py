"""Work that takes longer than a reader waits: done in a thread of its own and written down as it goes, so that whoever
has left it finds it again, whatever process on this data directory is asked.

A file for each piece of work says since when it is under way, how far it is, and in the end what it came to. It lies
beside the database, whose writer's place the work itself may hold for long. Whoever is at it holds a turn, which the
system gives back when the process dies: what is neither done nor in hand was broken off. After a day the file goes.
"""

from __future__ import annotations

import contextvars
import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from uuid import uuid4

import orjson
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.canonical import digest, encode
from app.db import is_away
from app.errors import Conflict, Failed, Forbidden, RegistryError, Unavailable
from app.turns import Turn, is_in_hand, take
from app.unwritable import note, unwritable

logger = logging.getLogger(__name__)

KEPT_SECONDS = 24 * 3600
KEPT = 8
"""Results that a process has at hand; of others it reads the file again."""
TOLD_EVERY = 0.5
"""Seconds between two writings of how far a piece of work is."""
LOOKED_EVERY = 0.02
"""Seconds between two looks at what another is doing, by who waits for it."""
Key = tuple[Any, ...]
"""What is to be done and for whom, as JSON has it: whoever may ask by the same key finds the same work."""
Tell = Callable[[str], None]
"""How far it is, in words."""
Do = Callable[[Tell], Any]
"""What comes of it is JSON, or a dataclass of such."""
Read = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Work:
    """One piece of work as it was written down. ``of``: the state or the request that it is the work of; ``asked``:
    what was posted, to be shown again with a refusal; ``failed``: the refusal that it ended with."""

    id: str
    began: float
    of: Any = None
    asked: Any = None
    said: str = ""
    is_done: bool = False
    result: Any = None
    failed: dict[str, Any] | None = None
    is_told: bool = False

    @property
    def seconds(self) -> int:
        return max(0, int(time.time() - self.began))

    @property
    def refusal(self) -> RegistryError | None:
        """Why it came to nothing, where it did."""
        if self.failed is None:
            return None
        kind = Forbidden if self.failed["status"] == Forbidden.status else RegistryError
        error = kind(self.failed["message"], **self.failed["detail"])
        error.code, error.status = self.failed["code"], self.failed["status"]
        if hidden := self.failed.get("hidden"):
            error.__cause__ = Forbidden(error.message, code=hidden)
        return error

    def outcome(self) -> Any:
        """What it came to; raises why it came to nothing."""
        if (refusal := self.refusal) is not None:
            raise refusal
        return self.result


class Works:
    """The works on one data directory, by key."""

    def __init__(self, root: Path) -> None:
        self._told, self._turns = root / "told", root / "turns"
        self._kept: OrderedDict[Path, tuple[tuple[int, int], Work]] = OrderedDict()
        self._lock = threading.Lock()

    def look(self, key: Key, read: Read | None = None) -> Work | None:
        """The work under this key, where there is one: under way, done, or broken off, which is a refusal. ``read``
        makes of the result as it was written what the caller works with."""
        name = _name(key)
        found = self._written(name, read)
        if found is None or found.is_done or is_in_hand(self._turns / name):
            return found
        found = self._written(name, read)  # it may just have ended
        if found is None or found.is_done:
            return found
        return replace(found, is_done=True, failed=_as_told(_broken_off()))

    def ask(
        self,
        key: Key,
        do: Do,
        *,
        of: Any = None,
        asked: Any = None,
        wait: float = 0.0,
        read: Read | None = None,
    ) -> Work:
        """The work under this key, begun now where there is none, where it failed, or where it is done and ``of``
        another state, which is waited for; ended within ``wait`` seconds or still under way."""
        of = orjson.loads(orjson.dumps(of))  # as it is written down
        until = time.monotonic() + wait
        while True:
            left = max(0.0, until - time.monotonic())
            found = self.look(key, read)
            if found is not None and (not found.is_done or (found.failed is None and found.of == of)):
                work = self._awaited(key, found, left, read)
            else:
                work = self._begun(key, found, do, Work(uuid4().hex, time.time(), of, asked), left, read)
            if work.of == of:
                return work
            if not left:  # what is under way is of another state: no answer to what is asked
                return replace(work, is_done=False, result=None, failed=None)

    def once(
        self, key: Key, do: Do, *, of: Any = None, asked: Any = None, wait: float = 0.0, joins: bool = True
    ) -> Work:
        """Work that is done whenever it is asked for. Asked for while it is under way, it is not begun a second time:
        whoever asks waits for the first, or, without ``joins`` or where that is ``of`` something else, raises
        Conflict."""
        found = self.look(key)
        if found is not None and not found.is_done:
            if not joins or found.of != of:
                raise _still_working()
            return self._awaited(key, found, wait, None)
        work = self._begun(key, found, do, Work(uuid4().hex, time.time(), of, asked), wait, None)
        if work.of != of:  # another was begun at the same moment
            raise _still_working()
        return work

    def told_once(self, key: Key) -> Work | None:
        """What is under way; or what it came to, the first time that is asked."""
        found = self.look(key)
        if found is None or found.is_told:
            return None
        turn = Turn(self._turns / _name(key))
        if found.is_done and take(turn):
            try:
                if (now := self._written(_name(key))) is not None and now.id == found.id:
                    self._write(_name(key), replace(found, is_told=True))
            finally:
                turn.give_back()
        return found

    def forget_unfinished(self) -> None:
        """After an order to redact: what is under way may have read the words before it, and what it comes to is not
        written down. Whoever asks for it begins it anew."""
        for path in self._told.glob("*.json"):
            found = self._written(path.name)
            if found is not None and not found.is_done:
                path.unlink(missing_ok=True)

    # --- doing it

    def _begun(
        self, key: Key, before: Work | None, do: Do, work: Work, wait: float, read: Read | None
    ) -> Work:
        """Begun, unless another has begun it since ``before`` was found."""
        name = _name(key)
        turn = Turn(self._turns / name)
        if not take(turn):
            return self._awaited(key, self.look(key, read) or work, wait, read)
        now = self._written(name, read)
        if now is not None and (before is None or now.id != before.id):
            turn.give_back()
            return self._awaited(key, now, wait, read)
        try:
            self._write(name, work)
            own = contextvars.copy_context()  # lines of the log keep the id of the request that began it
            thread = threading.Thread(target=own.run, args=(self._do, name, turn, work, do), daemon=True)
            thread.start()
        except BaseException:
            turn.give_back()
            raise
        thread.join(wait)
        self._sweep()
        return self._awaited(key, work, 0.0, read)

    def _do(self, name: str, turn: Turn, work: Work, do: Do) -> None:
        last = 0.0

        def tell(words: str) -> None:
            nonlocal last
            if time.monotonic() - last >= TOLD_EVERY:
                self._write_on(name, replace(work, said=words))
                last = time.monotonic()

        try:
            try:
                self._write_on(name, replace(work, is_done=True, result=do(tell)))
            except Exception as error:
                self._write_on(name, replace(work, is_done=True, failed=_as_told(error)))
        finally:
            turn.give_back()

    def _awaited(self, key: Key, work: Work, wait: float, read: Read | None) -> Work:
        """This work once it has ended, or as it is after so many seconds."""
        until = time.monotonic() + wait
        while not work.is_done:
            now = self.look(key, read)
            if now is None or now.id != work.id:  # ended, told and gone, or begun anew
                return work
            work = now
            if work.is_done or time.monotonic() >= until:
                break
            time.sleep(LOOKED_EVERY)
        return work

    # --- the files

    def _written(self, name: str, read: Read | None = None) -> Work | None:
        path = self._told / name
        try:
            with path.open("rb") as file:
                stat = os.fstat(file.fileno())
                with self._lock:
                    kept = self._kept.get(path)
                if kept is not None and kept[0] == (stat.st_ino, stat.st_mtime_ns):
                    return kept[1]
                work = Work(**orjson.loads(file.read()))
        except (FileNotFoundError, ValueError, TypeError):  # none, or of another version
            return None
        if read is not None and work.is_done and work.failed is None:
            work = replace(work, result=read(work.result))
        with self._lock:
            self._kept[path] = (stat.st_ino, stat.st_mtime_ns), work
            self._kept.move_to_end(path)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return work

    def _write(self, name: str, work: Work) -> None:
        """Whole or not at all; not forced onto the disk, for a power failure ends the work as well."""
        body = orjson.dumps({one.name: getattr(work, one.name) for one in fields(work)}, default=_plain)
        self._told.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=self._told, suffix=".part", delete=False) as half:
            try:
                half.write(body)
                half.flush()
                os.replace(half.name, self._told / name)
            except BaseException:
                Path(half.name).unlink(missing_ok=True)
                raise

    def _write_on(self, name: str, work: Work) -> None:
        """What an order to redact has taken away meanwhile stays away."""
        if (self._told / name).exists():
            self._write(name, work)

    def _sweep(self) -> None:
        """Drop what is over the age and in nobody's hands."""
        since = time.time() - KEPT_SECONDS
        for path in (*self._turns.glob("*"), *self._told.glob("*.part")):
            if _changed(self._told / path.name) > since or _changed(path) > since:
                continue
            turn = Turn(self._turns / path.name)
            if turn.taken():
                (self._told / path.name).unlink(missing_ok=True)
                (self._turns / path.name).unlink(missing_ok=True)
                turn.give_back()


def _name(key: Key) -> str:
    return f"{digest(encode(list(key)))}.json"


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _still_working() -> RegistryError:
    return Conflict("上一次保存还在进行，请等它完成之后再保存这一次。", code="still-working")


def _broken_off() -> RegistryError:
    return Conflict(
        "办理这件事的进程中断了，没有记下结果；请先看看是否已经办成，没有办成的，请再办一次。",
        code="broken-off",
    )


def _as_told(error: Exception) -> dict[str, Any]:
    """A refusal as it is written down. What nobody foresaw is logged, and told without its insides."""
    if told := unwritable(error):
        note(told, error)
        error = told
    if not isinstance(error, RegistryError):
        logger.error("work in the background failed", exc_info=error)
        away = isinstance(error, PoolTimeout) or (isinstance(error, OperationalError) and is_away(error.orig))
        error = (
            Unavailable("数据库正忙，没有办成；请稍后再试。", code="busy")
            if away
            else Failed("系统出错，没有办成；请稍后再试，仍不行请联系管理员。")
        )
    return {
        "message": error.message,
        "code": error.code,
        "status": error.status,
        "detail": error.detail,
        "hidden": error.__cause__.code if isinstance(error.__cause__, Forbidden) else None,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is no JSON")
