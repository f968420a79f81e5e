"""What differs in an item between two days, or between what was known of a day at two times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.items.reading import refuse_hidden
from app.versions.fold import diff, with_before
from app.versions.queries import Known, Standing, state_on


@dataclass(slots=True)
class Side:
    """An item on a day as known at a time. ``document`` is its content with ``status`` among the fields."""

    on: str
    known: Known
    standing: Standing
    document: dict[str, Any]


@dataclass(slots=True)
class Comparison:
    """Two sides, and the field changes that turn the first into the second, each with what stood before."""

    first: Side
    last: Side
    changes: list[dict[str, Any]]


def compare(
    connection: Connection, item_id: str, first: tuple[str, Known], last: tuple[str, Known]
) -> Comparison:
    """Raises NotFound for an item that was not known at either time, or is not public on either day."""
    before, after = (_side(connection, item_id, *one) for one in (first, last))
    refuse_hidden(connection, before.standing, after.standing)
    changes = diff(before.document, after.document)
    return Comparison(before, after, with_before(before.document, changes))


def _side(connection: Connection, item_id: str, day: str, known: Known) -> Side:
    standing = state_on(connection, item_id, day, known)
    return Side(day, known, standing, standing.document() | {"status": standing.status})
