"""Redaction by order: two people, an order, a reason; the bytes are gone everywhere, the log still proves."""

from __future__ import annotations

from json import loads
from typing import Any

import pytest
from seeded import FELLING, TODAY, Living, new_item, set_field

from app.auth.accounts import find_account, lock_account
from app.changes import kinds, remnants
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
            found += [
                bytes(v).decode("utf-8", "replace") if isinstance(v, (bytes, memoryview)) else str(v)
                for v in row
            ]
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
    assert list(noted) == [content, "川网信令〔2026〕1号；“publisher”提出，“second”确认"]


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


def redact_all(living: Living) -> None:
    """Every content that holds the private text, one after the other."""
    for content in contents(living):
        order(living, content)


def assert_redacted_by_order(living: Living) -> None:
    with living.database.reading() as session:
        proof = verifying.verify(session.connection(), kinds.describe)
    assert proof.ok, str(proof.finding)
    assert proof.redacted >= 1
    assert PRIVATE not in whole_text(living)


def with_materials(living: Living, **more: Any) -> str:
    """An item whose first name holds what must go, put right later; its materials do not."""
    content = {"materials": [{"key": "m1", "name": "申请书", "copies": 2}], "note": "备注"}
    codes = [{"scheme": "local", "value": "XIANG-1"}]
    made = living.publish(new_item(living, f"误录事项{PRIVATE}", content=content | more, codes=codes))
    item = made["decisions"][0]["subject"]
    living.publish(set_field(item, "name", "改正后的事项", "2026-10-01"))
    living.hire("second", "publish")
    return item


def test_a_redacted_item_goes_on(living: Living) -> None:
    item = with_materials(living)
    redact_all(living)
    living.publish(set_field(item, "note", "新备注", "2026-11-01"))
    (other,) = living.rows(
        "SELECT min(subject_id) FROM timeline WHERE kind = 'authority' AND status = 'in_force'"
    )
    transfer = set_field(item, "authority", other[0], "2026-11-10") | {"outcome": "transfer"}
    living.publish(transfer)
    living.publish({"outcome": "cancel", "subject": item, "effective_from": "2026-12-01"})
    november = living.get(f"/items/{item}", on="2026-11-01").json()
    assert november["content"]["materials"] == [{"copies": 2, "key": "m1", "name": "申请书"}]
    assert (november["name"], november["content"]["note"]) == ("改正后的事项", "新备注")
    assert [code["value"] for code in november["codes"]] == ["XIANG-1"]
    assert living.get(f"/items/{item}", on="2026-11-10").json()["authority"]["id"] == other[0]
    assert living.get(f"/items/{item}", on="2026-12-01").json()["status"] == "ended"
    assert living.get(f"/items/{item}", on=TODAY).json()["content"] == {"redacted": True}
    assert_redacted_by_order(living)


def test_an_item_of_which_every_byte_is_redacted_goes_on(living: Living) -> None:
    made = living.publish(new_item(living, f"误录事项{PRIVATE}"))
    item = made["decisions"][0]["subject"]
    living.hire("second", "publish")
    redact_all(living)
    assert living.get(f"/items/{item}").json()["content"] == {"redacted": True}
    living.publish({"outcome": "suspend", "subject": item, "effective_from": TODAY})
    living.publish({"outcome": "resume", "subject": item, "effective_from": "2026-10-01"})
    living.publish(set_field(item, "name", "改正后的事项", "2026-11-01"))
    living.publish({"outcome": "cancel", "subject": item, "effective_from": "2026-12-01"})
    (act,) = living.rows(f"SELECT max(act) FROM decision WHERE subject_id = '{item}'")
    living.publish({"outcome": "void", "act": act[0], "ground": "withdrawn", "reason": "推迟"})
    december = living.get(f"/items/{item}", on="2026-12-01").json()
    assert (december["name"], december["status"]) == ("改正后的事项", "in_force")
    assert december["authority"]["name"]
    assert_redacted_by_order(living)


