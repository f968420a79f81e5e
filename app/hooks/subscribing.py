"""Subscriptions: made, listed, rotated, paused, ended; dead letters resent."""

from __future__ import annotations

import base64
import secrets
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, text
from sqlmodel import Session, col, select

from app import log
from app.auth.actor import Actor
from app.auth.models import Account
from app.auth.within import accounts_within, holds
from app.canonical import decode, encode
from app.changes.wanted import Wanted
from app.errors import Conflict, Invalid, NotFound, RegistryError
from app.hooks.models import Webhook
from app.hooks.restored import is_restored
from app.hooks.sending import is_inside
from app.places.queries import region_id, subtree
from app.versions.ids import is_id, kind_of
from app.versions.queries import moment, today
from app.versions.visibility import is_public

MOST = 20
"""Subscriptions of one account."""
GRACE_HOURS = 24
"""For so long both secrets sign after a rotation."""
HOUR = 3_600_000_000


def subscribe(
    session: Session,
    actor: Actor,
    url: str,
    wanted: dict[str, Any],
    label: str = "",
    *,
    private: bool = False,
) -> tuple[Webhook, str]:
    """(the subscription, its secret). Events recorded from now on are told. ``private``: receivers may be inside.
    Raises Invalid, Conflict, NotFound."""
    require_receiver(url, private)
    connection = session.connection()
    held = session.exec(select(Webhook).where(Webhook.account_id == actor.account)).all()
    if len(held) >= MOST:
        raise Conflict(f"每个账号最多 {MOST} 个订阅，请先删去不用的。", code="too-many-webhooks")
    wanted = named(connection, wanted)
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


def require_receiver(url: str, private: bool) -> None:
    """Raises Invalid where nothing could ever be sent to this address."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        told = parts.scheme in ("http", "https") and host and not parts.username and not parts.fragment
        sound = bool(told) and port != 0 and url.isprintable() and " " not in url and "\\" not in url
        host.encode("ascii" if ":" in host else "idna")
    except ValueError:  # brackets that are not closed, a port beyond 65535, a label that no name has
        sound, host = False, ""
    if not sound:
        raise Invalid(
            f"“{url[:200]}”不是可以投递的网址，请写成 https://主机/路径，端口在 1 至 65535 之间，不含空白和换行。",
            code="bad-url",
            field="url",
        )
    if not private and is_inside(host):
        raise Invalid(
            f"{host[:200]} 是内部地址，不予投递；请写可以从外部访问的主机。",
            code="inside-address",
            field="url",
        )


_NAMED = {
    "authority": ("authority", "机关"),
    "instrument": ("instrument", "法律法规文件"),
    "subject": (None, "事项或其他登记对象"),
}


def named(connection: Connection, wanted: dict[str, Any]) -> dict[str, Any]:
    """What is wanted, the region by its id: a code may pass to another. Raises NotFound for what is not there, or is
    not public."""
    found = dict(wanted)
    if region := region_id(connection, wanted.get("region"), today()):
        found["region"] = region
    for field, (kind, label) in (*_NAMED.items(), ("region", ("region", "地区"))):
        asked = found.get(field)
        if asked is None:
            continue
        if not (is_id(asked) and kind in (None, kind_of(asked)) and is_public(connection, asked)):
            raise NotFound(
                f"没有编号为“{asked[:60]}”的{label}，请核对后再订阅。", code="unknown-wanted", field=field
            )
        found[field] = asked.lower()
    return found


def fault_of(connection: Connection, webhook: Webhook) -> str | None:
    """Why a subscription cannot be followed any more; none where it can."""
    try:
        resolve(connection, decode(webhook.wanted.encode()))
    except RegistryError as error:
        return error.message
    return None


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
    """An account's own; for one who administers, those of all accounts in scope."""
    query = select(Webhook).order_by(Webhook.created_at)  # type: ignore[arg-type]
    if "administer" not in actor.rights:
        return list(session.exec(query.where(Webhook.account_id == actor.account)))
    within, held = accounts_within(actor, today())
    managed = select(Account.id).where(*(text(one) for one in within))
    return list(session.exec(query.where(col(Webhook.account_id).in_(managed)), params=held))


def find(session: Session, actor: Actor, webhook: str) -> Webhook:
    """Raises NotFound, for another's too."""
    found = session.get(Webhook, webhook)
    if found is None or not _is_managed(session, actor, found):
        raise NotFound(f"没有编号为 {webhook[:60]} 的订阅。", code="unknown-webhook")
    return found


def _is_managed(session: Session, actor: Actor, webhook: Webhook) -> bool:
    if webhook.account_id == actor.account:
        return True
    account = session.get(Account, webhook.account_id)
    if account is None or "administer" not in actor.rights:
        return False
    return holds(session.connection(), actor, account.region, account.authority, today())


def rotate(session: Session, actor: Actor, webhook: str) -> str:
    """A new secret; the one before signs beside it for a day. Raises Conflict while such a day runs: the receiver
    may still go by the secret that a further rotation would drop."""
    found = find(session, actor, webhook)
    if found.earlier_secret and (found.earlier_until or 0) > log.now_microseconds():
        raise Conflict(
            f"上一次更换密钥后的 {GRACE_HOURS} 小时尚未过完，旧密钥仍在并用；请在其后再更换，或删去订阅重新建立。",
            code="rotation-running",
            until=moment(found.earlier_until or 0),
        )
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
        "fault": fault_of(session.connection(), webhook),
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
            "type": "restored" if is_restored(row[0]) else "change",
            "event": None if is_restored(row[0]) else row[0],
            "subject": row[1] or None,
            "state": row[2],
            "attempts": row[3],
            "next_at": moment(row[4]) if row[2] == "owed" else None,
            "done_at": moment(row[5]) if row[5] else None,
            "status": row[6],
            "error": row[7],
        }
        for row in rows
    ]
