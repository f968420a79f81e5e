"""A row while it is read: values by dotted path, and what nobody has asked for yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from app.exchange.rows import CellError

WHOLE = "."
"""The path of a row that is one plain value."""


class Cells:
    """One row, or one element of a list in it. Nothing in it is changed; ``left`` says what is unused."""

    def __init__(self, values: Any) -> None:
        self.values: dict[str, Any] = values if isinstance(values, dict) else {WHOLE: values}
        self._used: set[str] = set()

    def peek(self, path: str) -> Any:
        """The value at a path; None where there is none or it is blank."""
        value = self.values.get(path)
        if value is None and "." in path and path != WHOLE:
            value = self.values
            for part in path.split("."):
                value = value.get(part) if isinstance(value, dict) else None
        return None if is_blank(value) else value

    def use(self, path: str) -> None:
        self._used.add(path)

    def take(self, path: str) -> Any:
        """The value at a path, which then counts as used."""
        value = self.peek(path)
        if value is not None:
            self._used.add(path)
        return value

    def text(self, path: str) -> str | None:
        """The value as text, used."""
        value = self.take(path)
        return None if value is None else as_text(value)

    def left(self) -> Iterator[tuple[str, Any]]:
        """Paths and values that are not blank and that nobody used; the unused part of an object by its paths."""
        yield from self._left("", self.values)

    def _left(self, before: str, values: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, value in values.items():
            path = before + name
            if path in self._used or is_blank(value):
                continue
            if isinstance(value, dict) and any(used.startswith(path + ".") for used in self._used):
                yield from self._left(path + ".", value)
            else:
                yield path, value


def is_blank(value: Any) -> bool:
    return value is None or value == [] or value == {} or (isinstance(value, str) and not value.strip())


def as_text(value: Any) -> str:
    """A value as text: text as it stands, yes and no in Chinese, lists of texts joined, the rest as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "；".join(value)
    return str(value) if isinstance(value, (int, float, CellError)) else orjson.dumps(value).decode()
