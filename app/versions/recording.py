"""Writing a publication: the one place that inserts published rows.

Everything a publication does is in its ``Order``. ``lay_out`` works out the revisions by the fold, numbers every
row and derives the timeline, reading only; ``write`` writes it all in bulk and closes with the chained log entry.
Who writes holds the publishing lock and one transaction; ``record`` does both under it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection
from sqlmodel import SQLModel

from app import log
from app.canonical import decode, digest, encode, refuse_floats
from app.db import TOMBSTONE, fetch, insert_rows, marks
from app.db import chunks as chunks
from app.errors import Refused
from app.versions.beginning import Begun, Ready, begin
from app.versions.fold import RESERVED, Change, Effect, State, Unfolding, boundaries, touches_content
from app.versions.folds import Folds
from app.versions.ids import kind_of
from app.versions.restoring import Gone, restore
from app.versions.timeline import (
    NOT_YET,
    Derived,
    Describe,
    Facets,
    Held,
    Rev,
    derive,
    derive_first,
    describe_stored,
    rederive,
    spans_of,
)


@dataclass(slots=True)
class Part:
    """What an act does to one subject. ``creates`` is the subject's first content."""

    subject_id: str
    effective_from: str
    role: str = "subject"
    until: str | None = None
    start_unknown: bool = False
    creates: dict[str, Any] | None = None
    changes: Sequence[Change] = ()
    base: int | None = None
    validated: bool = False
    """True where ``creates`` has passed its content model, which knows no floats."""
    ready: Ready | None = None
    """Instead of ``creates`` and ``changes``, in an act of its own without a statement."""


@dataclass(slots=True)
class Act:
    """One decision of the document: an outcome over one subject, or several in merge and split."""

    outcome: str
    parts: list[Part]
    statement: dict[str, Any] | None = None
    lineage: list[tuple[str, str]] = field(default_factory=list)
    builds_on: list[tuple[Act, dict[str, Any]]] = field(default_factory=list)
    """Earlier acts of the same publication that the statement refers to, each with the place in the statement
    whose ``act`` is to be their seq."""
    seq: int | None = None
    """Given on recording."""


@dataclass(slots=True)
class Voiding:
    """Takes the act whose first row has this seq out of the fold."""

    act: int
    ground: str
    statement: dict[str, Any] | None = None


@dataclass(slots=True)
class Order:
    """All that one publication writes."""

    kind: str
    acts: list[Act] = field(default_factory=list)
    voids: list[Voiding] = field(default_factory=list)
    changeset: str | None = None
    author: int | None = None
    reviewer: int | None = None
    publisher: int | None = None
    approved: str | None = None
    statement: dict[str, Any] | None = None
    redactions: list[tuple[str, dict[str, Any] | None]] = field(default_factory=list)
    rows: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    """Rows of other published tables: (table, values after seq and publication)."""
    documents: list[bytes] = field(default_factory=list)
    """Canonical contents that those rows name."""


class Receipt(NamedTuple):
    """What was written: the entry, and what each subject's days from which it changed."""

    seq: int
    hash: str
    recorded_at: int
    publication: int
    revisions: int
    subjects: list[str]


@dataclass(slots=True)
class History:
    """What is published about a subject: effects that count, revisions and code rows."""

    kind: str
    effects: list[Effect] = field(default_factory=list)
    revisions: list[Rev] = field(default_factory=list)
    codes: list[Held] = field(default_factory=list)


