"""Reports of the public: sent without an account, followed by number, so many in an hour."""

from __future__ import annotations

import hashlib
import re
from html import unescape
from typing import Any

import pytest
from browsing import Browser
from reading import BROWSER, Page, assert_safe, read
from registry import Office
from seeded import FELLING, Living

from app.auth.actor import COMMAND_LINE, Actor
from app.errors import Conflict, Forbidden, TooMany
from app.feedback.models import Feedback
from app.feedback.reporting import MOST_OF_ONE, answer, closed, dismiss, follow, report, waiting

WORDS = "窗口要我再交一份无犯罪记录证明，指南上没有。"


def send(living: Living, **fields: str) -> Any:
    return living.client.post(
        "/feedback", data={"kind": "unlisted", "words": WORDS} | fields, headers=BROWSER
    )


def number_of(living: Living, **fields: str) -> str:
    sent = send(living, **fields)
    assert sent.status_code == 303, sent.text
    return str(sent.headers["location"]).removeprefix("/feedback/")


def test_a_report_is_followed_by_its_number_until_it_is_answered(living: Living) -> None:
    item = living.item_called(FELLING)
    form = read(living, read(living, f"/items/{item}").link("请反馈"))
    assert f"关于：{FELLING}" in form.words
    number = number_of(living, item=item, contact="13900000000")
    page = read(living, f"/feedback/{number}")
    assert WORDS in page.words
    assert "已收到，等待办理" in page.words
    assert page.link(FELLING) == f"/items/{item}"
    assert "13900000000" not in page.html, "how to reach the writer is for the office alone"
    with living.database.writing() as session:
        assert [one.contact for one in waiting(session, COMMAND_LINE)] == ["13900000000"]
        answer(session, COMMAND_LINE, number, "该证明不在材料清单内，已通知窗口不得再要求。")
        assert waiting(session, COMMAND_LINE) == []
    page = read(living, f"/feedback/{number.lower()}")
    assert "已答复" in page.words
    assert "已通知窗口不得再要求" in page.words
    assert "请记下编号" not in page.words, "there is nothing more to wait for"


def test_the_number_may_be_typed_with_breaks(living_sqlite: Living) -> None:
    number = number_of(living_sqlite)
    typed = f"{number[:5]}-{number[5:]}".lower()
    found = living_sqlite.client.get("/feedback", params={"number": typed}, headers=BROWSER)
    assert found.headers["location"] == f"/feedback/{number}"
    wrong = read(living_sqlite, "/feedback", status=404, number="ABCDE")
    assert "没有这个编号" in wrong.section("查看答复"), "it is said where the number was typed"
    assert [one["value"] for one in wrong.named("input") if one.get("name") == "number"] == ["ABCDE"]
    assert "网址可能有误" not in wrong.words


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"kind": "praise"}, "请选择是哪一类问题。"),
        ({"words": "差"}, "请用 5 至 2000 个字写明问题，现在是 1 个字。"),
        ({"words": "长" * 2001}, "现在是 2001 个字"),
        ({"contact": "1" * 201}, "联系方式请不要超过 200 个字"),
    ],
)
def test_what_is_wrong_is_said_by_the_form_and_nothing_typed_is_lost(
    living_sqlite: Living, fields: dict[str, str], says: str
) -> None:
    sent = send(living_sqlite, **fields)
    assert sent.status_code == 422
    page = Page(sent.text)
    assert_safe(page)
    assert says in page.words
    assert fields.get("words", WORDS) in page.words
    assert living_sqlite.rows("SELECT count(*) FROM feedback")[0][0] == 0


def test_one_address_may_send_so_many_in_an_hour(living_sqlite: Living, clock: Any) -> None:
    for _ in range(MOST_OF_ONE):
        number_of(living_sqlite)
    refused = send(living_sqlite)
    assert refused.status_code == 429
    assert "请过一小时再提交" in refused.text
    clock.set("2026-09-28T13:00:01")
    number_of(living_sqlite)


def test_hostile_words_are_words(living_sqlite: Living) -> None:
    attack = "\"'><script>alert(1)</script></textarea>"
    page = read(living_sqlite, f"/feedback/{number_of(living_sqlite, words=attack)}")
    assert attack in page.words
    again = Page(send(living_sqlite, kind="no", words=attack, contact=attack).text)
    assert_safe(again)
    assert attack in again.words


def test_an_internal_item_is_unknown_to_the_form(hostile_registry: Any) -> None:
    read(hostile_registry, "/feedback", status=404, item=hostile_registry.secret)
    assert send(hostile_registry, item=hostile_registry.secret).status_code == 404


def test_only_a_form_of_reasonable_length_is_taken(living_sqlite: Living) -> None:
    posted = living_sqlite.client.post("/feedback", json={"kind": "wrong"}, headers=BROWSER)
    assert posted.status_code == 422
    assert "请用页面上的表单提交" in posted.text
    assert "内容太长" in send(living_sqlite, words="长" * 20_000).text


