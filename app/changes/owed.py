"""Asking what is owed on a day: duties by state, the acceptances of a round, the places nobody has taken over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from app.canonical import decode
from app.changes.duties import KINDS
from app.changes.statements import body_of, said
from app.db import fetch, marks
from app.deadlines.queries import work_calendar
from app.deadlines.working_days import WorkCalendar, due
from app.errors import Invalid, NotFound
from app.versions.queries import Known
from app.versions.visibility import not_internal

READ = 500
"""Rows read at a time: what is due in working days is worked out, so it cannot be asked of the database."""


STATES = ("open", "done", "overdue")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which duties are asked for. ``regions`` and ``owner`` are registry ids; None: any."""

    on: str
    states: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    owner: str | None = None
    regions: frozenset[str] | None = None
    subject: str | None = None
    changeset: str | None = None
    due_within: int | None = None
    """Open ones whose last day is at most so many days after ``on``."""


def known_kinds(asked: Iterable[str]) -> frozenset[str]:
    """Kinds of duties as asked for. Raises Invalid for one that there is not."""
    for one in (wanted := list(asked)):
        if one not in KINDS:
            known = "、".join(KINDS)
            raise Invalid(f"kind 没有“{one[:40]}”，可用的有：{known}。", code="unknown-kind")
    return frozenset(wanted)


def known_states(asked: Iterable[str]) -> frozenset[str]:
    """States of duties as asked for. Raises Invalid for one that there is not."""
    for one in (wanted := list(asked)):
        if one not in STATES:
            known = "、".join(STATES)
            raise Invalid(f"state 没有“{one[:40]}”，可用的有：{known}。", code="unknown-state")
    return frozenset(wanted)


_ROWS = (
    "SELECT d.act, d.key, d.kind, d.subject_id, coalesce(d.authority, e.authority), coalesce(d.region, e.region),"
    " d.words, d.opens, d.lost_from, d.due, d.working_days, f.act, f.on_day, f.subject_id, p.changeset, c.body,"
    " e.status IS NOT NULL AND e.status <> 'ended' AND n.status = 'ended', t.status, g.outcome,"
    f" CASE WHEN {not_internal('f.subject_id')} THEN 1 ELSE 0 END,"
    f" CASE WHEN d.kind = 'expiry' AND {not_internal('g.subject_id')} THEN g.subject_id END"
    " FROM duty d JOIN decision g ON g.seq = d.act JOIN publication p ON p.seq = g.publication"
    " LEFT JOIN content c ON c.hash = p.statement"
    " LEFT JOIN fulfilment f ON f.duty_act = d.act AND f.duty_key = d.key{known_act}"
    " AND NOT EXISTS (SELECT 1 FROM void w WHERE w.act = f.act{known_void})"
    # The interval that a delegation's last day ends, and the one that follows it; on the day itself the item that
    # waits for a law, or the one that was entrusted from.
    " LEFT JOIN timeline e ON d.kind = 'expiry' AND e.subject_id = d.subject_id AND e.valid_to = d.due"
    " LEFT JOIN timeline n ON d.kind = 'expiry' AND n.subject_id = d.subject_id AND n.valid_from = d.due"
    " AND n.valid_to > ?"
    " LEFT JOIN timeline t ON t.subject_id ="
    " CASE d.kind WHEN 'pending_law' THEN d.subject_id WHEN 'expiry' THEN g.subject_id END"
    " AND t.valid_from <= ? AND t.valid_to > ?"
    " WHERE (d.act > ? OR (d.act = ? AND d.key > ?)){known_duty}"
    " AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = d.act{known_void_of_duty})"
    f" AND {not_internal('d.subject_id')}"
    "{more} ORDER BY d.act, d.key LIMIT ?"
)


def _statement(wanted: Wanted, known: Known | None) -> tuple[str, tuple[Any, ...]]:
    more = ""
    values: list[Any] = []
    for column, asked in (
        ("d.kind", tuple(sorted(wanted.kinds)) or None),
        ("coalesce(d.authority, e.authority)", (wanted.owner,) if wanted.owner else None),
        ("d.subject_id", (wanted.subject,) if wanted.subject else None),
        ("p.changeset", (wanted.changeset,) if wanted.changeset else None),
    ):
        if asked is not None:
            more += f" AND {column} IN ({marks(asked)})" if asked else " AND 1 = 0"
            values += asked
    seq = None if known is None or known.is_head else known.seq
    bounds = {
        name: "" if seq is None else f" AND {column} <= {seq:d}"
        for name, column in (
            ("known_act", "f.act"),
            ("known_void", "w.seq"),
            ("known_duty", "d.act"),
            ("known_void_of_duty", "v.seq"),
        )
    }
    return _ROWS.format(more=more, **bounds), tuple(values)


def duties(
    connection: Connection,
    wanted: Wanted,
    after: tuple[int, str] = (0, ""),
    limit: int | None = None,
    known: Known | None = None,
) -> list[dict[str, Any]]:
    """Duties in the order of the decisions that laid them down; ``limit`` None: all."""
    work = work_calendar(connection)
    found: list[dict[str, Any]] = []
    for row in _rows(connection, wanted, after, known):
        one = _duty(row, wanted.on, work)
        if one is not None and _is_wanted(one, wanted):
            found.append(one)
            if limit is not None and len(found) >= limit:
                break
    return found


