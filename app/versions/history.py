"""What happened to a subject: its intervals, every decision about it, and the documents behind them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Any

import orjson
from sqlalchemy import Connection

from app.canonical import decode
from app.db import Run, fetch, marks, run_by
from app.versions.models import FIRST, OPEN
from app.versions.queries import Known, moment, timeline
from app.versions.timeline import Span, attested_from
from app.versions.visibility import hidden_among, on_its_day, on_open_day

_GOVERNING = (
    "(SELECT g.seq FROM decision g WHERE g.subject_id = r.subject_id AND g.effective_from <= r.effective_from"
    " AND (g.until IS NULL OR g.until > r.effective_from) AND (g.creates IS NOT NULL OR g.changes IS NOT NULL)"
    "{known} AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = g.act{known_void})"
    " ORDER BY g.effective_from DESC, g.seq DESC LIMIT 1)"
)
"""The last decision that applies on the day a revision begins: the one behind the state. It is not always the
one that wrote the revision: when a suspension for a time lapses, what stood before governs again."""


def governing(known: Known | None = None) -> str:
    """SQL: the seq of the decision that governs revision ``r``."""
    if known is None or known.is_head:
        return _GOVERNING.format(known="", known_void="")
    return _GOVERNING.format(known=f" AND g.seq <= {known.seq:d}", known_void=f" AND v.seq <= {known.seq:d}")


STOOD = (
    "CASE WHEN d.publication = r.publication AND d.effective_from = r.effective_from THEN NULL"
    f" ELSE {on_its_day('d')} END"
)
"""SQL: what stood on the day of decision ``d`` once it was published, where that is not revision ``r`` itself. Was that
hidden, nothing is told of the decision, however far it reaches into public days."""


def document(
    words: Any, statement: Any, outcome: str | None, publication: int | None
) -> dict[str, Any] | None:
    """The document behind the revision in force: what was decided, in whose words, by which document."""
    if publication is None:
        return None
    decided = decode(bytes(words)) if words else {}
    published = decode(bytes(statement)) if statement else {}
    return {
        "publication": publication,
        "outcome": outcome,
        "title": published.get("title"),
        **published.get("document", {}),
        **_emergency(published),
        **{
            name: decided[name]
            for name in ("words", "annex", "receiver", "outside", "follow_up", "timing", "reason")
            if name in decided
        },
    }


def _emergency(published: dict[str, Any]) -> dict[str, Any]:
    """The mark of what one person published: its reason; ``note_confirmed`` looks for the second person."""
    reason = published.get("emergency")
    return {"emergency": {"reason": reason, "confirmed": False}} if reason else {}


def note_confirmed(run: Run, found: dict[str, Any] | None, seq: int) -> None:
    """Of a document published in an emergency: whether a second person had confirmed it, as known at a seq."""
    if found is None or "emergency" not in found:
        return
    query = (
        "SELECT 1 FROM publication k JOIN publication p ON p.changeset = k.changeset"
        " WHERE p.seq = ? AND k.kind = 'confirmation' AND k.seq > p.seq AND k.seq <= ? LIMIT 1"
    )
    found["emergency"]["confirmed"] = bool(run(query, (found["publication"], seq)))


Behind = tuple[str, dict[str, Any] | None]
"""When a revision was recorded, and the document behind it."""


def documents_behind(connection: Connection, revisions: Iterable[int], known: Known) -> dict[int, Behind]:
    """What is behind each of these revisions; no document where it took effect on an internal day."""
    query = (
        "SELECT cd.body, cp.body, d.outcome, d.publication,"
        f" (SELECT e.recorded_at FROM log_entry e WHERE e.seq > r.seq ORDER BY e.seq LIMIT 1), r.seq, {STOOD}"
        f" FROM revision r LEFT JOIN decision d ON d.seq = {governing(known)} AND {on_open_day('d')}"
        " LEFT JOIN content cd ON cd.hash = d.statement LEFT JOIN publication p ON p.seq = d.publication"
        " LEFT JOIN content cp ON cp.hash = p.statement WHERE r.seq IN ({})"
    )
    listed, run = list(revisions), run_by(connection)
    found: dict[int, Behind] = {}
    for start in range(0, len(listed), 1000):
        some = tuple(listed[start : start + 1000])
        rows = fetch(connection, query.format(marks(some)), some)
        hidden = hidden_among(run, (row[6] for row in rows))
        for row in rows:
            found[row[5]] = moment(row[4]), None if row[6] in hidden else document(*row[:4])
    for _moment, behind in found.values():
        note_confirmed(run, behind, known.seq)
    return found


def history_of(connection: Connection, subject_id: str, known: Known) -> list[dict[str, Any]]:
    """The subject's intervals, each with the decision and document behind it, oldest first."""
    result = []
    all_rows = timeline(connection, subject_id, known)
    attests = {span.valid_from: attested_from(all_rows, at) for at, span in enumerate(all_rows)}
    rows = _public_spans(connection, all_rows)
    behind = documents_behind(
        connection, [span.revision for span in rows if span.revision is not None], known
    )
    for span in rows:
        entry: dict[str, Any] = {
            "revision": span.revision,
            "status": span.status,
            "valid_from": None if span.valid_from == FIRST else span.valid_from,
            "valid_to": None if span.valid_to == OPEN else span.valid_to,
            "attested_from": attests[span.valid_from],
            "codes": orjson.loads(span.codes),
            "content_hash": span.content,
        }
        if span.revision is not None:
            entry["recorded_at"], entry["document"] = behind[span.revision]
        result.append(entry)
    return result


