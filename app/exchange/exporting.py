"""The registry as JSON lines."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, text

from app.items.queries import NameBook, read_item, run_by

_PAGE = text(
    "SELECT subject_id FROM timeline WHERE kind = 'item' AND subject_id > :last AND valid_from <= :on"
    " AND valid_to > :on AND visibility = 'public' ORDER BY subject_id LIMIT 1000"
)


def export_lines(connection: Connection, on: str, today: str) -> Iterator[bytes]:
    """Every public item on a day, as ``GET /items/{id}`` answers, one a line."""
    run, book, last = run_by(connection), NameBook(), ""
    while page := connection.execute(_PAGE, {"last": last, "on": on}).all():
        for row in page:
            yield read_item(run, book, row[0], on, today) + b"\n"
        last = page[-1][0]
