"""A workbook that is small as a file and would take all memory once opened is refused before it is opened."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from app.errors import Invalid
from app.exchange import sheet_extent, unpacking
from app.exchange.annex_reading import AnnexMapping, read_annex
from app.exchange.list_files import proof_in
from app.exchange.readers import read_rows
from app.exchange.records import Problem
from app.exchange.rows import Refused
from app.exchange.sheets import every_sheet

SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
FAR = '<c r="XFD500" t="inlineStr"><is><t>x</t></is></c>'


def workbook(
    path: Path, *sheets: str, texts: str = "", after: str = "", place: str = "xl/worksheets/sheet{}.xml"
) -> Path:
    """A workbook of sheets whose rows are given as they stand in XML."""
    places = [place.format(number) for number in range(1, len(sheets) + 1)]
    related = "".join(
        f'<Relationship Id="r{n}" Type="{OFFICE}/worksheet" Target="/{place}"/>'
        for n, place in enumerate(places)
    )
    named = "".join(f'<sheet name="S{n}" sheetId="{n + 1}" r:id="r{n}"/>' for n in range(len(sheets)))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1"'
            f' Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        packed.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{SPREADSHEET}" xmlns:r="{OFFICE}"><sheets>{named}</sheets></workbook>',
        )
        packed.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships">{related}</Relationships>',
        )
        if texts:
            packed.writestr("xl/sharedStrings.xml", texts)
        for place, rows in zip(places, sheets, strict=True):
            packed.writestr(
                place, f'<worksheet xmlns="{SPREADSHEET}"><sheetData>{rows}</sheetData>{after}</worksheet>'
            )
    return path


def row(cells: str, number: int = 1) -> str:
    return f'<row r="{number}">{cells}</row>'


FIRST = row('<c r="A1" t="inlineStr"><is><t>name</t></is></c>')


@pytest.mark.parametrize(
    "far",
    [
        row(FAR, 500),
        row(FAR.replace('r="XFD500"', "t2='>' r = 'xfd500'"), 500),
        row(FAR.replace("<c ", "<!-- --><c\n"), 500),
        f'<x:row xmlns:x="{SPREADSHEET}"><x:c r="XFD500"><x:v>1</x:v></x:c></x:row>',
        row("<c><v>1</v></c>" * 8, 1_048_576) + row('<c r="H1"><v>1</v></c>'),
        row('<c r="XFC1"><v>1</v></c><c><v>1</v></c>') + row('<c r="A1000"><v>1</v></c>', 1000),
    ],
)
def test_two_cells_that_stand_far_apart_are_refused(tmp_path: Path, far: str) -> None:
    path = workbook(tmp_path / "f.xlsx", FIRST + far)
    with pytest.raises(Refused) as refused:
        every_sheet(path)
    assert refused.value.problem.code == "zip-bomb"
    assert "范围过大" in refused.value.problem.message


def test_every_reader_of_workbooks_refuses_it(tmp_path: Path) -> None:
    path, problems = workbook(tmp_path / "f.xlsx", FIRST + row(FAR, 500)), []
    assert list(read_rows(path, problems.append)) == []
    assert [one.code for one in problems] == ["zip-bomb"]
    assert [one.code for one in read_annex(path, AnnexMapping())[1]] == ["zip-bomb"]
    with pytest.raises(Invalid) as unproved:
        proof_in(path.read_bytes())
    assert isinstance(unproved.value.__cause__, Refused)


def test_a_part_is_a_sheet_by_what_it_holds_and_sheets_count_together(tmp_path: Path) -> None:
    half = FIRST + row('<c r="XFD250"><v>1</v></c>', 250)
    assert len(every_sheet(workbook(tmp_path / "f.xlsx", half))) == 1
    with pytest.raises(Refused, match="范围过大"):
        every_sheet(workbook(tmp_path / "g.xlsx", half, half, place="xl/media/picture{}.png"))


def test_formats_without_a_value_reach_as_far_as_they_like(tmp_path: Path) -> None:
    """Whole columns that were given a border are in many real files."""
    formats = row('<c r="A1048576" s="1"/><c r="XFD1048576" s="1"/>', 1_048_576)
    assert every_sheet(workbook(tmp_path / "f.xlsx", FIRST + formats)) == [("S0", [["name"]])]


def shared(path: Path, length: int, cells: int) -> Path:
    rows = "".join(row(f'<c r="A{n}" t="s"><v>1</v></c>', n) for n in range(1, cells + 1))
    texts = f"<sst><si><t>short</t></si><si><t>{'x' * length}</t></si></sst>"
    return workbook(path, rows, texts=texts)


def test_a_long_text_that_many_cells_share_is_refused(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(unpacking, "MAX_SHARED", 100_000)
    assert len(every_sheet(shared(tmp_path / "f.xlsx", 1000, 90))[0][1]) == 90
    with pytest.raises(Refused, match="文字过多"):
        every_sheet(shared(tmp_path / "g.xlsx", 1000, 110))


def test_numbers_are_not_taken_for_shared_texts(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(unpacking, "MAX_SHARED", 100_000)
    rows = "".join(row(f'<c r="A{n}"><v>1.5</v></c>', n) for n in range(1, 300))
    texts = f"<sst><si><t>{'x' * 1000}</t></si></sst>"
    assert len(every_sheet(workbook(tmp_path / "f.xlsx", rows, texts=texts))[0][1]) == 299


def test_room_for_texts_is_not_kept_on_the_word_of_the_file(tmp_path: Path) -> None:
    texts = '<sst uniqueCount="9000000"><si><t>a</t></si></sst>'
    with pytest.raises(Refused) as refused:
        every_sheet(workbook(tmp_path / "f.xlsx", FIRST, texts=texts))
    assert refused.value.problem.code == "broken-xlsx"


@pytest.mark.parametrize("part", ["xl/workbook.bin", "content.xml"])
def test_another_kind_of_workbook_under_any_name_is_not_opened(tmp_path: Path, part: str) -> None:
    path = workbook(tmp_path / "f.csv", FIRST)
    assert len(every_sheet(path)) == 1
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr(part, "<x/>")
    with pytest.raises(Refused) as refused:
        every_sheet(path)
    assert refused.value.problem.code == "broken-xlsx"


def test_an_archive_with_two_lists_of_parts_is_not_opened(tmp_path: Path) -> None:
    path = workbook(tmp_path / "f.xlsx", FIRST)
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(Refused):
        every_sheet(path)


def test_a_glance_says_no_less_than_counting_does() -> None:
    lengths = sheet_extent.shared_lengths([b"<sst><si><t>ab</t></si><si/></sst>"], 10)
    told = b'<sheetData><row r="1"><c r="B2" t="s"><v>0</v></c><c r="AA1"/><c r="C7"><v>9</v></c></row></sheetData>'
    glanced = sheet_extent.at_a_glance([told[:40], told[40:]], lengths)
    assert sheet_extent.exact([told], lengths) == (7, 3, lengths[0])
    assert glanced == (7, 27, lengths[0] + max(lengths))


def test_merged_cells_that_lie_over_each_other_are_refused(tmp_path: Path) -> None:
    rows = FIRST + "".join(row(f'<c r="B{n}"><v>1</v></c>', n) for n in range(2, 31))
    over = '<mergeCell ref="B2:B30"/>'

    def codes(name: str, merges: str) -> set[str]:
        problems: list[Problem] = []
        path = workbook(tmp_path / name, rows, after=f"<mergeCells>{merges}</mergeCells>")
        list(read_rows(path, problems.append))
        problems += read_annex(path, AnnexMapping(columns={"name": "name"}))[1]
        return {one.code for one in problems}

    assert "zip-bomb" not in codes(
        "f.xlsx", over + '<mergeCell ref="A2:A1048576"/><mergeCell ref="D1:XFD9"/>'
    )
    assert codes("g.xlsx", over * 10) == {"zip-bomb"}