def test_what_a_redacted_change_did_besides_still_holds(living: Living) -> None:
    made = living.publish(new_item(living, "有过改动的事项"))
    item = made["decisions"][0]["subject"]
    both = set_field(item, "note", PRIVATE, "2026-10-01")
    both["changes"] += [
        {"op": "set", "path": "visibility", "value": "internal"},
        {"op": "add", "path": "codes", "value": {"scheme": "local", "value": "GAI-1"}},
    ]
    living.publish(both)
    living.hire("second", "publish")
    redact_all(living)
    living.publish(set_field(item, "conditions", "条件", "2026-11-01"))
    living.drain()
    assert living.get(f"/items/{item}", on="2026-11-01").status_code == 404  # internal still
    assert living.get("/search", q="有过改动的事项", on="2026-11-01").json()["total"] == 0
    (row,) = living.rows(
        f"SELECT visibility, codes FROM timeline WHERE subject_id = '{item}' AND valid_from = '2026-11-01'"
    )
    assert row[0] == "internal"
    assert "GAI-1" in row[1]
    assert_redacted_by_order(living)


def test_an_internal_item_stays_internal_when_it_is_redacted(living: Living) -> None:
    item = with_materials(living, visibility="internal")
    living.drain()
    redact_all(living)
    (last,) = living.rows(
        f"SELECT content FROM revision WHERE subject_id = '{item}' ORDER BY seq DESC LIMIT 1"
    )
    order(living, last[0])
    living.drain()
    for on in (TODAY, "2026-10-01"):
        assert living.get(f"/items/{item}", on=on).status_code == 404
        assert living.get("/search", q="改正后的事项", on=on).json()["total"] == 0
    assert item not in living.get("/changes").text
    assert_redacted_by_order(living)


def test_drafts_notes_and_answers_that_quote_the_words_lose_them(living: Living) -> None:
    item = with_materials(living)
    place = "/changesets"
    quoting = {
        "title": f"更正{PRIVATE}",
        "decisions": [set_field(item, "note", f"原为误录事项{PRIVATE}", "2026-11-01")],
    }
    other = {"title": "无关", "decisions": [set_field(living.item_called(FELLING), "note", "无关的备注")]}
    made = [
        living.post("editor", place, form, **{"Idempotency-Key": key}).json()["id"]
        for key, form in (("k1", quoting), ("k2", other))
    ]
    for changeset in made:
        assert living.post("editor", f"{place}/{changeset}/submit").status_code == 200
    redact_all(living)
    living_words = living.rows("SELECT hash, body FROM content")
    assert all(PRIVATE.encode() not in bytes(row[1]) for row in living_words)
    shown = [
        living.client.get(f"/api/v1{place}/{one}", headers=living.headers("editor")).json() for one in made
    ]
    assert PRIVATE not in str(shown)
    assert [one["state"] for one in shown] == ["returned", "submitted"]
    assert shown[1]["decisions"][0]["changes"][0]["value"] == "无关的备注"
    assert living.post("editor", f"{place}/{made[0]}/submit").status_code == 200
    assert_redacted_by_order(living)


def test_a_redacted_title_leaves_its_changeset_and_its_round(living: Living) -> None:
    living.hire("second", "publish")
    decision = set_field(living.item_called(FELLING), "note", "备注")
    made = living.publish(decision, kind="round", number="第九批", title=f"第九批{PRIVATE}")
    redact_all(living)
    (row,) = living.rows(f"SELECT title, head FROM changeset WHERE id = '{made['id']}'")
    assert list(row) == ["（标题已依令删改）", "{}"]
    listed = living.get("/rounds").json()["rounds"]
    assert [one["title"] for one in listed if one["id"] == made["id"]] == ["（标题已依令删改）"]
    for page in ("/", "/rounds", f"/rounds/{made['id']}"):
        assert living.client.get(page).status_code == 200
    assert_redacted_by_order(living)


