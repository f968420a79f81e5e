"""Work owed after commit: a row with a topic and a key, never a payload.

Enqueued in the publishing transaction, so it is owed exactly if the publication stands. Whoever drains
claims the oldest rows, does the work, deletes them; doing it twice is harmless.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, UniqueConstraint, bindparam, text
from sqlmodel import Field, SQLModel

from app import log
from app.db import Ascii, Big, change

INDEX = "index"
"""Topic: bring the search index up to a publication."""


class Owed(SQLModel, table=True):
    """One piece of work."""

    __tablename__ = "outbox"
    __table_args__ = (UniqueConstraint("topic", "key"),)
    id: int | None = Field(default=None, primary_key=True, sa_type=Big)
    topic: str = Field(sa_type=Ascii)
    key: int = Field(sa_type=Big)
    created_at: int = Field(sa_type=Big)


def enqueue(connection: Connection, topic: str, key: int) -> None:
    """Owe a piece of work; owing it already is fine."""
    change(
        connection,
        "INSERT INTO outbox (topic, key, created_at) VALUES (?, ?, ?) ON CONFLICT (topic, key) DO NOTHING",
        (topic, key, log.now_microseconds()),
    )


def owed(connection: Connection, topic: str, limit: int = 100) -> list[int]:
    """The oldest keys owed, ascending."""
    rows = connection.execute(
        text("SELECT key FROM outbox WHERE topic = :topic ORDER BY key LIMIT :limit"),
        {"topic": topic, "limit": limit},
    )
    return [row[0] for row in rows]


def done(connection: Connection, topic: str, keys: Sequence[int]) -> None:
    connection.execute(
        text("DELETE FROM outbox WHERE topic = :topic AND key IN :keys").bindparams(
            bindparam("keys", expanding=True)
        ),
        {"topic": topic, "keys": list(keys)},
    )


def lag(connection: Connection, topic: str) -> tuple[int, float]:
    """(pieces owed, age of the oldest in seconds)."""
    count, oldest = connection.execute(
        text("SELECT count(*), min(created_at) FROM outbox WHERE topic = :topic"), {"topic": topic}
    ).one()
    return count, (log.now_microseconds() - oldest) / 1e6 if oldest else 0.0
