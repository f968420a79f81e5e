"""Whose documents a publication changes."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, text

from app.db import chunks
from app.versions.queries import of_publication

_CHANGED = (
    "SELECT DISTINCT r.subject_id, s.kind FROM"
    f" (SELECT subject_id FROM revision r WHERE {of_publication('r.seq', ':p')}"
    f"  UNION SELECT subject_id FROM code c WHERE {of_publication('c.seq', ':p')}"
    f"  UNION SELECT subject_id FROM decision d WHERE {of_publication('d.seq', ':p')}) r"
    " JOIN subject s ON s.id = r.subject_id"
)
_REFERRING = text(
    "SELECT subject_id FROM timeline WHERE kind = 'item' AND (authority IN :ids OR region IN :ids)"
    " UNION SELECT l.subject_id FROM link l JOIN subject s ON s.id = l.subject_id"
    " WHERE s.kind = 'item' AND l.target IN :ids"
).bindparams(bindparam("ids", expanding=True))
_BELOW = text("SELECT DISTINCT subject_id FROM timeline WHERE kind = 'region' AND parent IN :ids").bindparams(
    bindparam("ids", expanding=True)
)


def touched_items(connection: Connection, publication: int) -> set[str]:
    """Items whose documents a publication may change: its own, and those that show what it changed; of a region,
    the items of everything that was ever below it, since paths and names hang on those above."""
    rows = connection.execute(text(_CHANGED), {"p": publication}).all()
    items = {row[0] for row in rows if row[1] == "item"}
    regions = {row[0] for row in rows if row[1] == "region"}
    others = {row[0] for row in rows if row[1] in ("authority", "instrument")}
    return items | _referring(connection, others | _ever_below(connection, regions))


def _referring(connection: Connection, subjects: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for ids in chunks(sorted(subjects)):
        found.update(row[0] for row in connection.execute(_REFERRING, {"ids": ids}))
    return found


def _ever_below(connection: Connection, regions: set[str]) -> set[str]:
    """The regions and whatever was below them on any day."""
    found, level = set(regions), set(regions)
    while level:
        below: set[str] = set()
        for ids in chunks(sorted(level)):
            below.update(row[0] for row in connection.execute(_BELOW, {"ids": ids}))
        level = below - found
        found |= level
    return found
