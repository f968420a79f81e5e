"""The report file lists every problem, in each of its formats; the screen shows a few."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import orjson
import pytest
from exchange_cases import ATTESTED, FLAT, items
from python_calamine import CalamineWorkbook

from app.exchange import every_problem
from app.exchange.every_problem import HEADS, Listing, place_of, write_report
from app.exchange.quality import Quality
from app.exchange.reading import read_records

ROWS = 30
Listed = tuple[Quality, Listing]


@pytest.fixture
def listed(tmp_path: Path) -> Listed:
    """Of a table in which each row has an odd bracket, an unreadable level, no code and nothing disclosed."""
    path = tmp_path / "items.csv"
    rows = "".join(f"{at},=许可（{at},01,九,甲县,110101,甲局\n" for at in range(ROWS))
    path.write_text("id,name,type,level,place,area,organ\n" + rows)
    every = Listing()
    reading = read_records(path, FLAT, ATTESTED, every=every)
    assert len(items(reading)) == ROWS
    return reading.quality, every


def counts(quality: Quality) -> dict[str, int]:
    return {code: one.count for code, one in quality.findings.items()} | {"not-disclosed": ROWS}


def test_json_has_every_problem_with_row_and_column(tmp_path: Path, listed: Listed) -> None:
    quality, every = listed
    write_report(tmp_path / "report.json", quality, every)
    report = orjson.loads((tmp_path / "report.json").read_bytes())
    problems = report["problems"]
    assert Counter(one["code"] for one in problems) == counts(quality)
    assert {"unbalanced-brackets", "unreadable-value", "no-code"} <= counts(quality).keys()
    unreadable = [one for one in problems if one["code"] == "unreadable-value"]
    assert [(one["row"], one["column"]) for one in unreadable] == [(at + 2, "level") for at in range(ROWS)]
    undisclosed = [one for one in problems if one["code"] == "not-disclosed"]
    assert [one["row"] for one in undisclosed] == list(range(2, ROWS + 2))
    assert "申请材料" in undisclosed[0]["message"]
    assert report["findings"]["unreadable-value"]["count"] == ROWS


def test_csv_opens_in_a_spreadsheet_and_runs_nothing(tmp_path: Path, listed: Listed) -> None:
    quality, every = listed
    write_report(tmp_path / "report.csv", quality, every)
    with (tmp_path / "report.csv").open(encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    assert tuple(head) == HEADS
    assert Counter(row[-1] for row in rows) == counts(quality)
    assert not [cell for row in rows for cell in row if cell.startswith("=")]


def test_a_workbook_has_counts_and_every_problem(
    tmp_path: Path, listed: Listed, monkeypatch: pytest.MonkeyPatch
) -> None:
    quality, every = listed
    monkeypatch.setattr(every_problem, "SHEET_ROWS", 41)
    write_report(tmp_path / "report.xlsx", quality, every)
    book = CalamineWorkbook.from_path(str(tmp_path / "report.xlsx"))
    about, *sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    assert any(f"{ROWS}处" in str(row[0]) for row in about if row)
    rows = [row for head, *below in sheets for row in below if tuple(head) == HEADS]
    assert len(sheets) > 1
    assert Counter(row[-1] for row in rows) == counts(quality)
    assert {type(row[2]) for row in rows} == {float}


def test_what_waits_goes_to_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(every_problem, "KEPT", 100)
    every = Listing()
    every.extend([("note", "a", f"第{at}行", "甲") for at in range(50)])
    every.append(("error", "b", "", "乙"))
    assert [where for _, _, where, _ in every.of("a")] == [f"第{at}行" for at in range(50)]
    assert list(every.of("b")) == [("error", "b", "", "乙")]
    assert list(every.of("c")) == []
    assert every.total == 51


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ("a.csv 第7行（x“甲”）“名称”列", ("7", "名称")),
        ("a.jsonl 第12行“content.type”", ("12", "content.type")),
        ("a.csv", ("", "")),
    ],
)
def test_row_and_column_of_a_place(where: str, place: tuple[str, str]) -> None:
    assert place_of(where) == place
