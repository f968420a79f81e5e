"""Bulk work and the collector of cycles."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Bulk:
    """How many are at bulk work, in all threads; what the collector was before the first of them."""

    lock = threading.Lock()
    depth = 0
    usual = gc.get_threshold()
    froze = False


@contextmanager
def few_collections() -> Iterator[None]:
    """Bulk work makes millions of small containers and no cycles: looking for cycles among them at the usual
    pace took two fifths of an import's time, and a third of a large round's report."""
    _begin()
    try:
        yield
    finally:
        _end()


def _begin() -> None:
    with _Bulk.lock:
        _Bulk.depth += 1
        if _Bulk.depth == 1:
            _Bulk.usual = gc.get_threshold()
            gc.set_threshold(50_000, 20, 100)
            if not gc.get_freeze_count():  # a server has frozen what it loaded, for good
                gc.freeze()
                _Bulk.froze = True


def _end() -> None:
    with _Bulk.lock:
        _Bulk.depth -= 1
        if not _Bulk.depth:
            gc.set_threshold(*_Bulk.usual)
            if _Bulk.froze:
                gc.unfreeze()
                _Bulk.froze = False
