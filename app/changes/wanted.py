"""Which events a reader of the change feed asks for: filters on rows, on what is told, on what ever was told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.canonical import decode
from app.changes.kinds import MODELS, describe
from app.changes.outcomes import RULES
from app.db import TOMBSTONE, among, chunks, run_by
from app.versions.timeline import Facets
from app.versions.visibility import kept_of

_EVER = among(
    "SELECT r.subject_id, s.kind, r.content, c.body FROM revision r JOIN subject s ON s.id = r.subject_id"
    " JOIN content c ON c.hash = r.content WHERE r.subject_id IN :ids",
    "ids",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events: ``days`` are the first and last on which they take effect; ``regions`` with all below them as
    given; ``instrument``: of what rests or rested on it; ``kinds`` of subjects; ``types`` of events (as ``Told`` in
    ``telling`` has them); ``planned`` alone."""

    days: tuple[str, str] | None = None
    subject: str | None = None
    authority: str | None = None
    instrument: str | None = None
    regions: Sequence[str] = ()
    kinds: Sequence[str] = ()
    types: Sequence[str] = ()
    planned: bool = False

    @property
    def is_all(self) -> bool:
        return self == ALL

    def sql(self) -> tuple[str, dict[str, Any]]:
        """Conditions on a row ``{x}`` and the parameters; types and plans are looked at afterwards."""
        clauses, values = "", dict[str, Any]()
        if self.days:
            clauses += " AND {x}.effective_from >= :first AND {x}.effective_from <= :last"
            values |= {"first": self.days[0], "last": self.days[1]}
        if self.subject:
            clauses += " AND {x}.subject_id = :subject"
            values["subject"] = self.subject
        if self.kinds:
            clauses += " AND s.kind IN :kinds"
            values["kinds"] = list(self.kinds)
        if self.authority:
            clauses += _held("(scope.authority = :authority OR scope.subject_id = :authority)")
            values["authority"] = self.authority
        if self.instrument:
            clauses += (
                " AND (EXISTS (SELECT 1 FROM link rests JOIN timeline scope ON scope.subject_id = rests.subject_id"
                " AND scope.valid_from = rests.valid_from WHERE rests.subject_id = {x}.subject_id"
                f" AND rests.target = :instrument AND {_OPENLY}) OR {{x}}.subject_id = :instrument)"
            )
            values["instrument"] = self.instrument
        if self.regions:
            clauses += _held("(scope.region IN :regions OR scope.subject_id IN :regions)")
            values["regions"] = list(self.regions)
        return clauses, values


ALL = Wanted()
ALWAYS = ("withheld", "revise")
"""Events whose decision is not told: whoever asks for some types is to hear of them."""
TYPES = tuple(
    sorted(
        {one for rules in RULES.values() for one in rules} | {"void", "lapse", "revise", "redact", "succeed"}
    )
)
KINDS = tuple(MODELS)


_OPENLY = "scope.visibility <> 'internal'"
"""Who held it, and on what it rested, on internal days alone is not told by what is found."""


def _held(condition: str) -> str:
    return (
        " AND EXISTS (SELECT 1 FROM timeline scope WHERE scope.subject_id = {x}.subject_id"
        f" AND {_OPENLY} AND {condition})"
    )


def is_wanted(event: dict[str, Any], wanted: Wanted) -> bool:
    """Whether what is told of a row is asked for: types and plans are known only then."""
    if event["event"] == "succeed" and not event.get("successors"):
        return False  # what came of it is not public
    if event["event"] == "redact":
        return True  # whatever else was asked for: who holds the words is to hear of it
    if wanted.types and not ({event["event"], *event.get("beside", ())} & {*wanted.types, *ALWAYS}):
        return False
    return event["planned"] or not wanted.planned


def ever_within(connection: Connection, subjects: Sequence[str], wanted: Wanted) -> set[str]:
    """Those that were ever told of under these filters, as any revision of them has it; and those of which that cannot
    be said any more: the event is without words, and who holds the words must hear of it."""
    met: dict[str, set[str]] = {}
    run = run_by(connection)
    for some in chunks(sorted(subjects)):
        rows = connection.execute(_EVER, {"ids": some}).all()
        kept = kept_of(run, [row[2] for row in rows if bytes(row[3]) == TOMBSTONE])
        for subject, kind, content, body in rows:
            is_gone = bytes(body) == TOMBSTONE
            left = kept.get(content, {}).get("content") or {} if is_gone else decode(bytes(body))
            known = met.setdefault(subject, set())
            if "internal" not in (left.get("visibility"), kept.get(content, {}).get("visibility")):
                known.update(_met(subject, describe(kind, left), is_gone, wanted))
    asked = {name for name in ("authority", "regions", "instrument") if getattr(wanted, name)}
    return {subject for subject in subjects if asked <= met.get(subject, asked)}


def _met(subject: str, facets: Facets, is_gone: bool, wanted: Wanted) -> Iterator[str]:
    """Which of the filters a content meets, or may have met before it was redacted."""
    if wanted.authority in (facets.authority, subject) or (is_gone and facets.authority is None):
        yield "authority"
    if facets.region in wanted.regions or subject in wanted.regions or (is_gone and facets.region is None):
        yield "regions"
    if is_gone or subject == wanted.instrument or wanted.instrument in [link[1] for link in facets.links]:
        yield "instrument"
