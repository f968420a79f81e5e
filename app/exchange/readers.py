"""Files to rows: CSV, XLSX and JSON lines, one row at a time, each with the place it stands in.

A row is a dict of column to value: text in CSV, text, numbers and booleans in XLSX, anything JSON
has in JSON lines. What cannot be read is reported as a Problem; one of severity ``error`` ends the
reading of that row or, where nothing sound can follow, of the file. Cell formulas are data: the
stored result is read, nothing is evaluated.
"""

from __future__ import annotations

import codecs
import csv
import datetime
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import orjson
from python_calamine import CalamineWorkbook

from app.exchange.records import Problem

MAX_TEXT = 60_000
"""Characters in one value; the longest text that content holds (``app/versions/shapes.py``)."""
MAX_LINE = 8 * 1024 * 1024
"""Bytes in one line of JSON."""
MAX_UNPACKED = 512 * 1024 * 1024
"""Bytes that a spreadsheet may unpack to; a sheet of 100,000 rows stays well below."""
MAX_PARTS = 2_000
"""Files inside a spreadsheet."""
_CHUNK = 1024 * 1024
_EXACT_INTEGER = 10**15
"""A spreadsheet keeps 15 digits of a number; longer codes typed as numbers have lost digits."""

Report = Callable[[Problem], None]
Columns = Callable[[list[str]], None]
"""Takes the columns of a table before any row of it; raises Refused where they will not do."""


class Row(NamedTuple):
    where: str
    values: dict[str, Any]


class Refused(Exception):
    """Nothing sound can be read from here on."""

    def __init__(self, code: str, where: str, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(severity="error", code=code, where=where, message=message)


def any_columns(_columns: list[str]) -> None:
    """Every header will do."""


def read_rows(path: Path, report: Report, columns: Columns = any_columns) -> Iterator[Row]:
    """The rows of a file, by its kind. Problems go to ``report``; never raises for what a file holds."""
    try:
        yield from _reader(path)(path, report, columns)
    except Refused as refused:
        report(refused.problem)
    except OSError as error:
        report(
            Problem(
                severity="error",
                code="unreadable-file",
                where=path.name,
                message=f"文件打不开（{error.strerror}），请检查路径和权限",
            )
        )


def _reader(path: Path) -> Callable[[Path, Report, Columns], Iterator[Row]]:
    with path.open("rb") as file:
        head = file.read(4)
    if head == b"PK\x03\x04" or path.suffix.lower() == ".xlsx":
        return _read_xlsx
    if path.suffix.lower() in (".jsonl", ".ndjson", ".json"):
        return _read_json_lines
    if path.suffix.lower() in (".csv", ".txt", ".tsv"):
        return _read_csv
    raise Refused("unknown-format", path.name, "不认识的文件类型，请提供 .csv、.xlsx 或 .jsonl 文件")


# CSV


def _read_csv(path: Path, report: Report, columns: Columns) -> Iterator[Row]:
    encoding = _encoding(path)
    with path.open("r", encoding=encoding, newline="") as file:
        reader = csv.reader(file, strict=True, delimiter=_delimiter(path, encoding))
        cells = _csv_cells(reader, path.name)
        header = _header(next(cells, (path.name, []))[1], path.name)
        columns(header)
        for where, row in cells:
            if len(row) < len(header) and any(row):
                _warn_short(report, where, len(row), len(header))
            yield from _as_row(header, row, where, report)


def _csv_cells(reader: Any, name: str) -> Iterator[tuple[str, list[str]]]:
    """Each row with its place; broken quoting ends the reading, since rows can no longer be told apart."""
    while True:
        where = f"{name} 第{reader.line_num + 1}行"
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Refused(
                "broken-quoting",
                where,
                f"引号不成对或单元格过长（{error}），请检查从本行起的双引号：字段内的双引号应写成两个",
            ) from None
        yield where, row


def _encoding(path: Path) -> str:
    """utf-8 (with or without mark), UTF-16 by its mark, else gb18030; refused where none reads the whole file."""
    with path.open("rb") as file:
        head = file.read(2)
    if head in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    for encoding in ("utf-8-sig", "gb18030"):
        if _decodes(path, encoding):
            return encoding
    raise Refused("bad-encoding", path.name, "文字编码既不是 UTF-8 也不是 GB18030，请另存为 UTF-8 再导入")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(path: Path, encoding: str) -> str:
    try:
        with path.open("r", encoding=encoding, newline="") as file:
            first = file.readline(64 * 1024)
    except UnicodeError:
        raise Refused("bad-encoding", path.name, "文字编码有误，请另存为 UTF-8 再导入") from None
    return max(",\t;", key=first.count)


def _warn_short(report: Report, where: str, got: int, wanted: int) -> None:
    report(
        Problem(
            severity="warning",
            code="short-row",
            where=where,
            message=f"本行只有{got}列，表头有{wanted}列；缺的列按空白处理，请核对是否错位",
        )
    )


# XLSX


def _read_xlsx(path: Path, report: Report, columns: Columns) -> Iterator[Row]:
    _refuse_bomb(path)
    rows = _sheet_rows(path)
    header: list[str] = []
    for number, cells in enumerate(rows, 1):
        where = f"{path.name} 第{number}行"
        if not header:
            if any(cell != "" for cell in cells):
                header = _header([str(_plain(cell)) for cell in cells], where)
                columns(header)
            continue
        plain = [_plain(cell) for cell in cells]
        for column, value in zip(header, plain, strict=False):
            if isinstance(value, float) and abs(value) >= _EXACT_INTEGER:
                _report_lost_digits(report, where, column)
        yield from _as_row(header, plain, where, report)
    if not header:
        raise Refused("missing-header", path.name, "表格是空的，第一行应为列名")


def _sheet_rows(path: Path) -> Iterator[list[Any]]:
    """The first sheet's rows. The library may fail on a damaged file in ways of its own, panics included."""
    try:
        book = CalamineWorkbook.from_path(str(path))
        sheet = book.get_sheet_by_index(0)
        yield from sheet.iter_rows()
    except (GeneratorExit, KeyboardInterrupt, MemoryError, Refused):
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise Refused("broken-xlsx", path.name, "表格文件已损坏或不是 .xlsx，请用表格软件重新另存") from None


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


def _report_lost_digits(report: Report, where: str, column: str) -> None:
    report(
        Problem(
            severity="error",
            code="number-lost-digits",
            where=f"{where}“{column}”列",
            message="长编码被存成了数字，末尾几位已丢失，请把该列设为文本并重新录入",
        )
    )


def _refuse_bomb(path: Path) -> None:
    """Unpacks every part and counts, so that sizes which the archive states falsely do not matter."""
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS:
                raise Refused("zip-bomb", path.name, f"表格内部文件多达{len(parts)}个，不予打开，请重新另存")
            total = 0
            for part in parts:
                total += _unpacked_size(file, part, MAX_UNPACKED - total)
                if total > MAX_UNPACKED:
                    raise Refused("zip-bomb", path.name, "表格解压后过大，不予打开，请拆成几个文件或改用 CSV")
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, NotImplementedError, RuntimeError):
        raise Refused("broken-xlsx", path.name, "表格文件已损坏或不是 .xlsx，请用表格软件重新另存") from None


