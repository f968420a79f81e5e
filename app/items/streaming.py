"""Many items' answers at once, at the pace of copying their bytes: a page is one query, and what answers share
(documents, moments, names) is written once and spliced like the content."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import orjson

from app.db import Run, chunks, marks
from app.versions.codes import main_code
from app.versions.history import STOOD, document, governing, note_confirmed
from app.versions.lineage import chain
from app.versions.models import OPEN
from app.versions.names import HEAD, NameBook, named
from app.versions.queries import moment
from app.versions.timeline import attested
from app.versions.visibility import answered, hidden_among, on_open_day

_PAGE = (
    "SELECT t.subject_id, t.codes, t.name, c.body, t.revision,"
    " t.status, CASE WHEN t.revision IS NULL THEN NULL ELSE t.valid_from END, t.valid_to,"
    f" {attested('t')}, {STOOD},"
    " r.publication, t.authority, t.region, d.publication, d.outcome, d.statement FROM timeline t"
    " LEFT JOIN content c ON c.hash = t.content LEFT JOIN revision r ON r.seq = t.revision"
    f" LEFT JOIN decision d ON d.seq = {governing()} AND (d.effective_from = r.effective_from OR {on_open_day('d')})"
    # IS TRUE: rows lie in the order of ids, which an index of the kind would only point to.
    " WHERE (t.kind = 'item') IS TRUE AND t.valid_from <= ? AND t.valid_to > ? AND {which}"
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
_KEPT = 5_000
"""Of each kind of what answers share, held at most: memory stays flat however long the log is."""

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
        self._documents: dict[Behind, Any] = {}
        self._recorded: dict[int, str] = {}
        self._names = _Written(self._name)
        self._spans, self._rests = _Written(self._span), _Written(self._rest)

    def page(self, which: str, values: Sequence[Any], limit: int) -> list[tuple[str, bytes]]:
        """(id, answer as a line) of at most so many items that stand on the day and may be shown, in the order of
        ids. ``which``: SQL on the timeline row ``t``, with ``?`` marks for the values."""
        rows = self.run(_PAGE.format(which=which, limit=limit), (self.on, self.on, *values))
        if not rows:
            return []
        rows = self._without_hidden(rows)
        self._look_up(rows)
        first, last = rows[0][0], rows[-1][0]
        kin = {row[0] for row in self.run(_KIN, (first, last, first, last))}
        return [(row[0], self._answer(row, row[0] in kin)) for row in rows]

    def _without_hidden(self, rows: list[Any]) -> list[Any]:
        """The rows, without the decision behind one where that took effect on what was an internal day."""
        stood = {row[9] for row in rows if row[9] is not None}
        hidden = hidden_among(self.run, stood) if stood else set()
        return (
            [(*row[:13], None, None, None) if row[9] in hidden else row for row in rows] if hidden else rows
        )

    def _answer(self, row: Any, has_kin: bool) -> bytes:
        subject, codes, name, body, revision = row[:5]
        own = {
            "id": subject,
            "code": main_code(orjson.loads(codes)),
            "codes": orjson.Fragment(codes),
            "name": name,
        }
        number = b"null" if revision is None else b"%d" % revision
        rest = self._rest(row[10:], kin_of=subject) if has_kin else self._rests[row[10:]]
        return b"".join(
            (orjson.dumps(own)[:-1], self._spans[row[5:9]], number, rest, body or b"null", b"}\n")
        )

    def _span(self, key: tuple[Any, ...]) -> bytes:
        """What stands before the number of the revision."""
        status, begins, ends, attests = key
        return _within(
            {
                "status": status,
                "on": self.on,
                "planned": self.is_planned,
                "valid_from": begins,
                "valid_to": None if ends == OPEN else ends,
                "attested_from": attests,
            },
            b',"revision":',
        )

    def _rest(self, key: tuple[Any, ...], kin_of: str | None = None) -> bytes:
        """What stands between it and the content."""
        run, (recorded, authority, region), behind = self.run, key[:3], key[3:]
        return _within(
            {
                "recorded_at": None if recorded is None else self._recorded[recorded],
                "authority": self._names[authority],
                "region": self._names[region],
                "document": None if behind[0] is None else self._documents[behind],
                "predecessors": chain(run, kin_of, forward=False) if kin_of else [],
                "successors": chain(run, kin_of, forward=True) if kin_of else [],
                "known_at": self.book.recorded_at,
                "seq": self.seq,
            },
            b',"content":',
        )

    def _name(self, subject: str | None) -> Any:
        return orjson.Fragment(orjson.dumps(named(self.run, self.book, subject, self.on)))

    def _look_up(self, rows: Sequence[Any]) -> None:
        """What the page's answers rest on, as far as an earlier page did not ask for it."""
        for shared in (self._documents, self._recorded, self._names, self._spans, self._rests):
            if len(shared) > _KEPT:
                shared.clear()
        new = {row[10:] for row in rows} - self._rests.keys()
        entries = {key[0] for key in new if key[0] is not None} - self._recorded.keys()
        self._recorded |= {seq: moment(at) for seq, at in self._in_chunks(_RECORDED, entries)}
        missing = {key[3:] for key in new if key[3] is not None} - self._documents.keys()
        if not missing:
            return
        published = dict(self._in_chunks(_PUBLISHED, {one[0] for one in missing}))
        words = dict(self._in_chunks(_WORDS, {one[2] for one in missing if one[2]}))
        for publication, outcome, statement in missing:
            found = document(words.get(statement), published.get(publication), outcome, publication)
            note_confirmed(self.run, found, self.seq)
            self._documents[publication, outcome, statement] = orjson.Fragment(orjson.dumps(found))

    def _in_chunks(self, query: str, values: set[Any]) -> Iterator[Any]:
        for some in chunks(sorted(values)):
            yield from self.run(query.format(marks(some)), tuple(some))


class _Written(dict[Any, Any]):
    """What is written once for all that share a key."""

    def __init__(self, write: Callable[[Any], Any]) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, key: Any) -> Any:
        written = self[key] = self._write(key)
        return written


def _within(fields: dict[str, Any], before: bytes) -> bytes:
    """Fields as they stand within an object, after others and before one."""
    return b"," + orjson.dumps(fields)[1:-1] + before
