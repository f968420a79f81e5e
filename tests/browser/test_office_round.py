"""A small round from opening to the public page: two people in two browsers, by mouse, keyboard and file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from holding import fill
from playwright.sync_api import Browser, Page, expect
from seeded import FELLING, Living

from app.auth import signing_in
from app.auth.accounts import add_account
from app.auth.passwords import POLICIES

PHRASE = "lamps under the old bridge"
DAY = "2027-03-01"
BUREAU = "广安市广安区林业局"
Person = Callable[..., Page]


@pytest.fixture
def person(browser: Browser, site: str, living_sqlite: Living) -> Iterator[Person]:
    """Signs somebody in, in a browser of their own."""
    contexts = []

    def enter(name: str, *rights: str, wide: int = 1280, script: bool = True) -> Page:
        with living_sqlite.database.writing() as session:
            account = add_account(session, name, list(rights))
            signing_in.set_password(session, account, PHRASE, POLICIES["asvs"])
        context = browser.new_context(
            viewport={"width": wide, "height": 900}, locale="zh-CN", java_script_enabled=script
        )
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{site}/office/sign-in")
        page.get_by_label("账号").fill(name)
        page.get_by_label("密码").fill(PHRASE)
        page.get_by_role("button", name="登录").click()
        return page

    yield enter
    for context in contexts:
        context.close()


def open_round(page: Page, site: str, bureau: bool = True) -> str:
    """Opens a round over the forestry bureau's items, chosen from what the count shows, or over all; its address."""
    page.goto(f"{site}/office/rounds")
    page.get_by_role("link", name="开始新的一轮").click()
    page.get_by_label("标题 必填").fill("第三批清理")
    page.get_by_label("批次").fill("第三批")
    page.get_by_label("拟施行日期").fill(DAY)
    if bureau:
        before = page.locator("#count .figure").inner_text()
        page.get_by_text("实施机关（").click()
        page.get_by_label(BUREAU).check()
        expect(page.locator("#count .figure")).not_to_have_text(before)
    page.get_by_role("button", name="立项").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("第三批清理 草稿")
    return page.url


def test_two_people_take_a_round_to_the_public_page(
    person: Person, site: str, living_sqlite: Living, tmp_path: Path
) -> None:
    editor, reviewer = person("bianji", "edit"), person("shenhe", "review", "publish")
    desk = open_round(editor, site)
    total = editor.locator("tr[id^='i-']").count()
    # Two rows by keyboard: a digit chooses and goes on, Ctrl+Enter saves.
    editor.locator("select[data-row]").first.focus()
    editor.keyboard.press("1")
    editor.keyboard.press("1")
    expect(editor.locator("select[data-row]").nth(2)).to_be_focused()
    editor.keyboard.press("Control+Enter")
    expect(editor.get_by_role("status").first).to_contain_text("已保存 2 项")
    # One by worksheet.
    editor.goto(f"{desk}/worksheets")
    with editor.expect_download() as started:
        editor.get_by_role("link", name="全部（每个机关一张工作表").click()
    sheet = tmp_path / "表.xlsx"
    started.value.save_as(sheet)
    item = living_sqlite.item_called(FELLING)
    fill(sheet, {item: {"outcome": "调整", "limit": "很快"}})
    editor.locator("#file").set_input_files(sheet)
    editor.get_by_role("button", name="导入", exact=True).click()
    expect(editor.locator("main table").first).to_contain_text("拟承诺时限")
    fill(sheet, {item: {"outcome": "调整", "limit": "6个工作日"}})
    editor.locator("#file").set_input_files(sheet)
    editor.get_by_role("button", name="导入", exact=True).click()
    expect(editor.locator(".notice.good")).to_contain_text("提出 1 项")
    # The rest at once, after one question.
    editor.goto(desk)
    editor.locator(".bar").get_by_label("处理意见").select_option("保留")
    editor.get_by_role("button", name="用于符合条件").click()
    editor.get_by_role("button", name="确定").click()
    expect(editor.get_by_role("status").first).to_contain_text("已保存")
    reviewer.goto(f"{desk}?state=proposed")
    expect(reviewer.locator("tr[id^='i-']")).to_have_count(total)
    reviewer.locator(".bar select[name=opinion]").select_option("agree")
    reviewer.get_by_role("button", name="用于符合条件").click()
    reviewer.get_by_role("button", name="确定").click()
    expect(reviewer.get_by_role("status").first).to_contain_text(f"已保存 {total} 项")
    # The document; handed in; approved and published by the other.
    editor.goto(desk)
    editor.get_by_label("文号").fill("广区府发〔2027〕1号")
    editor.get_by_label("文件标题").fill("关于第三批清理的决定")
    editor.get_by_role("button", name="保存", exact=True).click()
    editor.get_by_role("button", name="提交审批").click()
    expect(editor.get_by_role("heading", level=1)).to_contain_text("待审核")
    expect(editor.get_by_role("button", name="批准")).to_have_count(0)
    reviewer.goto(f"{desk}/rehearsal")
    expect(reviewer.locator(".lead")).to_contain_text(f"纳入清理的事项共 {total} 项")
    reviewer.goto(desk)
    reviewer.get_by_role("button", name="批准").click()
    reviewer.locator("#acts .sure > summary").click()
    reviewer.get_by_role("button", name="确定发布").click()
    expect(reviewer.locator(".lead")).to_contain_text(f"保留 {total} 项（其中调整 1 项）")
    reviewer.get_by_role("link", name="公开页面", exact=True).last.click()
    expect(reviewer.locator("main")).to_contain_text("广区府发〔2027〕1号")
    expect(reviewer.locator("main .lead")).to_contain_text("1 项缩短了承诺时限")
    living_sqlite.assert_sound()


