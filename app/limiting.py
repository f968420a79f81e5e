"""How often one may ask, and how many at once: a bucket of requests for each address and each key, refilled evenly.

Kept in the memory of each process: with several workers each grants the whole limit, so what is published is what
one worker grants. Nothing is written, and a restart fills all buckets.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import NamedTuple

MOST_BUCKETS = 50_000
"""Buckets in memory; beyond them the full ones, whose owners have not asked for a while, are dropped."""
MINUTE = 60.0
NEXT_TO_NOTHING = 1e-6
"""Of a request: what rounding may leave open when the wait that was named is over."""


class Granted(NamedTuple):
    """``left`` requests may follow at once; ``wait``: seconds until the next, 0 where this one was granted."""

    limit: int
    left: int
    wait: float


class Buckets:
    """``per_minute`` requests a minute for each name, as many at once; 0: no limit."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._lock = threading.Lock()
        self._held: dict[str, tuple[float, float]] = {}

    def take(self, name: str) -> Granted | None:
        """One request. None where there is no limit."""
        if not self.per_minute:
            return None
        now, rate = clock(), self.per_minute / MINUTE
        with self._lock:
            held, at = self._held.get(name, (float(self.per_minute), now))
            held = min(self.per_minute, held + max(0.0, now - at) * rate)
            taken = held >= 1 - NEXT_TO_NOTHING
            if taken:  # else nothing is written, or rounding would add up over many refusals
                held = max(0.0, held - 1)
                self._held[name] = (held, now)
            if len(self._held) > MOST_BUCKETS:
                self._drop_full(now, rate)
        return Granted(self.per_minute, int(held), 0.0 if taken else (1 - held) / rate)

    def _drop_full(self, now: float, rate: float) -> None:
        full = [
            name for name, (held, at) in self._held.items() if held + (now - at) * rate >= self.per_minute
        ]
        for name in full or list(self._held)[: MOST_BUCKETS // 10]:
            del self._held[name]


class Places:
    """So many at once, and so many of them for one name; whoever finds none is refused, not made to wait."""

    def __init__(self, most: int, each: int | None = None) -> None:
        self._most, self._each = most, most if each is None else each
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()

    @property
    def held(self) -> int:
        return self._held.total()

    def take(self, name: str = "") -> bool:
        """One place, to be given back under the same name. False where there is none."""
        with self._lock:
            if self._held.total() >= self._most or self._held[name] >= self._each:
                return False
            self._held[name] += 1
            return True

    def give_back(self, name: str = "") -> None:
        with self._lock:
            self._held[name] -= 1
            if self._held[name] <= 0:
                del self._held[name]

    @contextmanager
    def place(self, refusal: Exception) -> Iterator[None]:
        """While one has a place. Raises ``refusal`` where there is none."""
        if not self.take():
            raise refusal
        try:
            yield
        finally:
            self.give_back()


class Queue:
    """Work that takes a processor for long: so many at once, some more that wait for their turn. Whoever finds no
    place, or waits too long, is refused: the threads that answer everything else are not to be spent on waiting."""

    def __init__(self, at_once: int, places: int, patience: float) -> None:
        """``places``: those at work and those that wait; ``patience``: seconds that one waits."""
        self.turns = threading.BoundedSemaphore(at_once)
        self.places = Places(places)
        self._patience = patience

    @contextmanager
    def turn(self, refusal: Exception) -> Iterator[None]:
        """While it is one's turn. Raises ``refusal`` where it does not come."""
        with self.places.place(refusal):
            if not self.turns.acquire(timeout=self._patience):
                raise refusal
            try:
                yield
            finally:
                self.turns.release()


def clock() -> float:
    """Seconds that never go back. Replaced in tests."""
    return time.monotonic()


@lru_cache(maxsize=10_000)
def is_local(address: str | None) -> bool:
    """Whether it is this machine itself. Whom a proxy here asks for is not: the server takes the address that the
    proxy names."""
    one = _parsed(address)
    return one is not None and one.is_loopback


@lru_cache(maxsize=10_000)
def place_of(address: str | None) -> str:
    """What one subscriber has: an IPv4 address, or a /64 of IPv6. Whatever is counted by address is counted by this."""
    one = _parsed(address)
    if isinstance(one, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((one, 64), strict=False))
    return str(one) if one else address or "unknown"


def _parsed(address: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address; of IPv4, whether it came over a socket of its own or one of both (``::ffff:192.0.2.1``)."""
    try:
        one = ipaddress.ip_address(address or "")
    except ValueError:
        return None
    return getattr(one, "ipv4_mapped", None) or one
