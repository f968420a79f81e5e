"""Synthetic items for tests and measurements: deterministic, realistic in shape, labelled as synthetic.

Nothing here is a fact. Every name starts with 合成, every source is ``synthetic``, and the same
count and seed give the same bytes on every machine.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from stdnum.cn import uscc

from app.exchange.records import CodeValue, Record

SOURCE = "synthetic（合成数据，非真实事项）"
DAY = "2020-01-01"

_ACTS = ("设立", "变更", "延续", "注销", "备案", "核准", "登记", "审批", "年度报告", "补发")
_THINGS = (
    "食品经营许可", "建筑工程施工许可", "道路货物运输经营许可", "公共场所卫生许可", "民办学校办学许可", "林木采伐许可",
    "取水许可", "占用城市道路许可", "户外广告设施设置许可", "医疗机构执业许可", "动物诊疗许可", "娱乐场所经营许可",
    "危险化学品经营许可", "出版物零售经营许可", "人力资源服务许可", "城镇污水排入排水管网许可",
)  # fmt: skip
_ORGANS = (
    "行政审批局",
    "市场监督管理局",
    "住房和城乡建设局",
    "交通运输局",
    "卫生健康局",
    "教育体育局",
    "水务局",
    "林业局",
)
_MATERIALS = (
    "申请书", "营业执照", "法定代表人身份证明", "授权委托书", "经营场所使用证明", "平面布置图", "管理制度文本",
    "从业人员健康证明", "专业技术人员资格证书", "设备设施清单", "安全评价报告", "环境影响评价批复",
)  # fmt: skip
_LAWS = ("合成管理条例", "合成许可办法", "合成监督管理规定", "合成实施细则", "合成行业促进法")
_STEPS = ("受理", "审查", "决定", "制证", "送达")
_TYPES = ("01", "01", "01", "01", "07", "10", "20", "05")


def synthetic_items(count: int, seed: int = 1, regions: int = 12, authorities: int = 8) -> Iterator[Record]:
    """Regions and authorities first, then ``count`` items spread over them."""
    chance = random.Random(seed)
    places = [f"99{number:04d}" for number in range(1, regions + 1)]
    for place in places:
        yield _region(place)
    organs = [(place, number) for place in places for number in range(authorities)]
    credit = {organ: credit_code(*organ) for organ in organs}
    for organ in organs:
        yield _authority(organ, credit[organ])
    for number in range(count):
        organ = organs[number % len(organs)]
        yield _item(chance, number, organ, credit[organ])


def write_synthetic(path: Path, count: int, seed: int = 1, regions: int = 12, authorities: int = 8) -> int:
    """The records as native JSON lines; returns how many were written."""
    written = 0
    with path.open("wb") as out:
        for record in synthetic_items(count, seed, regions, authorities):
            out.write(orjson.dumps(record.model_dump(exclude_defaults=True)) + b"\n")
            written += 1
    return written


def _region(place: str) -> Record:
    # GB/T 2260 gives no division a code that starts with 99, so no real place is meant.
    return Record(
        kind="region",
        ref=place,
        content={"name": f"合成市合成{int(place[2:])}区", "level": "4"},
        codes=[CodeValue(scheme="synthetic-region", value=place)],
        day=DAY,
        start_unknown=True,
    )


def _authority(organ: tuple[str, int], credit: str) -> Record:
    place, number = organ
    name = _ORGANS[number % len(_ORGANS)] + (
        f"第{number // len(_ORGANS) + 1}分局" if number >= len(_ORGANS) else ""
    )
    return Record(
        kind="authority",
        ref=f"{place}/{number}",
        content={
            "name": f"合成{int(place[2:])}区{name}",
            "region": f"@region:{place}",
            "level": "4",
            "nature": "1",
        },
        codes=[CodeValue(scheme="uscc", value=credit)],
        day=DAY,
        start_unknown=True,
    )


def credit_code(place: str, number: int) -> str:
    body = f"11{place}{number + 1:08d}9"
    return body + uscc.calc_check_digit(body)


def _item(chance: random.Random, number: int, organ: tuple[str, int], credit: str) -> Record:
    place, organ_number = organ
    kind = chance.choice(_TYPES)
    base = f"99{kind}{number // 1000 % 100000:05d}{number % 1000:03d}"
    thing, act = chance.choice(_THINGS), chance.choice(_ACTS)
    statutory = chance.choice((5, 7, 10, 15, 20, 20, 30, 45))
    content: dict[str, Any] = {
        "name": f"合成{thing}（{act}）{number}号",
        "type": kind,
        "authority": f"@authority:{place}/{organ_number}",
        "authority_nature": "1",
        "region": f"@region:{place}",
        "level": "4",
        "power_source": "1",
        "citations": _citations(chance),
        "service_objects": chance.sample(("1", "2", "3", "4"), chance.randint(1, 3)),
        "conditions": f"申请{thing}（{act}）的，应当有固定场所、必要的设备和符合规定的人员。",
        "materials": _materials(chance),
        "statutory_limit": {"value": statutory, "unit": "workday"},
        "promised_limit": {"value": chance.randint(1, statutory), "unit": "workday"},
        "steps": [{"key": f"s{at}", "name": name} for at, name in enumerate(_STEPS[: chance.randint(3, 5)], 1)],
        "handling": "2",
        "charged": False,
        "result": {"name": f"{thing}证", "type": "证照"},
        "hall": "in",
        "windows": [_window(place)],
        "visits": chance.randint(0, 2),
        "online": False,
        "consult_phone": f"0999-{chance.randint(1000000, 9999999)}",
        "complaint_phone": "0999-0000000",
        "source": {"name": SOURCE, "key": str(number)},
    }  # fmt: skip
    return Record(
        kind="item",
        ref=f"synthetic-{number}",
        content=content,
        codes=[CodeValue(scheme="synthetic", value=f"{credit}4{base}")],
        day=DAY,
        start_unknown=True,
    )


def _window(place: str) -> dict[str, Any]:
    address = f"合成{int(place[2:])}区政务服务中心"
    return {"key": "w1", "name": "综合窗口", "address": address, "hours": "工作日9:00-17:00"}


def _citations(chance: random.Random) -> list[dict[str, Any]]:
    return [
        {
            "key": f"c{at}",
            "role": "setting" if at == 1 else "implementing",
            "title": chance.choice(_LAWS),
            "number": f"合成令第{chance.randint(1, 900)}号",
            "article": f"第{chance.randint(1, 80)}条",
        }
        for at in range(1, chance.randint(1, 4) + 1)
    ]


def _materials(chance: random.Random) -> list[dict[str, Any]]:
    return [
        {
            "key": f"m{at}",
            "name": name,
            "type": "original",
            "form": "纸质",
            "originals": 1,
            "copies": chance.randint(0, 2),
            "necessity": "required" if chance.random() < 0.9 else "deferrable",
            "source": "申请人自备",
        }
        for at, name in enumerate(chance.sample(_MATERIALS, chance.randint(3, 8)), 1)
    ]
