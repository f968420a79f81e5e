"""What decisions leave to be done: acceptances owed by receivers, follow-up duties, delegations that run out, and
what waits for a law. Derived from published decisions, written by publishing and by ``verify --rebuild`` alone.

Nothing is written on the day: a duty is open, done or overdue by comparing dates when it is asked about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection, Index, text
from sqlmodel import Field, SQLModel

from app.changes import statements
from app.changes.accepting import HANDS_ON
from app.db import Ascii, Big, fetch, insert_rows
from app.versions.orders import Act

KINDS = {
    "acceptance": "承接",
    "follow_up": "后续责任",
    "expiry": "委托到期",
    "pending_law": "待修法",
}
"""acceptance: a receiver owes a ``receive``; follow_up: an authority owes what the decision says; expiry: a
delegation ends unless renewed; pending_law: what is proposed waits for an amendment."""


class Duty(SQLModel, table=True):
    """One thing that a decision leaves to be done."""

    __tablename__ = "duty"
    __table_args__ = (Index("ix_duty_subject", "subject_id"), Index("ix_duty_kind", "kind", "act"))
    act: int = Field(primary_key=True, sa_type=Big, sa_column_kwargs={"autoincrement": False})
    key: str = Field(primary_key=True, sa_type=Ascii, description="its key within the decision")
    kind: str = Field(sa_type=Ascii, description="acceptance, follow_up, expiry, pending_law")
    subject_id: str = Field(sa_type=Ascii, description="what it is about: the origin, the entrusted item")
    authority: str | None = Field(default=None, sa_type=Ascii, description="who owes it")
    region: str | None = Field(default=None, sa_type=Ascii, description="the place that owes it")
    words: str | None = Field(default=None)
    opens: str = Field(sa_type=Ascii, description="the day of the decision")
    lost_from: str | None = Field(
        default=None,
        sa_type=Ascii,
        description="acceptance: the day from which the origin no longer covers it",
    )
    due: str | None = Field(default=None, sa_type=Ascii, description="the last day; none where not said")
    working_days: int | None = Field(
        default=None, description="or so many working days after it opens; counted when asked"
    )


class Fulfilment(SQLModel, table=True):
    """A decision that does what an earlier one left to be done."""

    __tablename__ = "fulfilment"
    __table_args__ = (Index("ix_fulfilment_act", "act"),)
    duty_act: int = Field(primary_key=True, sa_type=Big, sa_column_kwargs={"autoincrement": False})
    duty_key: str = Field(primary_key=True, sa_type=Ascii)
    act: int = Field(primary_key=True, sa_type=Big, sa_column_kwargs={"autoincrement": False})
    on_day: str = Field(sa_type=Ascii, description="the day from which it is done")
    subject_id: str = Field(sa_type=Ascii, description="what it made or changed, or what proves it")


DUTY = (
    "act",
    "key",
    "kind",
    "subject_id",
    "authority",
    "region",
    "words",
    "opens",
    "lost_from",
    "due",
    "working_days",
)
FULFILMENT = ("duty_act", "duty_key", "act", "on_day", "subject_id")


class Decided(NamedTuple):
    """One part of an act, as far as duties follow from it."""

    subject_id: str
    role: str
    effective_from: str
    until: str | None


class Rows(NamedTuple):
    duties: list[tuple[Any, ...]]
    fulfilments: list[tuple[Any, ...]]


def follow(act: int, outcome: str, parts: Sequence[Decided], said: Mapping[str, Any], into: Rows) -> None:
    """The rows that follow from one published act. ``said`` is its statement. Pure."""
    first = parts[0]
    about, opens = first.subject_id, first.effective_from
    if outcome in HANDS_ON:
        lost = said.get("transition_until") or opens
        for one in said.get("receivers", ()):
            due, days = one.get("due"), one.get("working_days")
            if due is None and days is None:
                due = lost
            owes = (one.get("authority"), one.get("region"), one.get("words"))
            into.duties.append((act, one["key"], "acceptance", about, *owes, opens, lost, due, days))
    if outcome == "entrust":
        into.duties.extend(
            (act, part.subject_id, "expiry", part.subject_id, None, None, None, opens, None, part.until, None)
            for part in parts
            if part.role == "result" and part.until is not None
        )
    for one in said.get("duties", ()):
        owes, by = (one.get("owner"), None, one["what"]), (one.get("due"), one.get("working_days"))
        into.duties.append((act, one["key"], "follow_up", about, *owes, opens, None, *by))
    if waits := said.get("pending_law"):
        words = waits.get("words")
        into.duties.append((act, "law", "pending_law", about, None, None, words, opens, None, None, None))
    made = next((part.subject_id for part in parts if part.role == "result"), about)
    into.fulfilments.extend(
        (one["act"], one["receiver"], act, opens, made) for one in said.get("accepts", ())
    )
    into.fulfilments.extend(
        (one["act"], one["duty"], act, opens, one.get("instrument") or about)
        for one in said.get("fulfils", ())
    )


def write(connection: Connection, acts: Iterable[Act]) -> None:
    """The rows of the acts just recorded."""
    rows = Rows([], [])
    for act in acts:
        if act.statement is None and act.outcome != "entrust":
            continue
        assert act.seq is not None
        parts = [Decided(p.subject_id, p.role, p.effective_from, p.until) for p in act.parts]
        follow(act.seq, act.outcome, parts, act.statement or {}, rows)
    _insert(connection, rows)


def _insert(connection: Connection, rows: Rows) -> None:
    tables = SQLModel.metadata.tables
    insert_rows(connection, tables["duty"], DUTY, rows.duties)
    insert_rows(connection, tables["fulfilment"], FULFILMENT, rows.fulfilments)


# --- deriving again --------------------------------------------------------------------------------------------

_PARTS = (
    "SELECT d.act, d.outcome, d.subject_id, d.role, d.effective_from, d.until,"
    f" {statements.body_of('d.statement')} FROM decision d WHERE "
)
_ONE_ACT = _PARTS + "d.act = ? ORDER BY d.seq"
_READ = 5000
_ACTS = (
    f"{_PARTS} d.act > ? AND (d.outcome = 'entrust' OR d.statement IS NOT NULL)"
    f" ORDER BY d.act, d.seq LIMIT {_READ}"
)


def _stored(connection: Connection) -> Iterator[Rows]:
    """What follows from all that is published, some thousands of decisions at a time."""
    after = 0
    while found := fetch(connection, _ACTS, (after,)):
        acts = [(act, list(parts)) for act, parts in groupby(found, key=lambda row: row[0])]
        if len(found) == _READ:  # the last act may go on beyond what was read
            act, _ = acts.pop()
            acts.append((act, fetch(connection, _ONE_ACT, (act,))))
        rows = Rows([], [])
        for act, parts in acts:
            _follow_stored(act, parts, rows)
        yield rows
        after = acts[-1][0]


def _follow_stored(act: int, parts: list[Any], into: Rows) -> None:
    decided = [Decided(*row[2:6]) for row in parts]
    follow(act, parts[0][1], decided, statements.said(parts[0][6]), into)


def rebuild(connection: Connection) -> None:
    """Write the derived rows anew."""
    for table in ("duty", "fulfilment"):
        connection.exec_driver_sql(f"DELETE FROM {table}")
    for rows in _stored(connection):
        _insert(connection, rows)


def derive_again(connection: Connection, content: str) -> None:
    """The rows of the acts whose words were redacted: the words are gone from them, who owes what is not."""
    acts = [
        row[0]
        for row in fetch(connection, "SELECT DISTINCT act FROM decision WHERE statement = ?", (content,))
    ]
    rows = Rows([], [])
    for act in acts:
        for table in ("duty", "fulfilment"):
            connection.execute(text(f"DELETE FROM {table} WHERE act = :act"), {"act": act})
        _follow_stored(act, fetch(connection, _ONE_ACT, (act,)), rows)
    _insert(connection, rows)


def differs(connection: Connection) -> str | None:
    """The first row that is not as published decisions have it, in words; None where all agree."""
    should: Rows = Rows([], [])
    for rows in _stored(connection):
        should.duties.extend(rows.duties)
        should.fulfilments.extend(rows.fulfilments)
    for table, columns, expected in (
        ("duty", DUTY, should.duties),
        ("fulfilment", FULFILMENT, should.fulfilments),
    ):
        stored = {tuple(row) for row in fetch(connection, f"SELECT {', '.join(columns)} FROM {table}")}
        if wrong := stored.symmetric_difference(expected):
            return (
                f"{table} {min(wrong, key=repr)[:2]}：与已发布的决定不符，可用 qingdan verify --rebuild 重建"
            )
    return None
