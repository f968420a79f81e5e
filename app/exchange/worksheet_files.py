"""清理意见表 as XLSX: one sheet an authority, written out and, with its errors marked, given back.

Every cell is text: what begins like a formula is neither evaluated nor becomes one when it is edited.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import xlsxwriter
from sqlalchemy import Connection

from app.changes.reviews import OPINIONS
from app.exchange.tables import FORMULA
from app.exchange.worksheet_cells import ADDED, EDITABLE, LABELS, MORE, NEW, Cells, mark_of
from app.exchange.worksheet_cells import TITLES as MORE_TITLES
from app.exchange.worksheet_names import Names
from app.exchange.worksheet_new import NewRows
from app.exchange.worksheet_rows import sheet_cells_of
from app.rounds.worksheets import Line, Worksheets

COLUMNS = {
    "item": ("编号", 24),
    "code": ("编码", 24),
    "name": ("事项名称", 36),
    "type": ("事项类型", 12),
    "citations": ("设定依据（条款）", 44),
    "statutory": ("法定时限", 14),
    "promised": ("现承诺时限", 14),
    "limit": ("拟承诺时限", 14),
    "outcome": ("处理意见", 18),
    "words": ("原文表述", 32),
    "receiver": (MORE_TITLES["receiver"], 24),
    **{name: (MORE_TITLES[name], width) for name, width in zip(MORE, (24, 30, 13, 20, 30, 24), strict=True)},
    "follow_up": ("后续监管措施", 28),
    "day": ("施行日期", 13),
    "reason": ("理由", 32),
    "review": ("审核情况", 28),
    "mark": ("校对", 4),
}
"""Column -> its title and width; the last is hidden and tells which rows were touched."""
TITLES = {title: name for name, (title, _) in COLUMNS.items()}
ERRORS = "错误"
FILLING = (
    "请只填写浅黄色的栏目。处理意见从下拉列表中选；拟承诺时限写成“10个工作日”或“即办”；下放的承接方、受委托的机关之间用顿号分开；"
    "合并的各事项在承接方写明并入哪个事项的编号，被并入的事项写“本事项”。没有改动的行不会被导入。\n"
    "拆分、合并成新事项：在“改为”每行写一个结果“名称｜实施机关｜来自哪些事项”（后两段可不写），同时处理的其他事项写在“一并处理的事项”；"
    "转变管理方式在“改为”写新的类型；部分取消在“改为”每行写一处取消的部分；下放的过渡期、委托和暂停的期限写在“到期日”（自这一天起不再有效）。\n"
    "承接期限写成“20个工作日”或一个日期，各承接方不同的每行写“承接方：期限”；后续责任每行写一件“做什么｜责任机关｜期限”（后两段可不写）；"
    "有上级文件允许的，写在“上级依据”。\n"
    "新增的事项、承接上级下放的事项，在各行之下另起一行：编号空着，处理意见写“新增”或“承接”，填写事项名称、事项类型、设定依据和时限；"
    "承接的，在“一并处理的事项”每行写一个原事项“名称或编号｜编码｜下放文件”（后两段可不写）。"
)
HEADING_ROWS = 2
BLANK = 5
"""Rows for new items below an authority's own; more may be written in the same way."""
_UNSAFE = re.compile(r"[\[\]:*?/\\']")


@dataclass(frozen=True, slots=True)
class CellProblem:
    """What is wrong with a cell. ``row`` from 1 as spreadsheets count; ``column`` is its title, empty for the row."""

    sheet: str
    row: int
    column: str
    code: str
    message: str

    @property
    def where(self) -> str:
        return f"工作表“{self.sheet}”第{self.row}行" + (f"“{self.column}”列" if self.column else "")


def write_worksheets(connection: Connection, found: Worksheets) -> bytes:
    """A workbook of one sheet an authority."""
    names = Names(connection, found)
    new_rows = NewRows(connection, names, found.opened.day, found.day)
    out = io.BytesIO()
    book = _Book(out)
    taken: set[str] = set()
    for authority, lines in found.lines.items():
        name = found.names.get(authority) or authority
        sheet = book.add(sheet_name(name, taken))
        head = f"{found.opened.changeset.title}　清理意见表　{name}"
        book.heading(sheet, head, [title for title, _ in COLUMNS.values()])
        for at, line in enumerate(lines, start=HEADING_ROWS + 1):
            cells = new_rows.cells(line) if line.new else sheet_cells_of(line, found.opened.day, names)
            book.row(sheet, at, _values(line, cells), frozenset(cells))
        first, last = HEADING_ROWS + 1, HEADING_ROWS + len(lines)
        standing = sum(not line.new for line in lines)
        for at in range(last + 1, last + 1 + BLANK):
            book.row(sheet, at, dict.fromkeys(COLUMNS, ""), frozenset((*EDITABLE, *NEW)))
        place = list(COLUMNS).index("outcome")
        book.offer(sheet, first, HEADING_ROWS + standing, place, list(LABELS))
        book.offer(sheet, first + standing, last + BLANK, place, list(ADDED))
    book.close()
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class Look:
    """How columns look. ``own``: titles of those that people fill in; ``hidden``: of those not shown."""

    widths: Mapping[str, int]
    own: frozenset[str]
    hidden: frozenset[str]


WORKSHEET = Look(
    dict(COLUMNS.values()) | {ERRORS: 48},
    frozenset(title for name, (title, _) in COLUMNS.items() if name in EDITABLE),
    frozenset({COLUMNS["mark"][0]}),
)


