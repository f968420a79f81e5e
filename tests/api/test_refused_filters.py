"""A filter or page key that can mean nothing is refused: an empty list would be taken for an answer."""

from __future__ import annotations

from typing import Any

import pytest
from issuing_editions import issue_in
from seeded import FELLING, Living, set_field

from app.versions import ids

NOWHERE = {kind: ids.make(kind, 2**30) for kind in ("authority", "region", "instrument", "item")}
"""Ids of good form that were never given."""

LISTS = ("/items", "/items/counts", "/search", "/export.jsonl")


@pytest.mark.parametrize("path", [*LISTS, "/changes", "/rounds/series", "/lists/power"])
@pytest.mark.parametrize("asked", [NOWHERE["authority"], "qda-99999999", "none", NOWHERE["item"]])
def test_an_authority_that_there_is_not(asking: Living, path: str, asked: str) -> None:
    answer = asking.get(path, authority=asked)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-subject")
    assert asked in answer.json()["detail"]


@pytest.mark.parametrize(
    "path", [*LISTS, "/changes", "/authorities", "/rounds/series", "/lists/power", "/duties"]
)
@pytest.mark.parametrize("asked", [NOWHERE["region"], "qdr-99999999", "unknown"])
def test_a_region_that_there_is_not(asking: Living, path: str, asked: str) -> None:
    answer = asking.get(path, region=asked)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-subject")


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("/changes", {"instrument": NOWHERE["instrument"]}, "unknown-subject"),
        ("/changes", {"instrument": "某法"}, "unknown-subject"),
        ("/changes", {"subject": NOWHERE["item"]}, "unknown-item"),
        ("/changes", {"subject": "zzz"}, "unknown-item"),
        ("/bundles", {"item": "zzz"}, "unknown-item"),
        ("/bundles", {"item": NOWHERE["item"]}, "unknown-item"),
        ("/duties", {"item": NOWHERE["item"]}, "unknown-item"),
        ("/duties", {"owner": NOWHERE["authority"]}, "unknown-subject"),
        ("/editions", {"owner": NOWHERE["authority"]}, "unknown-subject"),
        ("/editions", {"owner": "某局"}, "unknown-subject"),
        (f"/instruments/{NOWHERE['instrument']}/items", {}, "unknown-subject"),
    ],
)
def test_a_subject_that_there_is_not(asking: Living, path: str, query: dict[str, Any], code: str) -> None:
    answer = asking.get(path, **query)
    assert (answer.status_code, answer.json().get("code")) == (404, code)


@pytest.mark.parametrize("path", [*LISTS, "/catalogue-entries"])
@pytest.mark.parametrize("asked", ["99", "行政许可", "1"])
def test_a_type_that_no_item_can_have(asking: Living, path: str, asked: str) -> None:
    answer = asking.get(path, type=asked)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown-type")
    assert {"01", "20", "unknown"} <= set(answer.json()["facts"]["allowed"])
    assert "01 行政许可" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/items", "/search"])
def test_a_level_that_no_item_can_have(asking: Living, path: str) -> None:
    answer = asking.get(path, level="77")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown-level")
    assert "4" in answer.json()["facts"]["allowed"]


@pytest.mark.parametrize(
    "path", ["/items", "/instruments", "/authorities", "/regions", "/catalogue-entries", "/bundles"]
)
@pytest.mark.parametrize("is_now", [True, False])
@pytest.mark.parametrize("after", ["zzz", "qdi-00000099", NOWHERE["item"][:-2], ids.make("changeset", 1)])
def test_a_damaged_page_key(asking: Living, path: str, is_now: bool, after: str) -> None:
    (earlier,) = asking.rows("SELECT max(seq) FROM log_entry WHERE seq < (SELECT max(seq) FROM log_entry)")
    then = {} if is_now else {"known_at": str(earlier[0])}
    answer = asking.get(path, after=after, **then)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-after")


def test_a_damaged_page_key_of_what_rests_on_a_law(asking: Living) -> None:
    law = asking.get(f"/items/{asking.item_called(FELLING)}").json()["content"]["citations"][0]["instrument"]
    assert asking.get(f"/instruments/{law}/items", after="x").json()["code"] == "bad-after"


