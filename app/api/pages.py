"""Pages of subjects on a day, as known now or at an earlier time: what every list of the API answers."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response
from sqlalchemy import Connection

from app.api.shapes import answer_value, next_link
from app.changes.kinds import describe
from app.deps import AskedOn, KnownAt, ReadSession, RegistryOf
from app.items.filtering import known_level, known_type
from app.listing import Filter, list_subjects
from app.places.queries import authority_id, region_id
from app.recalling import Recalled

Statuses = Annotated[
    list[str] | None,
    Query(alias="status", description="in_force, suspended, ended, unknown; repeat for several; default all"),
]
AfterQuery = Annotated[str | None, Query(description="go on after this id: `next` of the page before")]
LimitQuery = Annotated[int, Query(ge=1, le=500, description="rows a page")]


class AskedList:
    """What a list is asked: the day, the time as known at which, and the connection it reads by."""

    def __init__(
        self, request: Request, registry: RegistryOf, session: ReadSession, asked: AskedOn, known: KnownAt
    ) -> None:
        self.request, self.on, self.known = request, asked.on, known
        self.connection: Connection = session.connection()
        self._most = registry.settings.known_at_items

    def region(self, asked: str | None) -> str | None:
        """The region's id, by id or by a code of that day."""
        return region_id(self.connection, asked, self.on, self.known)

    def authority(self, asked: str | None) -> str | None:
        """The authority's id, by id or by a code of that day."""
        return authority_id(self.connection, asked, self.on, self.known)

    def type(self, asked: str | None, kind: str = "item") -> str | None:
        """A 事项类型代码 that there is."""
        return known_type(self.connection, asked, kind)

    def level(self, asked: str | None) -> str | None:
        """A 行使层级代码 that there is."""
        return known_level(self.connection, asked)

    def recalled(self, wanted: Filter) -> Recalled | None:
        """The subjects as known at the earlier time that was asked for; None where it is now. Raises Invalid."""
        if self.known.is_head:
            return None
        return Recalled(self.connection, wanted, self.known, describe, self._most)

    def answer(self, wanted: Filter, after: str | None, limit: int) -> Response:
        """A keyset page."""
        then = self.recalled(wanted)
        page = then.page(after, limit) if then else list_subjects(self.connection, wanted, after, limit)
        body = {"items": page.rows, "next": page.next, "on": self.on, **self.known.told()}
        return answer_value(self.request, body, headers=next_link(self.request, page.next))
