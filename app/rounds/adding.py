"""Adding up a round: pairs -> sums. Pure; the rules are those of `docs/outcomes.md`, the sums.

Each item of the scope counts once. ``after = before - ended + started``, in the whole and in every group, where
a group of authorities, types or levels also says how many items moved in and out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from app.rounds.counting import Against, Hall, LimitTally, ListTally, take_counts
from app.rounds.figures import percent
from app.rounds.pairs import ENDED, RETAINED, STARTED, Fate, Pair, Side, fate_of

K = TypeVar("K")
UNKNOWN = "unknown"
"""The group of items that do not say."""
IMMEDIATE, PROMISED = "1", "2"
"""办件类型: 即办件, 承诺件 (code tables, GB/T 39046-2020 A.6)."""
LISTS = ("steps", "materials", "certificates", "fees")


@dataclass(slots=True)
class Tally:
    """Sums over some pairs. In a group a pair counts where it stood before (a new item: where it stands)."""

    before: int = 0
    moved_in: int = 0
    moved_out: int = 0
    retained: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    started: Counter[str] = field(default_factory=Counter)
    promised: LimitTally = field(default_factory=LimitTally)
    statutory: LimitTally = field(default_factory=LimitTally)
    lists: dict[str, ListTally] = field(default_factory=lambda: {name: ListTally() for name in LISTS})
    turned: int = 0

    @property
    def after(self) -> int:
        return self.before - self.ended.total() + self.started.total() + self.moved_in - self.moved_out

    def add(self, pair: Pair, fate: Fate) -> None:
        if fate.line == "started":
            self.started[fate.outcome] += 1
            return
        self.before += 1
        if fate.line == "ended":
            self.ended[fate.outcome] += 1
            return
        self.retained[fate.outcome] += 1
        before, after = pair.before, pair.after
        if before is None or after is None:
            return
        self.promised.add(before.promised, after.promised)
        self.statutory.add(before.statutory, after.statutory)
        for name, tally in self.lists.items():
            tally.add(getattr(before, name), getattr(after, name))
        self.turned += before.handling == PROMISED and after.handling == IMMEDIATE

    def take(self, other: Tally) -> None:
        """Add what another has counted."""
        self.before += other.before
        self.moved_in += other.moved_in
        self.moved_out += other.moved_out
        take_counts(self.retained, other.retained)
        take_counts(self.ended, other.ended)
        take_counts(self.started, other.started)
        self.promised.take(other.promised)
        self.statutory.take(other.statutory)
        for name, tally in self.lists.items():
            tally.take(other.lists[name])
        self.turned += other.turned

    def outcomes(self) -> dict[str, int]:
        """Every item of the scope once: ``retain`` is all that stays, the others are how the rest left."""
        return {"retain": self.retained.total(), **{name: self.ended[name] for name in ENDED}}

    def as_json(self) -> dict[str, Any]:
        return {
            "before": self.before,
            "after": self.after,
            "ended": self.ended.total(),
            "started": self.started.total(),
            "percent": percent(self.before - self.after, self.before),
            "outcomes": self.outcomes(),
            "retained": {name: self.retained[name] for name in RETAINED},
            "new": {name: self.started[name] for name in STARTED},
            **{name: self.lists[name].as_json() for name in LISTS},
        }


@dataclass(slots=True)
class Sums:
    """What a round adds up to."""

    whole: Tally = field(default_factory=Tally)
    by_authority: dict[str, Tally] = field(default_factory=dict)
    by_type: dict[str, Tally] = field(default_factory=dict)
    by_level: dict[str, Tally] = field(default_factory=dict)
    against_before: Against = field(default_factory=Against)
    against_after: Against = field(default_factory=Against)
    handling_before: Counter[str] = field(default_factory=Counter)
    handling_after: Counter[str] = field(default_factory=Counter)
    hall_before: Hall = field(default_factory=Hall)
    hall_after: Hall = field(default_factory=Hall)
    entrusted: int = 0
    outside: Counter[str] = field(default_factory=Counter)
    passing: int = 0
    withheld: int = 0
    """Pairs that are not public: counted here alone, since a group of one would tell of it."""


_GROUPS: tuple[tuple[str, Callable[[Side], str | None]], ...] = (
    ("by_authority", lambda side: side.authority),
    ("by_type", lambda side: side.type),
    ("by_level", lambda side: side.level),
)


def add_up(pairs: Iterable[Pair], types: Iterable[str] = ()) -> Sums:
    """``types`` are those of the round's scope; none: all."""
    sums, own = Sums(), frozenset(types)
    cells: dict[tuple[str, ...], Tally] = {}
    for pair in pairs:
        fate = fate_of(pair, own)
        if not pair.is_public:
            sums.withheld += 1
        elif fate.line == "entrusted":
            sums.entrusted += 1
        elif fate.line == "outside":
            sums.outside[fate.outcome] += 1
        elif fate.line == "passing":
            sums.passing += 1
        else:
            _count(sums, cells, pair, fate)
    for cell, tally in cells.items():
        sums.whole.take(tally)
        for (name, _), group in zip(_GROUPS, cell, strict=True):
            _tally(getattr(sums, name), group).take(tally)
    return sums


