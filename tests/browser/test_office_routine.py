"""The office's everyday work in a browser with scripts: few pages, few clicks, or none at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from browser_serving import served
from browsing import Browser
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect
from seeded import FELLING, TODAY, Living
from test_office_attaching import ENACT, PDF
from test_office_organs import held, organs

from app.web.office.doors.visiting import COOKIE

PAGES, CLICKS = 5, 12
"""Of a routine change by two people, each."""


@dataclass
class Person:
    """What somebody does: the pages that were loaded and the clicks of the mouse, from the desk on."""

    page: Page
    said: list[str] = field(default_factory=list)
    pages: int = -1
    """The desk is where they are."""

    def clicks(self) -> int:
        return int(self.page.evaluate("Number(sessionStorage.getItem('clicks') || 0)"))


@pytest.fixture
def enter(browser: Chromium, living_sqlite: Living) -> Iterator[Any]:
    contexts = []
    with served(living_sqlite) as site:

        def entering(browsing: Browser) -> Person:
            context = browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 900})
            contexts.append(context)
            cookie = {"name": COOKIE, "value": browsing.client.cookies[COOKIE], "domain": "127.0.0.1"}
            context.add_cookies([cookie | {"path": "/office"}])  # type: ignore[list-item]
            person = Person(context.new_page())
            person.page.on("console", lambda message: person.said.append(message.text))
            person.page.on("load", lambda: setattr(person, "pages", person.pages + 1))
            person.page.add_init_script(
                "addEventListener('click', (event) => event.detail > 0 && sessionStorage.setItem("
                "'clicks', Number(sessionStorage.getItem('clicks') || 0) + 1), true)"
            )
            person.page.goto(f"{site}/office")
            return person

        yield entering
        for context in contexts:
            context.close()


def test_a_routine_change_by_two_people(enter: Any, living_sqlite: Living) -> None:
    """From the desk: a phone changes; the other reads it, approves, publishes."""
    editor = enter(Browser(living_sqlite, "bianji", ["edit"]))
    reviewer_browser = Browser(living_sqlite, "shenhe", ["review", "publish"])
    page = editor.page
    page.get_by_role("link", name="找一个事项来改").click()
    page.get_by_role("searchbox").fill(FELLING)
    page.keyboard.press("Enter")
    page.get_by_role("link", name=f"修改{FELLING}").click()
    page.locator("[name=consult_phone]").click()
    page.locator("[name=consult_phone]").fill("0826-7654321")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="提交审核").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("待审核")
    reviewer = enter(reviewer_browser)
    page = reviewer.page
    page.get_by_role("link", name=FELLING).click()
    expect(page.locator("#effects")).to_contain_text("0826-7654321")
    page.get_by_role("button", name="批准").click()
    page.locator("summary", has_text="发布").last.click()
    expect(page.get_by_text("发布后不能收回")).to_be_visible()
    page.get_by_role("button", name="确定发布").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("已发布")
    item = living_sqlite.item_called(FELLING)
    assert living_sqlite.get(f"/items/{item}").json()["content"]["consult_phone"] == "0826-7654321"
    for one in (editor, reviewer):
        assert 0 < one.pages <= PAGES
        assert 0 < one.clicks() <= CLICKS
        assert one.said == []


def test_an_item_is_edited_by_keyboard_alone(enter: Any, living_sqlite: Living) -> None:
    """Found, a citation and a material added with the picker, saved and handed in: no click at all."""
    living_sqlite.publish(ENACT | {"timing": "late_entry", "reason": "补录"})
    editor = enter(Browser(living_sqlite, "bianji", ["edit"]))
    page = editor.page

    def tab_to(selector: str) -> None:
        """What a person does with Tab, without counting how often; and it is where the focus can go."""
        for _ in range(400):
            if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
                return
            page.keyboard.press("Tab")
        raise AssertionError(selector)

    tab_to("a[href='/office/items']:not(nav a)")
    page.keyboard.press("Enter")
    page.wait_for_url("**/office/items")
    tab_to("#q")
    page.keyboard.type(FELLING)
    page.keyboard.press("Enter")
    page.wait_for_url("**/office/items?q=*")
    tab_to("main a[href*='/edit']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/edit*")
    add = page.locator("button[value='add:citations']")
    add.focus()
    page.keyboard.press("Enter")
    row = page.locator("#citations details.row").last
    expect(row.locator("[name$='/role']")).to_be_focused()
    tab_to("[name^='citations/+'][name$='/instrument']")
    page.keyboard.type("夜市")
    expect(row.locator("datalist option").first).to_have_attribute("value", "夜市管理条例")
    page.keyboard.type("管理条例")
    tab_to("[name^='citations/+'][name$='/article']")
    page.keyboard.type("第九条")
    expect(row.locator("[data-article]")).to_have_text("设立夜市应当登记。")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/office/changesets/*")
    expect(page.locator("#effects")).to_contain_text("夜市管理条例")
    tab_to("form[action$='/submit'] button")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("待审核")
    assert editor.clicks() == 0
    assert editor.said == []


def test_a_file_is_chosen_where_its_fingerprint_stands(enter: Any, living_sqlite: Living) -> None:
    editor = enter(Browser(living_sqlite, "bianji", ["edit"]))
    page = editor.page
    page.goto(page.url + f"/items/{living_sqlite.item_called(FELLING)}/edit")
    field = page.locator("[name$='/blank_form']").first
    around = field.locator("xpath=ancestor::*[contains(concat(' ', @class, ' '), ' field ')][1]")
    chosen = around.locator("input[type=file]")
    chosen.set_input_files({"name": "表.pdf", "mimeType": "application/pdf", "buffer": b"<html>"})
    expect(around.get_by_role("status")).to_contain_text("和它的类型不符")
    chosen.set_input_files({"name": "表.pdf", "mimeType": "application/pdf", "buffer": PDF})
    expect(around.get_by_role("status")).to_have_text("已存入：表.pdf")
    digest = living_sqlite.rows("SELECT digest FROM stored_file")[0][0]
    expect(field).to_have_value(digest)


def test_an_organ_is_merged_by_two_people(enter: Any, living_sqlite: Living) -> None:
    """From the desk: what it touches is read, one draft is made, the other one publishes it; the items have gone on."""
    living = living_sqlite
    (first, name), (other, into), *_ = organs(living)
    items = held(living, first, TODAY)
    editor = enter(Browser(living, "bianji", ["edit"]))
    reviewer_browser = Browser(living, "shenhe", ["review", "publish"])
    page = editor.page
    page.get_by_role("link", name="机关合并、更名").click()
    page.get_by_role("searchbox").fill(name)
    page.keyboard.press("Enter")
    page.get_by_role("link", name=f"{name}：合并").click()
    expect(page.locator("#touched")).to_contain_text(f"随机关走的事项（{len(items)}）")
    page.get_by_label("由现有的机关接续").fill(into)
    page.get_by_role("button", name="看会涉及什么").click()
    expect(page.locator("#touched tbody td").last).to_have_text(into)
    page.get_by_label("理由").fill("机构改革")
    page.get_by_role("button", name="拟变更单").click()
    page.get_by_role("button", name="提交审核").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("待审核")
    reviewer = enter(reviewer_browser)
    page = reviewer.page
    page.get_by_role("link", name=f"合并：{name}").click()
    expect(page.locator("#effects")).to_contain_text(into)
    page.get_by_role("button", name="批准").click()
    page.locator("summary", has_text="发布").last.click()
    page.get_by_role("button", name="确定发布").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("已发布")
    assert held(living, first, TODAY) == []
    assert set(items) <= set(held(living, other, TODAY))
    assert editor.said == reviewer.said == []
