"""Waiting for what another thread or process does, as long as it takes and no longer."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_for(true: Callable[[], bool], seconds: float = 120) -> None:
    """Until it is; fails when it is not after so many seconds."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.02)
