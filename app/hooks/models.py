"""Subscriptions and deliveries: ordinary rows."""

from __future__ import annotations

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.db import Ascii, Big


class Webhook(SQLModel, table=True):
    """A subscription of an account. ``followed``: events up to this seq have been looked at; seqs are given inside
    the publishing lock, so none of a lower one comes later."""

    __tablename__ = "webhook"
    id: str = Field(primary_key=True, sa_type=Ascii)
    account_id: int = Field(foreign_key="account.id", index=True)
    url: str = Field(description="where to POST")
    label: str = ""
    wanted: str = Field(default="{}", description="canonical JSON: region, authority, ... as asked")
    secret: str = Field(
        sa_type=Ascii, description="signs; needed in the clear, so shown once and never again"
    )
    earlier_secret: str | None = Field(default=None, sa_type=Ascii)
    earlier_until: int | None = Field(default=None, sa_type=Big, description="signs beside until this moment")
    followed: int = Field(sa_type=Big)
    paused_at: int | None = Field(default=None, sa_type=Big)
    created_at: int = Field(sa_type=Big)


class Delivery(SQLModel, table=True):
    """An event owed to a webhook, by its seq; never its words, which may be redacted before they leave."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("webhook", "event"),
        Index("ix_webhook_delivery_due", "state", "next_at"),
        Index("ix_webhook_delivery_subject", "webhook", "subject_id", "event"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Big)
    webhook: str = Field(sa_type=Ascii, foreign_key="webhook.id")
    event: int = Field(sa_type=Big, description="seq of the event")
    subject_id: str = Field(sa_type=Ascii)
    state: str = Field(
        default="owed", sa_type=Ascii, description="owed, done, dead, dropped (no longer public)"
    )
    attempts: int = 0
    next_at: int = Field(sa_type=Big)
    done_at: int | None = Field(default=None, sa_type=Big)
    status: int | None = Field(default=None, description="the receiver's last HTTP status")
    error: str | None = Field(default=None, description="why the last attempt failed")
