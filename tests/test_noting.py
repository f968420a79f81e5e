"""Access notes that anybody can cause: bounded, written together, never in the way of a request."""

from __future__ import annotations

import time

import pytest

from app import log, noting
from app.noting import Noting


@pytest.fixture
def notes(database, clock):
    made = Noting(database)
    yield made
    made.close()


def written(database):
    with database.reading() as session:
        query = "SELECT event, subject, address, note FROM access_log ORDER BY id"
        return [tuple(row) for row in session.connection().exec_driver_sql(query)]


def wait_for(database, count):
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if len(found := written(database)) >= count:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{len(written(database))} of {count} written")


def test_a_note_is_written_by_itself_soon(notes, database):
    notes.note("token-refused", subject="/api/v1/changesets", address="192.0.2.1")
    assert wait_for(database, 1) == [("token-refused", "/api/v1/changesets", "192.0.2.1", None)]


def test_many_are_one_transaction(notes, database, monkeypatch):
    monkeypatch.setattr(noting, "PER_ADDRESS", 1000)
    begun = []
    writing = database.writing
    monkeypatch.setattr(database, "writing", lambda: begun.append(1) or writing())
    for number in range(50):
        notes.note("export", subject="/api/v1/export.jsonl", address="192.0.2.1", note=str(number))
    assert [row[3] for row in wait_for(database, 50)] == [str(number) for number in range(50)]
    assert len(begun) <= 2  # those before the thread began, and the rest


def test_one_address_is_bounded_and_what_was_left_out_is_said(notes, database):
    for number in range(noting.PER_ADDRESS + 70):
        notes.note("token-refused", subject="/x", address=f"2001:db8::{number:x}")  # one subscriber
    notes.note("token-refused", subject="/x", address="192.0.2.9")
    notes.close()
    found = written(database)
    assert len(found) == noting.PER_ADDRESS + 2
    assert found[-2:] == [
        ("token-refused", "/x", "192.0.2.9", None),
        ("left-out", None, "2001:db8::/64", "70"),
    ]


def test_subscribers_of_one_socket_are_counted_each(notes, database):
    """A socket of both IPs tells of IPv4 clients as ``::ffff:192.0.2.1``: they are no one /64."""
    for number in range(noting.PER_ADDRESS + 5):
        notes.note("token-refused", subject="/x", address=f"::ffff:192.0.2.{number}")
    notes.close()
    assert {row[0] for row in written(database)} == {"token-refused"}


def test_everywhere_together_is_bounded(notes, database):
    for number in range(noting.PER_MINUTE + 5):
        notes.note("token-refused", subject="/x", address=f"10.0.{number // 250}.{number % 250}")
    notes.close()
    found = written(database)
    assert len(found) == noting.PER_MINUTE + 1
    assert found[-1] == ("left-out", None, None, "5")


def test_the_next_minute_says_it_without_another_request(notes, database, monkeypatch):
    monkeypatch.setattr(noting, "MINUTE", 0.3)
    for _ in range(noting.PER_ADDRESS + 1):
        notes.note("token-refused", subject="/x", address="192.0.2.1")
    assert wait_for(database, noting.PER_ADDRESS + 1)[-1] == ("left-out", None, "192.0.2.1", "1")


def test_while_the_database_is_busy_nobody_waits_and_little_is_kept(notes, database, monkeypatch):
    monkeypatch.setattr(noting, "PER_MINUTE", 10_000)
    monkeypatch.setattr(noting, "PER_ADDRESS", 10_000)
    monkeypatch.setattr(noting, "MOST_WAITING", 300)
    writing, broken = database.writing, [True]

    def busy():
        if broken:
            notes.note("token-refused", subject="/x", address="192.0.2.1")  # while rows are in hand
            raise OSError("the database is away")
        return writing()

    monkeypatch.setattr(database, "writing", busy)
    monkeypatch.setattr(noting.Noting, "_start", lambda _self: None)  # no thread: this test is the thread
    for _ in range(499):
        notes.note("token-refused", subject="/x", address="192.0.2.1")
    with pytest.raises(OSError, match="away"):
        notes.flush()
    broken.clear()
    notes.close()
    found = written(database)
    counts = (
        [row[0] for row in found].count("token-refused"),
        [int(r[3]) for r in found if r[0] == "left-out"],
    )
    assert counts[0] <= 300
    assert counts[0] + sum(counts[1]) == 500


def test_it_begins_again_after_closing(notes, database):
    notes.note("export", subject="/a", address=None)
    notes.close()
    notes.note("export", subject="/b", address=None)
    assert [row[1] for row in wait_for(database, 2)] == ["/a", "/b"]


def test_a_note_has_the_moment_it_was_made(notes, database, clock):
    notes.note("export", subject="/a", address=None)
    made = clock.now
    clock.step(5_000_000)
    notes.close()
    with database.reading() as session:
        assert list(session.connection().exec_driver_sql("SELECT at FROM access_log").scalars()) == [made]
    assert log.ACCESS.name == "access_log"
