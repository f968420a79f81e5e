"""Every problem of a file, laid aside while it is read, and written as the report that a clerk works through.

A report is JSON, CSV or XLSX by the suffix of its name. Problems of one kind stand together in the order of the
file, errors first. They wait on disk, so that memory stays flat on a file of any size.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

import orjson
import xlsxwriter

from app.exchange.quality import SEVERITIES, TITLES, UNDISCLOSED, Found, Quality, in_weight
from app.exchange.tables import as_data

KEPT = 1 << 16
"""Bytes of one kind that wait in memory; more go to a file without a name."""
HEADS = ("级别", "问题", "行", "列", "位置", "说明和处理办法", "代码")
WIDTHS = (8, 28, 8, 24, 40, 80, 24)
SHEET_ROWS = 1_000_000
"""Rows of one sheet; the format ends a little later."""
MOST_CHARS = 32_767

_ROW = re.compile(r"第(\d+)行")
_COLUMN = re.compile(r"“([^”]+)”列?$")


class Listing:
    """Takes every finding; gives them back by kind. One per reading."""

    def __init__(self) -> None:
        self._files: dict[str, IO[bytes]] = {}
        self.total = 0

    def append(self, found: Found) -> None:
        severity, code, where, message = found
        file = self._files.get(code)
        if file is None:
            file = self._files[code] = SpooledTemporaryFile(max_size=KEPT)  # noqa: SIM115  closed by ``close``
        file.write(orjson.dumps((severity, code, where, message)) + b"\n")
        self.total += 1

    def extend(self, found: Iterable[Found]) -> None:
        for one in found:
            self.append(one)

    def of(self, code: str) -> Iterator[Found]:
        """All of one kind, in the order of the file."""
        file = self._files.get(code)
        if file is not None:
            file.seek(0)
            for line in file:
                severity, kind, where, message = orjson.loads(line)
                yield severity, kind, where, message

    def close(self) -> None:
        for file in self._files.values():
            file.close()


def write_report(path: Path, quality: Quality, listing: Listing) -> None:
    """The whole report into a file; what its suffix does not tell is JSON. Raises OSError."""
    writers = {".csv": _write_csv, ".xlsx": _write_xlsx}
    writers.get(path.suffix.lower(), _write_json)(path, quality, listing)


def _codes(quality: Quality) -> list[str]:
    return [*(code for code, _ in in_weight(quality.findings)), UNDISCLOSED]


def _rows(quality: Quality, listing: Listing) -> Iterator[tuple[str, ...]]:
    for code in _codes(quality):
        for severity, _, where, message in listing.of(code):
            row, column = place_of(where)
            title = TITLES.get(code, code)
            yield SEVERITIES[severity], title, row, column, where, message, code


def place_of(where: str) -> tuple[str, str]:
    """The number of the row and the name of the column that a place says; empty where it says none."""
    row, column = _ROW.search(where), _COLUMN.search(where)
    return row.group(1) if row else "", column.group(1) if column else ""


def _write_json(path: Path, quality: Quality, listing: Listing) -> None:
    """The counts of ``Quality.report``; under ``problems``, one a line, every problem."""
    head = orjson.dumps(quality.report(), option=orjson.OPT_INDENT_2).removesuffix(b"\n}")
    with path.open("wb") as file:
        file.write(head + b',\n  "problems": [')
        between = b"\n    "
        for code in _codes(quality):
            for severity, _, where, message in listing.of(code):
                row, column = place_of(where)
                problem = {
                    "code": code,
                    "severity": severity,
                    "row": int(row) if row else None,
                    "column": column or None,
                    "where": where,
                    "message": message,
                }
                file.write(between + orjson.dumps(problem))
                between = b",\n    "
        file.write(b"\n  ]\n}\n")


def _write_csv(path: Path, quality: Quality, listing: Listing) -> None:
    """UTF-8 with the mark that spreadsheets need; what would run as a formula is quoted."""
    with path.open("w", encoding="utf-8-sig", errors="replace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADS)
        for row in _rows(quality, listing):
            writer.writerow(as_data(row))


def _write_xlsx(path: Path, quality: Quality, listing: Listing) -> None:
    """概况 with the counts, then 问题, with a further sheet where one is full. Every cell a text, but numbers."""
    with path.open("wb") as file:
        book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_urls": False})
        bold = book.add_format({"bold": True})
        about = book.add_worksheet("概况")
        about.set_column(0, 0, 100)
        for number, line in enumerate(quality.text(places=False).splitlines()):
            about.write_string(number, 0, line[:MOST_CHARS])
        sheet, at, sheets = None, SHEET_ROWS, 0
        for row in _rows(quality, listing):
            if sheet is None or at >= SHEET_ROWS:
                sheets += 1
                sheet = book.add_worksheet("问题" if sheets == 1 else f"问题{sheets}")
                for column, (head, width) in enumerate(zip(HEADS, WIDTHS, strict=True)):
                    sheet.set_column(column, column, width)
                    sheet.write_string(0, column, head, bold)
                sheet.freeze_panes(1, 0)
                at = 1
            for column, cell in enumerate(row):
                if HEADS[column] == "行" and cell:
                    sheet.write_number(at, column, int(cell))
                else:
                    sheet.write_string(at, column, cell[:MOST_CHARS])
            at += 1
        book.close()
