"""What a decision of a round changes, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.items.field_words import value_words, word_of
from app.saying import said

LIMITS = ("statutory_limit", "promised_limit")


def changes_in_words(changes: Iterable[Mapping[str, Any]] | None, named: Mapping[str, str]) -> list[str]:
    """承诺时限：3个工作日. The number and the unit of a limit, which are set apart, are told as the one limit."""
    told = list(changes or ())
    parts: dict[str, dict[str, Any]] = {}
    for change in told:
        limit, _, part = change["path"].partition("/")
        if limit in LIMITS and part:
            parts.setdefault(limit, {})[part] = change["value"]
    whole = {limit for limit, one in parts.items() if one.get("value") is not None and one.get("unit")}
    words: dict[str, str] = {}
    for change in told:
        field = change["path"].split("/")[0]
        place, value = (field, parts[field]) if field in whole else (change["path"], change["value"])
        words[place] = said("{1}：{2}", word_of(field), value_words(place, value, named) or said("删去"))
    return list(words.values())
