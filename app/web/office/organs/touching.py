"""What rests with organs that end: the items that go on, what names them beside, and what is looked after by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Connection
from sqlmodel import Session

from app.auth.signing_in import Present
from app.canonical import decode
from app.changes import rows
from app.changes.carrying import given_on
from app.changes.freezing import frozen_items
from app.changes.models import Changeset
from app.changes.owed import Wanted, duties
from app.changes.scope import Scope
from app.changes.showing import readable
from app.db import TOMBSTONE, chunks, fetch, marks
from app.errors import Gone
from app.versions import ids

OPEN = ("draft", "submitted", "returned", "approved")
"""States of changesets that are not over."""
NAMED = 20
"""Drafts that are named; there may be more."""
_ON = (
    "SELECT subject_id, name, status, region, authority, visibility FROM timeline"
    " WHERE subject_id IN ({ids}) AND valid_from <= ? AND valid_to > ?"
)
_BESIDE = (
    "SELECT t.subject_id, t.kind, t.name, t.region, t.authority, t.visibility, c.body FROM timeline t"
    " LEFT JOIN content c ON c.hash = t.content WHERE t.status <> 'ended' AND t.valid_from <= ? AND t.valid_to > ?"
    " AND ((t.kind = 'authority' AND t.parent IN ({ids})) OR (t.kind = 'bundle' AND t.authority IN ({ids}))"
    " OR EXISTS (SELECT 1 FROM link l WHERE l.subject_id = t.subject_id AND l.valid_from = t.valid_from"
    " AND l.role = 'co-authority' AND l.target IN ({ids}))) ORDER BY t.kind, t.subject_id"
)
_COUNTED = {
    "editions": "SELECT count(*) FROM edition WHERE owner IN ({ids})",
    "prepared": (
        "SELECT count(*) FROM edition_draft WHERE state IN ('prepared', 'approved', 'returned') AND owner IN ({ids})"
    ),
    "accounts": "SELECT count(*) FROM account WHERE locked = 0 AND authority IN ({ids})",
}
_LENT = (
    "SELECT DISTINCT t.subject_id, t.name, t.authority, t.region, t.visibility FROM lineage l"
    " JOIN timeline t ON t.subject_id = l.successor AND t.status <> 'ended' AND t.valid_from <= ? AND t.valid_to > ?"
    " WHERE l.relation = 'entrust' AND l.origin IN ({ids}) ORDER BY t.subject_id"
)
UNDONE = frozenset({"open", "overdue"})
_HOOKS = "SELECT wanted FROM webhook"
_DRAFTED = (
    "SELECT d.changeset, d.body FROM draft_decision d JOIN changeset c ON c.id = d.changeset"
    f" WHERE c.state IN ({', '.join(map(repr, OPEN))}) ORDER BY d.changeset, d.position"
)


@dataclass(slots=True)
class Held:
    """An item that an ending organ holds, from the first day on which it has to go to another."""

    id: str
    name: str
    """Empty where the account is not told."""
    status: str
    authority: str
    region: str
    days: list[str]


@dataclass(slots=True)
class Beside:
    """What names an ending organ beside its own items: an organ below it, an item that it handles jointly, a bundle
    that it leads."""

    id: str
    kind: str
    name: str
    content: dict[str, Any] | None


@dataclass(slots=True)
class Touched:
    """All that the end of organs touches."""

    items: list[Held]
    beside: list[Beside]
    lent: list[Beside]
    """What others do by delegation of the items."""
    counts: Mapping[str, int]
    """``editions`` issued, ``prepared`` ones, ``accounts`` whose scope it is, ``webhooks``, open ``duties``."""
    drafts: list[Changeset]
    """Open changesets that name an organ or an item of it: those that the account may read."""


def touched(session: Session, present: Present, organs: Sequence[str], day: str) -> Touched:
    """As the registry stands, by the day from which the organs are no more."""
    connection = session.connection()
    scope = Scope(connection, present.actor)
    items = held(connection, scope, organs, day)
    named = {*organs, *(one.id for one in items)}
    return Touched(
        items=items,
        beside=beside(connection, scope, organs, day),
        lent=lent(connection, scope, items, day),
        counts=_counts(connection, organs, day),
        drafts=list(islice(readable(session, present.actor, _naming(session, named)), NAMED)),
    )


def held(connection: Connection, scope: Scope, organs: Sequence[str], day: str) -> list[Held]:
    """The items of the organs, each once, with the days on which it has to be given on."""
    found: dict[str, Held] = {}
    days: dict[str, list[str]] = {}
    for item, first in given_on(connection, list(organs), day):
        days.setdefault(item, []).append(first)
    firsts: dict[str, list[str]] = {}
    for item, own in days.items():
        firsts.setdefault(own[0], []).append(item)
    for first, some in firsts.items():
        for part in chunks(some):
            for row in fetch(connection, _ON.format(ids=marks(part)), (*part, first, first)):
                item, name, status, region, authority, visibility = row
                told = visibility == "public" or scope.covers_item(authority, region, first)
                found[item] = Held(
                    item, name or "" if told else "", status, authority, region or "", days[item]
                )
    return [found[item] for item in sorted(found)]


def beside(connection: Connection, scope: Scope, organs: Sequence[str], day: str) -> list[Beside]:
    """What names the organs on a day beside their own items; they themselves are left out."""
    if not organs:
        return []
    found = []
    for row in fetch(connection, _BESIDE.format(ids=marks(organs)), (day, day, *organs, *organs, *organs)):
        subject, kind, name, region, authority, visibility, body = row
        if subject in organs:
            continue
        told = kind != "item" or visibility == "public" or scope.covers_item(authority, region, day)
        content = decode(bytes(body)) if body is not None and bytes(body) != TOMBSTONE else None
        found.append(Beside(subject, kind, name or "" if told else "", content))
    return found


def lent(connection: Connection, scope: Scope, items: Sequence[Held], day: str) -> list[Beside]:
    """The items that others hold by delegation of these, and that go on past the day."""
    found = []
    for part in chunks([one.id for one in items]):
        for row in fetch(connection, _LENT.format(ids=marks(part)), (day, day, *part)):
            subject, name, authority, region, visibility = row
            told = visibility == "public" or scope.covers_item(authority, region, day)
            found.append(Beside(subject, "item", name or "" if told else "", None))
    return found


def _counts(connection: Connection, organs: Sequence[str], day: str) -> dict[str, int]:
    found = {
        name: int(fetch(connection, query.format(ids=marks(organs)), tuple(organs))[0][0])
        for name, query in _COUNTED.items()
    }
    wanted = [decode(str(row[0]).encode()) for row in fetch(connection, _HOOKS)]
    found["webhooks"] = sum(one.get("authority") in organs for one in wanted)
    found["duties"] = undone(connection, organs, day)
    return found


def undone(connection: Connection, organs: Sequence[str], day: str) -> int:
    """How many duties of the organs are not done."""
    return sum(len(duties(connection, Wanted(on=day, states=UNDONE, owner=organ))) for organ in organs)


def _naming(session: Session, named: set[str]) -> Iterator[Changeset]:
    """Open changesets that name any of these, in a decision or in what a round is about."""
    connection = session.connection()
    found: dict[str, None] = {}
    for changeset, body in fetch(connection, _DRAFTED):
        if changeset not in found and not named.isdisjoint(ids.named_in(bytes(body))):
            found[changeset] = None
    for opened in rows.rounds(session, OPEN, 1_000):
        scope = decode(opened.head.encode()).get("scope")
        try:
            items = frozen_items(connection, scope)
        except Gone:
            continue
        if not named.isdisjoint(items):
            found[opened.id] = None
    yield from rows.some(session, list(found))
