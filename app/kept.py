"""Answers and rendered pages, kept as they are sent. Per process, bounded; those not asked for longest go first."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Callable, Mapping
from typing import Generic, NamedTuple, TypeVar

Found = TypeVar("Found")


class Page(NamedTuple):
    """A rendered page. ``headers``: those that are the same whenever it is sent, its ETag among them."""

    body: bytes
    tag: str
    headers: Mapping[str, str]
    packed: list[bytes]
    """The body compressed, once somebody has asked for it so."""

    @classmethod
    def of(cls, body: bytes, headers: Mapping[str, str]) -> Page:
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        return cls(body, tag, {**headers, "ETag": tag}, [])

    def compressed(self) -> bytes:
        """By gzip: the same bytes for the same page."""
        if not self.packed:
            self.packed.append(gzip.compress(self.body, LEVEL, mtime=0))
        return self.packed[0]


LEVEL = 4
"""Half the time of the usual 9, a twentieth more bytes."""


class Kept(Generic[Found]):
    """What was found, by what was asked and the day on which it was asked, with the state it rests on."""

    def __init__(self, most: int, weight: Callable[[bytes, Found], int]) -> None:
        """``most``: the weight of all that is kept together, each by what was asked and what was found."""
        self._kept: dict[tuple[bytes, str], tuple[object, Found]] = {}
        self._most, self._weight, self._held = most, weight, 0
        self._lock = threading.Lock()

    def holds(self, asked: bytes, day: str) -> bool:
        """Whether it is worth asking for the state."""
        return (asked, day) in self._kept

    def get(self, asked: bytes, day: str, state: object) -> Found | None:
        """``day``: today, which ``on`` is by default; ``state``: what it must rest on to be true."""
        key = (asked, day)
        with self._lock:
            kept = self._kept.pop(key, None)
            if kept is None:
                return None
            self._kept[key] = kept  # asked for last: the last to go
        return kept[1] if kept[0] == state else None

    def put(self, asked: bytes, day: str, state: object, found: Found) -> None:
        with self._lock:
            self._drop((asked, day))
            self._kept[(asked, day)] = (state, found)
            self._held += self._weight(asked, found)
            while self._held > self._most:
                self._drop(next(iter(self._kept)))

    def _drop(self, key: tuple[bytes, str]) -> None:
        held = self._kept.pop(key, None)
        if held is not None:
            self._held -= self._weight(key[0], held[1])


BESIDE = 1024
"""Bytes that an entry takes beside what was asked and what is sent, about: empty answers are not kept without end."""


class KeptAnswers(Kept[bytes]):
    """Bodies, bounded by their bytes and those of what was asked."""

    def __init__(self, most_bytes: int = 32 * 2**20) -> None:
        super().__init__(most_bytes, lambda asked, body: len(asked) + len(body) + BESIDE)


class KeptPages(Kept[Page]):
    """Pages, bounded by their bytes, about those of their compressed form, and those of what was asked."""

    def __init__(self, most_bytes: int = 32 * 2**20) -> None:
        super().__init__(most_bytes, lambda asked, page: len(asked) + len(page.body) * 5 // 4 + BESIDE)
