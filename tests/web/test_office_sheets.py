"""A filtered set of items goes out as a workbook, is edited, and comes back as one changeset; tried first."""

from __future__ import annotations

import io
import re
import threading
import zipfile
from html import unescape
from typing import Any

import pytest
import xlsxwriter
from browsing import POST, Browser, elsewhere
from failing_cells import failing
from python_calamine import CalamineWorkbook
from reading import BROWSER, Page
from seeded import FELLING, Living, set_field

from app.web.office.forms import working
from app.web.office.many import workbook
from app.web.office.many.sheets import DROP, ITEMS

Book = dict[str, list[list[str]]]
PHONE = "0826-7654321"


@pytest.fixture
def living(living_sqlite: Living) -> Living:
    return living_sqlite


@pytest.fixture
def authority(living_sqlite: Living) -> str:
    return str(living_sqlite.get(f"/items/{living_sqlite.item_called(FELLING)}").json()["authority"]["id"])


def exported(editor: Browser, authority: str) -> Book:
    answer = editor.client.get(f"/office/many.xlsx?authority={authority}", headers=BROWSER)
    assert answer.status_code == 200, answer.text[:500]
    return book_of(answer.content)


def book_of(body: bytes) -> Book:
    with CalamineWorkbook.from_filelike(io.BytesIO(body)) as book:
        return {
            name: [[str(cell) for cell in row] for row in book.get_sheet_by_name(name).to_python()]
            for name in book.sheet_names
        }


def bytes_of(book: Book, formula: bool = False) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as made:
        for name, rows in book.items():
            sheet = made.add_worksheet(name)
            for at, row in enumerate(rows):
                for place, text in enumerate(row):
                    sheet.write_string(at, place, text)
            if formula:
                sheet.write_formula(1, 3, "=1+1", value="2")
    return out.getvalue()


def cell(book: Book, sheet: str, row: str, column: str, value: str) -> int:
    """Write into the row of an item or element; its number as spreadsheets count."""
    header, *rows = book[sheet]
    at, found = next((at, one) for at, one in enumerate(rows, start=2) if row in one)
    found[header.index(column)] = value
    return at


def bring(editor: Browser, body: bytes, status: int = 200, **fields: str) -> Page:
    answer = editor.client.post(
        "/office/many/file", files={"file": ("事项.xlsx", body)}, data=fields, headers=POST
    )
    if answer.status_code == 303:  # what was read has an address of its own
        answer = editor.client.get(answer.headers["location"], headers=BROWSER)
    assert answer.status_code == status, (answer.status_code, Page(answer.text).words[:800])
    return Page(answer.text)


def draft_of(editor: Browser, page: Page, status: int = 303, **fields: str) -> Any:
    told = {
        name: unescape(re.search(rf'name="{name}" value="([^"]*)"', page.html)[1])  # type: ignore[index]
        for name in ("cells", "from")
    }
    answer = editor.post("/office/many/file", told | {"reason": "表格改动", **fields})
    assert answer.status_code == status, Page(answer.text).words[:800]
    return answer


def drafts(living: Living) -> int:
    return living.rows("SELECT count(*) FROM changeset WHERE state = 'draft'")[0][0]


def test_what_was_not_edited_changes_nothing(editor: Browser, authority: str) -> None:
    book = exported(editor, authority)
    page = bring(editor, bytes_of(book))
    count = len(book[ITEMS]) - 1
    assert count > 1
    assert f"会改 0 个事项；{count} 个没有改动" in page.words
    noted = editor.living.rows("SELECT count(*) FROM access_log WHERE event = 'export'")
    assert noted[0][0] == 1


