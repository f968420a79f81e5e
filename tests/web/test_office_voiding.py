"""Taking a decision out in the office: a plan, an error; what stands in the way; whose it is."""

from __future__ import annotations

import re
from typing import Any

import pytest
from browsing import POST, Browser
from handed import hand_down
from reading import Page
from seeded import FELLING, TODAY, Living, new_item, set_field
from test_form_keeping import SCRIPT
from test_office_rooms import published

from app.web.office.items import voiding

PLAN, PAPER = "2027-03-01", {"document/number": "广安区府办〔2026〕31号"}


def note_on(living: Living, day: str = TODAY, words: str = "新的备注", **more: Any) -> tuple[str, str]:
    """An item whose note a decision sets from a day on, and the page that takes that decision out."""
    item = living.item_called(FELLING)
    living.publish(set_field(item, "note", words, day, **more))
    return item, place_of(living, item)


def place_of(living: Living, item: str) -> str:
    """Where the last decision about an item is taken out."""
    ((act,),) = living.rows(f"SELECT max(act) FROM decision WHERE subject_id = '{item}'")
    return f"/office/items/{item}/void/{act}"


def note(living: Living, item: str, day: str) -> Any:
    return living.get(f"/items/{item}", on=day).json()["content"].get("note")


def test_a_planned_decision_is_taken_out_and_nothing_is_left_of_the_plan(
    editor: Browser, reviewer: Browser
) -> None:
    living = editor.living
    item = living.item_called(FELLING)
    stood = note(living, item, PLAN)
    spans = living.rows(f"SELECT valid_from, content FROM timeline WHERE subject_id = '{item}' ORDER BY 1")
    _, place = note_on(living, PLAN)
    assert note(living, item, PLAN) == "新的备注"
    page = editor.get(f"/office/items/{item}/void")
    assert place in page.html
    assert "自 2027年3月1日起 计划" in page.words
    assert f'href="/office/items/{item}/void"' in editor.get(f"/office/items/{item}/edit").html
    assert "它还没有施行" in editor.get(place).words
    refused = editor.move(place, 422, ground="withdrawn", reason="推迟施行")
    assert refused is not None
    assert "须写明是哪份文件这样定的" in refused.words, "nobody could add the document to the draft"
    answer = editor.post(place, PAPER, ground="withdrawn", reason="推迟施行")
    drafted = editor.get(answer.headers["location"])
    assert f"的决定（撤销、推迟）：“{FELLING}”自 2027年3月1日起的调整" in drafted.words
    published(editor, reviewer, answer)
    assert note(living, item, PLAN) == stood
    assert (
        living.rows(f"SELECT valid_from, content FROM timeline WHERE subject_id = '{item}' ORDER BY 1")
        == spans
    )
    assert place not in editor.get(f"/office/items/{item}/void").html
    assert "已经撤除，不能再撤一次" in editor.get(place).words
    again = editor.move(place, 409, ground="error", reason="再撤一次")
    assert again is not None
    assert "不能再撤一次" in again.words
    living.assert_sound()


def test_an_error_of_a_past_day_is_taken_out(editor: Browser, reviewer: Browser) -> None:
    living = editor.living
    stood = note(living, living.item_called(FELLING), TODAY)
    item, place = note_on(living, "2026-09-01", timing="late_entry", reason="补录")
    page = editor.get(place)
    assert 'value="withdrawn"' not in page.html
    assert "都按没有这项决定重新推算" in page.words
    published(editor, reviewer, editor.post(place, ground="error", reason="录到别的事项上了"))
    assert note(living, item, TODAY) == stood
    told = living.get(f"/items/{item}/revisions").json()["decisions"][-1]
    assert (told["voided"], told["void_reason"]) == ("error", "录到别的事项上了")


