"""Rendered pages, kept as they are sent. Per process, bounded by their bytes; the oldest go first."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from typing import NamedTuple


class Page(NamedTuple):
    """A rendered page. ``headers``: those that are the same whenever it is sent, its ETag among them."""

    body: bytes
    tag: str
    headers: Mapping[str, str]

    @classmethod
    def of(cls, body: bytes, headers: Mapping[str, str]) -> Page:
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        return cls(body, tag, {**headers, "ETag": tag})


class KeptPages:
    """Pages by what was asked and the day on which it was asked, each with the state it rests on."""

    def __init__(self, most_bytes: int = 16 * 2**20) -> None:
        self._kept: dict[tuple[bytes, str], tuple[object, Page]] = {}
        self._most, self._bytes = most_bytes, 0
        self._lock = threading.Lock()

    def holds(self, asked: bytes, day: str) -> bool:
        """Whether it is worth asking for the state."""
        return (asked, day) in self._kept

    def get(self, asked: bytes, day: str, state: object) -> Page | None:
        """``day``: today, which ``on`` is by default; ``state``: what the page must rest on to be true."""
        kept = self._kept.get((asked, day))
        return kept[1] if kept is not None and kept[0] == state else None

    def put(self, asked: bytes, day: str, state: object, page: Page) -> None:
        with self._lock:
            self._drop((asked, day))
            self._kept[(asked, day)] = (state, page)
            self._bytes += len(page.body)
            while self._bytes > self._most:
                self._drop(next(iter(self._kept)))

    def _drop(self, key: tuple[bytes, str]) -> None:
        held = self._kept.pop(key, None)
        if held is not None:
            self._bytes -= len(held[1].body)