def test_a_long_run_of_items_is_decided_by_keyboard_alone(person: Person, site: str) -> None:
    """One key an item; the next is in the focus each time, and all are saved at once."""
    editor = person("bianji", "edit")
    open_round(editor, site, bureau=False)
    rows = editor.locator("select[data-row]")
    assert rows.count() > 40
    rows.first.focus()
    for at in range(40):
        expect(rows.nth(at)).to_be_focused()
        editor.keyboard.press("1")
    expect(rows.nth(40)).to_be_focused()
    editor.keyboard.press("Control+Enter")
    expect(editor.get_by_role("status").first).to_contain_text("已保存 40 项")


def test_every_option_of_a_row_has_a_key_of_its_own(person: Person, site: str) -> None:
    editor = person("bianji", "edit")
    open_round(editor, site)
    rows = editor.locator("select[data-row]")
    rows.first.focus()
    labels = rows.first.locator("option").all_inner_texts()[1:]
    keys = [label.split()[0] for label in labels]
    assert [len(key) for key in keys] == [1] * len(labels)
    for at, label in enumerate(labels[-3:]):
        expect(rows.nth(at)).to_be_focused()
        editor.keyboard.press(label.split()[0])
        expect(rows.nth(at)).to_have_value(label.split()[1])
    rows.first.focus()
    editor.keyboard.press("0")
    expect(rows.first).to_have_value("")
    expect(rows.nth(1)).to_be_focused()


def test_what_is_chosen_is_kept_when_the_desk_is_left(person: Person, site: str) -> None:
    editor = person("bianji", "edit")
    desk = open_round(editor, site)
    rows = editor.locator("select[data-row]")
    rows.first.focus()
    editor.keyboard.press("4")
    rows.nth(2).select_option("取消")
    kept = editor.locator("form[data-keys] [data-kept]")
    expect(kept).to_contain_text("已暂存")
    editor.get_by_role("link", name="待审核").first.click()
    expect(editor.locator("summary", has_text="另有 2 项选了还没有保存")).to_be_visible()
    editor.goto(desk)
    expect(rows.first).to_have_value("暂停")
    expect(rows.nth(2)).to_have_value("取消")
    rows.first.focus()
    editor.keyboard.press("0")
    expect(kept).to_contain_text("已暂存")
    editor.goto(desk)
    expect(rows.nth(2)).to_have_value("取消")
    expect(rows.first).to_have_value("")
