"""``known_at`` at every door that takes it: codes, the items of an entry or authority, names in a round."""

from __future__ import annotations

import pytest
from seeded import FELLING, TODAY, Living, new_item, set_field

HEAD_LATER = str(2**40)


def seq_now(living: Living) -> int:
    return living.get("/log/head").json()["seq"]


def void_entry(living: Living, item: str) -> None:
    (act,) = living.rows(f"SELECT min(act) FROM decision WHERE subject_id = '{item}'")
    living.publish({"outcome": "void", "act": act[0], "ground": "error", "reason": "误录"})


def test_a_code_leads_to_who_held_it_as_known_then(living: Living) -> None:
    before = seq_now(living)
    first = living.publish(new_item(living, "先登记的", codes=[{"scheme": "local", "value": "MA-1"}]))
    first_id, then = first["decisions"][0]["subject"], seq_now(living)
    void_entry(living, first_id)
    second = living.publish(new_item(living, "后登记的", codes=[{"scheme": "local", "value": "MA-1"}]))
    second_id = second["decisions"][0]["subject"]
    assert living.get("/items/MA-1").headers["location"].startswith(f"/api/v1/items/{second_id}")
    found = living.get("/items/MA-1", known_at=then)
    assert found.headers["location"] == f"/api/v1/items/{first_id}?known_at={then}"
    assert living.get(f"/items/{first_id}", known_at=then).json()["name"] == "先登记的"
    assert living.get("/items/MA-1/revisions", known_at=then).json()["id"] == first_id
    assert living.get("/items/MA-1", known_at=before).json()["code"] == "unknown-item"
    page = living.client.get("/items/MA-1", params={"known_at": then})
    assert page.headers["location"].startswith(f"/items/{first_id}")


def test_a_code_of_an_internal_time_leads_nowhere(living: Living) -> None:
    made = living.publish(
        new_item(
            living,
            "先内后公",
            content={"visibility": "internal"},
            codes=[{"scheme": "local", "value": "N-1"}],
        )
    )
    item, then = made["decisions"][0]["subject"], seq_now(living)
    living.publish(set_field(item, "visibility", "public", "2026-10-01"))
    for query in ({"known_at": then}, {"known_at": then, "on": "2026-10-02"}):
        assert living.get("/items/N-1", **query).json()["code"] == "unknown-item"


def test_the_items_of_an_entry_as_known_then(living: Living) -> None:
    felling = living.get(f"/items/{living.item_called(FELLING)}").json()
    entry, then = felling["content"]["entry"], seq_now(living)
    address = f"/catalogue-entries/{entry}"
    was = living.get(address, on=TODAY).json()["items"]
    living.publish(new_item(living, "新的实施项", content={"entry": entry}))
    living.publish(new_item(living, "内部的实施项", content={"entry": entry, "visibility": "internal"}))
    living.publish(set_field(felling["id"], "note", "改"))
    now = living.get(address, on=TODAY).json()["items"]
    assert {row["name"] for row in now} - {row["name"] for row in was} == {"新的实施项"}
    assert living.get(address, on=TODAY, known_at=then).json()["items"] == was
    again = living.get(address, on=TODAY, known_at=seq_now(living) - 1).json()["items"]
    assert "内部的实施项" not in str(again)
    assert {row["name"] for row in again} == {row["name"] for row in now}


def test_the_authority_page_lists_what_was_known_then(living: Living) -> None:
    authority = living.get(f"/items/{living.item_called(FELLING)}").json()["authority"]["id"]
    then = seq_now(living)
    living.publish(new_item(living, "后来才登记的事项"))
    living.publish(set_field(living.item_called(FELLING), "note", "改"))

    def page(**query: object) -> str:
        return living.client.get(f"/authorities/{authority}", params={"on": TODAY, **query}).text

    assert "后来才登记的事项" in page()
    assert "后来才登记的事项" not in page(known_at=then)
    assert f"known_at={then}" in page(known_at=then)
    assert FELLING in page(known_at=then)
    assert FELLING in page(known_at=then, status="in_force")
    assert FELLING not in page(known_at=then, status="ended")


def test_lists_as_known_then_are_bounded(living_sqlite: Living) -> None:
    living = living_sqlite
    felling = living.get(f"/items/{living.item_called(FELLING)}").json()
    then = seq_now(living)
    living.publish(set_field(felling["id"], "note", "改"))
    living.settings.known_at_items = 10
    for refused in (
        living.get(f"/catalogue-entries/{felling['content']['entry']}", known_at=then),
        living.get("/export.jsonl", known_at=then),
    ):
        assert (refused.status_code, refused.json()["code"]) == (422, "known-at-too-large")
    page = living.client.get(f"/authorities/{felling['authority']['id']}", params={"known_at": then})
    assert page.status_code == 422


def test_a_round_names_its_items_as_known_then(living: Living) -> None:
    item = living.item_called(FELLING)
    kept = {"outcome": "retain", "subject": item, "effective_from": TODAY}
    made = living.publish(kept, kind="round", number="第二批", title="第二批清理")
    then = seq_now(living)
    living.publish(set_field(item, "name", "改过的名称"))
    address = f"/rounds/{made['id']}"
    assert [d["name"] for d in living.get(address).json()["decisions"]] == ["改过的名称"]
    assert [d["name"] for d in living.get(address, known_at=then).json()["decisions"]] == [FELLING]


@pytest.mark.parametrize(
    "path",
    [
        "/items/{item}",
        "/items/{item}/revisions",
        "/items/{item}/diff?from=2026-01-01&to=2026-09-28",
        "/authorities/{authority}",
        "/regions/{region}",
        "/catalogue-entries/{entry}",
        "/rounds",
        "/rounds/{round}",
    ],
)
def test_a_time_after_the_head_is_answered_as_of_the_head_and_says_so(asking: Living, path: str) -> None:
    felling = asking.get(f"/items/{asking.item_called(FELLING)}").json()
    address = path.format(
        item=felling["id"],
        authority=felling["authority"]["id"],
        region=felling["region"]["id"],
        entry=felling["content"]["entry"],
        round=asking.get("/rounds").json()["rounds"][0]["id"],
    )
    joined = "&" if "?" in address else "?"
    later = asking.client.get(f"/api/v1{address}{joined}known_at={HEAD_LATER}").json()
    head = asking.get("/log/head").json()
    assert (later["later_than_head"], later["seq"], later["known_at"]) == (
        True,
        head["seq"],
        head["recorded_at"],
    )
    assert (
        "later_than_head" not in asking.client.get(f"/api/v1{address}{joined}known_at={head['seq']}").json()
    )


def test_an_export_later_than_the_head_says_so(asking: Living) -> None:
    assert asking.get("/export.jsonl", known_at=HEAD_LATER).headers["x-later-than-head"] == "true"
    assert "x-later-than-head" not in asking.get("/export.jsonl").headers
