"""Cells of a spreadsheet that hold an error (#REF!, #N/A) in the place of a value.

The library that reads sheets makes them blank, and a blank may mean that something is to go. They are looked up in the
sheet's XML; a sheet without any is passed over once, unparsed.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.parsers.expat import ExpatError

from app.exchange.rows import CellError, Refused
from app.exchange.sheet_extent import elements_among, errors_among
from app.exchange.unpacking import BROKEN, MAX_PARTS

MOST = 10_000
"""Errors of a sheet that are told one by one."""
_MARKS = (b'"e"', b"'e'")
"""What the XML of every sheet with an error has: t="e"."""
_RELATIONS = "xl/_rels/workbook.xml.rels"
_CHUNK = 1024 * 1024
Errors = dict[int, dict[int, CellError]]
"""Row -> column -> what stands there; from 0."""


class ErrorCells:
    """Those of one workbook that has been looked through for what it may not hold (``unpacking``)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with zipfile.ZipFile(path) as archive:
            self._held = {part.replace("\\", "/").lower(): part for part in archive.namelist()}
        try:
            self._parts = dict(self._parts_by_sheet())
        except (ExpatError, ValueError):
            raise Refused("broken-xlsx", path.name, BROKEN) from None

    def of(self, sheet: str) -> Errors:
        """Raises Refused where there are too many to tell."""
        part = self._parts.get(sheet)
        if part is None or not self._may_have(part):
            return {}
        found: Errors = {}
        try:
            for (row, column), text in errors_among(self._pieces(part), MOST).items():
                found.setdefault(row, {})[column] = CellError(text)
        except OverflowError:
            message = f"工作表“{sheet}”里有 {MOST} 个以上的单元格是公式出错的结果，请改正后再导入"
            raise Refused("cell-error", self._path.name, message) from None
        return found

    def _pieces(self, part: str) -> Iterator[bytes]:
        with zipfile.ZipFile(self._path) as archive, archive.open(part) as file:
            while piece := file.read(_CHUNK):
                yield piece

    def _may_have(self, part: str) -> bool:
        before = b""
        for piece in self._pieces(part):
            if any(mark in before + piece for mark in _MARKS):
                return True
            before = piece[-2:]
        return False

    def _parts_by_sheet(self) -> Iterator[tuple[str, str]]:
        """(name of a sheet, the part that holds it), as the workbook says."""
        targets = {one.get("Id"): one.get("Target", "") for one in self._elements(_RELATIONS, "Relationship")}
        for sheet in self._elements("xl/workbook.xml", "sheet"):
            named = next((value for name, value in sheet.items() if name.rpartition(":")[2] == "id"), None)
            target = targets.get(named, "").replace("\\", "/")
            part = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/").lower()
            if part in self._held:
                yield sheet.get("name", ""), self._held[part]

    def _elements(self, part: str, name: str) -> list[dict[str, str]]:
        held = self._held.get(part)
        return elements_among(self._pieces(held), name, MAX_PARTS) if held else []
