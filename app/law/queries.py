"""What rests on an instrument or article, and whether an instrument is in force on a day."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from app.listing import page_key
from app.versions.models import OPEN
from app.versions.visibility import answered, shown

IN_FORCE = {"in_force": "yes", "suspended": "no", "ended": "no", "not_yet": "no", "unknown": "unknown"}
"""An instrument is in force: yes, no, or unknown; unknown is a value, never guessed."""


CITING = ("item", "entry")
"""Kinds whose content cites instruments."""
_ARTICLE = " AND l.locator LIKE :article ESCAPE '!' AND l.locator NOT LIKE :other ESCAPE '!'"
"""第十二条 with its paragraphs (第十二条第一款), but not 第十二条之一, which is another article."""


def resting_on(
    connection: Connection,
    instrument: str,
    day: str,
    article: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """Items and catalogue entries that cite an instrument (or one article of it) on a day, by subject:
    ``limit`` counts subjects, each with all its citations; one more than asked tells of a further page."""
    found = (
        " FROM link l JOIN timeline t ON t.subject_id = l.subject_id AND t.valid_from = l.valid_from"
        " WHERE l.target = :target AND l.role LIKE 'cites-%' AND l.valid_from <= :day AND l.valid_to > :day"
        f" AND {shown('t')} AND l.subject_id > :after" + (_ARTICLE if article else "")
    )
    escaped = (article or "").replace("!", "!!").replace("%", "!%").replace("_", "!_")
    rows = connection.execute(
        text(
            "SELECT l.subject_id, t.kind, t.name, t.status, l.role, l.locator, t.authority"
            f"{found} AND l.subject_id IN (SELECT DISTINCT l.subject_id{found} ORDER BY l.subject_id LIMIT :limit)"
            " ORDER BY l.subject_id, l.role, l.locator"
        ),
        {"target": instrument, "day": day, "after": page_key(after, *CITING), "limit": limit}
        | ({"article": f"{escaped}%", "other": f"{escaped}之%"} if article else {}),
    )
    return [
        {
            "id": row[0],
            "kind": row[1],
            "name": row[2],
            "status": row[3],
            "role": row[4].removeprefix("cites-"),
            "article": row[5] or None,
            "authority": row[6],
        }
        for row in rows
    ]


def cited_but_not_in_force(connection: Connection, day: str, limit: int = 500) -> list[dict[str, Any]]:
    """Items in force on a day that cite an instrument that is not (ended or not begun; unknown left out)."""
    rows = connection.execute(
        text(
            "SELECT t.subject_id, t.name, l.role, l.locator, l.target, i.name, i.status, i.valid_from"
            " FROM link l JOIN timeline t ON t.subject_id = l.subject_id AND t.valid_from = l.valid_from"
            " LEFT JOIN timeline i ON i.subject_id = l.target AND i.valid_from <= :day AND i.valid_to > :day"
            " WHERE l.role LIKE 'cites-%' AND l.valid_from <= :day AND l.valid_to > :day AND t.kind = 'item'"
            f" AND t.status IN ('in_force', 'suspended') AND {shown('t')}"
            " AND (i.status IS NULL OR i.status = 'ended') ORDER BY t.subject_id LIMIT :limit"
        ),
        {"day": day, "limit": limit},
    )
    return [
        {
            "id": row[0],
            "name": row[1],
            "role": row[2].removeprefix("cites-"),
            "article": row[3] or None,
            "instrument": row[4],
            "title": row[5],
            "status": row[6] or "not_yet",
            "since": None if row[7] in (None, OPEN) else row[7],
        }
        for row in rows
    ]


_NOT_BEGUN = (
    "NOT EXISTS (SELECT 1 FROM timeline e WHERE e.subject_id = i.subject_id AND e.valid_from < i.valid_from)"
)


def cited_though_out_of_force(
    connection: Connection, day: str, after: str | None, limit: int
) -> list[dict[str, Any]]:
    """Instruments that have ended or not begun on a day, in the order of their ids, with how many items in force
    cite them: ``id``, ``title``, ``rank``, ``status``, ``since`` (the day it ended or will begin), ``citing``.
    Raises Invalid for a damaged ``after``."""
    rows = connection.execute(
        text(
            "SELECT i.subject_id, i.name, i.type, i.status, i.valid_from, COUNT(DISTINCT l.subject_id)"
            " FROM timeline i JOIN link l ON l.target = i.subject_id AND l.role LIKE 'cites-%'"
            " AND l.valid_from <= :day AND l.valid_to > :day"
            " JOIN timeline t ON t.subject_id = l.subject_id AND t.valid_from = l.valid_from"
            f" WHERE i.kind = 'instrument' AND i.subject_id > :after AND {answered('i')}"
            " AND ((i.status = 'ended' AND i.valid_from <= :day AND i.valid_to > :day)"
            f" OR (i.valid_from > :day AND {_NOT_BEGUN}))"
            f" AND t.kind = 'item' AND t.status IN ('in_force', 'suspended') AND {shown('t')}"
            " GROUP BY i.subject_id, i.name, i.type, i.status, i.valid_from ORDER BY i.subject_id LIMIT :limit"
        ),
        {"day": day, "after": page_key(after, "instrument"), "limit": limit},
    )
    return [
        {
            "id": row[0],
            "title": row[1],
            "rank": row[2],
            "status": "ended" if row[4] <= day else "not_yet",
            "since": row[4],
            "citing": row[5],
        }
        for row in rows
    ]
