"""One row of a 清理意见表: its editable cells from a proposal, and a proposal from its cells.

What the sheet has no column for (other fields, splits, delegations) is proposed in the office or through the API;
such a row shows its outcome and is left alone.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from typing import Any

from app.canonical import digest, encode
from app.changes.outcomes import RULES
from app.errors import RegistryError
from app.items.field_words import limit_words
from app.rounds.worksheets import Line
from app.versions.fold import apply_changes
from app.versions.queries import parse_day

EDITABLE = ("limit", "outcome", "words", "receiver", "follow_up", "day", "reason")
PENDING = "建议取消（待修法）"
LABELS = {
    "保留": "retain",
    "调整": "adjust",
    "取消": "cancel",
    PENDING: "pending",
    "下放": "devolve",
    "合并": "merge",
    "调整实施机关": "transfer",
    "暂停": "suspend",
}
"""What the sheet offers under 处理意见, after the 清理意见表 and the outcomes."""
RECEIVED = ("devolve", "transfer", "merge")
"""Outcomes that have something to say under 承接方."""
ITSELF = "本事项"
"""In 承接方 of 合并: the item that the others are merged into."""
_LONGEST = {"words": 4000, "follow_up": 4000, "reason": 4000, "receiver": 1000}
_LIMIT = re.compile(r"(\d{1,6})个?(工作日|自然日|月|年|小时|分钟)")
_DAY = re.compile(r"(\d{4})(?:[-/.年])(\d{1,2})(?:[-/.月])(\d{1,2})日?(?:00:00(?::00)?)?", re.ASCII)
_UNITS = {"工作日": "workday", "自然日": "day", "月": "month", "年": "year", "小时": "hour", "分钟": "minute"}

Cells = dict[str, str]
Resolve = Callable[[str], dict[str, str] | None]
"""A receiver as written -> ``{"region": id}`` or ``{"authority": id}``; None where the registry has no such name."""


class Faulty(Exception):
    """A cell that cannot be taken as it is."""

    def __init__(self, column: str, code: str, message: str) -> None:
        super().__init__(message)
        self.column, self.code, self.message = column, code, message


def cells_of(line: Line, day: str | None) -> Cells:
    """The editable cells of a line as they are written out; ``day`` is the round's own."""
    cells = dict.fromkeys(EDITABLE, "") | {"day": day or ""}
    body = line.proposal.body if line.proposal else line.final
    if body is None:
        return cells
    pending = body.get("pending_law")
    label = PENDING if pending else RULES["item"][body["outcome"]].label
    cells |= {"outcome": label, "day": body["effective_from"], "receiver": _receiver(line, body)}
    cells |= {name: body.get(name, "") for name in ("words", "follow_up", "reason")}
    if any(change["path"].startswith("promised_limit") for change in body.get("changes", ())):
        cells["limit"] = limit_words(_after(line, body).get("promised_limit"))
    return {name: tidy(value) for name, value in cells.items()}


def _receiver(line: Line, body: Mapping[str, Any]) -> str:
    if body["outcome"] == "merge":
        return ITSELF if line.filed_under == line.item else str(line.filed_under)
    return str(body.get("receiver", ""))


def _after(line: Line, body: Mapping[str, Any]) -> dict[str, Any]:
    made = copy.deepcopy(line.content)
    try:
        apply_changes(made, [one for one in body["changes"] if one["path"].startswith("promised_limit")])
    except RegistryError:
        return {}
    return made


def tidy(value: Any) -> str:
    """A cell as it is compared: text without blanks around it, one kind of line end."""
    return str(value if value is not None else "").replace("\r\n", "\n").replace("\r", "\n").strip()


def mark_of(cells: Mapping[str, str]) -> str:
    """What tells a row that nobody has touched since it was written out."""
    return digest(encode([tidy(cells[name]) for name in EDITABLE]))[:16]


def is_beyond_sheet(line: Line) -> bool:
    """Whether its proposal says what no column holds, so that a row may not replace it."""
    body = line.proposal.body if line.proposal else None
    if body is None:
        return False
    if body["outcome"] not in LABELS.values():
        return True
    others = ("duties", "fulfils", "transition_until", "authorised_by", "until", "annex", "number", "timing")
    own = ("promised_limit", "authority")
    return any(body.get(name) for name in others) or any(
        not change["path"].startswith(own) for change in body.get("changes", ())
    )