def test_a_locked_account_is_no_second_person(living_sqlite: Living) -> None:
    living = living_sqlite
    living.hire("left", "publish", locked=False)
    with living.database.writing() as session:
        session.connection().exec_driver_sql("UPDATE account SET locked = 1 WHERE name = 'left'")
    (row,) = living.rows("SELECT creates FROM decision WHERE creates IS NOT NULL ORDER BY seq DESC LIMIT 1")
    with pytest.raises(Forbidden) as refused:
        order(living, row[0], "left")
    assert refused.value.code == "account-locked"


def test_a_redacted_power_is_still_told_of_at_every_door(living: Living) -> None:
    """An order takes the words away, not the power: lists, counts, look-ups and exports go on naming whose it is."""
    before = living.get("/log/head").json()["seq"]
    counted = living.get("/items/counts").json()
    item = with_materials(living)
    filed = living.get(f"/items/{item}").json()
    added = living.get("/log/head").json()["seq"]
    redact_all(living)
    living.drain()
    known = str(living.get("/log/head").json()["seq"])
    living.publish(set_field(living.item_called(FELLING), "note", "别的"))
    alone = living.get(f"/items/{item}").json()
    whose = {name: filed[name] for name in ("code", "status", "authority", "region", "valid_from")}
    assert {name: alone[name] for name in whose} == whose
    for then in ({}, {"known_at": known}, {"known_at": str(added)}):
        rows = {row["id"]: row for row in living.get("/items", limit=500, **then).json()["items"]}
        row = rows[item]
        assert (row["redacted"], row["name"]) == (True, None), then
        assert {name: row[name] for name in whose} == whose, then
        assert row["type"] == filed["content"]["type"]
        held = {"authority": filed["authority"]["id"], "type": row["type"], "region": filed["region"]["id"]}
        found = living.get("/items", limit=500, **held, **then).json()["items"]
        assert item in [one["id"] for one in found], then
        one = living.get(f"/items/{item}", **then).json()
        assert {name: one[name] for name in whose} == whose, then
        lines = {
            line["id"]: line for line in map(loads, living.get("/export.jsonl", **then).text.splitlines())
        }
        assert lines[item]["content"] == {"redacted": True}, then
        assert {name: lines[item][name] for name in whose} == whose, then
        counts = living.get("/items/counts", **then).json()
        assert counts["status"]["in_force"] == counted["status"]["in_force"] + 1, then
        organ = filed["authority"]["id"]
        assert counts["authority"][organ] == counted["authority"].get(organ, 0) + 1, then
    differing = [loads(line) for line in living.get("/export.jsonl", since=before).text.splitlines()]
    assert [one for one in differing if one["id"] == item] == [
        loads(line) for line in living.get("/export.jsonl").text.splitlines() if item in line
    ]
    (looked,) = living.client.post("/api/v1/items/lookup", json={"codes": ["XIANG-1"]}).json()["results"]
    assert looked["problem"] is None
    assert looked["found"][0]["redacted"] is True
    page = living.client.get(f"/authorities/{filed['authority']['id']}")
    assert item in page.text
    assert "已依令删改" in page.text
    assert_redacted_by_order(living)


def test_redacted_words_in_an_index_that_lags_behind_are_not_shown(living_sqlite: Living) -> None:
    living = living_sqlite
    item = with_materials(living)
    living.drain()
    redact_all(living)
    assert living.get("/search", q=PRIVATE).json()["total"] == 0
    assert PRIVATE not in living.get("/search", q="误录事项").text
    assert item not in living.get("/search", q=PRIVATE).text


