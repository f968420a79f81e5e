"""Issuing an edition: numbered, signed, written to the chained log with what it froze."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from sqlmodel import Session

from app import log
from app.auth.actor import Actor
from app.canonical import digest
from app.changes import kinds
from app.db import fetch, lock_publishing
from app.errors import Conflict
from app.lists import signing
from app.lists.composing import signed
from app.lists.models import EditionDraft
from app.lists.preparing import (
    compose_now,
    hash_of,
    held,
    move,
    person_of,
    require_scope,
    require_state,
    selection_of,
)
from app.lists.signing import Signer
from app.versions.orders import Order, Receipt
from app.versions.recording import record


def stands(connection: Connection, draft: EditionDraft) -> tuple[int, bool]:
    """(log seq, whether the list is still as it was prepared): to be worked out before the lock is taken."""
    seq = log.head(connection).seq
    return seq, compose_now(
        connection, selection_of(draft.kind, draft.owner, draft.on_day)
    ).hash == draft.content


def issue(
    session: Session, actor: Actor, edition: str, signer: Signer, checked: tuple[int, bool] | None = None
) -> Receipt:
    """Publish an approved edition. ``checked`` is what ``stands`` said; where the log has moved since, or without
    it, the list is worked out again under the lock.

    Raises Conflict where the registry no longer says what was approved, or the key was retired.
    """
    actor.require("publish")
    person_of(session, actor)
    connection = session.connection()
    lock_publishing(connection)
    draft = held(session, edition)  # not before: it may be withdrawn, or issued, while one waits for the lock
    require_state(draft, "签发", "approved")
    require_scope(connection, actor, draft.owner, draft.on_day)
    if draft.approved != hash_of(draft):
        raise Conflict("批准之后清单有改动，请重新准备。", code="approval-stale")
    if checked is None or checked[0] != log.head(connection).seq:
        checked = stands(connection, draft)
    if not checked[1]:
        raise Conflict(
            "清单准备之后，登记簿又有变化，批准的内容与现在不一致。请撤回这一份，重新准备。",
            code="list-moved",
        )
    receipt = record(connection, _order(connection, actor, draft, signer), kinds.describe)
    move(session, actor, draft, "issued")
    return receipt


def _order(connection: Connection, actor: Actor, draft: EditionDraft, signer: Signer) -> Order:
    before = fetch(
        connection,
        "SELECT id, number FROM edition WHERE kind = ? AND owner = ? ORDER BY number DESC LIMIT 1",
        (draft.kind, draft.owner),
    )
    head = draft.head.encode()
    values: dict[str, Any] = {
        "id": draft.id,
        "kind": draft.kind,
        "owner": draft.owner,
        "on_day": draft.on_day,
        "number": before[0][1] + 1 if before else 1,
        "content": draft.content,
        "statement": digest(head),
        "previous": before[0][0] if before else None,
        "key": signer.id,
    }
    row = ("edition", (*values.values(), signer.sign(signed(values))))
    return Order(
        kind="edition",
        author=draft.author,
        reviewer=draft.reviewer,
        publisher=actor.account,
        approved=draft.approved,
        rows=[*signing.key_rows(connection, signer), row],
        documents=[head],
    )
