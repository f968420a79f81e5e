"""What a workbook would take once it is opened, counted on its packed parts before anything of it is held.

The library that reads sheets makes a rectangle of all cells up to the last filled one, and gives every cell that names
a shared text a copy of it. Where memory does not suffice the whole process ends, so it cannot be found out by trying.
"""

from __future__ import annotations

import zipfile
import zlib
from array import array
from collections.abc import Iterator
from typing import BinaryIO
from xml.parsers import expat

from app.exchange.rows import Refused
from app.exchange.sheet_extent import Extent, at_a_glance, exact, shared_lengths

MAX_UNPACKED = 512 * 1024 * 1024
"""Bytes that a spreadsheet may unpack to; a sheet of 100,000 rows stays well below."""
MAX_PARTS = 2_000
"""Files inside a spreadsheet."""
MAX_CELLS = 8_000_000
"""Cells of all sheets, the empty ones up to the last filled one included: 100,000 rows of 80 columns."""
MAX_SHARED = 256 * 1024 * 1024
"""Bytes of shared texts, counted for every cell that names one."""
COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")
"""How old workbooks begin, and new ones under a password (Compound File Binary)."""
BROKEN = "表格文件已损坏或不是 .xlsx，请用表格软件重新另存"
_CHUNK = 1024 * 1024
_SHEET = b"sheetData"
"""A part without it is no sheet, whatever its name."""
_OTHER_KINDS = ("workbook.bin", "content.xml")
"""Parts that only .xlsb and .ods have; the library would read those too, by rules that nothing here counts by."""
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    ValueError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)


def require_workbook(file: BinaryIO, name: str) -> None:
    """Raises Refused for what is no .xlsx, and for one that would take too much; ``name`` is told in it."""
    refuse_bomb(file, name)
    with zipfile.ZipFile(file) as archive:
        parts = [_plain_name(part) for part in archive.infolist()]
    if any(part.endswith(_OTHER_KINDS) for part in parts):
        raise Refused("broken-xlsx", name, BROKEN)


def refuse_bomb(file: BinaryIO, name: str) -> None:
    """Raises Refused. Every part is unpacked and counted: sizes that the archive states falsely do not matter."""
    try:
        with zipfile.ZipFile(file) as archive:
            _require_one_directory(file, archive)
            parts = archive.infolist()
            if len(parts) > MAX_PARTS:
                raise Refused("zip-bomb", name, f"表格内部文件多达{len(parts)}个，不予打开，请重新另存")
            _refuse_wide(file, parts, _sheets_among(file, parts, name), name)
    except _DAMAGE:
        raise Refused("broken-xlsx", name, _why_unread(file)) from None


def _plain_name(part: zipfile.ZipInfo) -> str:
    return part.filename.replace("\\", "/").lower()


def _why_unread(file: BinaryIO) -> str:
    file.seek(0)
    return (
        "表格是旧式的 .xls，或者设了打开密码，不能读取；请用表格软件打开，另存为不设密码的 .xlsx"
        if file.read(len(COMPOUND)) == COMPOUND
        else BROKEN
    )


def _require_one_directory(file: BinaryIO, archive: zipfile.ZipFile) -> None:
    """Raises ValueError where another reader could find other parts in the same file than those counted here."""
    file.seek(0)
    if file.read(4) != b"PK\x03\x04":
        raise ValueError("something stands before the archive")
    size = file.seek(0, 2)
    file.seek(max(size - 65_557, 0))
    tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    stated = int.from_bytes(tail[end + 16 : end + 20], "little")
    if tail.count(b"PK\x05\x06") != 1 or b"PK\x06\x07" in tail or stated != archive.start_dir:
        raise ValueError("more than one list of parts")


def _sheets_among(file: BinaryIO, parts: list[zipfile.ZipInfo], name: str) -> list[zipfile.ZipInfo]:
    """The parts that may be read as a sheet. Raises Refused where all together unpack to too much."""
    total, sheets = 0, []
    for part in parts:
        before, is_sheet = b"", False
        for piece in _unpacked(file, part):
            total += len(piece)
            if total > MAX_UNPACKED:
                raise Refused("zip-bomb", name, "表格解压后过大，不予打开，请拆成几个文件或改用 CSV")
            is_sheet = is_sheet or _SHEET in before + piece
            before = piece[-len(_SHEET) :]
        if is_sheet:
            sheets.append(part)
    return sheets


def _refuse_wide(
    file: BinaryIO, parts: list[zipfile.ZipInfo], sheets: list[zipfile.ZipInfo], name: str
) -> None:
    lengths = _lengths(file, parts)
    extents = [at_a_glance(_unpacked(file, part), lengths) for part in sheets]
    if None not in extents and not _too_much([one for one in extents if one is not None]):
        return
    wrong = _too_much([exact(_unpacked(file, part), lengths) for part in sheets])
    if wrong:
        raise Refused("zip-bomb", name, wrong)


def _too_much(extents: list[Extent]) -> str | None:
    """What is wrong with sheets that reach so far."""
    cells = sum(one.rows * one.columns for one in extents)
    if cells > MAX_CELLS:
        widest = max(extents, key=lambda one: one.rows * one.columns)
        return (
            f"表格算到最远一格（第{widest.rows}行、第{widest.columns}列）共有{cells}格，范围过大，不予打开；"
            "请删去表格以外的内容，或拆成几个文件"
        )
    if sum(one.shared for one in extents) > MAX_SHARED:
        return "表格里的文字过多，不予打开，请拆成几个文件或改用 CSV"
    return None


def _lengths(file: BinaryIO, parts: list[zipfile.ZipInfo]) -> array[int]:
    """The bytes of each shared text, in their order."""
    held = [part for part in parts if _plain_name(part).endswith("sharedstrings.xml")]
    if len(held) > 1:
        raise ValueError("shared texts twice")
    return shared_lengths(_unpacked(file, held[0]), MAX_CELLS) if held else array("q")


def _unpacked(file: BinaryIO, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """What a part really unpacks to, in pieces."""
    file.seek(part.header_offset)
    local = file.read(30)
    if len(local) < 30 or local[:4] != b"PK\x03\x04":
        raise ValueError("no local header")
    start = part.header_offset + 30
    start += int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little")
    left, inflater = part.compress_size, zlib.decompressobj(-15)
    if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError("unknown compression")
    while left > 0 and not inflater.eof:
        file.seek(start)
        packed = file.read(min(_CHUNK, left))
        if not packed:
            break
        start, left = start + len(packed), left - len(packed)
        if part.compress_type == zipfile.ZIP_STORED:
            yield packed
            continue
        while packed:
            yield inflater.decompress(packed, _CHUNK)
            packed = inflater.unconsumed_tail
