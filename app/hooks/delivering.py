"""Telling webhooks: what was recorded becomes deliveries, deliveries are sent until they are taken.

Publishing knows nothing of it: a subscription follows the feed by its seq. One process on a data directory delivers.
"""

from __future__ import annotations

import http.client
import logging
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
from sqlalchemy import Connection, text
from sqlmodel import select

from app import log
from app.changes.feed import events
from app.db import Database
from app.hooks.models import Webhook
from app.hooks.sending import Refused, send, signatures
from app.hooks.subscribing import resolve

logger = logging.getLogger(__name__)

SECOND = 1_000_000


class Turn(Protocol):
    """The right to deliver, which one process has at a time."""

    def taken(self) -> bool: ...

    def give_back(self) -> None: ...


BACK_OFF = (5, 30, 120, 600, 1800, 3600, 10800, 21600, 43200, 86400)
"""Seconds until the next attempt, by how many have failed; after the last a letter is dead: three days on."""
PAGE = 500
AT_ONCE = 64
"""Deliveries taken up together."""
SENDERS = 8
KEPT_DAYS = 30
"""Days that what was taken stays to be seen."""

_DUE = text(
    "SELECT d.id, d.webhook, d.event, d.attempts FROM webhook_delivery d JOIN webhook w ON w.id = d.webhook"
    " WHERE d.state = 'owed' AND d.next_at <= :now AND w.paused_at IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM webhook_delivery e WHERE e.webhook = d.webhook AND e.subject_id = d.subject_id"
    "  AND e.event < d.event AND e.state = 'owed') ORDER BY d.event LIMIT :limit"
)
"""Of each subject the first that is owed: a later event waits until the one before is taken, or dead."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A delivery made up, to be sent; ``body`` none where the event is no longer to be told."""

    delivery: int
    webhook: str
    event: int
    attempts: int
    url: str
    secrets: tuple[str, ...]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of it."""

    letter: Letter
    status: int | None
    error: str | None


def follow(database: Database) -> int:
    """Make deliveries of what was recorded since the subscriptions last looked. Returns how many."""
    made = 0
    with database.reading() as session:
        head = log.head(session.connection()).seq
        behind = [one.id for one in session.exec(select(Webhook).where(Webhook.followed < head))]
    for webhook in behind:
        while (found := _follow_one(database, webhook, head)) is not None:
            made += found
    return made


def _follow_one(database: Database, webhook: str, head: int) -> int | None:
    """A page of one subscription's events, with the place it reaches; None where it has reached the head."""
    with database.reading() as session:
        hook = session.get(Webhook, webhook)
        if hook is None or hook.followed >= head:
            return None
        connection = session.connection()
        found, following = events(
            connection, hook.followed, PAGE, resolve(connection, orjson.loads(hook.wanted)), head=head
        )
        before, reached = hook.followed, head if following is None else following
    with database.writing() as session:
        connection = session.connection()
        moved = connection.execute(
            text("UPDATE webhook SET followed = :reached WHERE id = :id AND followed = :before"),
            {"reached": reached, "id": webhook, "before": before},
        )
        if moved.rowcount and found:
            now = log.now_microseconds()
            connection.execute(
                text(
                    "INSERT INTO webhook_delivery (webhook, event, subject_id, state, attempts, next_at)"
                    " VALUES (:webhook, :event, :subject, 'owed', 0, :now) ON CONFLICT (webhook, event) DO NOTHING"
                ),
                [
                    {"webhook": webhook, "event": one["seq"], "subject": one["subject"], "now": now}
                    for one in found
                ],
            )
    return len(found)


def due(connection: Connection, limit: int = AT_ONCE) -> list[Letter]:
    """Letters to send now, made up of what may be told now."""
    rows = connection.execute(_DUE, {"now": log.now_microseconds(), "limit": limit}).all()
    hooks: dict[str, Any] = {}
    letters = []
    for delivery, webhook, event, attempts in rows:
        if webhook not in hooks:
            hooks[webhook] = connection.execute(
                text("SELECT url, secret, earlier_secret, earlier_until FROM webhook WHERE id = :id"),
                {"id": webhook},
            ).one()
        url, secret, earlier, until = hooks[webhook]
        keys = (secret, earlier) if earlier and (until or 0) > log.now_microseconds() else (secret,)
        told, _ = events(connection, event - 1, 1, head=event)
        body = orjson.dumps({"type": "change", "webhook": webhook, "data": told[0]}) if told else None
        letters.append(Letter(delivery, webhook, event, attempts, url, keys, body))
    return letters


