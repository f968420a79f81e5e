"""后续责任, 待修法 and delegations in the browser: from the duty to a published decision, by two people."""

from __future__ import annotations

import re
from typing import Any

import pytest
from browsing import Browser, filled
from handed import DAY, bureau, city_item, hand_down
from reading import Page
from registry import TODAY
from seeded import FELLING, Living

from app.changes.models import Changeset
from app.web.office.forms.redrafting import redrafted

PAPER = {"document/number": "广安区府发〔2026〕12号", "document/title": "广安区监管细则"}


@pytest.fixture
def living(living_sqlite: Living) -> Living:
    return living_sqlite


def published(living: Living, editor: Browser, changeset: str) -> None:
    editor.move(f"{changeset}/submit")
    second = Browser(living, "shenhe-2", ["review", "publish"])
    (hash_,) = set(re.findall(r'name="hash" value="([0-9a-f]+)"', second.get(changeset).html))
    second.move(f"{changeset}/approve", hash=hash_)
    second.move(f"{changeset}/publish")


def owed(living: Living, kind: str, on: str) -> list[dict[str, Any]]:
    found = living.get("/duties", kind=kind, on=on).json()["duties"]
    assert isinstance(found, list)
    return found


def address(duty: dict[str, Any], act: str = "fulfil") -> str:
    return f"/office/duties/{duty['decision']}/{duty['key']}/{act}"


def told(living: Living, **more: Any) -> dict[str, Any]:
    """A follow-up duty that a decision about a standing item leaves."""
    duty = {"key": "rules", "what": "制定监管细则", "due": "2026-10-29"}
    item = living.item_called(FELLING)
    living.publish({"outcome": "retain", "subject": item, "effective_from": TODAY, "duties": [duty]} | more)
    (found,) = owed(living, "follow_up", TODAY)
    return found


def waiting(living: Living) -> dict[str, Any]:
    item = living.item_called(FELLING)
    law = {"outcome": "cancel", "words": "建议取消，待修改《森林法》"}
    living.publish({"outcome": "retain", "subject": item, "effective_from": TODAY, "pending_law": law})
    (found,) = owed(living, "pending_law", TODAY)
    return found


def test_a_follow_up_duty_of_a_standing_item_is_done_by_two_people(living: Living, editor: Browser) -> None:
    duty = told(living)
    assert "全部未完成" in editor.get("/office").words
    page = editor.get("/office/duties")
    assert address(duty) in page.html
    page = editor.get(address(duty))
    assert "制定监管细则" in page.words
    refused = editor.post(address(duty), {"from": TODAY, "reason": "细则已印发"})
    assert refused.status_code == 422
    assert "请选择怎样完成" in refused.text
    assert "细则已印发" in refused.text
    made = editor.post(address(duty), PAPER | {"from": TODAY, "outcome": "retain", "reason": "细则已印发"})
    read = Browser(living, "shenhe", ["review"]).get(made.headers["location"])
    assert f"完成序号 {duty['decision']} 的决定留下的后续责任：制定监管细则" in read.words
    published(living, editor, made.headers["location"])
    (done,) = owed(living, "follow_up", TODAY)
    assert (done["state"], done["late"]) == ("done", False)
    again = editor.get(address(duty), status=409)
    assert "已经由序号" in again.words


def test_what_is_done_on_a_day_to_come_says_so_and_is_not_done_twice(living: Living, editor: Browser) -> None:
    duty = told(living)
    made = editor.post(address(duty), {"from": "2026-10-20", "outcome": "retain"})
    published(living, editor, made.headers["location"])
    page = editor.get("/office/duties")
    assert "2026年10月20日起完成" in page.words
    assert address(duty) not in page.html


