"""The draft tables' rows, read and written by plain statements: publishing holds the lock while it uses them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text
from sqlmodel import Session

from app import log
from app.auth.actor import Actor
from app.changes.models import Changeset, ChangesetEvent
from app.db import change, chunks, execute_many, fetch, marks
from app.errors import NotFound, Stale
from app.versions.named_files import drafted_in

AT_ONCE = 100
"""Changesets that are read, and looked at, together."""
DRAFTED = ("drafted", "redrafted", "submitted")
"""Events whose accounts had the whole of a changeset in hand, and read it."""
WROTE = (*DRAFTED, "proposed", "amended", "rows")
"""Events whose accounts do not approve: they wrote some of what is to be approved, or handed it in."""
_FIELDS = tuple(Changeset.__slots__)
_FIND = f"SELECT {', '.join(_FIELDS)} FROM changeset WHERE id = ?"
_INSERT = f"INSERT INTO changeset ({', '.join(_FIELDS)}) VALUES ({marks(_FIELDS)})"
_KEPT = ("id", "kind", "author", "created_at")
"""What a changeset keeps from its first draft on: to write it again would write its indexes again."""
_MOVING = tuple(name for name in _FIELDS if name not in _KEPT)
_SAVE = f"UPDATE changeset SET {', '.join(f'{f} = ?' for f in _MOVING)} WHERE id = ? AND version = ? - 1"
_HOLD = "UPDATE changeset SET version = version WHERE id = ?"
"""A row that is written is locked on both databases; FOR UPDATE is of one of them."""
_NOTES_OF_RETURNS = (
    "SELECT changeset, note FROM changeset_event WHERE changeset IN ({}) AND event IN ('returned', 'base-moved')"
    " ORDER BY id"
)
_COUNT_EVENTS = "SELECT count(*) FROM changeset_event WHERE changeset = ?"
_DECISIONS = (
    "SELECT position, body, base, approved, stale FROM draft_decision WHERE changeset = ? ORDER BY position"
)
_INSERT_DECISION = (
    "INSERT INTO draft_decision (changeset, position, body, base, approved, stale) VALUES (?, ?, ?, ?, ?, ?)"
)
_MARK = "UPDATE draft_decision SET approved = ?, stale = ? WHERE changeset = ? AND position = ?"
_NAME_FILE = "INSERT INTO draft_file (digest, changeset, place) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_EVENT = "INSERT INTO changeset_event (changeset, at, account, event, note) VALUES (?, ?, ?, ?, ?)"


@dataclass(slots=True)
class DecisionRow:
    """A drafted decision: its canonical body, the base it rests on, the hash approved, where it went stale."""

    position: int
    body: bytes
    base: bytes
    approved: str | None = None
    stale: bytes | None = None


def find(session: Session, changeset_id: str) -> Changeset:
    """Raises NotFound."""
    found = fetch(session.connection(), _FIND, (changeset_id,))
    if not found:
        raise NotFound(f"没有编号为 {changeset_id} 的变更单。", code="unknown-changeset")
    return Changeset(*found[0])


def hold(session: Session, changeset_id: str) -> None:
    """Nobody else moves this changeset, or what is proposed in it, until the transaction ends: what is read of it from
    here on stays. On SQLite whoever writes has that anyway."""
    change(session.connection(), _HOLD, (changeset_id,))


def insert(session: Session, changeset: Changeset) -> None:
    change(session.connection(), _INSERT, _in_order(changeset))
    _note_head(session, changeset)


def save(session: Session, changeset: Changeset) -> None:
    """Write the changeset's fields; its version moves with every write.

    Raises Stale where another move was committed since it was read, so that two moves never cross.
    """
    changeset.version += 1
    changeset.updated_at = log.now_microseconds()
    values = (*_in_order(changeset, _MOVING), changeset.id, changeset.version)
    if change(session.connection(), _SAVE, values) != 1:
        raise Stale("别人刚刚处理过这份变更单，请重新打开后再试；您的操作没有生效。", code="edited-meanwhile")
    _note_head(session, changeset)


def _note_head(session: Session, changeset: Changeset) -> None:
    note_files(session.connection(), changeset.id, [("head", changeset.head.encode())])


def note_files(connection: Connection, changeset_id: str, places: Iterable[tuple[str, bytes]]) -> None:
    """Which files a changeset names: (place as ``DraftFile`` says, what stands there). It is never taken back."""
    values = {(one, changeset_id, place) for place, body in places for one in drafted_in(body)}
    execute_many(connection, _NAME_FILE, sorted(values))


def _in_order(changeset: Changeset, names: Sequence[str] = _FIELDS) -> tuple[Any, ...]:
    return tuple(getattr(changeset, name) for name in names)


def some(session: Session, ids: Sequence[str]) -> list[Changeset]:
    """Those of these changesets that there are, in this order."""
    query = f"SELECT {', '.join(_FIELDS)} FROM changeset WHERE id IN ({marks(ids)})"
    found = {row[0]: Changeset(*row) for row in fetch(session.connection(), query, tuple(ids))} if ids else {}
    return [found[one] for one in ids if one in found]


def newest(
    session: Session, state: str | None, most: int | None = None, after: str | None = None
) -> Iterator[Changeset]:
    """Changesets in a state (none: in any), newest first, read as far as they are asked for; ``most`` of them, those
    that follow the changeset ``after``."""
    wanted: dict[str, str] = {"state = ?": state} if state else {}
    if after is not None:
        wanted["(created_at, id) < (SELECT c.created_at, c.id FROM changeset c WHERE c.id = ?)"] = after
    where = f" WHERE {' AND '.join(wanted)}" if wanted else ""
    query = f"SELECT id FROM changeset{where} ORDER BY created_at DESC, id DESC"
    if most is not None:
        query += f" LIMIT {most:d}"
    for ids in chunks(
        (row[0] for row in fetch(session.connection(), query, tuple(wanted.values()))), AT_ONCE
    ):
        yield from some(session, ids)


def first_decisions(session: Session, ids: Sequence[str]) -> dict[str, bytes]:
    """Changeset -> the body of its first decision; none for one without decisions."""
    if not ids:
        return {}
    query = (
        f"SELECT d.changeset, d.body FROM draft_decision d WHERE d.changeset IN ({marks(ids)}) AND d.position ="
        " (SELECT min(o.position) FROM draft_decision o WHERE o.changeset = d.changeset)"
    )
    return {row[0]: bytes(row[1]) for row in fetch(session.connection(), query, tuple(ids))}


def left_by(session: Session, account: int | None, events: Sequence[str], ids: Sequence[str]) -> set[str]:
    """Those of these changesets in which an account left one of these events."""
    if not ids:
        return set()
    query = (
        f"SELECT DISTINCT changeset FROM changeset_event WHERE changeset IN ({marks(ids)})"
        f" AND event IN ({marks(events)}) AND account = ?"
    )
    return {row[0] for row in fetch(session.connection(), query, (*ids, *events, account))}


def in_state(
    session: Session, state: str | None, limit: int, *, author: int | None = None
) -> list[Changeset]:
    """Changesets in a state (none: in any), lately changed first; of one author, where one is named."""
    asked = {"state": state, "author": author}
    given = {name: value for name, value in asked.items() if value}
    condition = " AND ".join(f"{name} = :{name}" for name in given) or "TRUE"
    return _listed(session, condition, {**given, "limit": limit})


def titled(session: Session, title: str, kind: str) -> list[Changeset]:
    """Changesets of a kind with this title."""
    return _listed(session, "kind = :kind AND title = :title", {"kind": kind, "title": title, "limit": 1000})


def rounds(session: Session, states: Sequence[str], limit: int) -> list[Changeset]:
    """Cleanup rounds in one of these states, lately changed first."""
    listed = ", ".join(f"'{state}'" for state in states)
    return _listed(session, f"kind = 'round' AND state IN ({listed})", {"limit": limit})


def decided(session: Session, changesets: Sequence[str]) -> dict[str, int]:
    """How many decisions each of these changesets holds."""
    if not changesets:
        return {}
    among = f"WHERE changeset IN ({marks(changesets)})"
    query = f"SELECT changeset, count(*) FROM draft_decision {among} GROUP BY changeset"
    return {row[0]: row[1] for row in fetch(session.connection(), query, tuple(changesets))}


def longest_waiting(session: Session, *states: str, rounds: bool = False) -> Iterator[Changeset]:
    """Cleanup rounds, or all but those, in one of these states, what was not moved for longest first; read on as far
    as they are asked for."""
    listed = ", ".join(f"'{state}'" for state in states)
    return _oldest(session, f"kind {'=' if rounds else '<>'} 'round' AND state IN ({listed})")


def unconfirmed(session: Session) -> Iterator[Changeset]:
    """Published in an emergency by one person, and not yet confirmed by a second; the oldest first, read on as far as
    they are asked for."""
    return _oldest(session, "unconfirmed = 1")


def _oldest(session: Session, condition: str) -> Iterator[Changeset]:
    after: dict[str, Any] = {"at": -1, "id": ""}
    query = text(
        f"SELECT * FROM changeset WHERE {condition} AND (updated_at > :at OR (updated_at = :at AND id > :id))"
        " ORDER BY updated_at, id LIMIT :limit"
    )
    while found := session.connection().execute(query, {**after, "limit": AT_ONCE}).all():
        yield from (Changeset(**row._mapping) for row in found)
        after = {"at": found[-1].updated_at, "id": found[-1].id}


def _listed(session: Session, condition: str, values: dict[str, Any]) -> list[Changeset]:
    rows = session.connection().execute(
        text(f"SELECT * FROM changeset WHERE {condition} ORDER BY updated_at DESC, id LIMIT :limit"), values
    )
    return [Changeset(**row._mapping) for row in rows]


def decisions(session: Session, changeset: Changeset) -> list[DecisionRow]:
    """The decisions of a changeset, in order."""
    rows = fetch(session.connection(), _DECISIONS, (changeset.id,))
    return [
        DecisionRow(
            row[0], bytes(row[1]), bytes(row[2]), row[3], bytes(row[4]) if row[4] is not None else None
        )
        for row in rows
    ]


def replace_decisions(session: Session, changeset: Changeset, made: Sequence[DecisionRow]) -> None:
    """The changeset's decisions are these from now on."""
    change(session.connection(), "DELETE FROM draft_decision WHERE changeset = ?", (changeset.id,))
    _insert(session, changeset, made)


