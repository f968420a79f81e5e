"""The tables of a round: 调整对照表, and the annexes of the decision in the columns that documents use.

Columns after 国发〔2013〕27号 附件1 (序号, 项目名称, 实施机关, 设定依据, 处理决定) and 国发〔2019〕6号 附件1
(加强事中事后监管措施). Items that are not public are counted by the report and listed nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text

from app.canonical import decode
from app.changes.outcomes import RULES
from app.changes.reviews import OPINIONS
from app.db import fetch, marks
from app.items import code_tables
from app.rounds.pairs import Keys, Limit, Pair, Side
from app.rounds.report import count, find, names_of
from app.versions.queries import Known, of_publication
from app.versions.recording import chunks
from app.versions.visibility import not_internal

UNITS = {
    "workday": "个工作日",
    "day": "个自然日",
    "month": "个月",
    "year": "年",
    "hour": "小时",
    "minute": "分钟",
}
HALLS = {"in": "进驻", "entrusted": "委托进驻", "out": "未进驻"}


@dataclass(frozen=True, slots=True)
class Table:
    """A table as documents print it: a title, columns, rows of text and numbers."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Line:
    """A public item of the round with the words of its decisions."""

    pair: Pair
    outcomes: tuple[str, ...]
    words: Mapping[str, Any]


def tables_of(connection: Connection, round_id: str, known: Known) -> list[Table]:
    """调整对照表, then an annex per way out or in, then the retained. Raises NotFound."""
    found = find(connection, round_id, known)
    pairs = count(connection, found, known.seq).pairs
    shown = _public(connection, [pair.item for pair in pairs])
    said = _words(connection, found.publication)
    lines = [
        Line(pair, tuple(dict.fromkeys(outcome for outcome, _ in pair.decisions)), said.get(pair.item, {}))
        for pair in pairs
        if pair.item in shown
    ]
    lines.sort(
        key=lambda line: (line.words.get("annex", ""), _place(line.words.get("number", "")), line.pair.item)
    )
    organs = {side.authority for line in lines for side in (line.pair.before, line.pair.after) if side}
    names = names_of(connection, [organ for organ in organs if organ], "9999-12-30")
    return [_comparison(lines, names), *_annexes(lines, names)]


def _place(number: str) -> tuple[int, str]:
    digits = "".join(char for char in number if char.isascii() and char.isdigit())
    return (int(digits[:9]) if digits else 0, number)


# --- 调整对照表 ---------------------------------------------------------------------------------------------

COMPARED = (
    "序号", "事项名称", "实施机关", "处理决定", "调整后实施机关", "承诺时限（前）", "承诺时限（后）", "法定时限（前）",
    "法定时限（后）", "环节（前）", "环节（后）", "材料（前）", "材料（后）", "收费（前）", "收费（后）",
    "办件类型（前）", "办件类型（后）", "进驻（前）", "进驻（后）",
)  # fmt: skip
REVIEWED = ("部门清理意见", "审核意见")
"""Beside the comparison, where departments proposed and the office reviewed."""


def _comparison(lines: Sequence[Line], names: Mapping[str, str]) -> Table:
    reviewed = any("review" in line.words for line in lines)
    table = Table("事项调整对照表", COMPARED + REVIEWED if reviewed else COMPARED)
    for number, line in enumerate(lines, start=1):
        before, after = line.pair.before, line.pair.after
        if before is not None and not before.listed:
            before = None
        if after is not None and not after.listed:
            after = None
        here, there = _organ(before or after, names), _organ(after, names)
        table.rows.append(
            (
                number,
                _name(line),
                here,
                _labels(line.outcomes),
                there if there != here else "",
                *_both(before, after, lambda side: limit_words(side.promised)),
                *_both(before, after, lambda side: limit_words(side.statutory)),
                *_both(before, after, lambda side: _count(side.steps)),
                *_both(before, after, lambda side: _count(side.materials)),
                *_both(before, after, lambda side: _count(side.fees)),
                *_both(before, after, lambda side: code_tables.label("handling", side.handling or "") or ""),
                *_both(before, after, lambda side: HALLS.get(side.hall or "", "")),
                *(_reviewed(line.words.get("review")) if reviewed else ()),
            )
        )
    return table


