"""The rows of the log that a reader of some subject would notice: revisions, codes, successions, redactions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, text

from app.changes.resting import rested_on
from app.changes.wanted import Wanted, ever_within
from app.db import chunks, run_by
from app.versions.ids import kind_of
from app.versions.visibility import public_among

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
    "{x}.seq, {x}.subject_id, s.kind, {x}.effective_from, r.status, r.content, {x}.publication, {x}.cause,"
    f" {_WHEN}, {_BEFORE}, r.start_unknown"
)
_BESIDE = " JOIN subject s ON s.id = {x}.subject_id WHERE {x}.seq > :after AND {x}.seq <= :upto{filters}"
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
    f" {_WHEN.replace('{x}', 'r')}, c.body FROM redaction r LEFT JOIN content c ON c.hash = r.statement"
    " WHERE r.seq > :after AND r.seq <= :upto ORDER BY r.seq LIMIT :limit"
)
NAMED = 1000
"""Subjects that the event of a redaction names at most."""
OWN, SUCCEED, REDACT = range(3)
"""Sources: a revision or code, a succession, a redaction."""


class Noticed(NamedTuple):
    """A row of the log. What stood before: on the same day, as known before the publication."""

    seq: int
    subject: str
    kind: str
    effective_from: str | None
    status: str | None
    content: str | None
    publication: int
    cause: int | None
    """The row that it was recorded under; ``told_as.py`` has what it is told as."""
    recorded_at: int | None
    status_before: str | None
    content_before: str | None
    start_unknown: int | None
    source: int
    subjects: Sequence[str] = ()
    """Of a redaction: all that rest on the content."""


def noticed(connection: Connection, after: int, upto: int, limit: int, wanted: Wanted) -> list[Noticed]:
    """Rows of every source in the order of seq, as many as asked. The others are looked for only as far as the
    revisions of the page reach: they are few, and finding none of them must not read the log to its end."""
    clauses, values = wanted.sql()
    asked = {"after": after, "upto": upto, "limit": limit, **values}
    found = _rows(connection, _REVISIONS, clauses.replace("{x}", "r"), asked)
    if len(found) == limit:
        asked["upto"] = found[-1].seq
    clauses = clauses.replace("{x}", "x")
    found += _rows(connection, _CODES, clauses, asked)
    found += _rows(connection, _LINEAGE, clauses, asked)
    if wanted.days is None:
        found += _redacted(connection, asked, wanted)
    return sorted(found, key=lambda row: row.seq)[:limit]


def _rows(connection: Connection, statement: str, clauses: str, asked: dict[str, Any]) -> list[Noticed]:
    lists = [name for name, value in asked.items() if isinstance(value, list)]
    query = text(statement.replace("{filters}", clauses)).bindparams(
        *(bindparam(name, expanding=True) for name in lists)
    )
    return [Noticed(*row) for row in connection.execute(query, asked)]


def _redacted(connection: Connection, asked: dict[str, Any], wanted: Wanted) -> list[Noticed]:
    """Each redaction as a row about the first public subject that rests on the content."""
    found: list[Noticed] = []
    query = {name: asked[name] for name in ("after", "upto", "limit")}
    while len(found) < asked["limit"] and (orders := connection.execute(_REDACTIONS, query).all()):
        for seq, content, publication, at, statement in orders:
            if named := _concerned(connection, rested_on(connection, content, statement), wanted):
                row = Noticed(
                    *(seq, named[0], kind_of(named[0]), None, None, content, publication, None, at),
                    status_before=None,
                    content_before=None,
                    start_unknown=0,
                    source=REDACT,
                    subjects=named,
                )
                found.append(row)
        query["after"] = orders[-1][0]
    return found


def _concerned(connection: Connection, resting: Sequence[str], wanted: Wanted) -> list[str]:
    """Of what rests on a content what is public and was ever within the filters: as many as an event names."""
    run, named = run_by(connection), list[str]()
    about = [
        one
        for one in resting
        if wanted.subject in (None, one) and (not wanted.kinds or kind_of(one) in wanted.kinds)
    ]
    for some in chunks(about):
        public = public_among(run, some)
        shown = [one for one in some if one in public]
        if wanted.authority or wanted.regions or wanted.instrument:
            within = ever_within(connection, shown, wanted)
            shown = [one for one in shown if one in within]
        named += shown
        if len(named) >= NAMED:
            break
    return named[:NAMED]
