"""What subjects were called, and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from app.canonical import decode
from app.db import Run, among, chunks, fetch, marks
from app.versions.queries import Known, moment, timeline, timelines


class Name(NamedTuple):
    """A dated name of a subject."""

    valid_from: str
    valid_to: str
    name: str


def own_name(document: Mapping[str, Any]) -> str | None:
    """What a content calls its subject, whatever its kind: by its name, an instrument by its title, a calendar by its
    year, though the notice it rests on has a title too."""
    if "year" in document:
        return str(document["year"])
    found: str | None = document.get("name") or document.get("title")
    return found


def names_of(connection: Connection, subject_id: str, known: Known) -> list[Name]:
    """The dated names of a subject, former ones included, oldest first; none of internal or redacted days."""
    if known.is_head:
        rows = connection.execute(
            text(
                "SELECT valid_from, valid_to, name, status FROM timeline WHERE subject_id = :id AND name IS NOT NULL"
                " AND content IS NOT NULL AND visibility <> 'internal' ORDER BY valid_from"
            ),
            {"id": subject_id},
        )
        return _merge_names((Name(*row[:3]), row[3]) for row in rows)
    rows_then = timeline(connection, subject_id, known)
    named = dict(_names_in(connection, {span.content for span in rows_then if span.content}))
    found = [
        (Name(span.valid_from, span.valid_to, name), span.status)
        for span in rows_then
        if span.content and (name := named[span.content])
    ]
    return _merge_names(found)


def last_names(connection: Connection, subject_ids: Iterable[str], known: Known) -> dict[str, str]:
    """The last name of each of these subjects, as known at a time; none that were internal or redacted."""
    wanted = list(subject_ids)
    intervals = timelines(connection, wanted, known)
    hashes = {span.content for rows in intervals.values() for span in rows if span.content}
    named = {key: name for key, name in _names_in(connection, hashes) if name}
    return {
        one: next((named[span.content] for span in reversed(rows) if span.content in named), "")
        for one, rows in intervals.items()
        if any(span.content in named for span in rows)
    }


def names_near(connection: Connection, subject_ids: Iterable[str], day: str) -> dict[str, str]:
    """id -> name on the day, or the nearest known: for staff, what is internal too."""
    found: dict[str, str] = {}
    for some in chunks(sorted(set(subject_ids))):
        rows = fetch(
            connection,
            f"SELECT subject_id, valid_from, name FROM timeline WHERE subject_id IN ({marks(some)})"
            " AND name IS NOT NULL ORDER BY subject_id, valid_from",
            tuple(some),
        )
        for subject, valid_from, name in rows:
            if valid_from <= day or subject not in found:
                found[subject] = name
    return found


def _names_in(connection: Connection, contents: Iterable[str]) -> Iterator[tuple[str, str | None]]:
    """The name in each of these contents, by hash; none in internal or redacted ones."""
    for some in chunks(sorted(contents)):
        for key, body in fetch(
            connection, f"SELECT hash, body FROM content WHERE hash IN ({marks(some)})", tuple(some)
        ):
            document = decode(bytes(body))
            shown = document.get("visibility") != "internal"
            yield key, own_name(document) if shown else None


def _merge_names(rows: Iterable[tuple[Name, str]]) -> list[Name]:
    """One for each stretch of days under a name. What has ended is called nothing any more: its last name ends then."""
    merged: list[Name] = []
    for row, status in rows:
        if status == "ended" and merged and merged[-1].name == row.name:
            continue
        if merged and merged[-1].name == row.name and merged[-1].valid_to == row.valid_from:
            merged[-1] = merged[-1]._replace(valid_to=row.valid_to)
        else:
            merged.append(row)
    return merged


def name_on(dated: Sequence[Name], day: str) -> str | None:
    """The name on a day, or the nearest known: the last before, else the first after."""
    best = None
    for one in dated:
        if one.valid_from <= day or best is None:
            best = one.name
    return best


HEAD = "SELECT seq FROM log_entry ORDER BY seq DESC LIMIT 1"
"""SQL: the log's head, by which a book is turned to its page."""


class NameBook:
    """Dated names of authorities and regions, kept while the log's head stands."""

    def __init__(self) -> None:
        self.head = -1
        self._names: dict[str, list[Name]] = {}
        self.recorded_at = ""

    def turn_to(self, head: int, run: Run) -> None:
        if head != self.head:
            rows = run("SELECT recorded_at FROM log_entry WHERE seq = ?", (head,))
            self.head, self._names, self.recorded_at = head, {}, moment(rows[0][0])

    def load(self, connection: Connection, subject_ids: Iterable[str | None]) -> None:
        """Read the names of many subjects at once."""
        wanted = sorted({one for one in subject_ids if one} - self._names.keys())
        if not wanted:
            return
        self._names |= {one: [] for one in wanted}
        query = among(
            "SELECT subject_id, valid_from, valid_to, name FROM timeline"
            " WHERE subject_id IN :ids AND content IS NOT NULL ORDER BY subject_id, valid_from",
            "ids",
        )
        for row in connection.execute(query, {"ids": wanted}):
            self._names[row[0]].append(Name(row[1], row[2], row[3]))

    def name(self, run: Run, subject_id: str, day: str) -> str | None:
        """The name on a day, or the nearest known: the last before, else the first after."""
        spans = self._names.get(subject_id)
        if spans is None:
            rows = run(
                "SELECT valid_from, valid_to, name FROM timeline"
                " WHERE subject_id = ? AND content IS NOT NULL ORDER BY valid_from",
                (subject_id,),
            )
            spans = self._names[subject_id] = [Name(row[0], row[1], row[2]) for row in rows]
        return name_on(spans, day)


def named(run: Run, book: NameBook, subject_id: str | None, day: str) -> dict[str, Any] | None:
    """``{"id", "name"}`` of a subject on a day."""
    return {"id": subject_id, "name": book.name(run, subject_id, day)} if subject_id else None


def named_as_known(
    connection: Connection, subject_id: str | None, day: str, known: Known
) -> dict[str, Any] | None:
    if subject_id is None:
        return None
    return {"id": subject_id, "name": name_on(names_of(connection, subject_id, known), day)}
