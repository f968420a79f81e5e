"""Editions as issued: found, and read with what may still be shown of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from app.canonical import decode
from app.db import TOMBSTONE, chunks, fetch, marks, run_by
from app.errors import NotFound
from app.listing import bad_after
from app.lists.comparing import Difference, compare
from app.lists.selecting import KINDS
from app.versions.queries import Known, moment
from app.versions.visibility import public_among

FIELDS = (
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
)
_EDITIONS = (
    f"SELECT {', '.join(f'e.{name}' for name in FIELDS)}, c.body, l.body, (SELECT g.recorded_at FROM log_entry g"
    " WHERE g.seq > e.seq ORDER BY g.seq LIMIT 1) FROM edition e JOIN content c ON c.hash = e.statement"
    " JOIN content l ON l.hash = e.content"
)
REDACTED, WITHHELD = "redacted", "withheld"
"""Why a row is not told: its words were taken away by order; the item is no longer public."""


@dataclass(slots=True)
class Issued:
    """An edition. ``row`` has its columns; ``head`` and ``frozen`` (the list) are None where redacted by order."""

    row: dict[str, Any]
    head: dict[str, Any] | None
    frozen: dict[str, Any] | None
    recorded_at: str

    @property
    def title(self) -> str:
        """With its number: 广安区水务局权力清单（第3版）."""
        name = (self.head or {}).get("title") or (self.frozen or {}).get("title") or KINDS[self.row["kind"]]
        return f"{name}（第{self.row['number']}版）"

    @property
    def heads(self) -> list[str]:
        found: list[str] = (self.frozen or {}).get("heads", [])
        return found

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = (self.head or {}).get("document", {})
        return found


@dataclass(slots=True)
class Rows:
    """The rows of an edition in its order; None where one is not told, with the reason by hash in ``missing``."""

    rows: list[dict[str, Any] | None] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    """Items whose rows are not told: for reckoning, to be shown to nobody."""

    @property
    def lines(self) -> list[tuple[str, list[str]]]:
        """(item, cells) of every row that is told."""
        return [(row["item"], line) for row in self.rows if row for line in row["lines"]]


def issued(
    connection: Connection,
    *,
    kind: str | None = None,
    owner: str | None = None,
    known: Known | None = None,
    before: int | None = None,
    limit: int = 200,
) -> list[Issued]:
    """Editions, the last issued first; ``before``: the seq of one of them, to go on below. Raises Invalid for any
    other: a damaged one would quietly end the list."""
    clauses: list[str] = ["1 = 1"]
    values: list[Any] = []
    asked = (("e.kind = ?", kind), ("e.owner = ?", owner))
    for clause, value in (*asked, ("e.seq <= ?", known.seq if known and not known.is_head else None)):
        if value is not None:
            clauses.append(clause)
            values.append(value)
    where = " AND ".join(clauses)
    if before is not None:
        one = f"SELECT 1 FROM edition e WHERE {where} AND e.seq = ?"
        if not fetch(connection, one, (*values, before)):
            raise bad_after("before")
        where, values = f"{where} AND e.seq < ?", [*values, before]
    rows = fetch(connection, f"{_EDITIONS} WHERE {where} ORDER BY e.seq DESC LIMIT ?", (*values, limit))
    return [_of(row) for row in rows]


def find_issued(connection: Connection, edition: str, known: Known | None = None) -> Issued:
    """Raises NotFound."""
    rows = fetch(connection, f"{_EDITIONS} WHERE e.id = ?", (edition.lower(),))
    if not rows or (known is not None and rows[0][0] > known.seq):
        raise NotFound(f"没有编号为 {edition} 的已签发清单。", code="unknown-edition")
    return _of(rows[0])


def _of(row: Sequence[Any]) -> Issued:
    count = len(FIELDS)
    head, body = (
        None if bytes(part) == TOMBSTONE else decode(bytes(part)) for part in row[count : count + 2]
    )
    return Issued(dict(zip(FIELDS, row[:count], strict=True)), head, body, moment(row[count + 2]))


def rows_of(connection: Connection, hashes: Sequence[str]) -> Rows:
    """The rows that these hashes stand for, with what may still be shown."""
    run = run_by(connection)
    bodies: dict[str, bytes] = {}
    items: dict[str, str] = {}
    for some in chunks(sorted(set(hashes))):
        asked = tuple(some)
        bodies |= {
            h: bytes(b)
            for h, b in run(f"SELECT hash, body FROM content WHERE hash IN ({marks(some)})", asked)
        }
        items |= dict(run(f"SELECT hash, item FROM edition_row WHERE hash IN ({marks(some)})", asked))
    public = public_among(run, items.values())
    found = Rows()
    for one in hashes:
        reason = REDACTED if bodies[one] == TOMBSTONE else "" if items.get(one) in public else WITHHELD
        if reason:
            found.missing[one] = reason
            found.gone.add(items.get(one, one))
        found.rows.append(None if reason else decode(bodies[one]))
    return found


def list_of(connection: Connection, content: str) -> dict[str, Any] | None:
    """The list behind a hash, prepared or issued; None where it was redacted."""
    rows = fetch(connection, "SELECT body FROM content WHERE hash = ?", (content,))
    if not rows or bytes(rows[0][0]) == TOMBSTONE:
        return None
    found: dict[str, Any] = decode(bytes(rows[0][0]))
    return found


def difference(
    connection: Connection, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> Difference | None:
    """From one list to another; None where there is none before, or one of them can no longer be read."""
    if before is None or after is None:
        return None
    old, new = rows_of(connection, before["rows"]), rows_of(connection, after["rows"])
    return compare(before["heads"], old.rows, after["heads"], new.rows, old.gone, new.gone)


def since_last(connection: Connection, edition: Issued) -> Difference | None:
    """What changed since the edition before; None for the first."""
    previous = edition.row["previous"]
    before = find_issued(connection, previous).frozen if previous else None
    return difference(connection, before, edition.frozen)
