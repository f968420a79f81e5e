"""The registry as JSON lines: all of it, a part of it, or what differs from an earlier export."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import Connection

from app.db import chunks, marks, run_by
from app.exchange.differing import differing_items, once_public
from app.items.reading import read_item_as_known
from app.items.streaming import Stream
from app.versions.queries import Known, timelines
from app.versions.standing import pages_then
from app.versions.visibility import hidden_among, public_among

PAGE = 100
"""Items read by one query: as many as stay near the processor until they are written."""


@dataclass(frozen=True, slots=True)
class Part:
    """Which items: of these regions, of this authority, of this type; none: all."""

    regions: Sequence[str] = ()
    authority: str | None = None
    type: str | None = None

    def sql(self) -> tuple[str, list[str]]:
        """Conditions on the timeline row ``t``, with ``?`` marks, and their values."""
        asked = {"authority": self.authority, "type": self.type}
        clauses = "".join(f" AND t.{name} = ?" for name, value in asked.items() if value)
        values = [value for value in asked.values() if value]
        if self.regions:
            clauses += f" AND t.region IN ({marks(self.regions)})"
            values += self.regions
        return clauses, values


WHOLE = Part()


def export_lines(connection: Connection, on: str, today: str, part: Part = WHOLE) -> Iterator[bytes]:
    """Every public item on a day, as ``GET /items/{id}`` answers, one a line."""
    stream, (clauses, values), last = Stream(run_by(connection), on, today), part.sql(), ""
    while page := stream.page(f"t.subject_id > ?{clauses}", (last, *values), PAGE):
        for _, line in page:
            yield line
        last = page[-1][0]


def export_differences(
    connection: Connection, since: tuple[int, str], on: str, today: str, part: Part = WHOLE
) -> Iterator[bytes]:
    """What turns an export as of a seq and a day into the one of now: the lines that differ or may differ, and
    ``{"id", "gone": true}`` for what is no longer in it; in the order of ids.

    Lines that do not come differ in ``seq``, ``known_at`` and ``on`` alone.
    """
    run, (clauses, values) = run_by(connection), part.sql()
    seq, day = since
    differing = differing_items(connection, seq, day, on, by_region=bool(part.regions))
    stream = Stream(run, on, today)
    for some in chunks(sorted(differing), PAGE):
        lines = dict(stream.page(f"t.subject_id IN ({marks(some)}){clauses}", (*some, *values), PAGE))
        gone = once_public(run, [one for one in some if one not in lines], seq)
        for item in some:
            if item in lines:
                yield lines[item]
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
