"""What may be shown in public: the one rule, for every door."""

from __future__ import annotations

from sqlalchemy import Connection, text


def shown(row: str) -> str:
    """SQL: whether a timeline row, by its alias, may be shown in public. Neither an internal interval nor any
    interval of a subject that is internal in the end; what was redacted does not count as either."""
    return f"{row}.visibility = 'public' AND {not_internal(row + '.subject_id')}"


def not_internal(subject: str) -> str:
    """SQL: whether a subject, by the column of its id, is not internal in the end."""
    return (
        "coalesce((SELECT shown.visibility FROM timeline shown"
        f" WHERE shown.subject_id = {subject} AND shown.visibility <> 'redacted'"
        " ORDER BY shown.valid_from DESC LIMIT 1), 'public') <> 'internal'"
    )


def is_public(connection: Connection, subject_id: str) -> bool:
    """Whether a subject may be shown: known, and not internal in the end."""
    query = text(f"SELECT 1 FROM subject s WHERE s.id = :id AND {not_internal('s.id')}")
    return connection.execute(query, {"id": subject_id}).first() is not None
