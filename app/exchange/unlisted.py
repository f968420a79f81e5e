"""What a file no longer lists. A row that is gone is no decision: it is told, and a person looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from urllib.parse import urlsplit

from sqlalchemy import Connection, text

from app.auth.actor import COMMAND_LINE, Actor
from app.exchange.records import Problem
from app.places.queries import ancestors

ROWS = 1_000
"""Rows that are fetched at a time."""

_Group = tuple[str, str | None]
"""Source or host of a page, and region."""

_ITEMS = text(
    "SELECT k.source, k.ref, t.name, t.region, t.authority FROM source_key k"
    " JOIN timeline t ON t.subject_id = k.subject_id"
    " AND t.valid_from <= :today AND t.valid_to > :today"
    " WHERE k.source IN (:source, 'url') AND k.kind = 'item' AND k.owned = 1 AND t.status <> 'ended'"
    " ORDER BY k.source, k.ref"
)


def no_longer_listed(
    connection: Connection,
    source: str,
    lists: Callable[[str, str], bool],
    today: str,
    where: str,
    actor: Actor = COMMAND_LINE,
) -> Iterator[Problem]:
    """A warning for each item that this source brought, that stands, that the file does not list, and that is the
    actor's: what is another's may be internal.

    Only in regions of which the file lists some item: a file of one county says nothing of another. Two passes
    over what the source brought, so that nothing of it has to be kept.
    """

    path = lru_cache(maxsize=4096)(lambda region: frozenset(ancestors(connection, region, today)))

    def covered(region: str | None, authority: str | None) -> bool:
        return actor.covers(authority, path(region) if region and actor.region else frozenset())

    def brought() -> Iterator[tuple[str, str, _Group]]:
        asked = {"source": source, "today": today}
        for place, ref, name, region, authority in connection.execute(
            _ITEMS, asked, execution_options={"yield_per": ROWS}
        ):
            if covered(region, authority):
                yield ref, name or "", (urlsplit(ref).netloc if place == "url" else place, region)

    met = {group for ref, _, group in brought() if lists("item", ref)}
    for ref, name, group in brought():
        if group in met and not lists("item", ref):
            message = (
                f"“{name[:60]}”（{ref[:80]}）此前由本来源录入，这次不再列出；未作变更，"
                "若已取消、下放或改由别的机关实施，请起草相应的变更单"
            )
            yield Problem(severity="warning", code="no-longer-listed", where=where, message=message)
