"""Reading one item: the answer's envelope around the stored bytes.

The busiest door, so it is one indexed query and a splice of bytes, by a ``Run`` that a driver's own
connection can serve as well as SQLAlchemy's.
"""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import Connection

from app.db import TOMBSTONE, Run, run_by
from app.versions.codes import main_code, never_known
from app.versions.history import STOOD, document, documents_behind, governing, note_confirmed
from app.versions.lineage import chain
from app.versions.models import OPEN
from app.versions.names import HEAD, NameBook, named, named_as_known
from app.versions.queries import Known, Standing, moment, state_on, timeline
from app.versions.timeline import attested
from app.versions.visibility import hidden_among, kept_of, not_internal, on_open_day, public_among

_COLUMNS = (
    "SELECT t.valid_from, t.valid_to, t.kind, t.revision, t.status, t.codes, t.name, t.authority, t.region,"
    " t.visibility, c.body, cd.body, cp.body, d.outcome, d.publication,"
    " (SELECT e.recorded_at FROM log_entry e WHERE e.seq > r.seq ORDER BY e.seq LIMIT 1),"
    " EXISTS (SELECT 1 FROM lineage l WHERE l.origin = t.subject_id OR l.successor = t.subject_id),"
    f" ({HEAD}), {attested('t')}"
)
_JOINS = (
    " LEFT JOIN content c ON c.hash = t.content"
    " LEFT JOIN revision r ON r.seq = t.revision"
    # The interval's own day is open, or it is not answered.
    f" LEFT JOIN decision d ON d.seq = {governing()} AND (d.effective_from = r.effective_from OR {on_open_day('d')})"
    " LEFT JOIN content cd ON cd.hash = d.statement"
    " LEFT JOIN publication p ON p.seq = d.publication"
    " LEFT JOIN content cp ON cp.hash = p.statement"
)
_ITEM = (
    f"{_COLUMNS}, {not_internal('t.subject_id')}, {STOOD}"
    # The one interval first, by itself: joined as a whole, every interval's body would be read and sorted.
    " FROM (SELECT * FROM timeline WHERE subject_id = ? AND valid_from <= ?"
    f" ORDER BY valid_from DESC LIMIT 1) t{_JOINS}"
)


def read_item(run: Run, book: NameBook, item_id: str, day: str, today: str) -> bytes:
    """The answer of ``GET /items/{id}`` at the log's head, as JSON bytes. Raises NotFound."""
    rows = run(_ITEM, (item_id, day))
    if not rows or rows[0][1] <= day:
        return _outside(run, book, item_id, day, today)
    row = rows[0]
    if row[2] != "item" or row[9] == "internal" or not row[19]:
        raise never_known(item_id, "item")
    return _answer(run, book, item_id, row, day, today)


def _answer(run: Run, book: NameBook, item_id: str, row: Any, day: str, today: str) -> bytes:
    book.turn_to(row[17], run)
    unknown = row[3] is None
    codes = orjson.loads(row[5])
    envelope = {
        "id": item_id,
        "code": main_code(codes),
        "codes": codes,
        "name": row[6],
        "status": row[4],
        "on": day,
        "planned": day > today,
        "valid_from": None if unknown else row[0],
        "valid_to": None if row[1] == OPEN else row[1],
        "attested_from": row[18],
        "revision": row[3],
        "recorded_at": moment(row[15]) if row[15] else None,
        "authority": named(run, book, row[7], day),
        "region": named(run, book, row[8], day),
        "document": None if row[20] and hidden_among(run, row[20:]) else document(*row[11:15]),
        "predecessors": [],
        "successors": [],
        "known_at": book.recorded_at,
        "seq": row[17],
    }
    note_confirmed(run, envelope["document"], row[17])
    if row[16]:
        envelope["predecessors"] = chain(run, item_id, forward=False)
        envelope["successors"] = chain(run, item_id, forward=True)
    return splice(envelope, bytes(row[10]) if row[10] is not None else None)


