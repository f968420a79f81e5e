"""The timeline: what follows from a subject's revisions and codes as known now.

Derived, written by publishing and by ``verify --rebuild`` alone. An interval is maximal: neighbours
with the same status, content and codes are one, so a withdrawn plan leaves no trace in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection

from app.canonical import decode, encode
from app.db import TOMBSTONE, chunks, execute_many, fetch, insert_rows, marks, run_by
from app.versions.models import FIRST, OPEN, CodeInterval, Interval, Link
from app.versions.named_files import write_named
from app.versions.visibility import kept_of

NOT_YET = "not_yet"


class Rev(NamedTuple):
    """A revision, as far as the timeline needs it."""

    seq: int
    effective_from: str
    status: str
    content: str | None
    start_unknown: bool


class Held(NamedTuple):
    """A code row: from this day on the code is held, or not."""

    seq: int
    effective_from: str
    code: tuple[str, str, str]
    held: bool


@dataclass(slots=True)
class Facets:
    """What lists filter and join by, what the content refers to (role, target, locator), and the digests of the files
    that it names."""

    name: str | None = None
    type: str | None = None
    level: str | None = None
    authority: str | None = None
    region: str | None = None
    parent: str | None = None
    visibility: str = "public"
    links: list[tuple[str, str, str]] = field(default_factory=list)
    files: Sequence[str] = ()


Describe = Callable[[str, dict[str, Any]], Facets]
"""(kind, content) -> facets; given by the layer that knows the nouns."""


class Span(NamedTuple):
    """A row of the timeline without its facets."""

    valid_from: str
    valid_to: str
    revision: int | None
    status: str
    content: str | None
    codes: str


def is_unknown_start(span: Span) -> bool:
    """Whether it is the unknown time before the day from which a source attests the subject."""
    return span.revision is None and span.valid_from == FIRST


def attested_from(rows: Sequence[Span], index: int) -> str | None:
    """The day from which a source attests the subject, of the two intervals that meet on it: neither says when the
    subject began. None of every other."""
    span = rows[index]
    if is_unknown_start(span):
        return span.valid_to
    before = rows[index - 1] if index else None
    return (
        span.valid_from
        if before and is_unknown_start(before) and before.valid_to == span.valid_from
        else None
    )


def attested(row: str) -> str:
    """SQL: the same of a timeline row, by its alias. Of a subject with many rows the one before lies beside it."""
    unknown = f"valid_from = '{FIRST}' AND {{0}}.revision IS NULL"
    before = (
        f"(SELECT CASE WHEN before.{unknown.format('before')} AND before.valid_to = {row}.valid_from"
        f" THEN before.valid_to END FROM timeline before WHERE before.subject_id = {row}.subject_id"
        f" AND before.valid_from < {row}.valid_from ORDER BY before.valid_from DESC LIMIT 1)"
    )
    return f"CASE WHEN {row}.{unknown.format(row)} THEN {row}.valid_to ELSE {before} END"


Row = TypeVar("Row", Rev, Held)


def standing(rows: Iterable[Row], day: str) -> Row | None:
    """State(D, T): the greatest (effective_from, seq) with effective_from <= day; of the rows of one code likewise."""
    best: Row | None = None
    for row in rows:
        if row.effective_from <= day and (
            best is None or (best.effective_from, best.seq) < (row.effective_from, row.seq)
        ):
            best = row
    return best


def codes_on(rows: Iterable[Held], day: str) -> set[tuple[str, str, str]]:
    """The codes held on a day, by the same rule."""
    latest: dict[tuple[str, str, str], Held] = {}
    for row in rows:
        if row.effective_from <= day:
            known = latest.get(row.code)
            if known is None or (known.effective_from, known.seq) < (row.effective_from, row.seq):
                latest[row.code] = row
    return {code for code, row in latest.items() if row.held}


def codes_json(codes: Iterable[tuple[str, str, str]]) -> str:
    """``[{"issuer": ..., "scheme": ..., "value": ...}]``, sorted; an empty issuer is absent."""
    return encode(
        [
            {"scheme": scheme, "value": value} | ({"issuer": issuer} if issuer else {})
            for scheme, issuer, value in sorted(codes)
        ]
    ).decode()


def spans(revisions: Sequence[Rev], codes: Sequence[Held]) -> list[Span]:
    """The maximal intervals, in order. Empty where the subject never was."""
    latest: dict[str, Rev] = {}
    for revision in revisions:
        known = latest.get(revision.effective_from)
        if known is None or known.seq < revision.seq:
            latest[revision.effective_from] = revision
    moving = {row.effective_from for row in codes}
    days = sorted(latest.keys() | moving)
    result: list[Span] = []
    current: Rev | None = None
    held = "[]"
    for index, day in enumerate(days):
        current = latest.get(day, current)
        held = codes_json(codes_on(codes, day)) if day in moving else held
        until = days[index + 1] if index + 1 < len(days) else OPEN
        if current is None or current.status == NOT_YET:
            continue
        if not result and current.start_unknown:
            result.append(Span(FIRST, day, None, "unknown", None, "[]"))
        last = result[-1] if result else None
        if last and last.valid_to == day and last[3:] == (current.status, current.content, held):
            result[-1] = last._replace(valid_to=until)
        else:
            result.append(Span(day, until, current.seq, current.status, current.content, held))
    return result


def code_spans(codes: Sequence[Held]) -> list[tuple[str, str, str, str, str]]:
    """(scheme, issuer, value, valid_from, valid_to) of each time a code was held."""
    result = []
    for code in sorted({row.code for row in codes}):
        own = [row for row in codes if row.code == code]
        days = sorted({row.effective_from for row in own})
        since: str | None = None
        for day in days:
            held = code in codes_on(own, day)
            if held and since is None:
                since = day
            elif not held and since is not None:
                result.append((*code, since, day))
                since = None
        if since is not None:
            result.append((*code, since, OPEN))
    return result


INTERVAL_COLUMNS = (
    "subject_id",
    "valid_from",
    "valid_to",
    "kind",
    "revision",
    "status",
    "content",
    "codes",
    "name",
    "type",
    "level",
    "authority",
    "region",
    "parent",
    "visibility",
)
CODE_COLUMNS = ("subject_id", "scheme", "issuer", "value", "valid_from", "valid_to")
LINK_COLUMNS = ("subject_id", "valid_from", "role", "target", "locator", "valid_to")


@dataclass(slots=True)
class Derived:
    """What the derived tables are to take in and give up, gathered over many subjects."""

    dropped: list[tuple[str, str]] = field(default_factory=list)
    """(subject, first day) of intervals that go, with their links."""
    stretched: list[tuple[str, str, str]] = field(default_factory=list)
    """(new end, subject, first day) of intervals that only end on another day."""
    codes_anew: list[tuple[str]] = field(default_factory=list)
    """Subjects whose code intervals are written anew."""
    intervals: list[tuple[Any, ...]] = field(default_factory=list)
    codes: list[tuple[Any, ...]] = field(default_factory=list)
    links: list[tuple[Any, ...]] = field(default_factory=list)
    files: set[tuple[str, str, str]] = field(default_factory=set)
    """(subject, digest, visibility) of what revisions name."""

    def add_files(self, subject_id: str, facets: Facets) -> None:
        """Of a revision's content."""
        for digest in facets.files:
            self.files.add((subject_id, digest, facets.visibility))

    def add(self, subject_id: str, kind: str, span: Span, facets: Facets) -> None:
        self.intervals.append(
            (
                subject_id,
                span.valid_from,
                span.valid_to,
                kind,
                span.revision,
                span.status,
                span.content,
                span.codes,
                facets.name,
                facets.type,
                facets.level,
                facets.authority,
                facets.region,
                facets.parent,
                facets.visibility,
            )
        )
        if span.content is not None:
            for role, target, locator in dict.fromkeys(facets.links):
                self.links.append((subject_id, span.valid_from, role, target, locator, span.valid_to))

    def write(self, connection: Connection) -> None:
        for table in ("timeline", "link"):
            execute_many(
                connection, f"DELETE FROM {table} WHERE subject_id = ? AND valid_from = ?", self.dropped
            )
            execute_many(
                connection,
                f"UPDATE {table} SET valid_to = ? WHERE subject_id = ? AND valid_from = ?",
                self.stretched,
            )
        execute_many(connection, "DELETE FROM code_interval WHERE subject_id = ?", self.codes_anew)
        insert_rows(connection, Interval.__table__, INTERVAL_COLUMNS, self.intervals)  # type: ignore[attr-defined]
        insert_rows(connection, CodeInterval.__table__, CODE_COLUMNS, self.codes)  # type: ignore[attr-defined]
        insert_rows(connection, Link.__table__, LINK_COLUMNS, self.links)  # type: ignore[attr-defined]
        write_named(connection, sorted(self.files))


