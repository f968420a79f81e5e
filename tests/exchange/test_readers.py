"""Files to rows: every fault has a place and says what to do; nothing crashes, nothing is evaluated."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter
from failing_cells import failing

from app.exchange import cell_errors, readers, unpacking
from app.exchange.readers import read_rows
from app.exchange.reading import ImportReading
from app.exchange.records import Problem
from app.exchange.rows import Row

Read = Callable[..., ImportReading]


def rows_of(path: Path) -> tuple[list[Row], list[Problem]]:
    problems: list[Problem] = []
    return list(read_rows(path, problems.append)), problems


def written(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def sheet(folder: Path, rows: list[list[object]], name: str = "t.xlsx") -> Path:
    path = folder / name
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False}) as book:
        page = book.add_worksheet()
        for at, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, str) and value.startswith("=="):
                    page.write_formula(at, column, value[1:], value=42)
                else:
                    page.write(at, column, value)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_is_read_in_every_usual_encoding(tmp_path: Path, encoding: str) -> None:
    text = "名称,部门\r\n食品经营许可（新办）,㐀区\r\n"
    rows, problems = rows_of(written(tmp_path, "a.csv", text.encode(encoding)))
    assert rows == [Row("a.csv 第2行", {"名称": "食品经营许可（新办）", "部门": "㐀区"})]
    assert problems == []


def test_a_row_over_several_lines_says_where_it_begins(tmp_path: Path) -> None:
    rows, _ = rows_of(written(tmp_path, "a.csv", 'a,b\n"一\n二",x\n三,y\n'))
    assert [row.where for row in rows] == ["a.csv 第2行", "a.csv 第4行"]
    assert rows[0].values["a"] == "一\n二"


def test_semicolons_and_tabs_divide_too_and_blank_rows_are_no_rows(tmp_path: Path) -> None:
    rows, _ = rows_of(written(tmp_path, "a.csv", "a;b\n;\n1;2\n"))
    assert [row.values for row in rows] == [{"a": "1", "b": "2"}]
    rows, _ = rows_of(written(tmp_path, "a.tsv", "a\tb\n1\t2\n"))
    assert [row.values for row in rows] == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize(
    ("content", "code", "place"),
    [
        ("", "missing-header", "f.csv"),
        ("a,,c\n1,2,3\n", "missing-header", "第2列"),
        ("a,b,a\n1,2,3\n", "duplicate-column", "“a”列"),
        ('a,b\n1,"two" three\n', "broken-quoting", "第2行"),
        ('a,b\n1,2\n3,"never closed\n', "broken-quoting", "第3行"),
        ("a,b\n1,2,3\n", "long-row", "第2行"),
        ("a,b\n1,x\x00y\n", "nul-character", "“b”列"),
        ("a,b\n1," + "长" * 60_001 + "\n", "text-too-long", "“b”列"),
        (b"a,b\n\xff\xff,1\n", "bad-encoding", "f.csv"),
    ],
)
def test_faults_of_csv_are_told_with_their_place(
    tmp_path: Path, content: str | bytes, code: str, place: str
) -> None:
    _, problems = rows_of(written(tmp_path, "f.csv", content))
    assert [(problem.code, problem.severity) for problem in problems] == [(code, "error")]
    assert place in problems[0].where
    assert "请" in problems[0].message or "应" in problems[0].message
    assert not re.search("[a-z]{3} [a-z]{3}", problems[0].message), "no English of a library"


def test_a_short_row_is_read_and_warned_about(tmp_path: Path) -> None:
    rows, problems = rows_of(written(tmp_path, "f.csv", "a,b,c\n1,2\n"))
    assert [row.values for row in rows] == [{"a": "1", "b": "2"}]
    assert [problem.code for problem in problems] == ["short-row"]


def test_all_faulty_cells_of_a_row_are_told_at_once(tmp_path: Path) -> None:
    _, problems = rows_of(written(tmp_path, "f.csv", "a,b\n\x001,\x002\n"))
    assert [problem.where for problem in problems] == ["f.csv 第2行“a”列", "f.csv 第2行“b”列"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"a": 1', "broken-json"),
        (b"[1, 2]", "broken-json"),
        (b'{"a": "\\ud800"}', "broken-json"),
        (b'{"a": "\xff"}', "broken-json"),
        (b'{"a": NaN}', "broken-json"),
        (b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}", "broken-json"),
        (b'{"a": ' + b'{"b": ' * 300 + b"1" + b"}" * 301, "broken-json"),
        (b'{"a": 1, "a": 2}', "duplicate-column"),
        (b'{"a": [{"b": 1, "c": "", "b": 1}]}', "duplicate-column"),
        (b'{"a": "\\u003a", "a": ""}', "duplicate-column"),
        (b'{"a": {"b": ["\\u0000"]}}', "nul-character"),
        (b'{"a": "' + b"x" * 60_001 + b'"}', "text-too-long"),
    ],
)
def test_faults_of_json_lines_are_told_with_their_line(tmp_path: Path, line: bytes, code: str) -> None:
    rows, problems = rows_of(
        written(tmp_path, "f.jsonl", b'\xef\xbb\xbf{"a": "ok"}\n\n' + line + b'\n{"a": "b"}\n')
    )
    assert [row.values for row in rows] == [{"a": "ok"}, {"a": "b"}]
    assert [problem.code for problem in problems] == [code]
    assert "第3行" in problems[0].where


def test_a_name_may_stand_in_several_objects_and_a_colon_in_a_text(tmp_path: Path) -> None:
    line = '{"a": {"a": "8:00\\u003a30", "b": [{"a": ":"}, {"a": 1}]}, "b" : "a:1"}'
    rows, problems = rows_of(written(tmp_path, "f.jsonl", line + "\n"))
    assert problems == []
    assert [row.values for row in rows] == [{"a": {"a": "8:00:30", "b": [{"a": ":"}, {"a": 1}]}, "b": "a:1"}]


def test_an_endless_line_is_refused_without_being_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "MAX_LINE", 1000)
    rows, problems = rows_of(written(tmp_path, "f.jsonl", b'{"a":1}\n' + b"x" * 5000))
    assert len(rows) == 1
    assert [problem.code for problem in problems] == ["line-too-long"]


def test_a_sheet_is_read_and_its_formulas_are_data(tmp_path: Path) -> None:
    rows, problems = rows_of(
        sheet(
            tmp_path,
            [
                ["名称", "数", "公式", "文字", "日"],
                ["甲", 20, "==1+1", "=HYPERLINK(1)", True],
                [None, None],
                ["乙", 1.5, "", "", ""],
            ],
        )
    )
    assert problems == []
    assert rows[0].values == {"名称": "甲", "数": 20, "公式": 42, "文字": "=HYPERLINK(1)", "日": True}
    assert [row.where for row in rows] == ["t.xlsx 第2行", "t.xlsx 第4行"]


def test_a_long_code_typed_as_a_number_has_lost_its_digits(tmp_path: Path) -> None:
    _, problems = rows_of(sheet(tmp_path, [["编码"], [114507213485314350]]))
    assert [problem.code for problem in problems] == ["number-lost-digits"]


def test_an_empty_sheet_has_no_header(tmp_path: Path) -> None:
    _, problems = rows_of(sheet(tmp_path, []))
    assert [problem.code for problem in problems] == ["missing-header"]


def test_a_zip_bomb_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MAX_UNPACKED", 1_000_000)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 5_000_000)
    _, problems = rows_of(written(tmp_path, "f.xlsx", packed.getvalue()))
    assert [problem.code for problem in problems] == ["zip-bomb"]


def test_a_zip_bomb_that_lies_about_its_size_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "MAX_UNPACKED", 1_000_000)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 5_000_000)
    lying = packed.getvalue().replace(struct.pack("<I", 5_000_000), struct.pack("<I", 10))
    _, problems = rows_of(written(tmp_path, "f.xlsx", lying))
    assert [problem.code for problem in problems] == ["zip-bomb"]


@pytest.mark.parametrize("name", ["f.xlsx", "f.docx", "f"])
def test_what_is_no_table_is_refused(tmp_path: Path, name: str) -> None:
    _, problems = rows_of(written(tmp_path, name, b"not a table at all"))
    assert [problem.severity for problem in problems] == ["error"]


def test_a_missing_file_is_a_problem_not_a_crash(tmp_path: Path) -> None:
    _, problems = rows_of(tmp_path / "none.csv")
    assert [problem.code for problem in problems] == ["unreadable-file"]


def test_blanks_at_the_edges_of_a_cell_are_nobodys_words(tmp_path: Path) -> None:
    for path in (
        written(tmp_path, "t.csv", "机关,名称\n区林业局　, 采伐 \n".encode()),
        sheet(tmp_path, [["机关", "名称"], ["区林业局　", " 采伐 "]]),
    ):
        rows, problems = rows_of(path)
        assert [row.values for row in rows] == [{"机关": "区林业局", "名称": "采伐"}]
        assert problems == []


@pytest.mark.parametrize("shown", ["5.11602E+11", "1e+15"])
def test_a_code_that_was_saved_as_a_spreadsheet_shows_it_has_lost_its_digits(
    tmp_path: Path, shown: str
) -> None:
    for path in (
        written(tmp_path, "t.csv", f"编码,名称\n{shown},甲\n".encode()),
        sheet(tmp_path, [["编码", "名称"], [shown, "甲"]]),
    ):
        _, problems = rows_of(path)
        assert [problem.code for problem in problems] == ["number-lost-digits"]
        assert "“编码”列" in problems[0].where


def test_a_cell_whose_formula_failed_is_no_blank(tmp_path: Path) -> None:
    path = sheet(tmp_path, [["a", "b"], ["1", "#REF!"], ["2", "x"], ["#N/A", "#VALUE!"], ["", "y"]])
    path.write_bytes(failing(path.read_bytes()))
    rows, problems = rows_of(path)
    assert [row.values for row in rows] == [{"a": "2", "b": "x"}, {"a": "", "b": "y"}]
    assert [(one.severity, one.code, one.where) for one in problems] == [
        ("error", "cell-error", "t.xlsx 第2行“b”列"),
        ("error", "cell-error", "t.xlsx 第4行“a”列"),
        ("error", "cell-error", "t.xlsx 第4行“b”列"),
    ]
    assert "#REF!" in problems[0].message


def test_errors_are_found_where_columns_are_free_and_cells_without_a_place(tmp_path: Path) -> None:
    path = sheet(tmp_path, [["", "a", "b"], ["", "1", "#REF!"]])
    path.write_bytes(failing(path.read_bytes()))
    assert [one.where for one in rows_of(path)[1]] == ["t.xlsx 第2行“b”列"]
    plain = sheet(tmp_path, [["a", "b"], ["1", "#REF!"]])
    with (
        zipfile.ZipFile(io.BytesIO(failing(plain.read_bytes()))) as given,
        zipfile.ZipFile(plain, "w") as made,
    ):
        for part in given.namelist():
            xml = given.read(part)
            made.writestr(part, re.sub(rb'<c r="[A-Z0-9]+"', b"<c", xml) if "worksheets/" in part else xml)
    assert [one.where for one in rows_of(plain)[1]] == ["t.xlsx 第2行“b”列"]


def test_a_sheet_full_of_errors_is_refused_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cell_errors, "MOST", 3)
    path = sheet(tmp_path, [["a"], *[["#REF!"] for _ in range(4)]])
    path.write_bytes(failing(path.read_bytes()))
    rows, problems = rows_of(path)
    assert (rows, [one.code for one in problems]) == ([], ["cell-error"])
    assert "3 个以上" in problems[0].message
