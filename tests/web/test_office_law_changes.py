"""What waits when a law changes: everything that rests on it, linked or not, of each account's own scope."""

from __future__ import annotations

import re
from typing import Any

import pytest
from browsing import POST, Browser
from reading import Page
from seeded import TODAY, Living, new_item

from app.web.office.upkeep import law as law_pages

LAW, OWN, FEES = "广安市演示条例", "只写名称的许可", "收费提到它的许可"


def enacted(living: Living) -> str:
    """A law of the place that nothing is linked to."""
    content = {"title": LAW}
    living.publish(
        {"kind": "instrument", "outcome": "enact", "effective_from": TODAY, "content": content},
        title="制定",
    )
    (found,) = living.rows(f"SELECT subject_id FROM timeline WHERE kind = 'instrument' AND name = '{LAW}'")
    return str(found[0])


def rest_on_it(living: Living) -> list[str]:
    """An item that cites the law by its title alone, and one that names it where it asks for a fee."""
    cited = [{"key": "c1", "role": "setting", "title": f"《{LAW}》", "article": "第三条"}]
    fees = [{"key": "f1", "name": "工本费", "basis": f"《{LAW}》第九条"}]
    living.publish(
        new_item(living, OWN, content={"citations": cited}), new_item(living, FEES, content={"fees": fees})
    )
    return [living.item_called(OWN), living.item_called(FEES)]


def repealed(living: Living, law: str) -> None:
    repeal = {"kind": "instrument", "outcome": "repeal", "subject": law, "effective_from": TODAY}
    living.publish(repeal, title="废止")


@pytest.fixture
def law(living_sqlite: Living) -> str:
    law = enacted(living_sqlite)
    # As a file that was imported before the law was: cited by its title, linked to nothing.
    rest_on_it(living_sqlite)
    return law


def queue(person: Browser) -> tuple[str, str]:
    """(resting, open) of the law in the queue."""
    html = person.get("/office/law").html
    row = html[html.index(f"《{LAW}》") :]
    resting, waits = re.findall(r'class="number">(?:<b>)?(\d+)', row)[:2]
    return resting, waits


def case_of(person: Browser) -> str:
    html = person.get("/office/law").html
    return re.findall(r'href="(/office/law-changes/\d+)">《' + LAW, html)[0]


def test_what_names_the_law_without_a_link_waits_too(living_sqlite: Living, law: str) -> None:
    editor = Browser(living_sqlite, "bianji", ["edit"])
    before = editor.get("/office").words
    repealed(living_sqlite, law)
    assert queue(editor) == ("2", "2")
    assert editor.get("/office").words != before
    place = case_of(editor)
    page = editor.get(place)
    assert OWN in page.words
    assert FEES in page.words
    own, fees = living_sqlite.item_called(OWN), living_sqlite.item_called(FEES)
    asked = {"do": "draft", "way": "renumber", "old": "第三条", "new": "第五条", "reason": "改号"}
    done = editor.post(place, asked | {"subject": own})
    assert done.status_code == 303, Page(done.text).words[:800]
    assert queue(editor) == ("2", "1")
    editor.post(place, {"do": "unaffected", "why": "收费另有依据", "subject": fees})
    assert queue(editor) == ("2", "0")


def opened(person: Browser, place: str) -> dict[str, Any]:
    """The form as it was opened: what is ticked, and what the page has shown."""
    html = person.get(place).html
    ticked = re.findall(r'name="subject" value="([^"]+)"[^>]* checked', html)
    return {"read": re.findall(r'name="read" value="(\d+)"', html)[0], "subject": ticked}


RENUMBERED = {"do": "draft", "way": "renumber", "old": "第三条", "new": "第五条", "reason": "改号"}


