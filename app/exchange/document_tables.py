"""The paragraphs and tables of a .docx in their order; what is merged is given for every place that it covers."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from docx import Document
from docx.exceptions import PythonDocxError
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.exceptions import XmlchemyError
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

from app.exchange.rows import Refused

MOST_PARTS = 2_000
MOST_BYTES = 256 * 1024 * 1024
MOST_TAGS = 10_000_000
"""Marks in the XML of a document, which is held as a tree of 60 bytes and more for each."""
MOST_COLUMNS = 1_000
"""Columns of a table; Word makes 63."""
_CHUNK = 1024 * 1024


class TableRow(NamedTuple):
    """``is_heading``: one cell is all it has."""

    texts: list[str]
    is_heading: bool


def blocks_in(path: Path) -> Iterator[str | Iterator[TableRow]]:
    """A text for each paragraph, rows for each table. Raises Refused, while rows are taken too."""
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_bomb(archive, path.name)
        document = Document(str(path))
        for element in document.element.body.iterchildren():
            if element.tag.endswith("}p"):
                yield Paragraph(element, document).text
            elif element.tag.endswith("}tbl"):
                yield _rows(Table(element, document), path.name)
    except (zipfile.BadZipFile, PackageNotFoundError, KeyError, ValueError, SyntaxError):
        raise _broken(path.name) from None


def _broken(name: str) -> Refused:
    return Refused("broken-docx", name, "文档已损坏或不是 .docx，请用文字处理软件重新另存")


def _refuse_bomb(archive: zipfile.ZipFile, name: str) -> None:
    """Sizes that the archive states falsely do not matter: no more of a part is read than it states."""
    parts = archive.infolist()
    too_large = len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_BYTES
    if too_large or sum(_tags(archive, part) for part in parts) > MOST_TAGS:
        raise Refused("zip-bomb", name, "文档解压后过大，不予打开，请拆成几个文件")


def _tags(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    with archive.open(part) as file:
        return sum(piece.count(b"<") for piece in iter(lambda: file.read(_CHUNK), b""))


def _rows(table: Table, name: str) -> Iterator[TableRow]:
    """Row by row, each knowing the one above: a merged cell may cover thousands of rows."""
    above: dict[int, tuple[Any, str]] = {}
    try:
        for row in table._tbl.tr_lst:
            here: dict[int, tuple[Any, str]] = {}
            cells: list[tuple[Any, str]] = []
            offset = row.grid_before
            for one in row.tc_lst:
                held = above.get(offset) if one.vMerge == "continue" else None
                here[offset] = cell = held or (one, _Cell(one, table).text)
                span = one.grid_span
                if len(cells) + span > MOST_COLUMNS:
                    raise Refused(
                        "zip-bomb",
                        name,
                        f"文档里的表格多于{MOST_COLUMNS}列，不予打开，请用文字处理软件重新另存",
                    )
                cells += [cell] * span
                offset += span
            above = here
            yield TableRow([text for _, text in cells], len({id(one) for one, _ in cells}) == 1)
    except (ValueError, PythonDocxError, XmlchemyError):  # a number that is none, a mark that has to be there
        raise _broken(name) from None
