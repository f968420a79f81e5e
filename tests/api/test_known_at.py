"""``known_at`` at every door that takes it: codes, the items of an entry or authority, names in a round."""

from __future__ import annotations

from typing import Any

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


LISTS = [
    *(
        "/items",
        "/items?limit=7",
        "/items?status=in_force&type=01",
        "/items?status=unknown",
        "/items?level=4",
    ),
    *(
        "/items?on=2020-01-01",
        "/items?on=2027-02-01",
        "/items?region={region}",
        "/items?authority={authority}",
    ),
    *("/items?region={region}&on=2027-02-01", "/items/counts", "/items/counts?region={region}"),
    *("/items/counts?on=2020-01-01", "/authorities", "/authorities?on=2018-01-01", "/authorities?name=林"),
    *("/authorities?region={region}", "/regions", "/regions?parent={region}", "/instruments?title=许可"),
    *("/instruments?status=unknown&rank=law", "/catalogue-entries", "/bundles", "/bundles?item={item}"),
]


def whole(living: Living, address: str, **query: object) -> list[dict[str, Any]]:
    """Every page of a list, without what says at which log entry."""
    pages, following = [], None
    while True:
        joined = "&" if "?" in address else "?"
        more = "&".join(f"{name}={value}" for name, value in {**query, "after": following}.items() if value)
        page = living.client.get(f"/api/v1{address}{joined}{more}").json()
        pages.append({name: value for name, value in page.items() if name not in ("seq", "known_at", "next")})
        following = page.get("next")
        if not following:
            return pages


def test_every_list_as_known_then_is_the_list_that_was_answered_then(living: Living) -> None:
    """Against the lists themselves, asked before: by revisions what the timeline answered, page by page."""
    item = living.item_called(FELLING)
    felling = living.get(f"/items/{item}").json()
    members = [
        {"key": "a", "item": item},
        {"key": "b", "item": living.get("/items").json()["items"][0]["id"]},
    ]
    region, authority = felling["region"]["id"], felling["authority"]["id"]
    content = {"name": "一件事", "kind": "one-thing", "region": region, "lead": authority, "members": members}
    living.publish({"kind": "bundle", "outcome": "add", "effective_from": "2026-09-28", "content": content})
    addresses = [one.format(region=region, authority=authority, item=item) for one in LISTS]
    was, then = {one: whole(living, one) for one in addresses}, seq_now(living)
    living.publish(
        new_item(living, "后来才登记的事项", "2020-01-01", timing="late_entry", reason="补录"),
        set_field(item, "name", "改过的名称"),
        set_field(authority, "name", "改过名的林业局", kind="authority", outcome="rename"),
    )
    now = {one: whole(living, one) for one in addresses}
    assert now["/items"] != was["/items"]
    assert now["/authorities"] != was["/authorities"]
    for address in addresses:
        assert whole(living, address, known_at=then) == was[address], address
        assert whole(living, address, known_at=seq_now(living)) == now[address], address


def test_lists_as_known_then_show_nothing_internal(living: Living) -> None:
    hidden = living.publish(new_item(living, "内部的", content={"visibility": "internal"}))
    opened = living.publish(new_item(living, "后来内部", codes=[{"scheme": "local", "value": "NB-1"}]))
    then = seq_now(living)
    assert "后来内部" in str(whole(living, "/items", known_at=then))
    living.publish(set_field(opened["decisions"][0]["subject"], "visibility", "internal"))
    shown = str(whole(living, "/items", known_at=then)) + str(whole(living, "/items", known_at=then - 1))
    assert "后来内部" not in shown
    assert "内部的" not in shown
    assert hidden["decisions"][0]["subject"] not in shown
    assert living.get("/items", code="NB-1", known_at=then).json()["code"] == "unknown-item"


def test_a_page_as_known_then_leads_to_the_next_as_known_then(living: Living) -> None:
    then = seq_now(living)
    living.publish(new_item(living, "后来才登记的事项"))
    page = living.get("/items", known_at=then, limit=5)
    assert f"known_at={then}" in page.headers["link"]
    assert (page.json()["seq"], page.json()["on"]) == (then, TODAY)


def test_lists_as_known_then_are_bounded(living_sqlite: Living) -> None:
    living = living_sqlite
    felling = living.get(f"/items/{living.item_called(FELLING)}").json()
    then = seq_now(living)
    living.publish(set_field(felling["id"], "note", "改"))
    living.settings.known_at_items = 1
    for refused in (
        living.get(f"/catalogue-entries/{felling['content']['entry']}", known_at=then),
        living.get("/export.jsonl", known_at=then),
        living.get("/items", known_at=then),
        living.get("/items/counts", known_at=then),
        living.get("/authorities", known_at=then, region=felling["region"]["id"]),
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
        "/items",
        "/items/counts",
        "/authorities?name=林",
        "/regions",
        "/instruments",
        "/catalogue-entries",
        "/bundles",
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


def test_a_calendar_is_called_by_its_year_then_as_it_was_at_once(living: Living) -> None:
    now = seq_now(living)
    at_once = living.get("/calendar/2026").json()
    living.publish(new_item(living, "此后登记的"))
    then = living.get("/calendar/2026", known_at=now).json()
    told = ("name", "names", "content")
    assert [then.get(one) for one in told] == [at_once.get(one) for one in told]
    assert [one["name"] for one in then["names"]] == ["2026"]
