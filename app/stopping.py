"""Being told that the process is to stop while it still answers.

A server waits for the answers under way before it ends the application, so the application's own end comes too late
for those that wait for something to happen.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ASKING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def told_to_stop(then: Callable[[], None]) -> Iterator[None]:
    """Within it ``then`` is run on the loop at hand when the process is asked to stop; what the server does by itself
    follows. Signals reach the main thread alone, and only what a server handles is listened to."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: kept for number in ASKING if callable(kept := signal.getsignal(number))}

    def asked(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(then)
        before[signal.Signals(number)](number, frame)

    for number in before:
        signal.signal(number, asked)
    try:
        yield
    finally:
        for number, kept in before.items():
            signal.signal(number, kept)