class Contents:
    """Documents by hash, gathered for one bulk insert."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.documents: dict[str, State] = {}
        """Some of them as they were before they were encoded. Shared: not to be altered."""

    def put(self, document: Any) -> str:
        return self.put_bytes(encode(document))

    def put_bytes(self, body: bytes) -> str:
        key = digest(body)
        self.bodies[key] = body
        return key

    def write(self, connection: Connection) -> None:
        table = SQLModel.metadata.tables["content"]
        insert_rows(connection, table, ("hash", "body"), sorted(self.bodies.items()))


# --- loading ----------------------------------------------------------------------------------------


def load_histories(connection: Connection, subject_ids: Iterable[str]) -> dict[str, History]:
    """Histories of the subjects that exist; effects in the order (effective_from, seq), voided ones left out."""
    histories: dict[str, History] = {}
    for ids in chunks(subject_ids):
        _load_chunk(connection, ids, histories)
    return histories


_SUBJECTS = "SELECT id, kind FROM subject WHERE id IN ({ids})"
_EFFECTS = (
    "SELECT d.subject_id, d.seq, d.act, d.effective_from, d.until, d.creates, cc.body, ch.body, d.start_unknown,"
    " d.changes FROM decision d LEFT JOIN content cc ON cc.hash = d.creates LEFT JOIN content ch ON ch.hash = d.changes"
    " WHERE d.subject_id IN ({ids}) AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = d.act)"
    " ORDER BY d.subject_id, d.effective_from, d.seq"
)
_REVISIONS = (
    "SELECT subject_id, seq, effective_from, status, content, start_unknown FROM revision"
    " WHERE subject_id IN ({ids}) ORDER BY subject_id, seq"
)
_CODES = (
    "SELECT subject_id, seq, effective_from, scheme, issuer, value, held FROM code"
    " WHERE subject_id IN ({ids}) ORDER BY subject_id, seq"
)


def _load_chunk(connection: Connection, ids: list[str], into: dict[str, History]) -> None:
    def rows(statement: str, ids: Sequence[str] = ids) -> list[Any]:
        return fetch(connection, statement.format(ids=marks(ids)), tuple(ids))

    gone: dict[str, list[Gone]] = defaultdict(list)
    for row in rows(_EFFECTS):
        if row[0] not in into:
            into[row[0]] = History(kind_of(row[0]))
        into[row[0]].effects.append(
            made := Effect(
                seq=row[1],
                act=row[2],
                effective_from=row[3],
                until=row[4],
                creates=row[5],
                creates_body=_bytes(row[6]),
                changes_body=_bytes(row[7]),
                start_unknown=bool(row[8]),
            )
        )
        if TOMBSTONE in (made.creates_body, made.changes_body):
            creates = made.creates if made.creates_body == TOMBSTONE else None
            changes = row[9] if made.changes_body == TOMBSTONE else None
            gone[row[0]].append(Gone(made, creates, changes))
    if bare := [
        one for one in ids if one not in into
    ]:  # not there, or all that was decided was taken out again
        for subject_id, kind in rows(_SUBJECTS, bare):
            into[subject_id] = History(kind)
    for row in rows(_REVISIONS):
        into[row[0]].revisions.append(Rev(row[1], row[2], row[3], row[4], bool(row[5])))
    for row in rows(_CODES):
        into[row[0]].codes.append(Held(row[1], row[2], (row[3], row[4], row[5]), bool(row[6])))
    for subject_id, effects in gone.items():
        history = into[subject_id]
        restore(connection, history.effects, effects, history.revisions, history.codes)


_VOIDED = (
    "SELECT d.subject_id, d.seq, d.act, d.effective_from, cc.body, ch.body FROM decision d"
    " LEFT JOIN content cc ON cc.hash = d.creates LEFT JOIN content ch ON ch.hash = d.changes"
    " WHERE d.subject_id IN ({ids}) AND EXISTS (SELECT 1 FROM void v WHERE v.act = d.act)"
    " ORDER BY d.subject_id, d.effective_from, d.seq"
)


def load_voided(connection: Connection, subject_ids: Iterable[str]) -> dict[str, list[Effect]]:
    """What decisions that were taken out did: in no fold, but published. What of it was redacted is left out."""
    found: dict[str, list[Effect]] = defaultdict(list)
    for some in chunks(subject_ids):
        for row in fetch(connection, _VOIDED.format(ids=marks(some)), tuple(some)):
            creates, changes = (
                None if body is None or bytes(body) == TOMBSTONE else bytes(body) for body in row[4:]
            )
            found[row[0]].append(Effect(row[1], row[2], row[3], creates_body=creates, changes_body=changes))
    return found


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)


# --- working out the revisions (pure) -------------------------------------------------------------------


class Wanted(NamedTuple):
    """A revision to write, before it has a seq; and the code rows of the same day."""

    day: str
    status: str
    content: str | None
    start_unknown: bool
    codes: list[tuple[tuple[str, str, str], bool]]
    differs: bool


StateOn = Callable[[str], State | None]
"""The fold of a subject's effects on a day, from who has folded it; see ``Folds``."""


