"""Answers to POSTs that carried an ``Idempotency-Key``: a repeated request gets the first answer again."""

from __future__ import annotations

from sqlalchemy import text
from sqlmodel import Field, Session, SQLModel

from app import log
from app.canonical import digest
from app.db import Ascii, Big
from app.errors import Conflict

KEPT_MICROSECONDS = 7 * 86_400_000_000


class Answered(SQLModel, table=True):
    """A request that was answered."""

    __tablename__ = "answered"
    account: int = Field(primary_key=True)
    key: str = Field(primary_key=True, sa_type=Ascii, max_length=200)
    request: str = Field(sa_type=Ascii, description="digest of method, path and body")
    status: int
    body: bytes
    at: int = Field(sa_type=Big, index=True)


def hold(session: Session, account: int, key: str) -> None:
    """In a writing session, before ``recall``: another request with the same key is waited for, so that its answer is
    there to be given again. SQLite has one writer at a time, and needs nothing."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        asked = {"key": f"{account} {key}"}
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), asked)


def recall(session: Session, account: int, key: str, request: bytes) -> Answered | None:
    """The answer given before; raises Conflict where the key came with another request."""
    row = session.get(Answered, (account, key))
    if row is None:
        return None
    if row.request != digest(request):
        raise Conflict("这个 Idempotency-Key 已用于另一个请求，请换一个。", code="idempotency-key-reused")
    return row


def remember(session: Session, account: int, key: str, request: bytes, status: int, body: bytes) -> None:
    """Keep an answer, in the transaction that did the work.

    Raises Conflict where the same key is being answered by another request: then this one's work is undone.
    """
    now = log.now_microseconds()
    connection = session.connection()
    connection.execute(text("DELETE FROM answered WHERE at < :limit"), {"limit": now - KEPT_MICROSECONDS})
    kept = connection.execute(
        text(
            "INSERT INTO answered (account, key, request, status, body, at)"
            " VALUES (:account, :key, :request, :status, :body, :at) ON CONFLICT (account, key) DO NOTHING"
        ),
        {
            "account": account,
            "key": key,
            "request": digest(request),
            "status": status,
            "body": body,
            "at": now,
        },
    )
    if kept.rowcount != 1:
        raise Conflict(
            "带有同一个 Idempotency-Key 的请求正在处理，请稍后重试。", code="idempotency-key-in-use"
        )
