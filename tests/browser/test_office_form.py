"""The item form in a browser that runs scripts: what is typed is kept without a click, and found again."""

from __future__ import annotations

from browser_serving import served
from browsing import Browser
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect
from seeded import FELLING, Living

from app.web.office.doors.visiting import COOKIE


def test_what_is_typed_is_kept_by_itself(browser: Chromium, living_sqlite: Living) -> None:
    editor = Browser(living_sqlite, "bianji", ["edit"])
    place = f"/office/items/{living_sqlite.item_called(FELLING)}/edit"
    cookie = {
        "name": COOKIE,
        "value": editor.client.cookies[COOKIE],
        "domain": "127.0.0.1",
        "path": "/office",
    }
    with served(living_sqlite) as site:
        context = browser.new_context(locale="zh-CN")
        context.add_cookies([cookie])  # type: ignore[list-item]
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