def wanted_revisions(
    history: History, first: str, contents: Contents, state_on: StateOn | None = None
) -> list[Wanted]:
    """Go through the days from ``first`` on and say what must be written for State(D) to equal the fold.

    ``history.effects`` are the ones that will count; revisions and codes those that stand. Every day at
    which anything stood or stands is looked at, so what a voided decision left behind is put right.
    ``state_on`` is asked where one day is all there is to look at.
    """
    days = set(boundaries(history.effects, first))
    days.update(revision.effective_from for revision in history.revisions if revision.effective_from > first)
    days.update(row.effective_from for row in history.codes if row.effective_from > first)
    untouched = _content_untouched(history.effects)
    folded = Folded(history.effects, untouched, contents, state_on if len(days) == 1 else None)
    standing_on = Standing(history)
    wanted: list[Wanted] = []
    for day in sorted(days):
        status, content, held, unknown = folded.on(day)
        stands, held_before = standing_on.on(day)
        was = (stands.status, stands.content) if stands else (NOT_YET, None)
        moved = [(code, True) for code in sorted(held - held_before)]
        moved += [(code, False) for code in sorted(held_before - held)]
        differs = was != (status, content) or (
            stands is not None and stands.effective_from == day and stands.start_unknown != unknown
        )
        if not differs and not moved:
            continue
        wanted.append(Wanted(day, status, content, unknown, moved, differs))
        standing_on.write(day, Rev(0, day, status, content, unknown) if differs else stands, held)
    return wanted


class Standing:
    """What stands day by day, in their order: the revision, and the codes held; and what is to be written."""

    def __init__(self, history: History) -> None:
        self._revisions = sorted(history.revisions, key=lambda r: (r.effective_from, r.seq), reverse=True)
        self._codes = sorted(history.codes, key=lambda row: (row.effective_from, row.seq), reverse=True)
        self._revision: Rev | None = None
        self._held: set[tuple[str, str, str]] = set()

    def on(self, day: str) -> tuple[Rev | None, set[tuple[str, str, str]]]:
        """Days must not go back; the codes must not be altered."""
        while self._revisions and self._revisions[-1].effective_from <= day:
            self._revision = self._revisions.pop()
        if self._codes and self._codes[-1].effective_from <= day:
            self._held = set(self._held)
        while self._codes and self._codes[-1].effective_from <= day:
            row = self._codes.pop()
            (self._held.add if row.held else self._held.discard)(row.code)
        return self._revision, self._held

    def write(self, day: str, revision: Rev | None, held: set[tuple[str, str, str]]) -> None:
        """From this day on, until the next that stood already."""
        self._revision, self._held = revision, held


class Folded:
    """What the fold comes to day by day: status, content by hash, codes, whether its start is only attested."""

    def __init__(
        self,
        effects: Sequence[Effect],
        untouched: str | None,
        contents: Contents,
        state_on: StateOn | None = None,
    ) -> None:
        self._state_on = state_on
        self._unfolding = Unfolding(effects, reserved_only=untouched is not None)
        self._untouched, self._contents = untouched, contents
        self._attested = {e.effective_from for e in effects if e.start_unknown and e.creates}
        self._last: tuple[str, str | None, set[tuple[str, str, str]]] = (NOT_YET, None, set())

    def on(self, day: str) -> tuple[str, str | None, set[tuple[str, str, str]], bool]:
        state, moved = self._unfolding.on(day) if self._state_on is None else (self._state_on(day), True)
        if moved:
            self._last = self._read(state)
        return *self._last, state is not None and day in self._attested

    def _read(self, state: State | None) -> tuple[str, str | None, set[tuple[str, str, str]]]:
        if state is None:
            return NOT_YET, None, set()
        codes = {(code["scheme"], code.get("issuer", ""), code["value"]) for code in state["codes"]}
        document = {name: part for name, part in state.items() if name not in RESERVED}
        content = self._untouched or self._contents.put(document)
        if self._state_on is not None and not self._untouched:
            self._contents.documents[content] = document
        return state["status"], content, codes


def first_revision(history: History) -> list[Wanted] | None:
    """What ``wanted_revisions`` would say of a subject that has just been created, without folding: its content
    stands as given. None where there is more to it. ``verify`` asks the fold itself."""
    if len(history.effects) != 1 or history.revisions or history.codes:
        return None
    effect = history.effects[0]
    if effect.creates is None or effect.until is not None:
        return None
    status, codes = "in_force", {}
    for change in effect.changes():
        value = change.get("value")
        if change["op"] == "add" and change["path"] == "codes" and isinstance(value, dict):
            codes[value["key"]] = (value["scheme"], value.get("issuer", ""), value["value"])
        elif change["op"] == "set" and change["path"] == "status" and value in SETTLED:
            status = str(value)
        else:
            return None
    held = [(code, True) for code in sorted(set(codes.values()))]
    return [Wanted(effect.effective_from, status, effect.creates, effect.start_unknown, held, True)]