@pytest.mark.parametrize("second", [RENUMBERED, {"do": "unaffected", "why": "乙认为不受影响"}])
def test_what_another_dealt_with_meanwhile_is_told_and_stays(
    living_sqlite: Living, law: str, second: dict[str, str]
) -> None:
    one, other = (Browser(living_sqlite, name, ["edit"]) for name in ("bianji", "bianji2"))
    own, fees = living_sqlite.item_called(OWN), living_sqlite.item_called(FEES)
    repealed(living_sqlite, law)
    place = case_of(one)
    theirs = opened(other, place) | {"subject": [own, fees]}
    made = one.post(place, opened(one, place) | {"subject": own} | RENUMBERED).headers["location"]
    draft = made.rpartition("/")[2]
    before = living_sqlite.rows("SELECT count(*) FROM changeset")
    refused = other.client.post(place, data=theirs | second, headers=POST)
    page = Page(refused.text)
    assert refused.status_code == 412
    assert f"“{OWN}”已由bianji处理为“已拟变更单 {draft}”" in page.words
    assert FEES not in page.words.split("请看过现在的处理再定")[0]
    assert re.findall(r'name="subject" value="([^"]+)"[^>]* checked', page.html) == [fees], "the rest"
    for name, value in second.items():
        assert name in ("do", "way") or value in page.html, "what was typed stands"
    assert living_sqlite.rows("SELECT count(*) FROM changeset") == before
    assert living_sqlite.rows("SELECT subject, changeset FROM law_case") == [(own, draft)]
    again = {"read": re.findall(r'name="read" value="(\d+)"', page.html)[0], "subject": own}
    seen = other.post(place, again | {"do": "unaffected", "why": "看过草稿，不用改"})
    assert seen.status_code == 303, "whoever has seen it may say otherwise"


