"""What a round changed about an item, in the words of 调整对照表: label, before, after. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from app.items import code_tables
from app.items.field_words import value_words
from app.rounds.pairs import Limit, Pair, Side
from app.saying import said

HALLS = {"in": "进驻", "entrusted": "委托进驻", "out": "未进驻"}


class Difference(NamedTuple):
    label: str
    before: str
    after: str


def differences(pair: Pair, names: Mapping[str, str]) -> list[Difference]:
    """What differs between the two sides; nothing of an item that begins or ends. ``names`` are of authorities."""
    before, after = pair.before, pair.after
    if before is None or after is None or not after.listed:
        return []
    names = _told_apart(before.authority, after.authority, names)
    told = [
        Difference(said(label), words(before, names), words(after, names))
        for label, words in ASPECTS
        if words(before, names) != words(after, names)
    ]
    return [one for one in told if one.before or one.after]


def _told_apart(former: str | None, now: str | None, names: Mapping[str, str]) -> Mapping[str, str]:
    """Two organs of one name with their ids."""
    ids = {one: names[one] for one in (former, now) if one and one in names}
    if former == now or len(set(ids.values())) == len(ids):
        return names
    return {one: said("{1}（{2}）", name, one) for one, name in ids.items()}


def limit_words(limit: Limit | None) -> str:
    if limit is None:
        return ""
    told = {"value": limit.value, "unit": limit.unit}
    return value_words("limit", {name: part for name, part in told.items() if part is not None}, {})


Words = Callable[[Side, Mapping[str, str]], str]


def _count(keys: frozenset[str] | None) -> str:
    return "" if keys is None else str(len(keys))


ASPECTS: tuple[tuple[str, Words], ...] = (
    ("名称", lambda side, _: side.name),
    ("实施机关", lambda side, names: names.get(side.authority or "", side.authority or "")),
    ("事项类型", lambda side, _: said(code_tables.label("item_type", side.type or "") or side.type or "")),
    ("承诺时限", lambda side, _: limit_words(side.promised)),
    ("法定时限", lambda side, _: limit_words(side.statutory)),
    ("办理环节", lambda side, _: _count(side.steps)),
    ("申请材料", lambda side, _: _count(side.materials)),
    ("收费项目", lambda side, _: _count(side.fees)),
    ("办件类型", lambda side, _: said(code_tables.label("handling", side.handling or "") or "")),
    ("进驻", lambda side, _: said(HALLS.get(side.hall or "", ""))),
)
