"""State(D, T) and what hangs on it: what was in force on day D, as known at log seq T."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from app import log
from app.canonical import decode
from app.db import chunks, fetch, marks
from app.errors import Invalid, NotFound
from app.saying import said
from app.versions.models import OPEN
from app.versions.timeline import Held, Rev, Span, attested_from, is_unknown_start, spans

SHANGHAI = ZoneInfo("Asia/Shanghai")
SHANGHAI_OFFSET = 8 * 3600
"""Seconds east of UTC; Shanghai has kept no summer time since 1991, and "now" is later."""
DAY_SECONDS = 86_400
DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")


def today() -> str:
    """The Asia/Shanghai date. One per request: routes take it once and hand it down."""
    return _date_of((log.now_microseconds() // 1_000_000 + SHANGHAI_OFFSET) // DAY_SECONDS)


@lru_cache(maxsize=8)
def _date_of(days: int) -> str:
    return (dt.date(1970, 1, 1) + dt.timedelta(days=days)).isoformat()


def parse_day(value: str, what: str = "日期") -> str:
    """Check an ISO day. Raises Invalid."""
    try:
        if not DAY.match(value) or value == OPEN:  # which stands for "no end"
            raise ValueError(value)
        return dt.date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise Invalid(
            said("{1}“{2}”不是有效的日期，请写成 YYYY-MM-DD，例如 2026-09-28。", said(what), value),
            code="bad-day",
        ) from error


def eve_of(day: str) -> str | None:
    """The day before; the first day there is has none."""
    eve = dt.date.fromisoformat(day)
    return (eve - dt.timedelta(days=1)).isoformat() if eve > dt.date.min else None


def next_midnight_seconds() -> int:
    """Seconds until the next Shanghai midnight: no cache may outlive it."""
    return DAY_SECONDS - (log.now_microseconds() // 1_000_000 + SHANGHAI_OFFSET) % DAY_SECONDS


@lru_cache(maxsize=4096)
def moment(microseconds: int) -> str:
    """A recorded moment as RFC 3339, UTC, with all its microseconds."""
    instant = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=microseconds)
    return instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def microseconds(instant: dt.datetime) -> int:
    """What ``moment`` tells, of an instant with a zone: UTC microseconds."""
    return (instant - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


class Known(NamedTuple):
    """A point of the log: the entry an answer rests on."""

    seq: int
    recorded_at: int
    is_head: bool
    asked_later: bool = False

    def told(self) -> dict[str, Any]:
        """What every answer as known at a time says of that time: ``known_at``, ``seq``, and ``later_than_head``
        where a later one was asked for."""
        later = {"later_than_head": True} if self.asked_later else {}
        return {"known_at": moment(self.recorded_at), "seq": self.seq, **later}


def known_at(connection: Connection, asked: str | None) -> Known:
    """Resolve ``known_at``: nothing (the head), a log seq, or an RFC 3339 moment.

    A moment later than the head is answered as of the head, and says so; so does a seq between two
    entries, which rests on the entry before it. Raises Invalid, or NotFound before the first entry.
    """
    head = log.head(connection)
    if asked is None:
        return Known(head.seq, head.recorded_at, True)
    column, value = _parse_known_at(asked)
    row = connection.execute(
        text(
            f"SELECT seq, recorded_at FROM log_entry WHERE {column} <= :value ORDER BY {column} DESC LIMIT 1"
        ),
        {"value": min(value, 2**62)},
    ).one_or_none()
    if row is None:
        raise NotFound(said("那时登记簿中还没有任何记录。"), code="before-first-record")
    later = value > (head.seq if column == "seq" else head.recorded_at)
    return Known(row[0], row[1], row[0] == head.seq, later)


def _parse_known_at(asked: str) -> tuple[str, int]:
    if asked.isascii() and asked.isdigit() and len(asked) < 19:
        return "seq", int(asked)
    try:
        instant = dt.datetime.fromisoformat(asked.replace("Z", "+00:00").replace(" ", "+"))
    except ValueError as error:
        raise Invalid(
            said(
                "known_at“{1}”既不是日志序号，也不是时刻，请写成 2026-09-28T15:00:00+08:00，或写日期，指当天结束时。",
                asked,
            ),
            code="bad-known-at",
        ) from error
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=SHANGHAI)
    if DAY.match(asked):  # whoever names a day means what was known by its end
        instant += dt.timedelta(days=1, microseconds=-1)
    return "recorded_at", microseconds(instant)


@dataclass(slots=True)
class Standing:
    """What is in force about a subject on a day. ``body`` is the canonical content, None where unknown."""

    subject_id: str
    kind: str
    status: str
    valid_from: str | None
    valid_to: str | None
    revision: int | None
    content: str | None
    body: bytes | None
    codes: list[dict[str, str]]
    attested_from: str | None = None
    """In the unknown time before a start, and in the first interval after it: the day between the two."""
    described_by: str | None = None
    """The content that says what it is called and whose it is: its own, in the unknown time what follows."""
    description: bytes | None = None

    def document(self) -> dict[str, Any]:
        return decode(self.body) if self.body else {}

    def described(self) -> dict[str, Any]:
        """What says its name, its authority and its region."""
        return decode(self.description) if self.description else {}


def kind_of_subject(connection: Connection, subject_id: str, known: Known | None = None) -> str:
    """The kind of a published subject. Raises NotFound for one that was never known (at that time)."""
    rows = fetch(connection, "SELECT kind, seq FROM subject WHERE id = ?", (subject_id,))
    if not rows or (known is not None and rows[0][1] > known.seq):
        raise NotFound(said("登记簿中从未有过 {1}。", subject_id), code="unknown-subject")
    return str(rows[0][0])


def state_on(connection: Connection, subject_id: str, day: str, known: Known) -> Standing:
    """State(D, T). A known subject always answers; raises NotFound for one never known."""
    kind = kind_of_subject(connection, subject_id, known)
    rows = timeline(connection, subject_id, known)
    return _pick(connection, subject_id, kind, rows, day)


def timeline(connection: Connection, subject_id: str, known: Known) -> list[Span]:
    """The subject's maximal intervals: the derived rows at the head, worked out from revisions before it."""
    return timelines(connection, [subject_id], known).get(subject_id, [])


