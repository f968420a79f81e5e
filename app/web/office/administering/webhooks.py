"""Subscriptions to events, for the administrator: what is owed, what was given up and why; sent again, paused, ended;
their secrets changed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from sqlmodel import Session, col, select

from app import log
from app.auth.accounts import names_of_accounts
from app.auth.models import Account
from app.auth.signing_in import Present
from app.deps import ReadSession, RegistryOf
from app.errors import Invalid, RegistryError
from app.exchange.quality import KINDS
from app.hooks import subscribing
from app.versions.queries import today
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import Form, Visitor, go
from app.web.rendering import gaps
from app.web.subjects import names

router = APIRouter()
Which = Annotated[str, Path(max_length=60)]
SHOWN = 200
"""Deliveries that a page lists, the newest first."""
STATES = {"dead": "已放弃", "owed": "待投递", "done": "已送达", "dropped": "不再公开，未投递"}


@router.get("/office/webhooks")
def list_webhooks(request: Request, session: ReadSession, present: Visitor) -> Response:
    """Those of all accounts in the administrator's scope, the oldest first."""
    held = subscribing.webhooks_of(session, present.actor)
    people = names_of_accounts(session, {one.account_id for one in held})
    locked = _locked(session, {one.account_id for one in held})
    found = [
        {
            **subscribing.described(session, one),
            "whose": people.get(one.account_id, ""),
            "locked": one.account_id in locked,
        }
        for one in held
    ]
    return show(request, session.connection(), present, "administering/webhooks.html", found=gaps(found))


@router.get("/office/webhooks/{webhook}")
def show_webhook(
    request: Request,
    session: ReadSession,
    present: Visitor,
    webhook: Which,
    state: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    return _page(request, session, present, webhook, state=state)


@router.post("/office/webhooks/{webhook}")
def change(request: Request, registry: RegistryOf, present: Visitor, webhook: Which, form: Form) -> Response:
    """``do``: resend, pause, resume, rotate (the answer shows the new secret, this once), end."""
    secret, asked = "", form.get("do")
    try:
        with registry.database.writing() as session:
            match asked:
                case "resend":
                    subscribing.resend(session, present.actor, webhook)
                case "pause" | "resume":
                    subscribing.pause(session, present.actor, webhook, asked == "pause")
                case "rotate":
                    secret = subscribing.rotate(session, present.actor, webhook)
                case "end":
                    subscribing.end(session, present.actor, webhook)
                case _:
                    raise Invalid("没有这样的操作。", code="unknown-move")
            if asked in ("resend", "pause", "resume"):  # the others leave a line of their own
                log.record_access(
                    session.connection(),
                    "webhook-managed",
                    account=present.actor.account,
                    subject=webhook,
                    note=asked,
                )
    except RegistryError as error:
        if error.status == 404:
            raise
        with registry.database.reading() as session:
            return _page(request, session, present, webhook, error=error)
    if secret:
        with registry.database.reading() as session:
            return _page(request, session, present, webhook, secret=secret)
    return go("/office/webhooks" if asked == "end" else f"/office/webhooks/{webhook}")


def _locked(session: Session, accounts: set[int]) -> set[int]:
    """Those of the accounts that are locked: nothing is sent for them."""
    return set(session.exec(select(Account.id).where(col(Account.id).in_(accounts), Account.locked != 0)))  # type: ignore[arg-type]


def _page(
    request: Request,
    session: Session,
    present: Present,
    webhook: str,
    *,
    state: str = "",
    secret: str = "",
    error: RegistryError | None = None,
) -> Response:
    connection = session.connection()
    held = subscribing.find(session, present.actor, webhook)
    known = state if state in STATES else ""
    sent = subscribing.deliveries(session, webhook, known or None, SHOWN)
    told: dict[str, Any] = subscribing.described(session, held)
    about = [one["subject"] or "" for one in sent]
    about += [str(told["wanted"].get(name, "")) for name in ("region", "authority", "subject", "instrument")]
    return show(
        request,
        connection,
        present,
        "administering/webhook.html",
        error=error,
        one=gaps(told),
        whose=names_of_accounts(session, {held.account_id}).get(held.account_id, ""),
        locked=bool(_locked(session, {held.account_id})),
        secret=secret,
        hours=subscribing.GRACE_HOURS,
        sent=gaps(sent),
        kinds=KINDS,
        names=names(connection, about, today()),
        state=known,
        states=STATES,
        most=SHOWN,
    )
