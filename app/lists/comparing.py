"""What changed between two editions of a list. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NAME, CODE = 1, 0
"""Where the name and code of an item stand in each of its lines."""


@dataclass(slots=True)
class Cell:
    """One cell that differs: which item, under which head."""

    item: str
    name: str
    head: str
    before: str
    after: str


@dataclass(slots=True)
class Difference:
    """Items as ``{"item", "name", "code"}``; ``unknown`` counts those of which a row can no longer be read on either
    side: whether they are new, gone or changed cannot be told."""

    added: list[dict[str, str]] = field(default_factory=list)
    dropped: list[dict[str, str]] = field(default_factory=list)
    changed: list[Cell] = field(default_factory=list)
    same: int = 0
    unknown: int = 0

    @property
    def nothing(self) -> bool:
        return not (self.added or self.dropped or self.changed)

    @property
    def changed_items(self) -> int:
        return len({one.item for one in self.changed})


Rows = Sequence[Mapping[str, Any] | None]
"""Rows as ``composing`` writes them; None for one whose words are gone."""


def compare(
    heads_before: Sequence[str],
    before: Rows,
    heads: Sequence[str],
    after: Rows,
    gone_before: Collection[str] = (),
    gone: Collection[str] = (),
) -> Difference:
    """From one edition to the next, item by item, head by head; lines of an item by their order. ``gone``: the items
    whose rows are None on each side."""
    hidden = {*gone_before, *gone}
    found = Difference(unknown=len(hidden))
    old = {row["item"]: row for row in before if row}
    new = {row["item"]: row for row in after if row}
    found.dropped = [_told(row) for item, row in old.items() if item not in new and item not in hidden]
    for item, row in new.items():
        if item in hidden:
            continue
        if item not in old:
            found.added.append(_told(row))
        elif cells := list(_cells(item, heads_before, old[item]["lines"], heads, row["lines"])):
            found.changed += cells
        else:
            found.same += 1
    return found


def _told(row: Mapping[str, Any]) -> dict[str, str]:
    return {"item": row["item"], "name": row["lines"][0][NAME], "code": row["lines"][0][CODE]}


def _cells(
    item: str,
    heads_before: Sequence[str],
    before: Sequence[Sequence[str]],
    heads: Sequence[str],
    after: Sequence[Sequence[str]],
) -> list[Cell]:
    name = after[0][NAME]
    found = []
    for head in dict.fromkeys([*heads_before, *heads]):
        old, new = _column(head, heads_before, before), _column(head, heads, after)
        found += [
            Cell(item, name, head, was, now)
            for was, now in zip(
                old + [""] * (len(new) - len(old)), new + [""] * (len(old) - len(new)), strict=True
            )
            if was != now
        ]
    return found


def _column(head: str, heads: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    place = list(heads).index(head) if head in heads else None
    return ["" if place is None else line[place] for line in lines]