def test_what_has_taken_effect_is_not_withdrawn_and_what_was_typed_stays(editor: Browser) -> None:
    _, place = note_on(editor.living)
    page = editor.move(place, 409, ground="withdrawn", reason="政策<变了>", title="撤一项", **PAPER)
    assert page is not None
    assert "不能以撤销或推迟为由撤除" in page.words
    for kept in ("政策&lt;变了&gt;", 'value="撤一项"', 'value="广安区府办〔2026〕31号"'):
        assert kept in page.html
    assert re.search(r'value="withdrawn" checked', page.html)
    for fields, said in (
        ({"ground": "error", "reason": " "}, "须写明理由"),
        ({"reason": "错了"}, "请选择误录"),
    ):
        refused = editor.move(place, 422, **fields)
        assert refused is not None
        assert said in refused.words
    assert editor.living.rows("SELECT count(*) FROM changeset WHERE state = 'draft'")[0][0] == 0


def test_what_others_build_on_stays(editor: Browser) -> None:
    living = editor.living
    item = living.publish(new_item(living, "夜市摊位登记"))["decisions"][0]["subject"]
    added = place_of(living, item)
    living.publish(set_field(item, "note", "备注"))
    ((built,),) = living.rows(f"SELECT max(act) FROM decision WHERE subject_id = '{item}'")
    assert "由它新增的事项不再在册" in editor.get(added).words
    page = editor.move(added, 409, ground="error", reason="重复登记")
    assert page is not None
    assert f"还有处理决定（序号 {built}）建立在它之上" in page.words
    assert "重复登记" in page.html


def ticked(html: str) -> list[str]:
    return re.findall(r'name="also" value="(\d+)" checked', html)


def test_what_builds_on_a_decision_is_taken_out_with_it(editor: Browser, reviewer: Browser) -> None:
    living = editor.living
    item = living.publish(new_item(living, "夜市摊位登记"))["decisions"][0]["subject"]
    added = place_of(living, item)
    living.publish(set_field(item, "note", "备注"))
    living.publish(set_field(item, "note", "又一备注", PLAN))
    acts = [
        row[0] for row in living.rows(f"SELECT act FROM decision WHERE subject_id = '{item}' ORDER BY act")
    ]
    page = editor.get(added)
    assert "建立在它之上的，不一并撤除就撤不了它（2）" in page.words
    assert sorted(map(int, ticked(page.html))) == acts[1:], "what has to go too is ticked"
    form = {"ground": "error", "reason": "重复登记"}
    one = editor.post(added, form | {"also": str(acts[1])})
    assert one.status_code == 409
    assert ticked(one.text) == [str(acts[1])], "what was ticked stays"
    both = editor.client.post(added, data=form | {"also": [str(one) for one in acts[1:]]}, headers=POST)
    drafted = editor.get(both.headers["location"])
    assert "撤除 3 项处理决定：夜市摊位登记" in drafted.words
    published(editor, reviewer, both)
    assert living.rows(f"SELECT count(*) FROM timeline WHERE subject_id = '{item}'")[0][0] == 0
    living.assert_sound()


def test_several_decisions_of_an_item_and_a_whole_changeset_go_in_one_draft(
    editor: Browser, reviewer: Browser
) -> None:
    living = editor.living
    item, place = note_on(living, PLAN)
    stood = living.get(f"/items/{item}", on=PLAN).json()["content"].get("consult_phone")
    other = living.publish(new_item(living, "甲登记"))["decisions"][0]["subject"]
    living.publish(
        set_field(item, "consult_phone", "0826-1", PLAN), set_field(other, "consult_phone", "0826-1", PLAN)
    )
    both = place_of(living, item)
    first = place.rsplit("/", 1)[1]
    page = editor.get(both)
    assert "甲登记：调整，自 2027年3月1日起" in page.words
    assert "同一份变更单发布的（1）" in page.words
    form = {"ground": "withdrawn", "reason": "推迟施行", "whole": "1", "also": first} | PAPER
    published(editor, reviewer, editor.post(both, form))
    for one in (item, other):
        assert living.get(f"/items/{one}", on=PLAN).json()["content"].get("consult_phone") == (
            stood if one == item else None
        )
    assert note(living, item, PLAN) != "新的备注"
    for wrong in ("999999", "x", first):
        refused = editor.post(both, form | {"also": wrong})
        assert refused.status_code in (409, 422)
        assert "已经撤除" in Page(refused.text).words
    living.assert_sound()


