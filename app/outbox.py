"""Work owed after commit: a row with a topic and a key, never a payload.

Enqueued in the publishing transaction, so it is owed exactly if the publication stands. Whoever drains
claims the oldest rows, does the work, deletes them; doing it twice is harmless. What is owed again while it is
being done has another moment, is not what was claimed, and stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, UniqueConstraint, text
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
    """Owe a piece of work; what is owed already is owed anew, for somebody may be doing it on what was before."""
    change(
        connection,
        "INSERT INTO outbox (topic, key, created_at) VALUES (?, ?, ?) ON CONFLICT (topic, key) DO UPDATE SET"
        " created_at = CASE WHEN excluded.created_at > outbox.created_at THEN excluded.created_at"
        " ELSE outbox.created_at + 1 END",
        (topic, key, log.now_microseconds()),
    )


class Piece(NamedTuple):
    """A piece of work as it was owed when somebody began it."""

    key: int
    created_at: int


def owed(connection: Connection, topic: str, limit: int = 100) -> list[Piece]:
    """The oldest pieces owed, by key."""
    rows = connection.execute(
        text("SELECT key, created_at FROM outbox WHERE topic = :topic ORDER BY key LIMIT :limit"),
        {"topic": topic, "limit": limit},
    )
    return [Piece(*row) for row in rows]


def done(connection: Connection, topic: str, pieces: Sequence[Piece]) -> None:
    """These are done as they were owed; what was owed anew since stays."""
    connection.execute(
        text("DELETE FROM outbox WHERE topic = :topic AND key = :key AND created_at = :created_at"),
        [{"topic": topic, **piece._asdict()} for piece in pieces],
    )


def lag(connection: Connection, topic: str) -> tuple[int, float]:
    """(pieces owed, age of the oldest in seconds)."""
    count, oldest = connection.execute(
        text("SELECT count(*), min(created_at) FROM outbox WHERE topic = :topic"), {"topic": topic}
    ).one()
    return count, (log.now_microseconds() - oldest) / 1e6 if oldest else 0.0
