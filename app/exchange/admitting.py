"""From records to acts: what a record changes of the subject that it is about.

A source changes only what it gives, and only subjects that it brought itself: what another source recorded is left
alone. Which subject a record is about, ``recognising`` finds out; what a change is called, and what of it cannot be
done, ``changing`` says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import Connection

from app.canonical import decode, digest, encode
from app.changes import kinds
from app.db import chunks, fetch, insert_rows, marks
from app.exchange.changing import ADJUSTS, Code, Said, Stands, Wrong, element_keys, keys_of_changes, outcomes
from app.exchange.mapping import SameAs
from app.exchange.models import SourceKey, SourceSeen
from app.exchange.naming_ended import Standing
from app.exchange.readying import ADDRESS, STATUS_UNSAID, Beginning, first_changes, page_of
from app.exchange.recognising import NOT_YET, Recognition
from app.exchange.records import Admissible, Problem, Record, Spooled
from app.versions import ids
from app.versions.fold import Change, apply_changes
from app.versions.histories import load_histories, load_voided
from app.versions.names import own_name
from app.versions.orders import Act, Part, add_code
from app.versions.queries import known_at, state_on

CREATES = {
    "item": "add",
    "entry": "add",
    "authority": "found",
    "region": "found",
    "instrument": "enact",
    "calendar": "set",
}


@dataclass(slots=True)
class Known:
    """A subject as this run knows it: what stands from the last record on."""

    subject_id: str
    owned: bool
    keyed: bool = False
    """Whether its key is written already: by an earlier run, or by a draft that was withdrawn."""
    content: dict[str, Any] | None = None
    codes: set[Code] = field(default_factory=set)
    status: str = "in_force"
    spent: set[tuple[str, str]] = field(default_factory=set)
    """(list, key) of the elements that this run brought."""
    again: bool = False
    """Whether its batch may say more of it: what it stands at is then followed."""


@dataclass(slots=True)
class Admitted:
    """What a batch of records comes to."""

    acts: list[Act] = field(default_factory=list)
    keys: list[tuple[str, str, str, str, int]] = field(default_factory=list)
    seen: list[tuple[str, str, str, str]] = field(default_factory=list)
    known: dict[tuple[str, str], Known] = field(default_factory=dict)
    created: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    same: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    """How many records of each kind; left: of which nothing could be taken over. Each record counts once."""
    problems: list[Problem] = field(default_factory=list)
    """What records say that was not taken over; such a record is looked at again when it comes again."""


class Admission(Recognition):
    """One run over one source. ``batch`` is called with a few thousand records at a time."""

    def __init__(
        self, source: str, trusted: bool, same_as: Mapping[str, SameAs] | None = None, *, free: bool = False
    ) -> None:
        """``trusted``: the records' content has been validated by the reader already. ``same_as``: items that
        the source itself says another source has too. ``free``: see ``changing.outcomes``."""
        super().__init__(source, same_as)
        self.trusted = trusted
        self.free = free
        self.drafted: dict[tuple[str, str], Known] = {}
        """Drafting: what the batches before this one come to; nothing of it is published yet."""
        self.again: frozenset[str] = frozenset()
        """Subjects of which nothing was taken that the source gave: drafted and withdrawn, or dropped from a draft."""
        self._standing = Standing()

    def batch(self, connection: Connection, records: Sequence[Admissible]) -> Admitted:
        """The acts that bring the registry to what the records say. Reserves ids; writes nothing else.

        Raises Invalid where content refers to something that neither the source nor the registry has.
        """
        admitted = Admitted()
        known = self._load(connection, records)
        self._reserve(connection, records, known)
        self._learn_laws(records)
        admitted.problems += self._said_twice(records, known)
        admitted.known = known
        seen = self._seen(connection, records)
        for record in records:
            mark = (self._place(record), record.kind, record.ref, _digest(record))
            if mark in seen and known[(record.kind, record.ref)].subject_id not in self.again:
                admitted.same[record.kind] += 1
                continue
            wrong = self._admit(connection, record, known, admitted)
            admitted.problems += [_told(record, one) for one in wrong]
            if mark not in seen and not wrong:
                seen.add(mark)
                admitted.seen.append(mark)
        return admitted

    def founded(self, connection: Connection, records: Iterable[Admissible]) -> list[Admissible]:
        """The first record of each region and authority that ``batch`` would found. Writes nothing; regions
        come before what refers to them."""
        found: dict[tuple[str, str], Admissible] = {}
        met: set[tuple[str, str]] = set()
        for record in records:
            key = (record.kind, record.ref)
            if key in met:
                continue
            met.add(key)
            known = self._load(connection, [record]).get(key)
            if known is None:
                matched = self.match(connection, record)
                self.refs[key] = matched or NOT_YET
                if matched is None:
                    found[key] = record
            elif known.owned and known.content is None:  # of a draft that is not published
                mark = (self._place(record), record.kind, record.ref, _digest(record))
                if known.subject_id in self.again or mark not in self._seen(connection, [record]):
                    found[key] = record
        return list(found.values())

    def learn(self, connection: Connection, records: Sequence[Admissible]) -> None:
        """Which of the records' subjects the registry has already, for ``refs``. Writes nothing."""
        known = self._load(connection, records)
        for record in records:
            if (record.kind, record.ref) not in known:
                self.refs[record.kind, record.ref] = self.match(connection, record) or NOT_YET

    def write_keys(self, connection: Connection, admitted: Admitted) -> None:
        """Remember whose key is whose, in the transaction that publishes or drafts."""
        insert_rows(
            connection,
            SourceKey.__table__,  # type: ignore[attr-defined]
            ("source", "kind", "ref", "subject_id", "owned"),
            admitted.keys,
        )
        insert_rows(
            connection,
            SourceSeen.__table__,  # type: ignore[attr-defined]
            ("source", "kind", "ref", "digest"),
            admitted.seen,
        )

    # --- matching

    def _place(self, record: Admissible) -> str:
        """Whose key it is: a page's address is the same key in every source."""
        return "url" if record.ref.startswith(ADDRESS) else self.source

    def _places(self, records: Sequence[Admissible]) -> dict[tuple[str, str], list[str]]:
        """(whose key, kind) -> references: all that their index is ordered by, or each look-up would go through
        every key of the source."""
        places: dict[tuple[str, str], set[str]] = {}
        for record in records:
            places.setdefault((self._place(record), record.kind), set()).add(record.ref)
        return {place: sorted(refs) for place, refs in places.items()}

    def _seen(self, connection: Connection, records: Sequence[Admissible]) -> set[tuple[str, str, str, str]]:
        """What the source has given before."""
        query = "SELECT source, kind, ref, digest FROM source_seen WHERE source = ? AND kind = ? AND ref IN ({refs})"
        return {
            tuple(row)
            for place, refs in self._places(records).items()
            for some in chunks(refs)
            for row in fetch(connection, query.format(refs=marks(some)), (*place, *some))
        }

    def _load(self, connection: Connection, records: Sequence[Admissible]) -> dict[tuple[str, str], Known]:
        """Subjects that the source's keys already stand for."""
        query = (
            "SELECT k.kind, k.ref, k.subject_id, k.owned, s.id FROM source_key k LEFT JOIN subject s"
            " ON s.id = k.subject_id WHERE k.source = ? AND k.kind = ? AND k.ref IN ({refs})"
        )
        found: dict[tuple[str, str], Known] = {}
        for place, refs in self._places(records).items():
            for some in chunks(refs):
                for row in fetch(connection, query.format(refs=marks(some)), (*place, *some)):
                    known = self.drafted.get((row[0], row[1])) or Known(row[2], bool(row[3]), keyed=True)
                    if row[4] is not None and known.content is None:
                        known.content = {}  # published: read when compared
                    found[(row[0], row[1])] = known
                    self.refs[(row[0], row[1])] = row[2]
        return found

    def _reserve(
        self, connection: Connection, records: Sequence[Admissible], known: dict[tuple[str, str], Known]
    ) -> None:
        fresh: dict[str, list[tuple[str, str]]] = {}
        for record in records:
            key: tuple[str, str] = (record.kind, record.ref)
            if key in known:
                known[key].again = True
                continue
            matched = self.match(connection, record)
            if matched is not None:
                known[key] = Known(matched, owned=False)
                self.refs[key] = matched
            else:
                known[key] = Known("", owned=True)
                fresh.setdefault(record.kind, []).append(key)
        for kind, keys in fresh.items():
            for key, subject_id in zip(keys, self._ids(connection, kind, len(keys)), strict=True):
                known[key].subject_id = subject_id
                if kind != "item":
                    self.refs[key] = subject_id

    def _ids(self, connection: Connection, kind: str, count: int) -> list[str]:
        return ids.allocate(connection, kind, count)

    def _said_twice(
        self, records: Sequence[Admissible], known: Mapping[tuple[str, str], Known]
    ) -> Iterator[Problem]:
        """A warning of each new item that this source says another source has too, which has not been imported."""
        for record in records if self.same_as else ():
            same = self.same_as.get(record.ref)
            subject = known.get(("item", record.ref)) if record.kind == "item" else None
            if same and subject and subject.owned and not subject.keyed:
                message = (
                    f"与来源“{same.source}”的“{same.ref}”是同一事项，而那个来源还没有导入，本行另立为一项；"
                    "两个来源都要时，请先导入那个来源"
                )
                yield Problem(severity="warning", code="same-as-missing", where=record.where, message=message)

    # --- comparing

    def _admit(
        self,
        connection: Connection,
        record: Admissible,
        known: dict[tuple[str, str], Known],
        admitted: Admitted,
    ) -> list[Wrong]:
        """Adds what the record comes to; returns what it says that cannot be taken over."""
        key = (record.kind, record.ref)
        subject = known[key]
        if self.free and isinstance(record, Spooled) and record.begins and _is_fresh(subject):
            begins = Beginning(*record.begins)
            if not any(self._law_called(connection, title, record.day) for title in begins.titles):
                self._begin(connection, record, begins, subject, admitted)
                return []
        content = self._with_ids(connection, record)
        codes = {(code.scheme, code.issuer, code.value) for code in record.codes}
        if subject.content is None and subject.owned:
            return self._create(connection, record, subject, content, codes, admitted)
        elif not subject.owned:
            if (self._place(record), *key) not in {k[:3] for k in admitted.keys} and subject.content is None:
                admitted.keys.append((self._place(record), *key, subject.subject_id, 0))
                subject.content = {}
            admitted.same[record.kind] += 1
        else:
            said = Said(content, codes, record.status)
            return self._change(connection, record, subject, said, admitted)
        return []

    def _create(
        self,
        connection: Connection,
        record: Admissible,
        subject: Known,
        content: dict[str, Any],
        codes: set[tuple[str, str, str]],
        admitted: Admitted,
    ) -> list[Wrong]:
        if not self.trusted:
            content = kinds.validate(record.kind, content)
        if wrong := self._names_ended(connection, record, content):
            self._standing.left[subject.subject_id] = str(own_name(content) or record.ref)
            admitted.left[record.kind] += 1
            return [wrong]
        self._standing.left.pop(subject.subject_id, None)
        part = Part(
            subject.subject_id,
            record.day,
            start_unknown=record.start_unknown,
            creates=content,
            changes=first_changes(record.codes, record.status),
            validated=True,
        )
        admitted.acts.append(Act(CREATES[record.kind], [part]))
        if not subject.keyed:
            page = page_of(record.ref, content) if record.kind == "item" else ""
            self._key(record, subject, page, admitted)
        admitted.created[record.kind] += 1
        subject.content, subject.codes, subject.status = content, codes, record.status or STATUS_UNSAID
        return []

    def _begin(
        self, connection: Connection, record: Spooled, begins: Beginning, subject: Known, admitted: Admitted
    ) -> None:
        """As ``_create``, from what the check of the file has made ready."""
        part = Part(
            subject.subject_id,
            record.day,
            start_unknown=record.start_unknown,
            ready=begins.ready(
                record.said, record.changes, lambda asked: self._id(connection, asked, record)
            ),
        )
        admitted.acts.append(Act(CREATES[record.kind], [part]))
        self._key(record, subject, begins.page, admitted)
        admitted.created[record.kind] += 1
        subject.content = {}

    def _key(self, record: Admissible, subject: Known, page: str, admitted: Admitted) -> None:
        admitted.keys.append((self._place(record), record.kind, record.ref, subject.subject_id, 1))
        subject.keyed = True
        if page:
            # Another source that keys by this page's address finds the item, and leaves it alone.
            admitted.keys.append(("url", record.kind, page, subject.subject_id, 0))

    def _change(
        self, connection: Connection, record: Admissible, subject: Known, said: Said, admitted: Admitted
    ) -> list[Wrong]:
        if not subject.content:
            self._look_up(connection, record, subject)
        if not subject.content:
            admitted.left[record.kind] += 1
            return [_BEFORE_KNOWN]
        _keep_links(subject.content, said.content)
        stands = Stands(subject.status, subject.content, subject.codes)
        found = outcomes(record.kind, stands, said, lambda: self._spent(connection, subject), free=self.free)
        is_changed = False
        for outcome, asked in found.decisions:
            changes = self._without_ended(connection, record, subject, outcome, asked, found.wrong)
            if not changes:
                continue
            after = self._after(subject, changes)
            part = Part(subject.subject_id, record.day, changes=changes)
            admitted.acts.append(Act(outcome, [part]))
            subject.spent.update(element_keys(subject.content))
            subject.status, subject.content, subject.codes = after.status, dict(after.content), after.codes
            is_changed = True
        became = admitted.changed if is_changed else admitted.left if found.wrong else admitted.same
        became[record.kind] += 1
        return found.wrong

    def _look_up(self, connection: Connection, record: Admissible, subject: Known) -> None:
        standing = state_on(connection, subject.subject_id, record.day, known_at(connection, None))
        subject.content = standing.document()
        subject.codes = {(c["scheme"], c.get("issuer", ""), c["value"]) for c in standing.codes}
        subject.status = standing.status

    def _spent(self, connection: Connection, subject: Known) -> set[tuple[str, str]]:
        """Every element key that the subject ever had: a key is given once."""
        spent = subject.spent | set(element_keys(subject.content or {}))
        effects = [*load_voided(connection, [subject.subject_id]).get(subject.subject_id, ())]
        for history in load_histories(connection, [subject.subject_id]).values():
            effects += history.effects
        for effect in effects:
            spent.update(keys_of_changes(effect.changes()))
            if effect.creates_body is not None:
                spent.update(element_keys(decode(effect.creates_body)))
        return spent

    @staticmethod
    def _after(subject: Known, changes: list[Change]) -> Stands:
        """The subject as it stands after a decision."""
        state = {
            **decode(encode(subject.content or {})),
            "status": subject.status,
            "codes": [add_code(s, v, i)["value"] for s, i, v in sorted(subject.codes)],
        }
        apply_changes(state, changes)
        codes = {(c["scheme"], c.get("issuer", ""), c["value"]) for c in state.pop("codes")}
        return Stands(state.pop("status"), state, codes)

    def _without_ended(
        self,
        connection: Connection,
        record: Admissible,
        subject: Known,
        outcome: str,
        changes: list[Change],
        wrong: list[Wrong],
    ) -> list[Change]:
        """The changes that name nothing that has ended; each other is told. Of an adjustment it is the field that is
        left out, of any other outcome the whole, which is nothing without what it is about."""
        stood = subject.content or {}
        if self._names_ended(connection, record, self._after(subject, changes).content, stood) is None:
            return changes
        left: list[Change] = []
        adjusts = outcome == ADJUSTS[record.kind]
        for _, of_field in groupby(
            changes, lambda change: change["path"].split("/", 1)[0] if adjusts else ""
        ):
            some = list(of_field)
            if found := self._names_ended(connection, record, self._after(subject, some).content, stood):
                wrong.append(found)
            else:
                left += some
        return left

    def _names_ended(
        self,
        connection: Connection,
        record: Admissible,
        content: Mapping[str, Any],
        before: Mapping[str, Any] | None = None,
    ) -> Wrong | None:
        """At the first entry a source's own history is recorded as it is."""
        if self.free:
            return None
        return self._standing.wrong(connection, record.kind, content, before or {}, record.day)


