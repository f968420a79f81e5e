"""What documents recorded as rounds say of an item: the rows of their annexes that a person has linked to it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from app.canonical import decode
from app.db import TOMBSTONE, fetch, marks
from app.versions.queries import Known

MOST = 50
_RECORDED = (
    "SELECT p.changeset, c.body FROM publication p JOIN content c ON c.hash = p.statement"
    " WHERE p.kind = 'round' AND p.changeset IS NOT NULL AND p.seq <= ? ORDER BY p.seq"
)
_ROWS = "SELECT hash, body FROM content WHERE hash IN ({hashes})"


def rows_about(connection: Connection, item: str, known: Known) -> list[dict[str, Any]]:
    """``{"round", "title", "document", "row"}`` of each such row, oldest document first; at most 50."""
    statements: dict[str, tuple[str, dict[str, Any]]] = {}
    for changeset, body in fetch(connection, _RECORDED, (known.seq,)):
        if b'"stated"' in bytes(body):
            statement = decode(bytes(body))
            if named := statement.get("rows"):
                statements[named["hash"]] = changeset, statement
    if not statements:
        return []
    sought = item.encode()
    found: list[dict[str, Any]] = []
    for hash_, body in fetch(connection, _ROWS.format(hashes=marks(tuple(statements))), tuple(statements)):
        data = bytes(body)
        if data == TOMBSTONE or sought not in data:
            continue
        changeset, statement = statements[hash_]
        told = {"round": changeset, "title": statement.get("title"), "document": statement.get("document")}
        found += [told | {"row": row} for row in decode(data) if row.get("item") == item]
    found.sort(key=lambda one: ((one["document"] or {}).get("document_date") or "9999", one["round"]))
    return found[:MOST]
