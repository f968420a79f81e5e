"""Annexes as they really look: headers of two rows, totals below, 〃 for the same again, columns unforeseen."""

from __future__ import annotations

import zipfile

import docx
import xlsxwriter
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from failing_cells import failing

from app.exchange import annex_reading, document_tables
from app.exchange.annex_reading import AnnexMapping, read_annex


def read(path):
    rows, problems = read_annex(path, AnnexMapping())
    assert problems == []
    return rows


def table(document, *rows):
    made = document.add_table(rows=len(rows), cols=max(len(row) for row in rows))
    for cells, row in zip(made.rows, rows, strict=True):
        for cell, text in zip(cells.cells, row, strict=False):
            cell.text = text
    return made


def merged(made, top, left, bottom, right):
    text = made.cell(top, left).text
    made.cell(top, left).merge(made.cell(bottom, right)).text = text


def test_a_header_of_two_rows_and_one_printed_again(tmp_path):
    document = docx.Document()
    document.add_paragraph("附件2　下放管理层级的行政审批项目目录（共2项）")
    made = table(
        document,
        ("序号", "项目名称", "实施机关", "", "设定依据"),
        ("", "", "原实施机关", "下放后实施机关", ""),
        ("1", "省内调运植物检疫证书核发", "省林业局", "县级林业主管部门", "《植物检疫条例》"),
        ("序号", "项目名称", "原实施机关", "下放后实施机关", "设定依据"),
        ("2", "野外用火活动审批", "〃", "〃", "同上"),
        ("合计", "2项", "", "", ""),
    )
    merged(made, 0, 2, 0, 3)
    for column in (0, 1, 4):
        merged(made, 0, column, 1, column)
    document.save(path := tmp_path / "附件.docx")
    first, second = read(path)
    assert (first["number"], first["name"], second["name"]) == (
        "1",
        "省内调运植物检疫证书核发",
        "野外用火活动审批",
    )
    for row in (first, second):
        assert (row["authority"], row["receiver"], row["basis"]) == (
            "省林业局", "县级林业主管部门", "《植物检疫条例》",
        )  # fmt: skip


def test_what_no_field_is_for_is_kept_in_the_note_and_sub_items_stay_apart(tmp_path):
    path = tmp_path / "附件.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("附件1 取消")
        sheet.merge_range(0, 0, 0, 4, "取消的行政权力事项目录")
        sheet.write_row(1, 0, ["序号", "项目\n名称", "子项名称", "实施主体", "备注"])
        sheet.merge_range(2, 0, 3, 0, 1)
        sheet.merge_range(2, 1, 3, 1, "临时占用林地\n审批")
        sheet.merge_range(2, 3, 3, 3, "市林业局")
        sheet.write_row(2, 2, ["1.首次申请"])
        sheet.write_row(3, 2, ["2.延续"])
        sheet.write(3, 4, "＊")
        sheet.write_row(4, 0, ["小计", "", 1])
    rows = read(path)
    assert [row["name"] for row in rows] == ["临时占用林地审批"] * 2
    assert [row["authority"] for row in rows] == ["市林业局"] * 2
    assert [row["note"] for row in rows] == ["子项名称：1.首次申请", "＊；子项名称：2.延续"]


def test_the_same_again_has_something_above_it_or_stays_as_written(tmp_path):
    path = tmp_path / "附件.csv"
    path.write_bytes("序号,事项名称,实施机关\n1,甲,〃\n2,乙,林业局\n3,丙,″\n".encode("gb18030"))
    assert [row["authority"] for row in read(path)] == ["〃", "林业局", "林业局"]


def document_of(path, rows):
    """A .docx whose only table has these rows, as they stand in XML."""
    document = docx.Document()
    made = table(document, ("序号", "项目名称"))
    for cells in rows:
        made._tbl.append(parse_xml(f"<w:tr {nsdecls('w')}>{cells}</w:tr>"))
    document.save(path)
    return path


def cell(text, marks=""):
    return f"<w:tc><w:tcPr>{marks}</w:tcPr><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>"


CONTINUED = cell("", "<w:vMerge/>")


def codes(path):
    return [one.code for one in read_annex(path, AnnexMapping())[1]]


def test_a_cell_that_says_it_covers_a_million_columns_is_refused(tmp_path):
    wide = cell("甲", '<w:gridSpan w:val="1000000"/>')
    assert codes(document_of(tmp_path / "a.docx", [cell("1") + wide])) == ["zip-bomb"]


def test_a_number_of_columns_that_is_none_is_a_broken_document(tmp_path):
    assert codes(document_of(tmp_path / "a.docx", [cell("1", '<w:gridSpan w:val="x"/>')])) == ["broken-docx"]


def test_a_document_that_is_no_xml_is_a_broken_document(tmp_path):
    path = document_of(tmp_path / "a.docx", [])
    with zipfile.ZipFile(path) as packed:
        parts = {one: packed.read(one) for one in packed.namelist()}
    with zipfile.ZipFile(path, "w") as packed:
        for one, body in parts.items():
            packed.writestr(one, b"<not closed" if one == "word/document.xml" else body)
    assert codes(path) == ["broken-docx"]


def test_a_cell_may_be_merged_over_more_rows_than_a_call_may_be_deep(tmp_path):
    first = cell("1") + cell("甲") + cell("同一依据", '<w:vMerge w:val="restart"/>')
    rows = [first] + [cell(str(n)) + cell("乙") + CONTINUED for n in range(2, 1200)]
    document = document_of(tmp_path / "a.docx", rows)
    found = read_annex(document, AnnexMapping(columns={"": "basis"}))
    assert len(found[0]) == 1199
    assert found[1] == []


def test_a_long_text_that_many_rows_share_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(annex_reading, "MOST_TEXT", 10_000)
    first = cell("1") + cell("甲" * 1000, '<w:vMerge w:val="restart"/>')
    rows = [first] + [cell(str(n)) + CONTINUED for n in range(2, 12)]
    assert codes(document_of(tmp_path / "a.docx", rows[:5])) == []
    assert codes(document_of(tmp_path / "b.docx", rows)) == ["zip-bomb"]


def test_a_document_of_very_many_marks_is_refused(tmp_path, monkeypatch):
    path = document_of(tmp_path / "a.docx", [cell("1") + cell("甲")])
    monkeypatch.setattr(document_tables, "MOST_TAGS", 100)
    assert codes(path) == ["zip-bomb"]


def test_a_cell_whose_formula_failed_is_told(tmp_path):
    path = tmp_path / "附件.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("附件1 取消")
        sheet.write_row(0, 0, ["序号", "项目名称", "实施主体"])
        sheet.write_row(1, 0, [1, "临时占用林地审批", "#REF!"])
    path.write_bytes(failing(path.read_bytes()))
    _, problems = read_annex(path, AnnexMapping())
    assert [(one.code, one.where) for one in problems] == [
        ("cell-error", "附件.xlsx·附件1 取消 第2行“实施主体”列")
    ]