SETTLED = frozenset({"in_force", "suspended", "ended", "unknown"})
"""The statuses that a subject may start with."""


def _content_untouched(effects: Sequence[Effect]) -> str | None:
    """The creating content's hash where no decision touches content, so that it need not be hashed again."""
    creators = [effect.creates for effect in effects if effect.creates]
    if len(creators) != 1 or any(touches_content(effect.changes()) for effect in effects):
        return None
    return creators[0]


# --- writing ------------------------------------------------------------------------------------------


class Rows:
    """Published rows with their seqs, table by table, in the order of seq."""

    def __init__(self, last: int) -> None:
        self.seq = last
        self.tables: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self.order: list[tuple[str, tuple[Any, ...]]] = []

    def add(self, table: str, *values: Any) -> int:
        self.seq += 1
        row = (self.seq, *values)
        self.tables[table].append(row)
        self.order.append((table, row))
        return self.seq

    def add_decision(
        self,
        publication: int,
        act: Act,
        part: Part,
        creates: str | None,
        changes: str | None,
        statement: str | None,
    ) -> int:
        """What an act that has its seq does to one subject; the contents by hash."""
        return self.add(
            "decision",
            publication,
            act.seq,
            part.subject_id,
            part.role,
            act.outcome,
            part.effective_from,
            part.until,
            int(part.start_unknown),
            creates,
            changes,
            statement,
            part.base,
        )

    def write(self, connection: Connection) -> None:
        for table in WRITING_ORDER:
            if rows := self.tables.get(table):
                insert_rows(connection, SQLModel.metadata.tables[table], log.columns_of(table), rows)


WRITING_ORDER = (
    "publication",
    "subject",
    "decision",
    "void",
    "lineage",
    "revision",
    "code",
    "redaction",
    "signing_key",
    "edition",
)
"""Parents before children, for the foreign keys."""


def code_key(scheme: str, value: str, issuer: str = "") -> str:
    """The element key of a code within the state: ``scheme:value``, safe as a path's segment, and no other
    code's. An issuer follows after ``%40``, which the rest of a key never has, since its own ``%`` is escaped.

    Published keys stay as they were given: some name an issuer's code by scheme and value alone.
    """
    key = f"{_escaped(scheme).replace(':', '%3A')}:{_escaped(value)}"
    return f"{key}%40{_escaped(issuer)}" if issuer else key


def _escaped(part: str) -> str:
    return part.replace("%", "%25").replace("/", "%2F")


def add_code(scheme: str, value: str, issuer: str = "") -> Change:
    code = {"key": code_key(scheme, value, issuer), "scheme": scheme, "issuer": issuer, "value": value}
    return {"op": "add", "path": "codes", "value": code}


def remove_code(scheme: str, value: str, issuer: str = "") -> Change:
    return {"op": "remove", "path": f"codes/{code_key(scheme, value, issuer)}"}


@dataclass(slots=True)
class Laid:
    """A publication worked out, every row with its seq. It holds while ``after`` is the last entry of the log."""

    after: log.Head
    publication: int
    rows: Rows
    lines: bytes
    """The rows as the log entry hashes them."""
    contents: Contents
    derived: Derived
    revisions: int
    subjects: list[str]


def record(
    connection: Connection, order: Order, describe: Describe, histories: dict[str, History] | None = None
) -> Receipt:
    """Write one publication. The caller holds the lock; ``histories`` are those it loaded under it.

    Raises Refused where an act creates a subject that exists, or changes one that does not.
    """
    return write(connection, lay_out(connection, order, describe, histories))


def write(connection: Connection, laid: Laid) -> Receipt:
    """Write a publication that was laid out. The caller holds the lock, under which the log has not moved since: the
    keys of its rows follow that entry, and where they are taken the database refuses them."""
    laid.contents.write(connection)
    laid.rows.write(connection)
    laid.derived.write(connection)
    entry = _close(connection, laid)
    return Receipt(*entry, laid.publication, laid.revisions, laid.subjects)


