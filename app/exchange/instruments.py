"""Rows of laws and regulations to records: one record per version, in the order of their days.

An instrument is identified by its full name as written: 中华人民共和国专利法 and 专利法 stay apart,
since the rows do not say that they are one. A second row of one name and one day is kept as another
instrument with a number. A row without any day whose namesake has days is kept apart too: it may
be older than all of them.

The day of a version is the day it took effect where that is not before the day its wording was
adopted; else (the source gives the first version's day) the day of adoption, which the source
attests and which need not be the start.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from app.exchange.cells import Cells, as_text
from app.exchange.convert import Status, Teller
from app.exchange.elements import Writer
from app.exchange.mapping import Mapping
from app.exchange.records import Record
from app.exchange.rows import Row
from app.exchange.values import read_day, read_value
from app.law.days import DAYS, is_day


@dataclass
class InstrumentConverter:
    """Turns rows, sorted by day, into records."""

    mapping: Mapping
    attested: str | None
    teller: Teller
    dated: frozenset[str]
    """Names of which some row has a day."""
    met: dict[str, int] = field(default_factory=dict)
    days_met: dict[tuple[str, str], int] = field(default_factory=dict)

    def convert(self, row: Row) -> Iterator[Record]:
        cells = Cells(row.values)
        self.teller.where = row.where
        title = cells.text(self.mapping.fields["title"].columns()[0])
        if not title:
            self.teller.refuse("missing-name", "", "没有文件名称，请补上名称，或从文件中删去本行")
            return
        day, started = instrument_day(self.mapping, cells)
        at = day or self.attested
        if at is None:
            self.teller.refuse("no-day", "", "没有日期")
            return
        ref = self._identity(title, day)
        first = self.met.setdefault(ref, 0) == 0
        self.met[ref] += 1
        content = self._content(cells, title, ref)
        status = self._status(cells, content)
        record = Record(
            kind="instrument",
            ref=ref,
            content=content,
            day=at,
            start_unknown=not started and first,
            status=status,
            where=row.where,
        )
        ended = self._ended_by_now(status, at)
        yield record.model_copy(update={"status": "unknown"}) if status == "ended" else record
        if ended:
            yield record.model_copy(update={"day": ended, "start_unknown": False})

    def _identity(self, title: str, day: str | None) -> str:
        if day is None and title in self.dated:
            self.teller.warn(
                "undated-version", "", "本行没有日期，而同名文件有日期，先后不明，单独收录，请核对"
            )
            return f"{title}#无日期"
        count = self.days_met[title, day or ""] = self.days_met.get((title, day or ""), 0) + 1
        if count == 1:
            return title
        self.teller.warn("repeated-row", "", f"名称和日期与前面的行相同，未合并，记为第{count}个，请核对")
        return f"{title}#{count}"

    def _content(self, cells: Cells, title: str, ref: str) -> dict[str, Any]:
        writer = Writer(self.mapping, self.teller.warn)
        document: dict[str, Any] = {"title": title}
        writer.fields(self.mapping.fields, cells, document)
        for target in DAYS:
            if target in document:
                self._day(target, cells, document, writer)
        for column in self.mapping.drop:
            cells.use(column)
        if self.mapping.status:
            self._note(document, cells, self.mapping.status.columns()[0])
        writer.keep(cells)
        if writer.extra:
            document["note"] = "\n".join(
                [document[one] for one in ("note",) if one in document]
                + [f"{label}：{value}" for label, value in writer.extra]
            )
        return document

    def _day(self, target: str, cells: Cells, document: dict[str, Any], writer: Writer) -> None:
        """A year or a month is enough said and stays as written; what is no day at all is kept beside the dates."""
        given = document[target]
        if day := read_day(given):
            document[target] = day
        elif not is_day(given):
            columns = self.mapping.fields[target].columns()
            column = next((one for one in columns if cells.peek(one) is not None), columns[0])
            message = f"“{given[:20]}”不是日期，原样存入备注；表格里的日期若成了数字，请把该列设为日期格式"
            self.teller.warn("odd-day", column, message)
            writer.extra.append((self.mapping.labels.get(column, column), document.pop(target)))

    def _note(self, document: dict[str, Any], cells: Cells, column: str) -> None:
        """The source's own word for the status, since several words become one status."""
        given = cells.text(column)
        if given:
            document["note"] = f"来源所载时效：{given}"

    def _status(self, cells: Cells, content: dict[str, Any]) -> Status:
        spec = self.mapping.status
        given = cells.peek(spec.columns()[0]) if spec else None
        if spec is None or given is None:
            return "unknown"
        status = read_value(spec, given, self.mapping.values)
        if status in ("in_force", "suspended", "ended", "unknown"):
            return status
        self.teller.warn(
            "unknown-status", spec.columns()[0], f"时效“{as_text(given)[:20]}”不认识，记为时效未知"
        )
        return "unknown"

    def _ended_by_now(self, status: Status, day: str) -> str | None:
        """The day on which a repealed text is known to have ended: the source says that, not since when."""
        if status != "ended":
            return None
        if self.attested is None or self.attested <= day:
            self.teller.warn("end-day-unknown", "", "来源称已废止而没有废止日期，记为时效未知，请补充")
            return None
        self.teller.tell(
            "note", "end-day-unknown", "", f"来源称已废止而没有废止日期，自{self.attested}起记为失效"
        )
        return self.attested


def instrument_day(mapping: Mapping, cells: Cells) -> tuple[str | None, bool]:
    """The day of a row's version, and whether that day is its start. Columns: in effect, adopted ..."""
    columns = mapping.day.columns if mapping.day else []
    days = [read_day(value) if (value := cells.peek(column)) is not None else None for column in columns]
    effective, adopted = (days or [None])[0], next((day for day in days[1:] if day), None)
    if effective and (adopted is None or effective >= adopted):
        return effective, True
    return adopted or effective, False