def _count(sums: Sums, cells: dict[tuple[str, ...], Tally], pair: Pair, fate: Fate) -> None:
    """``cells`` are groups by authority, type and level together: a pair is looked at once for all three."""
    if fate.line != "started" and pair.before is not None:
        sums.against_before.add(pair.before)
        sums.hall_before.add(pair.before)
        sums.handling_before[pair.before.handling or UNKNOWN] += 1
    if fate.line != "ended" and pair.after is not None:
        sums.against_after.add(pair.after)
        sums.hall_after.add(pair.after)
        sums.handling_after[pair.after.handling or UNKNOWN] += 1
    here = _cell(pair.after if fate.line == "started" else pair.before)
    _tally(cells, here).add(pair, fate)
    if fate.line == "retained" and pair.after is not None:
        for (name, _), was, now in zip(_GROUPS, here, _cell(pair.after), strict=True):
            if was != now:
                _tally(getattr(sums, name), was).moved_out += 1
                _tally(getattr(sums, name), now).moved_in += 1


def _cell(side: Side | None) -> tuple[str, ...]:
    return tuple([(of(side) if side else None) or UNKNOWN for _, of in _GROUPS])


def _tally(groups: dict[K, Tally], key: K) -> Tally:
    found = groups.get(key)
    if found is None:
        found = groups[key] = Tally()
    return found


# --- as data --------------------------------------------------------------------------------------------

MOVED = {
    "by_authority": ("transferred_in", "transferred_out"),
    "by_type": ("converted_in", "converted_out"),
    "by_level": ("moved_in", "moved_out"),
}


def as_json(sums: Sums) -> dict[str, Any]:
    """The sums as plain data: integers, and exact fractions with the figure that is shown."""
    return {
        **sums.whole.as_json(),
        "limits": {
            "promised": sums.whole.promised.as_json(),
            "statutory": sums.whole.statutory.as_json(),
            "against_statutory": {
                "before": sums.against_before.as_json(),
                "after": sums.against_after.as_json(),
            },
        },
        "handling": {
            "promised_to_immediate": sums.whole.turned,
            "before": dict(sorted(sums.handling_before.items())),
            "after": dict(sorted(sums.handling_after.items())),
        },
        "hall": {"before": sums.hall_before.as_json(), "after": sums.hall_after.as_json()},
        "entrusted": sums.entrusted,
        "outside": dict(sorted(sums.outside.items())),
        "passing": sums.passing,
        **({"withheld": sums.withheld} if sums.withheld else {}),
        **{name: _groups(name, getattr(sums, name)) for name, _ in _GROUPS},
    }


def _groups(name: str, groups: dict[str, Tally]) -> dict[str, Any]:
    arrived, left = MOVED[name]
    return {
        key: {
            **tally.as_json(),
            arrived: tally.moved_in,
            left: tally.moved_out,
            "limits": {"promised": tally.promised.as_json(), "statutory": tally.statutory.as_json()},
            "promised_to_immediate": tally.turned,
        }
        for key, tally in sorted(groups.items())
    }
