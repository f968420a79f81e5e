"""The registry as JSON lines."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, text

from app.db import run_by
from app.items.reading import read_item, read_item_as_known
from app.versions.names import NameBook
from app.versions.queries import Known, state_on
from app.versions.visibility import is_public, shown

_PAGE = text(
    "SELECT t.subject_id FROM timeline t WHERE t.kind = 'item' AND t.subject_id > :last AND t.valid_from <= :on"
    f" AND t.valid_to > :on AND {shown('t')} ORDER BY t.subject_id LIMIT 1000"
)


_EVER = text(
    "SELECT id FROM subject WHERE kind = 'item' AND id > :last AND seq <= :seq ORDER BY id LIMIT 1000"
)


def export_lines_as_known(connection: Connection, on: str, today: str, known: Known) -> Iterator[bytes]:
    """The same as known at an earlier point of the log: worked out from revisions, slower."""
    last = ""
    while page := connection.execute(_EVER, {"last": last, "seq": known.seq}).all():
        for row in page:
            if is_public(connection, row[0]) and state_on(connection, row[0], on, known).status != "not_yet":
                yield read_item_as_known(connection, row[0], on, today, known) + b"\n"
        last = page[-1][0]


def export_lines(connection: Connection, on: str, today: str) -> Iterator[bytes]:
    """Every public item on a day, as ``GET /items/{id}`` answers, one a line."""
    run, book, last = run_by(connection), NameBook(), ""
    while page := connection.execute(_PAGE, {"last": last, "on": on}).all():
        for row in page:
            yield read_item(run, book, row[0], on, today) + b"\n"
        last = page[-1][0]