def test_edits_become_one_changeset(editor: Browser, authority: str) -> None:
    living, book = editor.living, exported(editor, authority)
    item = living.item_called(FELLING)
    other = next(row[0] for row in book[ITEMS][1:] if row[0] != item)
    before = living.get(f"/items/{item}").json()["content"]
    cell(book, ITEMS, item, "咨询电话", PHONE)
    cell(book, ITEMS, other, "咨询电话", "+86 826 7654321")
    materials = before["materials"]
    cell(book, "申请材料", materials[0]["key"], DROP, "是")
    cell(book, "申请材料", materials[1]["key"], book["申请材料"][0][3], "改过名的材料")
    header = book["申请材料"][0]
    book["申请材料"].append([item, "", "", "新加的材料", *[""] * (len(header) - 4)])
    page = bring(editor, bytes_of(book))
    assert "会改 2 个事项" in page.words
    assert PHONE in page.words
    assert drafts(living) == 0, "nothing is kept by trying"
    place = draft_of(editor, page).headers["location"]
    assert drafts(living) == 1
    changeset = place.rsplit("/", 1)[1]
    shown = living.client.get(f"/api/v1/changesets/{changeset}", headers=living.headers("editor")).json()
    assert {one["subject"] for one in shown["decisions"]} == {item, other}
    for who, move in (("editor", "submit"), ("reviewer", "approve"), ("publisher", "publish")):
        answer = living.post(who, f"/changesets/{changeset}/{move}")
        assert answer.status_code == 200, answer.text
    after = living.get(f"/items/{item}").json()["content"]
    assert after["consult_phone"] == PHONE
    names = [one["name"] for one in after["materials"]]
    assert names == ["改过名的材料", *[one["name"] for one in materials[2:]], "新加的材料"]
    assert {name: value for name, value in after.items() if name not in ("consult_phone", "materials")} == {
        name: value for name, value in before.items() if name not in ("consult_phone", "materials")
    }


def test_what_is_wrong_is_told_by_row_and_column_and_nothing_is_kept(editor: Browser, authority: str) -> None:
    living, book = editor.living, exported(editor, authority)
    item = living.item_called(FELLING)
    key = living.get(f"/items/{item}").json()["content"]["materials"][0]["key"]
    at = cell(book, ITEMS, item, "咨询电话", PHONE)
    cell(book, ITEMS, item, "事项类型", "行政魔法")
    cell(book, ITEMS, item, "名称", "")
    row = cell(book, "申请材料", key, DROP, "可能")
    book[ITEMS].append(["qdi-00000000", *[""] * (len(book[ITEMS][0]) - 1)])
    page = bring(editor, bytes_of(book), status=422)
    assert f"工作表“事项”第{at}行“事项类型”列" in page.words
    assert "没有“行政魔法”，可写的有：" in page.words
    assert f"工作表“事项”第{at}行“名称”列" in page.words
    assert f"工作表“申请材料”第{row}行“删去”列" in page.words
    assert f"工作表“事项”第{len(book[ITEMS])}行“编号”列" in page.words
    assert "拟变更单" not in page.words
    assert drafts(living) == 0
    link = page.link("下载标注了错误的表格")
    marked = book_of(editor.client.get(link, headers=BROWSER).content)
    assert {name: [line[: len(book[name][0])] for line in rows] for name, rows in marked.items()} == {
        name: [*rows] for name, rows in book.items()
    }, "as it came"
    assert marked[ITEMS][0][-1] == "错误"
    assert "没有“行政魔法”" in marked[ITEMS][at - 1][-1]
    assert "要删去这一行就写“是”" in marked["申请材料"][row - 1][-1]
    assert Browser(living, "lingyige", ["edit"]).client.get(link, headers=BROWSER).status_code == 404
    cell(marked, ITEMS, item, "事项类型", "行政许可")
    cell(marked, ITEMS, item, "名称", FELLING)
    cell(marked, "申请材料", key, DROP, "")
    marked[ITEMS].pop()
    assert "会改 1 个事项" in bring(editor, bytes_of(marked)).words, "mended in the marked copy"


