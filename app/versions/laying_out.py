"""A publication worked out without writing: its revisions by the fold, every row with its number, the timeline."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import Any

from sqlalchemy import Connection

from app import log
from app.canonical import decode, encode, refuse_floats
from app.db import fetch, marks
from app.errors import Refused
from app.versions.beginning import Begun, begin
from app.versions.causes import Cause, cause_on
from app.versions.fold import Effect
from app.versions.folds import Folds
from app.versions.histories import History, load_histories
from app.versions.ids import kind_of
from app.versions.orders import Act, Order, Part, Voiding
from app.versions.revising import first_revision, wanted_revisions
from app.versions.rows import Contents, Rows
from app.versions.timeline import (
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
class Laid:
    """A publication worked out, every row with its seq. It holds while ``after`` is the last entry of the log."""

    after: log.Head
    publication: int
    rows: Rows
    lines: bytes
    """The rows as the log entry hashes them."""
    marks: bytes
    contents: Contents
    derived: Derived
    revisions: int
    subjects: list[str]


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
    touched = [part.subject_id for act in order.acts for part in act.parts if part.ready is None]
    voided = _voided_subjects(connection, order.voids)
    if histories is None:
        histories = load_histories(connection, dict.fromkeys([*touched, *(s for s, _, _ in voided)]))
    laying = _Laying(log.head(connection), order, describe, histories)
    laying.add_voids(order.voids, voided)
    for act in order.acts:
        laying.add_act(act)
    laying.add_revisions(folds)
    laying.add_others(order)
    laying.derive(connection)
    return laying.laid()


def _voided_subjects(connection: Connection, voids: list[Voiding]) -> list[tuple[str, int, Cause]]:
    """(subject, act, its days) of every row of the acts to be voided."""
    if not voids:
        return []
    acts = tuple(voiding.act for voiding in voids)
    query = (
        "SELECT subject_id, act, seq, effective_from, until, creates IS NOT NULL OR changes IS NOT NULL"
        f" FROM decision WHERE act IN ({marks(acts)}) ORDER BY seq"
    )
    return [
        (row[0], row[1], Cause(row[2], row[3], row[4], bool(row[5]), True))
        for row in fetch(connection, query, acts)
    ]


class _Laying:
    """A publication while its rows are numbered: those of its acts first, then what follows from them."""

    def __init__(
        self, head: log.Head, order: Order, describe: Describe, histories: dict[str, History]
    ) -> None:
        self.head, self.describe, self.histories = head, describe, histories
        self.known = set(histories)
        """Subjects that were there before."""
        self.contents = Contents()
        self.rows = Rows(head.seq)
        self.derived = Derived()
        self.revisions = 0
        self.first_days: dict[str, str] = {}
        """From which day on each subject is touched."""
        self.causes: dict[str, list[Cause]] = {}
        """The rows about each subject: what its revisions come from."""
        self.facets: dict[str, Facets] = {}
        self.begun: dict[str, Begun] = {}
        self.publication = self.rows.add(
            "publication",
            order.kind,
            order.changeset,
            order.author,
            order.reviewer,
            order.publisher,
            order.approved,
            self._stated(order.statement),
        )

    def _stated(self, statement: dict[str, Any] | None) -> str | None:
        return self.contents.put(statement) if statement else None

    def _touch(self, subject_id: str, day: str) -> None:
        self.first_days[subject_id] = min(day, self.first_days.get(subject_id, day))

    def add_voids(self, voids: list[Voiding], voided: list[tuple[str, int, Cause]]) -> None:
        """``voided``: as ``_voided_subjects`` tells them."""
        for subject_id, act, days in voided:
            history = self.histories[subject_id]
            history.effects = [effect for effect in history.effects if effect.act != act]
            self._touch(subject_id, days.effective_from)
        for voiding in voids:
            seq = self.rows.add(
                "void", self.publication, voiding.act, voiding.ground, self._stated(voiding.statement)
            )
            for subject_id, act, days in voided:
                if act == voiding.act:
                    self.causes.setdefault(subject_id, []).append(days._replace(seq=seq))

    def add_act(self, act: Act) -> None:
        if (ready := act.parts[0].ready) is not None:
            one = begin(self.rows, self.publication, act, ready, self.contents)
            self.begun[one.subject_id], self.first_days[one.subject_id] = one, one.day
            return
        for earlier, place in act.builds_on:
            place["act"] = earlier.seq
        statement = self._stated(act.statement)
        for part in act.parts:
            if part.creates is not None and part.subject_id not in self.histories:
                kind = kind_of(part.subject_id)
                self.rows.add("subject", part.subject_id, kind)
                self.histories[part.subject_id] = History(kind)
        act.seq = self.rows.seq + 1
        for part in act.parts:
            self._add_part(act, act.seq, part, statement)
        first = act.parts[0]
        for origin, successor in act.lineage:
            day = _lineage_day(act, origin, first)
            self.rows.add("lineage", self.publication, act.seq, origin, successor, act.outcome, day)

    def _add_part(self, act: Act, act_seq: int, part: Part, statement: str | None) -> None:
        history = self.histories.get(part.subject_id)
        if history is None:
            raise Refused(f"{part.subject_id} 尚不存在，不能对它作出处理。", code="no-such-subject")
        creates = creates_body = changes_body = changes = None
        if part.creates is not None:
            if any(effect.creates for effect in history.effects):
                raise Refused(f"{part.subject_id} 已经存在，不能再次新增。", code="already-exists")
            creates_body = encode(part.creates)
            creates = self.contents.put_bytes(creates_body)
            if creates not in self.facets:
                if not part.validated:
                    refuse_floats(part.creates, creates_body)
                self.facets[creates] = self.describe(history.kind, part.creates)
        if part.changes:
            changes_body = encode(list(part.changes))
            refuse_floats(part.changes, changes_body)
            changes = self.contents.put_bytes(changes_body)
        seq = self.rows.add_decision(self.publication, act, part, creates, changes, statement)
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
        alters = creates is not None or changes is not None
        cause = Cause(seq, part.effective_from, part.until, alters)
        self.causes.setdefault(part.subject_id, []).append(cause)
        self._touch(part.subject_id, part.effective_from)

    def add_revisions(self, folds: Folds | None) -> None:
        """What the acts and voids come to, subject by subject."""
        for subject_id, first in self.first_days.items():
            if (one := self.begun.get(subject_id)) is not None:
                one.add_revision(self.rows, self.publication, self.derived)
                self.revisions += 1
            else:
                self._add_revisions_of(subject_id, first, folds)

    def _add_revisions_of(self, subject_id: str, first: str, folds: Folds | None) -> None:
        history, causes, publication = self.histories[subject_id], self.causes[subject_id], self.publication
        state_on = partial(folds.on, subject_id, history.effects) if folds is not None else None
        for want in first_revision(history) or wanted_revisions(history, first, self.contents, state_on):
            cause = cause_on(causes, want.day).seq
            if want.differs:
                stands = (want.status, want.content, int(want.start_unknown))
                seq = self.rows.add("revision", publication, subject_id, want.day, *stands, cause)
                history.revisions.append(Rev(seq, want.day, want.status, want.content, want.start_unknown))
                self.revisions += 1
            for code, held in want.codes:
                seq = self.rows.add("code", publication, subject_id, *code, want.day, int(held), cause)
                history.codes.append(Held(seq, want.day, code, held))

    def add_others(self, order: Order) -> None:
        """Redactions, and rows of tables that the kernel does not know."""
        for content, statement in order.redactions:
            self.rows.add("redaction", self.publication, content, self._stated(statement))
        for document in order.documents:
            self.contents.put_bytes(document)
        for table, values in order.rows:
            self.rows.add(table, self.publication, *values)

    def derive(self, connection: Connection) -> None:
        """The timeline of every subject touched; of those just begun it is there already."""
        touched = [one for one in self.first_days if one not in self.begun]
        standing = spans_of(connection, self.known.intersection(touched))
        for subject_id in touched:
            history = self.histories[subject_id]
            facets_of = partial(self._facets_of, connection, history.kind)
            asked = (subject_id, history.kind, history.revisions, history.codes, facets_of, self.derived)
            if subject_id in self.known:
                moved = bool(history.codes) and history.codes[-1].seq > self.publication
                rederive(standing.get(subject_id, {}), *asked, codes_moved=moved)
                for revision in takewhile(self._is_new, reversed(history.revisions)):
                    if revision.content:
                        self.derived.add_files(subject_id, facets_of(revision.content))
            elif not derive_first(*asked):
                derive(*asked)

    def _is_new(self, revision: Rev) -> bool:
        return revision.seq > self.publication

    def _facets_of(self, connection: Connection, kind: str, content: str) -> Facets:
        if (found := self.facets.get(content)) is None:
            if (document := self.contents.documents.get(content)) is not None:
                found = self.describe(kind, document)
            elif (body := self.contents.bodies.get(content)) is not None:
                found = self.describe(kind, decode(body))
            else:
                found = describe_stored(connection, self.describe, kind, content)
            self.facets[content] = found
        return found

    def laid(self) -> Laid:
        self.contents.documents.clear()  # what is laid out may wait to be written
        lines = [log.line(log.CURRENT[table], row) for table, row in self.rows.order]
        return Laid(
            after=self.head,
            publication=self.publication,
            rows=self.rows,
            lines=b"".join(lines),
            marks=log.marks_of(lines),
            contents=self.contents,
            derived=self.derived,
            revisions=self.revisions,
            subjects=list(self.first_days),
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