def write_marked(
    sheets: Sequence[tuple[str, list[list[Any]]]],
    problems: Iterable[CellProblem],
    look: Look = WORKSHEET,
) -> bytes:
    """The sheets as they came, every faulty cell red with its error beside it, and the errors of a row at its end."""
    out = io.BytesIO()
    book = _Book(out, look)
    wrong: dict[tuple[str, int], list[CellProblem]] = {}
    for problem in problems:
        wrong.setdefault((problem.sheet, problem.row), []).append(problem)
    for name, rows in sheets:
        sheet = book.add(name)
        header: list[str] = []
        width = max((len(row) for row in rows), default=0)
        for at, cells in enumerate(rows):
            texts = ["" if cell is None else str(cell) for cell in cells]
            if not header and "编号" in texts:
                header = [text.strip() for text in texts]
                book.header(sheet, at, [*header, *([ERRORS] if ERRORS not in header else [])])
                continue
            book.marked(sheet, at, texts, header, wrong.get((name, at + 1), []), width)
        if COLUMNS["outcome"][0] in header:
            place = header.index(COLUMNS["outcome"][0])
            book.offer(sheet, HEADING_ROWS + 1, len(rows), place, [*LABELS, *ADDED])
    book.close()
    return out.getvalue()


def sheet_name(name: str, taken: set[str]) -> str:
    """A name that spreadsheets accept, used once."""
    plain = _UNSAFE.sub(" ", name).strip()[:31] or "机关"
    made, number = plain, 1
    while made.casefold() in taken:
        number += 1
        made = f"{plain[: 31 - len(str(number)) - 1]} {number}"
    taken.add(made.casefold())
    return made


def _values(line: Line, cells: Cells) -> Mapping[str, str]:
    return {
        "item": line.item,
        "code": line.code or "",
        "name": line.name,
        "type": line.type,
        "citations": line.citations,
        "statutory": line.statutory,
        "promised": "" if line.new else line.promised,
        **cells,
        "review": _review(line),
        "mark": mark_of(cells),
    }


def _review(line: Line) -> str:
    row = line.proposal
    if row is None:
        return "" if line.final is None else "法制办已列入决定"
    if row.opinion is None:
        return "待审核"
    return OPINIONS[row.opinion] + (f"：{row.reason}" if row.reason else "")


class _Book:
    """A workbook with the formats of the sheet."""

    def __init__(self, out: io.BytesIO, look: Look = WORKSHEET) -> None:
        self.look = look
        self.book = xlsxwriter.Workbook(
            out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        plain = {"border": 1, "text_wrap": True, "valign": "top", "num_format": "@"}
        self.formats = {
            (own, red, quoted): self.book.add_format(
                plain
                | ({"bg_color": "#FFF9DB"} if own else {})
                | ({"bg_color": "#FFC7CE", "font_color": "#9C0006"} if red else {})
                | ({"quote_prefix": True} if quoted else {})
            )
            for own in (False, True)
            for red in (False, True)
            for quoted in (False, True)
        }
        bold = {"bold": True, "text_wrap": True, "valign": "top"}
        self.head = self.book.add_format(bold | {"bg_color": "#EDEDED", "border": 1})
        self.title = self.book.add_format({"bold": True, "font_size": 14})
        self.note = self.book.add_format({"text_wrap": True, "valign": "top"})

    def add(self, name: str) -> Any:
        return self.book.add_worksheet(name)

    def close(self) -> None:
        self.book.close()

    def heading(self, sheet: Any, title: str, columns: Sequence[str]) -> None:
        sheet.write_string(0, 0, title, self.title)
        sheet.merge_range(1, 0, 1, len(columns) - 2, FILLING, self.note)
        sheet.set_row(1, 110)
        self.header(sheet, HEADING_ROWS, columns)

    def header(self, sheet: Any, at: int, columns: Sequence[str]) -> None:
        for place, title in enumerate(columns):
            sheet.write_string(at, place, title, self.head)
            hidden = {"hidden": True} if title in self.look.hidden else {}
            sheet.set_column(place, place, self.look.widths.get(title, 16), None, hidden)
        sheet.freeze_panes(at + 1, 3)
        sheet.set_landscape()  # as it is printed to be signed: A3, one page wide, its titles on each
        sheet.set_paper(8)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(at)
        sheet.set_footer("&P / &N")

    def row(self, sheet: Any, at: int, values: Mapping[str, str], own: frozenset[str]) -> None:
        for place, name in enumerate(COLUMNS):
            self.cell(sheet, at, place, values[name], name in own)

    def cell(self, sheet: Any, at: int, place: int, text: str, own: bool, red: bool = False) -> None:
        """Text alone: one that begins like a formula is quoted, so that editing it makes none either."""
        sheet.write_string(at, place, text, self.formats[own, red, text.startswith(FORMULA)])

    def marked(
        self, sheet: Any, at: int, texts: list[str], header: list[str], wrong: list[CellProblem], width: int
    ) -> None:
        faulty = {problem.column: problem.message for problem in wrong if problem.column}
        for place, text in enumerate(texts):
            title = header[place] if place < len(header) else ""
            if title == ERRORS:
                continue
            self.cell(sheet, at, place, text, title in self.look.own, title in faulty)
            if title in faulty:
                sheet.write_comment(at, place, faulty[title])
        if wrong:
            end = header.index(ERRORS) if ERRORS in header else len(header) or width
            self.cell(sheet, at, end, "；".join(problem.message for problem in wrong), False, True)

    def offer(self, sheet: Any, first: int, last: int, place: int, labels: Sequence[str]) -> None:
        """The list of outcomes in these cells of a column."""
        if last < first:
            return
        sheet.data_validation(
            first,
            place,
            last,
            place,
            {
                "validate": "list",
                "source": list(labels),
                "error_title": "处理意见",
                "error_message": "请从列表中选择；其他处理请在网页上提出。",
            },
        )
