"""What an item's handouts say: 一次性告知单 (what to bring) and 办事指南 (all nine disclosures)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Any

from app.exchange.handouts import Handout, Part, Table
from app.items.code_tables import label
from app.items.field_words import ROLES, STATUS, limit_words
from app.web.item_facts import ItemFacts
from app.web.rendering import Gaps, day, instant

Pairs = list[tuple[str, str]]


def notice(facts: ItemFacts, have: Collection[str], base: str) -> Handout:
    """The one-time notice; ``have`` are the keys of materials that the applicant has ready."""
    parts = [_materials(facts, have), _conditions(facts), _limits(facts), _fees(facts), _places(facts)]
    handout = _handout("一次性告知单", facts, parts, base)
    handout.signatures = ["告知人", "申请人", "日期"]
    return handout


def guide(facts: ItemFacts, base: str) -> Handout:
    """The guide, in the order of the nine disclosures."""
    parts = [
        _service(facts),
        _bases(facts),
        _conditions(facts),
        _materials(facts, None),
        _process(facts),
        _limits(facts),
        _fees(facts),
        _result(facts),
        _complaints(facts),
        _places(facts),
    ]
    return _handout("办事指南", facts, [*parts, *_questions(facts)], base)


def _handout(kind: str, facts: ItemFacts, parts: list[Part], base: str) -> Handout:
    item = facts.item
    known = dt.datetime.fromisoformat(item["known_at"].replace("Z", "+00:00"))
    revision = f"版本 {item['revision']}，" if item["revision"] else ""
    return Handout(
        kind=kind,
        title=facts.title,
        warnings=_warnings(facts),
        facts=_given(
            ("实施机关", (item["authority"] or {}).get("name")),
            ("行政区划", (item["region"] or {}).get("name")),
            ("事项编号", item["id"]),
            ("编码", item["code"]),
        ),
        parts=parts,
        signatures=[],
        revision=f"清单登记簿：{day(item['on'])}的内容，{revision}截至日志第 {item['seq']} 号"
        f"（{instant(item['known_at'])}）所知",
        address=f"{base}/items/{item['id']}?on={item['on']}&known_at={item['seq']}",
        made_at=int(known.timestamp()),
    )


def _given(*pairs: tuple[str, Any]) -> Pairs:
    """The pairs that have a value, which is words by now."""
    return [(name, str(value)) for name, value in pairs if value not in (None, "")]


def _warnings(facts: ItemFacts) -> list[str]:
    item = facts.item
    found = []
    if item["status"] != "in_force":
        since = f"，自 {day(item['valid_from'])}起" if item["valid_from"] else ""
        found.append(
            f"{day(item['on'])}此事项{STATUS[item['status']]}{since}。以下内容仅供查考，请勿据以办事。"
        )
        found += [f"现在找：{one['name'] or one['id']}" for one in facts.successors]
        if item["document"] and item["document"]["follow_up"]:
            found.append(f"此后怎么办：{item['document']['follow_up']}")
    for one in facts.excluded:
        place = " ".join(filter(None, [one["region"].name if one["region"] else None, one["words"]]))
        now = f"，改由 {one['authority'].name} 办理" if one["authority"] else ""
        found.append(f"不在此办理的部分：{place}{now}。")
    if item["planned"]:
        found.append(f"{day(item['on'])}还没有到，以下是依已公布的决定届时的内容，之后可能再变。")
    return found


def _service(facts: ItemFacts) -> Part:
    content = facts.content
    objects = [label("service_object", one) or one for one in content["service_objects"] or []]
    return Part(
        "服务内容",
        pairs=_given(
            ("事项类型", label("item_type", content["type"]) if content["type"] else None),
            ("行使层级", label("level", content["level"]) if content["level"] else None),
            ("基本目录事项", facts.entry),
            ("服务对象", "、".join(objects)),
            ("行使内容", content["exercised"]),
            ("权限划分", content["division"]),
            ("办件类型", label("handling", content["handling"]) if content["handling"] else None),
        ),
    )


def _bases(facts: ItemFacts) -> Part:
    part = Part("审批依据")
    for role, cited in facts.bases:
        for one in cited:
            title = f"《{one['law']}》" if one["law"] else "文件名称未提供"
            number = f"（{one['number']}）" if one["number"] else ""
            force = "（这一天不在施行）" if one["in_force"] == "no" else ""
            words = f"{title}{number}{one['article'] or '，条款未提供'}{force}"
            part.pairs.append(
                (ROLES.get(role, role), words + (f"\n{one['shown_text']}" if one["shown_text"] else ""))
            )
    if facts.content["citations"] == []:
        part.text.append("来源写明没有依据。")
    return part


def _conditions(facts: ItemFacts) -> Part:
    content = facts.content
    return Part(
        "申报条件",
        text=[content["conditions"]] if content["conditions"] else [],
        pairs=_given(
            ("不予受理的情形", content["prohibitions"]),
            ("受理、审查标准", content["accept_standard"]),
            ("数量限制", content["quantity_limit"]),
            ("前置事项", content["prior_items"]),
        ),
    )


def _materials(facts: ItemFacts, have: Collection[str] | None) -> Part:
    """``have`` None: a plain list without boxes to tick."""
    content = facts.content
    part = Part("申报材料")
    if content["materials"]:
        part.tables.append(("", _material_table(content["materials"], "", have)))
    elif content["materials"] is not None:
        part.text.append("来源写明无需提交材料。")
    for variant in content["variants"] or []:
        if variant["materials"]:
            part.tables.append((variant["name"], _material_table(variant["materials"], variant["key"], have)))
    return part


def _material_table(materials: list[Any], prefix: str, have: Collection[str] | None) -> Table:
    keys = [f"{prefix}/{one['key']}" if prefix else one["key"] for one in materials]
    rows = [
        [str(number), _material(one), _copies(one), _necessity(one)]
        for number, one in enumerate(materials, 1)
    ]
    ticked = None if have is None else [key in have for key in keys]
    return Table(["序号", "材料", "份数、形式", "必要性"], rows, [2, 14, 6, 4], ticked, keys)


def _material(one: Any) -> str:
    details = _given(
        ("适用情形", one["condition"]),
        ("来源", one["source"]),
        ("出具机构", one["issuer"]),
        ("使用说明", one["use_note"]),
        ("受理标准", one["accept_standard"]),
        ("签字盖章", one["seal"]),
        ("要求依据", one["basis"]),
        ("备注", one["note"]),
    )
    return "\n".join([one["name"], *(f"{name}：{value}" for name, value in details)])


def _copies(one: Any) -> str:
    counts = [
        f"{words} {one[field]}"
        for words, field in (("原件", "originals"), ("复印件", "copies"))
        if one[field] is not None
    ]
    forms = [
        one["form"],
        label("material_type", one["type"]) or one["type"] if one["type"] else None,
        one["paper"],
    ]
    return "，".join([*counts, *(form for form in forms if form)]) or "未提供"


def _necessity(one: Any) -> str:
    return label("necessity", one["necessity"]) or "未提供" if one["necessity"] else "未提供"


def _process(facts: ItemFacts) -> Part:
    content = facts.content
    part = Part("办理程序", text=[content["process"]] if content["process"] else [])
    part.steps = list(map(_step, content["steps"] or []))
    for one in content["special_procedures"] or []:
        words = "，".join(
            filter(None, [limit_words(one["limit"]), "计入时限" if one["counts"] else "不计入时限"])
        )
        part.pairs.append(("特别程序", f"{one['name']}（{words}）"))
    channels = [label("channel", one) or one for one in content["channels"] or []]
    part.pairs += _given(
        ("办理形式", "、".join(channels)),
        ("到现场次数", None if content["visits"] is None else f"{content['visits']} 次"),
        ("网办地址", content["online_address"]),
    )
    return part


def _step(one: Any) -> str:
    limit = f"（{limit_words(one['limit'])}）" if limit_words(one["limit"]) else ""
    return "，".join(filter(None, [one["name"] + limit, one["role"], one["result"]]))


def _limits(facts: ItemFacts) -> Part:
    content = facts.content
    part = Part("办结时限")
    for words, name in (("法定办结时限", "statutory_limit"), ("承诺办结时限", "promised_limit")):
        limit = content[name]
        if limit:
            note = f"\n{limit['note']}" if limit["note"] else ""
            part.pairs.append((words, (limit_words(limit) or "未提供") + note))
        else:
            part.pairs.append((words, "未提供"))
    return part


def _fees(facts: ItemFacts) -> Part:
    content = facts.content
    part = Part("收费标准")
    if content["charged"] is False and not content["fees"]:
        part.text.append("不收费。")
    elif content["charged"] and not content["fees"]:
        part.text.append("收费；收费项目和标准未提供。")
    for fee in content["fees"] or []:
        words = fee["standard"] or "标准未提供"
        part.pairs.append((fee["name"], words + (f"\n依据：{fee['basis']}" if fee["basis"] else "")))
    return part


def _result(facts: ItemFacts) -> Part:
    result = facts.content["result"] or {}
    return Part(
        "受理结果",
        pairs=_given(
            ("结果名称", result.get("name")),
            ("有效期", result.get("validity")),
            ("领取方式", result.get("collection")),
        ),
    )


def _complaints(facts: ItemFacts) -> Part:
    content, contact = facts.content, facts.contact or Gaps()
    return Part(
        "投诉渠道",
        pairs=_given(
            ("监督投诉", content["complaint"]),
            ("投诉电话", content["complaint_phone"]),
            ("投诉电话（实施机关）", contact["complaint_phone"]),
            ("行政复议", content["reconsideration"]),
            ("行政诉讼", content["litigation"]),
        ),
    )


def _places(facts: ItemFacts) -> Part:
    content, contact = facts.content, facts.contact or Gaps()
    part = Part("办理地点、时间和咨询")
    part.pairs = [*_windows(content["windows"] or []), *_windows(contact["halls"] or [])]
    part.pairs += _given(
        ("咨询方式", content["consult"]),
        ("咨询电话", content["consult_phone"]),
        ("联系电话（实施机关）", contact["phone"]),
        ("投诉电话", content["complaint_phone"]),
    )
    return part


def _windows(windows: Iterable[Any]) -> Pairs:
    return [
        (
            one["name"] or "办理窗口",
            "，".join(filter(None, [one["address"], one["hours"], one["phone"], one["transit"]])),
        )
        for one in windows
    ]


def _questions(facts: ItemFacts) -> list[Part]:
    questions = facts.content["questions"] or []
    if not questions:
        return []
    return [Part("常见问题", pairs=[(one["question"], one["answer"] or "没有提供答复") for one in questions])]