def timelines(connection: Connection, subject_ids: Iterable[str], known: Known) -> dict[str, list[Span]]:
    """The intervals of many subjects; those that have none are left out."""
    found: dict[str, list[Span]] = {}
    for some in chunks(subject_ids):
        if known.is_head:
            for row in fetch(connection, _SPANS.format(marks(some)), tuple(some)):
                found.setdefault(row[0], []).append(Span(*row[1:]))
        else:
            recorded = revisions_and_codes(connection, some, known.seq)
            found |= {one: rows for one, both in recorded.items() if (rows := spans(*both))}
    return found


_SPANS = (
    "SELECT subject_id, valid_from, valid_to, revision, status, content, codes FROM timeline"
    " WHERE subject_id IN ({}) ORDER BY subject_id, valid_from"
)
_REVISIONS = (
    "SELECT subject_id, seq, effective_from, status, content, start_unknown FROM revision"
    " WHERE subject_id IN ({}) AND seq <= ? ORDER BY subject_id, seq"
)
_CODES = (
    "SELECT subject_id, seq, effective_from, scheme, issuer, value, held FROM code"
    " WHERE subject_id IN ({}) AND seq <= ? ORDER BY subject_id, seq"
)


def revisions_and_codes(
    connection: Connection, subject_ids: Sequence[str], seq: int
) -> dict[str, tuple[list[Rev], list[Held]]]:
    """The revisions and code rows of some subjects, recorded up to a seq."""
    asked = (*subject_ids, seq)
    found: dict[str, tuple[list[Rev], list[Held]]] = {}
    for row in fetch(connection, _REVISIONS.format(marks(subject_ids)), asked):
        found.setdefault(row[0], ([], []))[0].append(Rev(row[1], row[2], row[3], row[4], bool(row[5])))
    for row in fetch(connection, _CODES.format(marks(subject_ids)), asked):
        held = Held(row[1], row[2], (row[3], row[4], row[5]), bool(row[6]))
        found.setdefault(row[0], ([], []))[1].append(held)
    return found


def _pick(connection: Connection, subject_id: str, kind: str, rows: list[Span], day: str) -> Standing:
    at = next((at for at, row in enumerate(rows) if row.valid_from <= day < row.valid_to), None)
    if at is None:
        later = next((row for row in rows if row.valid_from > day), None)
        return Standing(
            subject_id, kind, "not_yet", None, later.valid_from if later else None, None, None, None, []
        )
    span = rows[at]
    unknown = is_unknown_start(span)
    told, description = span.content, None
    if unknown and at + 1 < len(rows):
        told = rows[at + 1].content
    if told is not None:
        ((held,),) = fetch(connection, "SELECT body FROM content WHERE hash = ?", (told,))
        description = bytes(held)
    return Standing(
        subject_id=subject_id,
        kind=kind,
        status=span.status,
        valid_from=None if unknown else span.valid_from,
        valid_to=None if span.valid_to == OPEN else span.valid_to,
        revision=span.revision,
        content=span.content,
        body=description if span.content is not None else None,
        codes=decode(span.codes.encode()),
        attested_from=attested_from(rows, at),
        described_by=told,
        description=description,
    )


def of_publication(column: str, publication: str) -> str:
    """SQL: whether a row's seq lies within a publication. Its rows follow its own seq up to its log entry, so
    the primary key finds them and no index on ``publication`` has to be kept while the lock is held."""
    return (
        f"{column} > {publication}"
        f" AND {column} < (SELECT min(within.seq) FROM log_entry within WHERE within.seq > {publication})"
    )
