"""The registry as JSON lines."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, text

from app.db import run_by
from app.items.reading import read_item, read_item_as_known
from app.versions.names import NameBook
from app.versions.queries import Known, timelines
from app.versions.standing import pages_then
from app.versions.visibility import hidden_among, public_among, shown

_PAGE = text(
    "SELECT t.subject_id FROM timeline t WHERE t.kind = 'item' AND t.subject_id > :last AND t.valid_from <= :on"
    f" AND t.valid_to > :on AND {shown('t')} ORDER BY t.subject_id LIMIT 1000"
)


def export_lines_as_known(connection: Connection, on: str, today: str, known: Known) -> Iterator[bytes]:
    """The same as known at an earlier point of the log: worked out from revisions, slower."""
    for page in pages_then(connection, "item", known):
        for item in _standing(connection, page, on, known):
            yield read_item_as_known(connection, item, on, today, known) + b"\n"


def _standing(connection: Connection, items: list[str], on: str, known: Known) -> list[str]:
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


def export_lines(connection: Connection, on: str, today: str) -> Iterator[bytes]:
    """Every public item on a day, as ``GET /items/{id}`` answers, one a line."""
    run, book, last = run_by(connection), NameBook(), ""
    while page := connection.execute(_PAGE, {"last": last, "on": on}).all():
        for row in page:
            yield read_item(run, book, row[0], on, today) + b"\n"
        last = page[-1][0]