def put_decisions(session: Session, changeset: Changeset, made: Sequence[DecisionRow]) -> None:
    """These decisions at their places; others stay as they are."""
    gone = "DELETE FROM draft_decision WHERE changeset = ? AND position = ?"
    execute_many(session.connection(), gone, [(changeset.id, row.position) for row in made])
    _insert(session, changeset, made)


def _insert(session: Session, changeset: Changeset, made: Sequence[DecisionRow]) -> None:
    values = [(changeset.id, row.position, row.body, row.base, row.approved, row.stale) for row in made]
    execute_many(session.connection(), _INSERT_DECISION, values)
    note_files(session.connection(), changeset.id, [("decision", row.body) for row in made])


def mark_decisions(session: Session, changeset: Changeset, marked: Iterable[DecisionRow]) -> None:
    """Write which hash was approved and what went stale."""
    values = [(row.approved, row.stale, changeset.id, row.position) for row in marked]
    execute_many(session.connection(), _MARK, values)


def leave_event(
    session: Session, changeset: Changeset, actor: Actor, event: str, note: str | None = None
) -> None:
    """Who did what; in the same transaction."""
    values = (changeset.id, log.now_microseconds(), actor.account, event, note or None)
    change(session.connection(), _EVENT, values)


def count_events(session: Session, changeset_id: str) -> int:
    """How often anything happened to a changeset: events are only ever added."""
    return int(fetch(session.connection(), _COUNT_EVENTS, (changeset_id,))[0][0])


def notes_of_returns(session: Session, changesets: Iterable[str]) -> dict[str, str]:
    """Changeset -> what was last written to it on sending it back, of those that something was written to."""
    found: dict[str, str] = {}
    for some in chunks(sorted(set(changesets))):
        asked = _NOTES_OF_RETURNS.format(marks(some))
        found.update(fetch(session.connection(), asked, tuple(some)))
    return {changeset: note for changeset, note in found.items() if note}


def events(session: Session, changeset: Changeset) -> list[ChangesetEvent]:
    """What happened to a changeset, in order."""
    rows = session.connection().execute(
        text(
            "SELECT id, changeset, at, account, event, note FROM changeset_event WHERE changeset = :id ORDER BY id"
        ),
        {"id": changeset.id},
    )
    return [ChangesetEvent(**row._mapping) for row in rows]


def hands_in(session: Session, changeset: Changeset, wrote: Sequence[str] = WROTE) -> set[int | None]:
    """The accounts that wrote, changed or submitted it, or some of it."""
    found = {e.account for e in events(session, changeset) if e.event in wrote}
    return found | {changeset.author, changeset.submitter}
