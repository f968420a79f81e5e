"""Webhooks against a real receiver on loopback, by a clock that stands still until it is set."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest
from seeded import FELLING, Living, new_item, set_field

from app.hooks import delivering, sending
from app.hooks.courier import Deliverer
from app.hooks.delivering import BACK_OFF

SECOND = 1_000_000


class Receiver:
    """Takes letters, or answers as it is told to; ``seen`` is what came, in order."""

    def __init__(self) -> None:
        self.seen: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.answers: Callable[[dict[str, Any]], int] = lambda _event: 204
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                event = orjson.loads(body)["data"]
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.seen.append(({**headers, "body": body.decode()}, event))
                status = outer.answers(event)
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "http://127.0.0.1:1/")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?from=qingdan"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def events(self) -> list[dict[str, Any]]:
        return [event for _, event in self.seen]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


def subscribe(living: Living, url: str, **wanted: Any) -> dict[str, Any]:
    living.settings.webhooks_private = True  # the receiver is on loopback
    made = living.post("reader", "/webhooks", {"url": url, "label": "大厅", "wanted": wanted})
    assert made.status_code == 201, made.text
    return made.json()


def deliver(living: Living, private: bool = True) -> int:
    return Deliverer(living.database, private=private).round()


def told(living: Living, hook: dict[str, Any], path: str = "") -> Any:
    return living.client.get(f"/api/v1/webhooks/{hook['id']}{path}", headers=living.headers("reader")).json()


def is_signed(headers: dict[str, str], secret: str) -> bool:
    message = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{headers['body']}".encode()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    wanted = "v1," + base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
    return wanted in headers["webhook-signature"].split()


def test_what_is_published_is_told_signed_and_once(living: Living, receiver: Receiver, clock: Any) -> None:
    item = living.item_called(FELLING)
    hook = subscribe(living, receiver.url, events=["adjust"])
    living.publish(set_field(item, "note", "一"))
    living.publish(new_item(living, "不在订阅之内"))
    assert deliver(living) == 2  # today's and the plan's that stands on it
    assert deliver(living) == 0
    headers, event = receiver.seen[0]
    assert event == living.get("/changes", since=event["seq"] - 1, limit=1).json()["changes"][0]
    assert is_signed(headers, hook["secret"])
    assert not is_signed({**headers, "body": headers["body"] + " "}, hook["secret"])
    assert headers["webhook-id"].startswith(f"{hook['id']}.{event['seq']}.")
    assert headers["webhook-timestamp"] == str(clock.now // SECOND)
    assert [one["state"] for one in told(living, hook, "/deliveries")["deliveries"]] == ["done", "done"]
    assert "secret" not in told(living, hook)


def test_back_off_to_the_second_then_dead_then_resent(
    living_sqlite: Living, receiver: Receiver, clock: Any
) -> None:
    living, item = living_sqlite, living_sqlite.item_called(FELLING)
    hook = subscribe(living, receiver.url, subject=item)
    living.publish(set_field(item, "promised_limit/value", 6))
    receiver.answers = lambda _event: 500
    assert deliver(living) == 1
    for wait in BACK_OFF:
        clock.step(wait * SECOND - 1)
        assert deliver(living) == 0
        clock.step(1)
        assert deliver(living) == 1
    assert len(receiver.seen) == len(BACK_OFF) + 1
    clock.step(10**13)
    assert deliver(living) == 0
    (dead,) = told(living, hook, "/deliveries?state=dead")["deliveries"]
    assert (dead["state"], dead["status"], dead["attempts"]) == ("dead", 500, len(BACK_OFF) + 1)
    assert told(living, hook)["dead"] == 1
    receiver.answers = lambda _event: 200
    assert living.post("reader", f"/webhooks/{hook['id']}/resend").json() == {"owed": 1}
    assert deliver(living) == 1
    assert (told(living, hook)["dead"], told(living, hook)["owed"]) == (0, 0)


def test_order_is_kept_of_each_item_and_none_waits_for_another(
    living_sqlite: Living, receiver: Receiver, clock: Any
) -> None:
    living, first = living_sqlite, living_sqlite.item_called(FELLING)
    second = living.publish(new_item(living, "另一事项"))["decisions"][0]["subject"]
    subscribe(living, receiver.url, events=["adjust"])
    for value in (3, 4, 5):
        living.publish(set_field(first, "promised_limit/value", value))
        living.publish(set_field(second, "promised_limit/value", value))
    receiver.answers = lambda event: 503 if event["subject"] == first else 200
    deliver(living)
    assert [one["subject"] for one in receiver.events()].count(first) == 1
    assert [one["changes"][0]["value"] for one in receiver.events() if one["subject"] == second] == [3, 4, 5]
    receiver.answers = lambda _event: 200
    clock.step(BACK_OFF[0] * SECOND)
    deliver(living)
    taken = [one["changes"][0]["value"] for one in receiver.events() if one["subject"] == first]
    assert taken == [3, 3, 4, 5]


def test_both_secrets_sign_for_a_day(living_sqlite: Living, receiver: Receiver, clock: Any) -> None:
    living, item = living_sqlite, living_sqlite.item_called(FELLING)
    hook = subscribe(living, receiver.url, subject=item)
    fresh = living.post("reader", f"/webhooks/{hook['id']}/rotate").json()
    assert fresh["grace_hours"] == 24
    living.publish(set_field(item, "promised_limit/value", 6))
    deliver(living)
    clock.step(24 * 3600 * SECOND - 1)
    living.publish(set_field(item, "promised_limit/value", 7, "2026-09-29"))
    deliver(living)
    clock.step(1)
    living.publish(set_field(item, "promised_limit/value", 5, "2026-09-29"))
    deliver(living)
    (during, _), (last, _), (after, _) = receiver.seen
    for letter in (during, last):
        assert [is_signed(letter, key) for key in (hook["secret"], fresh["secret"])] == [True, True]
    assert [is_signed(after, key) for key in (hook["secret"], fresh["secret"])] == [False, True]


INSIDE = """127.0.0.1 10.0.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 ::1 fd00::1 fe80::1%eth0
fec0::1 192.88.99.1
::ffff:127.0.0.1 64:ff9b::7f00:1 2002:7f00:1::"""


@pytest.mark.parametrize("address", INSIDE.split())
def test_private_addresses_are_known(address: str) -> None:
    assert not sending.is_public(address)


def test_private_addresses_are_refused_unless_allowed(
    living_sqlite: Living, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    living, item = living_sqlite, living_sqlite.item_called(FELLING)
    assert sending.is_public("1.1.1.1")
    hook = subscribe(living, receiver.url, subject=item)
    living.publish(set_field(item, "promised_limit/value", 6))
    deliver(living, private=False)
    assert receiver.seen == []
    (refused,) = told(living, hook, "/deliveries")["deliveries"]
    assert (refused["state"], refused["status"]) == ("owed", None)
    assert refused["error"] == "127.0.0.1 指向内部地址 127.0.0.1，不予投递。"
    # A name that is looked up once: the connection goes to what was looked up, not to what it says by then.
    lookups, plain = [], socket.getaddrinfo

    def looked_up(host: str, port: int, *more: Any, **named: Any) -> list[Any]:
        if host != "hall.example":
            return plain(host, port, *more, **named)
        lookups.append(host)
        return [(2, 1, 6, "", ("127.0.0.1" if len(lookups) == 1 else "192.0.2.1", port))]

    monkeypatch.setattr(sending.socket, "getaddrinfo", looked_up)
    port = receiver.url.split(":")[2].split("/")[0]
    answer = sending.send(f"http://hall.example:{port}/", orjson.dumps({"data": {}}), {}, private=True)
    assert (answer.status, receiver.seen[0][0]["host"]) == (204, f"hall.example:{port}")


def test_a_redirect_is_not_followed(living_sqlite: Living, receiver: Receiver) -> None:
    living, item = living_sqlite, living_sqlite.item_called(FELLING)
    hook = subscribe(living, receiver.url, subject=item)
    living.publish(set_field(item, "promised_limit/value", 6))
    receiver.answers = lambda _event: 302
    deliver(living)
    (one,) = told(living, hook, "/deliveries")["deliveries"]
    assert (one["state"], one["status"], len(receiver.seen)) == ("owed", 302, 1)
    assert "不跟随转向" in one["error"]


def test_what_is_hidden_meanwhile_is_not_told(living_sqlite: Living, receiver: Receiver) -> None:
    living, item = living_sqlite, living_sqlite.item_called(FELLING)
    hook = subscribe(living, receiver.url, subject=item)
    living.publish(set_field(item, "note", "将要隐去"))
    delivering.follow(living.database)
    living.publish(set_field(item, "visibility", "internal"))
    deliver(living)
    assert receiver.seen == []
    assert {one["state"] for one in told(living, hook, "/deliveries")["deliveries"]} == {"dropped"}


def test_a_pause_owes_what_is_recorded(living_sqlite: Living, receiver: Receiver) -> None:
    living, item = living_sqlite, living_sqlite.item_called(FELLING)
    hook = subscribe(living, receiver.url, subject=item)
    assert living.post("reader", f"/webhooks/{hook['id']}/pause").json()["paused"] is True
    living.publish(set_field(item, "promised_limit/value", 6))
    deliver(living)
    assert (receiver.seen, told(living, hook)["owed"]) == ([], 1)
    living.post("reader", f"/webhooks/{hook['id']}/resume")
    assert deliver(living) == 1


def test_a_receiver_that_hangs_holds_up_no_publication(living_sqlite: Living, receiver: Receiver) -> None:
    living, item = living_sqlite, living_sqlite.item_called(FELLING)
    release = threading.Event()
    receiver.answers = lambda _event: 200 if release.wait(20) else 500
    subscribe(living, receiver.url, subject=item)
    living.publish(set_field(item, "promised_limit/value", 6))
    sending_thread = threading.Thread(target=deliver, args=(living,))
    sending_thread.start()
    try:
        living.publish(set_field(item, "promised_limit/value", 5))
        assert sending_thread.is_alive()
    finally:
        release.set()
        sending_thread.join(20)
    deliver(living)
    assert [one["changes"][0]["value"] for one in receiver.events()] == [6, 5]


def test_subscriptions_are_ones_own(living_sqlite: Living) -> None:
    living = living_sqlite
    hook = subscribe(living, "https://hall.example/hook", region="511602", events=["cancel"])
    other = living.client.get(f"/api/v1/webhooks/{hook['id']}", headers=living.headers("editor"))
    assert (other.status_code, other.json()["code"]) == (404, "unknown-webhook")
    refused = living.post("reader", "/webhooks", {"url": "ftp://hall.example/"})
    assert (refused.status_code, refused.json()["code"]) == (422, "bad-url")
    strange = living.post("reader", "/webhooks", {"url": "https://a.example/", "wanted": {"events": ["x"]}})
    assert strange.json()["code"] == "unknown-value"
    assert living.client.get("/api/v1/webhooks").status_code == 401
    gone = living.client.delete(f"/api/v1/webhooks/{hook['id']}", headers=living.headers("reader"))
    assert gone.status_code == 204
    assert told(living, hook)["code"] == "unknown-webhook"