def test_a_merger_is_taken_out_whole_and_its_page_names_all_of_it(editor: Browser) -> None:
    living = editor.living
    made = [
        living.publish(new_item(living, name))["decisions"][0]["subject"] for name in ("甲登记", "乙登记")
    ]
    merge = {
        "outcome": "merge",
        "effective_from": PLAN,
        "origins": [{"subject": one} for one in made],
        "results": [{"content": new_item(living, "甲乙登记")["content"]}],
    }
    living.publish(merge)
    page = editor.get(place_of(living, made[0]))
    assert "会一并撤除" in page.words
    for name in ("甲登记", "乙登记", "甲乙登记"):
        assert f"{name}：合并" in page.words
    answer = editor.post(place_of(living, made[0]), ground="error", reason="录错了")
    assert "“乙登记”自 2027年3月1日起的合并" in editor.get(answer.headers["location"]).words


def test_another_organs_decisions_are_not_offered(living: Living) -> None:
    item, place = note_on(living)
    hidden = living.publish(new_item(living, "不公开的事项", content={"visibility": "internal"}))
    internal = hidden["decisions"][0]["subject"]
    (other,) = living.rows(
        "SELECT DISTINCT authority FROM timeline WHERE kind = 'item' AND authority IS NOT NULL AND authority"
        f" NOT IN (SELECT authority FROM timeline WHERE subject_id IN ('{item}', '{internal}')) LIMIT 1"
    )
    elsewhere = Browser(living, "bieju", ["edit"], authority=other[0])
    assert "没有您可以撤除的处理决定" in elsewhere.get(f"/office/items/{item}/void").words
    assert "管理范围" in elsewhere.get(place, 403).words
    assert elsewhere.post(place, ground="error", reason="x").status_code == 403
    for address in (f"/office/items/{internal}/void", place_of(living, internal)):
        assert "不公开的事项" not in elsewhere.get(address, 404).words
    own = Browser(living, "benju", ["edit"])
    assert "不公开的事项" in own.get(place_of(living, internal)).words
    own.get(place.replace(item, internal), 404)


def test_the_form_is_kept_as_it_is_typed(editor: Browser) -> None:
    _, place = note_on(editor.living, PLAN)
    form = {"ground": "error", "reason": "录到一半"}
    told = editor.client.post(place, data=form | {"do": "keep"}, headers=SCRIPT)
    assert "已暂存" in told.json()["said"]
    assert "录到一半" in editor.get(place).words
    assert place in editor.get("/office").html
    editor.post(place, form)
    assert "录到一半" not in editor.get(place).words


def test_many_decisions_are_turned_page_by_page(editor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voiding, "SHOWN", 1)
    item, last = note_on(editor.living, PLAN)
    page = editor.get(f"/office/items/{item}/void")
    assert last in page.html
    following = editor.get(page.link("下一页"))
    assert last not in following.html
    assert "撤除序号" in following.html


def test_an_acceptance_is_taken_out_where_it_was_decided(living_sqlite: Living) -> None:
    """Not on the page of what was handed down, though the same act ends that."""
    living = living_sqlite
    hand_down(living)
    editor = Browser(living, "bianji", ["edit"])
    duty = living.get("/duties", kind="acceptance", state="open", on="2026-11-01").json()["duties"][0]
    origin, authority = duty["subject"]["id"], living.get(f"/items/{living.item_called(FELLING)}").json()
    content = new_item(living, "承接的事项")["content"] | {"region": duty["region"]["id"]}
    receive = {
        "outcome": "receive",
        "effective_from": "2026-11-01",
        "results": [{"content": content | {"authority": authority["authority"]["id"]}}],
        "accepts": [{"act": duty["decision"], "receiver": duty["key"]}],
    }
    made = living.publish(receive)["decisions"][0]["results"][0]["subject"]
    place = place_of(living, made)
    assert place in editor.get(f"/office/items/{made}/void").html
    act = place.rsplit("/", 1)[1]
    assert f"/void/{act}" not in editor.get(f"/office/items/{origin}/void").html
    editor.get(f"/office/items/{origin}/void/{act}", 404)
    devolved = f"/office/items/{origin}/void/{duty['decision']}"
    page = editor.move(devolved, 409, ground="error", reason="录错")
    assert page is not None
    assert "还有承接决定" in page.words
