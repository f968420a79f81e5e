"""The item form in a browser that runs scripts: what is typed is kept without a click, and found again."""

from __future__ import annotations

from browser_serving import served
from browsing import POST, Browser
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect
from seeded import FELLING, Living

from app.web.office.doors.visiting import COOKIE


def cookie_of(person: Browser) -> dict[str, str]:
    value = person.client.cookies[COOKIE]
    return {"name": COOKIE, "value": value, "domain": "127.0.0.1", "path": "/office"}


def test_what_is_typed_is_kept_by_itself(browser: Chromium, living_sqlite: Living) -> None:
    editor = Browser(living_sqlite, "bianji", ["edit"])
    place = f"/office/items/{living_sqlite.item_called(FELLING)}/edit"
    with served(living_sqlite) as site:
        context = browser.new_context(locale="zh-CN")
        context.add_cookies([cookie_of(editor)])  # type: ignore[list-item]
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(site + place)
        page.locator("[name=consult_phone]").fill("0826-7654321")
        expect(page.locator("#kept")).to_contain_text("已暂存")
        page.goto(site + "/office")
        page.get_by_role("link", name=FELLING).click()
        expect(page.locator("[name=consult_phone]")).to_have_value("0826-7654321")
        page.locator("summary", has_text="放弃这些").click()
        page.get_by_role("button", name="放弃这些，重新填").click()
        expect(page.locator("[name=consult_phone]")).not_to_have_value("0826-7654321")
        assert said == [], "nothing is refused by the policy"
        context.close()


def test_an_answer_is_emptied_again_in_the_tab_that_kept_it(browser: Chromium, living_sqlite: Living) -> None:
    for words in ("电话打不通，请更新。", "窗口要了身份证复印件。"):
        living_sqlite.client.post("/feedback", data={"kind": "wrong", "words": words}, headers=POST)
    editor = Browser(living_sqlite, "bianji", ["edit"])
    with served(living_sqlite) as site:
        context = browser.new_context(locale="zh-CN")
        context.add_cookies([cookie_of(editor)])  # type: ignore[list-item]
        one, other = context.new_page(), context.new_page()
        for page in (one, other):
            page.goto(site + "/office/feedback")
        one.get_by_label("答复（凭").first.fill("正在核实，")
        expect(one.locator("#kept")).to_contain_text("已暂存")
        other.get_by_label("答复（凭").last.fill("已转窗口，")
        expect(other.locator("#kept")).to_contain_text("已暂存")
        with one.expect_response(lambda answer: answer.request.method == "POST"):
            one.get_by_label("答复（凭").first.fill("")
        other.reload()
        expect(other.get_by_label("答复（凭").first).to_have_value("")
        expect(other.get_by_label("答复（凭").last).to_have_value("已转窗口，")
        context.close()


def test_a_link_to_a_field_shows_its_label_too(browser: Chromium, living_sqlite: Living) -> None:
    editor = Browser(living_sqlite, "bianji", ["edit"])
    place = f"/office/items/{living_sqlite.item_called(FELLING)}/edit"
    with served(living_sqlite) as site:
        context = browser.new_context(locale="zh-CN", reduced_motion="reduce")
        context.add_cookies([cookie_of(editor)])  # type: ignore[list-item]
        page = context.new_page()
        page.goto(f"{site}{place}#consult_phone")
        expect(page.locator("[name=consult_phone]")).to_be_in_viewport(ratio=1)
        expect(page.locator("label[for=consult_phone]")).to_be_in_viewport(ratio=1)
        context.close()
