"""Lock-out after wrong passwords or codes: a delay that grows. Pure; moments in microseconds."""

from __future__ import annotations

FREE = 5
"""Wrong tries in a row that cost nothing yet."""
FIRST_SECONDS, LONGEST_SECONDS = 30, 1800
SECOND = 1_000_000


def blocked_until(failures: int, now: int) -> int | None:
    """Until when no try counts after this many wrong ones in a row; None where tries go on."""
    if failures < FREE:
        return None
    seconds = min(FIRST_SECONDS * 2 ** min(failures - FREE, 10), LONGEST_SECONDS)
    return now + seconds * SECOND


def seconds_left(until: int | None, now: int) -> int:
    """Whole seconds still to wait, rounded up; 0 where there is nothing to wait for."""
    return max(0, -((now - until) // SECOND)) if until is not None else 0
