"""Subjects on a day as known at an earlier point of the log: listed and counted as ``listing`` does, but worked
out from revisions, so slower, and bounded by how many subjects were known then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from app.listing import Filter, Page, known_statuses, page_key, short
from app.places.queries import subtree_then
from app.versions.names import named_as_known
from app.versions.queries import Known
from app.versions.standing import Stood, standing_then
from app.versions.timeline import Describe, Facets
from app.versions.visibility import is_public


class Recalled:
    """The subjects that a filter takes, as known at a time. ``describe`` is the layer's that knows the nouns;
    ``most`` subjects of a kind are worked out, and more raise Invalid."""

    def __init__(
        self, connection: Connection, wanted: Filter, known: Known, describe: Describe, most: int
    ) -> None:
        self.connection, self.wanted, self.known = connection, wanted, known
        self._describe, self._most = describe, most
        self._statuses = known_statuses(wanted.statuses)
        below = subtree_then(connection, wanted.region, wanted.on, known, most) if wanted.region else None
        self._regions = below
        self._names: dict[str, dict[str, Any] | None] = {}

    def page(self, after: str | None, limit: int) -> Page:
        """A keyset page in the order of ids."""
        found = list(islice(self._taken(page_key(after, self.wanted.kind)), limit + 1))
        shown = found[:limit]
        return Page([self._row(*one) for one in shown], shown[-1][0].id if len(found) > limit else None)

    def counts(self, *columns: str) -> dict[str, dict[str, int]]:
        """How many in each value of each column, ``status`` among them; empty where there is none."""
        counted: dict[str, Counter[str]] = {column: Counter() for column in columns}
        for stood, facets in self._taken(""):
            for column, values in counted.items():
                value = stood.span.status if column == "status" else getattr(facets, column)
                values[value or ""] += 1
        return {column: dict(sorted(values.items())) for column, values in counted.items()}

    def _standing(self, kind: str, mentioning: str = "", after: str = "") -> Iterator[tuple[Stood, Facets]]:
        found = standing_then(
            self.connection,
            kind,
            self.wanted.on,
            self.known,
            self._most,
            mentioning=mentioning,
            after=after,
            redacted=True,
        )
        return ((one, self._described(kind, one)) for one in found)

    def _described(self, kind: str, stood: Stood) -> Facets:
        """As the timeline has it: what was redacted has no name and no links."""
        facets = self._describe(kind, stood.content)
        if stood.redacted:
            facets.name, facets.links, facets.visibility = None, [], "redacted"
        return facets

    def _taken(self, after: str) -> Iterator[tuple[Stood, Facets]]:
        wanted = self.wanted
        target = wanted.links_to[1] if wanted.links_to else ""
        if target and not is_public(self.connection, target):
            return
        for stood, facets in self._standing(wanted.kind, wanted.authority or target, after):
            if self._takes(stood, facets):
                yield stood, facets

    def _takes(self, stood: Stood, facets: Facets) -> bool:
        wanted = self.wanted
        same = all(
            getattr(wanted, column) in (None, getattr(facets, column))
            for column in ("authority", "type", "level", "parent", "name")
        )
        linked = {link[:2] for link in facets.links} if stood.span.content else set()
        contains = (wanted.name_contains or "").lower() in (facets.name or "").lower()
        return (
            same
            and contains
            and (wanted.links_to is None or wanted.links_to in linked)
            and (not self._statuses or stood.span.status in self._statuses)
            and (self._regions is None or facets.region in self._regions)
        )

    def _row(self, stood: Stood, facets: Facets) -> dict[str, Any]:
        span = stood.span
        columns = (stood.id, span.valid_from, span.valid_to, span.revision, span.status, span.codes)
        return {
            **short((*columns, facets.name, facets.visibility, stood.attested_from)),
            "type": facets.type,
            "level": facets.level,
            "authority": self._named(facets.authority),
            "region": self._named(facets.region),
            "parent": facets.parent,
        }

    def _named(self, subject: str | None) -> dict[str, Any] | None:
        if subject is None:
            return None
        if subject not in self._names:
            self._names[subject] = named_as_known(self.connection, subject, self.wanted.on, self.known)
        return self._names[subject]
