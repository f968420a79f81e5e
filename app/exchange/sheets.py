"""Spreadsheets to rows: which sheet, merged cells, and files that are no honest spreadsheet."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from app.exchange.cell_errors import ErrorCells
from app.exchange.records import Problem
from app.exchange.rows import Columns, Refused, Report, Row, as_row, header_of, report_lost_digits
from app.exchange.unpacking import BROKEN, require_workbook

_EXACT_INTEGER = 10**15
"""A spreadsheet keeps 15 digits of a number; longer codes typed as numbers have lost digits."""


class Line(NamedTuple):
    """A row of a sheet. ``heading``: one merged cell is all it has."""

    where: str
    cells: list[Any]
    heading: bool


def read_xlsx(path: Path, report: Report, columns: Columns, sheet: str | None = None) -> Iterator[Row]:
    """The rows of one sheet: the one named, else the only one with data; several are refused by name.

    A merged cell counts for every cell that it covers. A row that is one merged cell is a heading: above the
    column names it is passed over, below them it is told.
    """
    _require_workbook(path)
    header: list[str] = []
    for where, cells, heading in _lines(path, sheet):
        if not header:
            if not heading and any(cell != "" for cell in cells):
                header = header_of([str(_plain(cell)) for cell in cells], where)
                columns(header)
            continue
        if heading:
            _report_heading(report, where, str(next(cell for cell in cells if cell != "")))
            continue
        plain = [_plain(cell) for cell in cells]
        for column, value in zip(header, plain, strict=False):
            if isinstance(value, float) and abs(value) >= _EXACT_INTEGER:
                report_lost_digits(report, where, column)
        yield from as_row(header, plain, where, report)
    if not header:
        raise Refused("missing-header", path.name, "表格是空的，第一行应为列名")


def every_sheet(path: Path) -> list[tuple[str, list[list[Any]]]]:
    """(name, rows of cells from the sheet's first row on) of each sheet that is shown; a cell whose formula failed is a
    ``CellError``. Raises Refused."""
    _require_workbook(path)
    errors = ErrorCells(path)
    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            shown = [
                one.name
                for one in book.sheets_metadata
                if one.typ == SheetTypeEnum.WorkSheet and one.visible == SheetVisibleEnum.Visible
            ]
            return [(name, _rows(book.get_sheet_by_name(name), errors)) for name in shown]
    except (KeyboardInterrupt, MemoryError, Refused):
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise Refused("broken-xlsx", path.name, BROKEN) from None


def _require_workbook(path: Path) -> None:
    with path.open("rb") as file:
        require_workbook(file, path.name)


def _rows(page: CalamineSheet, errors: ErrorCells) -> list[list[Any]]:
    if not page.height:
        return []
    wrong = errors.of(page.name)
    rows = [[_plain(cell) for cell in row] for row in page.to_python(skip_empty_area=False)]
    for number, here in wrong.items():
        for column, error in here.items():
            rows[number][column] = error
    return rows


def _lines(path: Path, name: str | None) -> Iterator[Line]:
    """The sheet's rows. The library may fail on a damaged file in ways of its own, panics included."""
    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            page = _sheet(book, path, name)
            place = path.name if len(book.sheet_names) == 1 else f"{path.name}·{page.name}"
            merged, errors = _Merged(page), ErrorCells(path).of(page.name)
            first = page.start[1] if page.start else 0
            for number, read in enumerate(page.iter_rows()):
                cells: list[Any] = list(read)
                for column, error in errors.get(number, {}).items():
                    cells[column - first] = error
                heading = merged.fill(number, cells)
                yield Line(f"{place} 第{number + 1}行", cells, heading)
    except (GeneratorExit, KeyboardInterrupt, MemoryError, Refused):
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise Refused("broken-xlsx", path.name, BROKEN) from None


def _sheet(book: CalamineWorkbook, path: Path, name: str | None) -> CalamineSheet:
    """The sheet asked for, else the only visible one with data."""
    names = [one.name for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
    if name is not None:
        if name not in names:
            raise Refused("unknown-sheet", path.name, f"没有名为“{name}”的工作表，有的是：{_quoted(names)}")
        return book.get_sheet_by_name(name)
    shown = [one.name for one in book.sheets_metadata if one.visible == SheetVisibleEnum.Visible]
    pages = [book.get_sheet_by_name(one) for one in names if one in shown or len(names) == 1]
    filled = [page for page in pages if page.height]
    if len(filled) > 1:
        listed = _quoted(page.name for page in filled)
        raise Refused(
            "several-sheets", path.name, f"有几张工作表有数据：{listed}，请写明导入哪一张（命令行用 --sheet）"
        )
    if not filled:
        raise Refused("missing-header", path.name, "表格是空的，第一行应为列名")
    return filled[0]


def _quoted(names: Any) -> str:
    return "".join(f"“{name}”" for name in names)


Merge = tuple[int, int, int, int]
"""Top, left, bottom, right; from 0, all of them covered."""


def merged_in(page: CalamineSheet) -> list[Merge]:
    """The merged cells that reach into a sheet, cut off at its end. Raises Refused where they lie over each other, as
    no spreadsheet software makes them: each row would be held against all of them."""
    height, width = (last + 1 for last in page.end or (-1, -1))
    ranges = page.merged_cell_ranges or ()
    found = [
        (top, left, min(bottom, height - 1), min(right, width - 1))
        for (top, left), (bottom, right) in ranges
        if top < height and left < width
    ]
    covered = sum((bottom - top + 1) * (right - left + 1) for top, left, bottom, right in found)
    if covered > height * width:
        raise Refused(
            "zip-bomb", page.name, "工作表里合并的单元格互相重叠，不予打开，请取消合并或用表格软件重新另存"
        )
    return found


class _Merged:
    """The merged cells of a sheet, filled as its rows pass."""

    def __init__(self, page: CalamineSheet) -> None:
        first = page.start[1] if page.start else 0
        self.starting: dict[int, list[tuple[int, int, int]]] = {}
        """First row -> (last row, first column, last column); columns from the sheet's first filled one."""
        for top, left, bottom, right in merged_in(page):
            self.starting.setdefault(top, []).append((bottom, max(left - first, 0), right - first))
        self.open: list[tuple[int, int, int, Any]] = []

    def fill(self, number: int, cells: list[Any]) -> bool:
        """Fill the row in place; True where one cell, merged over several columns, is all that it has."""
        self.open = [one for one in self.open if one[0] >= number]
        starting = [one for one in self.starting.get(number, ()) if one[1] < len(cells)]
        heading = (
            not self.open
            and any(
                bottom == number and right > left and cells[left] != "" for bottom, left, right in starting
            )
            and sum(cell != "" for cell in cells) == 1
        )
        self.open += [(bottom, left, right, cells[left]) for bottom, left, right in starting]
        for _bottom, left, right, value in self.open:
            for at in range(left, min(right + 1, len(cells))):
                if cells[at] == "":
                    cells[at] = value
        return heading


def _report_heading(report: Report, where: str, text: str) -> None:
    message = f"本行只有合并的标题“{text[:40]}”，未作为数据"
    report(Problem(severity="warning", code="heading-row", where=where, message=message))


def _plain(cell: Any) -> Any:
    """A cell as text, whole number, float or bool; dates as YYYY-MM-DD."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _EXACT_INTEGER:
        return int(cell)
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    if isinstance(cell, (datetime.date, datetime.datetime, datetime.time)):
        return cell.isoformat()
    if isinstance(cell, datetime.timedelta):
        return str(cell)
    return cell