def _public_spans(connection: Connection, rows: Sequence[Span]) -> list[Span]:
    """The intervals that may be shown; the unknown time before one goes with it."""
    hidden = hidden_among(run_by(connection), (span.content for span in rows))
    followed = zip_longest(rows, rows[1:])
    return [span for span, after in followed if (span.content or (after and after.content)) not in hidden]


def decisions_of(connection: Connection, subject_id: str, known: Known) -> list[dict[str, Any]]:
    """Every decision about a subject, voided ones marked, with its words and document; in log order.

    What took effect while an item was internal is left out.
    """
    rows = fetch(
        connection,
        "SELECT d.act, d.seq, d.outcome, d.role, d.effective_from, d.until, v.ground, cd.body, cp.body,"
        " d.publication, ch.body, cv.body,"
        " (SELECT e.recorded_at FROM log_entry e WHERE e.seq > v.seq ORDER BY e.seq LIMIT 1),"
        f" {on_its_day('d')} FROM decision d"
        " LEFT JOIN void v ON v.act = d.act AND v.seq <= ? LEFT JOIN content cv ON cv.hash = v.statement"
        " LEFT JOIN content cd ON cd.hash = d.statement LEFT JOIN content ch ON ch.hash = d.changes"
        " JOIN publication p ON p.seq = d.publication LEFT JOIN content cp ON cp.hash = p.statement"
        f" WHERE d.subject_id = ? AND d.seq <= ? AND {on_open_day('d')} ORDER BY d.seq",
        (known.seq, subject_id, known.seq),
    )
    run = run_by(connection)
    hidden = hidden_among(run, (row[13] for row in rows))
    documents = [document(row[7], row[8], row[2], row[9]) for row in rows]
    for found in documents:
        note_confirmed(run, found, known.seq)
    return [
        {
            "act": row[0],
            "outcome": row[2],
            "role": row[3],
            "effective_from": row[4],
            "until": row[5],
            "voided": row[6],
            "voided_at": moment(row[12]) if row[12] else None,
            "void_reason": decode(bytes(row[11])).get("reason") if row[11] else None,
            "document": found,
            "changes": _changes(row[10]),
        }
        for row, found in zip(rows, documents, strict=True)
        if row[13] not in hidden
    ]


def _changes(body: Any) -> list[dict[str, Any]]:
    """The field changes of a decision; none of one that was redacted by order."""
    found = decode(bytes(body)) if body else []
    return found if isinstance(found, list) else []
