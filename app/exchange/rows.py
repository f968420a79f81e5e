"""What every table of rows shares: the row with its place, the header, and what a text may hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from app.exchange.records import Problem

MAX_TEXT = 60_000
"""Characters in one value; the longest text that content holds (``app/versions/shapes.py``)."""

_ROUNDED = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+[0-9]{1,2}")
"""How spreadsheets show a long number, and save it as text: 5.11602E+11."""

Report = Callable[[Problem], None]
Columns = Callable[[list[str]], None]
"""Takes the columns of a table before any row of it; raises Refused where they will not do."""


class Row(NamedTuple):
    where: str
    values: dict[str, Any]


class CellError(NamedTuple):
    """What stands in a cell of a spreadsheet whose formula failed; no value, and no blank either."""

    text: str
    """#REF!, #N/A ..."""

    def __str__(self) -> str:
        return self.text

    @property
    def told(self) -> str:
        return f"这一格是公式出错的结果（{self.text}），没有内容可读；请改正公式，或改写成应有的内容"


class Refused(Exception):
    """Nothing sound can be read from here on."""

    def __init__(self, code: str, where: str, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(severity="error", code=code, where=where, message=message)


def header_of(cells: list[str], where: str) -> list[str]:
    """Column names. Trailing blanks are dropped; a blank in between, or a name given twice, is refused."""
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise Refused("missing-header", where, "没有表头，第一行应为列名")
    for at, name in enumerate(names):
        if not name:
            raise Refused("missing-header", f"{where} 第{at + 1}列", "这一列没有列名，请补上列名或删去该列")
        if name in names[:at]:
            raise Refused("duplicate-column", f"{where}“{name}”列", "列名重复，请改名或删去其中一列")
    return names


def as_row(header: list[str], cells: list[Any], where: str, report: Report) -> Iterator[Row]:
    """The row, unless it is blank, has more cells than columns, or holds text that cannot be kept. Blanks at the
    edges of a cell are nobody's words, and would make another organ of the same name."""
    cells = [cell.strip() if isinstance(cell, str) else cell for cell in cells]
    if not any(cell not in ("", None) for cell in cells):
        return
    if any(cell not in ("", None) for cell in cells[len(header) :]):
        report(
            Problem(
                severity="error",
                code="long-row",
                where=where,
                message=f"本行有{len(cells)}列，表头只有{len(header)}列，请检查是否有未加引号的逗号",
            )
        )
        return
    values = dict(zip(header, cells, strict=False))
    for column, value in values.items():
        if isinstance(value, str) and _ROUNDED.fullmatch(value):
            report_lost_digits(report, where, column)
    if all_sound(values.items(), where, report):
        yield Row(where, values)


def report_lost_digits(report: Report, where: str, column: str) -> None:
    message = "长编码被存成了数字，末尾几位已丢失，请把该列设为文本并重新录入"
    report(
        Problem(severity="error", code="number-lost-digits", where=f"{where}“{column}”列", message=message)
    )


def all_sound(values: Iterable[tuple[str, Any]], where: str, report: Report) -> bool:
    """Goes through all of them, so that every fault of a row is told at once."""
    return sum([not _sound(column, value, where, report) for column, value in values]) == 0


def _sound(column: str, value: Any, where: str, report: Report) -> bool:
    """False, and a problem, where a cell holds an error, or a text NUL or half a surrogate pair, or is too long to
    keep."""
    if isinstance(value, dict):
        return all_sound(((f"{column}.{name}", one) for name, one in value.items()), where, report)
    if isinstance(value, list):
        return all_sound(((f"{column}[{at}]", one) for at, one in enumerate(value, 1)), where, report)
    if isinstance(value, CellError):
        found: tuple[str, str] | None = ("cell-error", value.told)
    elif isinstance(value, str):
        found = _unsound(value)
    else:
        return True
    if found is None:
        return True
    code, message = found
    report(Problem(severity="error", code=code, where=f"{where}“{column}”列", message=message))
    return False


def _unsound(text: str) -> tuple[str, str] | None:
    if len(text) > MAX_TEXT:
        return "text-too-long", f"文字有{len(text)}字，最多{MAX_TEXT}字，请拆分或改为附件"
    if "\x00" in text:
        return "nul-character", "文字里有空字符（NUL），请删去后再导入"
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        return "lone-surrogate", "文字里有残缺的字符，请重新录入这一处"
    return None
