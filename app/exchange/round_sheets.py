"""The report of a round as a workbook (XLSX): sums, groups, 调整对照表, annexes."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

import xlsxwriter

from app.exchange.round_words import GROUP_COLUMNS, GROUPS, group_rows, overview
from app.rounds.tables import Table

WIDEST = 60


def write_xlsx(report: dict[str, Any], tables: Sequence[Table]) -> bytes:
    """``report`` as ``rounds.report`` gives it. Every cell is text or a number, never a formula."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    head = book.add_format(
        {"bold": True, "bg_color": "#EDEDED", "border": 1, "text_wrap": True, "valign": "top"}
    )
    cell = book.add_format({"border": 1, "text_wrap": True, "valign": "top"})
    _sheet(book, "汇总", ("项目", "数值"), overview(report), head, cell)
    for name, title, code in GROUPS:
        _sheet(book, title, (code, *GROUP_COLUMNS), group_rows(report[name]), head, cell)
    for table in tables:
        _sheet(book, table.title, table.columns, table.rows, head, cell)
    book.close()
    return out.getvalue()


def _sheet(
    book: Any, title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], head: Any, cell: Any
) -> None:
    sheet = book.add_worksheet(title[:31])
    listed = [tuple(row) for row in rows]
    sheet.write_row(0, 0, columns, head)
    for at, row in enumerate(listed, start=1):
        sheet.write_row(at, 0, row, cell)
    for at, column in enumerate(columns):
        longest = max((_width(row[at]) for row in listed[:500]), default=0)
        sheet.set_column(at, at, min(WIDEST, max(_width(column), longest) + 2))
    sheet.freeze_panes(1, 0)
    if listed:
        sheet.autofilter(0, 0, len(listed), len(columns) - 1)


def _width(value: Any) -> int:
    """In Latin letters: a Chinese one takes two."""
    return max(
        (sum(2 if ord(char) > 255 else 1 for char in line) for line in str(value).split("\n")), default=0
    )
