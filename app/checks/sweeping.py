"""The checks over all items: what has to be looked at again, looked at in portions, written as derived rows.

An item is looked at again when its content is another, when something it refers to was published since, when the
day is another (what rests on a law may fall with midnight), and when the rules are. A citation that names a law
without being linked to it is looked at again with the day alone. A portion is read, checked and
written by itself, so that publishing never waits for more than one.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Connection, text
from sqlmodel import Session

from app import log
from app.canonical import decode
from app.checks.catalogue import Rules, points
from app.checks.exceptions import Granted, granted
from app.checks.facts import Around
from app.checks.finding import ALIVE, Checked, Finding
from app.checks.models import CheckedItem, CheckRun, FindingRow
from app.db import Database, chunks, execute_many, fetch, lock_findings, marks
from app.versions.visibility import shown

PORTION = 500
"""Items that are written in one transaction."""
_STANDING = (
    "SELECT t.subject_id, t.content, t.name, t.authority, t.region, t.status FROM timeline t"
    " WHERE t.kind = 'item' AND t.valid_from <= ? AND t.valid_to > ? AND t.content IS NOT NULL"
    f" AND t.status IN ({', '.join(repr(one) for one in sorted(ALIVE))}) AND {shown('t')}"
)
_MOVED = (
    " AND (NOT EXISTS (SELECT 1 FROM checked_item c WHERE c.subject = t.subject_id AND c.content = t.content)"
    " OR EXISTS (SELECT 1 FROM link l JOIN revision r ON r.subject_id = l.target AND r.seq > ?"
    " WHERE l.subject_id = t.subject_id AND l.valid_from = t.valid_from)"
    " OR EXISTS (SELECT 1 FROM revision a WHERE a.subject_id = t.authority AND a.seq > ?))"
)


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep came to."""

    items: int
    findings: int
    seconds: float


@dataclass(slots=True)
class _Due:
    id: str
    content: str
    name: str
    authority: str | None
    region: str | None
    status: str


def digest_of(rules: Rules) -> str:
    """Other rules, another digest."""
    told = repr((sorted(rules.off), rules.provisional_months, rules.vague))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def last_run(connection: Connection) -> CheckRun | None:
    """The last sweep that went to its end."""
    row = (
        connection.execute(text("SELECT * FROM check_run ORDER BY id DESC LIMIT 1")).mappings().one_or_none()
    )
    return CheckRun(**row) if row else None


def stale(connection: Connection, day: str, rules: Rules, limit: int | None = None) -> list[_Due]:
    """The items that have to be looked at, the whole of them on another day or by other rules."""
    run = last_run(connection)
    query, asked = _STANDING, [day, day]
    if run is not None and run.day == day and run.rules == digest_of(rules):
        query += _MOVED
        asked += [run.seq, run.seq]  # type: ignore[list-item]
    query += " ORDER BY t.subject_id" + (f" LIMIT {limit}" if limit else "")
    return [_Due(*row) for row in fetch(connection, query, tuple(asked))]


def untold(_done: int, _due: int) -> None:
    """Tell nobody."""


def sweep(
    database: Database,
    day: str,
    rules: Rules,
    *,
    whole: bool = False,
    tell: Callable[[int, int], None] = untold,
) -> Swept:
    """Look at what is stale, or at every item; forget those that no longer stand. ``tell``: items looked at, of how
    many."""
    began = time.monotonic()
    with database.reading() as session:
        connection = session.connection()
        seq = log.head(connection).seq
        due = (
            [_Due(*row) for row in fetch(connection, _STANDING, (day, day))]
            if whole
            else stale(connection, day, rules)
        )
    found = done = 0
    for some in _portions(due):
        tell(done, len(due))
        with database.reading() as session:
            against = log.head(session.connection()).seq
            looked = look(session.connection(), some, day, rules)
        with database.writing() as session:
            found += write(session.connection(), looked, day, against)
        done += len(some)
    with database.writing() as session:
        _forget(session.connection(), day)
        took = round((time.monotonic() - began) * 1000)
        session.add(
            CheckRun(
                day=day,
                seq=seq,
                rules=digest_of(rules),
                at=log.now_microseconds(),
                items=len(due),
                milliseconds=took,
            )
        )
    return Swept(len(due), found, took / 1000)


