"""Days and moments as people write them."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from app.versions.queries import SHANGHAI


def day(value: str | None) -> str:
    """2026-09-28 as 2026年9月28日; anything else (dates of documents are as written) as it stands."""
    parts = (value or "").split("-")
    if len(parts) == 3 and [len(part) for part in parts] == [4, 2, 2] and all(p.isdigit() for p in parts):
        return f"{int(parts[0])}年{int(parts[1])}月{int(parts[2])}日"
    return value or ""


@lru_cache(maxsize=4096)
def instant(value: str | None) -> str:
    """A recorded moment (RFC 3339, UTC) in Shanghai time, to the minute."""
    if not value:
        return ""
    at = dt.datetime.fromisoformat(value.replace("Z", "+00:00")).astimezone(SHANGHAI)
    return f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"
