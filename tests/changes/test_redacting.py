"""Redaction by order: two people, an order, a reason; the bytes are gone everywhere, the log still proves."""

from __future__ import annotations

from typing import Any

import pytest
from seeded import FELLING, Living, new_item, set_field

from app.changes import kinds
from app.changes.redacting import redact
from app.errors import Conflict, Forbidden, Invalid, NotFound, RegistryError
from app.tables import METADATA
from app.versions import verifying

PRIVATE = "张三的身份证号不慎写入"


@pytest.fixture
def item(living: Living) -> str:
    """An item whose name, in one of its intervals, holds what must go."""
    form = {"title": "新增", "decisions": [new_item(living, f"误录事项{PRIVATE}")]}
    made = living.post("editor", "/changesets", form, **{"Idempotency-Key": "k"}).json()
    for who, move in (("editor", "submit"), ("reviewer", "approve"), ("publisher", "publish")):
        assert living.post(who, f"/changesets/{made['id']}/{move}").status_code == 200
    item = made["decisions"][0]["subject"]
    living.publish(set_field(item, "name", "改正后的事项", "2026-10-01"))
    living.drain()
    living.hire("second", "publish")
    return item


def contents(living: Living) -> list[str]:
    """Hashes of every content that holds the private text."""
    return [
        row[0]
        for row in living.rows("SELECT hash, body FROM content ORDER BY hash")
        if PRIVATE.encode() in bytes(row[1])
    ]


def order(living: Living, content: str, second: str = "second", **more: Any) -> Any:
    asked = {"order": "川网信令〔2026〕1号", "reason": "个人信息"} | more
    with living.database.writing() as session:
        return redact(
            session,
            living.people["publisher"],
            living.people[second],
            content,
            asked["order"],
            asked["reason"],
        )


def whole_text(living: Living) -> str:
    """Every value of every table."""
    found = []
    for table in METADATA.sorted_tables:
        for row in living.rows(f'SELECT * FROM "{table.name}"'):
            found += [bytes(v).decode() if isinstance(v, (bytes, memoryview)) else str(v) for v in row]
    return "\n".join(found)


def test_what_was_ordered_away_is_gone_from_every_table_and_from_search(living: Living, item: str) -> None:
    assert living.get("/search", q=PRIVATE).json()["total"] == 1
    head = living.get("/log/head").json()
    for content in contents(living):
        order(living, content)
    assert PRIVATE not in whole_text(living)
    assert living.drain() >= 1
    for on in ("2026-09-28", "2026-10-01"):
        assert living.get("/search", q=PRIVATE, on=on).json()["total"] == 0
        for path in (f"/items/{item}", f"/items/{item}/revisions", "/items", "/export.jsonl"):
            assert PRIVATE not in living.get(path, on=on).text
    with living.database.reading() as session:
        proof = verifying.verify(session.connection(), kinds.describe, (head["seq"], head["hash"]))
    assert proof.ok, str(proof.finding)
    assert proof.redacted >= 1
    assert proof.against_head


def test_the_rest_of_the_item_still_answers(living: Living, item: str) -> None:
    for content in contents(living):
        order(living, content)
    later = living.get(f"/items/{item}", on="2026-10-01").json()
    assert (later["name"], later["status"]) == ("改正后的事项", "in_force")
    gone = living.get(f"/items/{item}", on="2026-09-28").json()
    assert (gone["status"], gone["content"]) == ("in_force", {"redacted": True})
    assert gone["name"] is None


def test_its_changeset_can_still_be_opened(living: Living, item: str) -> None:
    (row,) = living.rows(
        "SELECT changeset FROM publication WHERE kind = 'routine' ORDER BY seq DESC LIMIT 1 OFFSET 1"
    )
    for content in contents(living):
        order(living, content)
    shown = living.client.get(f"/api/v1/changesets/{row[0]}", headers=living.headers("editor"))
    assert shown.status_code == 200
    assert shown.json()["decisions"][0]["redacted"] is True


def test_the_order_stands_in_the_log(living: Living, item: str) -> None:
    (content, *_) = contents(living)
    receipt = order(living, content)
    (row,) = living.rows("SELECT kind, author, reviewer FROM publication ORDER BY seq DESC LIMIT 1")
    people = [living.people[name].account for name in ("publisher", "second")]
    assert list(row) == ["redaction", *people]
    assert living.get("/log/head").json()["seq"] == receipt.seq
    (noted,) = living.rows("SELECT subject, note FROM access_log WHERE event = 'redacted'")
    assert list(noted) == [content, "川网信令〔2026〕1号"]


@pytest.mark.parametrize(
    ("more", "error", "code"),
    [
        ({"second": "publisher"}, Forbidden, "two-people"),
        ({"second": "editor"}, Forbidden, "missing-right"),
        ({"order": " "}, Invalid, "order-needed"),
        ({"reason": ""}, Invalid, "order-needed"),
        ({"content": "0" * 64}, NotFound, "unknown-content"),
    ],
)
def test_refusals(living_sqlite: Living, more: dict[str, Any], error: type[RegistryError], code: str) -> None:
    living = living_sqlite
    living.hire("second", "publish")
    item = living.item_called(FELLING)
    (row,) = living.rows(
        f"SELECT content FROM timeline WHERE subject_id = '{item}' AND valid_to = '2027-01-01'"
    )
    head = living.get("/log/head").json()
    with pytest.raises(error) as refused:
        order(living, more.pop("content", row[0]), **more)
    assert refused.value.code == code
    assert living.get("/log/head").json() == head
    living.assert_sound()


def test_what_is_redacted_is_not_redacted_again(living: Living, item: str) -> None:
    (content, *_) = contents(living)
    order(living, content)
    with pytest.raises(Conflict) as refused:
        order(living, content)
    assert refused.value.code == "already-redacted"
    living.assert_sound()
