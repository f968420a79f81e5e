"""What people come for, from the first page to the end, without JavaScript."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from seeded import FELLING, Living, new_item

SAND = "从事营利性治沙活动新办许可（县级权限）"


def search(page: Page, site: str, words: str) -> None:
    page.goto(site)
    page.get_by_label("要办什么事？").fill(words)
    page.get_by_role("button", name="查找").click()


def test_everyday_words_find_the_item(reader: Page, site: str) -> None:
    search(reader, site, "砍树")
    reader.get_by_role("link", name=FELLING).first.click()
    expect(reader.get_by_role("heading", level=1)).to_have_text(FELLING)
    expect(reader.locator("#materials")).to_contain_text("伐区调查设计材料")
    expect(reader.locator("#limits")).to_contain_text("10个工作日")


def test_names_are_suggested_where_scripts_run(browser: Browser, site: str) -> None:
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(site)
    page.get_by_label("要办什么事？").press_sequentially("林木采伐")
    page.wait_for_selector("datalist option", state="attached")
    names = page.locator("datalist option").evaluate_all("all => all.map(one => one.value)")
    assert FELLING in names
    assert said == [], "nothing is refused by the policy"
    context.close()


def test_a_theme_of_life_leads_to_items(reader: Page, site: str) -> None:
    reader.goto(site)
    reader.locator(".themes").get_by_role("link", name="砍树").click()
    assert reader.locator(".hits > li").count() > 0


def test_a_cancelled_item_leads_on(reader: Page, site: str) -> None:
    search(reader, site, "营利性治沙")
    reader.get_by_role("link", name="终止").first.click()
    reader.get_by_role("link", name=SAND).first.click()
    expect(reader.locator(".notice.stop").first).to_contain_text("自 2025年10月1日起不再办理")
    expect(reader.locator(".notice.stop").first).to_contain_text("演示〔2025〕3号")
    expect(reader.locator(".notice.stop").first).to_contain_text("此后怎么办：取消后改为备案")


def test_a_merged_item_leads_to_its_successor(reader: Page, site: str, living_sqlite: Living) -> None:
    for name in ("甲证核发", "乙证核发"):
        living_sqlite.publish(new_item(living_sqlite, name))
    origins = [living_sqlite.item_called(name) for name in ("甲证核发", "乙证核发")]
    made = new_item(living_sqlite, "甲乙合一证核发", "2026-10-01")
    merged = {
        "outcome": "merge",
        "effective_from": "2026-10-01",
        "origins": [{"subject": one} for one in origins],
        "results": [{"content": made["content"]}],
    }
    document = {"title": "关于合并的决定", "number": "测试〔2026〕1号"}
    living_sqlite.publish(merged, document=document)
    reader.goto(f"{site}/items/{origins[0]}?on=2026-10-02")
    banner = reader.locator(".notice.stop").first
    expect(banner).to_contain_text("已合并：自 2026年10月1日起不再办理")
    expect(banner).to_contain_text("测试〔2026〕1号")
    banner.get_by_role("link", name="甲乙合一证核发").click()
    expect(reader.get_by_role("heading", level=1)).to_have_text("甲乙合一证核发")


def test_two_days_are_compared(reader: Page, site: str, living_sqlite: Living) -> None:
    reader.goto(f"{site}/items/{living_sqlite.item_called(FELLING)}")
    reader.get_by_label("比较", exact=True).fill("2025-06-01")
    reader.get_by_label("与", exact=True).fill("2025-10-01")
    reader.get_by_role("button", name="逐项比较").click()
    row = reader.locator("table.compare tr", has_text="承诺时限")
    expect(row.locator("del").first).to_have_text("20")
    expect(row.locator("ins").first).to_have_text("10")


def test_materials_are_ticked_and_printed(reader: Page, site: str, living_sqlite: Living) -> None:
    reader.goto(f"{site}/items/{living_sqlite.item_called(FELLING)}")
    box = reader.get_by_role("checkbox", name="伐区调查设计材料")
    box.check()
    expect(box).to_be_checked()
    reader.get_by_role("button", name="带着勾选去打印一次性告知单").click()
    expect(reader.get_by_text("共 2 份材料，已备 1 份，还缺 1 份。")).to_be_visible()
    expect(reader.get_by_role("checkbox", name="伐区调查设计材料")).to_be_checked()
    reader.emulate_media(media="print")
    expect(reader.get_by_role("navigation")).to_be_hidden()
    expect(reader.get_by_role("link", name="下载 PDF")).to_be_hidden()
    expect(reader.locator(".qr")).to_be_visible()
    assert reader.pdf(format="A4").startswith(b"%PDF")


def test_the_pdf_is_downloaded_with_what_was_ticked(reader: Page, site: str, living_sqlite: Living) -> None:
    reader.goto(f"{site}/items/{living_sqlite.item_called(FELLING)}/notice?have=m1")
    with reader.expect_download() as started:
        reader.get_by_role("link", name="下载 DOCX").click()
    assert started.value.suggested_filename == f"一次性告知单-{FELLING}-2026-09-28.docx"


def test_a_due_date_is_worked_out(reader: Page, site: str, living_sqlite: Living) -> None:
    reader.goto(f"{site}/items/{living_sqlite.item_called(FELLING)}")
    reader.get_by_label("受理日期").fill("2026-09-25")
    reader.get_by_role("button", name="推算办结日").click()
    expect(reader.locator(".due")).to_contain_text("2026年10月29日")
    expect(reader.locator(".due")).to_contain_text("2026年10月1日 至 2026年10月7日")


@pytest.mark.parametrize("wide", [390, 1280])
def test_a_region_narrows_the_results(reader: Page, site: str, wide: int) -> None:
    reader.set_viewport_size({"width": wide, "height": 844})
    search(reader, site, "许可")
    before = reader.locator(".sum b").first.inner_text()
    if not reader.locator(".facets").get_by_role("link", name="广安区").first.is_visible():
        reader.get_by_text("按地区、机关、类型筛选").click()
    reader.locator(".facets").get_by_role("link", name="广安区").first.click()
    expect(reader.locator(".chosen")).to_contain_text("地区：广安区")
    assert reader.locator(".sum b").first.inner_text() != before


def test_large_type_and_contrast_stay_chosen(reader: Page, site: str) -> None:
    reader.goto(f"{site}/search?q=许可")
    reader.get_by_role("link", name="大字", exact=True).click()
    expect(reader.locator("html.large")).to_have_count(1)
    assert "q=" in reader.url, "back where the reader was"
    reader.get_by_role("link", name="高对比").click()
    reader.goto(site)
    expect(reader.locator("html.large.contrast")).to_have_count(1)
    reader.get_by_role("link", name="恢复原来字号").click()
    expect(reader.locator("html.contrast")).to_have_count(1)
    expect(reader.locator("html.large")).to_have_count(0)


def test_everything_is_reached_by_keyboard(reader: Page, site: str) -> None:
    """From the first page to the printed notice with Tab, Enter and Space alone."""
    reader.goto(site)
    reader.keyboard.press("Tab")
    expect(reader.get_by_role("link", name="跳到正文")).to_be_focused()
    reader.keyboard.press("Enter")
    reader.keyboard.press("Tab")
    expect(reader.get_by_label("要办什么事？")).to_be_focused()
    reader.keyboard.type("砍树")
    reader.keyboard.press("Enter")
    _tab_to(reader, reader.get_by_role("link", name=FELLING).first)
    reader.keyboard.press("Enter")
    box = reader.get_by_role("checkbox").first
    _tab_to(reader, box)
    reader.keyboard.press("Space")
    expect(box).to_be_checked()
    _tab_to(reader, reader.get_by_role("button", name="带着勾选去打印一次性告知单"))
    reader.keyboard.press("Enter")
    expect(reader.get_by_text("已备 1 份")).to_be_visible()


def _tab_to(page: Page, wanted: object) -> None:
    for _ in range(120):
        page.keyboard.press("Tab")
        try:
            expect(wanted).to_be_focused(timeout=30)  # type: ignore[arg-type]
            return
        except AssertionError:
            continue
    raise AssertionError("never reached by Tab")


def test_a_kiosk_goes_on_large_and_begins_again(reader: Page, site: str) -> None:
    reader.set_viewport_size({"width": 1080, "height": 1920})
    answer = reader.goto(f"{site}/kiosk")
    assert answer is not None
    reader.get_by_role("link", name="砍树").click()
    reader.get_by_role("link", name=FELLING).first.click()
    expect(reader.locator("html.large.kiosk")).to_have_count(1)
    again = reader.reload()
    assert again is not None
    assert again.headers["refresh"] == "180; url=/kiosk", "left alone, the screen begins again"
    expect(reader.get_by_role("navigation", name="主导航")).to_be_hidden()
    for _ in range(2):  # the item, then its notice
        seen = reader.locator("a:visible").evaluate_all("all => all.map(one => one.getAttribute('href'))")
        assert len(seen) > 2
        assert [one for one in seen if re.search(r"^/api/|^/docs|\.(atom|pdf|docx)|#day$", one)] == []
        reader.goto(f"{reader.url.partition('?')[0]}/notice")
    reader.get_by_role("link", name="重新开始").click()
    expect(reader.get_by_role("heading", level=1)).to_have_text("请说要办什么事")
    reader.goto(f"{site}/kiosk?leave=1")
    expect(reader.locator("html.kiosk")).to_have_count(0)


def test_a_list_is_read_and_downloaded(reader: Page, site: str) -> None:
    reader.goto(f"{site}/lists")
    reader.get_by_role("link", name=re.compile("权力清单.*广安区")).click()
    expect(reader.get_by_role("heading", level=1)).to_have_text("广安区权力清单")
    with reader.expect_download() as started:
        reader.get_by_role("link", name="下载 Excel 表格").click()
    assert started.value.suggested_filename == "广安区权力清单-2026-09-28.xlsx"


def test_a_wrong_guide_is_reported_and_followed(reader: Page, site: str, living_sqlite: Living) -> None:
    reader.goto(f"{site}/items/{living_sqlite.item_called(FELLING)}")
    reader.get_by_role("link", name="请反馈").click()
    reader.get_by_label("被要求提交指南之外的材料或手续").check()
    reader.get_by_label("请写明情况").fill("窗口要我再交一份证明，指南上没有。")
    reader.get_by_role("button", name="提交").click()
    number = reader.locator("h1 .code").inner_text()
    reader.goto(f"{site}/feedback")
    reader.get_by_label("反馈编号").fill(number.lower())
    reader.get_by_role("button", name="查看").click()
    expect(reader.get_by_text("窗口要我再交一份证明")).to_be_visible()
    expect(reader.get_by_text("已收到，等待办理")).to_be_visible()


def test_the_first_hit_is_on_the_first_screen_in_large_type(browser: Browser, site: str) -> None:
    """The choices are folded on a phone, and stand open where there is room."""
    sizes = {"phone": (360, 740), "desk": (1440, 900)}
    seen = {}
    for name, (width, height) in sizes.items():
        context = browser.new_context(
            java_script_enabled=False, viewport={"width": width, "height": height}, locale="zh-CN"
        )
        cookie = {"name": "qingdan_display", "value": "large", "domain": "127.0.0.1", "path": "/"}
        context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        page.goto(f"{site}/search?q=许可")
        box = page.locator(".hits a").first.bounding_box()
        assert box is not None
        seen[name] = (box["y"] + box["height"] < height, page.get_by_label("截至").is_visible())
        if name == "phone":
            page.get_by_text("日期、类型、状态、排序").click()
            expect(page.get_by_label("截至")).to_be_visible()
        context.close()
    assert seen == {"phone": (True, False), "desk": (True, True)}


def test_a_list_is_printed_as_a_table_though_paper_is_narrow(
    reader: Page, site: str, living_sqlite: Living
) -> None:
    organ = living_sqlite.get(f"/items/{living_sqlite.item_called(FELLING)}").json()["authority"]["id"]
    reader.set_viewport_size({"width": 680, "height": 960})  # A4 within its margins
    reader.goto(f"{site}/lists?authority={organ}")
    row = reader.locator("table.cards tbody tr").first
    assert row.evaluate("e => getComputedStyle(e).display") == "block", "cards on a screen as narrow"
    reader.emulate_media(media="print")
    assert row.evaluate("e => getComputedStyle(e).display") == "table-row"
    expect(reader.locator("table.cards thead th").first).to_be_in_viewport()
    assert reader.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_print_leaves_out_what_paper_cannot_do(reader: Page, site: str, living_sqlite: Living) -> None:
    item = living_sqlite.item_called(FELLING)
    reader.emulate_media(media="print")
    for path in (f"/items/{item}", f"/items/{item}/compare", "/search?q=许可", "/lists", "/rounds/series"):
        reader.goto(site + path)
        for useless in ("nav", "button", "form.find", ".facets", ".skip", ".toc"):
            shown = [one for one in reader.locator(useless).all() if one.is_visible()]
            assert shown == [], (path, useless)
        expect(reader.get_by_role("heading", level=1)).to_be_attached()
        assert len(reader.locator("main").inner_text()) > 100, path
    reader.goto(f"{site}/items/{item}")
    expect(reader.get_by_text("伐区调查设计材料").first).to_be_visible()