def lay_out(
    connection: Connection,
    order: Order,
    describe: Describe,
    histories: dict[str, History] | None = None,
    folds: Folds | None = None,
) -> Laid:
    """Work one publication out, without writing. ``histories`` were read in the same snapshot, and go on here;
    ``folds`` are those of who decided on them.

    Raises Refused where an act creates a subject that exists, or changes one that does not.
    """
    head = log.head(connection)
    contents = Contents()
    rows = Rows(head.seq)
    publication = rows.add(
        "publication",
        order.kind,
        order.changeset,
        order.author,
        order.reviewer,
        order.publisher,
        order.approved,
        contents.put(order.statement) if order.statement else None,
    )
    touched = [part.subject_id for act in order.acts for part in act.parts if part.ready is None]
    voided = _voided_subjects(connection, order.voids)
    if histories is None:
        histories = load_histories(connection, dict.fromkeys([*touched, *(s for s, _, _ in voided)]))
    known = set(histories)
    first_days: dict[str, str] = {}
    causes: dict[str, int] = {}
    facets: dict[str, Facets] = {}

    for subject_id, act_seq, day in voided:
        history = histories[subject_id]
        history.effects = [effect for effect in history.effects if effect.act != act_seq]
        first_days[subject_id] = min(day, first_days.get(subject_id, day))
    for voiding in order.voids:
        seq = rows.add(
            "void",
            publication,
            voiding.act,
            voiding.ground,
            contents.put(voiding.statement) if voiding.statement else None,
        )
        for subject_id, act_seq, _day in voided:
            if act_seq == voiding.act:
                causes[subject_id] = seq
    begun: dict[str, Begun] = {}
    for act in order.acts:
        if (ready := act.parts[0].ready) is not None:
            one = begin(rows, publication, act, ready, contents)
            begun[one.subject_id], first_days[one.subject_id] = one, one.day
            continue
        _add_act(rows, publication, act, histories, contents, first_days, causes, facets, describe)

    derived = Derived()
    revisions = _add_revisions(
        rows, publication, histories, first_days, causes, contents, folds, begun, derived
    )
    for content, statement in order.redactions:
        rows.add("redaction", publication, content, contents.put(statement) if statement else None)
    for document in order.documents:
        contents.put_bytes(document)
    for table, values in order.rows:
        rows.add(table, publication, *values)
    days = {one: day for one, day in first_days.items() if one not in begun}
    _derive(connection, publication, histories, known, days, contents, facets, describe, derived)
    contents.documents.clear()  # what is laid out may wait to be written
    lines = b"".join([log.line(log.CURRENT[table], row) for table, row in rows.order])
    return Laid(head, publication, rows, lines, contents, derived, revisions, list(first_days))


def _voided_subjects(connection: Connection, voids: list[Voiding]) -> list[tuple[str, int, str]]:
    """(subject, act, effective_from) of every row of the acts to be voided."""
    if not voids:
        return []
    acts = tuple(voiding.act for voiding in voids)
    query = f"SELECT subject_id, act, effective_from FROM decision WHERE act IN ({marks(acts)}) ORDER BY seq"
    return [(row[0], row[1], row[2]) for row in fetch(connection, query, acts)]


def _add_act(
    rows: Rows,
    publication: int,
    act: Act,
    histories: dict[str, History],
    contents: Contents,
    first_days: dict[str, str],
    causes: dict[str, int],
    facets: dict[str, Facets],
    describe: Describe,
) -> None:
    for earlier, place in act.builds_on:
        place["act"] = earlier.seq
    statement = contents.put(act.statement) if act.statement else None
    for part in act.parts:
        if part.creates is not None and part.subject_id not in histories:
            kind = kind_of(part.subject_id)
            rows.add("subject", part.subject_id, kind)
            histories[part.subject_id] = History(kind)
    act_seq = act.seq = rows.seq + 1
    for part in act.parts:
        history = histories.get(part.subject_id)
        if history is None:
            raise Refused(f"{part.subject_id} 尚不存在，不能对它作出处理。", code="no-such-subject")
        creates = creates_body = changes_body = changes = None
        if part.creates is not None:
            if any(effect.creates for effect in history.effects):
                raise Refused(f"{part.subject_id} 已经存在，不能再次新增。", code="already-exists")
            creates_body = encode(part.creates)
            creates = contents.put_bytes(creates_body)
            if creates not in facets:
                if not part.validated:
                    refuse_floats(part.creates, creates_body)
                facets[creates] = describe(history.kind, part.creates)
        if part.changes:
            changes_body = encode(list(part.changes))
            refuse_floats(part.changes, changes_body)
            changes = contents.put_bytes(changes_body)
        seq = rows.add_decision(publication, act, part, creates, changes, statement)
        effect = Effect(
            seq=seq,
            act=act_seq,
            effective_from=part.effective_from,
            until=part.until,
            creates=creates,
            creates_body=creates_body,
            changes_body=changes_body,
            start_unknown=part.start_unknown,
            _changes=list(part.changes) if creates is not None else None,
        )
        _insert_effect(history.effects, effect)
        causes[part.subject_id] = seq
        day = part.effective_from
        first_days[part.subject_id] = min(day, first_days.get(part.subject_id, day))
    first = act.parts[0]
    for origin, successor in act.lineage:
        rows.add(
            "lineage", publication, act_seq, origin, successor, act.outcome, _lineage_day(act, origin, first)
        )