def test_an_internal_item_redacted_appears_in_no_list(living_sqlite: Living) -> None:
    living = living_sqlite
    item = with_materials(living, visibility="internal")
    redact_all(living)
    (last,) = living.rows(
        f"SELECT content FROM revision WHERE subject_id = '{item}' ORDER BY seq DESC LIMIT 1"
    )
    order(living, last[0])
    known = str(living.get("/log/head").json()["seq"])
    living.publish(set_field(living.item_called(FELLING), "note", "别的"))
    for then in ({}, {"known_at": known}):
        for on in (TODAY, "2026-10-01"):
            for door in ("/items", "/export.jsonl"):
                assert item not in living.get(door, on=on, **then).text, (door, then, on)
    (looked,) = living.client.post("/api/v1/items/lookup", json={"codes": ["XIANG-1"]}).json()["results"]
    assert looked["problem"] == "unknown-item"


# --- what is left, and what is not printed


def test_what_still_holds_the_words_is_listed_with_its_hash(living: Living, item: str) -> None:
    draft = {"title": "再改", "decisions": [set_field(item, "note", f"备注{PRIVATE}", "2026-12-01")]}
    draft["decisions"][0]["changes"][0]["value"] = f"误录事项{PRIVATE}"
    made = living.post("editor", "/changesets", draft, **{"Idempotency-Key": "d"}).json()
    living.publish(set_field(item, "consult_phone", "1"))
    stand = contents(living)
    assert len(stand) > 1
    revisions = {row[0] for row in living.rows(f"SELECT content FROM revision WHERE subject_id = '{item}'")}
    first = next(one for one in stand if one in revisions)
    with living.database.reading() as session:
        asked = remnants.sought(session.connection(), [first])
    order(living, first)
    with living.database.reading() as session:
        lines = remnants.left(session.connection(), asked)
    told = {line.partition("：")[0] for line in lines}
    assert {one for one in stand if one != first} == {one for one in told if len(one) == 64}
    assert all("含名称" in line for line in lines), lines
    assert any(f"变更单 {made['id']}（草稿）第 1 项决定" in line for line in lines), lines
    assert PRIVATE not in "".join(lines)
    for content in contents(living):
        order(living, content)
    with living.database.reading() as session:
        assert remnants.left(session.connection(), asked) == []


def test_a_redacted_day_is_not_called_by_the_name_of_another(living_sqlite: Living) -> None:
    living = living_sqlite
    living.hire("second", "publish")
    item = living.item_called(FELLING)
    living.publish(set_field(item, "consult_phone", "0826-1"))
    (content,) = living.rows(
        f"SELECT content FROM revision WHERE subject_id = '{item}' AND effective_from = '{TODAY}' ORDER BY seq DESC"
    )[0]
    order(living, content)
    page = living.client.get(f"/items/{item}", params={"on": TODAY}).text
    heading = page.partition("<h1>")[2].partition("</h1>")[0]
    title = page.partition("<title>")[2].partition("</title>")[0]
    assert "名称已依令删改的事项" in heading
    assert FELLING not in heading + title
    assert FELLING in living.client.get(f"/items/{item}", params={"on": "2027-06-01"}).text
    told = living.get("/changes", since=0, limit=1000, subject=item).json()["changes"]
    about = [one for one in told if one["content_hash"] == content]
    assert {one["event"] for one in about} > {"redact"}
    assert all(one["name"] is None and FELLING not in one["sentence"] for one in about)


def test_both_are_accounts_that_are_not_locked(living_sqlite: Living) -> None:
    living = living_sqlite
    living.hire("second", "publish")
    item = living.item_called(FELLING)
    (content,) = living.rows(
        f"SELECT content FROM revision WHERE subject_id = '{item}' ORDER BY seq LIMIT 1"
    )[0]
    with living.database.writing() as session:
        lock_account(session, find_account(session, "second"), "离岗")
    with pytest.raises(Forbidden) as refused:
        order(living, content)
    assert refused.value.code == "account-locked"
    with pytest.raises(Forbidden) as refused:
        order(living, content, second="editor")
    assert refused.value.message == (
        "依令删改须由两个有“发布”权限、没有锁定的账号作出；账号“editor”没有“发布”权限。"
    )
