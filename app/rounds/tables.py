"""The tables of a round: 调整对照表, and behind it the annexes of the decision.

Items that are not public are listed nowhere: the report counts how many there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from app.canonical import decode
from app.changes.reviews import OPINIONS
from app.db import chunks, fetch, marks
from app.items import code_tables
from app.rounds.annexes import Line, Table, annexes, kin_of, labels, name_of, organ_of
from app.rounds.counted import count, find
from app.rounds.differences import HALLS, limit_words
from app.rounds.pairs import Keys, Side
from app.versions.names import names_near
from app.versions.queries import Known, of_publication
from app.versions.visibility import not_internal


def tables_of(connection: Connection, round_id: str, known: Known) -> list[Table]:
    """调整对照表, then an annex per way out or in, then the retained. Raises NotFound."""
    found = find(connection, round_id, known)
    pairs = count(connection, found, known.seq).pairs
    shown = _public(connection, [pair.item for pair in pairs])
    said = _words(connection, found.publication)
    lines = [
        Line(pair, tuple(dict.fromkeys(outcome for outcome, _ in pair.decisions)), said.get(pair.item, {}))
        for pair in pairs
        if pair.item in shown and pair.is_public
    ]
    lines.sort(
        key=lambda line: (line.words.get("annex", ""), _place(line.words.get("number", "")), line.pair.item)
    )
    organs = {side.authority for line in lines for side in (line.pair.before, line.pair.after) if side}
    names = names_near(connection, [organ for organ in organs if organ], "9999-12-30")
    return [_comparison(lines, names), *annexes(lines, names, kin_of(connection, found.publication))]


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
        here, there = organ_of(before or after, names), organ_of(after, names)
        table.rows.append(
            (
                number,
                name_of(line),
                here,
                labels(line.outcomes),
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
    said = [labels([proposed["outcome"]]), proposed.get("words"), proposed.get("reason")]
    thought = [OPINIONS.get(opinion.get("opinion", ""), ""), opinion.get("reason")]
    return "；".join(one for one in said if one), "：".join(one for one in thought if one)


def _both(before: Side | None, after: Side | None, of: Any) -> tuple[Any, Any]:
    return (of(before) if before else "", of(after) if after else "")


def _count(keys: Keys) -> int | str:
    return "" if keys is None else len(keys)


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
