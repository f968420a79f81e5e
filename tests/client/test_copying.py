"""The copy of the real client against a real server: equal byte for byte, whatever happened in between."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loopback import Served
from registry import TODAY, Office, adjust, item_content, make_office

from app.auth.actor import Actor
from app.changes import publishing, redacting
from app.client import Client, Copy, Gone, Problem
from app.db import Database
from app.errors import RegistryError
from app.main import create_app
from app.settings import Settings


@dataclass
class World:
    """A registry that changes, its server, and a copy that follows."""

    office: Office
    served: Served
    client: Client
    file: Path
    clock: Any
    second: Actor
    copy: Copy = field(init=False)
    today: str = TODAY
    hidden: set[str] = field(default_factory=set)
    done: list[str] = field(default_factory=list)

    def open_copy(self) -> None:
        self.copy = Copy(self.client, self.file)

    def day(self, ahead: int) -> str:
        return (dt.date.fromisoformat(self.today) + dt.timedelta(days=ahead)).isoformat()

    def items(self) -> list[str]:
        return self.office.scalars("SELECT id FROM subject WHERE kind = 'item' ORDER BY id")

    def publish(self, *decisions: dict[str, Any], **asked: Any) -> None:
        """Published, or refused by a rule: then nothing has happened."""
        with suppress(RegistryError):
            self.office.publish_change(*decisions, today=self.today, **asked)
            self.done.append(decisions[0]["outcome"])

    # --- what may happen

    def adjusts(self, item: str, ahead: int, number: int) -> None:
        path, value = [
            ("promised_limit/value", number),
            ("consult_phone", f"0826-{number}"),
            ("note", f'"on":"2026-01-01","planned":true,"known_at":"x","seq":{number}'),
            ("visibility", "internal" if number % 2 else "public"),
        ][number % 4]
        if value == "internal":
            self.hidden.add(item)
        self.publish(adjust(item, self.day(ahead), value, path))

    def cancels(self, item: str, ahead: int, number: int) -> None:
        self.publish({"outcome": "cancel", "subject": item, "effective_from": self.day(ahead)})

    def suspends(self, item: str, ahead: int, number: int) -> None:
        span = {"effective_from": self.day(ahead), "until": self.day(ahead + 3)}
        self.publish({"outcome": "suspend", "subject": item, **span})

    def adds(self, item: str, ahead: int, number: int) -> None:
        content = item_content(f"新事项{number}", self.office.water, self.office.district)
        if number % 5 == 0:
            content["visibility"] = "internal"
        before = set(self.items())
        codes = [{"scheme": "local", "value": f"N{number}"}]
        self.publish(
            {"outcome": "add", "effective_from": self.day(ahead), "content": content, "codes": codes}
        )
        if number % 5 == 0:
            self.hidden |= set(self.items()) - before

    def merges(self, item: str, ahead: int, number: int) -> None:
        items = self.items()
        other = next(one for one in items[number % len(items) :] + items if one != item)
        sides = {"origins": [{"subject": item}, {"subject": other}], "results": [{"subject": item}]}
        self.publish({"outcome": "merge", "effective_from": self.day(ahead), **sides})

    def renames(self, item: str, ahead: int, number: int) -> None:
        organ = [self.office.water, self.office.traffic, self.office.district][number % 3]
        named = adjust(organ, self.day(ahead), f"改名{number}", "name")
        kind = "region" if number % 3 == 2 else "authority"
        self.publish({**named, "outcome": "rename", "kind": kind})

    def recodes(self, item: str, ahead: int, number: int) -> None:
        change = {"op": "add", "path": "codes", "value": {"scheme": "local", "value": f"C{number}"}}
        decision = {"outcome": "adjust", "subject": item, "effective_from": self.day(ahead)}
        self.publish({**decision, "changes": [change]})

    def voids(self, item: str, ahead: int, number: int) -> None:
        acts = self.office.scalars(
            "SELECT DISTINCT act FROM decision d WHERE NOT EXISTS (SELECT 1 FROM void v WHERE v.act = d.act)"
            " AND act > (SELECT min(seq) FROM log_entry) ORDER BY act"
        )
        if acts:
            act = acts[number % len(acts)]
            self.publish({"outcome": "void", "act": act, "ground": "error", "reason": "误录"})

    def redacts(self, item: str, ahead: int, number: int) -> None:
        hashes = self.office.scalars(
            "SELECT content FROM (SELECT content FROM revision UNION SELECT statement FROM decision"
            " UNION SELECT statement FROM publication UNION SELECT changes FROM decision) f"
            " WHERE content IS NOT NULL ORDER BY content"
        )
        with suppress(RegistryError), self.office.database.writing() as session:
            content = hashes[number % len(hashes)]
            redacting.redact(session, self.office.publisher, self.second, content, "1号令", "隐私")
            self.done.append("redact")

    def urgent(self, item: str, ahead: int, number: int) -> None:
        with suppress(RegistryError):
            changeset = self.office.submitted(adjust(item, self.day(ahead), number), today=self.today)
            self.office.publish(changeset, self.today, emergency="防汛")
            self.done.append("emergency")
            if number % 2:
                with self.office.database.writing() as session:
                    publishing.confirm(session, self.office.reviewer, changeset)

    def sleeps(self, item: str, ahead: int, number: int) -> None:
        self.today = self.day(max(1, ahead))
        self.clock.set(f"{self.today}T08:00:00")

    def restarts(self, item: str, ahead: int, number: int) -> None:
        self.served.restart()

    def reopens(self, item: str, ahead: int, number: int) -> None:
        self.copy.close()
        self.open_copy()

    def delivers_again(self, item: str, ahead: int, number: int) -> None:
        self.copy.deliver(self.client.all_changes(min(number, self.copy.seq)))

    def syncs(self, item: str, ahead: int, number: int) -> None:
        self.copy.sync()

    # --- what must hold

    def check(self, begun: int) -> None:
        self.copy.sync()
        headers, lines = self.client.export()
        assert b"".join(self.copy.lines()) == b"".join(line + b"\n" for line in lines), self.done
        assert (str(self.copy.seq), self.copy.on) == (headers["x-log-seq"], headers["x-on"])
        held = [event["seq"] for event in self.copy.events()]
        assert held == sorted(set(held))
        told = [
            event["seq"] for event in self.client.all_changes(begun) if event["subject"] not in self.hidden
        ]
        plain = [event["seq"] for event in self.copy.events(begun) if event["subject"] not in self.hidden]
        assert plain == told, self.done
        gone = {event["seq"] for event in self.client.all_changes(begun)}
        assert {one["seq"] for one in self.copy.events(begun)} <= gone, "what is told no more is not kept"
        assert self.copy.sync() == 0


OPERATIONS = [
    "adjusts",
    "adds",
    "merges",
    "suspends",
    "renames",
    "recodes",
    "urgent",
    "delivers_again",
    "sleeps",
    "restarts",
    "reopens",
    "syncs",
    "voids",
    "cancels",
    "redacts",
]


@pytest.fixture
def make_world(make_sqlite: Callable[..., Database], tmp_path: Path, clock: Any) -> Callable[..., Any]:
    @contextmanager
    def make() -> Iterator[World]:
        clock.set(f"{TODAY}T12:00:00")
        clock.tick = 1
        office = make_office(make_sqlite())
        place = tmp_path / "data"
        shutil.rmtree(place, ignore_errors=True)
        config = Settings(data_dir=place, database_url=office.database.url, drain_index=False)
        served = Served(lambda: create_app(config))
        file = tmp_path / "copy.db"
        file.unlink(missing_ok=True)
        with Client(served.address) as client:
            world = World(office, served, client, file, clock, office.person("second", "publish"))
            world.open_copy()
            try:
                yield world
            finally:
                world.copy.close()
                served.stop()

    return make


steps = st.lists(
    st.tuples(
        st.sampled_from(OPERATIONS),
        st.integers(0, 20),
        st.sampled_from([0, 0, 1, 2, 5, 40]),
        st.integers(1, 60),
    ),
    min_size=8,
    max_size=30,
)


@settings(max_examples=max(4, settings().max_examples // 25))
@given(steps=steps)
def test_the_copy_equals_the_server(make_world: Any, steps: list[tuple[str, int, int, int]]) -> None:
    with make_world() as world:
        world.copy.sync()
        begun = world.copy.seq
        for operation, which, ahead, number in steps:
            items = world.items()
            getattr(world, operation)(items[which % len(items)], ahead, number)
        world.check(begun)


def test_every_operation_is_followed(make_world: Any) -> None:
    """Each by itself, and checked after each: so that none of them is only ever refused."""
    with make_world() as world:
        world.copy.sync()
        begun = world.copy.seq
        for operation in OPERATIONS:
            for number in (4, 5, 6, 7):
                items = world.items()
                getattr(world, operation)(items[number % len(items)], number % 3, number)
            world.check(begun)
        assert {
            "adjust",
            "cancel",
            "suspend",
            "add",
            "merge",
            "rename",
            "void",
            "redact",
            "emergency",
        } <= set(world.done)


def test_following_waits_and_goes_on(make_world: Any) -> None:
    with make_world() as world:
        world.copy.sync()
        world.adjusts(world.office.items[0], 0, 8)
        following = world.copy.follow(wait=1)
        first = next(following)
        assert world.copy.item(first["subject"])["content"]["promised_limit"]["value"] == 8
        world.adjusts(world.office.items[1], 0, 12)
        again = next(world.copy.follow(wait=1))
        assert again["seq"] == first["seq"], "it was not finished with: told again"
        second = next(following)
        assert second["subject"] == world.office.items[1]


def set_back(world: World, tmp_path: Path) -> int:
    """The copy is a step further than the server, which is set back; the seq that the copy has come to."""
    path = world.office.database.path
    world.office.database.dispose()
    shutil.copy(path, tmp_path / "backup.db")
    world.adjusts(world.office.items[0], 0, 8)
    world.copy.sync()
    ahead = world.copy.seq
    world.served.stop()
    world.office.database.dispose()
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    shutil.copy(tmp_path / "backup.db", path)
    world.served.start()
    return ahead


def test_a_server_that_went_back_is_copied_anew(make_world: Any, tmp_path: Path) -> None:
    with make_world() as world:
        ahead = set_back(world, tmp_path)
        world.copy.sync()
        assert world.copy.seq < ahead
        world.check(world.copy.seq)


def test_a_server_that_went_back_and_grew_again(make_world: Any, tmp_path: Path) -> None:
    """Past the copy's own seq: only the hash tells that its log is another."""
    with make_world() as world:
        ahead = set_back(world, tmp_path)
        for number in (12, 16, 20):
            world.adjusts(world.office.items[1], 0, number)
        world.copy.sync()
        assert world.copy.seq > ahead
        assert list(world.copy.events()) == []
        world.check(world.copy.seq)


