"""What was decided while an item was internal for a time is told nowhere, however far it reaches into public days."""

from __future__ import annotations

from typing import Any

from seeded import FELLING, Living, new_item, set_field

SECRETS = ("辛号的决定原话", "辛号的理由", "辛号的变更单", "辛号的文件", "川密〔2026〕9号")
OPEN_AGAIN = "2026-10-25"


def decide_on_an_internal_day(living: Living, item: str) -> None:
    living.publish(
        set_field(item, "note", "公开的备注", "2026-10-10", words=SECRETS[0], reason=SECRETS[1]),
        title=SECRETS[2],
        document={"title": SECRETS[3], "number": SECRETS[4]},
    )


def doors(item: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"/api/v1/items/{item}", {"on": OPEN_AGAIN}),
        (f"/api/v1/items/{item}", {"on": OPEN_AGAIN, "known_at": "head"}),
        (f"/api/v1/items/{item}/revisions", {}),
        (f"/api/v1/items/{item}/revisions", {"known_at": "head"}),
        (f"/api/v1/items/{item}/standing", {"on": OPEN_AGAIN}),
        ("/api/v1/changes", {"subject": item}),
        ("/api/v1/export.jsonl", {"on": OPEN_AGAIN, "type": "01"}),
        (f"/items/{item}", {"on": OPEN_AGAIN}),
        (f"/items/{item}/feed.atom", {}),
        ("/feed.atom", {}),
        ("/", {}),
    ]


def assert_told_nowhere(living: Living, item: str) -> None:
    seq = living.get("/log/head").json()["seq"]
    living.publish(
        set_field(item, "note", "以后的备注", "2027-03-01")
    )  # so that what was known then is not the head
    for address, asked in doors(item):
        if asked.get("known_at"):
            asked["known_at"] = str(seq)
        answer = living.client.get(address, params=asked, headers={"Accept": "*/*"})
        assert answer.status_code == 200, (address, answer.text[:200])
        assert [one for one in SECRETS if one in answer.text] == [], (address, asked)
    assert living.get(f"/items/{item}", on=OPEN_AGAIN).json()["content"]["note"] == "公开的备注"


def test_a_decision_of_an_internal_day_is_told_nowhere(living: Living) -> None:
    item = living.item_called(FELLING)
    living.publish(set_field(item, "visibility", "internal", "2026-10-05", until="2026-10-20"))
    seen = living.get("/log/head").json()["seq"]
    decide_on_an_internal_day(living, item)
    assert_told_nowhere(living, item)
    assert living.get(f"/items/{item}", on=OPEN_AGAIN).json()["document"] is None
    hidden, reached, *_ = living.get("/changes", since=seen, event="cancel").json()["changes"]
    assert (hidden["event"], hidden["effective_from"]) == ("withheld", "2026-10-10")
    assert (reached["event"], reached["effective_from"]) == ("revise", "2026-10-20")
    assert (reached["outcome"], reached["voids"], reached["document"]) == (None, None, {})
    assert [change["path"] for change in reached["changes"]] == ["note"]
    assert "自2026年10月20日起有新的版本" in reached["sentence"]


def test_nor_is_one_of_a_day_that_was_internal_then(living_sqlite: Living) -> None:
    """The internal time is taken out later: what was decided in it stays untold."""
    living, item = living_sqlite, living_sqlite.item_called(FELLING)
    living.publish(set_field(item, "visibility", "internal", "2026-10-05", until="2026-10-20"))
    act = living.rows(f"SELECT max(act) FROM decision WHERE subject_id = '{item}'")[0][0]
    decide_on_an_internal_day(living, item)
    living.publish({"outcome": "void", "act": act, "ground": "error", "reason": "误录"})
    assert living.get(f"/items/{item}", on="2026-10-12").json()["content"]["note"] == "公开的备注"
    assert_told_nowhere(living, item)


def test_who_held_it_on_internal_days_alone_is_not_found_by_it(living_sqlite: Living) -> None:
    living = living_sqlite
    asked = new_item(living, "先内部后公开的事项", content={"visibility": "internal"}, day="2026-10-01")
    first, opened = asked["content"]["authority"], set_field("", "visibility", "public", "2026-12-01")
    (other,) = living.rows(
        "SELECT subject_id FROM timeline WHERE kind = 'authority' AND status = 'in_force'"
        f" AND subject_id <> '{first}' AND region = '{asked['content']['region']}' LIMIT 1"
    )[0]
    seen = living.get("/log/head").json()["seq"]
    item = living.publish(asked)["decisions"][0]["subject"]
    early = living.get("/log/head").json()["seq"]
    to_other = [{"op": "set", "path": "authority", "value": other}]
    moved = {"outcome": "transfer", "subject": item, "effective_from": "2026-11-01", "changes": to_other}
    living.publish(moved)
    living.publish(opened | {"subject": item})
    assert item not in living.get("/changes", since=seen, authority=first).text
    assert item not in living.client.get(f"/authorities/{first}/feed.atom").text
    assert item in living.get("/changes", since=seen, authority=other).text
    before = living.get(f"/items/{item}", on="2026-09-28").json()
    assert (before["status"], before["valid_to"]) == ("not_yet", "2026-12-01")
    then = living.get(f"/items/{item}", on="2026-09-28", known_at=early)
    assert (then.json()["status"], then.json()["valid_to"]) == ("not_yet", None)
