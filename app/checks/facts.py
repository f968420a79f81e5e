"""The facts around items on a day: organs, places and instruments, each looked up once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import Connection

from app.canonical import decode
from app.checks.finding import Fact, Wording, no_wording
from app.checks.numerals import articles
from app.db import fetch
from app.versions.ids import is_id
from app.versions.models import FIRST

FIRST_IN_FORCE = (
    "SELECT min(valid_from) FROM timeline WHERE subject_id = ? AND status = 'in_force'"
    f" AND valid_from > '{FIRST}'"
)
"""From when on the registry knows an instrument in force."""
_STANDING = (
    "SELECT subject_id, kind, name, status, type, region, parent, valid_from, content FROM timeline"
    " WHERE kind IN ('region', 'authority', 'instrument') AND valid_from <= ? AND valid_to > ?"
)
_FIRST = (
    "SELECT subject_id, min(valid_from) FROM timeline WHERE kind = 'instrument' AND status = 'in_force'"
    f" AND valid_from > '{FIRST}' GROUP BY subject_id"
)
_CALLED = (
    "SELECT DISTINCT subject_id FROM timeline WHERE name = ? AND kind = 'instrument'"
    " AND valid_from <= ? AND valid_to > ?"
)
_NAME = "SELECT name FROM timeline WHERE subject_id = ? AND name IS NOT NULL ORDER BY valid_from LIMIT 1"
DEPTH = 12
"""No tree of places is deeper; a wrong parent ends the walk."""


def wording_of(document: Mapping[str, Any]) -> Wording:
    """What an instrument's content says: its text is whole where no article is left out before its last."""
    numbers = {
        number for one in document.get("articles") or () for number in articles(one.get("number") or "")
    }
    whole = len(numbers) > 1 and numbers == set(range(1, max(numbers) + 1))
    return Wording(document.get("issuer") or "", frozenset(numbers), whole)


def stored_wording(connection: Connection, content: str) -> Wording:
    """The wording of a stored content, by its hash."""
    rows = fetch(connection, "SELECT body FROM content WHERE hash = ?", (content,))
    return wording_of(decode(bytes(rows[0][0]))) if rows else Wording()


def called(connection: Connection, title: str, day: str) -> list[str]:
    """The instruments of a title on a day."""
    return [row[0] for row in fetch(connection, _CALLED, (title, day, day))]


def the_only_one(of_title: Callable[[str], list[str]], title: str) -> str | None:
    """The instrument that a title means: as written, else with the country's name before it. None of several: which
    one is meant only a person can say."""
    found = of_title(title) or of_title(f"中华人民共和国{title}")
    return found[0] if len(found) == 1 else None


class Around:
    """Organs, places and instruments on a day. ``whole``: all of them by two queries, for many items; else each as it
    is asked for."""

    def __init__(self, connection: Connection, day: str, *, whole: bool = True) -> None:
        self.connection, self.day = connection, day
        self._rows: dict[str, Any] = {}
        self._first: dict[str, str] = {}
        self._called: dict[str, list[str]] = {}
        self._whole = whole
        if whole:
            self._rows = {row[0]: row for row in fetch(connection, _STANDING, (day, day))}
            self._first = {row[0]: row[1] for row in fetch(connection, _FIRST)}
            for row in self._rows.values():
                if row[1] == "instrument":
                    self._called.setdefault(row[2], []).append(row[0])
        self._wording = lru_cache(maxsize=5_000)(partial(stored_wording, connection))
        self.fact = lru_cache(maxsize=50_000)(self._fact)
        self.named = lru_cache(maxsize=50_000)(partial(the_only_one, self._of_title))

    def _fact(self, subject: str) -> Fact:
        if not is_id(subject):
            return Fact(subject, "unknown")  # a name that a form has not yet found
        row = self._row(subject)
        if row is None:
            named = fetch(self.connection, _NAME, (subject,))
            return Fact(named[0][0] if named else subject, None)
        _, kind, name, status, rank, region, _, since, content = row
        is_law = kind == "instrument" and content is not None
        return Fact(
            name=name or subject,
            status=status,
            rank=rank,
            region=region,
            since=since if since > FIRST else None,
            path=self.path(subject if kind == "region" else region),
            wording=partial(self._wording, content) if is_law else no_wording,
            first=self._first_of(subject) if is_law else None,
        )

    def _row(self, subject: str) -> Any:
        if not self._whole and subject not in self._rows:
            found = fetch(self.connection, f"{_STANDING} AND subject_id = ?", (self.day, self.day, subject))
            self._rows[subject] = found[0] if found else None
        return self._rows.get(subject)

    def _of_title(self, title: str) -> list[str]:
        return self._called.get(title, []) if self._whole else called(self.connection, title, self.day)

    def _first_of(self, subject: str) -> str | None:
        if self._whole:
            return self._first.get(subject)
        rows = fetch(self.connection, FIRST_IN_FORCE, (subject,))
        return rows[0][0] if rows else None

    def path(self, region: str | None) -> tuple[str, ...]:
        """A place's ids from the country down to itself."""
        path: list[str] = []
        while region and len(path) < DEPTH:
            path.append(region)
            row = self._row(region)
            region = row[6] if row is not None else None
        return tuple(reversed(path))
