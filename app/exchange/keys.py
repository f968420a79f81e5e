"""Element keys and references that come out the same on every import of the same source."""

from __future__ import annotations

import re
from collections.abc import Container
from hashlib import blake2b

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_FROM_NAMES = re.compile(r"n[0-9a-f]{12}(-[0-9]+)?")
_LONGEST = 60
"""Leaves room for the number of a repeat."""


def element_key(own_code: str | None, *names: str | None) -> str:
    """An element's key: its own code where that can be a key, else a short digest of what names it."""
    if own_code and len(own_code) <= _LONGEST and _KEY.fullmatch(own_code):
        return own_code
    text = "\x1f".join(name or "" for name in names)
    return "n" + blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def is_from_names(key: str) -> bool:
    """Whether ``element_key`` made it of names: its source gives the element no code of its own."""
    return _FROM_NAMES.fullmatch(key) is not None


def numbered(key: str, taken: Container[str]) -> str:
    """The key, or the key with the number of its repeat: ``n12ab``, ``n12ab-2``."""
    if key not in taken:
        return key
    count = 2
    while f"{key}-{count}" in taken:
        count += 1
    return f"{key}-{count}"
