"""The file of an edition that carries its own proof: what ``proving`` checks without any registry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from app import log
from app.db import chunks, fetch, marks
from app.errors import Invalid
from app.lists import signing
from app.lists.composing import SIGNED
from app.lists.proving import FORMAT
from app.lists.reading import REDACTED, Issued, rows_of

BATCH = 10_000
"""Log entries read at once. A file carries all of them from the edition's own on, about 150 bytes each: what ends
before the head that somebody kept could not be proved by it."""
LAST = 2**63 - 1


def carried(connection: Connection, edition: Issued, until: int | None = None) -> dict[str, Any]:
    """The edition with its rows, the key, and the chain from its log entry to ``until`` (a seq), to the head by
    default. Redactions within are told with their rows. Raises Invalid."""
    row, told = edition.row, shown(connection, edition)
    public = {one["id"]: one["public"] for one in signing.recorded(connection)}
    gone = [h for h, reason in told["missing"].items() if reason == REDACTED]
    gone += [
        h for h, part in ((row["content"], edition.frozen), (row["statement"], edition.head)) if part is None
    ]
    return {
        "format": FORMAT,
        **told,
        "signature": row["signature"],
        "public_key": public[row["key"]],
        "log": list(_entries(connection, row["seq"], until, _redacted_at(connection, gone))),
    }


def shown(connection: Connection, edition: Issued) -> dict[str, Any]:
    """What a reader is shown of an edition: its fields, words, list, and the rows that may still be told."""
    rows = rows_of(connection, (edition.frozen or {}).get("rows", []))
    return {
        "title": edition.title,
        "issued_at": edition.recorded_at,
        "edition": {name: edition.row[name] for name in SIGNED if edition.row[name] is not None},
        "statement": edition.head,
        "list": edition.frozen,
        "rows": rows.rows,
        "missing": rows.missing,
    }


def _redacted_at(connection: Connection, hashes: list[str]) -> set[int]:
    """The entries that hold the orders by which these contents were redacted."""
    found: set[int] = set()
    for some in chunks(hashes):
        rows = fetch(
            connection,
            "SELECT (SELECT min(e.seq) FROM log_entry e WHERE e.seq > r.seq) FROM redaction r"
            f" WHERE r.content IN ({marks(some)})",
            tuple(some),
        )
        found |= {one[0] for one in rows}
    return found


def _entries(
    connection: Connection, seq: int, until: int | None, orders: set[int]
) -> Iterator[dict[str, Any]]:
    """From the entry that covers the seq on. The first and those in ``orders`` tell their rows, the others only
    the digest of them."""
    first = fetch(connection, "SELECT min(seq) FROM log_entry WHERE seq > ?", (seq,))[0][0]
    if until is not None and until < first:
        raise Invalid(f"日志序号 {until} 早于这一版清单（{first}），不能用来证明它。", code="head-too-old")
    after = fetch(connection, "SELECT coalesce(max(seq), 0) FROM log_entry WHERE seq < ?", (first,))[0][0]
    for entry, recorded_at, entry_format, prev, rows in _heads(connection, seq, until):
        told: dict[str, Any] = {"format": entry_format, "seq": entry, "recorded_at": recorded_at}
        if entry == first:
            told["prev"] = prev
        if entry == first or entry in orders:
            told["lines"] = _lines(connection, entry_format, after, entry)
        else:
            told["rows"] = rows
        after = entry
        yield told


def _heads(connection: Connection, seq: int, until: int | None) -> Iterator[Any]:
    """The entries after a seq, up to ``until``."""
    while entries := fetch(
        connection,
        "SELECT seq, recorded_at, format, prev, rows FROM log_entry WHERE seq > ? AND seq <= ?"
        " ORDER BY seq LIMIT ?",
        (seq, LAST if until is None else until, BATCH),
    ):
        yield from entries
        seq = entries[-1][0]


def _lines(connection: Connection, entry_format: str, after: int, until: int) -> list[list[Any]]:
    """The rows that an entry covers, as it hashes them: the name of the row format, then the values."""
    found = []
    for name in log.ENTRY_FORMATS[entry_format]:
        table, columns = log.FORMATS[name]
        asked = f"SELECT {', '.join(columns)} FROM {table} WHERE seq > ? AND seq < ?"
        found += [(row[0], [name, *row]) for row in fetch(connection, asked, (after, until))]
    return [line for _, line in sorted(found, key=lambda one: one[0])]
