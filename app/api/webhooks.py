"""Webhooks: an account's subscriptions, their deliveries, dead letters resent."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.events import refuse_strange
from app.api.once import IdempotencyKey, answer_once
from app.api.shapes import answer_value
from app.auth.actor import Actor
from app.changes.wanted import KINDS, TYPES
from app.deps import ActorOf, ReadSession, RegistryOf, TokenFirst, WriteSession
from app.hooks import subscribing
from app.versions.shapes import Body

router = APIRouter(tags=["webhooks"], route_class=TokenFirst)
HookPath = Annotated[str, Path(description="id of the subscription", max_length=60)]


def writer(actor: ActorOf) -> Actor:
    """Who writes subscriptions: no right is asked for, but a key that only reads may not."""
    actor.require_writing()
    return actor


WriterOf = Annotated[Actor, Depends(writer)]
STATES = ("owed", "done", "dead", "dropped")


class WantedShape(BaseModel):
    """Which events: each that is given must hold; none: every public event."""

    model_config = ConfigDict(extra="forbid")
    region: str | None = Field(None, max_length=60, description="region id or code; with all below it")
    authority: str | None = Field(None, max_length=60, description="authority id")
    subject: str | None = Field(None, max_length=60, description="one item, or whatever else, by registry id")
    instrument: str | None = Field(
        None, max_length=60, description="instrument id: what rests or rested on it"
    )
    kinds: list[str] | None = Field(None, max_length=10, description="item, entry, authority, instrument ...")
    events: list[str] | None = Field(
        None, max_length=40, description="adjust, cancel, devolve, void, redact ..."
    )
    planned: bool | None = Field(None, description="true: only what is still to come when it is recorded")


class WebhookInput(Body):
    """A subscription to be."""

    model_config = ConfigDict(extra="forbid")
    url: str = Field(min_length=1, max_length=1000, description="where to POST the events: https://...")
    label: str = Field("", max_length=200, description="what it is for")
    wanted: WantedShape = Field(default_factory=WantedShape, description="which events")


class WebhookShape(BaseModel):
    id: str = Field(description="id of the subscription")
    url: str = Field(description="where events are posted")
    label: str = Field(description="what it is for")
    wanted: WantedShape = Field(description="which events")
    followed: int = Field(description="events up to this seq have been looked at")
    fault: str | None = Field(
        None, description="why it is not followed: what it names is gone, in Chinese; none where it is"
    )
    paused: bool = Field(description="true: nothing is sent, what is recorded is owed")
    created_at: str = Field(description="when it was made")
    last_delivered_at: str | None = Field(description="when the receiver last took something")
    owed: int = Field(description="events waiting to be sent or tried again")
    dead: int = Field(description="events given up after three days; see `resend`")


class NewWebhookShape(WebhookShape):
    secret: str = Field(description="signs every delivery; shown this once")


class WebhooksShape(BaseModel):
    webhooks: list[WebhookShape] = Field(description="one's own, the oldest first; all, for an administrator")


class SecretShape(BaseModel):
    secret: str = Field(description="the new secret; shown this once")
    grace_hours: int = Field(description="for so long the one before signs beside it")


class ResentShape(BaseModel):
    owed: int = Field(description="deliveries that are owed again")


class DeliveryShape(BaseModel):
    type: str = Field(description="change: an event; restored: that the registry was restored from a backup")
    event: int | None = Field(description="seq of the event; none of a restored")
    subject: str | None = Field(description="registry id of what it is about; none of a restored")
    state: str = Field(description="owed, done, dead, dropped (no longer public when it was to be sent)")
    attempts: int = Field(description="how often it was tried")
    next_at: str | None = Field(description="owed: when it is tried next")
    done_at: str | None = Field(description="when it was taken")
    status: int | None = Field(description="the receiver's last HTTP status")
    error: str | None = Field(description="why the last attempt failed, in Chinese")


class DeliveriesShape(BaseModel):
    deliveries: list[DeliveryShape] = Field(description="the newest first")


@router.get("/webhooks", response_model=None, responses={200: {"model": WebhooksShape}})
def list_webhooks(request: Request, session: ReadSession, actor: ActorOf) -> Response:
    """The account's subscriptions."""
    found = [subscribing.described(session, one) for one in subscribing.webhooks_of(session, actor)]
    return answer_value(request, {"webhooks": found}, private=True)