def _lineage_day(act: Act, origin: str, first: Part) -> str:
    return next(
        (part.effective_from for part in act.parts if part.subject_id == origin), first.effective_from
    )


def _insert_effect(effects: list[Effect], effect: Effect) -> None:
    """Keep the order (effective_from, seq); the new effect has the greatest seq."""
    place = len(effects)
    while place and effects[place - 1].effective_from > effect.effective_from:
        place -= 1
    effects.insert(place, effect)


def _add_revisions(
    rows: Rows,
    publication: int,
    histories: dict[str, History],
    first_days: dict[str, str],
    causes: dict[str, int],
    contents: Contents,
    folds: Folds | None,
    begun: dict[str, Begun],
    derived: Derived,
) -> int:
    count = 0
    for subject_id, first in first_days.items():
        if (one := begun.get(subject_id)) is not None:
            one.add_revision(rows, publication, derived)
            count += 1
            continue
        history = histories[subject_id]
        cause = causes[subject_id]
        state_on = partial(folds.on, subject_id, history.effects) if folds is not None else None
        for want in first_revision(history) or wanted_revisions(history, first, contents, state_on):
            if want.differs:
                seq = rows.add(
                    "revision",
                    publication,
                    subject_id,
                    want.day,
                    want.status,
                    want.content,
                    int(want.start_unknown),
                    cause,
                )
                history.revisions.append(Rev(seq, want.day, want.status, want.content, want.start_unknown))
                count += 1
            for code, held in want.codes:
                seq = rows.add("code", publication, subject_id, *code, want.day, int(held), cause)
                history.codes.append(Held(seq, want.day, code, held))
    return count


def _derive(
    connection: Connection,
    publication: int,
    histories: dict[str, History],
    known: set[str],
    first_days: dict[str, str],
    contents: Contents,
    facets: dict[str, Facets],
    describe: Describe,
    derived: Derived,
) -> None:
    standing_spans = spans_of(connection, known & first_days.keys())
    for subject_id in first_days:
        history = histories[subject_id]

        def facets_of(content: str, kind: str = history.kind) -> Facets:
            if content not in facets:
                body, document = contents.bodies.get(content), contents.documents.get(content)
                if document is not None:
                    facets[content] = describe(kind, document)
                elif body is not None:
                    facets[content] = describe(kind, decode(body))
                else:
                    facets[content] = describe_stored(connection, describe, kind, content)
            return facets[content]

        if subject_id in known:
            rederive(
                standing_spans.get(subject_id, {}),
                subject_id,
                history.kind,
                history.revisions,
                history.codes,
                facets_of,
                derived,
                codes_moved=bool(history.codes) and history.codes[-1].seq > publication,
            )
        elif not derive_first(subject_id, history.kind, history.revisions, history.codes, facets_of, derived):
            derive(subject_id, history.kind, history.revisions, history.codes, facets_of, derived)


def _close(connection: Connection, laid: Laid) -> tuple[int, str, int]:
    recorded_at = log.next_moment(laid.after.recorded_at)
    seq = laid.rows.seq + 1
    chain = log.Chain(laid.after.hash, seq, recorded_at)
    chain.add_lines(laid.lines)
    entry = chain.digest()
    insert_rows(
        connection,
        SQLModel.metadata.tables["log_entry"],
        ("seq", "recorded_at", "format", "prev", "hash", "rows"),
        [(seq, recorded_at, log.ENTRY_FORMAT, laid.after.hash, entry, chain.rows())],
    )
    return seq, entry, recorded_at
