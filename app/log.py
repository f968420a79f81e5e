"""The publication log, chained; and the access log, which is not.

Each entry hashes the one before it, its own head and every row it covers, row by row in the order of
``seq``, under the name of a row format. A format is a table and its columns; it is kept for ever, so
that old entries verify after a migration. The bytes are the same on both databases.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Index, Table, text
from sqlmodel import Field, SQLModel

from app.canonical import encode
from app.db import Ascii, Big, fetch

GENESIS = "0" * 64
"""What the first entry hashes as the one before."""

ENTRY_FORMAT = "entry/2"
"""The format of new entries. From entry/2 on the head line names the digest of the rows, so that heads alone make a
chain: whoever holds one row's entry and the heads after it can prove it against a later head, without other rows."""

FORMATS: dict[str, tuple[str, tuple[str, ...]]] = {
    "publication/1": (
        "publication",
        ("seq", "kind", "changeset", "author", "reviewer", "publisher", "approved", "statement"),
    ),
    "subject/1": ("subject", ("seq", "id", "kind")),
    "decision/1": (
        "decision",
        (
            "seq",
            "publication",
            "act",
            "subject_id",
            "role",
            "outcome",
            "effective_from",
            "until",
            "start_unknown",
            "creates",
            "changes",
            "statement",
            "base",
        ),
    ),
    "void/1": ("void", ("seq", "publication", "act", "ground", "statement")),
    "lineage/1": (
        "lineage",
        ("seq", "publication", "act", "origin", "successor", "relation", "effective_from"),
    ),
    "revision/1": (
        "revision",
        (
            "seq",
            "publication",
            "subject_id",
            "effective_from",
            "status",
            "content",
            "start_unknown",
            "cause",
        ),
    ),
    "code/1": (
        "code",
        ("seq", "publication", "subject_id", "scheme", "issuer", "value", "effective_from", "held", "cause"),
    ),
    "redaction/1": ("redaction", ("seq", "publication", "content", "statement")),
    "signing_key/1": ("signing_key", ("seq", "publication", "id", "public", "endorsed_by", "endorsement")),
    "edition/1": (
        "edition",
        (
            "seq",
            "publication",
            "id",
            "kind",
            "owner",
            "on_day",
            "number",
            "content",
            "statement",
            "previous",
            "key",
            "signature",
        ),
    ),
}
"""Row formats by name, kept for ever: a table and its columns."""

_FIRST = (
    "publication/1",
    "subject/1",
    "decision/1",
    "void/1",
    "lineage/1",
    "revision/1",
    "code/1",
    "redaction/1",
)
ENTRY_FORMATS: dict[str, tuple[str, ...]] = {
    "entry/1": _FIRST,
    "entry/2": (*_FIRST, "signing_key/1", "edition/1"),
}
"""The row formats that an entry of each kind covers. A migration that adds a column adds a row format and an
entry format for later entries; what was hashed before is read in the format it was hashed in."""

CURRENT = {FORMATS[name][0]: name for name in ENTRY_FORMATS[ENTRY_FORMAT]}
"""The format that new rows of a table are hashed in."""


def columns_of(table: str) -> tuple[str, ...]:
    return FORMATS[CURRENT[table]][1]


def line(row_format: str, row: Iterable[Any]) -> bytes:
    """A row as its entry hashes it; what came before it is no part of it."""
    return encode([row_format, *row]) + b"\n"


MARK = 8
"""Bytes of a row's mark."""


def marks_of(lines: Iterable[bytes]) -> bytes:
    """The marks of an entry's rows, one after another: a row that was changed later is told by its own. They tell
    where to look; what proves the rows is the chain."""
    return b"".join([hashlib.sha256(line).digest()[:MARK] for line in lines])


def linked(entry_format: str, seq: int, recorded_at: int, prev: str, rows: str) -> str:
    """The hash of an entry from entry/2 on, by its head line alone; ``rows`` is the digest of the lines it covers."""
    return hashlib.sha256(encode([entry_format, seq, recorded_at, prev, rows]) + b"\n").hexdigest()


