"""The change feed: what was recorded about every subject, in log order, for those who keep in step.

An event is a row of the log that a reader of some subject would notice: a revision; a code given or taken where no
revision of the same publication tells of it; a succession that leaves the origin's own content alone; a redaction.
Its ``seq`` is that row's, so that an event has a name of its own and a reader who keeps the last one misses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, text

from app.canonical import decode
from app.changes.kinds import MODELS, describe
from app.changes.outcomes import RULES
from app.changes.telling import Told, tell
from app.db import TOMBSTONE, among, chunks, run_by
from app.versions.queries import of_publication
from app.versions.timeline import Facets
from app.versions.visibility import hidden_among, kept_of, public_among

SPAN = 200_000
"""Seqs that one asking with filters looks through at most; what it did not find in them is told by ``next``."""
BATCHES = 20
"""Batches of rows that one asking reads at most, where most of them are of subjects that are not public."""

_WHEN = "(SELECT e.recorded_at FROM log_entry e WHERE e.seq > {x}.seq ORDER BY e.seq LIMIT 1)"
_STOOD = (
    "(SELECT o.{column} FROM revision o WHERE o.subject_id = {x}.subject_id"
    " AND o.effective_from <= {x}.effective_from AND o.seq < {before}"
    " ORDER BY o.effective_from DESC, o.seq DESC LIMIT 1)"
)
_BEFORE = f"{_STOOD.replace('{column}', 'status')}, {_STOOD.replace('{column}', 'content')}".replace(
    "{before}", "{x}.publication"
)
_COLUMNS = (
    "{x}.seq, {x}.subject_id, s.kind, {x}.effective_from, r.status, r.content, {x}.publication, d.outcome, v.act,"
    f" {_WHEN}, d.act, d.statement, {_BEFORE}, r.start_unknown"
)
_BESIDE = (
    " JOIN subject s ON s.id = {x}.subject_id"
    " LEFT JOIN decision d ON d.seq = {x}.cause LEFT JOIN void v ON v.seq = {x}.cause"
    " WHERE {x}.seq > :after AND {x}.seq <= :upto{filters}"
)
_END = " ORDER BY {x}.seq LIMIT :limit"
_STANDING = (
    " LEFT JOIN revision r ON r.seq = (SELECT o.seq FROM revision o WHERE o.subject_id = {x}.subject_id"
    "  AND o.effective_from <= {x}.effective_from AND o.seq < {x}.seq"
    "  ORDER BY o.effective_from DESC, o.seq DESC LIMIT 1)"
)
_SAME = (
    " AND NOT EXISTS (SELECT 1 FROM {table} o WHERE o.subject_id = {x}.{own} AND o.publication = {x}.publication"
    "{more})"
)


def _untold(table: str, own: str, more: str) -> str:
    return _SAME.replace("{table}", table).replace("{own}", own).replace("{more}", more)


_SAME_DAY = " AND o.effective_from = {x}.effective_from"
_REVISIONS = (f"SELECT {_COLUMNS}, 0 FROM revision r{_BESIDE}{_END}").replace("{x}", "r")
_CODES = (
    f"SELECT {_COLUMNS}, 0 FROM code x{_STANDING}{_BESIDE}"
    + _untold("revision", "subject_id", _SAME_DAY)
    + _untold("code", "subject_id", _SAME_DAY + " AND o.seq < {x}.seq")
    + _END
).replace("{x}", "x")
"""Code rows that no revision of the same publication, subject and day tells of already: one for each such day."""
_LINEAGE = (
    f"SELECT {_COLUMNS}, 1 FROM (SELECT l.seq, l.origin AS subject_id, l.publication, l.effective_from,"
    "  (SELECT min(c.seq) FROM decision c WHERE c.act = l.act) AS cause FROM lineage l"
    f"  WHERE l.seq > :after AND l.seq <= :upto) x{_STANDING}{_BESIDE}"
    + _untold("revision", "subject_id", "")
    + " AND NOT EXISTS (SELECT 1 FROM lineage o WHERE o.origin = x.subject_id AND o.publication = x.publication"
    " AND o.seq < x.seq)" + _END
).replace("{x}", "x")
"""A succession whose origin has no revision in the same publication: its answers name a successor all the same."""
_REDACTIONS = text(
    "SELECT r.seq, r.content, r.publication,"
    f" {_WHEN.replace('{x}', 'r')} FROM redaction r"
    " WHERE r.seq > :after AND r.seq <= :upto ORDER BY r.seq"
)
_RESTING = text(
    "SELECT DISTINCT f.subject_id, s.kind FROM (SELECT subject_id FROM revision WHERE content = :hash"
    " UNION SELECT subject_id FROM decision WHERE creates = :hash OR changes = :hash OR statement = :hash"
    " UNION SELECT d.subject_id FROM void v JOIN decision d ON d.act = v.act WHERE v.statement = :hash"
    " UNION SELECT d.subject_id FROM publication p"
    f"  JOIN decision d ON {of_publication('d.seq', 'p.seq')} WHERE p.statement = :hash) f"
    " JOIN subject s ON s.id = f.subject_id ORDER BY 1"
)
_EVER = among(
    "SELECT r.subject_id, s.kind, r.content, c.body FROM revision r JOIN subject s ON s.id = r.subject_id"
    " JOIN content c ON c.hash = r.content WHERE r.subject_id IN :ids",
    "ids",
)
NAMED = 1000
"""Subjects that the event of a redaction names at most."""


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
                " AND (EXISTS (SELECT 1 FROM link rests WHERE rests.subject_id = {x}.subject_id"
                " AND rests.target = :instrument) OR {x}.subject_id = :instrument)"
            )
            values["instrument"] = self.instrument
        if self.regions:
            clauses += _held("(scope.region IN :regions OR scope.subject_id IN :regions)")
            values["regions"] = list(self.regions)
        return clauses, values


ALL = Wanted()
TYPES = tuple(sorted({one for rules in RULES.values() for one in rules} | {"void", "redact", "succeed"}))
KINDS = tuple(MODELS)


def _held(condition: str) -> str:
    return (
        " AND EXISTS (SELECT 1 FROM timeline scope WHERE scope.subject_id = {x}.subject_id"
        f" AND {condition})"
    )


def events(
    connection: Connection, after: int, limit: int, wanted: Wanted = ALL, *, head: int
) -> tuple[list[dict[str, Any]], int | None]:
    """(events recorded after a seq, the seq to go on after; None where all up to ``head`` were looked at):
    gap-free, since seq is given inside the lock.

    Subjects that are not public have none; of a revision that is not, only its day is told (``withheld``), so that
    a copy is dropped. With filters a page may be short, even empty, and still have a ``next``.
    """
    found: list[dict[str, Any]] = []
    upto = head if wanted.is_all or wanted.subject else min(head, after + SPAN)
    for _ in range(BATCHES):
        rows = _raw(connection, after, upto, limit + 1, wanted)
        more = len(rows) > limit
        rows = rows[:limit]
        told = [one for one in _shown(connection, rows, wanted) if _is_wanted(one, wanted)]
        if len(found) + len(told) > limit or (len(found) + len(told) == limit and more):
            found = (found + told)[:limit]
            return found, found[-1]["seq"]
        found += told
        if not more:
            return found, upto if upto < head else None
        after = rows[-1][0]
    return found, after


def _is_wanted(event: dict[str, Any], wanted: Wanted) -> bool:
    if event["event"] == "succeed" and not event.get("successors"):
        return False  # what came of it is not public
    if event["event"] == "redact":
        return True  # whatever else was asked for: who holds the words is to hear of it
    if wanted.types and event["event"] not in wanted.types and not event.get("withheld"):
        return False
    return event["planned"] or not wanted.planned


def _raw(connection: Connection, after: int, upto: int, limit: int, wanted: Wanted) -> list[Any]:
    """Rows of every source in the order of seq, as many as asked. The others are looked for only as far as the
    revisions of the page reach: they are few, and finding none of them must not read the log to its end."""
    clauses, values = wanted.sql()
    asked = {"after": after, "upto": upto, "limit": limit, **values}
    found = _rows(connection, _REVISIONS, clauses.replace("{x}", "r"), asked)
    if len(found) == limit:
        asked["upto"] = found[-1][0]
    clauses = clauses.replace("{x}", "x")
    found += _rows(connection, _CODES, clauses, asked)
    found += _rows(connection, _LINEAGE, clauses, asked)
    if wanted.days is None:
        found += _redacted(connection, asked, wanted)
    return sorted(found, key=lambda row: row[0])[:limit]


def _rows(connection: Connection, statement: str, clauses: str, asked: dict[str, Any]) -> list[Any]:
    lists = [name for name, value in asked.items() if isinstance(value, list)]
    query = text(statement.replace("{filters}", clauses)).bindparams(
        *(bindparam(name, expanding=True) for name in lists)
    )
    return list(connection.execute(query, asked).all())


def _redacted(connection: Connection, asked: dict[str, Any], wanted: Wanted) -> list[Any]:
    """Each redaction as a row about the first public subject that rests on the content; ``row[16]`` has all."""
    found: list[Any] = []
    query = {name: asked[name] for name in ("after", "upto")}
    run = run_by(connection)
    for seq, content, publication, at in connection.execute(_REDACTIONS, query):
        named_by = kept_of(run, [content]).get(content, {}).get("named_by", [])  # of an attached file
        resting = sorted(
            {
                tuple(row)
                for one in (content, *named_by)
                for row in connection.execute(_RESTING, {"hash": one})
            }
        )
        public = public_among(run, (row[0] for row in resting))
        about = [row for row in resting if row[0] in public]
        if wanted.kinds:
            about = [row for row in about if row[1] in wanted.kinds]
        if wanted.subject:
            about = [row for row in about if row[0] == wanted.subject]
        if wanted.authority or wanted.regions or wanted.instrument:
            within = _ever_within(connection, [row[0] for row in about], wanted)
            about = [row for row in about if row[0] in within]
        if about:
            row = (seq, about[0][0], about[0][1], None, None, content, publication, None, None, at)
            found.append((*row, None, None, None, None, 0, 2, [one[0] for one in about[:NAMED]]))
            if len(found) == asked["limit"]:
                break
    return found


def _ever_within(connection: Connection, subjects: Sequence[str], wanted: Wanted) -> set[str]:
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
            met.setdefault(subject, set()).update(_met(subject, describe(kind, left), is_gone, wanted))
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


def _shown(connection: Connection, rows: Sequence[Any], wanted: Wanted) -> list[dict[str, Any]]:
    run = run_by(connection)
    public = public_among(run, {row[1] for row in rows})
    hidden = hidden_among(run, {content for row in rows for content in (row[5], row[13])})
    listed = [_read(row, hidden) for row in rows if row[1] in public]
    return tell(connection, listed)


def _read(row: Any, hidden: set[str]) -> Told:
    source = ("own", "succeed", "redact")[row[15]]
    return Told(
        seq=row[0],
        subject=row[1],
        kind=row[2],
        effective_from=row[3],
        status=row[4],
        content=row[5],
        publication=row[6],
        outcome=row[7],
        voids=row[8],
        recorded_at=row[9],
        act=row[10],
        words=row[11],
        status_before=row[12] if row[13] not in hidden else None,
        attested=bool(row[14]),
        content_before=row[13] if row[13] not in hidden else None,
        source=source,
        withheld=source != "redact" and row[5] in hidden,
        subjects=row[16] if source == "redact" else [row[1]],
    )
