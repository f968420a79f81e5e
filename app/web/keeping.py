"""Rendered pages kept while nothing they say can have changed: neither the log's head nor the day nor an import.

Whatever a page of an item tells is published, so a new log entry (a redaction too) makes every kept page stale.
"""

from __future__ import annotations

from fastapi import Request
from sqlalchemy import Connection

from app import log
from app.deps import Asked, Registry
from app.exchange.progress import unfinished
from app.web.display import chosen
from app.web.rendering import base_of


class Keeping:
    """One request's place among the kept pages of its registry."""

    def __init__(self, request: Request, registry: Registry, connection: Connection, asked: Asked) -> None:
        display = ".".join(chosen(request))
        address = f"{request.url.path}?{request.url.query}"
        self._asked = f"{base_of(request)}\n{address}\n{display}".encode("utf-8", "replace")
        self._day = asked.today
        head = log.head(connection)
        self._state = (head.seq, head.hash, unfinished(connection))
        self._pages = registry.kept_pages

    def body(self) -> bytes | None:
        """The page as it was rendered before, where it still holds."""
        return self._pages.get(self._asked, self._day, self._state)

    def keep(self, body: bytes) -> None:
        self._pages.put(self._asked, self._day, self._state, body)
