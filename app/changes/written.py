"""What a publication wrote, each revision beside what stood on its day until then; as ``rehearsing`` tells a draft."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from app.canonical import decode
from app.changes import kinds
from app.db import TOMBSTONE
from app.versions.fold import diff, with_before
from app.versions.ids import kind_of
from app.versions.queries import of_publication

_OF_IT = of_publication("seq", ":publication")
_COUNT = text(f"SELECT count(*) FROM revision WHERE {_OF_IT}")
_SOME = text(
    "SELECT r.subject_id, r.effective_from, r.status, c.body FROM revision r LEFT JOIN content c ON c.hash = r.content"
    f" WHERE {of_publication('r.seq', ':publication')} ORDER BY r.seq LIMIT :limit OFFSET :start"
)
_STOOD = text(
    "SELECT r.status, c.body FROM revision r LEFT JOIN content c ON c.hash = r.content"
    " WHERE r.subject_id = :subject AND r.effective_from <= :day AND r.seq < :publication"
    " ORDER BY r.effective_from DESC, r.seq DESC LIMIT 1"
)
_CODES = text(
    f"SELECT scheme, issuer, value, held FROM code WHERE {_OF_IT} AND subject_id = :subject"
    " AND effective_from = :day ORDER BY seq"
)


def written_by(
    connection: Connection, publication: int, start: int, limit: int
) -> tuple[int, list[dict[str, Any]]]:
    """How many revisions a publication wrote, and some of them in their order; ``redacted`` where the words of one, or
    of what stood before it, were taken out by order: it then shows no changes."""
    count = connection.execute(_COUNT, {"publication": publication}).scalar_one()
    asked = {"publication": publication, "limit": limit, "start": start}
    return count, [_revision(connection, publication, *row) for row in connection.execute(_SOME, asked)]


def _revision(
    connection: Connection, publication: int, subject: str, day: str, status: str, body: bytes | None
) -> dict[str, Any]:
    asked = {"publication": publication, "subject": subject, "day": day}
    stood = connection.execute(_STOOD, asked).first()
    bodies = [bytes(one) if one is not None else None for one in (stood[1] if stood else None, body)]
    before, after = ({} if one in (None, TOMBSTONE) else decode(one) for one in bodies)
    redacted, kind = TOMBSTONE in bodies, kind_of(subject)
    named = after or before
    return {
        "subject": subject,
        "kind": kind,
        "name": kinds.describe(kind, named).name if named else None,
        "effective_from": day,
        "status": status,
        "status_before": stood[0] if stood else None,
        "changes": with_before(before, diff(before, after)) if before and not redacted else [],
        "created": stood is None or stood[1] is None,
        "before": {} if redacted else before,
        "after": {} if redacted else after,
        "redacted": redacted,
        "codes": [dict(row._mapping) for row in connection.execute(_CODES, asked)],
    }
