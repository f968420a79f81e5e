"""The item form is kept while it is typed: nothing is lost, and people at one item know of each other."""

from __future__ import annotations

import re
from typing import Any

import pytest
from browsing import PHRASE, POST, Browser, filled
from reading import Page
from seeded import FELLING, TODAY, Living, set_field
from test_office_rooms import law_of, published

from app import unsaved
from app.auth.passwords import DAY

SCRIPT = {"Accept": "application/json", "Sec-Fetch-Site": "same-origin"}
PHONE = "0826-7654321"


class At:
    """Somebody at the form of an item."""

    def __init__(self, browser: Browser, place: str) -> None:
        self.browser, self.place = browser, place
        self.fields = filled(browser.get(place))

    def type(self, **fields: str) -> At:
        self.fields |= {name: [value] for name, value in fields.items()}
        return self

    def keep(self) -> dict[str, Any]:
        answer = self.browser.client.post(self.place, data={**self.fields, "do": "keep"}, headers=SCRIPT)
        assert answer.status_code == 200, answer.text[:500]
        return answer.json()

    def press(self, act: str) -> Any:
        return self.browser.client.post(self.place, data={**self.fields, "do": act}, headers=POST)

    def found(self) -> dict[str, Any]:
        return filled(self.browser.get(self.place))


@pytest.fixture
def place(living_sqlite: Living) -> str:
    return f"/office/items/{living_sqlite.item_called(FELLING)}/edit"


@pytest.fixture
def living(living_sqlite: Living) -> Living:
    return living_sqlite


def test_what_is_typed_is_found_again_by_its_owner_alone(editor: Browser, place: str) -> None:
    told = At(editor, place).type(consult_phone=PHONE, reason="换号").keep()
    assert "已暂存" in told["said"]
    assert told["told"] == []
    again = editor.get(place)
    assert "还没有保存的内容" in again.words
    assert (filled(again)["consult_phone"], filled(again)["reason"]) == ([PHONE], ["换号"])
    assert editor.get("/office").link(FELLING) == place
    other = Browser(editor.living, "lisi", ["edit"])
    page = other.get(place)
    assert PHONE not in page.html
    assert "bianji也在填写这个事项" in page.words
    assert "填了还没有保存的" not in other.get("/office").words


def test_saving_ends_it_and_so_does_dropping(editor: Browser, place: str) -> None:
    at = At(editor, place).type(consult_phone=PHONE, reason="换号")
    at.keep()
    assert at.press("save").status_code == 303
    assert "还没有保存的内容" not in editor.get(place).words
    at.keep()
    assert at.press("drop").headers["location"] == place
    assert at.found()["consult_phone"] != [PHONE]
    assert editor.living.rows("SELECT count(*) FROM unsaved_form")[0][0] == 0


def test_a_button_keeps_it_too_and_a_refused_save(editor: Browser, place: str) -> None:
    at = At(editor, place).type(visits="很多", consult_phone=PHONE)
    assert at.press("save").status_code == 422
    found = at.found()
    assert (found["visits"], found["consult_phone"]) == (["很多"], [PHONE])
    at.press("add:materials")
    at.type(consult_phone="110").press("keep")
    assert at.found()["consult_phone"] == ["110"]


def test_a_new_item_is_kept(editor: Browser) -> None:
    at = At(editor, "/office/items/new").type(name="夜市摊位登记", code="SC-1", scheme="local")
    at.keep()
    found = at.found()
    assert (found["name"], found["code"]) == (["夜市摊位登记"], ["SC-1"])


def test_a_session_that_ends_loses_nothing(editor: Browser, place: str) -> None:
    at = At(editor, place).type(consult_phone=PHONE)
    at.keep()
    editor.client.cookies.clear()
    answer = editor.client.post(place, data={**at.fields, "do": "keep"}, headers=SCRIPT)
    assert answer.status_code == 303  # our script says that it was not kept
    editor.post("/office/sign-in", name="bianji", password=PHRASE)
    assert at.found()["consult_phone"] == [PHONE]


