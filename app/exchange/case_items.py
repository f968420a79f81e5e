"""The synthetic items of a worked case, drawn from its totals and a seed, and the decisions about them.

Deterministic: the same totals and seed give the same registry on every machine.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from app.exchange.case_totals import Case, Devolution
from app.exchange.records import CodeValue, Record
from app.exchange.synthetic import SOURCE, credit_code

ATTESTED, BASE_DAY, EFFECTIVE, RECEIVED = "2020-01-01", "2020-06-01", "2020-07-01", "2020-08-01"
REASON = "算例：合成数据，数目取自公开报道，各事项和处理决定为演示而设。"
_THINGS = (
    "食品经营",
    "建筑施工",
    "道路运输",
    "公共场所卫生",
    "民办学校",
    "林木采伐",
    "取水",
    "户外广告",
    "医疗机构",
    "排水",
)
_ACTS = ("许可", "核准", "审批", "备案", "登记", "年审")
_DEPARTMENTS = (
    "发展改革",
    "教育",
    "公安",
    "民政",
    "财政",
    "住房建设",
    "交通运输",
    "水务",
    "农业农村",
    "卫生健康",
    "市场监管",
    "林业",
)


@dataclass(slots=True)
class Drawn:
    """An item before the round, and what the round does to it."""

    unit: int
    cancelled: bool = False
    before: int = 10
    saved: int = 0
    immediate: bool = False
    steps: int = 3
    steps_dropped: int = 0
    materials: int = 4
    materials_dropped: int = 0
    fees: int = 0
    fees_dropped: int = 0
    hall: str = "out"
    changes: list[dict[str, Any]] = field(default_factory=list)


def split(
    chance: random.Random, total: int, parts: int, least: int = 0, most: int | None = None
) -> list[int]:
    """``total`` in so many parts, each between ``least`` and ``most``, drawn one at a time."""
    shares = [least] * parts
    open_ = list(range(parts))
    for _ in range(total - least * parts):
        at = chance.randrange(len(open_))
        shares[open_[at]] += 1
        if most is not None and shares[open_[at]] == most:
            open_[at] = open_[-1]
            open_.pop()
    return shares


def draw(case: Case) -> list[Drawn]:
    chance = random.Random(case.seed)
    items = [Drawn(unit) for unit in _units(chance, case)]
    cancelled = items[case.items - case.cancelled :]
    kept = items[: case.items - case.cancelled]
    for one in cancelled:
        one.cancelled, one.before = True, chance.randint(5, 30)
    _draw_halls(case, kept)
    _draw_limits(chance, case, kept)
    shortened = kept[: case.shortened] or kept
    for one in chance.sample(shortened, case.immediate):
        one.immediate, one.before = True, one.saved  # 即办 counts as 0 days
    _draw_lists(chance, case, kept, shortened)
    return items


def _units(chance: random.Random, case: Case) -> list[int]:
    """A unit for each item, every unit at least once; where halls say so, so many units for so many items."""
    units: list[int] = []
    first = 0
    for _hall, items, of in case.halls:
        units += [
            first + n for n, count in enumerate(split(chance, items, of, least=1)) for _ in range(count)
        ]
        first += of
    rest = case.items - len(units)
    return units + [n if first == 0 and n < case.units else chance.randrange(case.units) for n in range(rest)]


def _draw_halls(case: Case, kept: Sequence[Drawn]) -> None:
    place = 0
    for hall, items, _of in case.halls:
        for one in kept[place : place + items]:
            one.hall = hall
        place += items


def _draw_limits(chance: random.Random, case: Case, kept: Sequence[Drawn]) -> None:
    if not case.shortened:
        for one in kept:
            one.before = chance.randint(1, case.longest)
        return
    total = case.days_after if case.days_after is not None else chance.randint(4, 8) * len(kept)
    after = split(chance, total, len(kept), least=1, most=case.longest)
    saved = split(chance, case.days_saved, case.shortened, least=1)
    saved += [0] * (len(kept) - case.shortened)
    for one, days, less in zip(kept, after, saved, strict=True):
        one.before, one.saved = days + less, less


def _draw_lists(chance: random.Random, case: Case, kept: Sequence[Drawn], shortened: Sequence[Drawn]) -> None:
    """Steps, materials and fees go at items whose limit shrinks: so the shortened are all that is adjusted."""
    if case.steps_after is not None:
        for one, steps in zip(kept, split(chance, case.steps_after, len(kept), least=1), strict=True):
            one.steps = steps
    for one, count in zip(shortened, split(chance, case.steps, len(shortened)), strict=True):
        one.steps_dropped = count
        one.steps += count
    for one, count in zip(shortened, split(chance, case.materials, len(shortened)), strict=True):
        one.materials_dropped = count
        one.materials += count
    for one in chance.sample(shortened, case.fees):
        one.fees, one.fees_dropped = chance.randint(1, 2), 1


# --- records --------------------------------------------------------------------------------------------


def records_of(case: Case, drawn: Sequence[Drawn]) -> list[Record]:
    place = Record(
        kind="region",
        ref="place",
        content={"name": f"{case.place}（{case.title}）", "level": case.level},
        codes=[CodeValue(scheme="synthetic-region", value="990100")],
        day=ATTESTED,
        start_unknown=True,
    )
    items = [_item(case, number, one) for number, one in enumerate(drawn, start=1)]
    return [place, *(_organ(case, unit) for unit in range(case.units)), *items]


def _organ(case: Case, unit: int) -> Record:
    return Record(
        kind="authority",
        ref=f"unit-{unit}",
        content={
            "name": f"{case.place}{_DEPARTMENTS[unit % len(_DEPARTMENTS)]}局（合成单位{unit + 1:02}）",
            "region": "@region:place",
            "level": case.level,
            "nature": "1",
        },
        codes=[CodeValue(scheme="uscc", value=credit_code("990100", unit))],
        day=ATTESTED,
        start_unknown=True,
    )


def _item(case: Case, number: int, one: Drawn) -> Record:
    return Record(
        kind="item",
        ref=f"item-{number}",
        content=content_of(case, number, one),
        codes=[CodeValue(scheme="synthetic", value=f"{case.seed:02}{number:06}")],
        day=ATTESTED,
        start_unknown=True,
    )


def content_of(case: Case | Devolution, number: int, one: Drawn) -> dict[str, Any]:
    """The ``number``-th item of the case as it stood before the round; its organ and region by the records that make
    them."""
    content: dict[str, Any] = {
        "name": f"合成{_THINGS[number % len(_THINGS)]}{_ACTS[number % len(_ACTS)]}（{case.title}{number:03}号）",
        "type": "01",
        "authority": f"@authority:unit-{one.unit}",
        "authority_nature": "1",
        "region": "@region:place",
        "level": case.level,
        "citations": [
            {"key": "c1", "role": "setting", "title": "合成管理条例", "article": f"第{number % 80 + 1}条"}
        ],
        "materials": _elements("m", "合成材料", one.materials),
        "steps": _elements("s", "合成环节", one.steps),
        "statutory_limit": {"value": one.before + number % 7, "unit": "workday"},
        "promised_limit": {"value": one.before, "unit": "workday"},
        "handling": "2",
        "charged": one.fees > 0,
        "fees": _elements("f", "合成收费", one.fees),
        "hall": one.hall,
        "note": f"{SOURCE}；{case.title}",
        "source": {"name": SOURCE, "key": f"{case.title}{number}"},
    }
    return content


def _elements(letter: str, name: str, count: int) -> list[dict[str, str]]:
    return [{"key": f"{letter}{at}", "name": f"{name}{at}"} for at in range(1, count + 1)]


# --- decisions ------------------------------------------------------------------------------------------


def round_of(case: Case, drawn: Sequence[Drawn]) -> dict[str, Any]:
    """The round as a changeset of the seed's form: held here, its scope frozen on the base day."""
    return {
        "ref": "round",
        "kind": "round",
        "title": f"【合成】{case.title}：{case.place}行政审批事项清理",
        "number": "第一批",
        "synthetic": True,
        "reason": REASON,
        "document": _document(case, 1, EFFECTIVE),
        "scope": {"region": "@region:place", "base_day": BASE_DAY},
        "decisions": [_decision(number, one) for number, one in enumerate(drawn, start=1)],
    }


