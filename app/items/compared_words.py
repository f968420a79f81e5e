"""Values that are compared, as people read them: two that differ never read alike. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from app.canonical import encode, strings_in
from app.items.field_words import value_words
from app.saying import said


def compared_words(place: str, values: Sequence[Any], names: Mapping[str, str]) -> list[str]:
    """The words of each value of one field; ids of one name with the id behind it, and what still reads like another
    that it is not with what is stored. Only what is not there reads as nothing."""
    names = _told_apart(values, names)
    words = [said("明确没有") if value == [] else value_words(place, value, names) for value in values]
    stored: dict[str, set[bytes]] = {}
    for value, one in zip(values, words, strict=True):
        stored.setdefault(one, set()).add(encode([value]))
    return [
        said("{1}（{2}）", one, encode(value).decode()) if value is not None and len(stored[one]) > 1 else one
        for value, one in zip(values, words, strict=True)
    ]


def _told_apart(values: Sequence[Any], names: Mapping[str, str]) -> Mapping[str, str]:
    called = {one: names[one] for value in values for one in strings_in(value) if one in names}
    borne = Counter(called.values())
    alike = {one: said("{1}（{2}）", name, one) for one, name in called.items() if borne[name] > 1}
    return {**called, **alike} if alike else names