def derive(
    subject_id: str,
    kind: str,
    revisions: Sequence[Rev],
    codes: Sequence[Held],
    facets_of: Callable[[str], Facets],
    into: Derived,
) -> None:
    """All derived rows of one subject. ``facets_of`` describes a content hash."""
    rows, facets_of = spans(revisions, codes), cache(facets_of)
    for index, span in enumerate(rows):
        content = span.content or (rows[index + 1].content if index + 1 < len(rows) else None)
        into.add(subject_id, kind, span, facets_of(content) if content else Facets())
    into.codes += [(subject_id, *row) for row in code_spans(codes)]
    for content in {revision.content for revision in revisions if revision.content}:
        into.add_files(subject_id, facets_of(content))


def derive_first(
    subject_id: str,
    kind: str,
    revisions: Sequence[Rev],
    codes: Sequence[Held],
    facets_of: Callable[[str], Facets],
    into: Derived,
) -> bool:
    """As ``derive``, for a subject with one revision and codes of the same day, which needs no going through
    days; False, and nothing done, for any other."""
    if len(revisions) != 1:
        return False
    only = revisions[0]
    day, content = only.effective_from, only.content
    if content is None or only.status == NOT_YET:
        return False
    if not all(row.held and row.effective_from == day for row in codes):
        return False
    facets = facets_of(content)
    into.add_files(subject_id, facets)
    if only.start_unknown:
        into.add(subject_id, kind, Span(FIRST, day, None, "unknown", None, "[]"), facets)
    held = sorted({row.code for row in codes})
    into.add(subject_id, kind, Span(day, OPEN, only.seq, only.status, content, codes_json(held)), facets)
    into.codes += [(subject_id, *code, day, OPEN) for code in held]
    return True


