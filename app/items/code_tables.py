"""The code tables that item content uses, as data, each with its source.

Where a table of GB/T 39046-2020 Annex A exists, content holds its codes. Working systems that
follow ZWFW C0109 give some codes another meaning: their tables stand beside the standard's, and
``disagreements`` names the codes for which a bare code does not say which is meant. Guangdong has
20 其他行政权力 and 21 公共服务 where the standard has 20 公共服务; the level 6 is 村(社区) in the
standard and 分级管理 elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field

STANDARD = "GB/T 39046-2020"
C0109 = "C0109"
GUANGDONG = "广东"
ZHEJIANG = "浙江"
BEIJING = "北京"
SHENZHEN = "深圳"
CONTENT = "清单"
"""Values that content itself defines (``app/items/content.py``)."""


@dataclass(frozen=True)
class CodeTable:
    """One table as one source has it: code -> Chinese label, and other labels met for a code."""

    source: str
    values: dict[str, str]
    also: dict[str, str] = field(default_factory=dict)
    """Other ways of writing a label -> its code."""


TABLES: dict[str, tuple[CodeTable, ...]] = {
    # 事项类型, A.1. 11-19 and 21 onward are open to extension.
    "item_type": (
        CodeTable(
            STANDARD,
            {
                "00": "行政权力",
                "01": "行政许可",
                "02": "行政处罚",
                "03": "行政强制",
                "04": "行政征收",
                "05": "行政给付",
                "06": "行政检查",
                "07": "行政确认",
                "08": "行政奖励",
                "09": "行政裁决",
                "10": "其他类别",
                "20": "公共服务",
            },
            {"其他行政权力": "10", "其他类别事项": "10", "公共服务事项": "20", "行政权力事项": "00"},
        ),
        CodeTable(
            GUANGDONG,
            {
                "01": "行政许可",
                "05": "行政给付",
                "07": "行政确认",
                "08": "行政奖励",
                "09": "行政裁决",
                "20": "其他行政权力",
                "21": "公共服务",
            },
        ),
    ),
    # 行使层级, A.2
    "level": (
        CodeTable(
            STANDARD,
            {
                "1": "国家级",
                "2": "省级",
                "3": "市级",
                "4": "县级",
                "5": "镇（乡、街道）级",
                "6": "村（社区）级",
                "7": "分级管理",
            },
            {
                "国家级/局(署、会)": "1",
                "省级/直属": "2",
                "市级/隶属": "3",
                "设区的市级": "3",
                "区县级": "4",
                "镇（街道）级": "5",
                "乡级": "5",
                "乡镇级": "5",
                "村级": "6",
            },
        ),
        CodeTable(
            C0109,
            {"1": "国家级", "2": "省级", "3": "市级", "4": "县级", "5": "镇（乡、街道）级", "6": "分级管理"},
        ),
        CodeTable(GUANGDONG, {"2": "省级", "3": "市级", "4": "县级"}),
    ),
    # 实施主体性质, A.3
    "authority_nature": (
        CodeTable(STANDARD, {"1": "法定机关", "2": "授权组织", "3": "受委托组织", "9": "其他"}),
        CodeTable(C0109, {"1": "法定机关", "2": "授权组织", "3": "受委托组织"}),
    ),
    # 服务对象, A.4
    "service_object": (
        CodeTable(
            STANDARD,
            {
                "1": "自然人",
                "2": "企业法人",
                "3": "事业法人",
                "4": "社会组织法人",
                "5": "行政机关",
                "6": "其他组织",
            },
        ),
        CodeTable(
            C0109,
            {
                "1": "自然人",
                "2": "企业法人",
                "3": "事业法人",
                "4": "社会组织法人",
                "5": "非法人企业",
                "6": "行政机关",
                "7": "其他组织",
            },
        ),
    ),
    # 办理形式, A.5
    "channel": (
        CodeTable(
            STANDARD,
            {"1": "窗口办理", "2": "电脑端网上办理", "3": "移动端网上申请", "4": "快递申请", "9": "其他"},
            {"网上办理": "2"},
        ),
        CodeTable(C0109, {"1": "窗口办理", "2": "网上办理", "3": "快递申请"}),
    ),
    # 办件类型, A.6; the letters are this registry's, for kinds that only local systems have.
    "handling": (
        CodeTable(STANDARD, {"1": "即办件", "2": "承诺件", "9": "其他"}),
        CodeTable(C0109, {"1": "即办件", "2": "承诺件"}),
        CodeTable(SHENZHEN, {"001": "即办件", "002": "承诺件", "003": "上报件", "004": "联报件"}),
    ),
    # 特别程序种类, A.7
    "special_procedure": (
        CodeTable(STANDARD, {"1": "延长审批", "2": "其他特别程序"}, {"除延长审批之外的情况": "2"}),
    ),
    # 满意度, A.8
    "satisfaction": (
        CodeTable(
            STANDARD, {"1": "非常满意", "2": "满意", "3": "基本满意", "4": "不满意", "5": "非常不满意"}
        ),
    ),
    # Tables that only working systems have
    "power_source": (
        CodeTable(
            C0109,
            {
                "1": "法定本级行使",
                "2": "上级下放",
                "3": "上级授权",
                "4": "同级授权",
                "5": "上级委托",
                "6": "同级委托",
            },
        ),
    ),
    "scope": (
        CodeTable(
            C0109,
            {
                "1": "全国",
                "2": "全省",
                "3": "全市",
                "4": "全县",
                "5": "全镇（乡、街道）",
                "6": "跨村（社区）",
            },
        ),
    ),
    "state": (
        CodeTable(C0109, {"1": "在用", "2": "暂停", "3": "取消"}),
        CodeTable(ZHEJIANG, {"1": "在用", "2": "挂起", "3": "取消", "4": "草稿"}),
    ),
    "result_type": (
        CodeTable(C0109, {"1": "证照", "2": "批文", "3": "其他", "4": "无"}),
        CodeTable(GUANGDONG, {"10": "证照", "20": "批文", "30": "其他"}),
    ),
    "material_source": (
        CodeTable(ZHEJIANG, {"10": "申请人自备", "20": "政府部门核发", "99": "其他"}),
        CodeTable(GUANGDONG, {"10": "申请人自备", "20": "政府部门核发", "99": "其他"}),
        CodeTable(BEIJING, {"10": "申请人自备", "20": "政府部门核发", "30": "中介机构出具"}),
    ),
    # The same label, two meanings: 原件/复印件 in Zhejiang, 证照/表格 in Guangdong.
    "material_type": (
        CodeTable(
            CONTENT,
            {
                "original": "原件",
                "copy": "复印件",
                "either": "原件或复印件",
                "certificate": "证件证书证明",
                "form": "申请表格文书",
                "other": "其他",
            },
        ),
        CodeTable(ZHEJIANG, {"1": "原件", "2": "复印件", "3": "原件或复印件"}),
        CodeTable(GUANGDONG, {"1": "证件证书证明", "2": "申请表格文书", "3": "其他"}),
    ),
    "material_form": (CodeTable(GUANGDONG, {"1": "纸质", "2": "电子化", "3": "纸质/电子化"}),),
    # Values of content itself
    "necessity": (
        CodeTable(
            CONTENT,
            {"required": "必要", "optional": "非必要", "deferrable": "容缺后补"},
            {
                "必需": "required",
                "必备": "required",
                "非必需": "optional",
                "是": "required",
                "否": "optional",
            },
        ),
        CodeTable(ZHEJIANG, {"1": "必要", "2": "非必要", "3": "容缺后补"}),
        CodeTable(GUANGDONG, {"1": "必要", "2": "非必要", "3": "容缺后补"}),
    ),
    # 天 and 日 do not say which days are meant, so they are no label of any unit.
    "unit": (
        CodeTable(
            CONTENT,
            {
                "workday": "工作日",
                "day": "自然日",
                "month": "月",
                "year": "年",
                "hour": "小时",
                "minute": "分钟",
                "immediate": "即办",
            },
            {"个工作日": "workday", "个月": "month", "即时": "immediate", "当场办结": "immediate"},
        ),
        CodeTable(SHENZHEN, {"0": "工作日", "1": "自然日"}),
    ),
    "hall": (
        CodeTable(
            CONTENT, {"in": "进驻", "entrusted": "委托进驻", "out": "未进驻"}, {"是": "in", "否": "out"}
        ),
    ),
    "citation_role": (
        CodeTable(
            CONTENT,
            {
                "setting": "设定依据",
                "implementing": "实施依据",
                "supervising": "监管依据",
                "fee": "收费依据",
                "material": "材料依据",
            },
        ),
    ),
}
"""Table name -> its sources; the first is the one whose codes content holds."""

_FOLD = str.maketrans({"(": "（", ")": "）", " ": None, "\u3000": None})


def sources(table: str) -> list[str]:
    """Who has a table of this name, the one that content uses first."""
    return [one.source for one in TABLES[table]]


def label(table: str, code: str, source: str | None = None) -> str | None:
    """The Chinese label of a code; None where the table does not have it."""
    return _table(table, source).values.get(code)


def code_of(table: str, text: str, source: str | None = None) -> str | None:
    """The code of a label, brackets and blanks aside; None where no code has that label."""
    return _by_label(_table(table, source)).get(text.translate(_FOLD))


def translate(table: str, code: str, source: str) -> str | None:
    """A source's code as the code that content holds, by way of the label."""
    text = label(table, code, source)
    return code_of(table, text) if text is not None else None


