"""Published rounds whose decisions take effect on a day to come: nobody has to touch them on it."""

from __future__ import annotations

from sqlalchemy import text
from sqlmodel import Session

from app.versions.queries import of_publication

MOST = 50


def planned_rounds(session: Session, day: str) -> list[tuple[str, str, str]]:
    """(changeset, title, the first day after ``day`` on which something of it takes effect), the nearest first."""
    rows = session.connection().execute(
        text(
            "SELECT c.id, c.title, (SELECT min(d.effective_from) FROM decision d"
            f" WHERE {of_publication('d.seq', 'c.publication')} AND d.effective_from > :day"
            " AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = d.act)) AS first"
            " FROM changeset c WHERE c.kind = 'round' AND c.state = 'published' ORDER BY c.updated_at DESC LIMIT :most"
        ),
        {"day": day, "most": MOST},
    )
    return sorted(((row[0], row[1], row[2]) for row in rows if row[2]), key=lambda one: one[2])