def test_one_subscriber_is_counted_as_one(living_sqlite: Living) -> None:
    given = {"kind": "other", "words": WORDS}
    with living_sqlite.database.writing() as session:
        for number in range(MOST_OF_ONE):
            report(session, given, None, f"2001:db8:1:2::{number:x}")
        with pytest.raises(TooMany):
            report(session, given, None, "2001:db8:1:2:ffff::1")
        report(session, given, None, "2001:db8:1:3::1")


def test_an_address_is_not_found_again_by_trying_all(living_sqlite: Living, clock: Any) -> None:
    def origin() -> str:
        with living_sqlite.database.writing() as session:
            return follow(
                session, report(session, {"kind": "other", "words": WORDS}, None, "192.0.2.1")
            ).origin

    first, again = origin(), origin()
    assert first == again
    day = clock.now // 86_400_000_000
    guessed = [f"{day} 192.0.2.1", "192.0.2.1", f"{day}192.0.2.1"]
    assert first not in [hashlib.sha256(one.encode()).hexdigest()[:32] for one in guessed]
    clock.step(86_400_000_000)
    assert origin() != first, "of another day, under another secret"


def test_the_address_is_kept_as_a_digest_alone(living_sqlite: Living) -> None:
    number = number_of(living_sqlite)
    with living_sqlite.database.reading() as session:
        kept = follow(session, number).origin
    assert len(kept) == 32
    assert "testclient" not in kept


def test_a_report_is_read_and_answered_by_who_manages_its_item(office: Office) -> None:
    def people(right: str, **scope: str) -> Actor:
        return office.person("-".join([right, *scope.values()]), right, **scope)

    given = {"kind": "wrong", "words": "电话打不通，请更新。"}
    with office.database.writing() as session:
        of_water, of_traffic, of_none = (
            report(session, given, item, "192.0.2.1") for item in (office.items[0], office.items[2], None)
        )
    water, town = people("edit", authority=office.water), people("edit", region=office.town)
    district = people("edit", region=office.district)
    seen = {
        one.name: {found.number for found in waiting_of(office, one)}
        for one in (water, town, district, office.editor)
    }
    assert seen == {
        water.name: {of_water},
        town.name: set(),
        district.name: {of_water, of_traffic},
        office.editor.name: {of_water, of_traffic, of_none},
    }
    for one, number in ((water, of_traffic), (water, of_none), (town, of_water)):
        with pytest.raises(Forbidden) as refusal, office.database.writing() as session:
            answer(session, one, number, "已更新。")
        assert refusal.value.code == "out-of-scope"
    with office.database.writing() as session:
        answer(session, water, of_water, "已更新。")
    assert {one.number for one in waiting_of(office, office.editor)} == {of_traffic, of_none}


def waiting_of(office: Office, actor: Actor) -> list[Feedback]:
    with office.database.reading() as session:
        return waiting(session, actor)


def test_what_was_closed_is_seen_again_and_answered_anew(living_sqlite: Living) -> None:
    item = living_sqlite.item_called(FELLING)
    asked, spam = number_of(living_sqlite, item=item), number_of(living_sqlite, kind="other")
    editor = Browser(living_sqlite, "bianji", ["edit"])
    page = editor.move(f"/office/feedback/{asked}", **{f"answer/{asked}": "已更正电号。"})
    assert page is not None
    assert f"已答复 {asked}" in page.words
    assert "1 件待答复" in page.words
    page = editor.move(f"/office/feedback/{asked}", **fields_of(page) | {f"answer/{asked}": "已更正电话。"})
    assert page is not None
    assert "已更正电话" in page.words.partition("最近办结的")[2]
    assert "已更正电话。" in read(living_sqlite, f"/feedback/{asked}").words
    page = editor.move(f"/office/feedback/{spam}", do="dismiss")
    assert page is not None
    assert "0 件待答复" in page.words
    assert "没有答复" in read(living_sqlite, f"/feedback/{spam}").words
    assert "不能再作为无关内容" in Page(editor.post(f"/office/feedback/{asked}", do="dismiss").text).words
    editor.move(f"/office/feedback/{spam}", **fields_of(page) | {f"answer/{spam}": "请写明事项。"})
    assert "请写明事项" in read(living_sqlite, f"/feedback/{spam}").words


def test_only_who_manages_the_item_closes_a_report(office: Office) -> None:
    given = {"kind": "wrong", "words": "电话打不通，请更新。"}
    with office.database.writing() as session:
        number = report(session, given, office.items[0], "192.0.2.1")
    water = office.person("shuiwu", "edit", authority=office.water)
    town = office.person("xiang", "edit", region=office.town)
    with pytest.raises(Forbidden), office.database.writing() as session:
        dismiss(session, town, number)
    with office.database.writing() as session:
        dismiss(session, water, number)
        assert [one.number for one in closed(session, water)] == [number]
        assert closed(session, town) == []
        answer(session, water, number, "已更新。")
        with pytest.raises(Conflict):
            dismiss(session, water, number)


def fields_of(page: Page) -> dict[str, str]:
    """The form of the answers as a browser sends it unchanged."""
    hidden = {one["name"]: one["value"] for one in page.named("input") if "/" in one.get("name", "")}
    areas = re.findall(r'name="(answer/[^"]*)"[^>]*>\n(.*?)</textarea>', page.html, re.S)
    return hidden | {name: unescape(words) for name, words in areas}


