"""A duty that somebody goes on to do: found by its decision and key, still undone, and this account's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from fastapi import Path
from sqlalchemy import Connection

from app.auth.signing_in import Present
from app.canonical import decode
from app.changes.duties import KINDS
from app.changes.owed import one_duty
from app.changes.owed_to import OwedTo
from app.changes.scope import Scope
from app.checks.finding import ALIVE
from app.errors import Conflict, Forbidden, Invalid, NotFound, RegistryError
from app.exchange.values import read_day
from app.versions.queries import known_at, parse_day, state_on, today
from app.web.office.doors.visiting import Posted, typed_day
from app.web.subjects import names

Act = Annotated[int, Path(ge=1)]
Key = Annotated[str, Path(max_length=64)]
DONE_BY = ("follow_up", "pending_law")
"""Kinds of duties that a decision does by naming them (``fulfils``)."""


def undone(
    connection: Connection, present: Present, act: int, key: str, kinds: tuple[str, ...]
) -> dict[str, Any]:
    """The duty with the ``name`` of its item. Raises NotFound, Invalid for one of another kind, Conflict where it is
    done, Forbidden where it is another's."""
    duty = one_duty(connection, act, key, today())
    if duty["kind"] not in kinds:
        raise Invalid(f"这一件是“{KINDS[duty['kind']]}”，不在这里办。", code="another-duty")
    if duty["done"] is not None:
        by, day = duty["done"]["decision"], duty["done"]["on"]
        raise Conflict(
            f"这一件已经由序号 {by} 的决定办理，自 {day} 起完成。" if by else "这一件已经办完，不用再办。",
            code="already-fulfilled",
        )
    if not OwedTo(connection, present.actor, today()).may_do(duty):
        raise Forbidden(f"这一件不是账号“{present.actor.name}”管理的地方或机关的。", code="out-of-scope")
    return duty | {"name": names(connection, [duty["subject"]], today()).get(duty["subject"])}


_FORM = re.compile(r"/office/duties/([0-9]{1,15})/([^/?]{1,64})/(?:accept|fulfil|renew)(?:\?.*)?")


def is_over(connection: Connection, place: str) -> bool:
    """Whether the form at an address is of a duty that was done meanwhile, or whose decision was voided: its page can
    only refuse it. False for the address of any other form."""
    if (parts := _FORM.fullmatch(place)) is None:
        return False
    try:
        return one_duty(connection, int(parts[1]), parts[2], today())["done"] is not None
    except NotFound:
        return True


def day_of(duty: dict[str, Any], asked: str) -> str:
    """The day that is asked for; else today, or the first day on which the duty can be done. Raises Invalid."""
    return parse_day(typed_day(asked), "施行日期") if asked else max(today(), duty["opens"])


def kept_day(form: Posted) -> str:
    """The day of a form that was kept as it was typed; empty where that is none yet."""
    return read_day(form.get("from")) or ""


def may_decide(connection: Connection, present: Present, item: str, on: str) -> bool:
    """Whether the item is the account's to decide about on a day."""
    standing = state_on(connection, item, on, known_at(connection, None))
    try:
        Scope(connection, present.actor).require("item", item, standing.described(), on)
    except Forbidden:
        return False
    return True


def stands(connection: Connection, item: str, on: str) -> bool:
    return state_on(connection, item, on, known_at(connection, None)).status in ALIVE


# --- as the form of a whole item names them: act/key -----------------------------------------------------------------

_NAMED = re.compile(r"([0-9]{1,15})/([^/]{1,64})")


def named_in(connection: Connection, present: Present, named: Iterable[str]) -> list[dict[str, Any]]:
    """Each duty with its ``kind`` and ``words``, and what is ``wrong`` where it cannot be done any more."""
    found = []
    for one in dict.fromkeys(named):
        if (parts := _NAMED.fullmatch(one)) is None:
            continue
        try:
            duty = undone(connection, present, int(parts[1]), parts[2], DONE_BY)
        except RegistryError as error:
            found.append({"named": one, "kind": KINDS["follow_up"], "words": "", "wrong": error.message})
        else:
            kind = KINDS[duty["kind"]]
            found.append({"named": one, "kind": kind, "words": duty["words"] or "", "wrong": ""})
    return found


def drafted_in(bodies: Iterable[bytes], item: str | None) -> list[str]:
    """The duties that a draft's decisions about the item name."""
    decided = [body for body in map(decode, bodies) if body.get("subject") == item]
    return [f"{one['act']}/{one['duty']}" for body in decided for one in body.get("fulfils", ())]


def as_fulfils(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a decision says of duties from ``named_in``."""
    parts = (one["named"].split("/") for one in found)
    return [{"act": int(act), "duty": key} for act, key in parts]