def test_redacted_words_leave_the_copy(make_world: Any) -> None:
    """Its items, its events and its file; with a part of the registry too. What was told stays told."""
    with make_world() as world:
        office, item = world.office, world.office.items[0]
        parts = [Copy(world.client, region=office.district), Copy(world.client, authority=office.water)]
        for one in (world.copy, *parts):
            one.sync()
        world.publish(adjust(item, TODAY, "张三0826-1234567", "consult_phone"), reason="李四来函要求")
        office.publish_change(adjust(office.items[2], TODAY, "别的", "note"))
        following = world.copy.follow(wait=1)
        held = [next(following) for _ in range(2)]
        for one in parts:
            one.sync()
        assert "张三" in str(held)
        assert "张三" in str(list(world.copy.events()))
        for content in office.scalars(
            f"SELECT content FROM revision WHERE subject_id = '{item}' UNION SELECT changes FROM decision"
            f" WHERE subject_id = '{item}' AND changes IS NOT NULL"
        ):
            with office.database.writing() as session:
                redacting.redact(session, office.publisher, world.second, content, "1号令", "隐私")
        again = next(following)
        assert again["event"] == "redact", "what was told is not told once more"
        for one in parts:
            one.sync()
        for one in (world.copy, *parts):
            assert "张三" not in str(list(one.events())) + str(list(one.lines()))
            assert any(event["event"] == "redact" for event in one.events())
        assert {one["seq"] for one in held} <= {one["seq"] for one in world.copy.events()}
        assert "张三".encode() not in world.file.read_bytes()
        assert b"1234567" not in world.file.read_bytes()