class Chain:
    """The hash of one entry, fed row by row in the order of seq."""

    def __init__(self, prev: str, seq: int, recorded_at: int, entry_format: str = ENTRY_FORMAT) -> None:
        self._head = (entry_format, seq, recorded_at, prev)
        self._sha = hashlib.sha256()
        if entry_format == "entry/1":  # one hash over the head line and the rows after it
            self._sha.update(encode([*self._head]) + b"\n")

    def add(self, row_format: str, row: Iterable[Any]) -> None:
        self._sha.update(line(row_format, row))

    def add_lines(self, lines: bytes) -> None:
        """Rows that ``line`` wrote before, one after another."""
        self._sha.update(lines)

    def rows(self) -> str:
        """The digest of the rows alone, from entry/2 on."""
        return self._sha.hexdigest()

    def digest(self) -> str:
        return self._sha.hexdigest() if self._head[0] == "entry/1" else linked(*self._head, self.rows())


class Head(NamedTuple):
    """The log's public head: whoever keeps it can prove later that nothing before it was changed."""

    seq: int
    hash: str
    recorded_at: int


def head(connection: Connection) -> Head:
    """The last entry; seq 0 and the genesis hash where nothing is published."""
    rows = fetch(connection, "SELECT seq, hash, recorded_at FROM log_entry ORDER BY seq DESC LIMIT 1")
    return Head(*rows[0]) if rows else Head(0, GENESIS, 0)


def hash_at(connection: Connection, seq: int) -> str | None:
    """The hash of the last entry up to a seq; the genesis hash before the first, none past the last."""
    rows = fetch(
        connection,
        "SELECT (SELECT hash FROM log_entry WHERE seq <= ? ORDER BY seq DESC LIMIT 1),"
        " (SELECT max(seq) FROM log_entry)",
        (seq,),
    )
    found, last = rows[0]
    return None if seq > (last or 0) else str(found or GENESIS)


def now_microseconds() -> int:
    """The clock, UTC. Replaced in tests."""
    return time.time_ns() // 1000


def next_moment(last: int) -> int:
    """A moment for the next entry: the clock, but always after the last, however the clock steps."""
    return max(now_microseconds(), last + 1)


class AccessRecord(SQLModel, table=True):
    """Sign-ins, refusals, exports, reads by staff. Kept for a setting's time, six months at least."""

    __tablename__ = "access_log"
    __table_args__ = (
        Index("ix_access_log_at", "at", "id", "subject"),  # a part of a subject is looked for in it
        Index("ix_access_log_account", "account", "at", "id"),
        Index("ix_access_log_event", "event", "at", "id"),
        Index("ix_access_log_address", "address", "at", "id"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Big)
    at: int = Field(sa_type=Big)
    account: int | None = None
    event: str = Field(
        sa_type=Ascii, description="sign-in, token-refused, refused, export, left-out, staff-read, ..."
    )
    subject: str | None = Field(default=None, description="what it was about: an id, a route")
    address: str | None = None
    note: str | None = None


LONGEST_SUBJECT = 500
"""Characters: what is longer would not fit the index it is looked for in."""

ACCESS: Table = AccessRecord.__table__  # type: ignore[attr-defined]


def record_access(
    connection: Connection,
    event: str,
    *,
    account: int | None = None,
    subject: str | None = None,
    address: str | None = None,
    note: str | None = None,
) -> None:
    subject = subject[:LONGEST_SUBJECT] if subject else subject
    connection.execute(
        ACCESS.insert().values(
            at=now_microseconds(), account=account, event=event, subject=subject, address=address, note=note
        )
    )


def prune_access(connection: Connection, months: int) -> int:
    """Delete access records older than so many months (30 days each, 6 months at least). Returns the count."""
    limit = now_microseconds() - max(months, 6) * 30 * 86_400_000_000
    return connection.execute(text("DELETE FROM access_log WHERE at < :limit"), {"limit": limit}).rowcount
