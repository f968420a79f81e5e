"""What readers are answered without until it has been worked out behind them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from app.kept import Kept

logger = logging.getLogger(__name__)

Found = TypeVar("Found")
Work = Callable[[], None]


def in_a_thread(work: Work) -> None:
    threading.Thread(target=work, name="behind", daemon=True).start()


def clock() -> float:
    """Seconds that never go back. Replaced in tests."""
    return time.monotonic()


class Behind(Generic[Found]):
    """Worked out one at a time, and bounded in number; the oldest go first."""

    REST = 9
    """After a piece of work, so many times as long as it took nothing is begun: whatever is asked for, by however
    many, it takes a tenth of one processor."""

    def __init__(self, most: int = 16, begin: Callable[[Work], None] = in_a_thread) -> None:
        self._kept: Kept[Found] = Kept(most, lambda _asked, _found: 1)
        self._begin = begin
        self._lock = threading.Lock()
        self._busy = False
        self._free_at = 0.0

    def ask(self, asked: bytes, day: str, state: object, do: Callable[[], Found]) -> Found | None:
        """What is known of it while ``state`` stands. None where it has yet to be worked out: begun now, or, where
        another is in hand, by one who asks later."""
        found = self._kept.get(asked, day, state)
        if found is not None:
            return found
        with self._lock:
            if self._busy or clock() < self._free_at:
                return None
            self._busy = True
        try:
            self._begin(lambda: self._work(asked, day, state, do))
        except RuntimeError:  # no thread is to be had
            self._done(clock())
        return None

    def _work(self, asked: bytes, day: str, state: object, do: Callable[[], Found]) -> None:
        began = clock()
        try:
            self._kept.put(asked, day, state, do())
        except Exception:
            logger.warning("what was to be worked out was not", exc_info=True)
        finally:
            self._done(began)

    def _done(self, began: float) -> None:
        with self._lock:
            self._free_at = clock() + self.REST * (clock() - began)
            self._busy = False
