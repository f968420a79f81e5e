"""Who tries to sign in waits in few threads, and not on the loop: the public doors answer meanwhile."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from browsing import POST
from fastapi.testclient import TestClient
from reading import BROWSER
from seeded import Living

from app.auth import passwords, trying
from app.errors import Unavailable
from app.limiting import Places, Queue

MOST = 40
"""Threads that answer everything: the default of the framework."""


def test_the_public_doors_answer_while_any_number_of_sign_ins_waits(
    living_sqlite: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    over, answers = threading.Event(), list[int]()
    monkeypatch.setattr(passwords, "matches", lambda *_asked: over.wait(60) and False)
    refused = threading.Semaphore(0)
    with TestClient(living_sqlite.client.app, base_url="http://127.0.0.1") as client:

        def sign_in(number: int) -> None:
            form = {"name": f"nobody{number}", "password": "x"}
            answers.append(client.post("/office/sign-in", data=form, headers=POST).status_code)
            refused.release()

        asking = [
            threading.Thread(target=sign_in, args=(number,), daemon=True) for number in range(MOST + 10)
        ]
        for one in asking:
            one.start()
        try:
            for _ in range(MOST + 10 - 8):
                assert refused.acquire(timeout=30), "who finds no place is answered at once"
            assert set(answers) == {503}
            assert living_sqlite.get("/items", limit=1).status_code == 200
            assert client.get("/healthz").status_code == 200
        finally:
            over.set()
            for one in asking:
                one.join(30)


def test_who_finds_no_place_is_told_when_to_come_again(
    living_sqlite: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Any] = []
    monkeypatch.setattr(passwords, "matches", lambda *asked: bool(tried.append(asked)))
    monkeypatch.setattr(living_sqlite.registry, "sign_ins", Places(1))
    client = TestClient(living_sqlite.client.app, base_url="http://127.0.0.1")
    form = {"name": "nobody", "password": "x"}
    assert client.post("/office/sign-in", data=form, headers=POST).status_code == 403
    assert living_sqlite.registry.sign_ins.take(), "the place was given back"
    refused = client.post("/office/sign-in", data=form, headers={**POST, **BROWSER})
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert "同时登录的人太多" in refused.text
    assert len(tried) == 1


def test_a_turn_that_does_not_come_is_said_on_the_page_to_sign_in_on(
    living_sqlite: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "QUEUE", Queue(at_once=0, places=1, patience=0.0))
    client = TestClient(living_sqlite.client.app, base_url="http://127.0.0.1")
    refused = client.post("/office/sign-in", data={"name": "liming", "password": "x"}, headers=POST)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert 'value="liming"' in refused.text, "nothing that was typed is lost"
    with pytest.raises(Unavailable, match="同时登录的人太多"), trying.in_turn():
        raise AssertionError("nobody's turn")
