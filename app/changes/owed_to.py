"""Whose a duty is: of what receivers and owners owe, the part that an account has to do with. Asked by places and
organs, as the scope of its changes is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Connection, text

from app.auth.actor import Actor
from app.places.queries import ancestors, region_of
from app.versions.lineage import followers

_BEHIND = text(
    "SELECT d.act, d.key, t.authority, t.region FROM duty d"
    " LEFT JOIN decision g ON g.act = d.act AND g.role = 'subject' AND d.kind = 'expiry'"
    " JOIN timeline t ON t.subject_id = CASE WHEN d.kind = 'expiry' THEN g.subject_id ELSE d.subject_id END"
    " AND t.valid_from <= :day AND t.valid_to > :day"
    " WHERE d.kind IN ('expiry', 'pending_law') OR (d.kind = 'follow_up' AND d.authority IS NULL)"
)
"""Whose the item behind a duty is: of a delegation the item that was entrusted; of what names nobody its own item."""
_HANGS_ON = text(
    "SELECT t.authority, t.region FROM duty d JOIN decision g ON g.seq = d.act"
    " JOIN timeline t ON t.subject_id = CASE WHEN d.kind = 'expiry' THEN g.subject_id ELSE d.subject_id END"
    " AND t.valid_from <= :day AND t.valid_to > :day WHERE d.act = :act AND d.key = :key"
)
"""The same of one duty, whoever it names. An item that has ended is whose it was when it ended."""


class OwedTo:
    """One account's scope against duties, as places and organs stand on a day."""

    def __init__(self, connection: Connection, actor: Actor, day: str) -> None:
        self._actor = actor
        self._hangs_on = lambda act, key: connection.execute(
            _HANGS_ON, {"act": act, "key": key, "day": day}
        ).first()
        self._above = lru_cache(maxsize=4096)(lambda region: frozenset(ancestors(connection, region, day)))
        self._followers = lru_cache(maxsize=1024)(
            lambda organ: frozenset({organ, *followers(connection, organ)})
        )
        self._behind = cache(
            lambda: {
                (act, key): (organ, place)
                for act, key, organ, place in connection.execute(_BEHIND, {"day": day})
            }
        )
        self._region_of = lru_cache(maxsize=1024)(lambda organ: region_of(connection, organ, day))

    @property
    def is_everything(self) -> bool:
        return self._actor.authority is None and self._actor.region is None

    def holds(self, duty: Mapping[str, Any]) -> bool:
        """Whether it is this account's: owed by its organ or one that its organ followed; by its place where no
        organ is named; within its region; of a delegation, or where nobody is named, by whose item is behind it. Who
        is bound to nothing has to do with all."""
        if self.is_everything or self._is_of(duty["authority"], duty["region"]):
            return True
        behind = self._behind().get((duty["decision"], duty["key"]))
        return behind is not None and self._is_of(*behind)

    def may_do(self, duty: Mapping[str, Any]) -> bool:
        """Whether a decision of this account may say that it is done: it is the account's, or the item that it hangs
        on is, though another owes it."""
        if self.is_everything or self._is_of(duty["authority"], duty["region"]):
            return True
        behind = self._hangs_on(duty["decision"], duty["key"])
        return behind is not None and self._is_of(*behind)

    def _is_of(self, organ: str | None, place: str | None) -> bool:
        actor = self._actor
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