def decision_of(line: Line, cells: Cells, resolve: Resolve) -> dict[str, Any]:
    """The proposal that a row makes, all but 合并. Raises Faulty."""
    outcome = outcome_of(cells)
    made = common(cells) | {"outcome": outcome, "subject": line.item}
    changes = _limit_changes(line, cells["limit"])
    if cells["receiver"] and outcome not in RECEIVED:
        raise Faulty("receiver", "receiver-not-needed", f"“{cells['outcome']}”没有承接方，请清空")
    if outcome in ("retain", "adjust"):
        if changes:
            return made | {"outcome": "adjust", "changes": changes}
        if outcome == "adjust":
            raise Faulty(
                "limit",
                "nothing-to-adjust",
                "写了“调整”，但拟承诺时限没有填或与现在相同；其他内容的调整请在网页上提出",
            )
        return made
    if changes:
        raise Faulty("limit", "limit-not-needed", f"“{cells['outcome']}”不改时限，请清空拟承诺时限")
    if outcome == "pending":
        pending = {"outcome": "cancel", **({"words": made["words"][:1000]} if made.get("words") else {})}
        return made | {"outcome": "retain", "pending_law": pending}
    if outcome == "devolve":
        return made | {"receivers": _receivers(cells, resolve), "receiver": cells["receiver"]}
    if outcome == "transfer":
        to = resolve(cells["receiver"]) if cells["receiver"] else None
        if not to or "authority" not in to:
            raise Faulty(
                "receiver",
                "unknown-authority",
                "调整实施机关须在承接方写明接手的机关：登记簿中的全称、编码或编号",
            )
        changes = [{"op": "set", "path": "authority", "value": to["authority"]}]
        return made | {"changes": changes, "receiver": cells["receiver"]}
    return made


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


def common(cells: Cells) -> dict[str, Any]:
    """What every proposal takes from its row. Raises Faulty."""
    if not cells["day"]:
        raise Faulty("day", "day-missing", "没有填；请写明这一决定自哪一天起施行，如 2026-10-01")
    try:
        day = parse_day(_plain_day(cells["day"]), "施行日期")
    except RegistryError as error:
        raise Faulty("day", error.code, error.message.rstrip("。")) from None
    for name, most in _LONGEST.items():
        if len(cells[name]) > most:
            raise Faulty(name, "text-too-long", f"文字有{len(cells[name])}字，最多{most}字")
    said = {name: cells[name] for name in ("words", "follow_up", "reason") if cells[name]}
    return {"kind": "item", "effective_from": day, **said}


def _plain_day(written: str) -> str:
    """2027/3/1, 2027.3.1 and 2027年3月1日 as people type them -> 2027-03-01; anything else as it is."""
    found = _DAY.fullmatch("".join(written.split()))
    return f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}" if found else written


def _receivers(cells: Cells, resolve: Resolve) -> list[dict[str, str]]:
    """Each receiver by id where the registry has the name, else in the words as written."""
    names = [name for name in re.split(r"[、，,;；\n]+", cells["receiver"]) if name.strip()]
    if not names:
        raise Faulty("receiver", "receiver-missing", "下放须写明承接方，几个之间用顿号分开")
    return [resolve(name.strip()) or {"words": name.strip()} for name in names]


def _limit_changes(line: Line, written: str) -> list[dict[str, Any]]:
    """The changes that make the promised limit what is written; none where it is so already."""
    if not written:
        return []
    folded = re.sub(r"\s", "", written)
    wanted: dict[str, Any] = {"value": None, "unit": "immediate"}
    if folded not in ("即办", "当场办结", "即时办结"):
        found = _LIMIT.fullmatch(folded)
        if found is None:
            raise Faulty(
                "limit",
                "bad-limit",
                f"拟承诺时限“{written[:20]}”看不出数和单位，请写成“10个工作日”“15个自然日”“2个月”或“即办”",
            )
        wanted = {"value": int(found[1]), "unit": _UNITS[found[2]]}
    now = line.content.get("promised_limit") or {}
    return [
        {"op": "set", "path": f"promised_limit/{name}", "value": value}
        for name, value in wanted.items()
        if now.get(name) != value
    ]