def one_duty(connection: Connection, act: int, key: str, on: str) -> dict[str, Any]:
    """The duty that a decision laid down under a key, as it stands on a day. Raises NotFound."""
    for row in _rows(connection, Wanted(on), (act, ""), None):
        if row[0] != act:
            break
        if row[1] == key and (found := _duty(row, on, work_calendar(connection))) is not None:
            return found
    raise NotFound(f"序号 {act} 的决定没有留下“{key}”这件事，或决定已经撤除。", code="unknown-duty")


def words_of(connection: Connection, acts: Iterable[int]) -> dict[tuple[int, str], tuple[str, str | None]]:
    """(act, key) -> kind and words of what these decisions left to be done, of public items alone."""
    asked = tuple(sorted(set(acts)))
    query = (
        f"SELECT d.act, d.key, d.kind, d.words FROM duty d WHERE d.act IN ({marks(asked)})"
        f" AND {not_internal('d.subject_id')}"
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in fetch(connection, query, asked)} if asked else {}


def law_waited_for(connection: Connection, act: int) -> dict[str, Any]:
    """What the decision behind a 待修法 says of it: ``outcome``, ``instruments``, ``words``."""
    query = f"SELECT {body_of('statement')} FROM decision WHERE act = ? AND role = 'subject'"
    (row,) = fetch(connection, query, (act,))
    return said(row[0]).get("pending_law") or {}


def entrusting_item(connection: Connection, act: int) -> str:
    """The item that an entrustment was about."""
    query = "SELECT subject_id FROM decision WHERE act = ? AND role = 'subject'"
    found: str = fetch(connection, query, (act,))[0][0]
    return found


def _rows(
    connection: Connection, wanted: Wanted, after: tuple[int, str], known: Known | None
) -> Iterator[Any]:
    statement, values = _statement(wanted, known)
    while True:
        act, key = after
        rows = fetch(connection, statement, (wanted.on, wanted.on, wanted.on, act, act, key, *values, READ))
        yield from rows
        if len(rows) < READ:
            return
        after = rows[-1][0], rows[-1][1]


def _duty(row: Any, on: str, work: WorkCalendar) -> dict[str, Any] | None:
    last, provisional = _last_day(row[7], row[9], row[10], work)
    # A delegation is over on its day; anything else may still be done on it.
    over = last is not None and (last <= on if row[2] == "expiry" else last < on)
    done = _done(row, over)
    if done is None or (done["on"] is not None and done["on"] > on):
        state, late = ("overdue" if over else "open"), False
    else:
        state, late = "done", bool(done["on"] and last is not None and last < done["on"])
    head = decode(bytes(row[15])) if row[15] else {}
    document = head.get("document") or {}
    return {
        "decision": row[0],
        "key": row[1],
        "kind": row[2],
        "outcome": row[18],
        "changeset": row[14],
        "document": {"number": document.get("number"), "title": document.get("title") or head.get("title")},
        "subject": row[3],
        "authority": row[4],
        "region": row[5],
        "words": row[6],
        "opens": row[7],
        "lost_from": row[8],
        "due": last,
        "provisional": provisional,
        "state": state,
        "late": late,
        "gap": row[2] == "acceptance" and state != "done" and row[8] <= on,
        "done": done,
        "returns_to": row[20],
    }


def _last_day(opens: str, day: str | None, days: int | None, work: WorkCalendar) -> tuple[str | None, bool]:
    """(the last day, whether it rests on a year whose holidays are not published yet)."""
    if day is not None or days is None:
        return day, False
    found = due(work, datetime.fromisoformat(opens), {"unit": "workday", "value": days})
    return (found.at.isoformat(), found.provisional) if found else (None, False)


def _done(row: Any, over: bool) -> dict[str, Any] | None:
    """By which decision, from which day; without either where a delegation was renewed or ended before, or ran out
    when there was nothing left to entrust, or an item that waited for a law has ended."""
    by_itself = {"decision": None, "on": None, "subject": None}
    if row[2] == "expiry" and not row[16]:
        return by_itself  # whatever was decided about renewing it
    if row[11] is not None:
        return {"decision": row[11], "on": row[12], "subject": row[13] if row[19] else None}
    if row[17] == "ended" and (over or row[2] == "pending_law"):
        return by_itself
    return None


def _is_wanted(one: dict[str, Any], wanted: Wanted) -> bool:
    if wanted.states and one["state"] not in wanted.states:
        return False
    if wanted.regions is not None and one["region"] not in wanted.regions:
        return False
    if wanted.due_within is None:
        return True
    last = min(date.fromisoformat(wanted.on).toordinal() + wanted.due_within, date.max.toordinal() - 1)
    return one["state"] == "open" and one["due"] is not None and one["due"] <= str(date.fromordinal(last))


def acceptances_of_round(
    connection: Connection, changeset: str, on: str, known: Known | None = None
) -> dict[str, Any]:
    """What receivers owe a published changeset on a day: counted, and row by row."""
    rows = duties(
        connection,
        Wanted(on=on, kinds=frozenset({"acceptance"}), changeset=changeset),
        known=known,
    )
    states = [row["state"] for row in rows]
    return {
        "owed": len(rows),
        **{state: states.count(state) for state in ("open", "done", "overdue")},
        "late": sum(row["late"] for row in rows),
        "gaps": sum(row["gap"] for row in rows),
        "acceptances": rows,
    }
