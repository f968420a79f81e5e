"""What nobody foresaw, what is away, what could not be loaded: told in the form of every other answer."""

from __future__ import annotations

import sqlite3
from contextlib import nullcontext
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from looping import on_a_loop
from seeded import FELLING, Living

from app import deps, loading
from app.db import is_away
from app.errors import RegistryError
from app.loading import Rest
from app.main import create_app


def test_an_answer_nobody_foresaw_has_the_marks_of_every_other(
    asking: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr("app.log.head", broken)
    client = TestClient(asking.client.app, raise_server_exceptions=False)
    answer = client.get("/api/v1/log/head", headers={"X-Request-Id": "told-by-me"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-request-id"]


def test_files_of_a_round_may_be_as_large_as_uploads(living_sqlite: Living) -> None:
    for path in ("worksheets", "rows?name=a.csv"):
        answer = living_sqlite.client.post(
            f"/api/v1/rounds/qdx-00000000/{path}",
            content=b"x" * (3 * 2**20),
            headers=living_sqlite.headers("editor"),
        )
        assert answer.status_code not in (413, 500), path


class Broken:
    """A connection whose other end went away."""

    closed = False

    def __getattr__(self, _name: str) -> Any:
        raise self.error()

    def error(self) -> Exception:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR
        return error


def break_readers(living: Living, monkeypatch: pytest.MonkeyPatch) -> None:
    import psycopg

    class Gone(Broken):
        def error(self) -> Exception:
            return psycopg.OperationalError("server closed the connection unexpectedly")

    if living.database.is_sqlite:
        monkeypatch.setattr(living.registry.snapshots, "_sqlite_reader", Broken)
    else:
        monkeypatch.setattr(living.registry.snapshots, "_server_reader", lambda: nullcontext(Gone()))


def test_a_database_that_is_away_is_busy_at_the_item_door(
    asking: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = asking.item_called(FELLING)
    assert asking.get(f"/items/{item}").status_code == 200
    with monkeypatch.context() as patch:
        break_readers(asking, patch)
        answer = asking.get(f"/items/{item}")
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert asking.get(f"/items/{item}").status_code == 200


def test_a_connection_that_broke_is_opened_anew(asking: Living) -> None:
    registry = asking.registry
    ask = lambda run: run("SELECT 1", ())  # noqa: E731
    assert registry.quickly(ask)[0][0] == 1
    if asking.database.is_sqlite:
        registry.snapshots._local.connection = Broken()
    else:
        with asking.database.quick() as held, asking.database.writing() as session:
            session.connection().exec_driver_sql(f"SELECT pg_terminate_backend({held.info.backend_pid})")
    assert registry.quickly(ask)[0][0] == 1


def test_a_fault_of_ours_is_not_called_busy(asking: Living, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = asking.registry
    with pytest.raises(Exception, match="no_such_table") as error:
        registry.quickly(lambda run: run("SELECT 1 FROM no_such_table", ()))
    assert not isinstance(error.value, RegistryError)

    def broken(session: Any, *_: Any) -> None:
        session.exec_driver_sql("SELECT 1 FROM no_such_table")

    monkeypatch.setattr("app.log.head", broken)
    client = TestClient(asking.client.app, raise_server_exceptions=False)
    answer = client.get("/api/v1/log/head")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")


@pytest.mark.parametrize(
    ("code", "away"),
    [
        (sqlite3.SQLITE_BUSY_SNAPSHOT, True),
        (sqlite3.SQLITE_LOCKED, True),
        (sqlite3.SQLITE_CANTOPEN, True),
        (sqlite3.SQLITE_IOERR_READ, True),
        (sqlite3.SQLITE_ERROR, False),
        (sqlite3.SQLITE_FULL, False),
    ],
)
def test_which_errors_say_that_the_database_is_away(code: int, away: bool) -> None:
    error = sqlite3.OperationalError("told")
    assert not is_away(error), "the driver's own, not the database's"
    error.sqlite_errorcode = code
    assert is_away(error) is away


def test_which_of_a_server_say_so() -> None:
    from psycopg import InterfaceError, errors

    away = [errors.OperationalError(), InterfaceError(), errors.AdminShutdown(), errors.LockNotAvailable()]
    assert all(is_away(one) for one in away)
    assert not any(is_away(one) for one in (errors.UndefinedTable(), errors.DiskFull(), None))


def test_what_a_route_takes_goes_with_the_route() -> None:
    """A route made at the place in memory of one that is gone takes its own parameters, not the other's."""

    def named(a: str = "") -> str:
        return a

    def other(b: str = "") -> str:
        return b

    first, second = APIRoute("/", named), APIRoute("/", other)
    assert list(deps._parameters_of(first)) == ["a"]
    vars(first).update(vars(second))  # as a route made anew there: every field its own
    vars(first).pop(deps._KNOWN_PARAMETERS)
    assert list(deps._parameters_of(first)) == ["b"]


def test_what_could_not_be_loaded_is_logged_told_and_tried_again(
    living_sqlite: Living, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(living_sqlite.settings, rest_later=True)
    client, before = TestClient(app, raise_server_exceptions=False), list(app.router.routes)
    monkeypatch.setattr(loading, "REST_AFTER", 0)
    with monkeypatch.context() as patch:
        patch.setattr("app.web.office.include", lambda _app: 1 / 0)
        on_a_loop(app.state.rest.load_soon())
        assert "ZeroDivisionError" in caplog.text
        assert client.get("/api/v1/rounds").status_code == 500
        assert app.router.routes == before, "nothing is there twice"
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["rest"]) == (
            503,
            {"ready": False, "error": "ZeroDivisionError"},
        )
    assert client.get("/api/v1/rounds").status_code == 200
    assert client.get("/readyz").json()["rest"] == {"ready": True}
    assert len([one for one in app.router.routes if getattr(one, "path", "") == "/api/v1/rounds"]) == len(
        [
            one
            for one in living_sqlite.client.app.router.routes
            if getattr(one, "path", "") == "/api/v1/rounds"
        ]  # type: ignore[attr-defined]
    )


def test_nothing_is_started_once_it_is_stopped() -> None:
    app = create_app()
    rest, started = Rest(app), []
    rest._loaded = True
    rest.stop()
    on_a_loop(rest.load_soon(started.append))
    assert started == []