def test_what_has_become_internal_leaves_the_copy(make_world: Any) -> None:
    with make_world() as world:
        item = world.office.items[0]
        world.copy.sync()
        world.publish(adjust(item, TODAY, "将要隐去的话", "note"))
        world.copy.sync()
        assert "将要隐去" in str(list(world.copy.events()))
        world.publish(adjust(item, TODAY, "internal", "visibility"))
        world.copy.sync()
        assert world.copy.item(item) is None
        assert list(world.copy.events()) == []
        assert b"note" not in world.file.read_bytes()


def test_a_part_of_the_registry(make_world: Any) -> None:
    with make_world() as world:
        part = Copy(world.client, authority=world.office.water)
        part.sync()
        assert len(part) == 2
        world.publish(
            {
                **adjust(world.office.items[0], TODAY, world.office.traffic, "authority"),
                "outcome": "transfer",
            }
        )
        world.merges(world.office.items[2], 1, 2)
        part.sync()
        _, lines = world.client.export(authority=world.office.water)
        assert list(part.lines()) == [line + b"\n" for line in lines]
        assert len(part) == 1


def test_a_region_whose_tree_moves(make_world: Any) -> None:
    """What comes under a region, or leaves it, with the tree above it: now, and when a plan takes effect."""
    with make_world() as world:
        office = world.office
        world.publish(
            {
                "outcome": "add",
                "effective_from": TODAY,
                "content": item_content("镇上事项", office.water, office.town),
            }
        )
        city = {"name": "某市", "level": "3"}
        office.publish_change(
            {"outcome": "found", "kind": "region", "effective_from": "2020-01-01", "content": city}
            | {"timing": "late_entry", "reason": "补录"}
        )
        (above,) = office.scalars("SELECT DISTINCT subject_id FROM timeline WHERE name = '某市'")
        parts = [Copy(world.client, region=region) for region in (above, office.district)]

        def sizes() -> list[int]:
            for part in parts:
                part.sync()
                _, lines = world.client.export(**part.part)
                assert list(part.lines()) == [line + b"\n" for line in lines]
            return [len(part) for part in parts]

        assert sizes() == [0, 4]
        world.publish(adjust(office.district, TODAY, above, "parent", kind="region"))
        assert sizes() == [4, 4]
        world.publish(adjust(office.town, world.day(2), above, "parent", kind="region"))
        assert sizes() == [4, 4]
        world.sleeps("", 2, 0)
        assert sizes() == [4, 3]


