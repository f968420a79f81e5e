"""Marks of the rows that an entry covers, kept beside it, so that a row that was changed can be named.

They are no part of what is hashed: whoever changes rows without the guards can change marks too. What proves the rows
is the chain; where it does not, the marks tell which row to look at.
"""

from __future__ import annotations

from sqlalchemy import Connection
from sqlmodel import SQLModel

from app.db import fetch, insert_rows
from app.versions.covered import readings
from app.versions.wrong import Wrong


def write_marks(connection: Connection, seq: int, marks: bytes) -> None:
    """Of the entry with this seq, which has none yet."""
    insert_rows(connection, SQLModel.metadata.tables["entry_marks"], ("seq", "marks"), [(seq, marks)])


_UNMARKED = (
    "SELECT e.seq FROM log_entry e WHERE NOT EXISTS (SELECT 1 FROM entry_marks m WHERE m.seq = e.seq) LIMIT 1"
)


def write_missing(connection: Connection) -> None:
    """Of entries that have none, since they are older than the marks. Only up to the first whose rows its hash does
    not prove: a mark of a changed row would hide it."""
    if not fetch(connection, _UNMARKED):
        return
    try:
        for reading in readings(connection):
            if not reading.is_proved:
                return
            if reading.kept is None:
                write_marks(connection, reading.entry.seq, bytes(reading.marks))
    except Wrong:  # of a format that is not known here; verify says so
        return
