"""After a restore from a backup the log goes on from an earlier entry: seqs are given again, to other events. Whoever
subscribed is told so before anything else, and events that the log no longer has are owed no more."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from app import log


def tell_restored(connection: Connection, webhooks: list[str] | None = None) -> int:
    """Owe every subscription (or these) a letter of its own kind (``is_restored``) and let it follow from the head at
    the latest. Returns how many."""
    head, now = log.head(connection), log.now_microseconds()
    if webhooks is None:
        webhooks = [row[0] for row in connection.execute(text("SELECT id FROM webhook"))]
    asked = [{"webhook": one, "seq": head.seq, "now": now, "letter": -now} for one in webhooks]
    if asked:
        for statement in (_NO_LONGER, _FROM_THE_HEAD, _LETTER):
            connection.execute(statement, asked)
    return len(asked)


_NO_LONGER = text("DELETE FROM webhook_delivery WHERE webhook = :webhook AND event > :seq")
_FROM_THE_HEAD = text("UPDATE webhook SET followed = :seq WHERE id = :webhook AND followed > :seq")
_LETTER = text(
    "INSERT INTO webhook_delivery (webhook, event, subject_id, state, attempts, next_at)"
    " VALUES (:webhook, :letter, '', 'owed', 0, :now) ON CONFLICT (webhook, event) DO NOTHING"
)


def past_the_head(connection: Connection) -> list[str]:
    """Subscriptions that have followed events which the log does not have."""
    rows = connection.execute(
        text("SELECT id FROM webhook WHERE followed > :seq"), {"seq": log.head(connection).seq}
    )
    return [row[0] for row in rows]


def is_restored(event: int) -> bool:
    """Whether a delivery is such a letter: its ``event`` is no seq, but the moment of the restore below zero."""
    return event < 0


def letter(connection: Connection, webhook: str) -> dict[str, Any]:
    """What it says: the head from which the log goes on, for a copy to begin anew."""
    head = log.head(connection)
    said = f"登记簿已从备份恢复，日志现到 {head.seq}；此后的序号会另有所指，请重新取全部导出。"
    data = {"seq": head.seq, "hash": head.hash, "sentence": said}
    return {"type": "restored", "webhook": webhook, "data": data}
