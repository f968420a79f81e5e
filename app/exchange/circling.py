"""Circles of parents that a file would close, asked before anything of it is written.

First by who stands below whom at all, days aside: cheap, and of nearly every file nothing is left. Only of what is
left it is worked out, as for a changeset, what the file's records come to on which day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from app.changes.circles import PARENTED, circles, touched_by
from app.db import chunks, fetch, marks
from app.exchange.foreseeing import Foresight
from app.exchange.recognising import NOT_YET
from app.exchange.records import Admissible

Key = tuple[str, str]
"""(kind, ref)"""
Node = Key | str
"""A subject that is new, or the id of one that the registry has."""
_SHOWN = 10
"""Rows of a circle that its message names."""


class Closed(NamedTuple):
    """A circle, with the record at which it can be mended."""

    record: Admissible
    message: str


class WaysUp:
    """Who stands below whom by a file, on any day of it. Holds two keys for each subject with a parent."""

    def __init__(self) -> None:
        self._above: dict[Key, tuple[Key, ...]] = {}
        self._parents: dict[Key, Key] = {}

    def add(self, record: Admissible) -> None:
        parent = str(record.content.get("parent", "")) if record.kind in PARENTED else ""
        if parent.startswith("@"):
            named = key_of(parent)
            above = self._parents.setdefault(named, named)
            own = (record.kind, record.ref)
            self._above[own] = (*self._above.get(own, ()), above)

    def endless(self, connection: Connection, refs: Mapping[Key, str]) -> set[Key]:
        """Those of the file that may be on a circle. ``refs``: the ids of those that the registry has."""

        def node(key: Key) -> Node:
            found = refs.get(key, NOT_YET)
            return key if found == NOT_YET else found

        above: dict[Node, list[Node]] = {}
        for own, parents in self._above.items():
            above.setdefault(node(own), []).extend(map(node, parents))
        known = {one for own, parents in above.items() for one in (own, *parents) if isinstance(one, str)}
        for subject, parent in _stored(connection, known):
            above.setdefault(subject, []).append(parent)
        left = _between_circles(above)
        return {own for own in self._above if node(own) in left}


def key_of(reference: str) -> Key:
    """Of ``@kind:ref``."""
    kind, _, ref = reference[1:].partition(":")
    return kind, ref


def _stored(connection: Connection, subjects: set[str]) -> Iterator[tuple[str, str]]:
    """(subject, parent) as the registry has them on any day, from these subjects up."""
    met, asked = set(subjects), subjects
    while asked:
        query = "SELECT DISTINCT subject_id, parent FROM timeline WHERE parent <> '' AND subject_id IN ({})"
        found = [
            row
            for some in chunks(sorted(asked))
            for row in fetch(connection, query.format(marks(some)), tuple(some))
        ]
        yield from ((row[0], row[1]) for row in found)
        asked = {row[1] for row in found} - met
        met |= asked


def _between_circles(above: Mapping[Node, Iterable[Node]]) -> set[Node]:
    """What is on a circle, or on a way from one to another."""
    left = _endless(above)
    below = Counter(parent for one in left for parent in above[one])
    free = [one for one in left if not below[one]]
    while free:
        one = free.pop()
        left.discard(one)
        below.subtract(above[one])
        free += [parent for parent in set(above[one]) if parent in left and not below[parent]]
    return left


def _endless(above: Mapping[Node, Iterable[Node]]) -> set[Node]:
    """Those from which some way up never ends: each way is walked once, and remembered how it ended."""
    ends: dict[Node, bool] = {}
    for start in above:
        way = [start] if start not in ends else []
        while way:
            one = way[-1]
            if one not in ends:
                ends[one] = False  # while it is under way: whoever comes back to it does not end
                way += [parent for parent in above.get(one, ()) if parent not in ends]
            else:
                ends[way.pop()] = all(ends[parent] for parent in above.get(one, ()))
    return {one for one, ended in ends.items() if not ended}


def closed_by(
    connection: Connection, foresight: Foresight, records: Sequence[Admissible]
) -> Iterator[Closed]:
    """The circles that the records close together with what stands, each with the first of its records."""
    admitted = foresight.batch(connection, records)
    keys = {known.subject_id: key for key, known in admitted.known.items()}
    for one in circles(connection, touched_by(connection, admitted.acts)):
        chain = {keys[subject] for subject in one.chain if subject in keys}
        of_it = [record for record in records if (record.kind, record.ref) in chain]
        rows = "、".join(dict.fromkeys(record.where for record in of_it[1:_SHOWN]))
        yield Closed(of_it[0], one.message + (f"另见 {rows}。" if rows else ""))
