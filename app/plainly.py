"""Parameters of an address read without FastAPI, which takes longer over a dozen of them than a query does.

Only what is plain is read: known names, each once, values that nobody could take for others. Whatever else is asked is
left to the route that explains what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

Reading = Callable[[str], Any]
"""A parameter's value from its text. Raises ValueError where the text is not plain."""


def plainly(query: bytes, readings: Mapping[str, Reading]) -> dict[str, Any] | None:
    """The values given, by name; None where anything is not plain. ``query``: as it stands in the address."""
    found: dict[str, Any] = {}
    for name, text in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name in found or name not in readings:
            return None
        try:
            found[name] = readings[name](text)
        except ValueError:
            return None
    return found


def upto(most: int) -> Reading:
    """Text of so many characters at most."""

    def read(text: str) -> str:
        if len(text) > most:
            raise ValueError
        return text

    return read


def between(least: int, most: int) -> Reading:
    """A whole number in plain digits."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise ValueError
        return int(text)

    return read


def one_of(*values: str) -> Reading:
    def read(text: str) -> str:
        if text not in values:
            raise ValueError
        return text

    return read


def one_alone(text: str) -> list[str]:
    """A parameter that may be given several times, given once."""
    return [text]


def flag(text: str) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[one_of("true", "1", "false", "0")(text)]
