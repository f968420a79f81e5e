"""What has to be published of an item, and is not.

Sources: 行政许可法 第三十条 (事项、依据、条件、数量、程序、期限、全部材料目录), 国务院令第716号 第六条
(受理条件、办事材料、办理流程), 政府信息公开条例 第二十条 (依据、条件、程序 of what else is done for the public).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.checks.finding import Checked, Finding

SOURCE = "行政许可法 第三十条；国务院令第716号 第六条"
SOURCE_ELSE = "国务院令第716号 第六条；政府信息公开条例 第二十条"
"""Of what is no permit."""
DISCLOSURES = {
    "citations": "设定依据",
    "conditions": "受理条件",
    "materials": "申请材料",
    "statutory_limit": "法定时限",
    "promised_limit": "承诺时限",
    "charged": "是否收费",
    "consult_phone": "咨询电话",
    "complaint_phone": "监督电话",
}
"""Field -> its name, of what can be counted."""
APPLIED_FOR = frozenset({"01", "05", "07", "08", "09", "10", "20"})
"""Types that people apply for; a penalty or an inspection has no materials. Unknown types are not judged."""


def disclosed(checked: Checked) -> Iterator[Finding]:
    """One finding an item, which names all that is missing. That it rests on something is a check of its own."""
    if checked.item.get("type") not in APPLIED_FOR:
        return
    missing = [name for name in undisclosed(checked.item) if name != "citations"]
    if not checked.item.get("process") and not _each(checked.item, "steps"):
        missing.append("steps")
    if missing:
        named = "、".join(DISCLOSURES.get(name, "办理流程") for name in missing)
        source = SOURCE if checked.is_permit else SOURCE_ELSE
        yield Finding("not-disclosed", "warning", f"应当公布而没有：{named}，请补齐。", source, missing[0])


def undisclosed(item: Mapping[str, Any]) -> list[str]:
    """Fields of DISCLOSURES that neither the content nor each way of handling it has. An empty list is an answer: none
    is needed."""
    variants = item.get("variants") or ()
    return [
        name
        for name in DISCLOSURES
        if name not in item and not (variants and all(name in one for one in variants))
    ]


def _each(item: Mapping[str, Any], name: str) -> bool:
    """Whether the item says it, or each way of handling it does."""
    variants = item.get("variants") or ()
    return bool(item.get(name) or (variants and all(one.get(name) for one in variants)))


def online_address(checked: Checked) -> Iterator[Finding]:
    """What can be done online says where."""
    if checked.item.get("online") and (checked.item.get("online_address") or "无").strip() in (
        "无",
        "暂无",
        "/",
    ):
        message = "写明支持网办，却没有网办地址，请补充。"
        yield Finding(
            "online-without-address", "warning", message, "GB/T 39046-2020 表4 第47、48项", "online_address"
        )
