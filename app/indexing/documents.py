"""From revisions to search documents.

A document is one maximal interval in which nothing a searcher sees of the item changes: its content and codes, the
dated names of its authority, of its region and of the regions above, the region's place in the tree, the
instruments it cites.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, bindparam, text

from app.canonical import decode
from app.db import chunks
from app.versions.models import FIRST
from search.engine import SearchDocument

_TEXT_FIELDS = (
    "exercised",
    "division",
    "conditions",
    "prohibitions",
    "accept_standard",
    "quantity_limit",
    "prior_items",
    "intermediary",
    "process",
    "note",
    "parent_name",
    "undertaking",
    "consult",
    "complaint",
)


_DEEPEST = 12
"""Levels of regions that are followed upwards."""


class Dated(NamedTuple):
    """What is shown of an authority, a region or an instrument over ``[valid_from, valid_to)``. An order that took the
    words away leaves no name, and the place in the tree."""

    valid_from: str
    valid_to: str
    name: str | None
    parent: str | None
    content: dict[str, Any]


class DocumentBuilder:
    """Builds documents, remembering the dated authorities, regions and instruments it has looked up."""

    def __init__(self, connection: Connection, seq: int) -> None:
        self.connection = connection
        self.seq = seq
        self._known: dict[str, list[Dated]] = {}

    def documents(self, item_ids: Iterable[str]) -> Iterator[SearchDocument]:
        """The documents of the items, all intervals of each. Items that are not public have none."""
        query = text(
            "SELECT t.subject_id, t.valid_from, t.valid_to, t.status, t.codes, t.visibility, c.body"
            " FROM timeline t LEFT JOIN content c ON c.hash = t.content"
            " WHERE t.subject_id IN :ids ORDER BY t.subject_id, t.valid_from"
        ).bindparams(bindparam("ids", expanding=True))
        for ids in chunks(item_ids):
            rows: dict[str, list[Any]] = {}
            for row in self.connection.execute(query, {"ids": ids}):
                rows.setdefault(row[0], []).append(row)
            for item_id, spans in rows.items():
                yield from self._of_item(item_id, spans)

    def _of_item(self, item_id: str, spans: list[Any]) -> Iterator[SearchDocument]:
        if spans[-1][5] == "internal":
            return  # hidden as a whole, as versions/visibility.py says
        found: list[SearchDocument] = []
        former: list[str] = []
        following = [decode(bytes(row[6])) if row[6] else None for row in spans]
        for index, row in enumerate(spans):
            content = following[index] or (following[index + 1] if index + 1 < len(spans) else None)
            if content is None or row[5] != "public":
                continue
            found.extend(self._of_span(item_id, row, content, tuple(former)))
            if following[index] and content["name"] not in former:
                former.append(content["name"])
        yield from _joined(found)

    def _of_span(
        self, item_id: str, row: Any, content: dict[str, Any], former: tuple[str, ...]
    ) -> Iterator[SearchDocument]:
        """One document for each stretch of days between the dated changes of what it shows."""
        instruments = [c["instrument"] for c in content.get("citations", ()) if c.get("instrument")]
        shown = {content["authority"], *instruments, *self._ever_above(content["region"])}
        days = {row[1], row[2]}
        for subject in shown:
            days |= {day for one in self._dated(subject) for day in one[:2] if row[1] < day < row[2]}
        codes = tuple(code["value"] for code in orjson.loads(row[4]))
        for valid_from, valid_to in pairwise(sorted(days)):
            path = self._path(content["region"], valid_from)
            yield SearchDocument(
                id=f"{item_id}:{valid_from}",
                subject=item_id,
                kind="item",
                name=content["name"],
                aliases=tuple(content.get("aliases", ())),
                former_names=tuple(name for name in former if name != content["name"]),
                authority_names=self._authority_names(content["authority"], valid_from),
                region_names=self._region_names(path, valid_from),
                citations=tuple(self._citations(content, valid_from)),
                codes=codes,
                texts=tuple(_texts(content)),
                type=content["type"],
                level=content.get("level", ""),
                authority=content["authority"],
                region_path=path,
                status=row[3],
                themes=(*content.get("themes_person", ()), *content.get("themes_company", ())),
                valid_from="0001-01-01" if valid_from == FIRST else valid_from,
                valid_to=valid_to,
                seq=self.seq,
            )

    def _dated(self, subject_id: str) -> list[Dated]:
        known = self._known.get(subject_id)
        if known is None:
            rows = self.connection.execute(
                text(
                    "SELECT t.valid_from, t.valid_to, t.name, t.parent, c.body FROM timeline t"
                    " JOIN content c ON c.hash = t.content WHERE t.subject_id = :id ORDER BY t.valid_from"
                ),
                {"id": subject_id},
            )
            known = self._known[subject_id] = [
                Dated(r[0], r[1], r[2], r[3], decode(bytes(r[4]))) for r in rows
            ]
        return known

    def _on(self, subject_id: str, day: str) -> Dated | None:
        """As it stood on a day; before the first day known, as it stood then."""
        best = None
        for one in self._dated(subject_id):
            if one.valid_from <= day or best is None:
                best = one
        return best

    def _authority_names(self, authority: str, day: str) -> tuple[str, ...]:
        found = self._on(authority, day)
        if found is None or found.name is None:
            return ()
        return (found.name, *found.content.get("short_names", ()))

    def _region_names(self, path: tuple[str, ...], day: str) -> tuple[str, ...]:
        """Its own name, then those above up to the province: 成都 公租房 is meant for all of its districts."""
        shown = path[1:] if len(path) > 1 else path
        found = (self._on(region, day) for region in reversed(shown))
        return tuple(one.name for one in found if one and one.name)

    def _citations(self, content: dict[str, Any], day: str) -> Iterator[str]:
        for citation in content.get("citations", ()):
            instrument = citation.get("instrument")
            found = self._on(instrument, day) if instrument else None
            title = citation.get("title") or (found.name if found else None)
            number = citation.get("number") or (found.content.get("number") if found else None)
            if title:
                yield f"{title} {citation.get('article', '')}".strip()
            if number:
                yield number

    def _path(self, region: str, day: str) -> tuple[str, ...]:
        """From the country down to the region itself, as the tree stood on a day."""
        path = [region]
        while len(path) <= _DEEPEST:
            found = self._on(path[-1], day)
            parent = found.parent if found else None
            if not parent or parent in path:
                break
            path.append(parent)
        return tuple(reversed(path))

    def _ever_above(self, region: str) -> set[str]:
        """The region and every region that was ever above it."""
        found, next_up = {region}, [region]
        while next_up:
            rows = self._dated(next_up.pop())
            above = {one.parent for one in rows if one.parent} - found
            next_up += above
            found |= above
        return found


def _joined(found: list[SearchDocument]) -> Iterator[SearchDocument]:
    """Neighbours as one where nothing that is shown changed between them; ``found`` is in the order of days."""
    last: SearchDocument | None = None
    for one in found:
        if last and last.valid_to == one.valid_from and _shows_the_same(last, one):
            last = replace(last, valid_to=one.valid_to)
            continue
        if last:
            yield last
        last = one
    if last:
        yield last


def _shows_the_same(one: SearchDocument, other: SearchDocument) -> bool:
    return replace(other, id=one.id, valid_from=one.valid_from, valid_to=one.valid_to) == one


def _texts(content: dict[str, Any]) -> Iterator[str]:
    """Guide text, value by value, so that no phrase spans two of them."""
    for name in _TEXT_FIELDS:
        if value := content.get(name):
            yield value
    for material in content.get("materials", ()):
        yield material["name"]
    for step in content.get("steps", ()):
        yield step["name"]
    for variant in content.get("variants", ()):
        yield variant["name"]
    for question in content.get("questions", ()):
        yield question["question"]
        if answer := question.get("answer"):
            yield answer
    if name := content.get("result", {}).get("name"):
        yield name