def test_a_long_reading_is_left_and_found_again(
    editor: Browser, authority: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = exported(editor, authority)
    cell(book, ITEMS, editor.living.item_called(FELLING), "咨询电话", PHONE)
    monkeypatch.setattr(working, "AT_ONCE", 0)
    go = threading.Event()
    before = workbook.try_workbook

    def slowly(connection: Any, present: Any, body: bytes, on: str, tell: Any) -> Any:
        tell(3, 400)
        assert go.wait(60)
        return before(connection, present, body, on, tell)

    monkeypatch.setattr(workbook, "try_workbook", slowly)
    answer = editor.client.post(
        "/office/many/file", files={"file": ("事项.xlsx", bytes_of(book))}, headers=POST
    )
    place = answer.headers["location"]
    waiting = editor.client.get(place, headers=BROWSER)
    assert waiting.headers["refresh"] == "2"
    go.set()
    assert "会改 1 个事项" in editor.get(place).words
    with elsewhere(editor) as another:
        assert "会改 1 个事项" in another.get(place).words, "any process finds it"
    assert "再导入一次" in Browser(editor.living, "lingyige", ["edit"]).get(place, status=404).words
    assert "再导入一次" in editor.get("/office/many/file?tried=..%2F1", status=404).words


@pytest.mark.parametrize(
    "text", ["=1+1", '=HYPERLINK("http://evil.example")', "@SUM(A1)", "+cmd|' /C calc'!A0"]
)
def test_what_looks_like_a_formula_is_refused(editor: Browser, authority: str, text: str) -> None:
    book = exported(editor, authority)
    at = cell(book, ITEMS, editor.living.item_called(FELLING), "咨询电话", text)
    page = bring(editor, bytes_of(book), status=422)
    assert f"第{at}行“咨询电话”列" in page.words
    assert "像公式" in page.words


def test_a_workbook_with_formulas_is_refused(editor: Browser, authority: str) -> None:
    page = bring(editor, bytes_of(exported(editor, authority), formula=True), status=422)
    assert "表格里有公式" in page.words


def test_a_cell_whose_formula_failed_takes_nothing_away(editor: Browser, authority: str) -> None:
    book = exported(editor, authority)
    at = cell(book, ITEMS, editor.living.item_called(FELLING), "咨询电话", "#REF!")
    page = bring(editor, failing(bytes_of(book)), status=422)
    assert f"第{at}行“咨询电话”列" in page.words
    assert "公式出错" in page.words
    marked = editor.client.get(page.link("标注"), headers=BROWSER)
    assert "公式出错" in str(book_of(marked.content))


def test_text_that_begins_like_a_formula_goes_out_as_text(editor: Browser, authority: str) -> None:
    living = editor.living
    living.publish(set_field(living.item_called(FELLING), "consult_phone", "=2+3"))
    answer = editor.client.get(f"/office/many.xlsx?authority={authority}", headers=BROWSER)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        sheet = packed.read("xl/worksheets/sheet1.xml")
        assert b"<f>" not in sheet
        assert b"quotePrefix" in packed.read("xl/styles.xml")
    assert "没有改动" in bring(editor, bytes_of(exported(editor, authority))).words


def test_what_was_published_since_is_joined_or_told(editor: Browser, authority: str) -> None:
    living, book = editor.living, exported(editor, authority)
    item = living.item_called(FELLING)
    at = cell(book, ITEMS, item, "咨询电话", PHONE)
    living.publish(set_field(item, "complaint_phone", "0826-1112222"))
    page = bring(editor, bytes_of(book))
    assert "0826-1112222" not in page.words, "what the other changed stays and is no change of this one"
    living.publish(set_field(item, "consult_phone", "0826-3334444"))
    refused = draft_of(editor, page, status=422)
    assert "已另有变更发布" in refused.text
    page = bring(editor, bytes_of(book), status=422)
    assert f"第{at}行“咨询电话”列" in page.words
    assert "已另有变更发布" in page.words


@pytest.mark.parametrize("body", [b"", b"not a workbook", b"PK\x03\x04broken"])
def test_what_is_no_workbook_is_said(editor: Browser, body: bytes) -> None:
    page = bring(editor, body, status=422)
    assert "表格" in page.words


def test_another_scope_is_not_written(editor: Browser, authority: str) -> None:
    living = editor.living
    book = exported(editor, authority)
    cell(book, ITEMS, living.item_called(FELLING), "咨询电话", PHONE)
    (other,) = living.rows(
        f"SELECT authority FROM timeline WHERE kind = 'item' AND authority <> '{authority}' LIMIT 1"
    )
    stranger = Browser(living, "bieju", ["edit"], authority=other[0])
    refused = draft_of(stranger, bring(stranger, bytes_of(book)), status=403)
    assert "不在账号" in refused.text
    assert drafts(living) == 0
