"""State(D, T) against a naive model that is written here and shares no code with the kernel.

A history is a list of publications: decisions (planned, late, for a time only), voids of any earlier
act, keyed elements and codes that come and go, a clock that steps forward and back. After it every
question (D, T) is asked, T being every entry of the log, and compared with a replay of what was
recorded up to T.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from app import log
from app.canonical import decode
from app.db import Database
from app.versions import ids, queries, verifying
from app.versions.orders import Act, Order, Part, Voiding, add_code, remove_code
from app.versions.recording import record
from app.versions.timeline import Facets

FIRST_DAY = dt.date(2026, 1, 1)
SPAN = 6
"""Days on which things happen; few, so that they meet."""
KEYS = ["a", "b", "c"]
CODES = [("local", "X1"), ("local", "X2"), ("uscc", "Y1")]


def day(number: int) -> str:
    return (FIRST_DAY + dt.timedelta(days=number)).isoformat()


def describe(_kind: str, document: dict[str, Any]) -> Facets:
    links = [("uses", element["key"], str(element.get("n", ""))) for element in document.get("list", ())]
    return Facets(name=document.get("name"), links=links)


# --- the naive model ----------------------------------------------------------------------------------


@dataclass
class Decided:
    """One decision as the model keeps it."""

    act: int
    seq: int
    subject: str
    day: str
    until: str | None
    creates: dict[str, Any] | None
    start_unknown: bool
    changes: list[dict[str, Any]]


@dataclass
class Model:
    """All that was decided, and at which log seq it was recorded. Answers by replaying everything."""

    decisions: list[tuple[int, Decided]] = field(default_factory=list)
    voids: list[tuple[int, int]] = field(default_factory=list)
    subjects: dict[str, int] = field(default_factory=dict)

    def state(self, subject: str, on: str, known: int) -> tuple[Any, ...]:
        """(status, content, codes), as known at a seq."""
        voided = {act for seq, act in self.voids if seq <= known}
        counted = [
            d
            for seq, d in self.decisions
            if seq <= known and d.subject == subject and d.act not in voided and d.day <= on
        ]
        counted = [d for d in counted if d.until is None or on < d.until]
        counted.sort(key=lambda d: (d.day, d.seq))
        creators = [d for d in counted if d.creates is not None]
        if not creators:
            return (self._before(subject, known, voided), None, set())
        document = {"status": "in_force", "codes": {}, **copy.deepcopy(creators[0].creates)}
        for decision in counted:
            for change in decision.changes:
                naive_change(document, change)
        codes = set(document.pop("codes"))
        status = document.pop("status")
        elements = document.pop("list", None)
        if elements is not None:
            document["list"] = elements
        return (status, document, codes)

    def _before(self, subject: str, known: int, voided: set[int]) -> str:
        """Nothing stands: unknown where the first entry only attests, not_yet else."""
        for seq, d in self.decisions:
            if seq <= known and d.subject == subject and d.creates is not None and d.act not in voided:
                return "unknown" if d.start_unknown else "not_yet"
        return "not_yet"


def naive_change(document: dict[str, Any], change: dict[str, Any]) -> None:
    """The meaning of the few forms of change that this test makes."""
    op, path = change["op"], change["path"].split("/")
    if path[0] == "codes":
        naive_code(document["codes"], op, change)
    elif op == "set" and len(path) == 1:
        put(document, path[0], change.get("value"))
    elif op == "set" and path[0] == "limit":
        inner = document.get("limit", {})
        put(inner, path[1], change.get("value"))
        put(document, "limit", inner or None)
    elif op == "set":
        for element in document.get("list", []):
            if element["key"] == path[1]:
                put(element, path[2], change.get("value"))
    elif op == "remove":
        if "list" in document:
            document["list"] = [e for e in document["list"] if e["key"] != path[1]]
    elif op == "order":
        old = document.get("list", [])
        named = [e for key in change["keys"] for e in old if e["key"] == key]
        if old:
            document["list"] = named + [e for e in old if e["key"] not in change["keys"]]
    else:
        naive_add(document.setdefault("list", []), change)


def naive_add(elements: list[dict[str, Any]], change: dict[str, Any]) -> None:
    keys = [element["key"] for element in elements]
    value = copy.deepcopy(change["value"])
    if value["key"] in keys:
        elements[keys.index(value["key"])] = value
    elif change.get("after") == "":
        elements.insert(0, value)
    elif change.get("after") in keys:
        elements.insert(keys.index(change["after"]) + 1, value)
    else:
        elements.append(value)


def naive_code(codes: dict[Any, bool], op: str, change: dict[str, Any]) -> None:
    if op == "add":
        codes[change["value"]["scheme"], change["value"]["value"]] = True
    else:
        scheme, value = change["path"].split("/")[1].split(":")
        codes.pop((scheme, value), None)


def put(holder: dict[str, Any], name: str, value: Any) -> None:
    if value is None:
        holder.pop(name, None)
    else:
        holder[name] = value


# --- histories ------------------------------------------------------------------------------------------

days = st.integers(0, SPAN - 1)
small = st.integers(0, 3)
elements = st.builds(lambda key, n: {"key": key, "n": n}, st.sampled_from(KEYS), small)

changes = st.one_of(
    st.builds(lambda v: {"op": "set", "path": "phone", "value": v}, st.none() | small),
    st.builds(lambda v: {"op": "set", "path": "name", "value": f"n{v}"}, small),
    st.builds(lambda v: {"op": "set", "path": "limit/value", "value": v}, st.none() | small),
    st.builds(lambda v: {"op": "set", "path": "limit/unit", "value": v}, st.none() | st.just("day")),
    st.builds(
        lambda s: {"op": "set", "path": "status", "value": s},
        st.sampled_from(["suspended", "ended", "in_force", "unknown"]),
    ),
    st.builds(lambda k, v: {"op": "set", "path": f"list/{k}/n", "value": v}, st.sampled_from(KEYS), small),
    st.builds(
        lambda e, after: (
            {"op": "add", "path": "list", "value": e} | ({} if after is None else {"after": after})
        ),
        elements,
        st.none() | st.sampled_from(["", *KEYS]),
    ),
    st.builds(lambda k: {"op": "remove", "path": f"list/{k}"}, st.sampled_from(KEYS)),
    st.builds(lambda keys: {"op": "order", "path": "list", "keys": keys}, st.permutations(KEYS)),
    st.builds(lambda c: dict(add_code(*c)), st.sampled_from(CODES)),
    st.builds(lambda c: dict(remove_code(*c)), st.sampled_from(CODES)),
)

contents = st.builds(
    lambda n, listed: {"name": f"n{n}"} | ({} if listed is None else {"list": listed}),
    small,
    st.none() | st.lists(elements, max_size=3, unique_by=lambda e: e["key"]),
)


@dataclass
class Create:
    subject: int
    day: int
    start_unknown: bool
    content: dict[str, Any]
    changes: list[dict[str, Any]]


@dataclass
class Change:
    subjects: list[int]
    day: int
    lasts: int | None
    changes: list[dict[str, Any]]


@dataclass
class VoidAct:
    which: int
    ground: str


creations = st.builds(Create, st.integers(0, 1), days, st.booleans(), contents, st.lists(changes, max_size=2))
steps = st.one_of(
    creations,
    *[
        st.builds(
            Change,
            st.lists(st.integers(0, 1), min_size=1, max_size=2, unique=True),
            days,
            st.none() | st.integers(1, 4),
            st.lists(changes, min_size=1, max_size=3),
        )
    ]
    * 3,
    st.builds(VoidAct, st.integers(0, 30), st.sampled_from(["error", "withdrawn"])),
)
publications = st.tuples(st.lists(steps, min_size=1, max_size=3), st.integers(-5_000_000, 5_000_000))
histories = st.builds(
    lambda first, rest, more: [([first, *rest], 0), *more],  # something stands from the start
    creations,
    st.lists(steps, max_size=2),
    st.lists(publications, max_size=5),
)


class Player:
    """Plays a history into a database, and into the model."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.model = Model()
        self.subjects = ids.allocate(connection, "item", 2)
        self.moments: list[tuple[int, int]] = []
        self.voiding: set[int] = set()

    def publish(self, asked: list[Any]) -> None:
        acts: list[Act] = []
        voids: list[Voiding] = []
        for step in (step for step in asked if isinstance(step, VoidAct)):  # voids come first, as recorded
            self._void(step, voids)
        self.voiding = {voiding.act for voiding in voids}
        for step in (step for step in asked if not isinstance(step, VoidAct)):
            act = self._create(step, acts) if isinstance(step, Create) else self._change(step, acts)
            acts += [act] if act else []
        self.voiding = set()
        receipt = record(self.connection, Order("routine", acts, voids), describe)
        self.moments.append((receipt.seq, receipt.recorded_at))
        self._learn(receipt.publication, receipt.seq, acts, voids)

    def _alive(self) -> list[Decided]:
        voided = {act for _, act in self.model.voids} | self.voiding
        return [d for _, d in self.model.decisions if d.act not in voided]

    def _void(self, step: VoidAct, voids: list[Voiding]) -> None:
        taken = {voiding.act for voiding in voids}
        open_acts = sorted({d.act for d in self._alive()} - taken)
        if open_acts:
            voids.append(Voiding(open_acts[step.which % len(open_acts)], step.ground))

    def _stands(self, subject: str, acts: list[Act]) -> bool:
        created = any(d.subject == subject and d.creates is not None for d in self._alive())
        return created or any(p.subject_id == subject and p.creates for act in acts for p in act.parts)

    def _create(self, step: Create, acts: list[Act]) -> Act | None:
        subject = self.subjects[step.subject]
        if self._stands(subject, acts):
            return None
        part = Part(
            subject,
            day(step.day),
            start_unknown=step.start_unknown,
            creates=step.content,
            changes=step.changes,  # type: ignore[arg-type]
        )
        return Act("add", [part])

    def _change(self, step: Change, acts: list[Act]) -> Act | None:
        until = None if step.lasts is None else day(step.day + step.lasts)
        parts = [
            Part(self.subjects[n], day(step.day), until=until, changes=step.changes)  # type: ignore[arg-type]
            for n in step.subjects
            if self.subjects[n] in self.model.subjects or self._stands(self.subjects[n], acts)
        ]
        return Act("adjust", parts) if parts else None

    def _learn(self, publication: int, seq: int, acts: list[Act], voids: list[Voiding]) -> None:
        rows = self.connection.exec_driver_sql(
            f"SELECT seq, act FROM decision WHERE publication = {publication} ORDER BY seq"
        ).all()
        parts = [part for act in acts for part in act.parts]
        assert len(rows) == len(parts)
        self.model.voids += [(seq, voiding.act) for voiding in voids]
        for (row_seq, act_seq), part in zip(rows, parts, strict=True):
            self.model.subjects.setdefault(part.subject_id, seq)
            decided = Decided(
                act_seq,
                row_seq,
                part.subject_id,
                part.effective_from,
                part.until,
                part.creates,
                part.start_unknown,
                list(part.changes),  # type: ignore[arg-type]
            )
            self.model.decisions.append((seq, decided))

    # --- asking

    def answers(self, seq: int) -> dict[tuple[str, str], Any]:
        """All there is to ask about a T: every subject on every day."""
        known = queries.known_at(self.connection, str(seq))
        found = {}
        for subject, since in self.model.subjects.items():
            if since <= seq:
                for number in range(-1, SPAN + 4):
                    found[subject, day(number)] = queries.state_on(
                        self.connection, subject, day(number), known
                    )
        return found


