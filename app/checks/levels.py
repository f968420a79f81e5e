"""One catalogue entry across province, city and county (四级四同): where its items differ, who has not claimed it.

Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.items.field_words import limit_words

Read = Callable[[Mapping[str, Any]], str]


def _bases(content: Mapping[str, Any]) -> str:
    cited = {
        f"{one.get('instrument') or one.get('title') or one.get('number') or ''} {one.get('article') or ''}".strip()
        for one in content.get("citations") or ()
        if one.get("role", "setting") == "setting"
    }
    return "；".join(sorted(cited))


def _materials(content: Mapping[str, Any]) -> str:
    return "；".join(sorted(one["name"] for one in content.get("materials") or ()))


FIELDS: dict[str, tuple[str, Read]] = {
    "name": ("名称", lambda content: content["name"]),
    "code": ("基本编码", lambda content: content.get("base_code", "")),
    "type": ("类型", lambda content: content.get("type", "")),
    "basis": ("设定依据", _bases),
    "statutory": ("法定时限", lambda content: limit_words(content.get("statutory_limit"))),
    "promised": ("承诺时限", lambda content: limit_words(content.get("promised_limit"))),
    "materials": ("申请材料", _materials),
}
"""What is to be the same at all levels (同名称、同编码、同依据、同类型), and what people compare besides."""


@dataclass(frozen=True, slots=True)
class Held:
    """An item that implements the entry, with its content; the content's ``base_code`` is its 基本编码."""

    id: str
    region: str
    authority: str
    level: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Compared:
    """An item with the fields in which it differs from what most have: field -> its own words."""

    held: Held
    differs: dict[str, str]


def common(held: Sequence[Held]) -> dict[str, str]:
    """What most items say in each field, of those that say anything; of several equally many, the highest level's."""
    ordered = sorted(held, key=lambda one: (one.level, one.id))
    found = {}
    for name, (_, read) in FIELDS.items():
        said = [read(one.content) for one in ordered]
        counts = Counter(value for value in said if value)
        most = max(counts.values(), default=0)
        found[name] = next((value for value in said if value and counts[value] == most), "")
    return found


def compared(held: Sequence[Held]) -> list[Compared]:
    """The items of an entry, highest level first, each with where it differs. What is not said does not differ."""
    usual = common(held)
    rows = []
    for one in sorted(held, key=lambda one: (one.level, one.region, one.id)):
        said = {name: read(one.content) for name, (_, read) in FIELDS.items()}
        differs = {name: value for name, value in said.items() if value and value != usual[name]}
        rows.append(Compared(one, differs))
    return rows


def unclaimed(levels: Sequence[str], places: Mapping[str, str], held: Sequence[Held]) -> list[str]:
    """Places (id -> level) that may hold the entry and have no item of it. Where the entry names no levels, those at
    which somebody holds it."""
    wanted = set(levels) or {one.level for one in held if one.level}
    have = {one.region for one in held}
    return sorted(place for place, level in places.items() if level in wanted and place not in have)
