"""Subscriptions that could never be told are refused; secrets are not lost; a repeated POST is one."""

from __future__ import annotations

from typing import Any

import pytest
from seeded import FELLING, Living, new_item, set_field

from app.hooks import delivering

HOUR = 3_600_000_000
BAD = (
    "http://[bad/",
    "http://hall.example:99999/",
    "http://hall.example:0/",
    "https://hall.example/\n",
    "https://hall.example/a b",
    "https://hall.example/\x00",
    "ftp://hall.example/",
    "https:///hook",
    "https://a@hall.example/",
    "https://" + "a" * 64 + ".example/",
)
INSIDE = (
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://[::1]:8000/",
    "http://[::ffff:10.0.0.1]/",
    "http://192.168.0.7/",
    "http://localhost/",
    "http://hooks.localhost./",
    "http://127。0。0。1/",
    "http://１２７.0.0.1/",
)


@pytest.mark.parametrize(
    ("url", "code"), [*((url, "bad-url") for url in BAD), *((url, "inside-address") for url in INSIDE)]
)
def test_an_address_that_nothing_is_sent_to_is_refused(asking: Living, url: str, code: str) -> None:
    from app.errors import Invalid
    from app.hooks.subscribing import require_receiver

    with pytest.raises(Invalid) as refused:
        require_receiver(url, private=False)
    assert refused.value.code == code
    if code == "inside-address":
        require_receiver(url, private=True)


def test_what_a_subscription_names_must_be_there_and_public(living: Living) -> None:
    url = "https://hall.example/hook"
    for bad in (BAD[0], INSIDE[0]):
        answer = living.post("reader", "/webhooks", {"url": bad})
        assert (answer.status_code, answer.json()["code"][-8:]) in ((422, "bad-url"), (422, "-address"))
    secret = living.publish(new_item(living, "内部", content={"visibility": "internal"}))["decisions"][0][
        "subject"
    ]
    felling = living.get(f"/items/{living.item_called(FELLING)}").json()
    for field, asked in (
        ("authority", "qda-0000000x"),
        ("authority", felling["id"]),
        ("subject", "nobody"),
        ("subject", secret),
        ("instrument", felling["authority"]["id"]),
    ):
        answer = living.post("reader", "/webhooks", {"url": url, "wanted": {field: asked}})
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown-wanted"), (field, asked)
    strange = living.post("reader", "/webhooks", {"url": url, "wanted": {"region": "999999"}})
    assert strange.status_code == 404
    made = living.post("reader", "/webhooks", {"url": url, "wanted": {"region": "511602"}}).json()
    assert made["wanted"]["region"] == felling["content"]["region"], "kept by id: a code may pass to another"


def test_one_that_cannot_be_followed_stops_no_other(living_sqlite: Living) -> None:
    living, url = living_sqlite, "https://hall.example/hook"
    bad, good = (living.post("reader", "/webhooks", {"url": url}).json()["id"] for _ in range(2))
    with living.database.writing() as session:
        session.connection().exec_driver_sql(
            f"UPDATE webhook SET wanted = '{{\"region\":\"999999\"}}' WHERE id = '{bad}'"
        )
    living.publish(set_field(living.item_called(FELLING), "note", "一"))
    assert delivering.follow(living.database) > 0
    hooks = {one["id"]: one for one in listed(living)}
    assert (hooks[good]["owed"] > 0, hooks[good]["fault"]) == (True, None)
    assert (hooks[bad]["owed"], "999999" in hooks[bad]["fault"]) == (0, True)


def listed(living: Living) -> Any:
    return living.client.get("/api/v1/webhooks", headers=living.headers("reader")).json()["webhooks"]


def test_a_secret_is_not_replaced_twice_within_its_day(living_sqlite: Living, clock: Any) -> None:
    living = living_sqlite
    place = "/webhooks/" + living.post("reader", "/webhooks", {"url": "https://hall.example/"}).json()["id"]
    first = living.post("reader", f"{place}/rotate", **{"Idempotency-Key": "r"})
    again = living.post("reader", f"{place}/rotate", **{"Idempotency-Key": "r"})
    assert (again.json(), again.headers["idempotent-replay"]) == (first.json(), "true")
    clock.step(24 * HOUR - 1)
    refused = living.post("reader", f"{place}/rotate")
    assert (refused.status_code, refused.json()["code"]) == (409, "rotation-running")
    clock.step(1)
    assert living.post("reader", f"{place}/rotate").json()["secret"] != first.json()["secret"]


def test_a_repeated_post_is_one(living_sqlite: Living) -> None:
    living, form, key = living_sqlite, {"url": "https://hall.example/"}, {"Idempotency-Key": "once"}
    first, again = (living.post("reader", "/webhooks", form, **key) for _ in range(2))
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert len(listed(living)) == 1
    reused = living.post("reader", "/webhooks", {"url": "https://other.example/"}, **key)
    assert reused.json()["code"] == "idempotency-key-reused"
    sent = [
        living.client.post(
            "/api/v1/files?name=a.txt",
            content=body,
            headers=living.headers("editor", **key, **{"Content-Type": "text/plain"}),
        )
        for body in (b"a", b"a", b"b")
    ]
    assert [one.status_code for one in sent] == [201, 201, 409]
    assert (sent[1].json(), sent[1].headers["idempotent-replay"]) == (sent[0].json(), "true")


def test_every_post_takes_an_idempotency_key(asking: Living) -> None:
    """But for those that only read, and those without an account."""
    without = set()
    for path, operations in asking.client.get("/openapi.json").json()["paths"].items():
        names = {one["name"] for one in operations.get("post", {}).get("parameters", ())}
        if "post" in operations and path.startswith("/api/v1") and "Idempotency-Key" not in names:
            without.add(path)
    assert without <= {"/api/v1/items/lookup", "/api/v1/feedback"}
