"""Names that people can read: with something in them, on one line, without signs that nobody sees. Asked of what is
said anew; what was published before stands as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.errors import Invalid
from app.items.field_words import word_of
from app.saying import said

NAMES = frozenset({"name", "title"})
"""Fields that name a subject or an element, at whatever depth."""
_HIDDEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the direction in which a line is read (Unicode UAX #9)."""
_BREAKS = re.compile("[\t-\r\x85\u2028\u2029]")
_BLANK = re.compile("[\\s\u200b-\u200d\u2060\u3164\ufeff]*")
"""Blanks as Unicode has them, and signs without width."""


def odd_names(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(path, what is wrong) of the names in a content. An element's may be written on several lines, as in cells."""
    for field, value in content.items():
        if field in NAMES and isinstance(value, str) and (wrong := _wrong(value) or _broken(value)):
            yield field, wrong
        elif isinstance(value, (dict, list)):
            yield from _inside(value, field)


def refuse_odd_names(created: Mapping[str, Any] | None, changes: Iterable[Mapping[str, Any]] = ()) -> None:
    """Of what a decision itself says. Raises Invalid with the field."""
    for field, wrong in odd_names(created or {}):
        raise _refused(field, wrong)
    for change in changes:
        path, value = str(change.get("path", "")), change.get("value")
        top, _, rest = path.rpartition("/")
        found = odd_names({rest: value}) if not top else _inside({rest: value}, top)
        for field, wrong in found:
            raise _refused(field, wrong)


def refuse_blank_title(title: str) -> None:
    """Of a changeset, which may be called by a name that was published before. Raises Invalid."""
    if _BLANK.fullmatch(title):
        raise _refused("title", said("只有空白，请填写"))


def _inside(value: Any, path: str) -> Iterator[tuple[str, str]]:
    parts = value.items() if isinstance(value, dict) else ((_key(part), part) for part in value)
    for field, part in parts:
        place = f"{path}/{field}"
        if field in NAMES and isinstance(part, str) and (wrong := _wrong(part)):
            yield place, wrong
        elif isinstance(part, (dict, list)):
            yield from _inside(part, place)


def _key(part: Any) -> str:
    return str(part.get("key", "")) if isinstance(part, dict) else ""


def _wrong(name: str) -> str | None:
    if _BLANK.fullmatch(name):
        return said("只有空白，请填写")
    return said("含有看不见的控制字符或改变文字方向的字符，请重新键入") if _HIDDEN.search(name) else None


def _broken(name: str) -> str | None:
    return said("含有换行或制表符，请写成一行") if _BREAKS.search(name) else None


def _refused(field: str, wrong: str) -> Invalid:
    return Invalid(said("{1}有误：{2}。", said(word_of(field)), wrong), code="bad-name", field=field)