def disagreements(table: str) -> dict[str, dict[str, str]]:
    """Codes that two sources label differently: code -> source -> label."""
    found: dict[str, dict[str, str]] = {}
    for one in TABLES[table]:
        for code, text in one.values.items():
            found.setdefault(code, {})[one.source] = text
    return {
        code: by for code, by in found.items() if len({_meaning(table, text) for text in by.values()}) > 1
    }


def _meaning(table: str, text: str) -> str:
    """Two labels mean the same where the first table gives both one code (网上办理, 电脑端网上办理)."""
    return code_of(table, text) or text.translate(_FOLD)


def resolve(table: str, text: str, source: str | None = None) -> str | None:
    """What a source wrote (a label, a code, or ``4 县级``) as the code that content holds.

    A bare code counts only where every table agrees on it, unless the source of the code is named.
    """
    text = text.strip()
    found = code_of(table, text)
    if found is not None:
        return found
    head, _, rest = text.partition(" ")
    if rest:
        return code_of(table, rest)
    if source is not None:
        return translate(table, head, source)
    if head in disagreements(table) or head not in _table(table, None).values:
        return None
    return head


def _table(table: str, source: str | None) -> CodeTable:
    """The named source's table; without a name, the first."""
    for one in TABLES[table]:
        if source is None or one.source == source:
            return one
    raise KeyError(f"{table}: no table of {source}")


def _by_label(table: CodeTable) -> dict[str, str]:
    labels = {text.translate(_FOLD): code for code, text in table.values.items()}
    return labels | {text.translate(_FOLD): code for text, code in table.also.items()}