def _outside(run: Run, book: NameBook, item_id: str, day: str, today: str) -> bytes:
    """A known item on a day before it begins (or after a voided start): it still answers."""
    found = run(
        "SELECT s.seq, (SELECT min(valid_from) FROM timeline t WHERE t.subject_id = s.id AND t.valid_from > ?"
        " AND t.visibility <> 'internal'),"
        f" ({HEAD}) FROM subject s WHERE s.id = ? AND s.kind = 'item'",
        (day, item_id),
    )
    if not found or not public_among(run, [item_id]):
        raise never_known(item_id, "item")
    _, begins, seq = found[0]
    book.turn_to(seq, run)
    return splice(_empty_envelope(item_id, day, today, begins, book.recorded_at, seq), None)


def _empty_envelope(
    item_id: str, day: str, today: str, begins: str | None, known: str, seq: int
) -> dict[str, Any]:
    return {
        "id": item_id,
        "code": None,
        "codes": [],
        "name": None,
        "status": "not_yet",
        "on": day,
        "planned": day > today,
        "valid_from": None,
        "valid_to": begins,
        "attested_from": None,
        "revision": None,
        "recorded_at": None,
        "authority": None,
        "region": None,
        "document": None,
        "predecessors": [],
        "successors": [],
        "known_at": known,
        "seq": seq,
    }


def splice(envelope: dict[str, Any], content: bytes | None) -> bytes:
    """The envelope with the stored content bytes in it, untouched."""
    return orjson.dumps(envelope)[:-1] + b',"content":' + (content or b"null") + b"}"


def read_item_as_known(connection: Connection, item_id: str, day: str, today: str, known: Known) -> bytes:
    """The same answer as known at an earlier point of the log: worked out from revisions, slower."""
    standing = state_on(connection, item_id, day, known)
    if standing.kind != "item":
        raise never_known(item_id, "item")
    refuse_hidden(connection, standing)
    run = run_by(connection)
    content = _told_of(run, standing)
    envelope = _empty_envelope(item_id, day, today, standing.valid_to, moment(known.recorded_at), known.seq)
    envelope |= {
        "code": main_code(standing.codes),
        "codes": standing.codes,
        "name": content.get("name"),
        "status": standing.status,
        "valid_from": standing.valid_from,
        "valid_to": standing.valid_to,
        "attested_from": standing.attested_from,
        "revision": standing.revision,
        "authority": named_as_known(connection, content.get("authority"), day, known),
        "region": named_as_known(connection, content.get("region"), day, known),
        "predecessors": chain(run, item_id, forward=False, seq=known.seq),
        "successors": chain(run, item_id, forward=True, seq=known.seq),
    }
    envelope |= known.told()
    if standing.status == "not_yet":
        envelope["valid_to"] = _begins(connection, item_id, day, known)
    if standing.revision is not None:
        behind = documents_behind(connection, [standing.revision], known)
        envelope["recorded_at"], envelope["document"] = behind[standing.revision]
    return splice(envelope, standing.body)


def _begins(connection: Connection, item_id: str, day: str, known: Known) -> str | None:
    """The first day after this one from which it stood openly, as known then."""
    later = [span for span in timeline(connection, item_id, known) if span.valid_from > day]
    hidden = hidden_among(run_by(connection), (span.content for span in later))
    return next((span.valid_from for span in later if span.content not in hidden), None)


def _told_of(run: Run, standing: Standing) -> dict[str, Any]:
    """The content that describes it, or what is told of one that was redacted."""
    if standing.description != TOMBSTONE or standing.described_by is None:
        return standing.described()
    kept: dict[str, Any] = (
        kept_of(run, [standing.described_by]).get(standing.described_by, {}).get("content", {})
    )
    return {name: value for name, value in kept.items() if name != "name"}


def read_item_at(connection: Connection, item_id: str, day: str, today: str, known: Known) -> bytes:
    """The answer as known at a time, the head or an earlier one. Raises NotFound."""
    if known.is_head:
        return read_item(run_by(connection), NameBook(), item_id, day, today)
    return read_item_as_known(connection, item_id, day, today, known)


def refuse_hidden(connection: Connection, *stood: Standing) -> None:
    """Raises NotFound where an item may not be shown, or not as it stood."""
    run = run_by(connection)
    subject_id = stood[0].subject_id
    if not public_among(run, [subject_id]) or hidden_among(run, (one.described_by for one in stood)):
        raise never_known(subject_id, "item")