def _document(case: Case, number: int, day: str) -> dict[str, str]:
    return {
        "title": f"【合成】{case.title}清理决定",
        "number": f"合成〔2020〕{number}号",
        "issuer": f"{case.place}人民政府（合成）",
        "document_date": "2020-06-20",
        "published_on": "2020-06-25",
        "effective_on": day,
    }


def _decision(number: int, one: Drawn) -> dict[str, Any]:
    said = {
        "subject": f"@item:item-{number}",
        "effective_from": EFFECTIVE,
        "annex": "附件1",
        "number": str(number),
    }
    if one.cancelled:
        return {**said, "outcome": "cancel", "words": "取消", "follow_up": "取消后加强事中事后监管"}
    changes = _changes(one)
    return {**said, "outcome": "adjust", "changes": changes} if changes else {**said, "outcome": "retain"}


def _changes(one: Drawn) -> list[dict[str, Any]]:
    changes: list[dict[str, Any]] = []
    if one.immediate:
        changes += [
            _set("promised_limit/unit", "immediate"),
            _set("promised_limit/value", None),
            _set("handling", "1"),
        ]
    elif one.saved:
        changes.append(_set("promised_limit/value", one.before - one.saved))
    for letter, name, count, dropped in (
        ("s", "steps", one.steps, one.steps_dropped),
        ("m", "materials", one.materials, one.materials_dropped),
        ("f", "fees", one.fees, one.fees_dropped),
    ):
        changes += [
            {"op": "remove", "path": f"{name}/{letter}{at}"} for at in range(count, count - dropped, -1)
        ]
    if one.fees and one.fees == one.fees_dropped:
        changes.append(_set("charged", False))
    return changes


def _set(path: str, value: Any) -> dict[str, Any]:
    return {"op": "set", "path": path, "value": value}


def received_by(case: Case, origins: int, results: int) -> dict[str, Any]:
    """So many items of a higher level received as so many here: each result merges the duties of its origins."""
    chance = random.Random(case.seed + 1)
    number = 0
    decisions = []
    for at, count in enumerate(split(chance, origins, results, least=1), start=1):
        outside = []
        for _ in range(count):
            number += 1
            outside.append(
                {
                    "name": f"合成上级事项{number:03}",
                    "code": f"9900{number:04}",
                    "document": "合成上级〔2020〕8号",
                }
            )
        one = Drawn(chance.randrange(case.units), before=chance.randint(1, 20), hall="in")
        made = _item(case, 1000 + at, one)
        record = {**made.model_dump(exclude_defaults=True), "ref": f"received-{at}"}
        result = {"record": record}
        decisions.append(
            {
                "outcome": "receive",
                "effective_from": RECEIVED,
                "outside": outside,
                "results": [result],
                "kind": "item",
            }
        )
    return {
        "ref": "received",
        "kind": "round",
        "title": f"【合成】{case.title}：承接上级下放事项",
        "number": "第二批",
        "synthetic": True,
        "reason": REASON,
        "document": _document(case, 2, RECEIVED),
        "decisions": decisions,
    }
