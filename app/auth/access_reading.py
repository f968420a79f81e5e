"""What the access log holds, newest first: by event, person, subject, address, outcome and span of days."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from app.auth.actor import Actor
from app.auth.within import accounts_within

REFUSED = ("refused", "sign-in-refused", "password-refused", "token-refused")
"""Events that say that something was not let in or not done."""
Place = tuple[int, int]
"""(at, id) of a row: later rows of the list are before it."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows; what is empty or none is not asked for."""

    event: str = ""
    account: int | None = None
    about: str = ""
    """Part of the subject: an id, an address of the office, a name that was tried."""
    address: str = ""
    """The network address, whole."""
    refused: bool = False
    since: int | None = None
    """UTC microseconds; from then on, and before ``until``."""
    until: int | None = None
    reader: Actor | None = None
    """Whose scope bounds the rows: of accounts within it, where it has bounds."""
    on: str = ""
    """The day on which the reader's region is what lies in it."""


def noted(connection: Connection, wanted: Filter, before: Place | None, limit: int) -> list[Row[Any]]:
    """Rows (id, at, event, account, subject, address, note). Each event of several is read along its own index, and no
    further than to the rows that are asked for; a part of a subject alone is looked for in all of them."""
    events = _events(wanted)
    if not events:
        return []
    conditions, values = _conditions(wanted, before)
    parts = []
    for number, event in enumerate(events):
        every = [*conditions, _EVENT[bool(wanted.about)].format(number)] if event else conditions
        where = f"WHERE {' AND '.join(every)}" if every else ""
        values |= {f"event{number}": event} if event else {}
        parts.append(f"SELECT id FROM (SELECT id FROM access_log {where} {_NEWEST}) AS part{number}")
    query = f"{_SELECT} WHERE id IN ({' UNION ALL '.join(parts)}) {_NEWEST}"
    return [*connection.execute(text(query), values | {"limit": limit})]


_SELECT = "SELECT id, at, event, account, subject, address, note FROM access_log"
_NEWEST = "ORDER BY at DESC, id DESC LIMIT :limit"
_EVENT = ("event = :event{0}", "event || '' = :event{0}")
"""The second keeps off the index of events: a part of a subject is looked for in the index by time, which holds the
subjects, without a look at the rows."""


def _events(wanted: Filter) -> tuple[str, ...]:
    """Those to be read, an empty one for all of them; none where what is asked for excludes itself."""
    if not wanted.refused:
        return (wanted.event,)
    return tuple(one for one in REFUSED if wanted.event in ("", one))


def _conditions(wanted: Filter, before: Place | None) -> tuple[list[str], dict[str, Any]]:
    asked: list[tuple[str, dict[str, Any]]] = []
    if wanted.account is not None:
        asked.append(("account = :account", {"account": wanted.account}))
    if wanted.address:
        asked.append(("address = :address", {"address": wanted.address}))
    if wanted.about:
        part = re.sub(r"([\\%_])", r"\\\1", wanted.about)
        asked.append((r"subject LIKE :about ESCAPE '\'", {"about": f"%{part}%"}))
    if wanted.since is not None:
        asked.append(("at >= :since", {"since": wanted.since}))
    if wanted.until is not None:
        asked.append(("at < :until", {"until": wanted.until}))
    if wanted.reader is not None:
        within, held = accounts_within(wanted.reader, wanted.on)
        if within:
            asked.append((f"account IN (SELECT account.id FROM account WHERE {' AND '.join(within)})", held))
    if before is not None:
        asked.append(("at <= :at AND (at < :at OR id < :last)", {"at": before[0], "last": before[1]}))
    values = {name: value for _, given in asked for name, value in given.items()}
    return [condition for condition, _ in asked], values
