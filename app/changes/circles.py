"""Nobody is above itself: the parents of regions, authorities and catalogue entries make a tree on every day.

A changeset closes a circle only through a subject whose parent it touches, so it is enough to climb from those,
through each interval in which an ancestor's parent stays the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, text

from app.changes import kinds
from app.errors import Refused
from app.versions.fold import Effect, boundaries, fold
from app.versions.histories import load_histories
from app.versions.ids import kind_of
from app.versions.models import FIRST, OPEN
from app.versions.orders import FIRST_PENDING, Act, Part

PARENTED = frozenset({"region", "authority", "entry"})
"""Kinds whose content names a subject of the same kind as its parent."""


class Above(NamedTuple):
    """What is above a subject from a day up to another, and what the subject is called then."""

    first: str
    last: str
    parent: str | None
    name: str


class Circle(NamedTuple):
    """Subjects of which each stands below the next and the last below the first, from a day on."""

    kind: str
    day: str
    chain: list[str]
    message: str


def circles(connection: Connection, touched: Mapping[str, tuple[str, Sequence[Effect]]]) -> Iterator[Circle]:
    """``touched``: (kind, effects as the changeset leaves them) by subject. A subject is told in one circle, on the
    first day found on which it would be above itself."""
    tree = _Tree(connection, {one: effects for one, (_, effects) in touched.items()})
    told: set[str] = set()
    for subject in sorted(tree.touched):
        for day, chain in tree.ways_up(subject) if subject not in told else ():
            kind, _ = touched[subject]
            names = " → ".join(f"“{tree.name(one, day)}”" for one in (*chain, subject))
            message = f"{kinds.LABELS[kind]}{names}：自 {day} 起会成为自己的上级，请改正“上级”（parent）。"
            told.update(chain)
            yield Circle(kind, day, chain, message)
            break


def refuse_circles(connection: Connection, touched: Mapping[str, tuple[str, Sequence[Effect]]]) -> None:
    """``touched`` as in ``circles``. Raises Refused with the first."""
    for one in circles(connection, touched):
        raise Refused(
            one.message,
            code="circle-of-parents",
            subject=one.chain[0],
            on=one.day,
            chain=[*one.chain, one.chain[0]],
        )


def touched_by(connection: Connection, acts: Iterable[Act]) -> dict[str, tuple[str, Sequence[Effect]]]:
    """The subjects whose parent the acts set, for ``refuse_circles``: those of a first entry, which no changeset
    has worked out."""
    found: dict[str, tuple[str, list[Effect]]] = {}
    parts = [(part, kind_of(part.subject_id)) for act in acts for part in act.parts]
    setting = [(part, kind) for part, kind in parts if kind in PARENTED and _sets_parent(part)]
    stood = load_histories(connection, sorted({part.subject_id for part, _ in setting}))
    for number, (part, kind) in enumerate(setting, start=FIRST_PENDING):
        history = stood.get(part.subject_id)
        effects = found.setdefault(part.subject_id, (kind, list(history.effects) if history else []))[1]
        effects.append(part.effect(number))
    return {
        one: (kind, sorted(effects, key=lambda effect: (effect.effective_from, effect.seq)))
        for one, (kind, effects) in found.items()
    }


def _sets_parent(part: Part) -> bool:
    given = part.creates is not None and "parent" in part.creates
    return given or any(change["path"] == "parent" for change in part.changes)


class _Tree:
    def __init__(self, connection: Connection, touched: Mapping[str, Sequence[Effect]]) -> None:
        self._connection = connection
        self.touched = touched
        self._above: dict[str, list[Above]] = {}

    def ways_up(self, start: str) -> Iterator[tuple[str, list[str]]]:
        """(first day, chain) of each way that leads from a subject up to itself. A circle further up, without the
        subject, is not its own to answer for."""
        waiting: list[tuple[str, str, str, list[str]]] = [(start, FIRST, OPEN, [])]
        while waiting:
            subject, first, last, below = waiting.pop()
            if below and subject == start:
                yield first, below
            elif subject not in below:
                chain = [*below, subject]
                spans = [
                    (max(first, span.first), min(last, span.last), span) for span in self._spans(subject)
                ]
                waiting += [
                    (span.parent, since, until, chain)
                    for since, until, span in reversed(spans)
                    if span.parent is not None and since < until
                ]

    def name(self, subject: str, day: str) -> str:
        spans = self._spans(subject)
        return next((span.name for span in reversed(spans) if span.first <= day), subject)

    def _spans(self, subject: str) -> list[Above]:
        if subject not in self._above:
            effects = self.touched.get(subject)
            self._above[subject] = self._stored(subject) if effects is None else list(_spans_of(effects))
        return self._above[subject]

    def _stored(self, subject: str) -> list[Above]:
        query = text(
            "SELECT valid_from, valid_to, parent, coalesce(name, '') FROM timeline"
            " WHERE subject_id = :id ORDER BY valid_from"
        )
        return [Above(*row) for row in self._connection.execute(query, {"id": subject})]


def _spans_of(effects: Sequence[Effect]) -> Iterator[Above]:
    days = boundaries(list(effects), "")
    for day, following in zip(days, [*days[1:], OPEN], strict=True):
        state = fold(list(effects), day)
        if state is not None:
            yield Above(day, following, state.get("parent"), state.get("name") or "")
