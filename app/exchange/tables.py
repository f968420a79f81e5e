"""Lists of items as files: CSV, XLSX and JSON lines of the same rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

import orjson
import xlsxwriter

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would run instead of showing it."""


def as_data(row: Iterable[str]) -> list[str]:
    """A row of CSV in which nothing runs."""
    return [f"'{cell}" if cell.startswith(FORMULA) else cell for cell in row]


def csv_of(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """UTF-8 with the mark that spreadsheets need to see it; what would run as a formula is quoted."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(heads)
    writer.writerows(map(as_data, rows))
    return b"\xef\xbb\xbf" + written.getvalue().encode("utf-8", "replace")


def xlsx_of(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """One sheet, every cell a text: codes keep their digits, and nothing is a formula or a link."""
    written = io.BytesIO()
    book = xlsxwriter.Workbook(
        written, {"in_memory": True, "constant_memory": True, "strings_to_urls": False}
    )
    sheet = book.add_worksheet(title[:31])
    bold = book.add_format({"bold": True})
    for column, head in enumerate(heads):
        sheet.write_string(0, column, head, bold)
    for number, row in enumerate(rows, 1):
        for column, cell in enumerate(row):
            sheet.write_string(number, column, cell[:32_767])
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(heads) - 1, 24)
    book.close()
    return written.getvalue()


def json_of(about: dict[str, object], heads: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """``about`` and under ``rows`` each row by its heads."""
    return orjson.dumps({**about, "rows": [dict(zip(heads, row, strict=True)) for row in rows]})
