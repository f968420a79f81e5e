"""What was published lately: by the whole registry, in a region, by an authority, about an item."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, text

from app.changes.queries import stated
from app.db import run_by
from app.versions.models import OPEN
from app.versions.queries import moment, of_publication
from app.versions.visibility import answered, hidden_among, on_its_day, on_open_day
from app.web.rendering import Gaps, gaps
from app.web.subjects import rows_on

SHOWN = 3
"""Subjects that a list names of each publication; the rest is counted, up to MOST."""
MOST = 500


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose changes: an item's, an authority's, those of some regions; of none of them: all."""

    item: str | None = None
    authority: str | None = None
    regions: Sequence[str] = ()

    def clause(self, subject: str) -> tuple[str, dict[str, Any]]:
        """SQL about the column of a subject's id, and its parameters."""
        if self.item:
            return f" AND {subject} = :item", {"item": self.item}
        if self.authority:
            held = "(scope.authority = :authority OR scope.subject_id = :authority)"
            return self._held(subject, held), {"authority": self.authority}
        if self.regions:
            held = "(scope.region IN :regions OR scope.subject_id IN :regions)"
            return self._held(subject, held), {"regions": list(self.regions)}
        return "", {}

    @staticmethod
    def _held(subject: str, held: str) -> str:
        return (
            f" AND EXISTS (SELECT 1 FROM timeline scope WHERE scope.subject_id = {subject}"
            f" AND scope.visibility <> 'internal' AND {held})"
        )


def latest_changes(
    connection: Connection, limit: int, scope: Scope | None = None, subjects: int = SHOWN
) -> list[Gaps]:
    """The last publications that are no first entry, the newest first: ``publication``, ``kind``, ``changeset``,
    ``statement``, ``recorded_at``, ``effective_from``, ``count`` and some ``subjects`` (id, kind, name, outcomes in
    the order of their days; ``void`` where a decision was taken out). Decisions voided since are not among them, nor
    is what is not public; a publication of which nothing is left is passed over."""
    found: list[Gaps] = []
    for row in _publications(connection, scope or Scope()):
        decided = _decided(connection, row[0], scope or Scope())
        if not decided:
            continue
        known = rows_on(connection, [one.subject for one in decided[:subjects]], OPEN)
        found.append(
            Gaps(
                publication=row[0],
                kind=row[1],
                changeset=row[2],
                statement=gaps(stated(row[3])),
                recorded_at=moment(row[4]),
                effective_from=min(one.day for one in decided),
                count=len(decided),
                subjects=[
                    Gaps(id=one.subject, outcomes=one.outcomes, kind=one.kind, name=known[one.subject].name)
                    for one in decided[:subjects]
                    if one.subject in known
                ],
            )
        )
        if len(found) == limit:
            break
    return found


def _publications(connection: Connection, scope: Scope) -> Iterator[Any]:
    """Newest first, in batches: how many must be read until enough are left is not known."""
    clause, values = scope.clause("d.subject_id")
    within = (
        f" AND p.seq IN (SELECT d.publication FROM decision d WHERE 1 = 1{clause}"
        f" UNION SELECT w.publication FROM void w JOIN decision d ON d.act = w.act WHERE 1 = 1{clause})"
    )
    within = within if clause else ""
    statement = _bound(
        "SELECT p.seq, p.kind, p.changeset, c.body,"
        " (SELECT e.recorded_at FROM log_entry e WHERE e.seq > p.seq ORDER BY e.seq LIMIT 1)"
        " FROM publication p JOIN content c ON c.hash = p.statement"
        f" WHERE p.kind IN ('routine', 'round', 'emergency') AND p.seq < :before{within}"
        " ORDER BY p.seq DESC LIMIT 50",
        values,
    )
    before = 2**62
    while rows := connection.execute(statement, {**values, "before": before}).all():
        yield from rows
        before = rows[-1][0]


class _Decided(NamedTuple):
    """A subject, and what a publication decided about it."""

    subject: str
    kind: str
    day: str
    outcomes: list[str]


def _decided(connection: Connection, publication: int, scope: Scope) -> list[_Decided]:
    """What it decided and took out, each subject once, by id. That it is retained is said where nothing else is."""
    clause, values = scope.clause("d.subject_id")
    columns = f"d.effective_from, s.kind, {on_its_day('d')}"
    public = (
        f"EXISTS (SELECT 1 FROM timeline t WHERE t.subject_id = d.subject_id AND {answered('t')})"
        f" AND {on_open_day('d')}"
    )
    statement = _bound(
        f"SELECT d.subject_id, d.outcome, {columns}, d.seq FROM decision d"
        f" JOIN subject s ON s.id = d.subject_id WHERE {of_publication('d.seq', ':seq')} AND {public}{clause}"
        " AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = d.act)"
        f" UNION SELECT d.subject_id, 'void', {columns}, w.seq FROM void w"
        " JOIN decision d ON d.act = w.act JOIN subject s ON s.id = d.subject_id"
        f" WHERE {of_publication('w.seq', ':seq')} AND {public}{clause} ORDER BY 1, 3, 6 LIMIT :most",
        values,
    )
    rows = connection.execute(statement, {**values, "seq": publication, "most": MOST + 1}).all()
    hidden = hidden_among(run_by(connection), {row[4] for row in rows})
    found: dict[str, _Decided] = {}
    for subject, outcome, day, kind, stood, _ in rows:
        if stood not in hidden:
            one = found.setdefault(subject, _Decided(subject, kind, day, []))
            one.outcomes.extend([outcome] if outcome not in one.outcomes else [])
    for one in found.values():
        if len(one.outcomes) > 1 and "retain" in one.outcomes:
            one.outcomes.remove("retain")
    return list(found.values())


def _bound(statement: str, values: dict[str, Any]) -> Any:
    lists = [name for name, value in values.items() if isinstance(value, list)]
    return text(statement).bindparams(*(bindparam(name, expanding=True) for name in lists))