def test_another_day_is_not_mixed_with_it(editor: Browser, place: str) -> None:
    at = At(editor, place).type(consult_phone=PHONE)
    at.keep()
    page = editor.get(f"{place}?from=2027-02-01")
    assert filled(page)["consult_phone"] != [PHONE]
    assert "填的内容还没有保存" in page.words
    assert at.found()["consult_phone"] == [PHONE]


@pytest.mark.parametrize("new", [False, True])
def test_each_day_is_kept_beside_the_other(editor: Browser, place: str, new: bool) -> None:
    place = "/office/items/new" if new else place
    At(editor, place).type(name="夜市摊位登记", consult_phone=PHONE).keep()
    later = At(editor, f"{place}?from=2027-02-01")
    later.place = place
    later.type(name="夜市摊位登记", consult_phone="0826-9998888").keep()
    assert filled(editor.get(place))["consult_phone"] == [PHONE]
    assert filled(editor.get(f"{place}?from=2027-02-01"))["consult_phone"] == ["0826-9998888"]
    desk = editor.get("/office")
    assert desk.link("夜市摊位登记（自 2027-02-01）") == f"{place}?from=2027-02-01"
    assert later.type(reason="换号", code="SC-1", scheme="local").press("drop").status_code == 303
    assert filled(editor.get(f"{place}?from=2027-02-01"))["consult_phone"] != ["0826-9998888"]
    assert filled(editor.get(place))["consult_phone"] == [PHONE]


def test_two_tabs_at_two_days_keep_both_whichever_is_kept_first(editor: Browser, place: str) -> None:
    now, later = At(editor, place), At(editor, f"{place}?from=2027-02-01")
    later.place = place
    later.type(consult_phone="0826-9998888").keep()
    now.type(consult_phone=PHONE).keep()
    later.keep()
    assert filled(editor.get(f"{place}?from={TODAY}"))["consult_phone"] == [PHONE]
    assert filled(editor.get(f"{place}?from=2027-02-01"))["consult_phone"] == ["0826-9998888"]
    assert now.type(reason="换号", timing="late_entry").press("save").status_code == 303
    assert at_rest(editor) == 1


def at_rest(editor: Browser) -> int:
    return editor.living.rows("SELECT count(*) FROM unsaved_form")[0][0]


def test_the_form_that_ends_an_item_is_found_again_whatever_day_is_asked_for(
    editor: Browser, place: str
) -> None:
    end = place.replace("/edit", "/end")
    At(editor, end).type(reason="依据已废止", **{"from": "2027-01-01"}).keep()
    found = filled(editor.get(f"{end}?from=2027-02-01"))
    assert (found["reason"], found["from"]) == (["依据已废止"], ["2027-01-01"])


def test_a_publication_meanwhile_is_told_and_joined(editor: Browser, place: str) -> None:
    at = At(editor, place).type(consult_phone=PHONE, reason="换号")
    at.keep()
    item = place.split("/")[3]
    editor.living.publish(set_field(item, "complaint_phone", "0826-1112222"))
    assert any("又有变更发布" in one for one in at.keep()["told"])
    page = editor.get(place)
    assert "又有变更发布" in page.words
    assert filled(page)["consult_phone"] == [PHONE]
    assert filled(page)["complaint_phone"] == ["0826-1112222"]


