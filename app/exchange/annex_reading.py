"""The annex of a cleanup document as rows: CSV, XLSX and the tables of DOCX, as real annexes have them.

Merged cells count for every row they cover; a line broken in the middle of a name, a row broken over two pages and
a header printed again on each page are put together again. Words stay as written.
"""

from __future__ import annotations

import re
import tomllib
from itertools import zip_longest
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from python_calamine import CalamineWorkbook

from app.changes.annexes import FIELDS
from app.errors import Invalid
from app.exchange.document_tables import blocks_in
from app.exchange.readers import read_rows
from app.exchange.records import Problem
from app.exchange.rows import CellError, Refused
from app.exchange.sheets import Merge, every_sheet, merged_in
from app.wording import reason

KNOWN = {
    "附件": "annex",
    "序号": "number",
    "编码": "code",
    "项目编码": "code",
    "事项编码": "code",
    "职权编码": "code",
    "项目名称": "name",
    "事项名称": "name",
    "行政审批项目名称": "name",
    "实施机关": "authority",
    "原实施机关": "authority",
    "实施主体": "authority",
    "审批部门": "authority",
    "区级主管部门": "authority",
    "设定依据": "basis",
    "设定和实施依据": "basis",
    "处理决定": "outcome",
    "清理意见": "outcome",
    "处理意见": "outcome",
    "原文表述": "words",
    "下放后实施机关": "receiver",
    "承接机关": "receiver",
    "承接方": "receiver",
    "加强事中事后监管措施": "follow_up",
    "后续监管措施": "follow_up",
    "备注": "note",
}
"""Column titles seen in annexes (`docs/outcomes.md`) -> the field of a row."""
JOINED = ("name", "authority", "basis", "outcome", "words", "receiver", "follow_up", "note")
"""Fields that a row broken in two goes on with."""
TOTALS = frozenset({"合计", "小计", "总计", "共计"})
"""What begins a row that only adds up the others."""
DITTO = frozenset({"〃", "″", "同上"})
"""What says that a cell is as the one above it."""
_BETWEEN_WORDS = re.compile(r"(?<=[A-Za-z])\n(?=[A-Za-z])")
_TITLE = re.compile(r"^\s*附\s*件\s*[0-9一二三四五六七八九十]*")
MOST_TEXT = 64 * 1024 * 1024
"""Characters of all rows; a merged cell counts for every row that it covers."""


class AnnexMapping(BaseModel):
    """How the columns of one document become rows: a TOML file where the known titles do not do."""

    model_config = ConfigDict(extra="forbid")
    columns: dict[str, str] = Field({}, description="column title -> field of a row")
    constants: dict[str, str] = Field({}, description='field -> what every row says: outcome = "取消"')


