"""Published rounds and changes whose decisions take effect on a day to come: nobody has to touch them on it."""

from __future__ import annotations

from sqlalchemy import text
from sqlmodel import Session

from app.versions.queries import of_publication

MOST = 50
LATEST = 200
"""Publications of routine changes that are looked through, the latest: there are thousands over the years."""


def planned_rounds(session: Session, day: str) -> list[tuple[str, str, str]]:
    """(changeset, title, the first day after ``day`` on which something of it takes effect), the nearest first."""
    return _planned(session, day, "c.kind = 'round'", MOST)


def planned_changes(session: Session, day: str) -> list[tuple[str, str, str]]:
    """The same of changes that are no round, at most ``MOST``."""
    return _planned(session, day, "c.kind <> 'round'", LATEST)[:MOST]


def _planned(session: Session, day: str, which: str, latest: int) -> list[tuple[str, str, str]]:
    rows = session.connection().execute(
        text(
            "SELECT c.id, c.title, (SELECT min(d.effective_from) FROM decision d"
            f" WHERE {of_publication('d.seq', 'c.publication')} AND d.effective_from > :day"
            " AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = d.act)) AS first"
            f" FROM changeset c WHERE {which} AND c.state = 'published' ORDER BY c.updated_at DESC LIMIT :most"
        ),
        {"day": day, "most": latest},
    )
    return sorted(((row[0], row[1], row[2]) for row in rows if row[2]), key=lambda one: one[2])
