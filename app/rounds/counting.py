"""Tallies over pairs: limits, lists, hall. Pure; each is fed pair by pair and says its JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from app.rounds.figures import average, fraction, percent
from app.rounds.pairs import Keys, Limit, Side

HALLS = ("in", "entrusted", "out", "unknown")
"""进驻, 委托进驻, 未进驻, 未填."""


def take_counts(mine: Counter[str], others: Counter[str]) -> None:
    """As ``Counter.update``, which is slow to begin."""
    for name, count in others.items():
        mine[name] += count


@dataclass(slots=True)
class LimitTally:
    """One limit over the retained pairs. Only pairs with both sides in working days are added up; the rest are
    counted beside by what keeps them out."""

    pairs: int = 0
    before: int = 0
    after: int = 0
    shortened: int = 0
    lengthened: int = 0
    saved: int = 0
    added: int = 0
    beside: Counter[str] = field(default_factory=Counter)

    def add(self, before: Limit | None, after: Limit | None) -> None:
        if before is None or after is None or before.unit is None or after.unit is None:
            self.beside["unknown"] += 1
            return
        first, last = before.days, after.days
        if first is None or last is None:
            mixed = (first is None) != (last is None) or before.unit != after.unit
            self.beside["mixed" if mixed else "other_unit"] += 1
            return
        self.pairs += 1
        self.before += first
        self.after += last
        self.shortened += last < first
        self.lengthened += last > first
        self.saved += max(0, first - last)
        self.added += max(0, last - first)

    def take(self, other: LimitTally) -> None:
        """Add what another has counted."""
        self.pairs += other.pairs
        self.before += other.before
        self.after += other.after
        self.shortened += other.shortened
        self.lengthened += other.lengthened
        self.saved += other.saved
        self.added += other.added
        take_counts(self.beside, other.beside)

    def as_json(self) -> dict[str, Any]:
        return {
            "pairs": self.pairs,
            "shortened": self.shortened,
            "lengthened": self.lengthened,
            "days_saved": self.saved,
            "days_added": self.added,
            "average_saved": average(self.saved, self.shortened),
            "average_before": average(self.before, self.pairs),
            "average_after": average(self.after, self.pairs),
            "percent": percent(self.before - self.after, self.before),
            "not_counted": {name: self.beside[name] for name in ("unknown", "other_unit", "mixed")},
        }


@dataclass(slots=True)
class Against:
    """Promised against statutory, over items of one side that have both in working days."""

    items: int = 0
    promised: int = 0
    statutory: int = 0
    shorter: int = 0
    not_counted: int = 0

    def add(self, side: Side) -> None:
        promised = side.promised.days if side.promised else None
        statutory = side.statutory.days if side.statutory else None
        if promised is None or statutory is None:
            self.not_counted += 1
            return
        self.items += 1
        self.promised += promised
        self.statutory += statutory
        self.shorter += promised < statutory

    def as_json(self) -> dict[str, Any]:
        return {
            "items": self.items,
            "promised": average(self.promised, self.items),
            "statutory": average(self.statutory, self.items),
            "shorter": self.shorter,
            "days_shorter": self.statutory - self.promised,
            "average_shorter": fraction(self.statutory - self.promised, self.items, 1),
            "percent": percent(self.statutory - self.promised, self.statutory),
            "not_counted": self.not_counted,
        }


@dataclass(slots=True)
class ListTally:
    """Elements of one list over the retained pairs, told apart by their keys: replaced is one dropped, one added."""

    pairs: int = 0
    before: int = 0
    after: int = 0
    dropped: int = 0
    added: int = 0
    items: int = 0
    unknown: int = 0

    def add(self, before: Keys, after: Keys) -> None:
        if before is None or after is None:
            self.unknown += 1
            return
        self.pairs += 1
        self.before += len(before)
        self.after += len(after)
        if before != after:
            gone = len(before - after)
            self.dropped += gone
            self.added += len(after - before)
            self.items += gone > 0

    def take(self, other: ListTally) -> None:
        """Add what another has counted."""
        self.pairs += other.pairs
        self.before += other.before
        self.after += other.after
        self.dropped += other.dropped
        self.added += other.added
        self.items += other.items
        self.unknown += other.unknown

    def as_json(self) -> dict[str, Any]:
        return {
            "before": self.before,
            "after": self.after,
            "dropped": self.dropped,
            "added": self.added,
            "items": self.items,
            "percent": percent(self.before - self.after, self.before),
            "not_counted": self.unknown,
        }


@dataclass(slots=True)
class Hall:
    """进驻: items and how many authorities hold them, on one side."""

    items: Counter[str] = field(default_factory=Counter)
    authorities: dict[str, set[str | None]] = field(default_factory=dict)

    def add(self, side: Side) -> None:
        hall = side.hall or "unknown"
        self.items[hall] += 1
        self.authorities.setdefault(hall, set()).add(side.authority)

    def as_json(self) -> dict[str, Any]:
        return {
            name: {"items": self.items[name], "authorities": len(self.authorities.get(name, ()))}
            for name in HALLS
        }
