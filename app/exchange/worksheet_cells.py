"""The editable cells of a row of a 清理意见表: which there are, what may stand in them, how they are compared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.canonical import digest, encode
from app.errors import RegistryError
from app.versions.queries import parse_day

FORM = ("limit", "outcome", "words", "receiver", "follow_up", "day", "reason")
"""The columns of the 清理意见表."""
MORE = ("others", "into", "until", "within", "duties", "allowed")
"""What further outcomes need beside: 一并处理的事项, 改为, 到期日, 承接期限; and of any: 后续责任, 上级依据."""
EDITABLE = (*FORM, *MORE)
NEW = ("name", "type", "citations", "statutory")
"""What the row of a new item says besides: other rows only show it."""
PENDING = "建议取消（待修法）"
LABELS = {
    "保留": "retain",
    "调整": "adjust",
    "取消": "cancel",
    PENDING: "pending",
    "部分取消、部分下放": "narrow",
    "下放": "devolve",
    "委托": "entrust",
    "合并": "merge",
    "拆分": "split",
    "调整实施机关": "transfer",
    "转变管理方式": "convert",
    "暂停": "suspend",
    "恢复": "resume",
}
"""What the sheet offers under 处理意见, after the 清理意见表 and the outcomes."""
ADDED = {"新增": "add", "承接": "receive"}
"""What it offers in a row for an item that is not there yet."""
TITLES = {
    "receiver": "承接方",
    "others": "一并处理的事项",
    "into": "改为",
    "until": "到期日",
    "within": "承接期限",
    "duties": "后续责任",
    "allowed": "上级依据",
}
TAKEN = {
    "receiver": ("devolve", "narrow", "entrust", "transfer", "merge"),
    "others": ("merge", "split", "receive"),
    "into": ("narrow", "merge", "split", "convert"),
    "until": ("adjust", "narrow", "devolve", "entrust", "suspend"),
    "within": ("devolve", "narrow"),
}
"""Column -> outcomes that have something to say in it; the others go with every outcome."""
ITSELF = "本事项"
"""In 承接方 of 合并: the item that the others are merged into."""
_LONGEST = dict.fromkeys(("words", "follow_up", "reason", "others", "into", "within", "duties"), 4000) | {
    "receiver": 1000,
    "allowed": 1000,
}
_LIMIT = re.compile(r"(\d{1,6})个?(工作日|自然日|月|年|小时|分钟)")
_UNITS = {"工作日": "workday", "自然日": "day", "月": "month", "年": "year", "小时": "hour", "分钟": "minute"}
_DAY = re.compile(r"(\d{4})(?:[-/.年])(\d{1,2})(?:[-/.月])(\d{1,2})日?(?:00:00(?::00)?)?", re.ASCII)

Cells = dict[str, str]


class Faulty(Exception):
    """A cell that cannot be taken as it is."""

    def __init__(self, column: str, code: str, message: str) -> None:
        super().__init__(message)
        self.column, self.code, self.message = column, code, message


def tidy(value: Any) -> str:
    """A cell as it is compared: text without blanks around it, one kind of line end."""
    return str(value if value is not None else "").replace("\r\n", "\n").replace("\r", "\n").strip()


def mark_of(cells: Mapping[str, str]) -> str:
    """What tells a row that nobody has touched since it was written out. Empty columns beyond the form's own do not
    count, so that sheets from before there were any still tell."""
    more = [[name, tidy(cells[name])] for name in (*MORE, *NEW) if tidy(cells.get(name, ""))]
    return digest(encode([tidy(cells[name]) for name in FORM] + more))[:16]


def says_whole(cells: Mapping[str, str]) -> bool:
    """Whether the row by itself says all of a merger or a split, and other rows need not name its item."""
    return LABELS.get(cells["outcome"]) in ("merge", "split") and bool(cells["others"] or cells["into"])


def outcome_of(cells: Cells) -> str:
    """Raises Faulty where the outcome is none that the sheet offers."""
    if not cells["outcome"]:
        raise Faulty("outcome", "outcome-missing", "处理意见没有填；本行其他栏目填了内容，请补上处理意见")
    if cells["outcome"] not in LABELS:
        offered = "、".join(LABELS)
        raise Faulty(
            "outcome",
            "unknown-outcome",
            f"处理意见“{cells['outcome'][:20]}”不在可选之列；可选的有：{offered}",
        )
    return LABELS[cells["outcome"]]


def refuse_misplaced(outcome: str, cells: Cells) -> None:
    """Raises Faulty where a cell is filled that the outcome makes nothing of."""
    for column, title in TITLES.items():
        if cells[column] and outcome not in TAKEN.get(column, (outcome,)):
            raise Faulty(column, f"{column}-not-needed", f"“{cells['outcome']}”没有{title}，请清空")


def common(cells: Cells) -> dict[str, Any]:
    """What every proposal takes from its row. Raises Faulty."""
    if not cells["day"]:
        raise Faulty("day", "day-missing", "没有填；请写明这一决定自哪一天起施行，如 2026-10-01")
    day = day_in(cells, "day", "施行日期")
    for name, most in _LONGEST.items():
        if len(cells[name]) > most:
            raise Faulty(name, "text-too-long", f"文字有{len(cells[name])}字，最多{most}字")
    said = {name: cells[name] for name in ("words", "follow_up", "reason") if cells[name]}
    return {"kind": "item", "effective_from": day, **said}


def day_in(cells: Cells, column: str, what: str) -> str:
    """2027/3/1, 2027.3.1 and 2027年3月1日 as people type them -> 2027-03-01. Raises Faulty."""
    try:
        return parse_day(plain_day(cells[column]) or cells[column], what)
    except RegistryError as error:
        raise Faulty(column, error.code, error.message.rstrip("。")) from None


def limit_in(cells: Cells, column: str) -> dict[str, Any]:
    """10个工作日, 2个月, 即办 -> its value and unit. Raises Faulty."""
    folded = "".join(cells[column].split())
    if folded in ("即办", "当场办结", "即时办结"):
        return {"value": None, "unit": "immediate"}
    found = _LIMIT.fullmatch(folded)
    if found is None:
        raise Faulty(
            column,
            "bad-limit",
            f"时限“{cells[column][:20]}”看不出数和单位，请写成“10个工作日”“15个自然日”“2个月”或“即办”",
        )
    return {"value": int(found[1]), "unit": _UNITS[found[2]]}


def plain_day(written: str) -> str:
    """Such a day as the registry writes it, whether or not there is one; empty for what is no day."""
    found = _DAY.fullmatch("".join(written.split()))
    return f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}" if found else ""
