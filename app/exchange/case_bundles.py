"""The worked case of items handled together: six certificates from 16 working days to 5, a construction project from
370 to 84. Synthetic; the figures alone are those that places published.

What an item takes is its own promised limit, and who waits for whom is the bundle's: the totals are nowhere in it, and
come from adding up and from the critical path.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from app.exchange.case_items import ATTESTED, EFFECTIVE, REASON
from app.exchange.records import CodeValue, Record
from app.exchange.synthetic import SOURCE, credit_code


class Step(NamedTuple):
    """A member: promised working days, 0 as 即办; ``after``: whom it waits for; ``condition``: where not always."""

    key: str
    name: str
    unit: str
    days: int
    after: Sequence[str] = ()
    materials: Sequence[str] = ()
    condition: str | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """A bundle: ``promised``: the working days that its document promises for the whole."""

    ref: str
    name: str
    kind: str
    promised: int
    guide: str
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True)
class Together:
    """The case: its bundles, in one place."""

    title: str
    place: str
    bundles: Sequence[Joined]
    level: str = "3"


_MARKET, _POLICE, _TAX, _CITY, _FIRE = "市场监督管理局", "公安局", "税务局", "城市管理局", "消防救援支队"
_WHO, _ROOM, _PLAN = "经营者身份证明", "经营场所使用证明", "平面布置图"

RESTAURANT = Joined(
    ref="bundle-restaurant",
    name="合成开办小餐饮店一件事（六证联办）",
    kind="one-thing",
    promised=5,
    guide="六个事项逐个办理需16个工作日，联办5个工作日。",
    steps=(
        Step("licence", "营业执照核发", _MARKET, 1, (), (_WHO, _ROOM)),
        Step("seal", "公章刻制备案", _POLICE, 0, ("licence",), (_WHO, "营业执照")),
        Step("tax", "税务信息确认", _TAX, 1, ("licence",), (_WHO, "营业执照")),
        Step(
            "food", "食品经营许可", _MARKET, 4, ("licence",), (_ROOM, _PLAN, "营业执照", "从业人员健康证明")
        ),
        Step("sign", "招牌设置许可", _CITY, 5, (), (_ROOM, "招牌效果图"), "设置户外招牌的"),
        Step("fire", "公众聚集场所投入使用、营业前消防安全检查", _FIRE, 5, (), (_ROOM, _PLAN)),
    ),
)

_NATURAL, _HOUSING, _REFORM, _WATER = "自然资源局", "住房和城乡建设局", "发展和改革局", "水务局"
_LAND, _DRAWING, _SITE = "用地批准文件", "设计方案", "项目代码"
_STAGES: Sequence[Sequence[tuple[str, str, int, tuple[str, ...]]]] = (
    (  # 立项用地规划许可
        ("建设项目选址意见书核发", _NATURAL, 25, (_SITE, "选址论证报告")),
        ("建设项目用地预审", _NATURAL, 24, (_SITE, "选址论证报告")),
        ("政府投资项目审批", _REFORM, 20, (_SITE, "可行性研究报告")),
        ("建设用地规划许可证核发", _NATURAL, 20, (_SITE, _LAND)),
        ("建设项目压覆矿产资源审批", _NATURAL, 15, (_SITE, _LAND)),
    ),
    (  # 工程建设许可
        ("建设工程规划许可证核发", _NATURAL, 30, (_SITE, _LAND, _DRAWING)),
        ("生产建设项目水土保持方案审批", _WATER, 28, (_SITE, "水土保持方案")),
        ("环境影响评价文件审批", "生态环境局", 25, (_SITE, "环境影响报告书")),
        ("设计方案审查", _NATURAL, 20, (_SITE, _DRAWING)),
        ("节能审查", _REFORM, 20, (_SITE, "节能报告")),
    ),
    (  # 施工许可
        ("施工图设计文件审查", _HOUSING, 14, (_SITE, "施工图设计文件")),
        ("建设工程消防设计审查", _HOUSING, 14, (_SITE, "施工图设计文件")),
        ("人防工程建设审批", "人民防空办公室", 10, (_SITE, "施工图设计文件")),
        ("建筑工程施工许可证核发", _HOUSING, 12, (_SITE, _LAND, "施工合同")),
        ("市政设施建设类审批", _CITY, 10, (_SITE, "施工合同")),
    ),
    (  # 竣工验收
        ("建设工程规划核实", _NATURAL, 15, (_SITE, "竣工图")),
        ("建设工程消防验收", _HOUSING, 15, (_SITE, "竣工图")),
        ("人防工程竣工验收备案", "人民防空办公室", 15, (_SITE, "竣工图")),
        ("建设工程城建档案验收", _HOUSING, 14, (_SITE, "竣工图")),
        ("房屋建筑工程竣工验收备案", _HOUSING, 14, (_SITE, "竣工图")),
        ("防雷装置竣工验收", "气象局", 10, (_SITE, "竣工图")),
    ),
)
"""Four stages as 国办发〔2019〕11号 groups them: within one the items run beside each other, the next waits for all."""


def _staged() -> list[Step]:
    steps: list[Step] = []
    before: list[str] = []
    for stage, listed in enumerate(_STAGES, start=1):
        made = [
            Step(f"stage{stage}-{at}", name, unit, days, tuple(before), materials)
            for at, (name, unit, days, materials) in enumerate(listed, start=1)
        ]
        steps += made
        before = [one.key for one in made]
    return steps


CONSTRUCTION = Joined(
    ref="bundle-construction",
    name="合成工程建设项目并联审批",
    kind="parallel",
    promised=84,
    guide="逐个办理共370个工作日；分立项用地规划许可、工程建设许可、施工许可、竣工验收四个阶段，阶段内并联，共84个工作日。",
    steps=_staged(),
)


def records_of(case: Together) -> list[Record]:
    """The place, its organs and the items of every bundle."""
    steps = [(bundle, one) for bundle in case.bundles for one in bundle.steps]
    units = _units(case)
    place = {"name": f"{case.place}（{case.title}）", "level": case.level}
    return [
        _record("region", "place", place, CodeValue(scheme="synthetic-region", value="990300")),
        *(_organ(case, units, unit) for unit in units),
        *(_item(case, units, bundle, one, number) for number, (bundle, one) in enumerate(steps, start=1)),
    ]


def _units(case: Together) -> list[str]:
    return list(dict.fromkeys(one.unit for bundle in case.bundles for one in bundle.steps))


def _record(kind: Any, ref: str, content: dict[str, Any], code: CodeValue) -> Record:
    return Record(kind=kind, ref=ref, content=content, codes=[code], day=ATTESTED, start_unknown=True)


def _organ(case: Together, units: list[str], unit: str) -> Record:
    at = units.index(unit)
    content = {
        "name": f"{case.place}{unit}",
        "region": "@region:place",
        "level": case.level,
        "nature": "1",
    }
    return _record(
        "authority", f"unit-{at}", content, CodeValue(scheme="uscc", value=credit_code("990300", at))
    )


def _item(case: Together, units: list[str], bundle: Joined, one: Step, number: int) -> Record:
    content = {
        "name": f"合成{one.name}（{case.title}{number:02}号）",
        "type": "01",
        "authority": f"@authority:unit-{units.index(one.unit)}",
        "authority_nature": "1",
        "region": "@region:place",
        "level": case.level,
        "citations": [{"key": "c1", "role": "setting", "title": "合成管理条例", "article": f"第{number}条"}],
        "materials": [
            {"key": f"m{at}", "name": name, "copies": 1, "necessity": "required"}
            for at, name in enumerate(one.materials, start=1)
        ],
        "statutory_limit": {"value": max(one.days * 2, 1), "unit": "workday"},
        "promised_limit": {"value": one.days, "unit": "workday"} if one.days else {"unit": "immediate"},
        "handling": "2" if one.days else "1",
        "charged": False,
        "hall": "in",
        "windows": [{"key": "w1", "name": "综合窗口", "address": f"{case.place}政务服务中心"}],
        "note": f"{SOURCE}；{case.title}",
        "source": {"name": SOURCE, "key": f"{case.title}{number}"},
    }
    return _record(
        "item", f"{bundle.ref}-{one.key}", content, CodeValue(scheme="synthetic", value=f"03{number:06}")
    )


def changes_of(case: Together) -> list[dict[str, Any]]:
    """A changeset for each bundle: the document that joins the items."""
    return [_change(case, bundle, number) for number, bundle in enumerate(case.bundles, start=1)]


def _change(case: Together, bundle: Joined, number: int) -> dict[str, Any]:
    lead = _units(case).index(bundle.steps[0].unit)
    content = {
        "name": bundle.name,
        "kind": bundle.kind,
        "lead": f"@authority:unit-{lead}",
        "region": "@region:place",
        "members": [_member(bundle, one) for one in bundle.steps],
        "promised_limit": {"value": bundle.promised, "unit": "workday"},
        "windows": [{"key": "w1", "name": "综合窗口", "address": f"{case.place}政务服务中心"}],
        "guide": f"算例：{bundle.guide}",
        "note": f"{SOURCE}；{case.title}",
    }
    return {
        "ref": bundle.ref,
        "kind": "routine",
        "title": f"【合成】{bundle.name}",
        "synthetic": True,
        "reason": REASON,
        "document": {
            "title": f"【合成】关于{bundle.name}的通知",
            "number": f"合成〔2020〕{30 + number}号",
            "issuer": f"{case.place}人民政府（合成）",
            "document_date": "2020-06-20",
            "published_on": "2020-06-25",
            "effective_on": EFFECTIVE,
        },
        "decisions": [
            {
                "outcome": "add",
                "effective_from": EFFECTIVE,
                "record": {"kind": "bundle", "ref": bundle.ref, "content": content},
            }
        ],
    }


def _member(bundle: Joined, one: Step) -> dict[str, Any]:
    member: dict[str, Any] = {"key": one.key, "item": f"@item:{bundle.ref}-{one.key}"}
    if one.after:
        member["after"] = list(one.after)
    return member | ({"condition": one.condition} if one.condition else {})