def test_a_duty_of_an_ended_item_is_done_by_the_document_that_is_registered(
    living: Living, editor: Browser
) -> None:
    duty = told(living, outcome="cancel")
    page = editor.get(address(duty))
    assert "请把证明这一件已经办完的文件" in page.words
    assert 'value="retain"' not in page.html
    refused = editor.post(address(duty), {"from": TODAY, "outcome": "enact"})
    assert "请在“依据的文件”里写明文件标题" in refused.text
    form = PAPER | {"from": TODAY, "outcome": "enact", "rank": "normative_document"}
    made = editor.post(address(duty), form)
    published(living, editor, made.headers["location"])
    (done,) = owed(living, "follow_up", TODAY)
    assert done["state"] == "done"
    (law,) = living.rows(
        "SELECT name, type FROM timeline WHERE kind = 'instrument' ORDER BY valid_from DESC LIMIT 1"
    )
    assert tuple(law) == ("广安区监管细则", "normative_document")


def test_who_held_the_item_registers_the_document(living: Living) -> None:
    item = living.item_called(FELLING)
    organ = living.get(f"/items/{item}").json()["authority"]["id"]
    duty = told(living, outcome="cancel")
    linye = Browser(living, "linye", ["edit"], authority=organ)
    assert 'value="law"' not in linye.get(address(duty)).html, "what only the state issues"
    made = linye.post(address(duty), PAPER | {"from": TODAY, "outcome": "enact"})
    published(living, linye, made.headers["location"])
    (done,) = owed(living, "follow_up", TODAY)
    assert done["state"] == "done"


def test_a_document_that_is_registered_already_is_named_as_the_proof(living: Living, editor: Browser) -> None:
    duty = told(living)
    title = "四川省〈中华人民共和国森林法〉实施办法"
    living.publish(
        {"kind": "instrument", "outcome": "enact", "effective_from": TODAY, "content": {"title": title}}
    )
    form = PAPER | {"from": TODAY, "outcome": "retain", "reason": "已有规定"}
    assert "没有" in editor.post(address(duty), form | {"instrument": "没有这个文件"}).text
    made = editor.post(address(duty), form | {"instrument": title}).headers["location"]
    assert f"证明：{title}" in editor.get(made).words
    published(living, editor, made)
    assert f"证明：{title}" in editor.get("/office/duties?state=done").words


def test_a_duty_is_done_by_changing_the_item_in_its_form(living: Living, editor: Browser) -> None:
    duty = told(living)
    edit = f"/office/items/{duty['subject']['id']}/edit?fulfils={duty['decision']}/{duty['key']}"
    assert edit in editor.get(address(duty)).html
    page = editor.get(edit)
    assert "同时完成后续责任：制定监管细则" in page.words
    assert page.html.count('name="fulfils"') == 2, "on changing the day, and on saving"
    fields = filled(page)
    named = [f"{duty['decision']}/{duty['key']}"]
    assert fields["fulfils"] == named
    asked = fields | {"fulfils": named, "note": ["已定细则"], "do": ["save"]}
    made = editor.post(edit.split("?")[0], asked).headers["location"]
    again = editor.get(f"{edit.split('?')[0]}?changeset={made.split('/')[-1]}")
    assert "同时完成后续责任：制定监管细则" in again.words
    published(living, editor, made)
    (done,) = owed(living, "follow_up", TODAY)
    assert done["state"] == "done"
    assert "已经由序号" in editor.get(edit).words, "and the form of the item opens all the same"


def test_what_waits_for_a_law_is_ended_by_two_people(living: Living, editor: Browser) -> None:
    duty = waiting(living)
    page = editor.get(address(duty))
    assert "文件拟：取消" in page.words
    assert 'value="enact"' not in page.html
    made = editor.post(address(duty), PAPER | {"from": TODAY, "outcome": "cancel", "reason": "森林法已修改"})
    published(living, editor, made.headers["location"])
    (done,) = owed(living, "pending_law", TODAY)
    assert (done["state"], done["done"]["on"]) == ("done", TODAY)


