"""Canonical JSON: the bytes that are hashed, stored and served.

UTF-8, keys sorted, no spaces, absent instead of null, no floats, no normalisation of text (RFC 8785
without numbers beyond integers). NUL and lone surrogates are refused here, alike on both databases.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from app.errors import Invalid


def encode(value: Any) -> bytes:
    """The canonical bytes. Raises Invalid for what cannot be stored."""
    try:
        data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError) as error:
        raise Invalid(
            "内容含有无法保存的字符或数值（例如半个代理字符、超出范围的整数）。", code="bad-text"
        ) from error
    if b"\\u0000" in data:
        _refuse_nul(value)
    return data


def _refuse_nul(value: Any) -> None:
    if isinstance(value, str) and "\x00" in value:
        raise Invalid("内容含有空字符（U+0000），请删去后重试。", code="bad-text")
    if isinstance(value, dict):
        for key, part in value.items():
            _refuse_nul(key)
            _refuse_nul(part)
    elif isinstance(value, list):
        for part in value:
            _refuse_nul(part)


_MAYBE_FLOAT = re.compile(rb"[:,\[](?:-?[0-9]+[.eE]|null)")
"""A float in canonical JSON (NaN and infinities are written as null), or a text that looks like one;
everything else is passed over quickly."""


def refuse_floats(value: Any, encoded: bytes) -> None:
    """Content has no floats: their text differs between writers. Raises Invalid.

    ``encoded`` are the value's canonical bytes.
    """
    if _MAYBE_FLOAT.search(encoded) or encoded[:1] not in b"{[":
        _walk_for_floats(value)


def _walk_for_floats(value: Any) -> None:
    if isinstance(value, float):
        raise Invalid("内容中不得出现小数，请改用文字或整数。", code="no-floats")
    if isinstance(value, dict):
        for part in value.values():
            _walk_for_floats(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            _walk_for_floats(part)


def strings_in(value: Any) -> Iterator[str]:
    """Every string in a document, whatever it stands in; names of members are none."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (Mapping, list, tuple)):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from strings_in(part)


def decode(data: bytes) -> Any:
    return orjson.loads(data)


def digest(data: bytes) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(data).hexdigest()
