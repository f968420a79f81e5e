"""What an item's handouts say: 一次性告知单 (what to bring) and 办事指南 (all nine disclosures)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Any

from app.exchange.handouts import Handout, Part, Table
from app.items import code_tables
from app.items.field_words import ROLES, STATUS, limit_words
from app.saying import said
from app.web.item_facts import ItemFacts
from app.web.rendering import Gaps, day, instant

Pairs = list[tuple[str, str]]


def notice(facts: ItemFacts, have: Collection[str], base: str) -> Handout:
    """The one-time notice; ``have`` are the keys of materials that the applicant has ready. Of an item that is over
    nobody gets anything ready or signs."""
    over = facts.item["status"] == "ended"
    parts = [
        _materials(facts, None if over else have),
        _conditions(facts),
        _limits(facts),
        _fees(facts),
        _places(facts),
    ]
    handout = _handout(said("一次性告知单"), facts, parts, base)
    handout.signatures = [] if over else [said("告知人"), said("申请人"), said("日期")]
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
    return _handout(said("办事指南"), facts, [*parts, *_questions(facts)], base)


def _handout(kind: str, facts: ItemFacts, parts: list[Part], base: str) -> Handout:
    item = facts.item
    known = dt.datetime.fromisoformat(item["known_at"].replace("Z", "+00:00"))
    revision = said("版本 {1}，", item["revision"]) if item["revision"] else ""
    return Handout(
        kind=kind,
        title=facts.title,
        warnings=_warnings(facts),
        facts=_given(
            (said("实施机关"), (item["authority"] or {}).get("name")),
            (said("行政区划"), (item["region"] or {}).get("name")),
            (said("事项编号"), item["id"]),
            (said("编码"), item["code"]),
        ),
        parts=parts,
        signatures=[],
        revision=said(
            "清单登记簿：{1}的内容，{2}截至日志第 {3} 号（{4}）所知",
            day(item["on"]),
            revision,
            item["seq"],
            instant(item["known_at"]),
        ),
        address=f"{base}/items/{item['id']}?on={item['on']}&known_at={item['seq']}",
        made_at=int(known.timestamp()),
    )


def _label(table: str, code: str) -> str:
    return said(code_tables.label(table, code) or code)


def _given(*pairs: tuple[str, Any]) -> Pairs:
    """The pairs that have a value, which is words by now."""
    return [(name, str(value)) for name, value in pairs if value not in (None, "")]


def _warnings(facts: ItemFacts) -> list[str]:
    item = facts.item
    found = []
    if item["status"] != "in_force":
        since = said("，自 {1}起", day(item["valid_from"])) if item["valid_from"] else ""
        found.append(
            said(
                "{1}此事项{2}{3}。以下内容仅供查考，请勿据以办事。",
                day(item["on"]),
                said(STATUS[item["status"]]),
                since,
            )
        )
        found += [said("现在找：{1}", one["name"] or one["id"]) for one in facts.successors]
        if item["document"] and item["document"]["follow_up"]:
            found.append(said("此后怎么办：{1}", item["document"]["follow_up"]))
    for one in facts.excluded:
        place = " ".join(filter(None, [one["region"].name if one["region"] else None, one["words"]]))
        now = said("，改由 {1} 办理", one["authority"].name) if one["authority"] else ""
        found.append(said("不在此办理的部分：{1}{2}。", place, now))
    if item["planned"]:
        found.append(said("{1}还没有到，以下是依已公布的决定届时的内容，之后可能再变。", day(item["on"])))
    return found


def _service(facts: ItemFacts) -> Part:
    content = facts.content
    objects = [_label("service_object", one) for one in content["service_objects"] or []]
    return Part(
        said("服务内容"),
        pairs=_given(
            (said("事项类型"), _label("item_type", content["type"]) if content["type"] else None),
            (said("行使层级"), _label("level", content["level"]) if content["level"] else None),
            (said("基本目录事项"), facts.entry),
            (said("服务对象"), said("、").join(objects)),
            (said("行使内容"), content["exercised"]),
            (said("权限划分"), content["division"]),
            (said("办件类型"), _label("handling", content["handling"]) if content["handling"] else None),
        ),
    )


def _bases(facts: ItemFacts) -> Part:
    part = Part(said("审批依据"))
    for role, cited in facts.bases:
        for one in cited:
            title = said("《{1}》", one["law"]) if one["law"] else said("文件名称未提供")
            number = said("（{1}）", one["number"]) if one["number"] else ""
            force = said("（这一天不在施行）") if one["in_force"] == "no" else ""
            words = f"{title}{number}{one['article'] or said('，条款未提供')}{force}"
            part.pairs.append(
                (said(ROLES.get(role, role)), words + (f"\n{one['shown_text']}" if one["shown_text"] else ""))
            )
    if facts.content["citations"] == []:
        part.text.append(said("来源写明没有依据。"))
    return part


def _conditions(facts: ItemFacts) -> Part:
    content = facts.content
    return Part(
        said("申报条件"),
        text=[content["conditions"]] if content["conditions"] else [],
        pairs=_given(
            (said("不予受理的情形"), content["prohibitions"]),
            (said("受理、审查标准"), content["accept_standard"]),
            (said("数量限制"), content["quantity_limit"]),
            (said("前置事项"), content["prior_items"]),
        ),
    )


def _materials(facts: ItemFacts, have: Collection[str] | None) -> Part:
    """``have`` None: a plain list without boxes to tick."""
    content = facts.content
    part = Part(said("申报材料"))
    if content["materials"]:
        part.tables.append(("", _material_table(content["materials"], "", have)))
    elif content["materials"] is not None:
        part.text.append(said("来源写明无需提交材料。"))
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
    return Table(
        [said("序号"), said("材料"), said("份数、形式"), said("必要性")], rows, [2, 14, 6, 4], ticked, keys
    )


def _material(one: Any) -> str:
    details = _given(
        (said("适用情形"), one["condition"]),
        (said("来源"), one["source"]),
        (said("出具机构"), one["issuer"]),
        (said("使用说明"), one["use_note"]),
        (said("受理标准"), one["accept_standard"]),
        (said("签字盖章"), one["seal"]),
        (said("要求依据"), one["basis"]),
        (said("备注"), one["note"]),
    )
    return "\n".join([one["name"], *(said("{1}：{2}", name, value) for name, value in details)])


def _copies(one: Any) -> str:
    counts = [
        f"{words} {one[field]}"
        for words, field in ((said("原件"), "originals"), (said("复印件"), "copies"))
        if one[field] is not None
    ]
    forms = [
        one["form"],
        _label("material_type", one["type"]) if one["type"] else None,
        one["paper"],
    ]
    return said("，").join([*counts, *(form for form in forms if form)]) or said("未提供")


def _necessity(one: Any) -> str:
    return _label("necessity", one["necessity"]) if one["necessity"] else said("未提供")


def _process(facts: ItemFacts) -> Part:
    content = facts.content
    part = Part(said("办理程序"), text=[content["process"]] if content["process"] else [])
    part.steps = list(map(_step, content["steps"] or []))
    for one in content["special_procedures"] or []:
        words = said("，").join(
            filter(
                None, [limit_words(one["limit"]), said("计入时限") if one["counts"] else said("不计入时限")]
            )
        )
        part.pairs.append((said("特别程序"), said("{1}（{2}）", one["name"], words)))
    channels = [_label("channel", one) for one in content["channels"] or []]
    part.pairs += _given(
        (said("办理形式"), said("、").join(channels)),
        (said("到现场次数"), None if content["visits"] is None else said("{1} 次", content["visits"])),
        (said("网办地址"), content["online_address"]),
    )
    return part


def _step(one: Any) -> str:
    limit = said("（{1}）", limit_words(one["limit"])) if limit_words(one["limit"]) else ""
    return said("，").join(filter(None, [one["name"] + limit, one["role"], one["result"]]))


def _limits(facts: ItemFacts) -> Part:
    content = facts.content
    part = Part(said("办结时限"))
    for words, name in ((said("法定办结时限"), "statutory_limit"), (said("承诺办结时限"), "promised_limit")):
        limit = content[name]
        if limit:
            note = f"\n{limit['note']}" if limit["note"] else ""
            part.pairs.append((words, (limit_words(limit) or said("未提供")) + note))
        else:
            part.pairs.append((words, said("未提供")))
    return part


def _fees(facts: ItemFacts) -> Part:
    content = facts.content
    part = Part(said("收费标准"))
    if content["charged"] is False and not content["fees"]:
        part.text.append(said("不收费。"))
    elif content["charged"] and not content["fees"]:
        part.text.append(said("收费；收费项目和标准未提供。"))
    for fee in content["fees"] or []:
        words = fee["standard"] or said("标准未提供")
        part.pairs.append((fee["name"], words + (said("\n依据：{1}", fee["basis"]) if fee["basis"] else "")))
    return part


def _result(facts: ItemFacts) -> Part:
    result = facts.content["result"] or {}
    return Part(
        said("受理结果"),
        pairs=_given(
            (said("结果名称"), result.get("name")),
            (said("有效期"), result.get("validity")),
            (said("领取方式"), result.get("collection")),
        ),
    )


def _complaints(facts: ItemFacts) -> Part:
    content, contact = facts.content, facts.contact or Gaps()
    return Part(
        said("投诉渠道"),
        pairs=_given(
            (said("监督投诉"), content["complaint"]),
            (said("投诉电话"), content["complaint_phone"]),
            (said("投诉电话（实施机关）"), contact["complaint_phone"]),
            (said("行政复议"), content["reconsideration"]),
            (said("行政诉讼"), content["litigation"]),
        ),
    )


def _places(facts: ItemFacts) -> Part:
    content, contact = facts.content, facts.contact or Gaps()
    part = Part(said("办理地点、时间和咨询"))
    part.pairs = [*_windows(content["windows"] or []), *_windows(contact["halls"] or [])]
    part.pairs += _given(
        (said("咨询方式"), content["consult"]),
        (said("咨询电话"), content["consult_phone"]),
        (said("联系电话（实施机关）"), contact["phone"]),
        (said("投诉电话"), content["complaint_phone"]),
    )
    return part


def _windows(windows: Iterable[Any]) -> Pairs:
    return [
        (
            one["name"] or said("办理窗口"),
            said("，").join(filter(None, [one["address"], one["hours"], one["phone"], one["transit"]])),
        )
        for one in windows
    ]


def _questions(facts: ItemFacts) -> list[Part]:
    questions = facts.content["questions"] or []
    if not questions:
        return []
    return [
        Part(
            said("常见问题"),
            pairs=[(one["question"], one["answer"] or said("没有提供答复")) for one in questions],
        )
    ]
