"""Many items' answers at once, at the pace of copying their bytes: a page is one query, and what a page's answers
share (documents, moments, names) is written once and spliced like the content."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from app.db import Run, chunks, marks
from app.versions.codes import main_code
from app.versions.history import document, governing, note_confirmed
from app.versions.lineage import chain
from app.versions.models import OPEN
from app.versions.names import HEAD, NameBook, named
from app.versions.queries import moment
from app.versions.timeline import attested
from app.versions.visibility import answered

_PAGE = (
    "SELECT t.subject_id, t.valid_from, t.valid_to, t.revision, t.status, t.codes, t.name, t.authority, t.region,"
    f" {attested('t')}, c.body, r.publication, d.publication, d.outcome, d.statement FROM timeline t"
    " LEFT JOIN content c ON c.hash = t.content LEFT JOIN revision r ON r.seq = t.revision"
    f" LEFT JOIN decision d ON d.seq = {governing()}"
    " WHERE t.kind = 'item' AND t.valid_from <= ? AND t.valid_to > ? AND {which}"
    f" AND {answered('t')} ORDER BY t.subject_id LIMIT {{limit}}"
)
_RECORDED = (
    "SELECT p.seq, (SELECT e.recorded_at FROM log_entry e WHERE e.seq > p.seq ORDER BY e.seq LIMIT 1)"
    " FROM publication p WHERE p.seq IN ({})"
)
_PUBLISHED = (
    "SELECT p.seq, c.body FROM publication p JOIN content c ON c.hash = p.statement WHERE p.seq IN ({})"
)
_WORDS = "SELECT hash, body FROM content WHERE hash IN ({})"
_KIN = (
    "SELECT origin FROM lineage WHERE origin >= ? AND origin <= ?"
    " UNION SELECT successor FROM lineage WHERE successor >= ? AND successor <= ?"
)
_KEPT = 20_000
"""Documents and moments held at most: memory stays flat however long the log is."""

Behind = tuple[int, str | None, str | None]
"""What a document is made of: its publication, the outcome, the hash of the decision's words."""


class Stream:
    """The answers of ``GET /items/{id}`` on a day, at the log's head, within one snapshot."""

    def __init__(self, run: Run, on: str, today: str) -> None:
        self.run, self.on, self.is_planned = run, on, on > today
        self.book = NameBook()
        rows = run(HEAD, ())
        self.seq: int = rows[0][0] if rows else 0
        if self.seq:  # else there is nothing to name yet
            self.book.turn_to(self.seq, run)
        self._named: dict[str | None, Any] = {None: None}
        self._documents: dict[Behind, Any] = {}
        self._recorded: dict[int, str] = {}

    def page(self, which: str, values: Sequence[Any], limit: int) -> list[tuple[str, bytes]]:
        """(id, answer as a line) of at most so many items that stand on the day and may be shown, in the order of
        ids. ``which``: SQL on the timeline row ``t``, with ``?`` marks for the values."""
        rows = self.run(_PAGE.format(which=which, limit=limit), (self.on, self.on, *values))
        if not rows:
            return []
        self._look_up(rows)
        first, last = rows[0][0], rows[-1][0]
        kin = {row[0] for row in self.run(_KIN, (first, last, first, last))}
        return [(row[0], self._answer(row, row[0] in kin)) for row in rows]

    def _answer(self, row: Any, has_kin: bool) -> bytes:
        (
            subject,
            begins,
            ends,
            revision,
            status,
            held,
            name,
            authority,
            region,
            attests,
            body,
            recorded,
            *behind,
        ) = row
        codes = orjson.loads(held)
        envelope = {
            "id": subject,
            "code": main_code(codes),
            "codes": codes,
            "name": name,
            "status": status,
            "on": self.on,
            "planned": self.is_planned,
            "valid_from": None if revision is None else begins,
            "valid_to": None if ends == OPEN else ends,
            "attested_from": attests,
            "revision": revision,
            "recorded_at": self._recorded[recorded] if recorded is not None else None,
            "authority": self._name(authority),
            "region": self._name(region),
            "document": self._documents[tuple(behind)] if behind[0] is not None else None,
            "predecessors": chain(self.run, subject, forward=False) if has_kin else [],
            "successors": chain(self.run, subject, forward=True) if has_kin else [],
            "known_at": self.book.recorded_at,
            "seq": self.seq,
        }
        return b"".join((orjson.dumps(envelope)[:-1], b',"content":', body or b"null", b"}\n"))

    def _name(self, subject: str | None) -> Any:
        found = self._named.get(subject)
        if found is None and subject is not None:
            found = orjson.Fragment(orjson.dumps(named(self.run, self.book, subject, self.on)))
            self._named[subject] = found
        return found

    def _look_up(self, rows: Sequence[Any]) -> None:
        """What the page's answers rest on, as far as an earlier page did not ask for it."""
        if len(self._documents) > _KEPT:
            self._documents.clear()
        if len(self._recorded) > _KEPT:
            self._recorded.clear()
        entries = {row[11] for row in rows if row[11] is not None} - self._recorded.keys()
        self._recorded |= {seq: moment(at) for seq, at in self._in_chunks(_RECORDED, entries)}
        missing = {tuple(row[12:15]) for row in rows if row[12] is not None} - self._documents.keys()
        if not missing:
            return
        published = dict(self._in_chunks(_PUBLISHED, {one[0] for one in missing}))
        words = dict(self._in_chunks(_WORDS, {one[2] for one in missing if one[2]}))
        for publication, outcome, statement in missing:
            found = document(words.get(statement), published.get(publication), outcome, publication)
            note_confirmed(self.run, found, self.seq)
            written = orjson.Fragment(orjson.dumps(found))
            self._documents[publication, outcome, statement] = written

    def _in_chunks(self, query: str, values: set[Any]) -> Iterator[Any]:
        for some in chunks(sorted(values)):
            yield from self.run(query.format(marks(some)), tuple(some))
