"""Drafts about what is redacted: those that name only an act of it too; what is no words of anybody's stays."""

from __future__ import annotations

from typing import Any

import pytest
from seeded import FELLING, Living, new_item, set_field

from app.canonical import encode
from app.changes import remnants
from app.changes.quoting import PLACEHOLDER, names_any
from app.changes.redacting import redact
from app.tables import METADATA

PRIVATE = "张三的身份证号不慎写入"


@pytest.fixture
def published(living: Living) -> dict[str, Any]:
    """The changeset by which an item was given conditions that hold what must go, from a later day."""
    living.hire("second", "publish")
    item = living.publish(new_item(living, "要改的事项"))["decisions"][0]["subject"]
    return living.publish(set_field(item, "conditions", f"申请人{PRIVATE}", "2026-11-01"))


@pytest.fixture
def item(published: dict[str, Any]) -> str:
    subject: str = published["decisions"][0]["subject"]
    return subject


def act_of(living: Living, item: str) -> int:
    """The seq of the last decision about the item."""
    found: int = living.rows(f"SELECT max(act) FROM decision WHERE subject_id = '{item}'")[0][0]
    return found


def draft(living: Living, *decisions: dict[str, Any], title: str = "撤回") -> str:
    form = {"title": title, "decisions": list(decisions), "document": {"number": "1号"}, "reason": "撤回"}
    made = living.post("editor", "/changesets", form)
    assert made.status_code == 201, made.text
    changeset: str = made.json()["id"]
    return changeset


def void(living: Living, item: str) -> dict[str, Any]:
    reason = f"误写了申请人{PRIVATE}"
    return {"outcome": "void", "act": act_of(living, item), "ground": "error", "reason": reason}


def holding(living: Living) -> list[str]:
    """The hashes of contents that hold the words."""
    rows = living.rows("SELECT hash, body FROM content ORDER BY hash")
    return [row[0] for row in rows if PRIVATE.encode() in bytes(row[1])]


def redact_one(living: Living, content: str) -> None:
    with living.database.writing() as session:
        redact(session, living.people["publisher"], living.people["second"], content, "1号令", "隐私")


def redact_all(living: Living) -> None:
    for content in holding(living):
        redact_one(living, content)


def shown(living: Living, changeset: str) -> dict[str, Any]:
    found: dict[str, Any] = living.client.get(
        f"/api/v1/changesets/{changeset}", headers=living.headers("editor")
    ).json()
    return found


def assert_nowhere(living: Living) -> None:
    for table in METADATA.sorted_tables:
        for row in living.rows(f'SELECT * FROM "{table.name}"'):
            told = [bytes(one) if isinstance(one, (bytes, memoryview)) else str(one).encode() for one in row]
            assert PRIVATE.encode() not in b"".join(told), table.name


def test_a_drafted_void_loses_the_words(living: Living, item: str) -> None:
    """It names no subject, only the act."""
    made = draft(living, void(living, item), title=f"撤回{PRIVATE}")
    assert living.post("editor", f"/changesets/{made}/submit").status_code == 200
    redact_all(living)
    found = shown(living, made)
    assert (found["state"], found["decisions"][0]["reason"]) == ("returned", PLACEHOLDER)
    assert_nowhere(living)


def test_a_drafted_void_that_is_left_is_listed(living: Living, item: str) -> None:
    made = draft(living, void(living, item))
    (first, *others) = holding(living)
    assert others
    with living.database.reading() as session:
        asked = remnants.sought(session.connection(), [first])
    redact_one(living, first)
    with living.database.reading() as session:
        lines = remnants.left(session.connection(), asked)
    assert any(f"变更单 {made}（草稿）第 1 项决定" in line for line in lines), lines


def test_what_names_an_act_of_it_is_about_it(living: Living, item: str) -> None:
    act, other = act_of(living, item), living.item_called(FELLING)
    with living.database.reading() as session:
        is_about = names_any(session.connection(), [item])
    for part in ({"act": act}, {"fulfils": [{"act": act, "duty": "d1"}]}, {"accepts": [{"act": act}]}):
        assert is_about(encode({"subject": other, **part})), part
    for told in ({"act": act * 10}, {"reason": f'"act":{act}'}, {"subject": other}):
        assert not is_about(encode(told)), told


def test_a_draft_keeps_what_is_no_words(living: Living, item: str) -> None:
    """Which field it sets is no secret, and it can be put right and submitted."""
    made = draft(living, set_field(item, "conditions", f"申请人{PRIVATE}的条件", "2026-12-01"))
    redact_all(living)
    (changed,) = shown(living, made)["decisions"][0]["changes"]
    assert changed == {"op": "set", "path": "conditions", "value": PLACEHOLDER}
    assert living.post("editor", f"/changesets/{made}/submit").status_code == 200
    assert_nowhere(living)


def test_a_draft_keeps_its_days_ids_keys_and_codes(living: Living, item: str) -> None:
    """They are nobody's words, though the redacted decision has days of the same month, the same organ and unit."""
    organ = living.rows("SELECT subject_id FROM timeline WHERE kind = 'authority' ORDER BY 1")[0][0]
    material = {"op": "add", "path": "materials", "value": {"key": "xingzheng-biao", "name": "申请表"}}
    limit = {"op": "set", "path": "promised_limit", "value": {"value": 3, "unit": "workday"}}
    code = {"scheme": "own", "value": "申请编号0000123"}

    def change(*changes: dict[str, Any], on: str, **more: Any) -> dict[str, Any]:
        made = {"outcome": "adjust", "subject": item, "effective_from": on, "changes": list(changes)}
        return made | {"codes": [code]} | more

    owed = [{"key": "chongxin-queren", "what": f"核对{PRIVATE}", "owner": organ, "due": "2031-04-01"}]
    living.publish(
        change(material, limit, on="2031-03-01", duties=owed), document={"effective_on": "2031-03-01"}
    )
    after = {"op": "add", "path": "materials", "value": {"name": "其他表"}, "after": "xingzheng-biao"}
    mine = [{"what": "告知", "owner": organ, "due": "2031-04-15"}]
    made = draft(living, change(after, limit, on="2031-03-15", duties=mine))
    (before,) = shown(living, made)["decisions"]
    redact_all(living)
    assert [PLACEHOLDER in str(one) for one in (before, shown(living, made))] == [False, False]
    for who, move in (("editor", "submit"), ("reviewer", "approve"), ("publisher", "publish")):
        assert living.post(who, f"/changesets/{made}/{move}").status_code == 200
    assert living.rows(f"SELECT 1 FROM timeline WHERE subject_id = '{item}' AND valid_from = '2031-03-15'")
    assert_nowhere(living)


def test_what_a_redacted_changeset_would_write_is_said_to_be_gone(
    living: Living, published: dict[str, Any]
) -> None:
    redact_all(living)
    place = f"/changesets/{published['id']}"
    answer = living.client.get(f"/api/v1{place}/effects", headers=living.headers("editor"))
    assert (answer.status_code, answer.json()["code"]) == (410, "changeset-redacted")
    assert PRIVATE not in answer.text
    (told,) = shown(living, published["id"])["decisions"]
    assert told["redacted"] is True
