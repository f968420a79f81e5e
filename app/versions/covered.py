"""The log's entries beside the rows that they cover, each read as it was hashed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection

from app import log
from app.db import STREAMED, fetch
from app.errors import Invalid
from app.versions.wrong import Wrong


class Entry(NamedTuple):
    """A row of ``log_entry``."""

    seq: int
    recorded_at: int
    format: str
    prev: str
    hash: str
    rows: str | None


class Row(NamedTuple):
    """A published row in its row format."""

    seq: int
    format: str
    values: tuple[Any, ...]

    @property
    def table(self) -> str:
        return log.FORMATS[self.format][0]

    def __str__(self) -> str:
        return f"{self.table} {self.seq}"


class Reading:
    """One entry, and what its rows come to. ``after``: the seq of the entry before; ``kept``: its marks as stored."""

    def __init__(self, entry: Entry, after: int, kept: bytes | None) -> None:
        self.entry, self.kept = entry, kept
        self.marks = bytearray()
        self.expected = after + 1
        """The seq that comes next: the entry's own once its rows are read; else that of the first not in its place."""
        self.stray: Row | None = None
        """The row that stands where another is expected. What comes after it is not read."""
        self.altered: Row | None = None
        """The first row that is not the one its mark was made of, or that could never have been hashed."""
        self.is_marked = kept is not None and len(kept) == (entry.seq - self.expected) * log.MARK
        """Whether it has as many marks as rows."""
        self._chain = log.Chain(entry.prev, entry.seq, entry.recorded_at, entry.format)

    def read(self, rows: Iterable[Row]) -> None:
        for row in rows:
            if row.seq != self.expected:
                self.stray = row
                return
            try:
                line = log.line(row.format, row.values)
            except Invalid:
                self.altered = self.altered or row
                return
            self._chain.add_lines(line)
            self._mark(row, log.marks_of([line]))
            self.expected += 1

    def _mark(self, row: Row, mark: bytes) -> None:
        place = len(self.marks)
        self.marks += mark
        if self.is_marked and self.altered is None and self.kept is not None:
            self.altered = None if self.kept[place : place + log.MARK] == mark else row

    @property
    def is_proved(self) -> bool:
        """Whether the rows, all of them and no other, are those that the entry hashed."""
        return (
            self.expected == self.entry.seq
            and self.stray is None
            and self._chain.digest() == self.entry.hash
            and self._tells_its_rows()
        )

    def _tells_its_rows(self) -> bool:
        """Whether the entry tells their digest: proofs that people carry away rest on it from entry/2 on."""
        rows = self.entry.rows
        return rows == self._chain.rows() or (rows is None and self.entry.format == "entry/1")


def readings(connection: Connection) -> Iterator[Reading]:
    """Every entry, in the order of the log. Raises Wrong at one of an unknown format."""
    entries = [
        Entry(*row)
        for row in connection.exec_driver_sql(
            "SELECT seq, recorded_at, format, prev, hash, rows FROM log_entry ORDER BY seq"
        )
    ]
    rows, after = _Handed(_rows(connection, entries)), 0
    for entry in entries:
        reading = Reading(entry, after, _kept(connection, entry.seq))
        reading.read(rows.before(entry.seq))
        yield reading
        after = entry.seq


def _kept(connection: Connection, seq: int) -> bytes | None:
    found = fetch(connection, "SELECT marks FROM entry_marks WHERE seq = ?", (seq,))
    return bytes(found[0][0]) if found else None


class _Handed:
    """Rows in the order of seq, handed out entry by entry."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def before(self, seq: int) -> Iterator[Row]:
        while self._next is not None and self._next.seq < seq:
            yield self._next
            self._next = next(self._rows, None)


def _rows(connection: Connection, entries: Sequence[Entry]) -> Iterator[Row]:
    """Every row that the entries cover, in the order of seq, each in the format of its entry."""
    after = 0
    for entry_format, group in groupby(entries, key=lambda entry: entry.format):
        until = list(group)[-1].seq
        formats = log.ENTRY_FORMATS.get(entry_format)
        if formats is None:
            raise Wrong(f"log_entry {until}", f"不认识的格式 {entry_format}，请用更新的程序核验")
        yield from merge(*(_of_table(connection, name, after, until) for name in formats))
        after = until


def _of_table(connection: Connection, row_format: str, after: int, until: int) -> Iterator[Row]:
    table, columns = log.FORMATS[row_format]
    result = connection.exec_driver_sql(
        f"SELECT {', '.join(columns)} FROM {table} WHERE seq > {after} AND seq < {until} ORDER BY seq",
        execution_options=STREAMED,
    )
    for row in result:
        yield Row(row[0], row_format, tuple(row))
