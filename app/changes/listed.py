"""Rows of lists (editions, issued or prepared) that were drawn from a content which is to be redacted.

A row says by hash what it was drawn from (``app.lists.models.EditionRow``); lists are made of what changes publish, so
their tables are asked here by name.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from app import log

_DRAWN = text(
    "SELECT r.hash FROM edition_row r WHERE r.source = :h"
    " AND NOT EXISTS (SELECT 1 FROM redaction x WHERE x.content = r.hash) ORDER BY r.hash"
)
_OPEN = text(
    "UPDATE edition_draft SET state = 'returned', approved = NULL, note = :note, updated_at = :now"
    " WHERE state IN ('prepared', 'approved')"
)
NOTE = "登记簿有内容依令删改，请重新准备。"


def drawn_from(connection: Connection, content: str) -> list[str]:
    """The rows of lists that quote this content: they go with it, by the same order."""
    return [row[0] for row in connection.execute(_DRAWN, {"h": content})]


def return_prepared(connection: Connection) -> None:
    """What is prepared may quote what is gone: it is prepared again."""
    connection.execute(_OPEN, {"note": NOTE, "now": log.now_microseconds()})
