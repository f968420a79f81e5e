"""From a file to records: one reading, streamed, with every problem told. No database, no publishing.

    reading = read_records(path, "catalogue_items", attested=date(2021, 6, 30))
    for record in reading: ...
    if reading.refused: ...          # some problem was an error: nothing of the file may be used
    print(reading.quality.text())

Records come with what they refer to first: a region, then its authorities, then their items; the
records of one reference come in rising day. A reading can be gone through once; read the file
again for a second pass, which gives the same records.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.changes.readable_names import odd_names
from app.exchange.cells import Cells
from app.exchange.convert import Days, ItemConverter, Teller
from app.exchange.instruments import InstrumentConverter, instrument_day
from app.exchange.mapping import Mapping, SameAs, load_mapping
from app.exchange.quality import Every, Met, Quality, met
from app.exchange.readers import Line, parse_line, read_lines, read_rows
from app.exchange.records import Problem, Record
from app.exchange.regions import RegionConverter
from app.exchange.rows import Refused, Row
from app.exchange.validation import MODELS, checked
from app.exchange.values import read_day
from app.items import codes
from app.law.days import odd_days
from app.wording import reason

MAX_ERRORS = 200
"""After so many errors the rest of the file is not read: it is refused anyway."""
MAX_COLUMNS = 40
"""Columns of a file that a message about its header names."""
MAX_EACH = 200
"""Problems of one code that are kept in full; all are counted in ``quality``."""


@dataclass
class ImportReading:
    """One pass over a file. ``problems``, ``quality`` and ``refused`` are complete when it has ended."""

    path: Path
    mapping: Mapping
    attested: date | None
    sheet: str | None = None
    problems: list[Problem] = field(default_factory=list)
    quality: Quality = field(default_factory=Quality)
    errors: int = 0
    same_as: dict[str, SameAs] = field(default_factory=dict)
    """Reference of an item -> the other source that has it too, and its reference there."""
    _last_days: dict[int, str] = field(default_factory=dict)
    """Hash of kind and reference -> day of its last record; hashes, so that large files stay small in memory."""
    _undated: int = 0
    """Rows without a day where none is attested: told once, with their number, when the file has been read."""
    _first_undated: str = ""
    _started: bool = False

    @property
    def refused(self) -> bool:
        """True where some problem is an error: nothing of the file may be used."""
        return self.errors > 0

    @property
    def is_full(self) -> bool:
        """True where enough is wrong for nobody to ask on."""
        return self.errors >= MAX_ERRORS

    def lists(self, kind: str, ref: str) -> bool:
        """Whether the file had a record of this reference."""
        return hash((kind, ref)) in self._last_days

    def report(self, problem: Problem) -> None:
        if problem.code == "no-day":
            self._undated += 1
            self._first_undated = self._first_undated or problem.where
            self.errors += self._undated == 1
            return
        self.errors += problem.severity == "error"
        self._keep(problem)

    def _keep(self, problem: Problem) -> None:
        self.quality.problem(problem)
        if self.quality.findings[problem.code].count <= MAX_EACH:
            self.problems.append(problem)

    def __iter__(self) -> Iterator[Record]:
        if self._started:
            raise RuntimeError("a reading is gone through once; call read_records again")
        self._started = True
        source = self._native() if self.mapping.kind == "record" else self._mapped()
        for record in source:
            if self.takes(record):
                yield record
            if self.errors >= MAX_ERRORS:
                break
        self.finish()

    def takes(self, record: Record) -> bool:
        """Whether a record follows on those before it; it is looked at and counted either way."""
        one = met(record)
        if not self.follows(one):
            return False
        self.quality.alone(record)
        return True

    def follows(self, one: Met) -> bool:
        """The same for a record that has been looked at already."""
        own = hash((one.kind, one.ref))
        before = self._last_days.get(own)
        self._last_days[own] = sys.intern(one.day)
        if before is not None and not self._rises(before, one):
            return False
        self.quality.among(one, before is None, own)
        return True

    def finish(self) -> None:
        """Tell what only the end of the file shows."""
        self.quality.end()
        if self._undated:
            self._tell_undated()
        if self.errors >= MAX_ERRORS:
            self.give_up()
        if not self.errors and not self.quality.kinds:
            message = "文件里没有可读的数据，请检查是否选错文件、是否只有表头"
            self._error("no-rows", self.path.name, message)

    def _tell_undated(self) -> None:
        rows = "本行" if self._undated == 1 else f"自本行起，共{self._undated}行"
        message = f"{rows}没有日期，请给出来源所证明的日期（如 2021-06-30；命令行用 --attested）"
        self._keep(Problem(severity="error", code="no-day", where=self._first_undated, message=message))

    def give_up(self) -> None:
        """Tell that the errors found are not all."""
        message = f"错误已达{MAX_ERRORS}处，其余未再检查，请先改正以上错误"
        self._keep(Problem(severity="error", code="too-many-errors", where=self.path.name, message=message))

    # Native JSON lines: each line is a Record

    def _native(self) -> Iterator[Record]:
        return self.natively(self.lines())

    def natively(self, lines: Iterable[Line]) -> Iterator[Record]:
        """The records of lines, each of which is a Record."""
        for number, line, _ in lines:
            self.quality.rows += 1
            record = self.native_record(number, line)
            if self.errors >= MAX_ERRORS:
                return
            if record is not None:
                yield record

    def native_record(self, number: int, line: bytes) -> Record | None:
        where = f"{self.path.name} 第{number}行"
        values = parse_line(line, where, self.report)
        return self._native_record(values, where) if values is not None else None

    def lines(self) -> Iterator[Line]:
        try:
            yield from read_lines(self.path)
        except Refused as refused:
            self.report(refused.problem)
        except OSError as error:
            self._error(
                "unreadable-file", self.path.name, f"文件打不开（{error.strerror}），请检查路径和权限"
            )

    def _native_record(self, values: dict[str, Any], where: str) -> Record | None:
        if not values.get("where"):
            values["where"] = where
        if "day" not in values and self.attested is not None:
            values["day"] = self.attested.isoformat()
            values["start_unknown"] = True
        try:
            record = Record.model_validate(values)
        except ValidationError as error:
            self._invalid(error, where, "")
            return None
        if not _is_day(record.day):
            self._error("bad-day", f"{where}“day”", f"“{record.day[:40]}”不是日期，应写作 2020-01-31")
            return None
        for code in record.codes:
            self._check_code(code.scheme, code.value, where)
        return self._checked(record, where)

    def _check_code(self, scheme: str, value: str, where: str) -> None:
        for wrong in codes.check(scheme, value):
            refused = wrong.code == "registry-id-as-code"
            self.report(
                Problem(
                    severity="error" if refused else "warning",
                    code=wrong.code,
                    where=f"{where}“codes”",
                    message=f"{wrong.message}；{'请删去' if refused else '原样保留，请核对'}",
                )
            )

    def _rises(self, before: str, record: Met) -> bool:
        """Records of one reference must rise in day, so that each is the next version."""
        if before < record.day:
            return True
        if before == record.day and self.mapping.ordered:
            message = f"同一事项在{before}有几个版本，按来源次序收录，以最后一个为准"
            self.report(
                Problem(severity="note", code="same-day-version", where=record.where, message=message)
            )
            return True
        code, message = (
            "days-not-rising",
            f"“{record.ref[:60]}”的日期早于前一条（{before}），请按日期先后排列",
        )
        if before == record.day:
            code, message = "repeated-ref", f"“{record.ref[:60]}”在{before}已有一条，请合并或改用另一个主键"
        self._error(code, record.where, message)
        return False

    # Files of other sources, by their mapping

    def _mapped(self) -> Iterator[Record]:
        teller = Teller(self.report)
        rows: Iterable[Row] = self._rows()
        convert = self._converter(teller, rows := self._sorted(rows) if self.mapping.ordered else rows)
        for row in rows:
            for record in convert(row):
                valid = self._checked(record, teller.where)
                if valid is not None:
                    self._note_same_as(row, valid, teller)
                    yield valid
            if self.errors >= MAX_ERRORS:
                return

    def _rows(self) -> Iterator[Row]:
        for row in read_rows(self.path, self.report, self._require_columns, self.sheet):
            self.quality.rows += 1
            yield row

    def _require_columns(self, header: list[str]) -> None:
        """Raises Refused where the table lacks the columns that names or keys come from."""
        lacking: list[str] = []
        for choices in self.mapping.needed():
            lacks = [[column for column in columns if column not in header] for columns in choices]
            if all(lacks):
                lacking.append("或".join("".join(f"“{column}”" for column in columns) for columns in lacks))
        if not lacking:
            return
        there = "、".join(name[:40] for name in header[:MAX_COLUMNS])
        more = f"等{len(header)}列" if len(header) > MAX_COLUMNS else ""
        raise Refused(
            "missing-columns",
            self.path.name,
            f"文件没有{''.join(dict.fromkeys(lacking))}列；文件中的列有：{there}{more}。请改正表头或映射。",
        )

    def _converter(self, teller: Teller, rows: Iterable[Row]) -> Callable[[Row], Iterator[Record]]:
        attested = self.attested.isoformat() if self.attested else None
        if self.mapping.kind == "item":
            return ItemConverter(self.mapping, Days(self.mapping, attested), teller).convert
        if self.mapping.kind == "region":
            return RegionConverter(self.mapping, Days(self.mapping, attested), teller).convert
        titles = self.mapping.fields["title"].columns()[0]
        dated = frozenset(
            str(row.values.get(titles)) for row in rows if instrument_day(self.mapping, Cells(row.values))[0]
        )
        return InstrumentConverter(self.mapping, attested, teller, dated).convert

    def _sorted(self, rows: Iterable[Row]) -> list[Row]:
        """All rows in the order of their days, undated ones last; rows of one day as they stand."""
        return sorted(rows, key=lambda row: self._row_day(row) or "9999")

    def _row_day(self, row: Row) -> str | None:
        cells = Cells(row.values)
        if self.mapping.kind == "instrument":
            return instrument_day(self.mapping, cells)[0]
        columns = self.mapping.day.columns if self.mapping.day else []
        given = next((value for column in columns if (value := cells.peek(column)) is not None), None)
        return read_day(given) if given is not None else None

    def _note_same_as(self, row: Row, record: Record, teller: Teller) -> None:
        key = self.mapping.row_key
        same = self.mapping.same_as.get(str(row.values.get(key))) if key and record.kind == "item" else None
        if same is None:
            return
        self.same_as[record.ref] = same
        teller.tell("note", "same-as", "", f"与来源“{same.source}”的“{same.ref}”是同一事项，请勿重复发布")

    # Both

    def _checked(self, record: Record, where: str) -> Record | None:
        """The record with its content as it will be stored; None, and problems, where it does not fit."""
        try:
            record.content = checked(record.kind, record.content)
        except ValidationError as error:
            self._invalid(error, where, "content")
            return None
        unreadable = list(odd_names(record.content))
        for name, wrong in unreadable:
            self._error("bad-name", f"{where}“content.{name.replace('/', '.')}”", wrong)
        odd = odd_days(record.content) if record.kind == "instrument" else []
        for name in odd:
            given = record.content[name][:40]
            self._error("bad-day", f"{where}“content.{name}”", f"“{given}”不是日期，应写作 2020-01-31")
        return None if odd or unreadable else record

    def _invalid(self, error: ValidationError, where: str, inside: str) -> None:
        for one in error.errors(include_url=False)[:20]:
            place = ".".join(str(part) for part in (inside, *one["loc"]) if part != "")
            self._error("invalid-content", f"{where}“{place}”", reason(one))

    def _error(self, code: str, where: str, message: str) -> None:
        self.report(Problem(severity="error", code=code, where=where, message=message))


def read_records(
    path: str | Path,
    mapping: str | Path | Mapping,
    attested: date | None = None,
    sheet: str | None = None,
    every: Every | None = None,
) -> ImportReading:
    """A reading of a file by a mapping (its name, its file or itself). Raises BadMapping; else never for content.

    ``attested`` is the day that the source vouches for, used for rows that have no day of their own;
    ``sheet`` the sheet of a spreadsheet that has several; ``every`` takes every problem.
    """
    loaded = mapping if isinstance(mapping, Mapping) else load_mapping(mapping)
    return ImportReading(Path(path), loaded, attested, sheet, quality=Quality(every=every))


@lru_cache(maxsize=10_000)
def _is_day(text: str) -> bool:
    return len(text) == 10 and read_day(text) == text


__all__ = ["MODELS", "ImportReading", "read_records"]