def test_a_page_key_that_names_nothing_of_the_list(living: Living) -> None:
    """Where a list is in no order of ids, one must be of it: neither never given, nor a draft among the rounds, nor a
    round of later among those known then, nor an edition of another kind."""
    staff, felling = living.headers("reviewer"), living.item_called(FELLING)
    for path in ("rounds", "changesets"):
        for after in ("zzz", NOWHERE["item"], ids.make("changeset", 2**30)):
            answer = living.client.get(f"/api/v1/{path}", params={"after": after}, headers=staff)
            assert (answer.status_code, answer.json()["code"]) == (422, "bad-after"), (path, after)
    form = {"title": "草稿", "reason": "依职责调整", "decisions": [set_field(felling, "note", "一")]}
    draft = living.post("editor", "/changesets", form).json()["id"]
    assert living.get("/rounds", after=draft).json()["code"] == "bad-after"
    ((head,),) = living.rows("SELECT max(seq) FROM log_entry")
    later = living.publish(set_field(felling, "note", "二"), kind="round", title="清理", number="第二批")[
        "id"
    ]
    assert living.get("/rounds", after=later.upper()).status_code == 200
    assert living.get("/rounds", after=later, known_at=str(head)).json()["code"] == "bad-after"
    issue_in(living)
    (issued,) = living.get("/editions", kind="power").json()["editions"][:1]
    assert living.get("/editions", before=issued["seq"]).status_code == 200
    for query in ({"kind": "service", "before": issued["seq"]}, {"before": issued["seq"] + 1}):
        answer = living.get("/editions", **query)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad-after")
        assert answer.json()["facts"]["field"] == "before"


@pytest.mark.parametrize("query", [{"authority": "x"}, {"after": "x"}, {"after": "x:1"}, {"item": "x"}])
def test_findings(living_sqlite: Living, query: dict[str, str]) -> None:
    headers = living_sqlite.headers("reviewer")
    answer = living_sqlite.client.get("/api/v1/findings", params=query, headers=headers)
    assert answer.status_code == (422 if "after" in query else 404)
    assert answer.json()["code"] in ("bad-after", "unknown-subject", "unknown-item")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/search?q=x&type=99", "事项类型代码"),
        ("/search?level=77", "行使层级代码"),
        ("/search?authority=none", "从未有过"),
        ("/search?region=unknown", "从未有过"),
        ("/authorities?after=zzz", "上一页"),
        ("/laws?after=zzz", "上一页"),
        ("/laws?rank=foo", "效力层级"),
        ("/bundles?after=zzz", "上一页"),
    ],
)
def test_pages_say_so_in_a_sentence(asking: Living, address: str, said: str) -> None:
    page = asking.client.get(address, headers={"Accept": "text/html"})
    assert page.status_code in (404, 422)
    assert said in page.text


def test_what_there_is_still_answers(asking: Living) -> None:
    """Ids, codes, every code of the tables, and the keys that pages give."""
    felling = asking.get(f"/items/{asking.item_called(FELLING)}").json()
    held = {"authority": felling["authority"]["id"], "region": felling["region"]["id"]}
    held |= {"type": felling["content"]["type"], "level": felling["content"]["level"]}
    for path in ("/items", "/search"):
        assert asking.get(path, **held).status_code == 200
    for kind in ("01", "10", "21", "unknown"):
        assert asking.get("/items", type=kind).status_code == 200
    for path in ("/items", "/authorities", "/instruments", "/regions"):
        first = asking.get(path, limit=1).json()
        again = asking.get(path, limit=1, after=first["next"]).json()
        assert again["items"][0]["id"] > first["items"][0]["id"]
        assert asking.get(path, limit=1, after=first["next"].upper()).json()["items"] == again["items"]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/items", {"limit": ["1", "2"]}),
        ("/search", {"q": ["林木", "采伐"]}),
        ("/changes", {"since": ["0", "5"]}),
        ("/items/qdi-0000057k", {"on": ["2026-01-01", "2026-02-01"]}),
    ],
)
def test_a_parameter_with_one_value_given_twice(asking: Living, path: str, query: dict[str, Any]) -> None:
    answer = asking.get(path, **query)
    assert (answer.status_code, answer.json()["code"]) == (422, "repeated-parameter")
    assert answer.json()["facts"] == {"parameter": next(iter(query))}


def test_a_parameter_with_several_values_given_twice(asking: Living) -> None:
    assert asking.get("/items", status=["in_force", "ended"]).status_code == 200


def test_a_state_that_no_changeset_can_have(living: Living) -> None:
    answer = living.client.get(
        "/api/v1/changesets",
        params={"state": "done"},
        headers={"Authorization": f"Bearer {living.tokens['editor']}"},
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown-value")