def assert_agrees(player: Player, seq: int) -> dict[tuple[str, str], Any]:
    answers = player.answers(seq)
    for (subject, on), standing in answers.items():
        status, document, codes = player.model.state(subject, on, seq)
        held = {(code["scheme"], code["value"]) for code in standing.codes}
        assert (standing.status, standing.body and decode(standing.body), held) == (
            status,
            document,
            codes,
        ), f"{subject} on {on} as known at {seq}"
        if standing.valid_from is not None:
            assert standing.valid_from <= on
        assert standing.valid_to is None or on < standing.valid_to
    return answers


def play(player: Player, history: Any, clock: Any) -> None:
    """Publish step by step; every answer once given stays, and agrees with the model."""
    given_before: dict[int, Any] = {}
    for asked, step in history:
        clock.step(step)
        player.publish(asked)
        given_before[player.moments[-1][0]] = assert_agrees(player, player.moments[-1][0])
    for seq, before in given_before.items():
        assert player.answers(seq) == before
    moments = [recorded for _, recorded in player.moments]
    assert moments == sorted(set(moments))
    event(f"publications: {len(history)}")
    event(f"voids: {len(player.model.voids)}")


def assert_verified(connection: Connection) -> None:
    proof = verifying.verify(connection, describe)
    assert proof.ok, str(proof.finding)


