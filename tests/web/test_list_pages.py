"""Lists of an authority or a region as of a day, on the page and as files."""

from __future__ import annotations

import csv
import io

import python_calamine
from pypdf import PdfReader
from reading import read
from seeded import FELLING, TODAY, Living, new_item
from test_handouts import RARE, needs_font

SAND = "从事营利性治沙活动新办许可（县级权限）"
HEADS = ["编码", "事项名称", "类型", "行使层级", "实施机关", "设定依据", "法定时限", "承诺时限", "状态"]


def whose(living: Living) -> tuple[str, str]:
    found = living.get(f"/items/{living.item_called(FELLING)}").json()
    return found["authority"]["id"], found["region"]["id"]


def table(living: Living, **asked: str) -> list[list[str]]:
    answer = living.client.get("/lists.csv", params=asked)
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_a_list_has_the_items_of_its_day(asking: Living) -> None:
    authority, _ = whose(asking)
    rows = table(asking, authority=authority)
    assert rows[0] == HEADS
    names = {row[1] for row in rows[1:]}
    assert FELLING in names
    assert SAND not in names, "cancelled from 2025-10-01"
    assert SAND in {row[1] for row in table(asking, authority=authority, on="2025-09-30")}


def test_page_csv_xlsx_and_json_say_the_same(asking: Living) -> None:
    authority, _ = whose(asking)
    rows = table(asking, authority=authority)
    book = asking.client.get("/lists.xlsx", params={"authority": authority}).content
    sheet = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0)
    assert [list(map(str, row)) for row in sheet.to_python()] == rows
    listed = asking.client.get("/lists.json", params={"authority": authority}).json()
    assert [list(row.values()) for row in listed["rows"]] == rows[1:]
    assert listed["on"] == TODAY
    page = read(asking, "/lists", authority=authority)
    assert f"{len(rows) - 1} 项" in page.words
    assert all(row[1] in page.words for row in rows[1:])


def test_the_list_of_a_region_holds_those_of_all_below_it(asking: Living) -> None:
    _, region = whose(asking)
    own = {row[0] for row in table(asking, region=region)}
    above = asking.rows(f"SELECT parent FROM timeline WHERE subject_id = '{region}'")[0][0]
    assert own < {row[0] for row in table(asking, region=above)}


def test_services_are_no_powers(asking: Living) -> None:
    _, region = whose(asking)
    powers = {row[0] for row in table(asking, region=region)[1:]}
    services = {row[0] for row in table(asking, region=region, kind="service")[1:]}
    assert services
    assert not powers & services


def test_a_duty_list_has_a_row_for_each_duty(living_sqlite: Living) -> None:
    duties = [
        {"key": "d1", "stage": "受理", "matter": "公示应当提交的材料", "accountability": "不依法公示的"},
        {"key": "d2", "stage": "决定", "matter": "作出决定"},
    ]
    living_sqlite.publish(new_item(living_sqlite, "有责任的事项", content={"responsibilities": duties}))
    authority, _ = whose(living_sqlite)
    rows = [row for row in table(living_sqlite, authority=authority, kind="duty") if row[1] == "有责任的事项"]
    assert [row[4:6] for row in rows] == [["受理", "公示应当提交的材料"], ["决定", "作出决定"]]


def test_a_cell_that_a_spreadsheet_would_run_is_quoted(living_sqlite: Living) -> None:
    living_sqlite.publish(new_item(living_sqlite, '=HYPERLINK("http://x")'))
    authority, _ = whose(living_sqlite)
    assert '\'=HYPERLINK("http://x")' in {row[1] for row in table(living_sqlite, authority=authority)}


def test_long_lists_are_paged(asking: Living) -> None:
    country = asking.rows("SELECT subject_id FROM timeline WHERE kind = 'region' AND parent IS NULL")[0][0]
    first = read(asking, "/lists", region=country)
    assert "第 1 / 2 页" in first.words
    assert len(first.named("tr")) == 201
    assert "第 2 / 2 页" in read(asking, first.link("下一页")).words


def test_internal_items_are_on_no_list(hostile_registry) -> None:
    rows = table(hostile_registry, region=hostile_registry.office.district)
    assert len(rows) > 3
    assert "机密的壬号事项" not in {row[1] for row in rows}


def test_whose_list_must_be_said(asking: Living) -> None:
    assert asking.client.get("/lists.csv").status_code == 422
    assert "权力清单" in read(asking, "/lists").words


@needs_font
def test_rare_characters_of_names_are_in_the_pdf_of_a_list(living_sqlite: Living) -> None:
    living_sqlite.publish(new_item(living_sqlite, RARE))
    answer = living_sqlite.client.get("/lists.pdf", params={"authority": whose(living_sqlite)[0]})
    assert answer.status_code == 200, answer.text
    told = "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)
    assert RARE in "".join(told.split())


@needs_font
def test_a_long_code_stays_within_its_column_of_the_pdf(asking: Living) -> None:
    item = asking.get(f"/items/{asking.item_called(FELLING)}").json()
    answer = asking.client.get("/lists.pdf", params={"authority": item["authority"]["id"]})
    told = "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)
    assert len(item["code"]) > 50
    assert item["code"] not in told, "one line of it would run over the names beside it"
    assert item["code"] in "".join(told.split())
