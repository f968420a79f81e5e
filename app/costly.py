"""What takes a pass over much to work out: once for each state of the log on each day, and by few at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from sqlalchemy import Connection

from app import log
from app.errors import Unavailable
from app.kept import Kept
from app.limiting import Queue
from app.versions.queries import today

Found = TypeVar("Found")


class Costly(Generic[Found]):
    def __init__(self, kept: Kept[Found], queue: Queue) -> None:
        self._kept, self._queue = kept, queue

    def once(self, connection: Connection, asked: bytes, do: Callable[[], Found]) -> Found:
        """What is kept, else what ``do`` finds in the snapshot of the connection. Raises Unavailable where too many
        wait."""
        day, head = today(), log.head(connection).hash
        found = self._kept.get(asked, day, head)
        if found is not None:
            return found
        with self._queue.turn(Unavailable("正在汇总的数据太多，请稍候再试。", code="busy", retry_after=10)):
            found = self._kept.get(asked, day, head)  # another may have asked for the same
            if found is None:
                found = do()
                self._kept.put(asked, day, head, found)
        return found
