"""Waiting for the log to grow: one look at its head for all who wait in a process, and none of them holds a
connection or a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool

from app import log
from app.db import Database

EVERY = 0.2
"""Seconds between looks while anybody waits: other processes publish too."""
MOST = 1_000
"""Who may wait at once in a process; one more is answered at once."""


class HeadWatch:
    """Wakes whoever waits for a seq beyond the one they know."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.waiting = 0
        self._seq = 0
        self._looking: asyncio.Task[None] | None = None
        self._moved: asyncio.Event | None = None
        self._is_ended = False

    @property
    def is_open(self) -> bool:
        """Whether one more may wait; else an answer as things stand now is the best there is."""
        return not self._is_ended and self.waiting < MOST

    def end(self) -> None:
        """Nobody waits here any more: the process is about to stop."""
        self._is_ended = True
        if self._moved is not None:
            self._moved.set()

    async def beyond(self, seq: int, until: float, gone: Callable[[], Awaitable[bool]]) -> None:
        """Return when the head is beyond ``seq``, the loop's clock is past ``until``, the client is gone, or the watch
        is ended."""
        loop = asyncio.get_running_loop()
        if not self.is_open:
            return
        self.waiting += 1
        try:
            while (
                not self._is_ended
                and self._seq <= seq
                and (left := until - loop.time()) > 0
                and not await gone()
            ):
                await self._next_look(min(left, 1.0))
        finally:
            self.waiting -= 1

    async def _next_look(self, seconds: float) -> None:
        if (
            self._looking is None
            or self._looking.done()
            or self._looking.get_loop() is not asyncio.get_running_loop()
        ):
            self._moved = asyncio.Event()
            self._looking = asyncio.create_task(self._look_on(self._moved))
        moved = self._moved
        assert moved is not None
        try:
            await asyncio.wait_for(moved.wait(), seconds)
        except TimeoutError:
            return

    async def _look_on(self, moved: asyncio.Event) -> None:
        """Look until the head moves or nobody waits; then wake all. The next who waits looks on."""
        while self.waiting and not self._is_ended:
            seq = await run_in_threadpool(self._head)
            if seq != self._seq:
                self._seq = seq
                break
            await asyncio.sleep(EVERY)
        moved.set()

    def _head(self) -> int:
        with self.database.reading() as session:
            return log.head(session.connection()).seq
