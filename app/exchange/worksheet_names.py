"""What a person writes into a 清理意见表 for an item, a place or an organ, and the other way round."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection, text

from app.canonical import decode
from app.errors import Ambiguous, NotFound
from app.rounds.worksheets import Line, Worksheets
from app.versions.codes import holder_of
from app.versions.ids import is_id, kind_of
from app.versions.names import names_near

_AN_ITEM = re.compile(r"qdi-[0-9a-z]{8}")
_NAMED = text(
    "SELECT DISTINCT subject_id, kind FROM timeline WHERE name = :name AND kind IN ('region', 'authority')"
    " AND status <> 'ended' AND valid_from <= :day AND valid_to > :day"
)
_ORGAN = text(
    "SELECT c.body FROM timeline t JOIN content c ON c.hash = t.content WHERE t.subject_id = :id"
    " AND t.valid_from <= :day AND t.valid_to > :day"
)
_LENT = text(
    "SELECT DISTINCT l.successor FROM lineage l JOIN timeline t ON t.subject_id = l.successor"
    " WHERE l.origin = :item AND l.relation = 'entrust' AND t.authority = :organ"
    " AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = l.act) ORDER BY l.successor"
)


@dataclass(frozen=True, slots=True)
class Organ:
    """An organ that is to hold an item: registry ids of it and its region, and its level's code."""

    id: str
    region: str | None
    level: str | None


class Names:
    """Names and codes of one round's worksheets. ``lines``: all of its scope, whoever asks."""

    def __init__(self, connection: Connection, found: Worksheets) -> None:
        self._connection, self._day = connection, found.day
        self.lines: dict[str, Line] = {line.item: line for some in found.lines.values() for line in some}
        self._called: dict[str, list[str]] = {}
        for line in (one for one in self.lines.values() if not one.new):
            for name in {line.name, line.code or line.name}:
                self._called.setdefault("".join(name.split()), []).append(line.item)
        self.receiver = lru_cache(maxsize=4096)(self._receiver)

    def item(self, written: str) -> str | None:
        """The item of the scope that is meant: by its id anywhere in the words, its code or its name; None where
        there is none, or several."""
        if found := _AN_ITEM.search(written.lower()):
            return found[0] if found[0] in self.lines else None
        called = self._called.get("".join(written.split()), [])
        return called[0] if len(called) == 1 else None

    def item_words(self, item: str) -> str:
        """An item as ``item`` reads it back and a person recognises it."""
        line = self.lines.get(item)
        return f"{line.name} {item}" if line else item

    def _receiver(self, written: str) -> dict[str, str] | None:
        return receiver_named(self._connection, written, self._day)

    def words(self, subject: str) -> str:
        """A place or an organ as ``receiver`` reads it back: by its name where nothing else has that."""
        name = names_near(self._connection, [subject], self._day).get(subject)
        named = self.receiver(name) if name else None
        return name if name and named and subject in named.values() else subject

    def receiver_words(self, one: Mapping[str, str]) -> str:
        """A receiver of a devolve as it is written out: by name, else in the document's words."""
        told = one.get("authority") or one.get("region") or one.get("words") or ""
        return self.words(told) if is_id(told) else told

    def organ(self, written: str) -> Organ | None:
        """None where the registry has no such organ."""
        found = self.receiver(written) or {}
        if "authority" not in found:
            return None
        asked = {"id": found["authority"], "day": self._day}
        body = self._connection.execute(_ORGAN, asked).scalar_one_or_none()
        content = decode(bytes(body)) if body else {}
        return Organ(found["authority"], content.get("region"), content.get("level"))

    def lent_to(self, item: str, organ: str) -> str | None:
        """The one item by which an organ is entrusted with this item already, in force or run out."""
        found = self._connection.execute(_LENT, {"item": item, "organ": organ}).scalars().all()
        return found[0] if len(found) == 1 else None


def listed(written: str) -> Sequence[str]:
    """Names with 、 or a comma between them, or each on its line."""
    return [name for one in re.split(r"[、，,;；\n]+", written) if (name := one.strip())]


def receiver_named(connection: Connection, name: str, day: str) -> dict[str, str] | None:
    """A place or an organ by id, code or full name; None where there is none, or several."""
    if is_id(name):
        kind = kind_of(name.lower())
        return {kind: name.lower()} if kind in ("region", "authority") else None
    found = connection.execute(_NAMED, {"name": name, "day": day}).all()
    if len(found) == 1:
        return {found[0][1]: found[0][0]}
    if not found:
        for kind in ("authority", "region"):
            try:
                return {kind: holder_of(connection, name, day, kind)}
            except (NotFound, Ambiguous):
                continue
    return None
