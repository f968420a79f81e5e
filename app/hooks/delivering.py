"""Telling webhooks: what was recorded becomes deliveries, deliveries are sent until they are taken.

Publishing knows nothing of it: a subscription follows the feed by its seq. One process on a data directory delivers
(``courier``).
"""

from __future__ import annotations

import http.client
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, text
from sqlmodel import select

from app import log
from app.changes.feed import events
from app.db import Database, among
from app.errors import RegistryError
from app.hooks import restored
from app.hooks.models import Webhook
from app.hooks.sending import Refused, send, signatures
from app.hooks.subscribing import resolve

logger = logging.getLogger(__name__)

SECOND = 1_000_000


BACK_OFF = (5, 30, 120, 600, 1800, 3600, 10800, 21600, 43200, 86400)
"""Seconds until the next attempt, by how many have failed; after the last a letter is dead: three days on."""
PAGE = 500
AT_ONCE = 64
"""Deliveries of one look that are kept in hand."""
KEPT_DAYS = 30
"""Days that what was taken stays to be seen."""

_LIVE = (
    "FROM webhook_delivery d JOIN webhook w ON w.id = d.webhook JOIN account a ON a.id = w.account_id"
    " WHERE d.state = 'owed' AND w.paused_at IS NULL AND a.locked = 0"
)
"""What is sent: nothing for a pause, nor for an account that is locked."""
_DUE = (
    f"SELECT d.id, d.webhook, d.event, d.attempts {_LIVE} AND d.next_at <= :now AND d.webhook NOT IN :busy"
    " AND NOT EXISTS (SELECT 1 FROM webhook_delivery e WHERE e.webhook = d.webhook AND e.event < d.event"
    "  AND (e.subject_id = d.subject_id OR e.event < 0) AND e.state = 'owed') ORDER BY d.event LIMIT :limit"
)
"""Of each subject the first that is owed: a later event waits until the one before is taken, or dead; and all wait
for the letter that tells of a restore (``restored.is_restored``)."""
_COVERING = text("SELECT hash FROM log_entry WHERE seq > :event ORDER BY seq LIMIT 1")
_STILL = text(f"SELECT w.url, w.secret, w.earlier_secret, w.earlier_until {_LIVE} AND d.id = :id")


class Owed(NamedTuple):
    """A delivery that is due; it is made up when it is sent."""

    delivery: int
    webhook: str
    event: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Letter:
    """A delivery made up, to be sent: ``message`` is its name; no ``body`` where the event is no longer to be told."""

    delivery: int
    webhook: str
    message: str
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
    timed_out: bool = False


def follow(database: Database) -> int:
    """Make deliveries of what was recorded since the subscriptions last looked. Returns how many."""
    made = 0
    _notice_restored(database)
    with database.reading() as session:
        head = log.head(session.connection()).seq
        behind = [one.id for one in session.exec(select(Webhook).where(Webhook.followed < head))]
    for webhook in behind:
        try:
            while (found := _follow_one(database, webhook, head)) is not None:
                made += found
        except RegistryError as fault:  # what it names is gone: its owner is told, the others go on
            logger.warning("webhook %s cannot be followed: %s", webhook, fault.message)
    return made


def _notice_restored(database: Database) -> None:
    """A subscription past the head would wait in silence, and then miss what comes under the seqs it has seen."""
    with database.reading() as session:
        beyond = restored.past_the_head(session.connection())
    if beyond:
        with database.writing() as session:
            connection = session.connection()
            restored.tell_restored(connection, restored.past_the_head(connection))
        logger.warning("the log was restored from a backup: webhooks %s are told", ", ".join(beyond))


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


def due(connection: Connection, busy: Iterable[str] = (), limit: int = AT_ONCE) -> list[Owed]:
    """Deliveries to take up now, of other webhooks than these."""
    rows = connection.execute(
        among(_DUE, "busy"), {"now": log.now_microseconds(), "limit": limit, "busy": list(busy)}
    )
    return [Owed(*row) for row in rows]


def made_up(connection: Connection, owed: Owed) -> Letter | None:
    """The letter, made up of what may be told now; none where it is no longer to be sent."""
    row = connection.execute(_STILL, {"id": owed.delivery}).first()
    if row is None:
        return None
    url, secret, earlier, until = row
    keys = (secret, earlier) if earlier and (until or 0) > log.now_microseconds() else (secret,)
    message, said = _said(connection, owed)
    body = orjson.dumps(said) if said else None
    return Letter(owed.delivery, owed.webhook, message, owed.attempts, url, keys, body)


def _said(connection: Connection, owed: Owed) -> tuple[str, dict[str, Any] | None]:
    """The letter's name for its receiver, and what it says. The name holds the hash of the entry that covers the event:
    after a restore the same seq is another event, which must not be taken for one that came before."""
    if restored.is_restored(owed.event):
        return f"{owed.webhook}.restored.{-owed.event}", restored.letter(connection, owed.webhook)
    entry = connection.execute(_COVERING, {"event": owed.event}).scalar() or ""
    told, _ = events(connection, owed.event - 1, 1, head=owed.event)
    said = {"type": "change", "webhook": owed.webhook, "data": told[0]} if told else None
    return f"{owed.webhook}.{owed.event}.{entry[:8]}", said


def deliver(letter: Letter, private: bool) -> Sent:
    """Send one. Never raises."""
    if letter.body is None:
        return Sent(letter, None, None)
    message, timestamp = letter.message, log.now_microseconds() // SECOND
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
    except TimeoutError:
        return Sent(letter, None, "没有送达：接收方没有按时答复", timed_out=True)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Sent(letter, None, f"没有送达：{type(error).__name__} {error}"[:300])
    return Sent(letter, answer.status, None if answer.taken else _refusal(answer.status))


def _refusal(status: int) -> str:
    if 300 <= status < 400:
        return f"接收方答复 {status}，转往别的网址；投递不跟随转向，请用最终的网址订阅"
    return f"接收方答复 {status}"


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