def test_answers_are_typed_and_refusals_are_errors(make_world: Any) -> None:
    with make_world() as world:
        item = world.client.item("X1")
        assert item["id"] == world.office.items[0]
        assert world.client.item(item["id"], on="2025-01-01")["status"] == "in_force"
        assert [row["id"] for row in world.client.items(authority=world.office.traffic)] == [
            world.office.items[2]
        ]
        found = world.client.look_up(["X3", "无", "X1"])
        assert [one["problem"] for one in found] == [None, "unknown-item", None]
        with pytest.raises(Problem) as refused:
            world.client.item("qdi-00000000")
        assert (refused.value.status, refused.value.code) == (404, "bad-id")
        world.served.stop()
        with pytest.raises(Gone):
            world.client.head()
        world.served.start()
        assert world.client.head()["seq"] == item["seq"]


def test_a_redacted_item_stays_in_the_copy_without_its_words(make_world: Any) -> None:
    with make_world() as world:
        item = world.office.items[0]
        world.copy.sync()
        held = world.copy.item(item)
        for content in world.office.scalars(
            f"SELECT DISTINCT content FROM revision WHERE subject_id = '{item}'"
        ):
            with world.office.database.writing() as session:
                redacting.redact(session, world.office.publisher, world.second, content, "1号令", "隐私")
        world.check(world.copy.seq)
        left = world.copy.item(item)
        assert held
        assert left
        assert (left["content"], left["name"]) == ({"redacted": True}, None)
        assert (left["status"], left["authority"]) == (held["status"], held["authority"])