def spans_of(connection: Connection, subjects: Iterable[str]) -> dict[str, dict[str, Span]]:
    """The derived intervals of subjects as they stand, by first day."""
    found: dict[str, dict[str, Span]] = {}
    for some in chunks(subjects):
        query = (
            "SELECT subject_id, valid_from, valid_to, revision, status, content, codes FROM timeline"
            f" WHERE subject_id IN ({marks(some)})"
        )
        for subject_id, *row in fetch(connection, query, tuple(some)):
            found.setdefault(subject_id, {})[row[0]] = Span(*row)
    return found


def rederive(
    old: dict[str, Span],
    subject_id: str,
    kind: str,
    revisions: Sequence[Rev],
    codes: Sequence[Held],
    facets_of: Callable[[str], Facets],
    into: Derived,
    codes_moved: bool = True,
) -> None:
    """What brings one subject's derived rows up to date, touching only the intervals that changed. ``old`` are
    those that stand (``spans_of``); used up here."""
    rows = spans(revisions, codes)
    for index, span in enumerate(rows):
        follows = rows[index + 1] if span.content is None and index + 1 < len(rows) else None
        was = old.pop(span.valid_from, None)
        # The unknown time before an attested start is described by what follows it.
        same = follows is None or _content_stood(old, follows)
        if was == span and same:
            continue
        if was is not None and same and was._replace(valid_to=span.valid_to) == span:
            into.stretched.append((span.valid_to, subject_id, span.valid_from))
            continue
        if was is not None:
            into.dropped.append((subject_id, span.valid_from))
        content = span.content or (rows[index + 1].content if index + 1 < len(rows) else None)
        into.add(subject_id, kind, span, facets_of(content) if content else Facets())
    into.dropped += [(subject_id, day) for day in old]
    if codes_moved:
        into.codes_anew.append((subject_id,))
        into.codes += [(subject_id, *row) for row in code_spans(codes)]


def _content_stood(old: dict[str, Span], span: Span) -> bool:
    was = old.get(span.valid_from)
    return was is not None and was.content == span.content


def describe_stored(connection: Connection, describe: Describe, kind: str, content: str) -> Facets:
    """Facets of stored content, by hash. Of redacted content: what the order kept, without a name or links;
    internal, unless it is recorded that it was public."""
    document = decode(bytes(fetch(connection, "SELECT body FROM content WHERE hash = ?", (content,))[0][0]))
    if document != decode(TOMBSTONE):
        return describe(kind, document)
    kept = kept_of(run_by(connection), [content]).get(content, {})
    facets = describe(kind, kept.get("content", {}))
    facets.name, facets.links, facets.files = None, [], ()
    facets.visibility = "redacted" if kept.get("visibility") == "public" else "internal"
    return facets