def assert_timeline_is_derived(connection: Connection) -> None:
    """The stored timeline equals what the rebuild makes of revisions; verify agrees before and after."""
    assert_verified(connection)
    tables = ("timeline", "code_interval", "link", "named_file")
    before = {t: set(map(tuple, connection.exec_driver_sql(f"SELECT * FROM {t}"))) for t in tables}
    verifying.rebuild(connection, describe)
    after = {t: set(map(tuple, connection.exec_driver_sql(f"SELECT * FROM {t}"))) for t in tables}
    assert before == after
    assert_verified(connection)


@contextmanager
def rolled_back(database: Database) -> Iterator[Connection]:
    """A transaction that leaves nothing behind, so that each example starts empty."""
    with database.writer.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


@given(history=histories)
def test_state_equals_the_naive_fold_on_sqlite(sqlite, clock, history):
    with rolled_back(sqlite) as connection:
        player = Player(connection)
        play(player, history, clock)
        assert_timeline_is_derived(connection)


@given(history=histories)
@settings(max_examples=settings().max_examples // 4)
def test_state_equals_the_naive_fold_on_postgresql(postgresql, clock, history):
    with rolled_back(postgresql) as connection:
        player = Player(connection)
        play(player, history, clock)
        assert_timeline_is_derived(connection)


@given(history=histories)
def test_moments_between_entries_rest_on_the_entry_before(sqlite, clock, history):
    with rolled_back(sqlite) as connection:
        player = Player(connection)
        for asked, step in history:
            clock.step(step)
            player.publish(asked)
        for seq, recorded in player.moments:
            for asked_at in (
                str(seq),
                queries.moment(recorded),
                str(seq + 1 if seq == player.moments[-1][0] else seq),
            ):
                known = queries.known_at(connection, asked_at)
                assert (known.seq, known.recorded_at) == (seq, recorded)
        assert queries.known_at(connection, "2300-01-01T00:00:00Z").asked_later
        assert log.head(connection).seq == player.moments[-1][0]


# --- found by the histories above, kept as they are ------------------------------------------------------------


def test_the_unknown_time_is_described_by_what_follows_it(sqlite, clock):
    """A correction on the attested day itself changes the name in the timeline before that day too."""
    with rolled_back(sqlite) as connection:
        player = Player(connection)
        player.publish([Create(0, 3, True, {"name": "n1"}, [])])
        player.publish([Change([0], 3, None, [{"op": "set", "path": "name", "value": "n2"}])])
        names = connection.exec_driver_sql("SELECT name FROM timeline ORDER BY valid_from").scalars().all()
        assert names == ["n2", "n2"]
        assert_timeline_is_derived(connection)


def test_an_attested_start_that_turns_out_a_start(sqlite, clock):
    """The same content from the same day, only no longer start_unknown: still a revision of its own."""
    with rolled_back(sqlite) as connection:
        player = Player(connection)
        player.publish([Create(0, 3, True, {"name": "n1"}, [])])
        assert_agrees(player, player.moments[-1][0])
        player.publish([VoidAct(0, "error"), Create(0, 3, False, {"name": "n1"}, [])])
        answers = assert_agrees(player, player.moments[-1][0])
        assert answers[player.subjects[0], day(2)].status == "not_yet"
        assert_timeline_is_derived(connection)