def _keep_links(stands: Mapping[str, Any], said: dict[str, Any]) -> None:
    """A citation that says no instrument keeps the one that it was linked to here, while it names the same law."""
    if "citations" not in said:
        return
    linked = {one["key"]: one for one in stands.get("citations", ()) if "instrument" in one}
    said["citations"] = [
        {**one, "instrument": was["instrument"]}
        if "instrument" not in one
        and (was := linked.get(one["key"]))
        and all(was.get(name) == one.get(name) for name in ("title", "number"))
        else one
        for one in said["citations"]
    ]


def _is_fresh(subject: Known) -> bool:
    """New to this source and to the registry, and said once in its batch."""
    return subject.owned and subject.content is None and not subject.keyed and not subject.again


_BEFORE_KNOWN = Wrong(
    "before-known",
    "这一天早于登记簿所知的第一天，未采纳；请核对日期，或给出较晚的“来源所证明的日期”（命令行用 --attested）",
)


def _told(record: Admissible, wrong: Wrong) -> Problem:
    name = own_name(record.content) or record.ref
    message = f"“{str(name)[:60]}”{wrong.message}"
    return Problem(severity="warning", code=wrong.code, where=record.where, message=message)


def _digest(record: Admissible) -> str:
    if isinstance(record, Spooled):
        return record.digest
    codes = sorted((code.scheme, code.issuer, code.value) for code in record.codes)
    return digest(encode([record.day, record.status, record.start_unknown, record.content, codes]))


def in_order(records: Iterable[Record]) -> list[Record]:
    """Records of several files: what is referred to comes first."""
    rank = {"region": 0, "authority": 1, "instrument": 2, "calendar": 3, "entry": 4, "item": 5}
    return sorted(records, key=lambda record: rank[record.kind])