def recheck(session: Session, subject: str, day: str, rules: Rules) -> list[Finding]:
    """One item now, in the caller's transaction: after an exception. Nothing where it does not stand."""
    connection = session.connection()
    seq = log.head(connection).seq
    rows = fetch(connection, _STANDING + " AND t.subject_id = ?", (day, day, subject))
    looked = look(connection, [_Due(*row) for row in rows], day, rules)
    write(connection, looked, day, seq)
    return looked[0].findings if looked else []


@dataclass(slots=True)
class _Looked:
    due: _Due
    findings: list[Finding]


def look(connection: Connection, due: Sequence[_Due], day: str, rules: Rules) -> list[_Looked]:
    """What the checks find in some items."""
    around = Around(connection, day)
    bodies = _bodies(connection, {one.content for one in due})
    return [
        _Looked(one, rules.find(Checked(decode(bodies[one.content]), day, around.fact, around.named)))
        for one in due
    ]


def _bodies(connection: Connection, hashes: set[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for some in chunks(sorted(hashes)):
        rows = fetch(connection, f"SELECT hash, body FROM content WHERE hash IN ({marks(some)})", tuple(some))
        found |= {row[0]: bytes(row[1]) for row in rows}
    return found


def write(connection: Connection, looked: Sequence[_Looked], day: str, seq: int) -> int:
    """The derived rows of some items anew, by the exceptions that hold as they are written: one may have been granted
    or ended since they were looked at. ``seq``: the head of the log before they were. Where anything was redacted
    since, nothing is written of them, and the next sweep looks again. Returns how many findings."""
    lock_findings(connection)
    held = granted(connection, [one.due.id for one in looked])
    ids = [(one.due.id,) for one in looked]
    execute_many(connection, "DELETE FROM finding WHERE subject = ?", ids)
    execute_many(connection, "DELETE FROM checked_item WHERE subject = ?", ids)
    if fetch(connection, "SELECT 1 FROM redaction WHERE seq > ? LIMIT 1", (seq,)):
        return 0
    rows = [row for one in looked for row in _finding_rows(one, held)]
    _insert(connection, FindingRow, rows)
    _insert(connection, CheckedItem, [_item_row(one, held, day, seq) for one in looked])
    return len(rows)


def _insert(connection: Connection, table: Any, rows: list[tuple[Any, ...]]) -> None:
    columns = [column.name for column in table.__table__.columns]
    names = ", ".join(columns)
    execute_many(connection, f"INSERT INTO {table.__tablename__} ({names}) VALUES ({marks(columns)})", rows)


def _finding_rows(one: _Looked, held: Granted) -> Iterator[tuple[Any, ...]]:
    for position, found in enumerate(one.findings):
        yield (
            one.due.id,
            position,
            found.code,
            found.severity,
            found.path,
            found.message,
            found.source,
            found.about,
            int(held.excuses(one.due.id, found.code, found.path)),
        )


def _item_row(one: _Looked, held: Granted, day: str, seq: int) -> tuple[Any, ...]:
    left = [
        (found.code, found.severity)
        for found in one.findings
        if not held.excuses(one.due.id, found.code, found.path)
    ]
    counts = [sum(severity == wanted for _, severity in left) for wanted in ("error", "warning", "note")]
    due = one.due
    return (due.id, due.content, day, seq, due.name or "", due.authority, due.region, points(left), *counts)


def _forget(connection: Connection, day: str) -> None:
    """Items that do not stand any more, or are not shown."""
    standing = _STANDING.replace(
        "SELECT t.subject_id, t.content, t.name, t.authority, t.region, t.status", "SELECT t.subject_id", 1
    )
    for table in ("finding", "checked_item"):
        statement = f"DELETE FROM {table} WHERE subject NOT IN ({standing})"
        execute_many(connection, statement, [(day, day)])


def _portions(due: list[_Due]) -> Iterator[list[_Due]]:
    listed = iter(due)
    while some := list(islice(listed, PORTION)):
        yield some
