"""The annexes of a round's decision in the columns that documents use, and what each row says of its item.

Columns after 国发〔2013〕27号 附件1 (序号, 项目名称, 实施机关, 设定依据, 处理决定) and 国发〔2019〕6号 附件1
(加强事中事后监管措施).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text

from app.changes.outcomes import RULES
from app.rounds.differences import differences
from app.rounds.pairs import Pair, Side
from app.versions.names import names_near
from app.versions.queries import of_publication

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
COLUMNS = ("序号", "项目名称", "实施机关", "设定依据", "处理决定", "加强事中事后监管措施", "备注")
_INTO = {"merge": "并入", "split": "拆分为", "narrow": "分出", "entrust": "委托产生", "receive": "承接为"}
_FROM = {
    "merge": "由{}合并",
    "split": "由{}拆分",
    "narrow": "由{}分出",
    "entrust": "由{}委托",
    "receive": "承接自{}",
}


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


@dataclass(frozen=True, slots=True)
class Kin:
    """What came of the items of a publication, and what they came of: (outcome, id) by item."""

    into: Mapping[str, Sequence[tuple[str, str]]]
    of: Mapping[str, Sequence[tuple[str, str]]]
    names: Mapping[str, str]


def kin_of(connection: Connection, publication: int) -> Kin:
    """By the lineage that the publication wrote; a standing item that carries on comes of what is merged into it."""
    rows = connection.execute(
        text(
            "SELECT origin, successor, relation FROM lineage l"
            f" WHERE {of_publication('l.seq', ':p')} ORDER BY seq"
        ),
        {"p": publication},
    ).all()
    into: dict[str, list[tuple[str, str]]] = {}
    of: dict[str, list[tuple[str, str]]] = {}
    for origin, successor, relation in rows:
        into.setdefault(origin, []).append((relation, successor))
        of.setdefault(successor, []).append((relation, origin))
    return Kin(into, of, names_near(connection, {*into, *of}, "9999-12-30"))


def what_of(item: str, kin: Kin, shown: Callable[[str], bool]) -> Iterator[str]:
    """并入“X”, 拆分为“Y”、“Z”, 由“A”合并. Those that may not be shown are passed over."""
    for told, words in ((kin.into, _INTO), (kin.of, _FROM)):
        by: dict[str, list[str]] = {}
        for relation, other in told.get(item, ()):
            if other != item and relation in words and shown(other):
                by.setdefault(relation, []).append(f"“{kin.names.get(other, other)}”")
        for relation, others in by.items():
            said = "、".join(others)
            yield words[relation].format(said) if "{}" in words[relation] else f"{words[relation]}{said}"


def changed(pair: Pair, names: Mapping[str, str]) -> Iterator[str]:
    """承诺时限由20个工作日改为10个工作日."""
    for one in differences(pair, names):
        yield f"{one.label}由{one.before or '未提供'}改为{one.after or '未提供'}"


def annexes(lines: Sequence[Line], names: Mapping[str, str], kin: Kin) -> list[Table]:
    """Each line in the first annex that one of its outcomes belongs to."""
    listed = {line.pair.item for line in lines}
    tables: dict[str, Table] = {}
    for line in lines:
        title = next((title for title, own in ANNEXES if set(own) & set(line.outcomes)), None)
        if title is not None:
            table = tables.setdefault(title, Table(title, COLUMNS))
            table.rows.append((len(table.rows) + 1, *_row(line, names, kin, listed)))
    ordered = [tables[title] for title, _ in ANNEXES if title in tables]
    return [Table(f"附件{at}　{one.title}", one.columns, one.rows) for at, one in enumerate(ordered, start=1)]


def _row(line: Line, names: Mapping[str, str], kin: Kin, listed: set[str]) -> tuple[str, ...]:
    side = line.pair.before or line.pair.after
    pending = "待修法" if line.words.get("pending_law") else ""
    decided = [
        line.words.get("words") or labels(line.outcomes) + (f"（{pending}）" if pending else ""),
        *what_of(line.pair.item, kin, listed.__contains__),
        *changed(line.pair, names),
    ]
    beside = [line.words.get("receiver", ""), pending if line.words.get("words") else ""]
    beside += [f"承接自“{one['name']}”" for one in line.words.get("outside", ())]
    return (
        name_of(line),
        organ_of(side, names),
        "\n".join(side.basis) if side else "",
        "；".join(decided),
        line.words.get("follow_up", ""),
        "；".join(one for one in beside if one),
    )


def labels(outcomes: Sequence[str]) -> str:
    return "、".join(RULES["item"][one].label if one in RULES["item"] else one for one in outcomes)


def name_of(line: Line) -> str:
    side = line.pair.before or line.pair.after
    return side.name if side else line.pair.item


def organ_of(side: Side | None, names: Mapping[str, str]) -> str:
    return names.get(side.authority or "", side.authority or "") if side else ""
