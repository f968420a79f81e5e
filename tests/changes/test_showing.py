"""Which changesets an account may read: many looked at together, as one by one."""

from __future__ import annotations

import pytest
from registry import Office, adjust
from sqlalchemy import event

from app.auth.actor import Actor
from app.changes import rows
from app.changes.showing import is_readable, readable
from app.db import TOMBSTONE

DAY = "2026-10-01"


def ids(office: Office, actor: Actor, state: str | None = None) -> tuple[list[str], list[str]]:
    """Those that the actor may read of all: asked together, and one by one."""
    with office.database.reading() as session:
        together = [one.id for one in readable(session, actor, rows.newest(session, state))]
        single = [one.id for one in rows.newest(session, state) if is_readable(session, actor, one)]
    return together, single


def asked(office: Office, actor: Actor) -> int:
    """How many statements a list takes."""
    told: list[str] = []
    with office.database.reading() as session:
        event.listen(session.connection(), "before_cursor_execute", lambda *args: told.append(args[2]))
        assert list(readable(session, actor, rows.newest(session, None))) == []
    return len(told)


@pytest.fixture
def worked(office: Office) -> Office:
    """Changesets of both organs, of both at once, of nothing, published and not."""
    water, traffic = office.items[0], office.items[2]
    for number, items in enumerate([(water,), (traffic,), (water, traffic), (traffic, water), (water,)]):
        changeset = office.draft(*(adjust(item, DAY, 5 + number) for item in items))
        if number == 4:
            office.publish_change(adjust(water, "2026-11-01", 9))
    office.publish_change(adjust(traffic, "2026-11-01", 9))
    empty = office.draft(adjust(traffic, DAY, 7), title="空").id
    with office.database.writing() as session:
        connection = session.connection()
        connection.exec_driver_sql(f"DELETE FROM draft_decision WHERE changeset = '{empty}'")
        connection.exec_driver_sql(f"UPDATE changeset SET submitter = 99 WHERE id = '{changeset.id}'")
    return office


def test_many_are_looked_at_as_one_by_one_are(worked: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office = worked
    people = [
        office.person("water", "edit", authority=office.water),
        office.person("traffic", "review", authority=office.traffic),
        office.person("place", "audit", region=office.district),
        office.person("town", "edit", region=office.town),
        office.person("clerk", "administer"),
        office.reviewer,
    ]
    own = office.person("handed", "edit", authority=office.traffic)
    with office.database.writing() as session:
        connection = session.connection()
        (*_, part, mine), _single = ids(office, people[0])
        for changeset, event_ in (
            (mine, "redrafted"),
            (part, "amended"),
        ):  # of one that it amended it wrote a part
            connection.exec_driver_sql(
                "INSERT INTO changeset_event (changeset, at, account, event)"
                f" VALUES ('{changeset}', 1, {own.account}, '{event_}')"
            )
    for at_once in (1, 2, 100):
        monkeypatch.setattr(rows, "AT_ONCE", at_once)
        found = {one.name: ids(office, one) for one in (*people, own)}
        assert all(together == single for together, single in found.values())
    counts = {name: len(together) for name, (together, _) in found.items()}
    assert counts["reviewer"] == 8
    assert (counts["water"], counts["traffic"], counts["handed"]) == (4, 3, 4)
    assert (counts["place"], counts["town"], counts["clerk"]) == (8, 1, 0)


def test_what_is_not_ones_own_costs_the_same_however_much_of_it_there_is(office: Office) -> None:
    town = office.person("town", "edit", region=office.town)
    took = []
    for _ in range(2):
        for number in range(4):
            office.draft(adjust(office.items[number % 3], DAY, 5 + number))
        took.append(asked(office, town))
    assert took[0] == took[1]


def test_what_was_redacted_is_read_by_who_wrote_it_alone(office: Office) -> None:
    writer = office.person("writer", "edit", authority=office.water)
    other = office.person("other", "edit", authority=office.water)
    changeset = office.draft(adjust(office.items[0], DAY, 5), actor=writer).id
    with office.database.writing() as session:
        rows_ = rows.decisions(session, rows.find(session, changeset))
        rows_[0].body = TOMBSTONE
        rows.put_decisions(session, rows.find(session, changeset), rows_)
    assert ids(office, writer) == ([changeset], [changeset])
    assert ids(office, other) == ([], [])
    assert ids(office, office.reviewer) == ([changeset], [changeset])