def test_all_that_waits_leaves_alone_what_was_dealt_with_meanwhile(
    living_sqlite: Living, law: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(law_pages, "ROWS", 1)
    one, other = (Browser(living_sqlite, name, ["edit"]) for name in ("bianji", "bianji2"))
    repealed(living_sqlite, law)
    place = case_of(one)
    theirs = opened(other, place)
    fees = living_sqlite.item_called(FEES)
    one.post(place, {"do": "unaffected", "why": "收费另有依据", "subject": fees})
    form = theirs | {"do": "unaffected", "why": "都不受影响", "every": "waiting"}
    assert other.client.post(place, data=form | {"subject": fees}, headers=POST).status_code == 412
    assert other.client.post(place, data=form | {"subject": []}, headers=POST).status_code == 303
    noted = dict(living_sqlite.rows("SELECT subject, reason FROM law_case"))
    assert noted == {fees: "收费另有依据", living_sqlite.item_called(OWN): "都不受影响"}


def test_what_was_noted_as_unaffected_is_said_and_taken_back(living_sqlite: Living, law: str) -> None:
    editor = Browser(living_sqlite, "bianji", ["edit"])
    own, fees = living_sqlite.item_called(OWN), living_sqlite.item_called(FEES)
    repealed(living_sqlite, law)
    place = case_of(editor)
    page = editor.get(place)
    asked = page.html.index('<details class="sure"><summary>记为不受影响')
    assert page.html.index('value="unaffected"') > asked, "asked once"
    assert "上面勾选的全部记为不受影响" in page.words
    noted = editor.client.post(
        place, data={"do": "unaffected", "why": "条文没有变", "subject": [own, fees]}, headers=POST
    )
    page = editor.get(noted.headers["location"])
    assert "已把 2 项记为不受影响" in page.words
    assert f'<button form="reopen" name="subject" value="{own}"' in page.html
    back = re.findall(r'<form id="reopen".*?name="read" value="(\d+)"', page.html)[0]
    reopened = editor.post(place, do="open", subject=own, read=back)
    assert "已把 1 项改回待处理" in editor.get(reopened.headers["location"]).words
    assert queue(editor) == ("2", "1")
    editor.post(place, RENUMBERED | {"subject": own})
    assert editor.post(place, do="open", subject=own).status_code == 422, "a draft is withdrawn"
    assert queue(editor) == ("2", "0")


def test_a_form_kept_before_another_dealt_with_it_is_refused_as_well(living_sqlite: Living, law: str) -> None:
    one, other = (Browser(living_sqlite, name, ["edit"]) for name in ("bianji", "bianji2"))
    own = living_sqlite.item_called(OWN)
    repealed(living_sqlite, law)
    place = case_of(one)
    typed = opened(other, place) | {"subject": own, "why": "写到一半"}
    other.client.post(place, data=typed | {"do": "keep"}, headers=POST)
    one.post(place, RENUMBERED | {"subject": own})
    found = opened(other, place)
    refused = other.client.post(place, data=found | {"do": "unaffected", "why": "写到一半"}, headers=POST)
    assert (found["subject"], refused.status_code) == ([own], 412)


def test_what_moved_is_told_to_nobody_else(living_sqlite: Living, law: str) -> None:
    own = living_sqlite.item_called(OWN)
    authority = living_sqlite.get(f"/items/{own}").json()["authority"]["id"]
    ((elsewhere,),) = living_sqlite.rows(
        f"SELECT min(authority) FROM timeline WHERE kind = 'item' AND authority <> '{authority}'"
    )
    one = Browser(living_sqlite, "bianji", ["edit"])
    repealed(living_sqlite, law)
    place = case_of(one)
    one.post(place, {"do": "unaffected", "why": "只有自己知道的理由", "subject": own})
    other = Browser(living_sqlite, "taju", ["edit"], authority=elsewhere)
    told = other.client.post(place, data={"read": "0", "subject": own} | RENUMBERED, headers=POST).text
    assert "只有自己知道的理由" not in told


def test_a_department_is_told_of_its_own(living_sqlite: Living, law: str) -> None:
    authority = living_sqlite.get(f"/items/{living_sqlite.item_called(OWN)}").json()["authority"]["id"]
    repealed(living_sqlite, law)
    theirs = Browser(living_sqlite, "benju", ["edit"], authority=authority)
    assert queue(theirs) == ("2", "2")
    ((elsewhere,),) = living_sqlite.rows(
        f"SELECT min(authority) FROM timeline WHERE kind = 'item' AND authority <> '{authority}'"
    )
    other = Browser(living_sqlite, "taju", ["edit"], authority=elsewhere)
    assert queue(other) == ("0", "0")
    page = other.get(case_of(other))
    assert OWN not in page.words
    assert "另有 2 项不归您的账号管理" in page.words


def test_what_no_page_has_room_for_is_on_the_next(
    living_sqlite: Living, law: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(law_pages, "ROWS", 1)
    repealed(living_sqlite, law)
    editor = Browser(living_sqlite, "bianji", ["edit"])
    place = case_of(editor)
    pages = [editor.get(f"{place}?page={number}") for number in (1, 2)]
    ids = [re.findall(r'name="subject" value="([^"]+)"', page.html) for page in pages]
    assert sorted(map(len, ids)) == [1, 1]
    assert {*ids[0], *ids[1]} == {living_sqlite.item_called(OWN), living_sqlite.item_called(FEES)}
    assert pages[0].link("下一页").endswith("page=2")
    assert "第 2 / 2 页" in pages[1].words
    refused = editor.post(place, {"do": "unaffected", "why": "", "subject": ids[1][0], "page": "2"})
    assert re.findall(r'name="subject" value="([^"]+)"', refused.text) == ids[1], "where one was"
    editor.post(place, {"do": "unaffected", "why": "另有依据", "subject": ids[0][0], "page": "1"})
    first = editor.get(place)
    assert f'value="{ids[1][0]}"' in first.html, "what waits comes first"
    assert "共 1 项" in first.words
    editor.post(place, {"do": "unaffected", "why": "另有依据", "every": "waiting"})
    assert queue(editor) == ("2", "0")
    assert OWN in editor.get(f"/office/law/{law}?page=2").words + editor.get(f"/office/law/{law}").words
