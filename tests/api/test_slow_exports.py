"""Exports under way are few and paced; a database without a free connection is busy, not broken."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi.testclient import TestClient
from looping import on_a_loop
from seeded import Living
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.requests import ClientDisconnect

from app.api.exports import Paced
from app.db import Database
from app.limiting import Places

PATH = "/api/v1/export.jsonl"


def test_places_are_counted_in_all_and_by_name() -> None:
    places = Places(3, each=2)
    assert [places.take(name) for name in ("a", "a", "a", "b", "c")] == [True, True, False, True, False]
    places.give_back("a")
    assert places.take("c")
    assert places.held == 3


def test_exports_beyond_those_under_way_are_refused_for_a_while(asking: Living) -> None:
    exports = asking.registry.exports
    assert exports.take("testclient")
    assert exports.take("testclient")
    try:
        refused = asking.client.get(PATH)
        assert (refused.status_code, refused.json()["code"]) == (503, "busy")
        assert refused.headers["retry-after"] == "30"
        other = TestClient(asking.client.app, client=("192.0.2.7", 50000))
        assert other.get(PATH).status_code == 200, "another address has places of its own"
        taken = 0
        while exports.take(str(taken)):
            taken += 1
        here = TestClient(asking.client.app, client=("127.0.0.1", 50000))
        assert here.get(PATH).status_code == 503, "this machine's connections are no more than others'"
        for name in range(taken):
            exports.give_back(str(name))
        assert here.get(PATH).status_code == 200
    finally:
        exports.give_back("testclient")
        exports.give_back("testclient")
    assert asking.client.get(PATH, params={"since": 2**40}).status_code != 200
    assert exports.held == 0, "a refused export gives its place back too"


async def sent_to(app: Any, send: Any) -> None:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"testserver")],
        "client": ("192.0.2.9", 1),
        "server": ("testserver", 80),
    }

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    await app(scope, receive, send)


def test_who_takes_too_little_is_cut_off_and_holds_nothing(
    asking: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Paced, "SLACK", 0.0)
    monkeypatch.setattr(Paced, "EACH", 0.0)
    taken: list[Any] = []

    async def send(message: Any) -> None:
        taken.append(message)
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()  # for ever

    on_a_loop(sent_to(asking.client.app, send))
    assert [one["type"] for one in taken] == ["http.response.start", "http.response.body"]
    assert taken[-1]["more_body"], "without its end, so that nobody takes it for whole"
    assert asking.registry.exports.held == 0
    assert asking.database.reader.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_who_goes_away_holds_nothing(asking: Living) -> None:
    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            raise OSError("gone")

    with pytest.raises(ClientDisconnect):
        on_a_loop(sent_to(asking.client.app, send))
    assert asking.registry.exports.held == 0
    assert asking.database.reader.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_no_free_connection_is_busy(asking: Living, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_database: Database) -> Any:
        raise PoolTimeout("QueuePool limit of size 8 overflow 32 reached, connection timed out")

    with monkeypatch.context() as patch:
        patch.setattr(Database, "reading", none)
        client = TestClient(asking.client.app, raise_server_exceptions=False)
        answer = client.get("/api/v1/log/head")
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
        assert answer.headers["retry-after"]
        page = client.get("/lists", headers={"Accept": "text/html"})
        assert page.status_code == 503
        assert "数据库正忙" in page.text
        key = client.get("/api/v1/log/head", headers={"Authorization": "Bearer qdt_x"})
        assert (key.status_code, key.json()["code"]) == (503, "busy")
    assert asking.registry.exports.held == 0
