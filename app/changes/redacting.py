"""Redaction by order (依令删改): content bytes give way to a tombstone under the same hash.

Two people, an order and a reason, recorded in the log first; that is the one update the guard admits.
The log, the hashes and every other row stay provable.
"""

from __future__ import annotations

from sqlalchemy import Connection, text
from sqlmodel import Session

from app import log, outbox
from app.auth.actor import Actor
from app.changes import duties, kinds
from app.changes.publishing import INDEX
from app.db import TOMBSTONE, lock_publishing
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.versions import verifying
from app.versions.recording import Order, Receipt, record


def redact(session: Session, first: Actor, second: Actor, content: str, order: str, reason: str) -> Receipt:
    """Redact a content by hash. Raises Forbidden unless two people with the right ask, NotFound, Invalid."""
    for actor in (first, second):
        actor.require("publish")
    if first.account is None or first.account == second.account:
        raise Forbidden("依令删改须由两人共同作出。", code="two-people")
    if not order.strip() or not reason.strip():
        raise Invalid("依令删改须写明命令文号和理由。", code="order-needed")
    connection = session.connection()
    lock_publishing(connection)
    if connection.execute(text("SELECT 1 FROM content WHERE hash = :h"), {"h": content}).first() is None:
        raise NotFound(f"没有哈希为 {content} 的内容。", code="unknown-content")
    if connection.execute(text("SELECT 1 FROM redaction WHERE content = :h"), {"h": content}).first():
        raise Conflict(f"哈希为 {content} 的内容已依令删改过。", code="already-redacted")
    receipt = record(
        connection,
        Order(
            kind="redaction",
            author=first.account,
            reviewer=second.account,
            publisher=second.account,
            redactions=[(content, {"order": order, "reason": reason})],
        ),
        kinds.describe,
    )
    connection.execute(
        text("UPDATE content SET body = :tombstone WHERE hash = :h"), {"tombstone": TOMBSTONE, "h": content}
    )
    touched = verifying.rederive_resting_on(connection, content, kinds.describe)
    for publication in touched:
        outbox.enqueue(connection, INDEX, publication)
    duties.derive_again(connection, content)
    _forget_drafts(connection, content)
    log.record_access(connection, "redacted", account=second.account, subject=content, note=order)
    return receipt


_CHANGESETS = text(
    "SELECT DISTINCT p.changeset FROM publication p WHERE p.changeset IS NOT NULL AND (p.statement = :h"
    " OR p.seq IN (SELECT publication FROM revision WHERE content = :h"
    " UNION SELECT publication FROM void WHERE statement = :h"
    " UNION SELECT publication FROM decision WHERE creates = :h OR changes = :h OR statement = :h))"
)


def _forget_drafts(connection: Connection, content: str) -> None:
    """The drafts it was published from, and the answers kept for them, say the same words."""
    for (changeset,) in connection.execute(_CHANGESETS, {"h": content}).all():
        connection.execute(
            text("UPDATE draft_decision SET body = :gone, stale = NULL WHERE changeset = :id"),
            {"gone": TOMBSTONE, "id": changeset},
        )
        answers = connection.execute(text("SELECT account, key, body FROM answered")).all()
        for account, key, body in answers:
            if changeset.encode() in bytes(body):
                connection.execute(
                    text("DELETE FROM answered WHERE account = :account AND key = :key"),
                    {"account": account, "key": key},
                )
