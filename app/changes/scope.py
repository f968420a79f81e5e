"""Whose subjects an account may touch: its authority's, or its region's with all below. Asked on every move."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

from app.auth.actor import Actor
from app.changes import kinds
from app.db import fetch
from app.errors import Forbidden
from app.places.queries import ancestors
from app.versions.timeline import Facets
from app.versions.visibility import is_public


class Scope:
    """One actor's scope against one snapshot; the paths of regions are looked up once."""

    def __init__(self, connection: Connection, actor: Actor) -> None:
        self.actor = actor
        self._connection = connection
        self._path = lru_cache(maxsize=4096)(
            lambda region, day: frozenset(ancestors(connection, region, day))
        )

    @property
    def is_everything(self) -> bool:
        return self.actor.authority is None and self.actor.region is None

    def require(
        self, kind: str, subject_id: str, document: Mapping[str, Any], day: str, *, first: str = ""
    ) -> None:
        """Raises Forbidden where the subject, with this content on this day, is not the actor's to touch. ``first``:
        the day from which a decision holds that reaches this one."""
        if not self.is_everything:
            self.require_described(kind, subject_id, kinds.describe(kind, dict(document)), day, first=first)

    def require_described(
        self, kind: str, subject_id: str, facets: Facets, day: str, *, first: str = ""
    ) -> None:
        """The same by what is known of a content whose words may be gone."""
        if self.is_everything:
            return
        authority = subject_id if kind == "authority" else facets.authority
        region = facets.parent if kind == "region" else facets.region
        # A region lies where this content puts it, which need not be where it stands.
        path = self._path(region, day) if region else frozenset()
        if kind == "region":
            path |= {subject_id}
        if self.actor.covers(authority, path):
            return
        hidden = self._is_hidden(subject_id, {"visibility": facets.visibility})
        called = subject_id if hidden else facets.name or subject_id
        if first:
            raise Forbidden(
                f"这项决定自 {first} 起，也会改动“{called}”自 {day} 起的内容，而那时它不在账号“{self.actor.name}”"
                "的管理范围内。能写截止日期（until）的请写到那一天，不能写的请由管理范围更大的账号办理。",
                code="out-of-scope",
                day=day,
            )
        raise Forbidden(f"“{called}”不在账号“{self.actor.name}”的管理范围内。", code="out-of-scope")

    def covers_item(self, authority: str | None, region: str | None, day: str) -> bool:
        """Whether an item of this authority and region is the actor's on a day."""
        return self.actor.covers(authority, self._path(region, day) if region else frozenset())

    def sees(self, kind: str, subject_id: str, document: Mapping[str, Any], day: str) -> bool:
        """Whether the actor may know of the subject: it is public, or the actor's to touch. Raises Forbidden where
        it is public and not the actor's."""
        try:
            self.require(kind, subject_id, document, day)
        except Forbidden:
            if self._is_hidden(subject_id, document):
                return False
            raise
        return True

    def _is_hidden(self, subject_id: str, document: Mapping[str, Any]) -> bool:
        """Whether what is published of a subject is not public; what is only drafted is told by its own content."""
        if document.get("visibility") == "internal":
            return True
        known = fetch(self._connection, "SELECT 1 FROM subject WHERE id = ?", (subject_id,))
        return bool(known) and not is_public(self._connection, subject_id)

    def require_round(self, title: str, head: Mapping[str, Any], today: str) -> None:
        """Raises Forbidden where a round reaches past the actor's scope: by its filter, for a fresh one has no
        decisions to ask; one recorded from a document without a filter is of the whole registry. ``head`` is the
        round's; one of decisions alone is asked by them."""
        wanted = head.get("scope") or {}
        if self.is_everything or not (wanted or "stated" in head):
            return
        region = wanted.get("region")
        path = frozenset(self._path(region, wanted.get("base_day") or today)) if region else frozenset()
        if not all(self.actor.covers(one, path) for one in wanted.get("authorities") or [None]):
            raise Forbidden(
                f"“{title}”的范围超出账号“{self.actor.name}”的管理范围，只有管理整个范围的账号能开立、修改、提交和"
                "撤回这一轮；本部门事项的清理意见请在这一轮的意见表中提出。",
                code="round-out-of-scope",
            )
