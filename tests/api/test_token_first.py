"""Who is asking is known before a body is read: nobody makes the registry read megabytes without a token."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.routing import APIRoute
from looping import on_a_loop
from seeded import Living

from app.api import parts
from app.deps import TokenFirst, actor


def takes(route: APIRoute) -> bool:
    """Whether it asks for a token."""
    waiting, seen = list(route.dependant.dependencies), []
    while waiting:
        one = waiting.pop()
        seen.append(one.call)
        waiting += one.dependencies
    return actor in seen


ROUTES = [route for part in parts.PARTS for route in part.router.routes if isinstance(route, APIRoute)]
WITH_BODY = [route for route in ROUTES if takes(route) and route.methods - {"GET", "HEAD"}]


def test_every_route_that_takes_a_token_and_a_body_asks_for_the_token_first() -> None:
    assert len(WITH_BODY) >= 9
    late = [
        route.path
        for route in WITH_BODY
        if route.body_field is not None and not isinstance(route, TokenFirst)
    ]
    assert not late


async def send(app: Any, method: str, path: str, authorization: str | None) -> tuple[int, int]:
    """(status, how often the body was asked for). Of a body that never ends."""
    asked, status = 0, 0

    async def receive() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        assert asked < 50, "it goes on reading"
        return {"type": "http.request", "body": b"[" * 65536, "more_body": True}

    async def answer(message: dict[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)

    headers = [(b"host", b"testserver"), (b"content-type", b"application/json"), (b"if-match", b'"1"')]
    headers += [(b"authorization", authorization.encode())] if authorization else []
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": headers,
        "client": ("192.0.2.1", 1),
        "server": ("testserver", 80),
    }
    await app(scope, receive, answer)
    return status, asked


@pytest.mark.parametrize("authorization", [None, "Bearer qdt_invented"])
def test_without_one_the_body_is_not_read(living_sqlite: Living, authorization: str | None) -> None:
    for route in WITH_BODY:
        for method in route.methods:
            path = f"/api/v1{route.path}".replace("{changeset}", "c") + (
                "?name=x" if "files" in route.path else ""
            )
            found = on_a_loop(send(living_sqlite.client.app, method, path, authorization))
            assert found == (401, 0), (method, path, found)


def test_the_token_is_asked_for_once(living_sqlite: Living, monkeypatch: Any) -> None:
    from app import deps

    asked = []
    plain = deps.authenticate
    monkeypatch.setattr(deps, "authenticate", lambda *given: asked.append(1) or plain(*given))
    form = {"title": "x", "decisions": [{"outcome": "adjust", "effective_from": "2027-01-01"}]}
    living_sqlite.post("editor", "/changesets", form)
    assert asked == [1]


def test_bad_tokens_of_nobody_are_noted_together_those_of_accounts_at_once(living_sqlite: Living) -> None:
    from app.auth import accounts

    living_sqlite.post("editor", "/changesets", {"title": "x", "decisions": []})
    mine = living_sqlite.headers("editor")
    with living_sqlite.database.writing() as session:
        accounts.revoke_tokens(session, accounts.find_account(session, "editor"))
    query = "SELECT account, address FROM access_log WHERE event = 'token-refused'"
    for headers in (mine, {"Authorization": "Bearer qdt_invented"}):
        assert living_sqlite.client.get("/api/v1/changesets", headers=headers).status_code == 401
    account = living_sqlite.people["editor"].account
    assert living_sqlite.rows(query)[0] == (account, "testclient")
    living_sqlite.registry.noting.flush()
    assert living_sqlite.rows(query) == [(account, "testclient"), (None, "testclient")]
