"""Lists of items as files: CSV, XLSX and JSON lines of the same rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

import orjson

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


def json_of(about: dict[str, object], heads: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """``about`` and under ``rows`` each row by its heads."""
    return orjson.dumps({**about, "rows": [dict(zip(heads, row, strict=True)) for row in rows]})
