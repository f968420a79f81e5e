"""Receivers that do not answer: none holds up another, a letter has an end, a stop waits for none."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from seeded import FELLING, Living, set_field

from app.auth import accounts
from app.hooks import courier, sending
from app.hooks.courier import Deliverer

SECOND = 1_000_000


class Port:
    """Takes connections and deals with each in a thread of its own."""

    def __init__(self, deal: Callable[[socket.socket], None]) -> None:
        self.taken, self.over, self.asked = 0, threading.Event(), b""
        self._deal = deal
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}/"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                taken = self._server.accept()[0]
                self.taken += 1
                threading.Thread(target=self._one, args=(taken,), daemon=True).start()

    def _one(self, taken: socket.socket) -> None:
        with suppress(OSError), taken:
            self.asked = taken.recv(65536)
            self._deal(taken)

    def close(self) -> None:
        self.over.set()
        self._server.close()


@pytest.fixture
def ports() -> Iterator[Callable[..., Port]]:
    made: list[Port] = []

    def make(deal: Callable[[Port, socket.socket], None]) -> Port:
        made.append(Port(lambda taken: deal(port(), taken)))
        port = lambda at=len(made) - 1: made[at]  # noqa: E731
        return made[-1]

    yield make
    for one in made:
        one.close()


def silent(port: Port, _taken: socket.socket) -> None:
    port.over.wait(60)


def going_on(port: Port, taken: socket.socket) -> None:
    while not port.over.wait(0.05):
        taken.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


def taking(_port: Port, taken: socket.socket) -> None:
    taken.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")


def subscribe(living: Living, who: str, url: str) -> str:
    living.settings.webhooks_private = True
    made = living.post(who, "/webhooks", {"url": url, "wanted": {"events": ["adjust"]}})
    assert made.status_code == 201, made.text
    return made.json()["id"]


def states(living: Living, hook: str) -> list[str]:
    return [row[0] for row in living.rows(f"SELECT state FROM webhook_delivery WHERE webhook = '{hook}'")]


@pytest.mark.parametrize("deal", [silent, going_on])
def test_a_letter_has_an_end(ports: Callable[..., Port], deal: Any) -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        sending.send(ports(deal).url, b"{}", {}, private=True, seconds=0.4)
    assert time.monotonic() - began < 3


def test_an_address_may_hold_any_letters(ports: Callable[..., Port]) -> None:
    port = ports(taking)
    assert sending.send(f"{port.url}通知?x=é&y=%41", b"{}", {}, private=True).taken
    assert port.asked.startswith(b"POST /%E9%80%9A%E7%9F%A5?x=%C3%A9&y=%41 HTTP")


def test_a_receiver_that_says_nothing_holds_up_no_other(
    living_sqlite: Living, ports: Callable[..., Port], clock: Any
) -> None:
    living, hole, hall = living_sqlite, ports(silent), ports(taking)
    first, second = subscribe(living, "reader", hole.url), subscribe(living, "editor", hall.url)
    item = living.item_called(FELLING)
    for value in range(3, 9):
        living.publish(set_field(item, "promised_limit/value", value))
    deliverer = Deliverer(living.database, private=True, every=0.01)
    deliverer.start()
    try:
        until = time.monotonic() + 15
        while "owed" in (states(living, second) or ["owed"]) and time.monotonic() < until:
            time.sleep(0.05)
        assert set(states(living, second)) == {"done"}
        assert set(states(living, first)) == {"owed"}
        assert 1 <= hole.taken <= courier.OF_ONE
    finally:
        began = time.monotonic()
        deliverer.stop()
    assert time.monotonic() - began < 5, "a letter under way is not waited for"


def test_one_that_does_not_answer_rests_for_longer_and_longer(
    living_sqlite: Living, ports: Callable[..., Port], clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    living, hole = living_sqlite, ports(silent)
    late = lambda *_, **__: (_ for _ in ()).throw(TimeoutError)  # noqa: E731
    monkeypatch.setattr("app.hooks.delivering.send", late)
    hook = subscribe(living, "reader", hole.url)
    living.publish(set_field(living.item_called(FELLING), "promised_limit/value", 6))
    deliverer = Deliverer(living.database, private=True)

    def sent() -> int:
        living.post("reader", f"/webhooks/{hook}/resend")
        with living.database.writing() as session:
            session.connection().exec_driver_sql("UPDATE webhook_delivery SET next_at = 0")
        return deliverer.round()

    while not deliverer._rests:
        assert sent() > 0
    for seconds in (courier.REST_SECONDS, courier.REST_SECONDS * 2):
        clock.step(seconds * SECOND - 1)
        assert sent() == 0
        clock.step(1)
        assert sent() == 1


def test_nothing_is_sent_for_a_locked_account(living_sqlite: Living, ports: Callable[..., Port]) -> None:
    living, hall = living_sqlite, ports(taking)
    hook = subscribe(living, "reader", hall.url)
    living.publish(set_field(living.item_called(FELLING), "promised_limit/value", 6))
    with living.database.writing() as session:
        accounts.lock_account(session, accounts.find_account(session, "reader"), "离职")
    assert Deliverer(living.database, private=True).round() == 0
    assert (hall.taken, set(states(living, hook))) == (0, {"owed"})
    with living.database.writing() as session:
        accounts.unlock_account(session, accounts.find_account(session, "reader"), "复职")
    assert Deliverer(living.database, private=True).round() > 0
    assert set(states(living, hook)) == {"done"}