def load_annex_mapping(path: Path | None, **constants: str | None) -> AnnexMapping:
    """A mapping from TOML, or the known titles alone; ``constants`` besides. Raises Invalid."""
    told: dict[str, Any] = {}
    if path is not None:
        try:
            told = tomllib.loads(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise Invalid(f"映射文件 {path.name} 读不出：{error}。", code="bad-mapping") from None
    try:
        made = AnnexMapping.model_validate(told)
    except ValidationError as error:
        raise Invalid(f"映射文件 {path}：{reason(error.errors()[0])}。", code="bad-mapping") from None
    made.constants |= {name: value for name, value in constants.items() if value}
    wrong = [name for name in (*made.columns.values(), *made.constants) if name not in FIELDS]
    if wrong:
        raise Invalid(f"映射里没有“{wrong[0]}”这一项，可用的有：{'、'.join(FIELDS)}。", code="bad-mapping")
    return made


def read_annex(path: Path, mapping: AnnexMapping) -> tuple[list[dict[str, str]], list[Problem]]:
    """(rows in the document's order, what is wrong). With an error the rows are not to be used."""
    problems: list[Problem] = []
    reading = _Reading(mapping, problems)
    try:
        if path.suffix.lower() == ".docx":
            _read_docx(path, reading)
        elif path.suffix.lower() == ".xlsx":
            _read_xlsx(path, reading)
        else:
            _read_table(path, reading, None)
    except Refused as refused:
        problems.append(refused.problem)
    if not reading.rows and not any(one.severity == "error" for one in problems):
        titles = "、".join(sorted({title for title, name in KNOWN.items() if name == "name"}))
        problems.append(
            Problem(
                severity="error",
                code="no-rows",
                where=path.name,
                message=f"没有找到有名称列的表格（{titles}），请检查列名，或用 --mapping 写明各列",
            )
        )
    return reading.rows, problems


class _Reading:
    """Rows as they are found, over all tables of a file."""

    def __init__(self, mapping: AnnexMapping, problems: list[Problem]) -> None:
        self.constants = mapping.constants
        self.fields = KNOWN | {_squeezed(title): name for title, name in mapping.columns.items()}
        self.problems = problems
        self.rows: list[dict[str, str]] = []
        self._characters = 0
        self._beside: list[str] = []
        """What stood beside the fields of the last row."""

    def report(self, problem: Problem) -> None:
        self.problems.append(problem)

    def knows(self, cells: list[str]) -> bool:
        """Whether these are column titles."""
        return "name" in {self.fields.get(_squeezed(cell)) for cell in cells}

    def titled(self, header: list[str], cells: list[str]) -> list[str]:
        """The titles of the columns, where these cells are titles too: a header of two rows says more in the lower,
        one that is printed again the same. Empty where they are no titles."""
        said = [cell for cell in cells if cell.strip()]
        if len(said) < 2 or not all(_squeezed(cell) in self.fields for cell in said):
            return []
        return [
            below if below.strip() else above for above, below in zip_longest(header, cells, fillvalue="")
        ]

    def take(self, values: dict[str, Any], annex: str | None, first: bool) -> None:
        """A row of a table, by column title; ``first``: no row of this table came before."""
        told = dict(self.constants)
        if annex and "annex" not in told:
            told["annex"] = annex
        plain, beside = self._plain(values)
        self._characters += sum(map(len, (*plain.values(), *beside)))
        if self._characters > MOST_TEXT:
            raise Refused("zip-bomb", "", "附件各行的文字合计过多，不予读入，请拆成几个文件")
        if not plain or all(self.fields.get(_squeezed(text)) for text in plain.values()):
            return  # blank, or the header printed again
        if any(_squeezed(plain.get(name, "")) in TOTALS for name in ("number", "authority", "name")):
            return
        apart = "number" in plain and beside != self._beside  # 子项 under one merged number
        if not first and not apart and self._goes_on(plain):
            before = self.rows[-1]
            for name in JOINED:
                if name in plain and plain[name] != before.get(name):
                    before[name] = before.get(name, "") + plain[name]
            return
        self._beside = beside
        if beside:
            plain["note"] = "；".join([*filter(None, [plain.get("note")]), *beside])
        self.rows.append(told | plain)

    def _plain(self, values: dict[str, Any]) -> tuple[dict[str, str], list[str]]:
        """What a row says by field; and what its note has besides: columns that no field is for, by their titles."""
        plain: dict[str, str] = {}
        beside: list[str] = []
        before = self.rows[-1] if self.rows else {}
        for title, value in values.items():
            if not (text := _whole(value)):
                continue
            if name := self.fields.get(_squeezed(title)):
                plain[name] = before.get(name, text) if text in DITTO else text
            elif _squeezed(title):
                beside.append(f"{_squeezed(title)}：{text}")
        return plain, beside

    def _goes_on(self, plain: dict[str, str]) -> bool:
        """Whether this is the rest of the row before: no number, and nothing new but some of its texts."""
        before = self.rows[-1] if self.rows else {}
        own = {name: text for name, text in plain.items() if text != before.get(name)}
        numbered = "number" in before and plain.get("number", before["number"]) == before["number"]
        if not numbered or not own or not own.keys() <= set(JOINED):
            return False
        if "number" in plain:  # one merged number over both lines
            return True
        return len(own) < len([name for name in before if name in JOINED]) or own.keys() <= {"name"}


def _squeezed(title: str) -> str:
    return re.sub(r"\s", "", str(title))


def _whole(value: Any) -> str:
    """A cell's text with its broken lines joined: without a blank, save between Latin words."""
    text = re.sub(r"[ \t\u3000]*[\r\n\v]+[ \t\u3000]*", "\n", str(value if value is not None else "")).strip()
    return _BETWEEN_WORDS.sub(" ", text).replace("\n", "")


def _read_table(path: Path, reading: _Reading, sheet: str | None, annex: str | None = None) -> None:
    first = True
    for row in read_rows(path, reading.report, lambda columns: None, sheet):
        reading.take(row.values, annex, first)
        first = False


def _read_xlsx(path: Path, reading: _Reading) -> None:
    """Every sheet that is shown; its name is the annex where it begins so."""
    for name, rows in every_sheet(path):
        if any(any(cell not in ("", None) for cell in row) for row in rows):
            _read_sheet(path, reading, name, rows)


def _read_sheet(path: Path, reading: _Reading, name: str, rows: list[list[Any]]) -> None:
    """From the header on; merged cells filled. What stands above the header is the document's title."""
    annex = name if _TITLE.match(name) else None
    merged = _merged(path, name)
    header: list[str] = []
    first = True
    for at, cells in enumerate(rows):
        texts = [str(cell) if cell is not None else "" for cell in cells]
        here = merged.get(at, [])
        for top, left, _, right in here if header else ():
            for place in range(left, min(right + 1, len(texts))):
                texts[place] = str(rows[top][left])
        if not header:
            header = texts if reading.knows(texts) else []
            above = next((text for text in texts if _TITLE.match(text)), None)
            annex = above if above and not header else annex
            continue
        if titles := reading.titled(header, texts):
            header = titles
            continue
        wrong = [
            (title, cell) for title, cell in zip(header, cells, strict=False) if isinstance(cell, CellError)
        ]
        for title, cell in wrong:
            where = f"{path.name}·{name} 第{at + 1}行“{title}”列"
            reading.report(Problem(severity="error", code="cell-error", where=where, message=cell.told))
        filled = {text for text in texts if text}
        if len(filled) > 1 or (len(filled) == 1 and not _spans(here, at, len(header))):
            reading.take(dict(zip(header, texts, strict=False)), annex, first)
            first = False


def _merged(path: Path, name: str) -> dict[int, list[Merge]]:
    """Row -> the merged cells that cover it."""
    found: dict[int, list[Merge]] = {}
    with CalamineWorkbook.from_path(str(path)) as book:
        for one in merged_in(book.get_sheet_by_name(name)):
            for row in range(one[0], one[2] + 1):
                found.setdefault(row, []).append(one)
    return found


def _spans(here: list[Merge], at: int, width: int) -> bool:
    """Whether the row is one heading over the table."""
    return any(top == at == bottom and right - left + 1 >= width - 1 for top, left, bottom, right in here)


def _read_docx(path: Path, reading: _Reading) -> None:
    annex = None
    for block in blocks_in(path):
        if isinstance(block, str):
            if _TITLE.match(block):
                annex = block.strip()[:200]
            continue
        header: list[str] = []
        first = True
        for texts, is_heading in block:
            if not header:
                header = texts if reading.knows(texts) else []
                continue
            if titles := reading.titled(header, texts):
                header = titles
                continue
            if is_heading:
                continue
            reading.take(dict(zip(header, texts, strict=False)), annex, first)
            first = False
