"""What fields are called in Chinese, and how the value of each reads. Pure.

The words are those of GB/T 39046-2020 table 4 where it has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.items import code_tables
from app.saying import said

WORDS = {
    "name": "名称",
    "title": "名称",
    "aliases": "俗称",
    "translations": "其他语言",
    "type": "事项类型",
    "type_as_written": "来源所写类型",
    "parent_name": "主项名称",
    "entry": "基本目录事项",
    "exercised": "行使内容",
    "division": "权限划分",
    "excluded": "不再办理的部分",
    "words": "文件原文",
    "penalty": "处罚内容",
    "behaviour": "处罚的行为",
    "kinds": "处罚种类",
    "range": "处罚幅度",
    "levy": "征收内容",
    "object": "对象",
    "payer": "缴纳人",
    "rate": "征收标准",
    "inspection": "检查内容",
    "frequency": "检查频次",
    "authority": "实施机关",
    "authority_nature": "实施主体性质",
    "region": "行政区划",
    "level": "行使层级",
    "co_authorities": "共同实施部门",
    "co_authority_ids": "共同实施部门（关联）",
    "undertaking": "承办机构",
    "undertaking_code": "承办机构代码",
    "entrusting": "委托部门",
    "power_source": "权力来源",
    "citations": "依据",
    "role": "作用",
    "instrument": "法律法规文件",
    "article": "条款",
    "text": "条文",
    "verified": "已核对条文",
    "service_objects": "服务对象",
    "themes_person": "自然人服务主题",
    "themes_company": "法人服务主题",
    "conditions": "申报条件",
    "prohibitions": "不予受理情形",
    "accept_standard": "受理标准",
    "quantity_limit": "数量限制",
    "prior_items": "前置事项",
    "intermediary": "中介服务",
    "materials": "申请材料",
    "form": "形式",
    "originals": "原件份数",
    "copies": "复印件份数",
    "paper": "纸张规格",
    "pages": "页数",
    "necessity": "必要性",
    "source": "来源",
    "issuer": "出具机构",
    "issue_time": "出具时间要求",
    "issue_place": "材料办理地点",
    "issue_note": "材料办理说明",
    "use_note": "使用说明",
    "basis": "依据",
    "seal": "签字盖章要求",
    "condition": "适用情形",
    "blank_form": "空白表格",
    "sample_form": "示例样表",
    "statutory_limit": "法定时限",
    "promised_limit": "承诺时限",
    "limit": "时限",
    "value": "数值",
    "unit": "单位",
    "special_procedures": "特别程序",
    "kind": "种类",
    "fee": "是否收费",
    "counts": "是否计入时限",
    "steps": "办理环节",
    "standard": "标准",
    "process": "办理流程",
    "handling": "办件类型",
    "review": "审查类型",
    "commitment": "告知承诺制",
    "charged": "是否收费",
    "fees": "收费项目",
    "reducible": "可否减免",
    "reduction_basis": "减免依据",
    "result": "办理结果",
    "sample": "结果样本",
    "validity": "有效期",
    "collection": "领取方式",
    "hall": "进驻情况",
    "windows": "办理窗口",
    "address": "地址",
    "hours": "时间",
    "phone": "电话",
    "transit": "交通",
    "contact_of_authority": "使用实施机关的联系方式",
    "channels": "办理形式",
    "scope": "通办范围",
    "visits": "到现场次数",
    "visits_reason": "必须到场的原因",
    "online": "网上办理",
    "online_depth": "网上办理深度",
    "online_address": "网办地址",
    "system_level": "运行系统层级",
    "appointment": "预约办理",
    "online_payment": "网上支付",
    "express": "物流快递",
    "mobile": "移动端",
    "consult": "咨询方式",
    "consult_phone": "咨询电话",
    "complaint": "监督投诉",
    "complaint_phone": "投诉电话",
    "reconsideration": "行政复议",
    "litigation": "行政诉讼",
    "query_channel": "进程与结果查询",
    "questions": "常见问题",
    "question": "问题",
    "answer": "答复",
    "responsibilities": "责任事项",
    "matter": "事项",
    "stage": "阶段",
    "accountability": "追责情形",
    "variants": "业务办理项",
    "suffix": "编码后缀",
    "guide": "指南",
    "files": "附件",
    "digest": "文件指纹",
    "label": "项目",
    "note": "备注",
    "extra": "其他内容",
    "url": "网址",
    "version": "版本",
    "key": "标识",
    "visibility": "公开范围",
    "schema": "结构版本",
    "status": "状态",
    "codes": "编码",
    "number": "文号",
    "articles": "条文",
    "published_on": "发布日期",
    "effective_on": "施行日期",
    "parent": "上级",
    "halls": "办事大厅",
    "short_names": "简称",
    "members": "成员事项",
    "lead": "牵头机关",
    "year": "年份",
    "days_off": "放假",
    "make_up": "调休上班",
    "short_titles": "简称",
    "short_name": "简称",
    "full_name": "连同上级的全称",
    "rank": "效力级别",
    "category": "来源所写类别",
    "document_date": "成文日期",
    "nature": "机构性质",
    "levels": "行使层级",
    "competent": "主管部门",
}
"""By the field's own name, wherever it stands; ``AT`` says where one name means another thing."""

