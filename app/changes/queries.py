"""Asking about publications: rounds, the change feed, a changeset's own page."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from app.canonical import decode
from app.db import TOMBSTONE, run_by
from app.errors import NotFound
from app.versions.names import last_names
from app.versions.queries import Known, moment, of_publication
from app.versions.visibility import hidden_among, on_its_day, on_open_day, public_among

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
    return {
        "id": row[1],
        "publication": row[0],
        "recorded_at": moment(row[3]),
        "outcomes": {row[0]: row[1] for row in counts},
        **stated(row[2]),
    }


REDACTED_TITLE = "（标题已依令删改）"


def stated(body: Any) -> dict[str, Any]:
    """What a publication says of itself; under a title that says so where that was redacted by order."""
    found: dict[str, Any] = decode(bytes(body)) if body else {}
    return {"title": REDACTED_TITLE} if found == decode(TOMBSTONE) else found


def require_round(connection: Connection, changeset: str, known: Known) -> None:
    """Raises NotFound where no such round was published (at that time)."""
    query = text("SELECT 1 FROM publication WHERE kind = 'round' AND changeset = :id AND seq <= :seq")
    if connection.execute(query, {"id": changeset, "seq": known.seq}).first() is None:
        raise _unknown_round(changeset)


def _unknown_round(changeset: str) -> NotFound:
    return NotFound(f"没有编号为 {changeset} 的已发布清理轮次。", code="unknown-round")


def round_of(connection: Connection, changeset: str, known: Known) -> dict[str, Any]:
    """A published round with every decision in it that may be shown. Raises NotFound."""
    row = connection.execute(
        text(
            f"SELECT p.seq, p.changeset, c.body, {_WHEN} FROM publication p LEFT JOIN content c ON c.hash = p.statement"
            " WHERE p.kind = 'round' AND p.changeset = :id AND p.seq <= :seq"
        ),
        {"id": changeset, "seq": known.seq},
    ).one_or_none()
    if row is None:
        raise _unknown_round(changeset)
    found = _round(connection, row, known)
    found["decisions"] = _decisions(connection, row[0], known)
    return found


def _decisions(connection: Connection, publication: int, known: Known) -> list[dict[str, Any]]:
    rows = connection.execute(
        text(
            "SELECT d.act, d.subject_id, d.role, d.outcome, d.effective_from, d.until, w.body,"
            f" (SELECT v.ground FROM void v WHERE v.act = d.act AND v.seq <= :seq), {on_its_day('d')}"
            " FROM decision d LEFT JOIN content w ON w.hash = d.statement"
            f" WHERE {of_publication('d.seq', ':p')} AND {on_open_day('d')} ORDER BY d.seq"
        ),
        {"p": publication, "seq": known.seq},
    ).all()
    run = run_by(connection)
    public = public_among(run, (d[1] for d in rows))
    hidden = hidden_among(run, (d[8] for d in rows))
    names = last_names(connection, public, known)
    return [
        {
            "act": d[0],
            "subject": d[1],
            "name": names.get(d[1]),
            "role": d[2],
            "outcome": d[3],
            "effective_from": d[4],
            "until": d[5],
            "voided": d[7],
            **(decode(bytes(d[6])) if d[6] else {}),
        }
        for d in rows
        if d[1] in public and d[8] not in hidden
    ]
