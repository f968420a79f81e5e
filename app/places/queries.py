"""Regions as a tree, on a day."""

from __future__ import annotations

from sqlalchemy import Connection, text

from app.versions.codes import subject_id
from app.versions.queries import Known
from app.versions.standing import described_then, standing_then

DEEPEST = 12
"""Levels below a region that count as below it, as the queries have it."""

_UP = text(
    "WITH RECURSIVE up(id, parent, depth) AS ("
    " SELECT subject_id, parent, 0 FROM timeline WHERE subject_id = :id AND valid_from <= :day AND valid_to > :day"
    " UNION ALL SELECT t.subject_id, t.parent, up.depth + 1 FROM timeline t JOIN up ON t.subject_id = up.parent"
    " WHERE t.valid_from <= :day AND t.valid_to > :day AND up.depth < 12)"
    " SELECT id FROM up ORDER BY depth DESC"
)
BELOW = (
    # From a column, not from the parameter: PostgreSQL wants one type and collation throughout.
    "WITH RECURSIVE down(id, depth) AS (SELECT id, 0 FROM subject WHERE id = :id UNION ALL"
    " SELECT t.subject_id, down.depth + 1 FROM timeline t JOIN down ON t.parent = down.id"
    " WHERE t.kind = 'region' AND t.valid_from <= :day AND t.valid_to > :day AND down.depth < 12)"
    " SELECT DISTINCT id FROM down"
)
"""SQL: the region ``:id`` and all below it on ``:day``."""
_DOWN = text(BELOW)

_WHERE = text(
    "SELECT region FROM timeline WHERE subject_id = :id AND region IS NOT NULL AND valid_from <= :day"
    " ORDER BY valid_from DESC LIMIT 1"
)
_BELOW = text(
    "SELECT subject_id FROM timeline WHERE parent = :id AND kind = 'region' AND status <> 'ended'"
    " AND valid_from <= :day AND valid_to > :day ORDER BY subject_id"
)


def ancestors(connection: Connection, region: str, day: str) -> list[str]:
    """The region's path from the country down to itself, on a day."""
    rows = [row[0] for row in connection.execute(_UP, {"id": region, "day": day})]
    return rows or [region]


def ancestors_then(connection: Connection, region: str, day: str, known: Known) -> list[str]:
    """The same as known at an earlier point of the log."""
    path: list[str] = []
    above: str | None = region
    while above and above not in path and len(path) <= DEEPEST:
        described = described_then(connection, [above], day, known)
        if above not in described:
            break
        path.append(above)
        above = described[above].get("parent")
    return path[::-1] or [region]


def children(connection: Connection, region: str, day: str) -> list[str]:
    """The regions one level below a region that are in force on a day."""
    rows = connection.execute(_BELOW, {"id": region, "day": day})
    return [row[0] for row in rows]


def subtree(connection: Connection, region: str, day: str) -> list[str]:
    """The region and all below it, on a day."""
    return [row[0] for row in connection.execute(_DOWN, {"id": region, "day": day})]


def subtree_then(connection: Connection, region: str, day: str, known: Known, most: int) -> set[str]:
    """The same as known at an earlier point of the log. Raises Invalid past ``most`` regions."""
    children: dict[str | None, list[str]] = {}
    for stood in standing_then(connection, "region", day, known, most, redacted=True):
        children.setdefault(stood.content.get("parent"), []).append(stood.id)
    found, level = {region}, [region]
    for _ in range(DEEPEST):
        level = [below for one in level for below in children.get(one, ()) if below not in found]
        found.update(level)
    return found


def region_of(connection: Connection, subject: str, day: str) -> str | None:
    """The region of an organ or an item on a day; of one that has ended its last. None where it has none yet."""
    return connection.execute(_WHERE, {"id": subject, "day": day}).scalar_one_or_none()


def region_id(connection: Connection, asked: str | None, day: str, known: Known | None = None) -> str | None:
    """A region by id or code, as known at a time; none where none was asked for.

    Raises NotFound for an id that no region has: an answer about nothing would pass for one about a place.
    """
    return subject_id(connection, "region", asked, day, known) if asked else None


def authority_id(
    connection: Connection, asked: str | None, day: str, known: Known | None = None
) -> str | None:
    """An authority by id or code, as ``region_id``."""
    return subject_id(connection, "authority", asked, day, known) if asked else None