def test_what_waits_for_a_law_stays_by_a_decision_and_by_ending_is_done_by_itself(
    living: Living, editor: Browser
) -> None:
    duty = waiting(living)
    made = editor.post(address(duty), {"from": TODAY, "outcome": "retain", "reason": "不再修改"})
    published(living, editor, made.headers["location"])
    (done,) = owed(living, "pending_law", TODAY)
    assert done["state"] == "done"
    item = city_item(living)
    law = {"outcome": "cancel", "words": "待修法"}
    living.publish({"outcome": "retain", "subject": item, "effective_from": TODAY, "pending_law": law})
    living.publish({"outcome": "cancel", "subject": item, "effective_from": TODAY})
    (other,) = [one for one in owed(living, "pending_law", TODAY) if one["subject"]["id"] == item]
    assert "已经办完，不用再办" in editor.get(address(other), status=409).words


def test_what_names_nobody_is_for_the_organ_of_its_item(living: Living) -> None:
    duty = waiting(living)
    organ = living.get(f"/items/{duty['subject']['id']}").json()["authority"]["id"]
    own = Browser(living, "linye", ["edit"], authority=organ)
    assert address(duty) in own.get("/office/duties").html
    assert "文件拟：取消" in own.get(address(duty)).words
    other = Browser(living, "shuiwu", ["edit"], authority=bureau(living))
    assert address(duty) not in other.get("/office/duties").html
    assert "不是账号" in other.get(address(duty), status=403).words


def test_another_kind_of_duty_is_not_done_here(living: Living, editor: Browser) -> None:
    hand_down(living)
    acceptance = next(one for one in owed(living, "acceptance", DAY) if one["state"] != "done")
    for act in ("fulfil", "renew"):
        assert "这一件是“承接”" in editor.get(address(acceptance, act), status=422).words
    (duty,) = owed(living, "follow_up", DAY)
    assert "不在这里办" in editor.get(address(duty, "renew"), status=422).words


# --- delegations ------------------------------------------------------------------------------------------------------


def entrusted(living: Living) -> dict[str, Any]:
    """A delegation of an item of 林业 to 水务 that runs out in three weeks."""
    item = living.item_called(FELLING)
    content = {
        "name": "受托的采伐许可",
        "type": "01",
        "authority": bureau(living),
        "region": living.get(f"/items/{item}").json()["region"]["id"],
        "level": "4",
        "power_source": "6",
    }
    entrust = {"outcome": "entrust", "subject": item, "effective_from": TODAY, "until": "2026-10-20"}
    living.publish(entrust | {"results": [{"content": content}]})
    (found,) = owed(living, "expiry", TODAY)
    return found


def read(living: Living, path: str) -> str:
    """The words of a public page."""
    answer = living.client.get(path, headers={"accept": "text/html"})
    assert answer.status_code == 200
    return Page(answer.text).words


def test_a_delegation_is_renewed_by_two_people(living: Living, editor: Browser) -> None:
    duty = entrusted(living)
    place = address(duty, "renew")
    assert place in editor.get("/office/duties?soon=true").html
    page = editor.get(place)
    assert "到 2026年10月20日前为止" in page.words
    assert filled(page)["from"] == ["2026-10-20"]
    asked = {"from": "2026-10-20", "reason": "继续委托"}
    assert "请选择续期，还是不再续期" in editor.post(place, asked).text
    refused = editor.post(place, asked | {"way": "renew"})
    assert (refused.status_code, "续期到哪一天前" in refused.text) == (422, True)
    form = PAPER | asked | {"way": "renew", "until": "2027-10-20"}
    published(living, editor, editor.post(place, form).headers["location"])
    states = [(one["due"], one["state"]) for one in owed(living, "expiry", TODAY)]
    assert states == [("2026-10-20", "done"), ("2027-10-20", "open")]
    assert "已经办完" in editor.get(place, status=409).words


