"""A disk that is full or may only be read: said as that, at every door, and nothing is half done."""

from __future__ import annotations

import errno
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi.testclient import TestClient
from seeded import FELLING, Living, set_field
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from app import unwritable as told_of
from app.cli.refusing import refusal
from app.db import Database
from app.unwritable import unwritable
from app.works import _as_told

FULL = "PRAGMA max_page_count=1"
"""SQLite takes as many pages as it has for the most it may have."""


@pytest.fixture(autouse=True)
def unsaid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told_of, "_said", {})


@contextmanager
def refusing_writes(database: Database, how: str) -> Iterator[None]:
    """Every writing transaction begins with the statement."""
    begin: Callable[[Any], None] = lambda held: held.connection.cursor().execute(how) and None  # noqa: E731
    event.listen(database.writer, "begin", begin)
    yield
    event.remove(database.writer, "begin", begin)
    database.writer.dispose()


def read_only(database: Database) -> str:
    return "PRAGMA query_only=ON" if database.is_sqlite else "SET TRANSACTION READ ONLY"


def fill(living: Living) -> Any:
    """A change too large for what room is left in the file."""
    decision = set_field(living.item_called(FELLING), "note", "备注" * 25_000)
    client = TestClient(living.client.app, raise_server_exceptions=False)
    form = {"title": "调整", "decisions": [decision]}
    return client.post("/api/v1/changesets", json=form, headers=living.headers("editor"))


def assert_refused(answer: Any, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (503, code), answer.text
    assert answer.headers["retry-after"] == "60"


def test_a_full_disk_is_said_once_and_all_goes_on(
    living_sqlite: Living, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR), refusing_writes(living_sqlite.database, FULL):
        for _ in range(2):
            assert_refused(fill(living_sqlite), "storage-full")
        assert living_sqlite.get("/items").status_code == 200
    (line,) = [one for one in caplog.records if one.name.startswith("app.")]
    assert "database or disk is full" in line.getMessage()
    assert not line.exc_info
    assert fill(living_sqlite).status_code == 201


def test_what_may_only_be_read_says_so(living: Living) -> None:
    with refusing_writes(living.database, read_only(living.database)):
        assert_refused(fill(living), "storage-read-only")
        assert living.get("/items").status_code == 200
    assert fill(living).status_code == 201


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "storage-full"), (errno.EROFS, "storage-read-only")]
)
def test_a_file_that_cannot_be_written_says_so(
    living_sqlite: Living, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    def broken(*_: Any) -> None:
        raise OSError(number, "told")

    monkeypatch.setattr("app.files.write_whole", broken)
    client = TestClient(living_sqlite.client.app, raise_server_exceptions=False)
    headers = living_sqlite.headers("editor", **{"Content-Type": "text/plain"})
    answer = client.post("/api/v1/files?name=a.txt", content=b"told", headers=headers)
    assert_refused(answer, code)


def test_other_faults_of_files_stay_faults(living_sqlite: Living, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise OSError(errno.EIO, "told")

    monkeypatch.setattr("app.files.write_whole", broken)
    client = TestClient(living_sqlite.client.app, raise_server_exceptions=False)
    headers = living_sqlite.headers("editor", **{"Content-Type": "text/plain"})
    answer = client.post("/api/v1/files?name=a.txt", content=b"told", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")


def test_a_command_says_it_in_a_sentence(database: Database) -> None:
    with refusing_writes(database, read_only(database)):
        with pytest.raises(DBAPIError) as refused, database.writing() as session:
            session.connection().exec_driver_sql("DELETE FROM outbox")
        told = refusal(refused.value)
    assert told is not None
    assert told[1] == "storage-read-only"
    assert _as_told(refused.value)["code"] == "storage-read-only"


def test_which_errors_say_so() -> None:
    from psycopg import errors

    full = sqlite3.OperationalError("told")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL
    moved = sqlite3.OperationalError("told")
    moved.sqlite_errorcode = sqlite3.SQLITE_READONLY_DBMOVED
    codes = [
        told.code if (told := unwritable(one)) else None
        for one in (
            full,
            moved,
            errors.DiskFull(),
            errors.ReadOnlySqlTransaction(),
            OSError(errno.EDQUOT, ""),
        )
    ]
    assert codes == ["storage-full", "storage-read-only"] * 2 + ["storage-full"]
    others = (
        sqlite3.OperationalError("told"),
        errors.UndefinedTable(),
        OSError(errno.EACCES, ""),
        ValueError(),
    )
    assert not any(map(unwritable, others))