def test_two_on_one_draft_the_second_is_told_and_can_go_on(editor: Browser, place: str) -> None:
    first = At(editor, place).type(consult_phone=PHONE, reason="换号")
    draft = first.press("save").headers["location"].rsplit("/", 1)[1]
    other = Browser(editor.living, "lisi", ["edit"])
    theirs, mine = At(other, f"{place}?changeset={draft}"), At(editor, f"{place}?changeset={draft}")
    assert theirs.type(complaint_phone="0826-1112222").press("save").status_code == 303
    assert any("已被另一人保存过" in one for one in mine.type(consult_phone="0826-9998888").keep()["told"])
    refused = mine.press("save")
    assert refused.status_code == 412
    page = Page(refused.text)
    assert "与他保存的不同之处：" in page.words
    assert "咨询电话" in page.words
    assert filled(page)["consult_phone"] == ["0826-9998888"]
    mine.fields = filled(page)
    assert mine.press("save").status_code == 303
    assert "0826-9998888" in editor.get(f"/office/changesets/{draft}").words


def test_a_form_outlives_a_forced_change_of_password(editor: Browser, place: str, clock: Any) -> None:
    living = editor.living
    at = At(editor, place).type(consult_phone=PHONE, reason="换号", timing="late_entry")
    living.registry.settings.password_policy = "djbh3"
    living.registry.settings.session_hours = 24 * 200
    living.registry.settings.session_idle_minutes = 60 * 24 * 200
    clock.step(90 * DAY)
    owed = at.press("save")
    assert owed.status_code == 403
    page = Page(owed.text)
    assert "修改事项”还没有保存" in page.words
    html = owed.text.replace('<form class="stack narrow"', '<form class="edit"', 1)
    carried = {name: value for name, value in filled(Page(html)).items() if name.startswith("kept:")}
    wrong = editor.client.post(
        "/office/account/password",
        data={**carried, "old": PHRASE, "new": "Lamps-under-9", "again": "other"},
        headers=POST,
    )
    assert PHONE in wrong.text, "a mistyped password loses nothing"
    changed = editor.client.post(
        "/office/account/password",
        data={**carried, "old": PHRASE, "new": "Lamps-under-9", "again": "Lamps-under-9"},
        headers=POST,
    )
    assert changed.status_code == 200, Page(changed.text).words[:500]
    assert "密码已改" in changed.text
    signed_in = editor.client.post(
        "/office/sign-in", data={**carried, "name": "bianji", "password": "Lamps-under-9"}, headers=POST
    )
    assert "已经登录，继续保存" in signed_in.text
    fields = filled(Page(signed_in.text.replace(f'<form action="{place}"', '<form class="edit"', 1)))
    saved = editor.client.post(place, data={**fields, "do": "save"}, headers=POST)
    assert saved.status_code == 303, Page(saved.text).words[:500]
    assert PHONE in editor.get(saved.headers["location"]).words


def test_old_ones_go_and_nobody_hoards(editor: Browser, place: str, clock: Any) -> None:
    living = editor.living
    account = living.rows("SELECT id FROM account WHERE name = 'bianji'")[0][0]
    with living.database.writing() as session:
        for number in range(unsaved.MOST + 5):
            clock.step(1)
            unsaved.keep(session, account, f"/office/items/{number}/edit", [("a", "b")])
    with living.database.writing() as session:
        kept = unsaved.unsaved(session, account, 1000)
        assert len(kept) == unsaved.MOST
        assert kept[0].place == f"/office/items/{unsaved.MOST + 4}/edit"
        clock.step(unsaved.KEPT_DAYS * DAY + 1)
        assert unsaved.kept(session, account, kept[0].place) is None
        unsaved.keep(session, account, place, [("a", "b")])
        assert [one.place for one in unsaved.unsaved(session, account)] == [place]


def test_nobody_keeps_a_form_of_what_is_not_theirs(editor: Browser, place: str) -> None:
    reader = Browser(editor.living, "duzhe", [])
    answer = reader.client.post(place, data={"do": "keep"}, headers=SCRIPT)
    assert answer.status_code == 403
    assert editor.living.rows("SELECT count(*) FROM unsaved_form")[0][0] == 0


