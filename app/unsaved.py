"""Forms that people are filling in: kept by person and place as they are typed, until they are saved or dropped.

Ordinary rows, nobody's but their owner's; others learn only that somebody is at work on a subject.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from sqlalchemy import Connection, delete
from sqlmodel import Field, Session, SQLModel, col, select

from app import log
from app.db import Ascii, Big, change, marks, walk

DAY = 86_400_000_000
KEPT_DAYS = 30
MOST = 100
"""Forms that one person may have open; the oldest go first."""
AT_WORK = 30 * 60_000_000
"""Microseconds since the last keeping within which somebody counts as being at work on a subject."""
Pairs = list[tuple[str, str]]


class UnsavedForm(SQLModel, table=True):
    """The fields of one form as they were last typed."""

    __tablename__ = "unsaved_form"
    account_id: int = Field(primary_key=True, foreign_key="account.id")
    place: str = Field(
        primary_key=True, description="the form's address, with what tells it from others there"
    )
    subject: str | None = Field(
        default=None, sa_type=Ascii, index=True, description="what it edits; none: new"
    )
    title: str = Field(default="", description="what lists show")
    fields: str = Field(description="JSON: [[name, value], ...] in the form's order")
    saved_at: int = Field(sa_type=Big)

    @property
    def pairs(self) -> Pairs:
        return [(name, value) for name, value in json.loads(self.fields)]


_FIELDS = tuple(UnsavedForm.model_fields)
_KEPT = ", ".join(f"{name} = excluded.{name}" for name in _FIELDS[2:])
_KEEP = (
    f"INSERT INTO unsaved_form ({', '.join(_FIELDS)}) VALUES ({marks(_FIELDS)})"
    f" ON CONFLICT (account_id, place) DO UPDATE SET {_KEPT}"
)
"""In one statement: a form may be kept twice at once, and be dropped meanwhile."""
_HOLD = (
    f"INSERT INTO unsaved_form ({', '.join(_FIELDS)}) VALUES ({marks(_FIELDS)})"
    " ON CONFLICT (account_id, place) DO UPDATE SET place = excluded.place"
)
"""A row that is written is locked, be it new or not."""


def keep(
    session: Session, account: int, place: str, pairs: Pairs, *, subject: str | None = None, title: str = ""
) -> UnsavedForm:
    """Keep a form as it is now, in the place of what was kept of it before."""
    now = log.now_microseconds()
    made = UnsavedForm(
        account_id=account,
        place=place,
        subject=subject,
        title=title[:400],
        fields=json.dumps(pairs, ensure_ascii=False),
        saved_at=now,
    )
    change(session.connection(), _KEEP, tuple(getattr(made, name) for name in _FIELDS))
    session.execute(delete(UnsavedForm).where(col(UnsavedForm.saved_at) < now - KEPT_DAYS * DAY))
    for old in unsaved(session, account, MOST + 20)[MOST:]:
        session.delete(old)
    return made


def kept(session: Session, account: int, place: str) -> UnsavedForm | None:
    """What is kept of a person's form; none where nothing is."""
    found = session.get(UnsavedForm, (account, place))
    return found if found and found.saved_at >= log.now_microseconds() - KEPT_DAYS * DAY else None


def hold(session: Session, account: int, place: str) -> Pairs:
    """What is kept there, which nobody else changes until the transaction ends; to be followed by ``keep`` or
    ``drop``. For a form of which two tabs keep different parts."""
    empty = UnsavedForm(account_id=account, place=place, fields="[]", saved_at=log.now_microseconds())
    change(session.connection(), _HOLD, tuple(getattr(empty, name) for name in _FIELDS))
    found = kept(session, account, place)
    return found.pairs if found else []


def drop(session: Session, account: int, place: str) -> None:
    """The form is saved, or given up."""
    session.execute(
        delete(UnsavedForm).where(col(UnsavedForm.account_id) == account, col(UnsavedForm.place) == place)
    )


def unsaved(session: Session, account: int, most: int = MOST) -> list[UnsavedForm]:
    """A person's forms that wait to be saved, the latest first."""
    query = select(UnsavedForm).where(UnsavedForm.account_id == account)
    return list(session.exec(query.order_by(col(UnsavedForm.saved_at).desc(), UnsavedForm.place).limit(most)))


def others_at_work(session: Session, subject: str, account: int) -> Iterable[tuple[int, int]]:
    """(account, when) of the others who were filling in a form about a subject a moment ago, the latest first."""
    since = log.now_microseconds() - AT_WORK
    query = (
        select(UnsavedForm.account_id, UnsavedForm.saved_at)
        .where(UnsavedForm.subject == subject, UnsavedForm.account_id != account)
        .where(UnsavedForm.saved_at >= since)
        .order_by(col(UnsavedForm.saved_at).desc())
    )
    return [(one, at) for one, at in session.exec(query)]


def forget(connection: Connection, subjects: set[str], quoted: Callable[[list[str]], bool]) -> None:
    """Drop everybody's forms about these subjects, and those in which somebody typed what was redacted."""
    kept = walk(connection, "unsaved_form", ("account_id", "place"), ("subject", "title", "fields"))
    for account, place, subject, title, fields in kept:
        if subject in subjects or quoted([title, *(value for _, value in json.loads(fields))]):
            connection.execute(
                delete(UnsavedForm).where(
                    col(UnsavedForm.account_id) == account, col(UnsavedForm.place) == place
                )
            )
