"""Files to rows: CSV, XLSX and JSON lines, one row at a time, each with the place it stands in.

A row is a dict of column to value: text in CSV, text, numbers and booleans in XLSX, anything JSON
has in JSON lines. What cannot be read is reported as a Problem; one of severity ``error`` ends the
reading of that row or, where nothing sound can follow, of the file. Cell formulas are data: the
stored result is read, nothing is evaluated.
"""

from __future__ import annotations

import codecs
import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from app.exchange.records import Problem
from app.exchange.rows import MAX_TEXT, Columns, Refused, Report, Row, all_sound, as_row, header_of
from app.exchange.sheets import read_xlsx

MAX_LINE = 8 * 1024 * 1024
"""Bytes in one line of JSON."""
_CHUNK = 1024 * 1024


def any_columns(_columns: list[str]) -> None:
    """Every header will do."""


def read_rows(
    path: Path, report: Report, columns: Columns = any_columns, sheet: str | None = None
) -> Iterator[Row]:
    """The rows of a file, by its kind. Problems go to ``report``; never raises for what a file holds.

    ``sheet`` names the sheet of a spreadsheet.
    """
    try:
        yield from _reader(path, sheet)(path, report, columns)
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


def _reader(path: Path, sheet: str | None) -> Callable[[Path, Report, Columns], Iterator[Row]]:
    with path.open("rb") as file:
        head = file.read(4)
    if head == b"PK\x03\x04" or path.suffix.lower() == ".xlsx":
        return partial(read_xlsx, sheet=sheet)
    if sheet is not None:
        raise Refused("no-sheets", path.name, "这种文件没有工作表，请不要写工作表的名称（命令行的 --sheet）")
    if path.suffix.lower() in (".jsonl", ".ndjson", ".json"):
        return _read_json_lines
    if path.suffix.lower() in (".csv", ".txt", ".tsv"):
        return _read_csv
    raise Refused("unknown-format", path.name, "不认识的文件类型，请提供 .csv、.xlsx 或 .jsonl 文件")


# CSV


def _read_csv(path: Path, report: Report, columns: Columns) -> Iterator[Row]:
    encoding = encoding_of(path)
    with path.open("r", encoding=encoding, newline="") as file:
        reader = csv.reader(file, strict=True, delimiter=_delimiter(path, encoding))
        cells = _csv_cells(reader, path.name)
        header = header_of(next(cells, (path.name, []))[1], path.name)
        columns(header)
        for where, row in cells:
            if len(row) < len(header) and any(row):
                _warn_short(report, where, len(row), len(header))
            yield from as_row(header, row, where, report)


def _csv_cells(reader: Any, name: str) -> Iterator[tuple[str, list[str]]]:
    """Each row with its place; broken quoting ends the reading, since rows can no longer be told apart."""
    while True:
        where = f"{name} 第{reader.line_num + 1}行"
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise Refused(
                "broken-quoting",
                where,
                "引号不成对或单元格过长，请检查从本行起的双引号：字段内的双引号应写成两个",
            ) from None
        yield where, row


def encoding_of(path: Path) -> str:
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


# JSON lines


Line = tuple[int, bytes, int]
"""Its number, its bytes, and where in the file it ends."""


def read_lines(path: Path, number: int = 0, end: int = 0) -> Iterator[Line]:
    """Each line that is not blank, bounded in length; those after the line of this number, which ends there.
    Raises Refused."""
    with path.open("rb") as file:
        file.seek(end)
        while line := file.readline(MAX_LINE + 1):
            number += 1
            end += len(line)
            if len(line) > MAX_LINE:
                raise Refused(
                    "line-too-long",
                    f"{path.name} 第{number}行",
                    f"本行超过{MAX_LINE // 1024 // 1024} MB，请检查换行：每行应是一条完整的 JSON 记录",
                )
            if number == 1 and line.startswith(codecs.BOM_UTF8):
                line = line[3:]
            if line.strip():
                yield number, line, end


def parse_line(line: bytes, where: str, report: Report) -> dict[str, Any] | None:
    """A line as a JSON object; None, and a problem, where it is not one or holds text that cannot be kept."""
    try:
        values = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        _report_json(report, where, f"从本行第{error.pos + 1}个字符起写法有误")
        return None
    if not isinstance(values, dict):
        _report_json(report, where, "应为一个对象")
        return None
    try:
        repeated = _said_twice(line, values)
    except orjson.JSONEncodeError:
        _report_json(report, where, "嵌套层数过多")
        return None
    if repeated is not None:
        message = f"“{repeated}”在本行写了不止一次，请只留一个"
        report(Problem(severity="error", code="duplicate-column", where=where, message=message))
        return None
    # Only such lines can hold a NUL or an over-long text: every other is spared the walk.
    suspect = b"\\u0000" in line or len(line) > MAX_TEXT
    if suspect and not all_sound(values.items(), where, report):
        return None
    return values


def _said_twice(line: bytes, values: dict[str, Any]) -> str | None:
    """A name that an object of the line has more than once: of its values the parser kept the last alone.

    What was parsed has fewer colons then than what was written: most lines need not be read again to know. Raises
    JSONEncodeError for what is nested deeper than it can be written.
    """
    colons = orjson.dumps(values).count(b":")
    if line.count(b":") == colons and b"\\u003" not in line:
        return None
    twice: list[str] = []

    def pairs(found: list[tuple[str, Any]]) -> None:
        names = Counter(name for name, _ in found)
        twice.extend(name for name, count in names.items() if count > 1)

    json.loads(line, object_pairs_hook=pairs)
    return twice[0] if twice else None


def _read_json_lines(path: Path, report: Report, _columns: Columns) -> Iterator[Row]:
    """Every line has columns of its own."""
    empty = True
    for number, line, _ in read_lines(path):
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