def _reviewed(review: Mapping[str, Any] | None) -> tuple[str, str]:
    """What the department proposed, and what the office thought of it, in words."""
    if review is None:
        return "", ""
    proposed, opinion = review["proposed"], review["opinion"] or {}
    said = [_labels([proposed["outcome"]]), proposed.get("words"), proposed.get("reason")]
    thought = [OPINIONS.get(opinion.get("opinion", ""), ""), opinion.get("reason")]
    return "；".join(one for one in said if one), "：".join(one for one in thought if one)


def _both(before: Side | None, after: Side | None, of: Any) -> tuple[Any, Any]:
    return (of(before) if before else "", of(after) if after else "")


def _count(keys: Keys) -> int | str:
    return "" if keys is None else len(keys)


def _name(line: Line) -> str:
    side = line.pair.before or line.pair.after
    return side.name if side else line.pair.item


def _organ(side: Side | None, names: Mapping[str, str]) -> str:
    return names.get(side.authority or "", side.authority or "") if side else ""


def limit_words(limit: Limit | None) -> str:
    if limit is None:
        return ""
    if limit.unit == "immediate":
        return "即办"
    if limit.value is None:
        return ""
    return f"{limit.value}{UNITS.get(limit.unit or '', '（未注明单位）')}"


def _labels(outcomes: Iterable[str]) -> str:
    return "、".join(RULES["item"][one].label if one in RULES["item"] else one for one in outcomes)


# --- annexes ------------------------------------------------------------------------------------------------

ANNEXES = (
    ("取消的事项目录", ("cancel",)),
    ("下放的事项目录", ("devolve",)),
    (
        "调整的事项目录",
        ("merge", "split", "convert", "transfer", "narrow", "entrust", "suspend", "resume", "adjust"),
    ),
    ("承接和新增的事项目录", ("receive", "add")),
    ("保留的事项目录", ("retain",)),
)
ANNEX_COLUMNS = ("序号", "项目名称", "实施机关", "设定依据", "处理决定", "加强事中事后监管措施", "备注")


def _annexes(lines: list[Line], names: Mapping[str, str]) -> list[Table]:
    """Each line in the first annex that one of its outcomes belongs to."""
    tables: dict[str, Table] = {}
    for line in lines:
        title = next((title for title, own in ANNEXES if set(own) & set(line.outcomes)), None)
        if title is None:
            continue
        table = tables.setdefault(title, Table(title, ANNEX_COLUMNS))
        side = line.pair.before or line.pair.after
        table.rows.append(
            (
                len(table.rows) + 1,
                _name(line),
                _organ(side, names),
                "\n".join(side.basis) if side else "",
                line.words.get("words") or _labels(line.outcomes),
                line.words.get("follow_up", ""),
                line.words.get("receiver", ""),
            )
        )
    ordered = [tables[title] for title, _ in ANNEXES if title in tables]
    return [Table(f"附件{at}　{one.title}", one.columns, one.rows) for at, one in enumerate(ordered, start=1)]


def _words(connection: Connection, publication: int) -> dict[str, dict[str, Any]]:
    """Item -> the words of its first decision in the publication."""
    rows = connection.execute(
        text(
            "SELECT d.subject_id, c.body FROM decision d JOIN content c ON c.hash = d.statement"
            f" WHERE {of_publication('d.seq', ':p')} ORDER BY d.seq"
        ),
        {"p": publication},
    )
    said: dict[str, dict[str, Any]] = {}
    for item, body in rows:
        said.setdefault(item, decode(bytes(body)))
    return said


def _public(connection: Connection, items: Iterable[str]) -> set[str]:
    shown: set[str] = set()
    for some in chunks(items):
        query = f"SELECT s.id FROM subject s WHERE s.id IN ({marks(some)}) AND {not_internal('s.id')}"
        shown |= {row[0] for row in fetch(connection, query, tuple(some))}
    return shown
