"""Which accounts lie within another's scope: whoever manages or audits the accounts of one place or organ has to do
with no other's, and gives no scope that is wider than the own."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from app.auth.actor import Actor
from app.auth.models import Account
from app.errors import Forbidden
from app.places.queries import BELOW, ancestors


def holds(connection: Connection, actor: Actor, region: str | None, authority: str | None, day: str) -> bool:
    """Whether nothing that a scope (region, authority) covers on the day is beyond the actor's. An organ alone lies
    within no region, since it may hold items elsewhere: who manages a region binds its accounts to both."""
    path = frozenset(ancestors(connection, region, day)) if region else frozenset()
    return actor.covers(authority, path)


def require_account(connection: Connection, actor: Actor, account: Account, day: str) -> None:
    """Raises Forbidden for an account that reaches past the actor's scope."""
    if not holds(connection, actor, account.region, account.authority, day):
        raise Forbidden(
            f"{account.id} 号账号的管理范围超出账号“{actor.name}”的管理范围，请由管理范围更大的管理员办理。",
            code="out-of-scope",
        )


def require_scope(
    connection: Connection, actor: Actor, region: str | None, authority: str | None, day: str
) -> None:
    """Raises Forbidden for a scope that the actor may not give."""
    if not holds(connection, actor, region, authority, day):
        raise Forbidden(
            f"账号“{actor.name}”只能把自己管理范围以内的范围给别的账号：请写明行政区划或机关，不超出自己的。",
            code="out-of-scope",
            field="authority" if actor.region is None else "region",
        )


def accounts_within(actor: Actor, day: str) -> tuple[list[str], dict[str, Any]]:
    """SQL: conditions on rows of ``account`` that keep those within the actor's scope, and their values."""
    conditions: list[str] = []
    values: dict[str, Any] = {}
    if actor.authority is not None:
        conditions.append("account.authority = :own_authority")
        values["own_authority"] = actor.authority
    if actor.region is not None:
        conditions.append(f"account.region IN ({BELOW})")
        values |= {"id": actor.region, "day": day}
    return conditions, values