@router.post("/webhooks", response_model=None, status_code=201, responses={201: {"model": NewWebhookShape}})
def subscribe(
    request: Request,
    session: WriteSession,
    registry: RegistryOf,
    actor: WriterOf,
    asked: WebhookInput,
    key: IdempotencyKey = None,
) -> Response:
    """Subscribe to events recorded from now on. Each is a POST of `{"type": "change", "webhook", "data": event}`,
    signed as Standard Webhooks has it; of one subject they come in order, each until it is taken. After a restore from
    a backup `{"type": "restored", "webhook", "data": {"seq", "hash", "sentence"}}` comes first."""
    wanted = asked.wanted.model_dump(exclude_none=True)
    refuse_strange("kind", tuple(wanted.get("kinds", ())), KINDS)
    refuse_strange("event", tuple(wanted.get("events", ())), TYPES)

    def work() -> Any:
        private = registry.settings.webhooks_private
        made, secret = subscribing.subscribe(session, actor, asked.url, wanted, asked.label, private=private)
        return subscribing.described(session, made) | {"secret": secret}

    return answer_once(request, session, actor, key, asked.model_dump(mode="json"), work, 201)


@router.get("/webhooks/{webhook}", response_model=None, responses={200: {"model": WebhookShape}})
def get_webhook(request: Request, session: ReadSession, actor: ActorOf, webhook: HookPath) -> Response:
    """One subscription, with how much is owed and dead."""
    found = subscribing.described(session, subscribing.find(session, actor, webhook))
    return answer_value(request, found, private=True)


@router.delete("/webhooks/{webhook}", response_model=None, status_code=204)
def end_webhook(session: WriteSession, actor: WriterOf, webhook: HookPath) -> Response:
    """End a subscription, with all that is owed to it."""
    subscribing.end(session, actor, webhook)
    return Response(status_code=204)


@router.get(
    "/webhooks/{webhook}/deliveries", response_model=None, responses={200: {"model": DeliveriesShape}}
)
def list_deliveries(
    request: Request,
    session: ReadSession,
    actor: ActorOf,
    webhook: HookPath,
    state: Annotated[str | None, Query(description="owed, done, dead, dropped; default all")] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="rows")] = 100,
) -> Response:
    """What was sent, what is owed, what was given up."""
    refuse_strange("state", (state,) if state else (), STATES)
    subscribing.find(session, actor, webhook)
    found = subscribing.deliveries(session, webhook, state, limit)
    return answer_value(request, {"deliveries": found}, private=True)


@router.post("/webhooks/{webhook}/resend", response_model=None, responses={200: {"model": ResentShape}})
def resend(
    request: Request,
    session: WriteSession,
    actor: WriterOf,
    webhook: HookPath,
    since: Annotated[
        int | None,
        Query(ge=0, le=2**62, description="also what was taken, recorded after this seq; default: the dead"),
    ] = None,
    key: IdempotencyKey = None,
) -> Response:
    """Owe dead letters again, or everything since a seq."""
    work = lambda: {"owed": subscribing.resend(session, actor, webhook, since)}  # noqa: E731
    return answer_once(request, session, actor, key, None, work)


@router.post("/webhooks/{webhook}/rotate", response_model=None, responses={200: {"model": SecretShape}})
def rotate(
    request: Request, session: WriteSession, actor: WriterOf, webhook: HookPath, key: IdempotencyKey = None
) -> Response:
    """A new secret. For a day both sign, so that the receiver may change over in its own time; until it is over
    there is no further rotation."""

    def work() -> Any:
        secret = subscribing.rotate(session, actor, webhook)
        return {"secret": secret, "grace_hours": subscribing.GRACE_HOURS}

    return answer_once(request, session, actor, key, None, work)


@router.post("/webhooks/{webhook}/pause", response_model=None, responses={200: {"model": WebhookShape}})
def pause(
    request: Request, session: WriteSession, actor: WriterOf, webhook: HookPath, key: IdempotencyKey = None
) -> Response:
    """Send nothing for now; what is recorded meanwhile is owed."""
    work = lambda: subscribing.described(session, subscribing.pause(session, actor, webhook, True))  # noqa: E731
    return answer_once(request, session, actor, key, None, work)


@router.post("/webhooks/{webhook}/resume", response_model=None, responses={200: {"model": WebhookShape}})
def resume(
    request: Request, session: WriteSession, actor: WriterOf, webhook: HookPath, key: IdempotencyKey = None
) -> Response:
    """Send again, beginning with what is owed."""
    work = lambda: subscribing.described(session, subscribing.pause(session, actor, webhook, False))  # noqa: E731
    return answer_once(request, session, actor, key, None, work)
