"""What sums are made of: an item before and after a round, and what became of it. Pure.

Sources: `docs/outcomes.md`, the sums; the questions of the 行政审批项目清理意见表.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

LISTED = frozenset({"in_force", "suspended", "unknown"})
"""Statuses of an item that stands in the catalogue; a suspended one is out of force for a time, not gone."""

Keys = frozenset[str] | None
"""Keys of a list's elements; None where the content does not say. An empty list says: none."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A time limit as content has it."""

    value: int | None
    unit: str | None

    @property
    def days(self) -> int | None:
        """Working days, 即办 as 0; None for every other unit, which is never converted."""
        if self.unit == "immediate":
            return 0
        return self.value if self.unit == "workday" else None


@dataclass(frozen=True, slots=True)
class Side:
    """An item on one side of a round, as far as sums and tables need it."""

    status: str
    type: str | None = None
    authority: str | None = None
    level: str | None = None
    promised: Limit | None = None
    statutory: Limit | None = None
    steps: Keys = None
    materials: Keys = None
    certificates: Keys = None
    fees: Keys = None
    handling: str | None = None
    hall: str | None = None
    name: str = ""
    basis: tuple[str, ...] = ()
    """设定依据, each as 《title》（number）article."""
    internal: bool = False

    @property
    def listed(self) -> bool:
        return self.status in LISTED


@dataclass(frozen=True, slots=True)
class Pair:
    """An item before and after a round, and the round's decisions about it: (outcome, role), in their order.

    ``before`` is the state just before the first of them, ``after`` the state that they make of it on the day of
    the last; None where the item does not exist. ``in_scope`` items are counted, each once."""

    item: str
    before: Side | None
    after: Side | None
    decisions: tuple[tuple[str, str], ...] = ()
    in_scope: bool = True

    @property
    def is_public(self) -> bool:
        """Whether figures may come of it: it was internal on neither side. What has become internal since stays in the
        sums that were published."""
        return not any(side is not None and side.internal for side in (self.before, self.after))


def side_of(
    state: Mapping[str, Any] | None, beside: tuple[Mapping[str, Any], Side] | None = None
) -> Side | None:
    """A state (content and status) as a side. ``beside``: the state and side that it comes of; what the two states
    share is not read again."""
    if state is None:
        return None
    stood, side = beside or ({}, None)
    lists = {}
    for name, field, read in _LISTS:
        value = state.get(name)
        same = side is not None and value is stood.get(name)
        lists[field] = getattr(side, field) if same else read(value)
    return Side(
        status=state["status"],
        type=state.get("type"),
        authority=state.get("authority"),
        level=state.get("level"),
        promised=_limit(state.get("promised_limit")),
        statutory=_limit(state.get("statutory_limit")),
        fees=_fees(state),
        handling=state.get("handling"),
        hall=state.get("hall"),
        name=state.get("name", ""),
        internal=state.get("visibility") == "internal",
        **lists,
    )


def _bases(citations: Any) -> tuple[str, ...]:
    return tuple([_basis(one) for one in citations or () if one.get("role", "setting") == "setting"])


def _basis(citation: Mapping[str, Any]) -> str:
    title, number = citation.get("title"), citation.get("number")
    parts = [f"《{title.strip('《》')}》" if title else "", f"（{number}）" if number else ""]
    return "".join([*parts, citation.get("article") or ""])


def _limit(value: Any) -> Limit | None:
    return Limit(value.get("value"), value.get("unit")) if value else None


def _keys(elements: Any) -> Keys:
    return None if elements is None else frozenset([element["key"] for element in elements])


def _certificates(materials: Any) -> Keys:
    if materials is None:
        return None
    return frozenset([element["key"] for element in materials if element.get("type") == "certificate"])


def _fees(state: Mapping[str, Any]) -> Keys:
    if state.get("fees") is not None:
        return _keys(state["fees"])
    return frozenset() if state.get("charged") is False else None


_LISTS: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ("steps", "steps", _keys),
    ("materials", "materials", _keys),
    ("materials", "certificates", _certificates),
    ("citations", "basis", _bases),
)
"""A list of the content, the field of a side that is read from it, and how."""


# --- what became of it ----------------------------------------------------------------------------------

Line = Literal["retained", "ended", "started", "entrusted", "outside", "passing"]
"""retained and ended: items of the scope; started: new ones that stay; entrusted: items made by entrust, in a
line of their own; outside: standing items beyond the scope; passing: begun and ended by the same round."""


@dataclass(frozen=True, slots=True)
class Fate:
    """The line an item counts in, and the outcome it counts under there."""

    line: Line
    outcome: str


ENDED = ("devolve", "cancel", "merge", "split", "convert")
"""下放, 取消, 合并后不再单列, 拆分后不再单列, 转出: how an item of the scope leaves the count."""
RETAINED = (
    "merge", "split", "convert", "transfer", "narrow", "entrust", "suspend", "resume", "receive", "adjust",
    "retain", "undecided",
)  # fmt: skip
"""Parts of what is retained. An item with several decisions counts under the first of these."""
STARTED = ("add", "receive", "merge", "split", "narrow")
"""新增, 承接, and new results of merge, split and narrow."""


def fate_of(pair: Pair, types: frozenset[str]) -> Fate:
    """``types`` are the round's own, none for all: converted out of them is out of the count."""
    if pair.in_scope:
        return _of_scope(pair, types)
    if pair.before is not None and pair.before.listed:
        return Fate("outside", pair.decisions[-1][0] if pair.decisions else "undecided")
    made = next((outcome for outcome, role in pair.decisions if (outcome, role) not in NO_SAY), "entrust")
    if made == "entrust":
        return Fate("entrusted", "entrust")
    ended = any(_ends(outcome, role) for outcome, role in pair.decisions)
    if pair.after is None or not pair.after.listed or ended:
        return Fate("passing", made)
    return Fate("started", made)


NO_SAY = frozenset({("receive", "origin"), ("entrust", "result")})
"""Roles that say nothing about whether an item stays: it gives a place to whoever accepts, or is lent to."""


def decided(decisions: tuple[tuple[str, str], ...]) -> bool:
    """Whether an item of the scope is decided by these."""
    return any(decision not in NO_SAY for decision in decisions)


def _ends(outcome: str, role: str) -> bool:
    """A devolve counts in its round whatever the day; an origin of merge or split has ended unless it is a
    result too, in which case the kernel gives it the result's part alone."""
    return outcome in ("devolve", "cancel") or (outcome in ("merge", "split") and role == "origin")


def _of_scope(pair: Pair, types: frozenset[str]) -> Fate:
    outcomes = {outcome for outcome, role in pair.decisions if (outcome, role) not in NO_SAY}
    for outcome in ENDED:
        if any(one == outcome and _ends(one, role) for one, role in pair.decisions):
            return Fate("ended", outcome)
    if "convert" in outcomes and types and pair.after is not None and pair.after.type not in types:
        return Fate("ended", "convert")
    return Fate("retained", next((one for one in RETAINED if one in outcomes), "undecided"))
