"""Drawn figures as numbers: where each bar begins and ends. Pure; templates draw them as SVG, beside their table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from app.rounds.sentence import COMING, LEAVING, PARTS
from app.saying import said

WIDTH = 1000
"""Of a drawn line, in its own units."""


class Bar(NamedTuple):
    """A part of a line. ``name`` is the class it is drawn with."""

    name: str
    label: str
    number: int
    x: int
    width: int


def stacked(parts: Iterable[tuple[str, str, int]], most: int) -> list[Bar]:
    """(name, label, count) one behind the other; ``most`` fills the line. What counts at all is drawn at least
    two units wide; nothing goes past the end."""
    bars: list[Bar] = []
    at = 0
    for name, label, count in parts:
        if count <= 0 or most <= 0:
            continue
        width = min(max(2, round(count * WIDTH / most)), WIDTH - at)
        bars.append(Bar(name, label, count, at, width))
        at += width
    return bars


OUTCOMES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("stays", "保留", ("retain",)),
    ("cancelled", "取消", ("cancel",)),
    ("devolved", "下放", ("devolve",)),
    ("merged", "合并、拆分、转出", ("merge", "split", "convert")),
)
"""Class, words and outcomes of a line: what became of the items that were there before."""


class Line(NamedTuple):
    """A line of the chart: one group of a round's items."""

    label: str
    key: str
    total: int
    bars: list[Bar]

    @property
    def words(self) -> str:
        """What the line shows, for those who do not see it."""
        return said("，").join(f"{bar.label} {bar.number:,}" for bar in self.bars)


def outcomes_by_group(groups: Sequence[Mapping[str, Any]], shown: int) -> list[Line]:
    """The groups with most items, as ``report.page_ready`` has them, each against the largest."""
    held = [group for group in groups if group["before"]][:shown]
    most = max((group["before"] for group in held), default=0)
    return [_line(group, most) for group in held]


def _line(group: Mapping[str, Any], most: int) -> Line:
    counts = [
        (name, said(words), sum(group["outcomes"].get(one, 0) for one in names))
        for name, words, names in OUTCOMES
    ]
    label, key = str(group.get("name") or said("未注明")), str(group.get("id") or "")
    return Line(label, key, group["before"], stacked(counts, most))


# --- a round's sums as a cross table --------------------------------------------------------------------------


class Crossed(NamedTuple):
    """Groups against outcomes: columns (name, words) that say anything, and the rows' figures under them."""

    columns: list[tuple[str, str]]
    rows: list[tuple[Mapping[str, Any], list[int]]]


ALWAYS = {"before", "retain", "after"}


def crossed(groups: Sequence[Mapping[str, Any]]) -> Crossed:
    """``groups`` as ``report.page_ready`` has them. A column that is nought throughout is left out."""
    cells = [_cells(group) for group in groups]
    words = (
        {name: (label, [row[name][1] for row in cells]) for name, (label, _) in cells[0].items()}
        if cells
        else {}
    )
    kept = [name for name, (_, figures) in words.items() if name in ALWAYS or any(figures)]
    return Crossed(
        [(name, words[name][0]) for name in kept],
        [(group, [row[name][1] for name in kept]) for group, row in zip(groups, cells, strict=True)],
    )


def _cells(group: Mapping[str, Any]) -> dict[str, tuple[str, int]]:
    moved_in = next((value for name, value in group.items() if name.endswith("_in")), 0)
    moved_out = next((value for name, value in group.items() if name.endswith("_out")), 0)
    return {
        "before": (said("清理前"), group["before"]),
        "retain": (said("保留"), group["outcomes"]["retain"]),
        **{
            f"retained-{name}": (said("其中{1}", said(label)), group["retained"][name])
            for name, label in PARTS.items()
        },
        **{name: (said(label), group["outcomes"][name]) for name, label in LEAVING.items()},
        **{f"new-{name}": (said(label), group["new"][name]) for name, label in COMING.items()},
        "in": (said("转入"), moved_in),
        "out": (said("转出机关或类型"), moved_out),
        "after": (said("清理后"), group["after"]),
        "days": (said("减少工作日"), group["limits"]["promised"]["days_saved"]),
    }


# --- how many items were in force over time -------------------------------------------------------------------

HEIGHT = 260
KINDS = 7
"""Types that are drawn apart; the others are one."""
LAST_WIDTH = 40


class Box(NamedTuple):
    name: str
    title: str
    x: int
    y: int
    width: int
    height: int


class OverTime(NamedTuple):
    """``boxes`` stacked day by day, each as wide as the time until the next; ``top`` is the highest total."""

    boxes: list[Box]
    legend: list[tuple[str, str]]
    top: int


def over_time(days: Sequence[Mapping[str, Any]]) -> OverTime:
    """``days`` as ``rounds.series`` gives them."""
    total: dict[str, int] = {}
    words: dict[str, str] = {}
    for day in days:
        for one in day["types"]:
            total[one["code"]] = total.get(one["code"], 0) + one["items"]
            words[one["code"]] = one["name"] or said("未注明")
    largest = sorted(total, key=lambda code: (-total[code], code))
    own = {code: f"k{at}" for at, code in enumerate(largest[:KINDS])}
    top = max((day["total"] for day in days), default=0)
    places = _places([dt.date.fromisoformat(day["day"]).toordinal() for day in days])
    boxes = [box for day, place in zip(days, places, strict=True) for box in _column(day, own, place, top)]
    legend = [(own[code], words[code]) for code in largest[:KINDS]]
    return OverTime(boxes, legend + ([("rest", said("其他类型"))] if len(largest) > KINDS else []), top)


def _places(ordinals: Sequence[int]) -> list[tuple[int, int]]:
    """(x, width) of each day's column; the last day has a width of its own."""
    if not ordinals:
        return []
    span = max(1, ordinals[-1] - ordinals[0])
    starts = [round((one - ordinals[0]) * (WIDTH - LAST_WIDTH) / span) for one in ordinals]
    ends = [*starts[1:], starts[-1] + LAST_WIDTH]
    return [(start, max(1, end - start)) for start, end in zip(starts, ends, strict=True)]


def _column(day: Mapping[str, Any], own: Mapping[str, str], place: tuple[int, int], top: int) -> list[Box]:
    counts = dict.fromkeys([*own.values(), "rest"], 0)
    for one in day["types"]:
        counts[own.get(one["code"], "rest")] += one["items"]
    boxes, below = [], 0
    for name, count in counts.items():
        low, below = below, below + count
        y, bottom = (HEIGHT - round(at * HEIGHT / max(1, top)) for at in (below, low))
        if bottom > y:
            boxes.append(
                Box(name, said("{1}：{2} 项", day["day"], day["total"]), place[0], y, place[1], bottom - y)
            )
    return boxes
