"""Asking about publications: rounds, the change feed, a changeset's own page."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from app.canonical import decode
from app.errors import NotFound
from app.versions.queries import Known, moment, of_publication

_WHEN = "(SELECT e.recorded_at FROM log_entry e WHERE e.seq > p.seq ORDER BY e.seq LIMIT 1)"


def rounds(connection: Connection, known: Known) -> list[dict[str, Any]]:
    """Published rounds, newest first, with their outcome counts."""
    rows = connection.execute(
        text(
            f"SELECT p.seq, p.changeset, c.body, {_WHEN} FROM publication p LEFT JOIN content c ON c.hash = p.statement"
            " WHERE p.kind = 'round' AND p.seq <= :seq ORDER BY p.seq DESC"
        ),
        {"seq": known.seq},
    ).all()
    return [_round(connection, row, known) for row in rows]


def _round(connection: Connection, row: Any, known: Known) -> dict[str, Any]:
    counts = connection.execute(
        text(
            f"SELECT d.outcome, count(DISTINCT d.act) FROM decision d WHERE {of_publication('d.seq', ':p')}"
            " AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = d.act AND v.seq <= :seq)"
            " GROUP BY d.outcome ORDER BY d.outcome"
        ),
        {"p": row[0], "seq": known.seq},
    )
    statement = decode(bytes(row[2])) if row[2] else {}
    return {
        "id": row[1],
        "publication": row[0],
        "recorded_at": moment(row[3]),
        "outcomes": {row[0]: row[1] for row in counts},
        **statement,
    }


def round_of(connection: Connection, changeset: str, known: Known) -> dict[str, Any]:
    """A published round with every decision in it. Raises NotFound."""
    row = connection.execute(
        text(
            f"SELECT p.seq, p.changeset, c.body, {_WHEN} FROM publication p LEFT JOIN content c ON c.hash = p.statement"
            " WHERE p.kind = 'round' AND p.changeset = :id AND p.seq <= :seq"
        ),
        {"id": changeset, "seq": known.seq},
    ).one_or_none()
    if row is None:
        raise NotFound(f"没有编号为 {changeset} 的已发布清理轮次。", code="unknown-round")
    found = _round(connection, row, known)
    decisions = connection.execute(
        text(
            "SELECT d.act, d.subject_id, d.role, d.outcome, d.effective_from, d.until, w.body,"
            " (SELECT t.name FROM timeline t WHERE t.subject_id = d.subject_id AND t.name IS NOT NULL"
            "  ORDER BY t.valid_from DESC LIMIT 1),"
            " (SELECT v.ground FROM void v WHERE v.act = d.act AND v.seq <= :seq),"
            " (SELECT t.visibility FROM timeline t WHERE t.subject_id = d.subject_id"
            "  ORDER BY t.valid_from DESC LIMIT 1)"
            " FROM decision d LEFT JOIN content w ON w.hash = d.statement"
            f" WHERE {of_publication('d.seq', ':p')} ORDER BY d.seq"
        ),
        {"p": row[0], "seq": known.seq},
    )
    found["decisions"] = [
        {
            "act": d[0],
            "subject": d[1],
            "name": d[7],
            "role": d[2],
            "outcome": d[3],
            "effective_from": d[4],
            "until": d[5],
            "voided": d[8],
            **(decode(bytes(d[6])) if d[6] else {}),
        }
        for d in decisions
        if (d[9] or "public") == "public"
    ]
    return found


_EVENTS = (
    "SELECT r.seq, r.subject_id, s.kind, r.effective_from, r.status, r.content, r.publication, d.outcome, v.act,"
    " (SELECT e.recorded_at FROM log_entry e WHERE e.seq > r.seq ORDER BY e.seq LIMIT 1)"
    " FROM revision r JOIN subject s ON s.id = r.subject_id"
    " LEFT JOIN decision d ON d.seq = r.cause LEFT JOIN void v ON v.seq = r.cause"
    " WHERE {condition} AND (s.kind <> 'item' OR EXISTS (SELECT 1 FROM timeline t"
    "  WHERE t.subject_id = r.subject_id AND t.visibility = 'public'"
    "  AND t.valid_to = (SELECT max(valid_to) FROM timeline m WHERE m.subject_id = r.subject_id)))"
    " ORDER BY {order} LIMIT :limit"
)


def events_since(connection: Connection, since: int, limit: int) -> list[dict[str, Any]]:
    """Revisions recorded after a seq, in log order: gap-free, since seq is given inside the publishing lock."""
    rows = connection.execute(
        text(_EVENTS.format(condition="r.seq > :since", order="r.seq")), {"since": since, "limit": limit}
    )
    return [_event(row) for row in rows]


def events_effective(
    connection: Connection, first: str, last: str, after: int, limit: int
) -> list[dict[str, Any]]:
    """Revisions that take effect from ``first`` up to ``last`` (both counted), as recorded, after a seq."""
    rows = connection.execute(
        text(
            _EVENTS.format(
                condition="r.effective_from >= :first AND r.effective_from <= :last AND r.seq > :after",
                order="r.seq",
            )
        ),
        {"first": first, "last": last, "after": after, "limit": limit},
    )
    return [_event(row) for row in rows]


def _event(row: Any) -> dict[str, Any]:
    return {
        "seq": row[0],
        "subject": row[1],
        "kind": row[2],
        "effective_from": row[3],
        "status": row[4],
        "content_hash": row[5],
        "publication": row[6],
        "outcome": row[7],
        "voids": row[8],
        "recorded_at": moment(row[9]) if row[9] else None,
    }
