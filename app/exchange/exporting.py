"""The registry as JSON lines: all of it, a part of it, or what differs from an earlier export."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, text

from app.db import chunks, run_by
from app.exchange.differing import differing_items, once_public
from app.items.reading import read_item_as_known, read_items
from app.versions.names import NameBook
from app.versions.queries import Known, timelines
from app.versions.standing import pages_then
from app.versions.visibility import hidden_among, public_among, shown

PAGE = 500
"""Items read by one query."""

_STANDING = (
    "SELECT t.subject_id FROM timeline t WHERE t.kind = 'item' AND {which} AND t.valid_from <= :on"
    f" AND t.valid_to > :on AND {shown('t')}{{filters}} ORDER BY t.subject_id LIMIT {PAGE}"
)


@dataclass(frozen=True, slots=True)
class Part:
    """Which items: of these regions, of this authority, of this type; none: all."""

    regions: Sequence[str] = ()
    authority: str | None = None
    type: str | None = None

    def sql(self) -> tuple[str, dict[str, Any]]:
        asked = {"authority": self.authority, "type": self.type}
        values: dict[str, Any] = {name: value for name, value in asked.items() if value}
        clauses = "".join(f" AND t.{name} = :{name}" for name in values)
        if self.regions:
            clauses += " AND t.region IN :regions"
            values["regions"] = list(self.regions)
        return clauses, values


WHOLE = Part()


def _standing_items(
    connection: Connection, on: str, part: Part, which: str, values: dict[str, Any]
) -> list[str]:
    """At most a page of items that stand on the day and may be shown, in the order of ids."""
    clauses, filters = part.sql()
    asked = {"on": on, **values, **filters}
    query = text(_STANDING.format(which=which, filters=clauses)).bindparams(
        *(bindparam(name, expanding=True) for name, value in asked.items() if isinstance(value, list))
    )
    return [row[0] for row in connection.execute(query, asked)]


def export_lines(connection: Connection, on: str, today: str, part: Part = WHOLE) -> Iterator[bytes]:
    """Every public item on a day, as ``GET /items/{id}`` answers, one a line."""
    run, book, last = run_by(connection), NameBook(), ""
    while page := _standing_items(connection, on, part, "t.subject_id > :last", {"last": last}):
        for _, line in read_items(run, book, page, on, today):
            yield line + b"\n"
        last = page[-1]


def export_differences(
    connection: Connection, since: tuple[int, str], on: str, today: str, part: Part = WHOLE
) -> Iterator[bytes]:
    """What turns an export as of a seq and a day into the one of now: the lines that differ or may differ, and
    ``{"id", "gone": true}`` for what is no longer in it; in the order of ids.

    Lines that do not come differ in ``seq``, ``known_at`` and ``on`` alone.
    """
    run, book = run_by(connection), NameBook()
    seq, day = since
    differing = differing_items(connection, seq, day, on, by_region=bool(part.regions))
    for some in chunks(sorted(differing), PAGE):
        standing = _standing_items(connection, on, part, "t.subject_id IN :ids", {"ids": some})
        lines = dict(read_items(run, book, standing, on, today)) if standing else {}
        gone = once_public(run, [one for one in some if one not in lines], seq)
        for item in some:
            if item in lines:
                yield lines[item] + b"\n"
            elif item in gone:
                yield orjson.dumps({"id": item, "gone": True}) + b"\n"


def export_lines_as_known(connection: Connection, on: str, today: str, known: Known) -> Iterator[bytes]:
    """The same as known at an earlier point of the log: worked out from revisions, slower."""
    for page in pages_then(connection, "item", known):
        for item in _standing_then(connection, page, on, known):
            yield read_item_as_known(connection, item, on, today, known) + b"\n"


def _standing_then(connection: Connection, items: list[str], on: str, known: Known) -> list[str]:
    """Those of the items that may be shown and had begun on the day, in their order."""
    run = run_by(connection)
    stood = {
        item: span
        for item, rows in timelines(connection, public_among(run, items), known).items()
        for span in rows
        if span.valid_from <= on < span.valid_to
    }
    hidden = hidden_among(run, (span.content for span in stood.values()))
    return [item for item in items if item in stood and stood[item].content not in hidden]
