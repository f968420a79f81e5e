"""Days and moments as people write them."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from app.saying import said
from app.versions.queries import SHANGHAI


def day(value: str | None) -> str:
    """2026-09-28 as 2026年9月28日; anything else (dates of documents are as written) as it stands."""
    parts = _parts(value) if value else None
    return said("{1}年{2}月{3}日", *parts) if parts else value or ""


@lru_cache(maxsize=4096)
def _parts(value: str) -> tuple[int, int, int] | None:
    parts = value.split("-")
    if len(parts) == 3 and [len(part) for part in parts] == [4, 2, 2] and all(p.isdigit() for p in parts):
        return int(parts[0]), int(parts[1]), int(parts[2])
    return None


def instant(value: str | None) -> str:
    """A recorded moment (RFC 3339, UTC) in Shanghai time, to the minute."""
    return said("{1}年{2}月{3}日 {4}", *_at(value)) if value else ""


@lru_cache(maxsize=4096)
def _at(value: str) -> tuple[int, int, int, str]:
    at = dt.datetime.fromisoformat(value.replace("Z", "+00:00")).astimezone(SHANGHAI)
    return at.year, at.month, at.day, f"{at:%H:%M}"