def test_the_other_forms_are_kept_as_well(editor: Browser, living_sqlite: Living) -> None:
    """A law's change and its case, one change over many, the calendar, an end: kept, found again, dropped, saved."""
    living, reviewer = living_sqlite, Browser(living_sqlite, "shenhe", ["review", "publish"])
    other, item = Browser(living, "lisi", ["edit"]), living.item_called(FELLING)
    law, title = law_of(living)
    amend = {"outcome": "amend", "title": title, "number": "第99号", "document/number": "令第99号"}
    published(editor, reviewer, editor.post(f"/office/law/{law}", amend | {"from": TODAY}))
    case = editor.get("/office/law").html.split('href="/office/law-changes/')[1].split('"')[0]
    resting = living.rows(
        f"SELECT DISTINCT l.subject_id FROM link l WHERE l.target = '{law}' AND l.subject_id LIKE 'qdi-%'"
    )
    many = {"q": FELLING, "path": "consult_phone", "value": PHONE, "from": TODAY}
    asked = "&".join(f"{name}={value}" for name, value in many.items())
    forms: list[tuple[str, str, dict[str, str]]] = [
        (f"/office/law/{law}", f"/office/law/{law}", {"from": TODAY, "outcome": "repeal"}),
        (
            f"/office/law-changes/{case}",
            f"/office/law-changes/{case}",
            {"way": "remove", "subject": resting[0][0]},
        ),
        (f"/office/many?{asked}", "/office/many", many | {"item": item}),
        ("/office/calendar?year=2027", "/office/calendar", {"year": "2027", "days_off": "2027-02-06"}),
        (f"/office/items/{item}/end", f"/office/items/{item}/end", {"from": TODAY, "outcome": "suspend"}),
    ]
    for page, address, given in forms:
        form = given | {"reason": "改到一半"}
        told = editor.client.post(address, data=form | {"do": "keep"}, headers=SCRIPT)
        assert "已暂存" in told.json()["said"], page
        again = editor.get(page)
        assert "还没有保存的内容" in again.words, page
        assert "改到一半" in again.words, page
        assert "改到一半" not in other.get(page).words, page
        assert page.split("?")[0] in editor.get("/office").html, page
        editor.post(address, given | {"do": "drop"})
        assert "改到一半" not in editor.get(page).words, page
        editor.post(address, form | {"do": "keep"})
        saved = editor.post(address, form)
        assert saved.headers["location"].startswith("/office/changesets/"), page
        assert "还没有保存的内容" not in editor.get(page).words, page
    assert living.rows("SELECT count(*) FROM unsaved_form")[0][0] == 0


# --- the forms of a round


def kept_at(browser: Browser, to: str, **fields: str) -> dict[str, Any]:
    answer = browser.client.post(to, data={**fields, "do": "keep"}, headers=SCRIPT)
    assert answer.status_code == 200, answer.text[:500]
    return answer.json()


def round_of(editor: Browser) -> tuple[str, str]:
    """Where a round over one organ has its desk, and the page of one of its items."""
    item = editor.living.item_called(FELLING)
    authority = editor.living.get(f"/items/{item}").json()["authority"]["id"]
    asked = {"title": "第三批清理", "base_day": TODAY, "authorities": authority, "do": "open"}
    desk = editor.post("/office/rounds/new", asked).headers["location"]
    return desk, f"{desk}/items/{item}"


@pytest.mark.parametrize("place", ["/office/rounds/new", "/office/rounds/record"])
def test_opening_a_round_is_kept_as_it_is_typed(editor: Browser, place: str) -> None:
    fields = {"title": "第四批清理", "number": "第四批", "base_day": "2026-09-01"}
    assert "已暂存" in kept_at(editor, place, **fields)["said"]
    page = editor.get(place)
    assert "还没有保存的内容" in page.words
    assert 'value="第四批清理"' in page.html
    assert place in {where for where, _ in editor.get("/office").links}
    assert "第四批清理" not in Browser(editor.living, "lisi", ["edit"]).get(place).html
    assert editor.post(place, fields | {"do": "open"}).headers["location"] != place
    assert "还没有保存的内容" not in editor.get(place).words
    kept_at(editor, place, **fields)
    assert editor.post(place, do="drop").headers["location"] == place
    assert "第四批清理" not in editor.get(place).html