def _unpacked_size(file: BinaryIO, part: zipfile.ZipInfo, limit: int) -> int:
    """Bytes that a part really unpacks to; stops counting just above ``limit``."""
    file.seek(part.header_offset)
    local = file.read(30)
    if len(local) < 30 or local[:4] != b"PK\x03\x04":
        raise ValueError("no local header")
    file.seek(int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little"), 1)
    if part.compress_type == zipfile.ZIP_STORED:
        return part.compress_size
    if part.compress_type != zipfile.ZIP_DEFLATED:
        raise ValueError("unknown compression")
    inflater, size, left = zlib.decompressobj(-15), 0, part.compress_size
    while left > 0 and not inflater.eof and size <= limit:
        packed = file.read(min(_CHUNK, left))
        if not packed:
            break
        left -= len(packed)
        while packed and size <= limit:
            size += len(inflater.decompress(packed, _CHUNK))
            packed = inflater.unconsumed_tail
    return size


# JSON lines


def read_lines(path: Path, report: Report) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of each line that is not blank, bounded in length."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            if len(line) > MAX_LINE:
                raise Refused(
                    "line-too-long",
                    f"{path.name} 第{number}行",
                    f"本行超过{MAX_LINE // 1024 // 1024} MB，请检查换行：每行应是一条完整的 JSON 记录",
                )
            if number == 1 and line.startswith(codecs.BOM_UTF8):
                line = line[3:]
            if line.strip():
                yield number, line


def parse_line(line: bytes, where: str, report: Report) -> dict[str, Any] | None:
    """A line as a JSON object; None, and a problem, where it is not one or holds text that cannot be kept."""
    try:
        values = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        _report_json(report, where, str(error).split(":")[0])
        return None
    if not isinstance(values, dict):
        _report_json(report, where, "应为一个对象")
        return None
    # Only such lines can hold a NUL or an over-long text: every other is spared the walk.
    suspect = b"\\u0000" in line or len(line) > MAX_TEXT
    if suspect and not _all_sound(values.items(), where, report):
        return None
    return values


def _read_json_lines(path: Path, report: Report, _columns: Columns) -> Iterator[Row]:
    """Every line has columns of its own."""
    empty = True
    for number, line in read_lines(path, report):
        empty = False
        where = f"{path.name} 第{number}行"
        values = parse_line(line, where, report)
        if values is not None:
            yield Row(where, values)
    if empty:
        raise Refused("empty-file", path.name, "文件是空的，请检查是否选错文件")


def _report_json(report: Report, where: str, detail: str) -> None:
    report(
        Problem(
            severity="error",
            code="broken-json",
            where=where,
            message=f"本行不是一条完整的 JSON 记录（{detail}），请检查引号、逗号和括号；每行一条记录",
        )
    )


# What all formats share


def _header(cells: list[str], where: str) -> list[str]:
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


def _as_row(header: list[str], cells: list[Any], where: str, report: Report) -> Iterator[Row]:
    """The row, unless it is blank, has more cells than columns, or holds text that cannot be kept."""
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
    if _all_sound(values.items(), where, report):
        yield Row(where, values)


def _all_sound(values: Iterable[tuple[str, Any]], where: str, report: Report) -> bool:
    """Goes through all of them, so that every fault of a row is told at once."""
    return sum([not _sound(column, value, where, report) for column, value in values]) == 0


def _sound(column: str, value: Any, where: str, report: Report) -> bool:
    """False, and a problem, where a text holds NUL or half a surrogate pair, or is too long to keep."""
    if isinstance(value, dict):
        return _all_sound(((f"{column}.{name}", one) for name, one in value.items()), where, report)
    if isinstance(value, list):
        return _all_sound(((f"{column}[{at}]", one) for at, one in enumerate(value, 1)), where, report)
    if not isinstance(value, str):
        return True
    found = _unsound(value)
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
