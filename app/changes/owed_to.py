"""Whose a duty is: of what receivers and owners owe, the part that an account has to do with. Asked by places and
organs, as the scope of its changes is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, text

from app.auth.actor import Actor
from app.places.queries import ancestors
from app.versions.lineage import followers

_REGION = text(
    "SELECT region FROM timeline WHERE subject_id = :id AND region IS NOT NULL AND valid_from <= :day"
    " ORDER BY valid_from DESC LIMIT 1"
)


class OwedTo:
    """One account's scope against duties, as places and organs stand on a day."""

    def __init__(self, connection: Connection, actor: Actor, day: str) -> None:
        self._actor = actor
        self._above = lru_cache(maxsize=4096)(lambda region: frozenset(ancestors(connection, region, day)))
        self._followers = lru_cache(maxsize=1024)(
            lambda organ: frozenset({organ, *followers(connection, organ)})
        )
        self._region_of = lru_cache(maxsize=1024)(
            lambda organ: connection.execute(_REGION, {"id": organ, "day": day}).scalar_one_or_none()
        )

    @property
    def is_everything(self) -> bool:
        return self._actor.authority is None and self._actor.region is None

    def holds(self, duty: Mapping[str, Any]) -> bool:
        """Whether it is this account's: owed by its organ or one that its organ followed; by its place where no
        organ is named; within its region. Who is bound to nothing has to do with all."""
        actor, organ, place = self._actor, duty["authority"], duty["region"]
        if actor.authority is not None:
            if organ is not None:
                if actor.authority not in self._followers(organ):
                    return False
            elif place is None or place not in self._above(self._region_of(actor.authority) or ""):
                return False
        if actor.region is None:
            return True
        place = place or (self._region_of(organ) if organ else None)
        return place is not None and actor.region in self._above(place)

    def among(self, duties: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        return [one for one in duties if self.holds(one)]
