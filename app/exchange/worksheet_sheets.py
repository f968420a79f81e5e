"""The rows of a filled 清理意见表: each about an item of the round, or about one that is not there yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.exchange.rows import CellError, Refused
from app.exchange.sheets import every_sheet
from app.exchange.worksheet_cells import ADDED, EDITABLE, FORM, MORE, NEW, Cells, tidy
from app.exchange.worksheet_files import COLUMNS, TITLES, CellProblem, sheet_name
from app.rounds.worksheets import Line


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row with its editable cells. ``item``: the registry id; of a new item empty until it is proposed."""

    sheet: str
    number: int
    cells: Cells
    item: str
    mark: str
    new: bool = False
    authority: str = ""
    """Of a new item: the organ whose sheet it stands in; empty where no row tells."""

    @property
    def where(self) -> str:
        return f"工作表“{self.sheet}”第{self.number}行"

    def problem(self, column: str, code: str, message: str) -> CellProblem:
        return CellProblem(self.sheet, self.number, COLUMNS[column][0] if column else "", code, message)


Tell = Callable[[CellProblem], None]
CellsOf = Callable[[Line], Cells]


class FilledSheets:
    """A file as rows; what is wrong with its form is told. ``cells_of``: a line's cells as they are written out."""

    def __init__(
        self, path: Path, lines: Mapping[str, Line], organs: Mapping[str, str], cells_of: CellsOf, tell: Tell
    ) -> None:
        self._path, self._lines, self._cells_of, self._tell = path, lines, cells_of, tell
        self._organs = organs
        """Authority -> its name."""
        self._seen: dict[str, str] = {}

    def rows(self) -> list[SheetRow]:
        try:
            sheets = every_sheet(self._path)
        except Refused as refused:
            problem = refused.problem
            self._tell(CellProblem(self._path.name, 1, "", problem.code, problem.message))
            return []
        return [row for name, cells in sheets for row in self._of_sheet(name, cells)]

    def _of_sheet(self, name: str, rows: list[list[object]]) -> Iterator[SheetRow]:
        header: list[str] = []
        held: set[str] = set()
        new: list[SheetRow] = []
        for number, cells in enumerate(rows, start=1):
            texts = [tidy(cell) for cell in cells]
            if not header:
                header = texts if COLUMNS["item"][0] in texts else []
                if header and not self._sound_header(name, number, header):
                    return
                continue
            if self._fails(name, number, header, cells):
                continue
            row = self._row(name, number, dict(zip(header, texts, strict=False)))
            if row is not None and row.item:
                held.add(self._lines[row.item].authority)
                yield row
            elif row is not None:
                new.append(row)
        organ = held.pop() if len(held) == 1 else self._called(name)
        for row in new:
            if (found := self._proposed(row, organ)) is not None:
                yield found

    def _fails(self, sheet: str, number: int, header: list[str], cells: list[object]) -> bool:
        """Whether a cell of the form holds an error, which is told: as a blank it would take something away."""
        wrong = [
            CellProblem(sheet, number, title, "cell-error", cell.told)
            for title, cell in zip(header, cells, strict=False)
            if title in TITLES and isinstance(cell, CellError)
        ]
        for one in wrong:
            self._tell(one)
        return bool(wrong)

    def _called(self, sheet: str) -> str:
        """The organ that a sheet is named for."""
        found = [one for one, name in self._organs.items() if sheet_name(name, set()) == sheet]
        return found[0] if len(found) == 1 else ""

    def _sound_header(self, sheet: str, number: int, header: list[str]) -> bool:
        missing = [COLUMNS[name][0] for name in FORM if COLUMNS[name][0] not in header]
        twice = [title for title in TITLES if header.count(title) > 1]
        for title, code, message in (
            *((one, "missing-column", f"表头缺少“{one}”列，请用本轮导出的表格填写") for one in missing),
            *((one, "duplicate-column", f"表头有两个“{one}”列，请删去一个") for one in twice),
        ):
            self._tell(CellProblem(sheet, number, title, code, message))
        return not missing and not twice

    def _row(self, sheet: str, number: int, values: dict[str, str]) -> SheetRow | None:
        told = {name: values.get(title, "") for title, name in TITLES.items()}
        if not any(told.values()):
            return None
        item = told["item"].lower()
        line = self._lines.get(item)
        new = line.new if line else not item and told["outcome"] in ADDED
        cells = {name: told[name] for name in ((*EDITABLE, *NEW) if new else EDITABLE)}
        row = SheetRow(sheet, number, cells, item, told["mark"], new, line.authority if line else "")
        if line is None and not new:
            self._unknown(row, told["item"])
            return None
        if line is None:
            return row
        if self._is_twice(row, item):
            return None
        if absent := [name for name in MORE if COLUMNS[name][0] not in values]:  # a sheet from before
            now = self._cells_of(line)
            row.cells.update({name: now[name] for name in absent})
        return row

    def _unknown(self, row: SheetRow, written: str) -> None:
        if written:
            code, message = "outside-scope", f"编号“{written[:40]}”不在本轮清理的范围内，或事项已经终止"
        else:
            added = "、".join(f"“{one}”" for one in ADDED)
            code = "item-missing"
            message = (
                f"没有编号，认不出是哪个事项；请从导出的表格里复制整行的编号，还没有的事项在处理意见写{added}"
            )
        self._tell(row.problem("item", code, message))

    def _is_twice(self, row: SheetRow, key: str) -> bool:
        if key in self._seen:
            message = f"同一个事项已经出现在{self._seen[key]}，请删去一行"
            self._tell(row.problem("item" if row.item else "name", "item-twice", message))
            return True
        self._seen[key] = row.where
        return False

    def _proposed(self, row: SheetRow, organ: str) -> SheetRow | None:
        """A row without an id, with the id of what is proposed under its name already; None for one that is told."""
        named = "".join(row.cells["name"].split())
        if named and self._is_twice(row, f"{organ} {named}"):
            return None
        known = [
            line
            for line in self._lines.values()
            if line.new and line.authority == organ and "".join(line.name.split()) == named
        ]
        item = known[0].item if len(known) == 1 else ""
        if item and self._is_twice(row, item):
            return None
        return SheetRow(row.sheet, row.number, row.cells, item, row.mark, True, organ)