def deliver(letter: Letter, private: bool) -> Sent:
    """Send one. Never raises."""
    if letter.body is None:
        return Sent(letter, None, None)
    message, timestamp = f"{letter.webhook}.{letter.event}", log.now_microseconds() // SECOND
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "qingdan",
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signatures(letter.secrets, message, timestamp, letter.body),
    }
    try:
        answer = send(letter.url, letter.body, headers, private=private)
    except Refused as refusal:
        return Sent(letter, None, str(refusal))
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Sent(letter, None, f"没有送达：{type(error).__name__} {error}"[:300])
    return Sent(letter, answer.status, None if answer.taken else f"接收方答复 {answer.status}")


def settle(database: Database, sent: Sequence[Sent]) -> None:
    """Write down what came of it: taken, to be tried again, or dead."""
    now = log.now_microseconds()
    with database.writing() as session:
        connection = session.connection()
        for one in sent:
            attempts = one.letter.attempts + 1
            state, wait = "done", 0
            if one.error is not None:
                state = "owed" if attempts <= len(BACK_OFF) else "dead"
                wait = BACK_OFF[min(attempts, len(BACK_OFF)) - 1]
            elif one.letter.body is None:
                state = "dropped"
            connection.execute(
                text(
                    "UPDATE webhook_delivery SET state = :state, attempts = :attempts, next_at = :next,"
                    " done_at = :done, status = :status, error = :error WHERE id = :id"
                ),
                {
                    "state": state,
                    "attempts": attempts,
                    "next": now + wait * SECOND,
                    "done": now if one.error is None else None,
                    "status": one.status,
                    "error": one.error,
                    "id": one.letter.delivery,
                },
            )


def forget(database: Database) -> None:
    """What was taken long ago."""
    with database.writing() as session:
        session.connection().execute(
            text("DELETE FROM webhook_delivery WHERE state IN ('done', 'dropped') AND done_at < :limit"),
            {"limit": log.now_microseconds() - KEPT_DAYS * 86_400 * SECOND},
        )


class Deliverer:
    """Delivers in a thread of its own until it is stopped, while it holds the turn."""

    def __init__(
        self, database: Database, *, private: bool = False, every: float = 0.2, turn: Turn | None = None
    ) -> None:
        self.database, self.private, self.every, self.turn = database, private, every, turn
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.run, name="webhooks", daemon=True)
        self._pool: ThreadPoolExecutor | None = None
        self._looked = -1
        self._rounds = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=15)
        if self._pool:
            self._pool.shutdown(wait=False, cancel_futures=True)
        if self.turn:
            self.turn.give_back()

    def run(self) -> None:
        pause = self.every
        while not self._stop.wait(pause):
            pause = self.every
            try:
                if self.turn and not self.turn.taken():
                    pause = 1.0
                    continue
                self.round()
            except Exception:
                pause = min(max(pause, 1.0) * 2, 30.0)
                logger.exception("webhooks are not delivered, trying again in %.0f s", pause)

    def round(self) -> int:
        """Follow the log, then send all that is due. Returns how many letters were sent."""
        with self.database.reading() as session:
            connection = session.connection()
            head = log.head(connection).seq
            any_hook = connection.execute(text("SELECT 1 FROM webhook LIMIT 1")).first()
        if any_hook is None:
            return 0
        if head != self._looked:
            follow(self.database)
            self._looked = head
        count = 0
        while not self._stop.is_set():
            with self.database.reading() as session:
                letters = due(session.connection())
            if not letters:
                break
            self._pool = self._pool or ThreadPoolExecutor(SENDERS, thread_name_prefix="webhook")
            settle(self.database, list(self._pool.map(lambda one: deliver(one, self.private), letters)))
            count += len(letters)
        self._rounds += 1
        if self._rounds % 20_000 == 1:
            forget(self.database)
        return count