_ORDER = {name: number for number, name in enumerate(WORDS)}
"""Of the fields of one element: its name before its details. Stored bytes have them by the alphabet."""

AT = {
    "members/item": "事项",
    "members/after": "须先办结的",
    "members/variant": "业务办理项",
    "materials/type": "材料类型",
    "materials/source": "来源渠道",
    "materials/basis": "要求依据",
    "result/type": "结果类型",
    "result/name": "结果名称",
    "inspection/scope": "检查内容",
    "inspection/object": "检查对象",
    "levy/object": "征收对象",
    "citations/title": "文件名称",
    "special_procedures/authority": "实施单位",
    "steps/role": "办理人",
    "steps/result": "环节结果",
    "variants/conditions": "条件",
    "extra/value": "内容",
    "files/kind": "种类",
}

STATUS = {
    "in_force": "在用",
    "suspended": "暂停",
    "ended": "已终止",
    "unknown": "状态不明",
    "not_yet": "尚未施行",
}
ROLES = {
    "setting": "设定依据",
    "implementing": "实施依据",
    "supervising": "监管依据",
    "fee": "收费依据",
    "material": "材料依据",
}
_TABLES = {
    "type": "item_type",
    "level": "level",
    "levels": "level",
    "nature": "authority_nature",
    "authority_nature": "authority_nature",
    "power_source": "power_source",
    "service_objects": "service_object",
    "handling": "handling",
    "scope": "scope",
    "channels": "channel",
    "hall": "hall",
    "materials/type": "material_type",
    "materials/necessity": "necessity",
    "result/type": "result_type",
    "special_procedures/kind": "special_procedure",
}
UNITS = {
    "workday": "{1}个工作日",
    "day": "{1}个自然日",
    "month": "{1}个月",
    "year": "{1}年",
    "hour": "{1}小时",
    "minute": "{1}分钟",
}


def limit_words(value: Mapping[str, Any] | None) -> str:
    """A time limit in words: 20个工作日, 即办; what is not said stays unsaid."""
    if not value:
        return ""
    number, unit = value.get("value"), value.get("unit")
    if unit == "immediate":
        return said("即办")
    if number is None:
        return ""
    return said(UNITS.get(unit or "", "{1}（未注明单位）"), number)


def word_of(place: str) -> str:
    """A field's word by its place without keys: ``materials/copies``; the last part alone decides but for AT."""
    nearest = "/".join(place.split("/")[-2:])
    return said(AT.get(nearest) or WORDS.get(place.rsplit("/", 1)[-1], place.rsplit("/", 1)[-1]))


def value_words(place: str, value: Any, names: Mapping[str, str]) -> str:
    """A value as people read it: codes by their labels, ids by their names, limits in words, lists joined."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return said("是") if value else said("否")
    if isinstance(value, list):
        if value and isinstance(value[0], dict):
            return "\n".join(value_words(place, one, names) for one in value)
        return _listed([value_words(place, one, names) for one in value])
    if isinstance(value, dict):
        return _parts(place, value, names)
    return _scalar(place, str(value), names)


def _listed(words: list[str]) -> str:
    """Several as one line; in quotes where one of them has in it what stands between them."""
    between = said("、")
    quoted = any(between in one for one in words)
    return between.join(said("“{1}”", one) if quoted else one for one in words)


def _is_plain(limit: Mapping[str, Any]) -> bool:
    """Whether a limit's words say its figure and its unit: a unit alone, and a figure beside 即办, they do not."""
    return limit.get("unit") in ((None, "immediate") if limit.get("value") is None else (None, *UNITS))


def _parts(place: str, value: dict[str, Any], names: Mapping[str, str]) -> str:
    if place.rsplit("/", 1)[-1] in ("statutory_limit", "promised_limit", "limit") and _is_plain(value):
        note = value.get("note")
        return limit_words(value) + (said("（{1}）", note) if note else "")
    fields = sorted(value, key=lambda name: _ORDER.get(name, len(_ORDER)))
    shown = ((field, value_words(f"{place}/{field}", value[field], names)) for field in fields)
    return "\n".join(
        said("{1}：{2}", word_of(f"{place}/{field}"), words) for field, words in shown if field != "key"
    )


def _scalar(place: str, value: str, names: Mapping[str, str]) -> str:
    field = place.rsplit("/", 1)[-1]
    if field == "status":
        return said(STATUS.get(value, value))
    if place.endswith("limit/unit"):
        return (
            said("即办")
            if value == "immediate"
            else said(UNITS.get(value, value)[3:].removeprefix("个") if value in UNITS else value)
        )
    if place == "citations/role":
        return said(ROLES.get(value, value))
    table = _TABLES.get("/".join(place.split("/")[-2:])) or (_TABLES.get(field) if "/" not in place else None)
    if table:
        return said(code_tables.label(table, value) or value)
    return names.get(value, value)