def test_a_proposal_and_the_opinion_of_it_are_kept_as_they_are_typed(editor: Browser) -> None:
    _, place = round_of(editor)
    kept_at(editor, f"{place}/proposal", called=FELLING, outcome="取消", day="2027-03-01", reason="不再需要")
    page = editor.get(place)
    assert "还没有保存的内容" in page.words
    assert "不再需要" in page.html
    assert editor.get("/office").link(f"清理意见：{FELLING}") == place
    said = {"outcome": "保留", "day": "2027-03-01", "reason": "仍需办理"}
    assert editor.post(f"{place}/proposal", said).status_code == 303
    assert "还没有保存的内容" not in editor.get(place).words
    reviewer = Browser(editor.living, "shenhe", ["review"])
    kept_at(reviewer, f"{place}/opinion", called=FELLING, why="依据不足")
    page = reviewer.get(place)
    assert 'value="依据不足"' in page.html
    assert "不再需要" not in page.html
    assert reviewer.get("/office").link(f"审核清理意见：{FELLING}") == f"{place}?role=review"
    assert "依据不足" not in editor.get(place).html
    assert reviewer.post(f"{place}/opinion", {"opinion": "return", "why": "依据不足"}).status_code == 303
    assert reviewer.living.rows("SELECT count(*) FROM unsaved_form")[0][0] == 0


def test_what_is_changed_in_a_review_is_kept_too(editor: Browser) -> None:
    _, place = round_of(editor)
    editor.post(f"{place}/proposal", {"outcome": "保留", "day": "2027-03-01"})
    reviewer = Browser(editor.living, "shenhe", ["review"])
    fields = {"called": FELLING, "why": "应当压缩", "outcome": "调整", "limit": "3个工作日"}
    kept_at(reviewer, f"{place}/opinion", **fields)
    page = reviewer.get(place)
    assert 'value="3个工作日"' in page.html
    assert "<details open><summary>改成别的决定" in page.html
    assert reviewer.post(f"{place}/opinion", do="drop").headers["location"] == f"{place}?role=review"
    assert 'value="3个工作日"' not in reviewer.get(place).html


def test_enter_in_the_reason_is_no_opinion(editor: Browser) -> None:
    """A browser takes the first button of a form for Enter in one of its fields: it is none that binds."""
    _, place = round_of(editor)
    editor.post(f"{place}/proposal", {"outcome": "保留", "day": "2027-03-01"})
    form = Browser(editor.living, "shenhe", ["review"]).get(place).html.split('/opinion"')[-1]
    assert re.search(r"<button[^>]*>", form)[0] == '<button class="default" disabled hidden>'  # type: ignore[index]


def test_an_ending_kept_with_no_date_comes_back(editor: Browser, place: str) -> None:
    end = place.replace("/edit", "/end")
    typed = {"outcome": "cancel", "words": "写到一半"}
    for day in ("下个月", "1990-01-01"):
        assert editor.post(end, {**typed, "from": day}, do="keep").status_code == 303
        page = editor.get(end)
        assert (filled(page)["from"], filled(page)["words"]) == ([day], ["写到一半"])
        assert day in page.words, "it is said what is wrong with the day"
        refused = editor.post(end, {**typed, "from": day})
        assert refused.status_code == 422
        assert (filled(Page(refused.text))["from"], filled(Page(refused.text))["words"]) == (
            [day],
            ["写到一半"],
        )
    assert editor.post(end, {**typed, "from": TODAY}, reason="不再办理").status_code == 303
    assert "写到一半" not in editor.get(end).html
