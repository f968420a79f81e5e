"""Items as a workbook that is edited and brought back: one sheet of items, one for each of their lists.

A row names its item and, in a hidden column, the content that was written out; a cell that reads as it was written
out changes nothing. Cells are text: what begins like a formula neither is one nor becomes one.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import xlsxwriter

from app.errors import Invalid
from app.exchange.cells import as_text
from app.exchange.rows import CellError, Refused
from app.exchange.sheets import every_sheet
from app.exchange.tables import FORMULA
from app.exchange.worksheet_files import ERRORS, CellProblem, Look
from app.versions.ids import is_id
from app.web.office.forms.fields import FormField, item_fields
from app.web.office.forms.filled import NEW

ITEM, STANDS, KEY, DROP, ITEMS = "编号", "校对", "键", "删去", "事项"
LOOK = Look({ERRORS: 48}, frozenset(), frozenset({STANDS, KEY}))
SINGLE = ("line", "text", "number", "yesno", "choice", "lines")
LEFT_OUT = ("visibility",)
_FORMULA = re.compile(r"[=@\t\r]|[+-](?!\d)")
_FORMULA_CELL = re.compile(rb"<(?:\w+:)?f[ />]")
Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Column:
    """``path``: of the field in the item, or in a row of a list."""

    path: str
    title: str
    field: FormField


@cache
def sheets() -> dict[str, tuple[str, tuple[Column, ...]]]:
    """Title of a sheet -> (the list it holds, empty for the items themselves; its columns)."""
    fields = [one for one in item_fields() if one.name not in LEFT_OUT]
    made = {ITEMS: ("", _columns(fields))}
    for one in fields:
        if one.kind == "rows":
            made[one.label[:31]] = (one.name, _columns(one.parts))
    return made


def _columns(fields: Iterable[FormField]) -> tuple[Column, ...]:
    found: list[Column] = []
    taken = {ITEM, STANDS, KEY, DROP}
    for path, words, one in _single(fields, "", ""):
        title = words if words not in taken else f"{words}（{path}）"
        taken.add(title)
        found.append(Column(path, title, one))
    return tuple(found)


def _single(fields: Iterable[FormField], path: str, words: str) -> Iterator[tuple[str, str, FormField]]:
    for one in fields:
        if one.kind in SINGLE:
            yield f"{path}{one.name}", f"{words}{one.label}", one
        elif one.kind == "group":
            yield from _single(one.parts, f"{path}{one.name}/", f"{words}{one.label}：")


def text_of(column: Column, holder: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """What the cell of a field says."""
    value: Any = holder
    for step in column.path.split("/"):
        value = value.get(step) if isinstance(value, Mapping) else None
    if value is None:
        return ""
    one = column.field
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "\n".join(names.get(str(part), str(part)) if one.subject else str(part) for part in value)
    if one.subject:
        return names.get(str(value), str(value))
    return str(one.choices.get(str(value), value))


def write(rows: Iterable[tuple[str, str, Mapping[str, Any]]], names: Mapping[str, str]) -> bytes:
    """A workbook of items, each with its id, the hash of its content, and the content."""
    out, held = io.BytesIO(), list(rows)
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    plain = {"text_wrap": True, "valign": "top", "num_format": "@"}
    cell, quoted = book.add_format(plain), book.add_format(plain | {"quote_prefix": True})
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#EDEDED"})
    for title, (listed, columns) in sheets().items():
        sheet = book.add_worksheet(title)
        own = [ITEM, KEY, DROP] if listed else [ITEM, STANDS]
        for place, words in enumerate([*own, *(one.title for one in columns)]):
            sheet.write_string(0, place, words, head)
        sheet.set_column(0, len(own) + len(columns), 18)
        sheet.set_column(1, 1, 6, None, {"hidden": True})
        sheet.freeze_panes(1, len(own) + 1)
        at = 0
        for item, stands, content in held:
            elements = content.get(listed) or () if listed else (content,)
            for element in elements:
                at += 1
                first = [item, str(element["key"]), ""] if listed else [item, stands]
                texts = [*first, *(text_of(one, element, names) for one in columns)]
                for place, text in enumerate(texts):
                    sheet.write_string(at, place, text, quoted if text.startswith(FORMULA) else cell)
    book.close()
    return out.getvalue()


@dataclass(slots=True)
class Brought:
    """One item of a workbook: what it was written out from, and what differs, as fields of the item form."""

    item: str
    stands: str
    pairs: Pairs = field(default_factory=list)
    places: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    """Field of the form -> sheet, row, column."""


Standing = Callable[[str, str], Mapping[str, Any]]
"""(item, hash) -> the content that was written out. Raises RegistryError."""


class Reading:
    """One workbook, cell by cell against what was written out. ``problems`` refuse it whole."""

    def __init__(self, path: Path) -> None:
        self.problems: list[CellProblem] = []
        self.items: dict[str, Brought] = {}
        self._unread: set[tuple[str, int, str]] = set()
        """Cells that hold an error."""
        try:
            self.sheets = every_sheet(path)
        except Refused as refused:
            raise Invalid(f"{refused.problem.message}。", code=refused.problem.code) from None
        _refuse_formulas(path)
        self._rows = dict(self._sheets())

    def _sheets(self) -> Iterator[tuple[str, list[tuple[int, dict[str, str]]]]]:
        for title, rows in self.sheets:
            if title not in sheets():
                self._wrong(title, 1, "", "unknown-sheet", "没有这样的工作表，请用导出的表格改。")
                continue
            header = [as_text(cell).strip() for cell in rows[0]] if rows else []
            known = {ITEM, STANDS, KEY, DROP, ERRORS, *(one.title for one in sheets()[title][1])}
            for column in header:
                if column and column not in known:
                    self._wrong(title, 1, column, "unknown-column", f"没有“{column[:40]}”这一栏。")
                if column and header.count(column) > 1:
                    self._wrong(title, 1, column, "twice", f"“{column[:40]}”这一栏有两个。")
            if ITEM not in header:
                self._wrong(title, 1, "", "missing-header", "第一行应是栏目名，要有“编号”。")
                continue
            found = []
            for at, cells in enumerate(rows[1:], start=2):
                for name, cell in zip(header, cells, strict=False):
                    if name in known and isinstance(cell, CellError):
                        self._unread.add((title, at, name))
                        self._wrong(title, at, name, "cell-error", f"{cell.told}。")
                texts = {name: as_text(cell) for name, cell in zip(header, cells, strict=False) if name}
                if any(text.strip() for text in texts.values()):
                    found.append((at, texts))
            yield title, found

    def names_wanted(self) -> dict[str, str]:
        """item -> the hash of what was written out of it."""
        return {texts[ITEM].strip(): texts.get(STANDS, "").strip() for _, texts in self._rows.get(ITEMS, ())}

    def compare(self, standing: Callable[[str, str], Mapping[str, Any]], names: Mapping[str, str]) -> None:
        """What differs, by item. ``standing``: the content that was written out; empty where there is none such."""
        contents: dict[str, Mapping[str, Any]] = {}
        for at, texts in self._rows.get(ITEMS, ()):
            item, stands = texts[ITEM].strip(), texts.get(STANDS, "").strip()
            if item in self.items:
                self._wrong(ITEMS, at, ITEM, "twice", "这个编号在表里有两行。")
                continue
            content = standing(item, stands) if is_id(item) else {}
            if not content:
                said = "没有导出过这样的事项：编号或隐藏的“校对”栏被改动了，请重新导出再改。"
                self._wrong(ITEMS, at, ITEM, "not-exported", said)
                continue
            contents[item] = content
            brought = self.items[item] = Brought(item, stands)
            self._cells(brought, ITEMS, at, texts, content, "", names)
        for title, (listed, _) in sheets().items():
            if listed:
                self._list(title, listed, contents, names)

    def _list(
        self, title: str, listed: str, contents: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]
    ) -> None:
        kept = {item: [one["key"] for one in content.get(listed) or ()] for item, content in contents.items()}
        stood = {
            item: {one["key"]: one for one in content.get(listed) or ()} for item, content in contents.items()
        }
        touched: set[str] = set()
        seen: set[tuple[str, str]] = set()
        for at, texts in self._rows.get(title, ()):
            item, key, drop = (texts.get(name, "").strip() for name in (ITEM, KEY, DROP))
            if item not in contents:
                self._wrong(title, at, ITEM, "unknown-item", "“事项”表里没有这个编号。")
            elif drop not in ("", "是"):
                self._wrong(title, at, DROP, "bad-value", "要删去这一行就写“是”，否则空着。")
            elif key and key not in stood[item]:
                self._wrong(title, at, KEY, "unknown-row", "这一行的“键”被改动了；新增的行请把键空着。")
            elif key and (item, key) in seen:
                self._wrong(title, at, KEY, "twice", "这一行在表里有两次；新增的行请把键空着。")
            elif drop:
                if key:
                    kept[item].remove(key)
                    touched.add(item)
            else:
                seen.add((item, key))
                made = key or f"{NEW}{at:06d}"
                holder = stood[item].get(key, {})
                path = f"{listed}/{made}/"
                if self._cells(self.items[item], title, at, texts, holder, path, names):
                    touched.add(item)
                    if not key:
                        kept[item].append(made)
        for item in sorted(touched):
            self.items[item].pairs.append((f"{listed}:shown", "1"))
            self.items[item].pairs += [(f"{listed}:row", key) for key in kept[item]]

    def _cells(
        self,
        brought: Brought,
        title: str,
        at: int,
        texts: Mapping[str, str],
        holder: Mapping[str, Any],
        path: str,
        names: Mapping[str, str],
    ) -> bool:
        """Note the cells of a row that read otherwise; whether there are any."""
        found = False
        for column in sheets()[title][1]:
            if column.title not in texts or (title, at, column.title) in self._unread:
                continue
            given, stood = _plain(texts[column.title]), _plain(text_of(column, holder, names))
            if given == stood:
                continue
            found = True
            place = f"{path}{column.path}"
            brought.places[place] = (title, at, column.title)
            if _FORMULA.match(given):
                said = "以 =、@ 或 + - 开头的内容像公式，没有导入；请改写。"
                self._wrong(title, at, column.title, "formula", said)
            elif (value := _posted(column.field, given)) is None:
                words = "、".join(column.field.choices.values()) or "是、否"
                self._wrong(title, at, column.title, "bad-value", f"没有“{given[:40]}”，可写的有：{words}。")
            else:
                brought.pairs.append((place, value))
        return found

    def wrong_in(self, brought: Brought, place: str, code: str, message: str) -> None:
        """A problem with a field of an item, at its cell; at its row where the cell was not touched."""
        where = brought.places.get(place)
        if where is None:
            rows = (at for at, texts in self._rows[ITEMS] if texts[ITEM].strip() == brought.item)
            where = (ITEMS, next(rows), "")
        self._wrong(*where, code, message)

    def _wrong(self, sheet: str, row: int, column: str, code: str, message: str) -> None:
        self.problems.append(CellProblem(sheet, row, column, code, message))


def _plain(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").strip().split("\n"))


def _posted(one: FormField, text: str) -> str | None:
    """The cell's text as the form posts it; None where the field has no such value."""
    if not text:
        return ""
    if one.kind == "yesno":
        return {"是": "yes", "否": "no"}.get(text)
    if one.kind == "choice":
        return next((code for code, words in one.choices.items() if text in (words, code)), None)
    return text


def _refuse_formulas(path: Path) -> None:
    """Raises Invalid where a cell is worked out: what it says is nobody's word."""
    with zipfile.ZipFile(path) as packed:
        for part in packed.namelist():
            if part.startswith("xl/worksheets/") and part.endswith(".xml"):
                with packed.open(part) as file:
                    before = b""
                    while piece := file.read(1 << 20):
                        if _FORMULA_CELL.search(before + piece):
                            raise Invalid(
                                "表格里有公式，没有导入；请把有公式的单元格复制、粘贴成数值后再导入。",
                                code="formula",
                            )
                        before = piece[-16:]
