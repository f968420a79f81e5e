"""Telephone numbers that can be dialled.

Sources: GB/T 39046-2020 table 4 rows 53, 54; 国务院办公厅 2017 年政务服务平台检查 (contacts
not clear); 高陵县 (numbers of 12 digits); the Zhejiang checker (with area code; one to ask is not the one to
complain to).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from app.checks.finding import Checked, Finding

SOURCE = "GB/T 39046-2020 表4 第53、54项"
TITLES = {"consult_phone": "咨询电话", "complaint_phone": "监督电话"}
_BETWEEN = re.compile(r"[、,，;；/／|\s]+|或者?|转接")
_REMARK = re.compile(r"[（(][^）)]*[）)]|[\u4e00-\u9fff]+[:：]?")
_WHOLE = re.compile(
    r"(?:\+?86[- ]?)?0(?:10|2\d|[3-9]\d{2})-?\d{7,8}(?:(?:-|转)\d{1,5})?"  # with area code
    r"|(?:\+?86[- ]?)?1[3-9]\d{9}"
    r"|[48]00-?\d{3,4}-?\d{3,4}"
    r"|(?:0(?:10|2\d|[3-9]\d{2})-?)?(?:1[12]\d|12\d{3}|9\d{4,5})(?:-\d{1,4})?"  # 12345, 0826-12345, 110, 95598
)
_LOCAL = re.compile(r"\d{7,8}")
_DASHES = re.compile(r"[—－–―‐‑─]+")


def dialable(checked: Checked) -> Iterator[Finding]:
    """Each number has a form that can be dialled from elsewhere."""
    for path, title, value in _numbers(checked.item):
        dashed = _DASHES.sub("-", value)
        wrong = [part for part in parts(dashed) if not _WHOLE.fullmatch(part)]
        local = [part for part in wrong if _LOCAL.fullmatch(part)]
        if not parts(dashed):
            message = f"{title}“{value[:40]}”里没有号码，请写明号码。"
            yield Finding("bad-phone", "warning", message, SOURCE, path)
        elif len(local) < len(wrong):
            bad = next(part for part in wrong if part not in local)
            message = f"{title}“{bad[:40]}”不像电话号码，请核对位数。"
            yield Finding("bad-phone", "warning", message, SOURCE, path)
        elif local:
            message = f"{title}“{local[0]}”没有区号，外地打不通，请写成“区号-号码”。"
            yield Finding("phone-without-area-code", "note", message, SOURCE, path)
        elif dashed != value:
            message = f"{title}“{value[:40]}”用了全角横线，手机上点不开，请改为“-”。"
            yield Finding("phone-dashes", "note", message, SOURCE, path)


def consult_is_not_complaint(checked: Checked) -> Iterator[Finding]:
    """Who answers questions does not also take the complaints about the answers."""
    consult, complaint = (checked.item.get(name) for name in TITLES)
    if consult and consult == complaint:
        message = "咨询电话与监督电话是同一个号码，请核对。"
        yield Finding("phones-alike", "note", message, SOURCE, "complaint_phone")


@lru_cache(maxsize=4096)
def parts(value: str) -> tuple[str, ...]:
    """The numbers of a field, remarks taken away: 0826-2222333（工作日）、12345 -> two. An organ's numbers stand in
    hundreds of items."""
    found = (part.strip(" .。:：") for part in _BETWEEN.split(_REMARK.sub(" ", value.replace("转", "-"))))
    return tuple(part for part in found if part and part != "-")


def _numbers(item: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name, title in TITLES.items():
        if item.get(name):
            yield name, title, item[name]
    for name, title in (("windows", "窗口电话"), ("special_procedures", "特别程序的联系电话")):
        for one in item.get(name) or ():
            if one.get("phone"):
                yield f"{name}/{one['key']}/phone", title, one["phone"]