def typed_in(page: Page, number: str) -> str:
    found = re.search(rf'name="answer/{number}"[^>]*>\n(.*?)</textarea>', page.html, re.S)
    assert found, f"no answer can be typed for {number}"
    return found[1]


def test_answering_one_keeps_what_was_typed_for_the_others(living_sqlite: Living) -> None:
    first, second, third = (number_of(living_sqlite, kind="other") for _ in range(3))
    editor = Browser(living_sqlite, "bianji", ["edit"])
    typed = {f"answer/{first}": "已更正。", f"answer/{second}": "正在核实，", f"answer/{third}": " "}
    page = editor.move(f"/office/feedback/{first}", **typed)
    assert page is not None
    assert (typed_in(page, second), typed_in(page, third)) == ("正在核实，", "")
    assert "填了、还没有保存的内容" in page.words
    assert editor.get("/office").link("答复群众反馈") == "/office/feedback"
    page = editor.move(f"/office/feedback/{second}", **typed, do="dismiss")
    assert page is not None
    assert typed_in(page, first) == "已更正。", "an answer that stands is nothing that waits"
    assert typed_in(page, second) == "正在核实，", "a wrong click loses nothing"
    assert editor.move("/office/feedback", do="drop") is not None
    assert "填了、还没有保存的内容" not in editor.get("/office/feedback").words


def test_a_refused_answer_comes_back_with_all_that_was_typed(living_sqlite: Living) -> None:
    first, second = (number_of(living_sqlite, kind="other") for _ in range(2))
    editor = Browser(living_sqlite, "bianji", ["edit"])
    typed = {f"answer/{first}": "长" * 2001, f"answer/{second}": "正在核实。"}
    refused = editor.post(f"/office/feedback/{first}", **typed)
    assert refused.status_code == 422
    assert typed_in(Page(refused.text), second) == "正在核实。"
    gone = editor.post("/office/feedback/ABCDE", **typed, **{"answer/ABCDE": "找不到这一条。"})
    assert gone.status_code == 404
    page = Page(gone.text)
    assert "找不到这一条。" in page.words, "what was typed for a report that is not there is told"
    assert typed_in(page, second) == "正在核实。"


def test_two_tabs_keep_what_was_typed_in_each(living: Living) -> None:
    first, second, third = (f"answer/{number_of(living, kind='other')}" for _ in range(3))
    editor = Browser(living, "bianji", ["edit"])
    opened = fields_of(editor.get("/office/feedback"))
    editor.move("/office/feedback", do="keep", **opened | {first: "正在核实，"})
    editor.move("/office/feedback", do="keep", **opened | {second: "已转窗口，"})
    found = fields_of(editor.get("/office/feedback"))
    assert (found[first], found[second]) == ("正在核实，", "已转窗口，")
    number = third.removeprefix("answer/")
    editor.move(f"/office/feedback/{number}", **opened | {second: "已转窗口，", third: "已更正。"})
    found = fields_of(editor.get("/office/feedback"))
    assert (found[first], found[second]) == ("正在核实，", "已转窗口，"), "giving one drops none"
    editor.move("/office/feedback", do="keep", **found | {first: ""})
    found = fields_of(editor.get("/office/feedback"))
    assert (found[first], found[second]) == ("", "已转窗口，"), "what is emptied is empty"


def test_an_answer_that_another_gave_meanwhile_is_not_replaced_unseen(living: Living) -> None:
    number = number_of(living, kind="other")
    field, address = f"answer/{number}", f"/office/feedback/{number}"
    one, other = Browser(living, "bianji", ["edit"]), Browser(living, "bianji2", ["edit"])
    opened = fields_of(other.get("/office/feedback"))
    one.move(address, **fields_of(one.get("/office/feedback")) | {field: "李编的答复。"})
    refused = other.move(address, 409, **opened | {field: "王编的答复。"})
    assert refused is not None
    assert "已有答复：“李编的答复。”" in refused.words
    assert typed_in(refused, number) == "王编的答复。", "what was typed stays"
    assert "李编的答复。" in read(living, f"/feedback/{number}").words
    other.move(address, **fields_of(refused))
    assert "王编的答复。" in read(living, f"/feedback/{number}").words, (
        "who has read the first may replace it"
    )
    assert other.move(address, **opened | {field: "王编的答复。"}), (
        "a second click on the same answer is no conflict"
    )


def test_what_another_set_aside_meanwhile_is_not_answered_unseen(living_sqlite: Living) -> None:
    number = number_of(living_sqlite, kind="other")
    editor = Browser(living_sqlite, "bianji", ["edit"])
    opened = fields_of(editor.get("/office/feedback"))
    editor.move(f"/office/feedback/{number}", do="dismiss", **opened)
    refused = editor.move(f"/office/feedback/{number}", 409, **opened | {f"answer/{number}": "已更正。"})
    assert refused is not None
    assert "已作为无关内容办结" in refused.words