def test_a_delegation_that_is_not_renewed_goes_back_to_whoever_gave_it(
    living: Living, editor: Browser
) -> None:
    duty = entrusted(living)
    place = address(duty, "renew")
    assert "不续期的，到期由委托的一方办理" in editor.get("/office/duties").words
    form = PAPER | {"from": TODAY, "way": "lapse"}
    published(living, editor, editor.post(place, form).headers["location"])
    (done,) = owed(living, "expiry", "2026-10-20")
    assert (done["state"], done["returns_to"]["id"]) == ("done", living.item_called(FELLING))
    page = editor.get("/office/duties?state=done")
    assert "不再续期，2026年10月20日起由委托的一方办理" in page.words
    assert "已经由序号" in editor.get(place, status=409).words
    item = f"/items/{duty['subject']['id']}"
    assert "不再续期：依据《广安区监管细则》" in read(living, item), "before its last day too"
    lapsed = read(living, f"{item}?on=2026-10-20")
    assert "委托期满" in lapsed
    assert "自 2026年10月20日起由委托机关办理：广安市广安区林业局" in lapsed
    assert "没有写明此后由谁办理" not in lapsed


def test_the_page_of_a_delegation_that_ran_out_says_who_holds_the_power_though_nothing_was_decided(
    living: Living,
) -> None:
    duty = entrusted(living)
    page = read(living, f"/items/{duty['subject']['id']}?on=2026-10-21")
    assert "由委托机关办理：广安市广安区林业局" in page
    assert "不再续期" not in page


def test_both_organs_see_that_a_delegation_runs_out_and_who_renews_it(living: Living) -> None:
    duty = entrusted(living)
    organ = living.get(f"/items/{living.item_called(FELLING)}").json()["authority"]["id"]
    for name, own in (("linye", organ), ("shuiwu", bureau(living))):
        browser = Browser(living, name, ["edit"], authority=own)
        assert "30 天内到期 1 件" in browser.get("/office").words, name
        page = browser.get(address(duty, "renew"))
        assert 'value="renew"' not in page.html
        assert ('value="lapse"' in page.html) is (own == organ), "whoever entrusted lets it lapse alone"
        assert ("请由管理双方的账号" if own == organ else "由委托的一方决定") in page.words
    (other,) = living.rows(
        "SELECT subject_id FROM timeline WHERE kind = 'authority' AND status = 'in_force'"
        f" AND subject_id NOT IN ('{organ}', '{bureau(living)}') ORDER BY subject_id LIMIT 1"
    )
    third = Browser(living, "bieren", ["edit"], authority=other[0])
    assert address(duty, "renew") not in third.get("/office/duties").html


def test_what_is_typed_about_a_duty_is_kept(living: Living, editor: Browser) -> None:
    follow_up, delegation = told(living), entrusted(living)
    for place in (address(follow_up), address(delegation, "renew")):
        editor.post(place, {"from": "下个月", "reason": "写到一半", "do": "keep"})
        assert place in editor.get("/office").html
        assert "写到一半" in editor.get(place).html
        editor.post(place, {"do": "drop"})
        assert "写到一半" not in editor.get(place).html


def test_a_draft_taken_up_again_keeps_what_the_form_does_not_show() -> None:
    stood = {
        "kind": "item",
        "outcome": "adjust",
        "subject": "qdi-00000000",
        "effective_from": TODAY,
        "words": "原文",
        "annex": "一",
        "fulfils": [{"act": 7, "duty": "f1", "instrument": "qdl-00000000"}],
    }
    less = {**stood, "outcome": "narrow", "fulfils": [], "words": "分出一部分"}
    handed = {**less, "receivers": [{"key": "r", "words": "乡镇"}]}
    change = {"op": "set", "path": "note", "value": "新"}
    made = {name: stood[name] for name in ("kind", "outcome", "subject", "effective_from")}
    made |= {"changes": [change], "fulfils": [{"act": 7, "duty": "f1"}, {"act": 8, "duty": "f2"}]}
    draft = Changeset("qdx-0000001a", "调整", 0, 0)
    again = redrafted(draft, [stood, less, handed], stood["subject"], [made], {}, "调整")
    kept, redone = again.decisions
    assert (kept.outcome, len(kept.receivers)) == ("narrow", 1), "which the form has no place for"
    assert (redone.words, redone.annex) == ("原文", "一")
    assert [one.instrument for one in redone.fulfils] == ["qdl-00000000", None]
