"""Subscriptions: made, listed, rotated, paused, ended; dead letters resent."""

from __future__ import annotations

import base64
import secrets
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, text
from sqlmodel import Session, select

from app import log
from app.auth.actor import Actor
from app.canonical import decode, encode
from app.changes.feed import Wanted
from app.errors import Conflict, Invalid, NotFound
from app.hooks.models import Webhook
from app.places.queries import region_id, subtree
from app.versions.queries import moment, today

MOST = 20
"""Subscriptions of one account."""
GRACE_HOURS = 24
"""For so long both secrets sign after a rotation."""
HOUR = 3_600_000_000


def subscribe(
    session: Session, actor: Actor, url: str, wanted: dict[str, Any], label: str = ""
) -> tuple[Webhook, str]:
    """(the subscription, its secret). Events recorded from now on are told. Raises Invalid, Conflict, NotFound."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.fragment:
        raise Invalid(
            f"“{url[:200]}”不是可以投递的网址，请写成 https://主机/路径。", code="bad-url", field="url"
        )
    connection = session.connection()
    held = session.exec(select(Webhook).where(Webhook.account_id == actor.account)).all()
    if len(held) >= MOST:
        raise Conflict(f"每个账号最多 {MOST} 个订阅，请先删去不用的。", code="too-many-webhooks")
    resolve(connection, wanted)  # what it names must be there
    secret = new_secret()
    made = Webhook(
        id="whk_" + secrets.token_hex(8),
        account_id=actor.account or 0,
        url=url,
        label=label,
        wanted=encode(wanted).decode(),
        secret=secret,
        followed=log.head(connection).seq,
        created_at=log.now_microseconds(),
    )
    session.add(made)
    session.flush()
    log.record_access(connection, "webhook-added", account=actor.account, subject=made.id, note=url[:300])
    return made, secret


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def resolve(connection: Connection, wanted: dict[str, Any]) -> Wanted:
    """What a subscription wants, regions with all below them as of today. Raises NotFound for an unknown region."""
    day = today()
    region = region_id(connection, wanted.get("region"), day)
    return Wanted(
        subject=wanted.get("subject"),
        authority=wanted.get("authority"),
        instrument=wanted.get("instrument"),
        regions=tuple(subtree(connection, region, day) or [region]) if region else (),
        kinds=tuple(wanted.get("kinds", ())),
        types=tuple(wanted.get("events", ())),
        planned=bool(wanted.get("planned")),
    )


def webhooks_of(session: Session, actor: Actor) -> list[Webhook]:
    """An account's own; all of them for one who administers."""
    query = select(Webhook).order_by(Webhook.created_at)  # type: ignore[arg-type]
    if "administer" not in actor.rights:
        query = query.where(Webhook.account_id == actor.account)
    return list(session.exec(query))


def find(session: Session, actor: Actor, webhook: str) -> Webhook:
    """Raises NotFound, for another's too."""
    found = session.get(Webhook, webhook)
    if found is None or (found.account_id != actor.account and "administer" not in actor.rights):
        raise NotFound(f"没有编号为 {webhook[:60]} 的订阅。", code="unknown-webhook")
    return found


def rotate(session: Session, actor: Actor, webhook: str) -> str:
    """A new secret; the one before signs beside it for a day."""
    found = find(session, actor, webhook)
    found.earlier_secret = found.secret
    found.earlier_until = log.now_microseconds() + GRACE_HOURS * HOUR
    found.secret = new_secret()
    session.add(found)
    log.record_access(session.connection(), "webhook-rotated", account=actor.account, subject=webhook)
    return found.secret


def pause(session: Session, actor: Actor, webhook: str, paused: bool) -> Webhook:
    """While paused nothing is sent; what is recorded meanwhile is owed and sent afterwards."""
    found = find(session, actor, webhook)
    found.paused_at = log.now_microseconds() if paused else None
    session.add(found)
    return found


def end(session: Session, actor: Actor, webhook: str) -> None:
    found = find(session, actor, webhook)
    connection = session.connection()
    connection.execute(text("DELETE FROM webhook_delivery WHERE webhook = :id"), {"id": webhook})
    session.delete(found)
    log.record_access(connection, "webhook-ended", account=actor.account, subject=webhook)


def resend(session: Session, actor: Actor, webhook: str, since: int | None = None) -> int:
    """Owe dead letters again; with ``since``, whatever was recorded after that seq and is known here. Returns how
    many."""
    find(session, actor, webhook)
    which = "state = 'dead'" if since is None else "state IN ('dead', 'done') AND event > :since"
    asked = {"id": webhook, "now": log.now_microseconds(), "since": since}
    return (
        session.connection()
        .execute(
            text(
                "UPDATE webhook_delivery SET state = 'owed', attempts = 0, next_at = :now"
                f" WHERE webhook = :id AND {which}"
            ),
            {name: value for name, value in asked.items() if name != "since" or since is not None},
        )
        .rowcount
    )


def described(session: Session, webhook: Webhook) -> dict[str, Any]:
    """As the API answers it: never with the secret."""
    counts = session.connection().execute(
        text("SELECT state, count(*), max(done_at) FROM webhook_delivery WHERE webhook = :id GROUP BY state"),
        {"id": webhook.id},
    )
    by_state = {row[0]: (row[1], row[2]) for row in counts}
    last = by_state.get("done", (0, None))[1]
    return {
        "id": webhook.id,
        "url": webhook.url,
        "label": webhook.label,
        "wanted": decode(webhook.wanted.encode()),
        "followed": webhook.followed,
        "paused": webhook.paused_at is not None,
        "created_at": moment(webhook.created_at),
        "last_delivered_at": moment(last) if last else None,
        "owed": by_state.get("owed", (0,))[0],
        "dead": by_state.get("dead", (0,))[0],
    }


def deliveries(session: Session, webhook: str, state: str | None, limit: int) -> list[dict[str, Any]]:
    """Deliveries of a webhook, the newest first."""
    within = " AND state = :state" if state else ""
    asked = {"id": webhook, "limit": limit} | ({"state": state} if state else {})
    rows = session.connection().execute(
        text(
            "SELECT event, subject_id, state, attempts, next_at, done_at, status, error FROM webhook_delivery"
            f" WHERE webhook = :id{within} ORDER BY event DESC LIMIT :limit"
        ),
        asked,
    )
    return [
        {
            "event": row[0],
            "subject": row[1],
            "state": row[2],
            "attempts": row[3],
            "next_at": moment(row[4]) if row[2] == "owed" else None,
            "done_at": moment(row[5]) if row[5] else None,
            "status": row[6],
            "error": row[7],
        }
        for row in rows
    ]
