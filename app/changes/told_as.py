"""Which decision an event is told as: its outcome, its words, or that it lapsed, or that it was taken out.

Worked out from the decisions and voids of the publication, not read from ``cause``: publications of earlier times have
the last row about a subject there, whatever the day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from app.changes.noticed import SUCCEED, Noticed
from app.db import among, chunks, run_by
from app.versions.causes import Cause, beside, cause_on
from app.versions.visibility import hidden_among, on_its_day, on_open_day

_DECIDED = among(
    "SELECT subject_id, publication, seq, effective_from, until, creates IS NOT NULL OR changes IS NOT NULL, 0, seq"
    " FROM decision WHERE subject_id IN :ids AND seq > :after AND seq <= :upto ORDER BY seq",
    "ids",
)
_VOIDED = among(
    "SELECT d.subject_id, v.publication, v.seq, d.effective_from, d.until,"
    " d.creates IS NOT NULL OR d.changes IS NOT NULL, 1, d.seq FROM decision d JOIN void v ON v.act = d.act"
    " WHERE d.subject_id IN :ids AND v.seq > :after AND v.seq <= :upto ORDER BY v.seq, d.seq",
    "ids",
)
_SAID = among(
    "SELECT d.seq, d.outcome, d.act, d.statement, d.effective_from,"
    f" {on_open_day('d')}, {on_its_day('d')} FROM decision d WHERE d.seq IN :seqs",
    "seqs",
    numbers=True,
)


@dataclass(frozen=True, slots=True)
class Behind:
    """The decision behind an event. Nothing is said of one that took effect on an internal day (``is_open``)."""

    outcome: str | None = None
    act: int | None = None
    voids: int | None = None
    """The act that was taken out."""
    words: str | None = None
    """The hash of the decision's own."""
    day: str | None = None
    """From which the decision takes effect, or took effect until it was taken out."""
    lapses: bool = False
    """Whether the event is that a decision for a time has ended."""
    beside: Sequence[str] = ()
    """Outcomes of further decisions of the publication that change it from the same day; ``void`` for one taken out."""
    is_open: bool = True

    @property
    def event(self) -> str:
        if not self.is_open:
            return "revise"
        if self.lapses:
            return "lapse"
        return "void" if self.outcome is None else self.outcome


NOTHING = Behind()


@dataclass(frozen=True, slots=True)
class _Said:
    """What a decision says of itself."""

    outcome: str
    act: int
    words: str | None
    day: str
    is_open: bool


def told_as(connection: Connection, rows: Sequence[Noticed]) -> dict[int, Behind]:
    """By seq of the row; a fixed number of queries for all."""
    if not rows:
        return {}
    causes, decided = _causes(connection, rows)
    chosen: dict[int, tuple[Cause, list[Cause]]] = {}
    for row in rows:
        listed, day = causes.get((row.subject, row.publication)), row.effective_from
        if row.source == SUCCEED and row.cause is not None:
            chosen[row.seq] = Cause(row.cause, day or ""), []
        elif listed and day is not None:
            cause = cause_on(listed, day)
            chosen[row.seq] = cause, beside(listed, cause, day)
    named = {
        decided.get((row.subject, one.seq), one.seq)
        for row in rows
        if row.seq in chosen
        for one in (chosen[row.seq][0], *chosen[row.seq][1])
    }
    said = _said(connection, named)
    found = {}
    for row in rows:
        if row.seq in chosen:
            cause, others = chosen[row.seq]
            of = [said[decided.get((row.subject, one.seq), one.seq)] for one in (cause, *others)]
            found[row.seq] = _behind(row.effective_from or "", [cause, *others], of)
    return found


def _causes(
    connection: Connection, rows: Sequence[Noticed]
) -> tuple[dict[tuple[str, int], list[Cause]], dict[tuple[str, int], int]]:
    """By subject and publication: its rows. And by subject and void: the decision that it takes out."""
    causes: dict[tuple[str, int], list[Cause]] = {}
    decided: dict[tuple[str, int], int] = {}
    asked = {"after": min(row.publication for row in rows), "upto": max(row.seq for row in rows)}
    for some in chunks(sorted({row.subject for row in rows})):
        for query in (_VOIDED, _DECIDED):
            for subject, publication, seq, first, until, alters, is_void, decision in connection.execute(
                query, {"ids": some, **asked}
            ):
                cause = Cause(seq, first, until, bool(alters), bool(is_void))
                causes.setdefault((subject, publication), []).append(cause)
                decided[subject, seq] = decision
    return causes, decided


def _said(connection: Connection, seqs: Iterable[int]) -> dict[int, _Said]:
    rows = list(connection.execute(_SAID, {"seqs": sorted(seqs)}))
    hidden = hidden_among(run_by(connection), (row[6] for row in rows))
    found = {}
    for seq, outcome, act, words, day, is_open, stood in rows:
        found[seq] = _Said(outcome, act, words, day, bool(is_open) and stood not in hidden)
    return found


def _behind(day: str, causes: Sequence[Cause], said: Sequence[_Said]) -> Behind:
    cause, own = causes[0], said[0]
    if not own.is_open:
        return Behind(is_open=False)
    others = [_alone(day, *both).event for both in zip(causes[1:], said[1:], strict=True) if both[1].is_open]
    first = _alone(day, cause, own)
    listed = tuple(one for one in dict.fromkeys(others) if one != first.event)
    return Behind(first.outcome, first.act, first.voids, first.words, first.day, first.lapses, listed)


def _alone(day: str, cause: Cause, said: _Said) -> Behind:
    if cause.is_void:
        return Behind(voids=said.act, day=said.day)
    lapses = cause.lapsed(day)
    return Behind(said.outcome, None if lapses else said.act, None, said.words, said.day, lapses)
