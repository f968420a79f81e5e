"""The seed: what it holds, loaded once, killed and taken up again."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from seeded import FELLING, TODAY, Living

from app.auth.accounts import find_account, issue_token
from app.changes import kinds
from app.db import Database
from app.errors import Conflict, Invalid
from app.exchange import progress, seeding
from app.exchange.records import Record
from app.lists import reading, signing
from app.settings import Settings
from app.versions import verifying

COUNTS = {
    "bundle": 1,
    "region": 239,
    "authority": 74,
    "instrument": 133,
    "entry": 55,
    "calendar": 23,
    "item": 259,
}


def scalar(database: Database, query: str) -> Any:
    with database.reading() as session:
        return session.connection().exec_driver_sql(query).scalar_one()


def held(database: Database) -> list[Any]:
    with database.reading() as session:
        return [
            tuple(row)
            for row in session.connection().exec_driver_sql(
                "SELECT subject_id, valid_from, valid_to, status, content, codes, name FROM timeline ORDER BY 1, 2"
            )
        ]


def test_the_seed_holds_what_its_readme_says(asking: Living) -> None:
    found = dict(
        tuple(row) for row in asking.rows("SELECT kind, count(*) FROM subject GROUP BY kind ORDER BY kind")
    )
    assert found == COUNTS
    types = dict(
        tuple(row)
        for row in asking.rows(
            "SELECT type, count(*) FROM timeline WHERE kind = 'item' AND valid_to = '9999-12-31' GROUP BY type"
        )
    )
    assert types["01"] == 183
    asking.assert_sound()


def test_the_second_time_nothing_happens(living: Living) -> None:
    head = living.get("/log/head").json()
    assert seeding.seed(living.database, TODAY) == 0
    assert living.get("/log/head").json() == head


@pytest.mark.parametrize("on", ["2026-12-31", "2027-01-01"])
def test_the_plan_is_seen_from_its_day_on_only(asking: Living, on: str) -> None:
    body = asking.get(f"/items/{asking.item_called(FELLING)}", on=on).json()
    expected = {"2026-12-31": (10, "2025-10-01"), "2027-01-01": (7, "2027-01-01")}[on]
    assert (body["content"]["promised_limit"]["value"], body["valid_from"]) == expected
    assert body["planned"] is True


def test_the_tax_authorities_follow_one_another(asking: Living) -> None:
    rows = asking.rows("SELECT relation, count(*) FROM lineage GROUP BY relation")
    assert [tuple(row) for row in rows] == [("merge", 4)]
    for name, day in (("国家税务总局四川省税务局", "2018-06-15"), ("国家税务总局广安市税务局", "2018-07-05")):
        (row,) = asking.rows(f"SELECT subject_id, valid_from FROM timeline WHERE name = '{name}'")
        assert row[1] == day
        before = asking.get(f"/authorities/{row[0]}").json()["predecessors"]
        assert len(before) == 2


def test_the_round_was_held_by_two_accounts_that_cannot_sign_in(living: Living) -> None:
    (row,) = living.get("/rounds").json()["rounds"]
    assert sum(row["outcomes"].values()) == 17
    people = living.rows("SELECT author, reviewer, publisher FROM publication WHERE kind = 'round'")[0]
    assert people[0] != people[1]
    names = {r[0]: (r[1], r[2]) for r in living.rows("SELECT id, name, locked FROM account")}
    assert {names[p][0] for p in people} == {"demo-drafter", "demo-reviewer"}
    assert {names[p][1] for p in people} == {1}
    with living.database.writing() as session, pytest.raises(Conflict):
        issue_token(session, find_account(session, "demo-reviewer"))


def test_what_is_demonstration_says_so(asking: Living) -> None:
    (row,) = asking.get("/rounds").json()["rounds"]
    assert row["synthetic"] is True
    assert row["title"].startswith("【演示】")


KILLED = """
import os, signal, sys
from app.changes import publishing
from app.db import Database
from app.exchange import seeding
name, left = sys.argv[2], int(sys.argv[3])
real = getattr(publishing, name)
def counted(*args, **more):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    return real(*args, **more)
setattr(publishing, name, counted)
seeding.seed(Database(sys.argv[1]), "2026-09-28")
"""


@pytest.mark.parametrize(("place", "count"), [("publish_initial", 0), ("publish", 6)])
def test_a_killed_seed_goes_on(
    database: Database, asking: Living, clock: Any, place: str, count: int
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, database.url, place, str(count)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    with database.reading() as session:
        assert progress.unfinished(session.connection()) == "seed"
        assert seeding.is_half_done(session)
        assert verifying.verify(session.connection(), kinds.describe).ok
    assert seeding.seed(database, TODAY) == 19 - count - (place == "publish")
    assert held(database) == held(asking.database)
    with database.reading() as session:
        assert progress.unfinished(session.connection()) is None
        assert seeding.is_done(session)
        assert verifying.verify(session.connection(), kinds.describe).ok
    assert scalar(database, "SELECT count(*) FROM changeset WHERE state <> 'published'") == 0


def test_the_seed_issues_two_lists_of_which_the_second_differs(living_sqlite: Living, tmp_path: Path) -> None:
    """By two people who cannot sign in, signed, and only once; they are what a newcomer finds at /editions."""
    living = living_sqlite
    signer = signing.load(signing.ensure(Settings(data_dir=tmp_path, database_url="", signing_key="")))
    assert seeding.seed(living.database, TODAY, signer=signer) == 2
    assert seeding.seed(living.database, TODAY, signer=signer) == 0
    with living.database.reading() as session:
        connection = session.connection()
        second, first = reading.issued(connection)
        since = reading.since_last(connection, second)
        people = connection.exec_driver_sql(
            "SELECT author, reviewer, publisher FROM publication WHERE kind = 'edition'"
        ).all()
        locked = connection.exec_driver_sql("SELECT locked FROM account WHERE name LIKE 'demo-%'").all()
    assert (first.row["number"], second.row["number"]) == (1, 2)
    assert second.row["previous"] == first.row["id"]
    assert all("【演示】" in str(one.document) for one in (first, second))
    assert since is not None
    assert len(since.dropped) == 2, "the round cancelled two permits of the forestry bureau"
    assert since.changed_items or since.same
    assert [bool(one) for (one,) in locked] == [True, True]
    assert all(author != reviewer for author, reviewer, _ in people)
    living.assert_sound()


def test_a_seed_refused_before_it_published_anything_is_not_under_way(sqlite: Database) -> None:
    lost = {"schema": 1, "name": "甲局", "region": "@region:nowhere"}
    record = Record(kind="authority", ref="a", content=lost, day="2020-01-01")
    with pytest.raises(Invalid):
        seeding.load(sqlite, TODAY, "seed", [record], [])
    with sqlite.reading() as session:
        assert progress.unfinished(session.connection()) is None
        assert seeding.is_empty(session)
