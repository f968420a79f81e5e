"""SQLite's write-ahead log while many large writes follow one another."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.db import COPIED_AFTER, LONGEST_LOG, Database

PAGE = 4096
SIZE = 1000 * PAGE
WRITES = 2 * LONGEST_LOG * PAGE // SIZE


@pytest.fixture
def plain(tmp_path: Path) -> Database:
    database = Database(f"sqlite:///{tmp_path / 'plain.db'}")
    with database.writing() as session:
        session.connection().exec_driver_sql("CREATE TABLE kept (body BLOB)")
    return database


def write(database: Database) -> None:
    with database.writing() as session:
        session.connection().exec_driver_sql("INSERT INTO kept VALUES (randomblob(?))", (SIZE - 100,))


def log_of(database: Database) -> int:
    assert database.path
    return Path(f"{database.path}-wal").stat().st_size


def pages_of(database: Database) -> int:
    with database.writing() as session:
        return int(session.connection().exec_driver_sql("PRAGMA wal_autocheckpoint").scalar_one())


def test_a_thread_keeps_the_log_short_however_fast_writes_come(plain: Database) -> None:
    with plain.copying_aside() as copy:
        for _ in range(WRITES):
            write(plain)
            copy()
        assert pages_of(plain) == 0, "no commit copies"
    assert log_of(plain) < LONGEST_LOG * PAGE + 3 * SIZE
    with plain.reading() as session:
        held = session.connection().exec_driver_sql("SELECT count(*), sum(length(body)) FROM kept")
        assert held.one() == (WRITES, WRITES * (SIZE - 100))


def test_a_reader_holds_the_copying_back_and_no_writer(plain: Database) -> None:
    with plain.reading() as session, plain.copying_aside() as copy:
        seen = session.connection().exec_driver_sql("SELECT count(*) FROM kept").scalar_one()
        for _ in range(WRITES):  # past the longest log, where copying would wait for the reader if it might
            write(plain)
            copy()
        again = session.connection().exec_driver_sql("SELECT count(*) FROM kept").scalar_one()
        assert seen == again == 0


def test_afterwards_commits_copy_again_as_before(plain: Database) -> None:
    with plain.copying_aside() as copy:
        write(plain)
        copy()
    assert pages_of(plain) == COPIED_AFTER
    with plain.writing() as session:
        patience = session.connection().exec_driver_sql("PRAGMA busy_timeout").scalar_one()
    assert patience == plain.lock_timeout * 1000


def test_a_server_copies_by_itself() -> None:
    with Database("postgresql+psycopg://nowhere/nothing").copying_aside() as copy:
        copy()
