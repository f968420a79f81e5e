"""Rows of a table of 行政区划 to records: a region a row, the upper ones before those below them.

What a region stands below is the code in the row (上级), else what its own GB/T 2260 code says. It comes earlier in the
file or is in the registry already; only the country and the provinces are brought along, whose names are known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from app.exchange.cells import Cells
from app.exchange.convert import Days, Teller
from app.exchange.elements import Writer
from app.exchange.mapping import Mapping
from app.exchange.records import CodeValue, Record
from app.exchange.region_paths import area_of, level_of
from app.exchange.rows import Row
from app.items import code_tables, codes
from app.places import provinces

LEVELS = frozenset("123456")
"""Where a region can stand; the table of levels also has 分级管理, which is none."""


@dataclass
class RegionConverter:
    """Turns rows into records; remembers what it has met in the file."""

    mapping: Mapping
    days: Days
    teller: Teller
    met: set[str] = field(default_factory=set)
    """Codes of the regions that rows or records brought along have named."""
    brought: set[str] = field(default_factory=set)
    """Of those, the ones that no row has named."""

    def convert(self, row: Row) -> Iterator[Record]:
        """The record of a row, after those of the country and its province where they are new."""
        cells = Cells(row.values)
        self.teller.where = row.where
        found = self.days.of(cells, self.teller)
        name, code = (cells.text(column) for column in self.mapping.region_columns())
        if not name or not code:
            lacking = "名称" if not name else "区划代码"
            self.teller.refuse("missing-name", "", f"没有{lacking}，请补上，或从文件中删去本行")
        if found is None or not name or not code:
            return
        area, day = area_of(code.strip()), found[0]
        if area in self.brought:
            message = f"“{name}”（{code}）列在它的下级之后，请按区划代码排序，使上级在前"
            self.teller.refuse("region-order", self.mapping.region.code or "", message)
            return
        content = self._content(cells, name, code)
        parent = content.pop("parent", None) or above_by_code(area)
        if parent:
            content["parent"] = f"@region:{parent}"
            yield from self._brought_along(parent, day)
        self.met.add(area)
        starts = found[1] and self.mapping.day is not None and self.mapping.day.is_start
        yield self._record(area, code.strip(), content, day, not starts)

    def _content(self, cells: Cells, name: str, code: str) -> dict[str, Any]:
        for wrong in codes.check(codes.GB2260, area_of(code.strip())):
            self.teller.warn(wrong.code, self.mapping.region.code or "", f"{wrong.message}；原样保留，请核对")
        content: dict[str, Any] = {"schema": 1, "name": name.strip()}
        writer = Writer(self.mapping, self.teller.warn)
        writer.fields(self.mapping.fields, cells, content)
        content["level"] = self._level(content.get("level"), code.strip())
        if "parent" in content:
            content["parent"] = area_of(str(content["parent"]).strip())
        for column in self.mapping.drop:
            cells.use(column)
        writer.keep(cells)
        if writer.extra:
            noted = [content["note"]] if "note" in content else []
            content["note"] = "\n".join(noted + [f"{label}：{value}" for label, value in writer.extra])
        return content

    def _level(self, stated: str | None, code: str) -> str:
        """The level that the row states, else the one that its code shows; told where they contradict each other."""
        shown = level_of(code)
        if stated is None or stated == shown:
            return shown
        column = "、".join(self.mapping.fields["level"].columns())
        if stated not in LEVELS:
            message = f"{_named(stated)}不是区划的级别，按区划代码记为{_named(shown)}，请核对"
            self.teller.warn("region-level-differs", column, message)
            return shown
        if shown != "unknown":
            message = f"{_named(stated)}与区划代码 {code} 表明的{_named(shown)}不一致，以本列为准，请核对"
            self.teller.warn("region-level-differs", column, message)
        return stated

    def _brought_along(self, parent: str, day: str) -> Iterator[Record]:
        """The country and the province above a region, where the file has not named them."""
        for code in [*provinces.above(parent), parent]:
            if code not in provinces.NAMES or code in self.met:
                continue
            content = {"schema": 1, "name": provinces.NAMES[code], "level": level_of(code)}
            if code != provinces.COUNTRY:
                content["parent"] = f"@region:{provinces.COUNTRY}"
            self.met.add(code)
            self.brought.add(code)
            yield self._record(code, code, content, day, True)

    def _record(self, area: str, code: str, content: dict[str, Any], day: str, start_unknown: bool) -> Record:
        return Record(
            kind="region",
            ref=area,
            content=content,
            codes=[CodeValue(scheme=codes.GB2260, value=one) for one in dict.fromkeys((code, area))],
            day=day,
            start_unknown=start_unknown,
            where=self.teller.where,
        )


def _named(level: str) -> str:
    return f"“{code_tables.label('level', level) or level}”"


def above_by_code(area: str) -> str | None:
    """The code of what a region stands below, by its own; none of the country, and of what is no such code."""
    if codes.check(codes.GB2260, area):
        return None
    return next(iter(reversed(provinces.above(area))), None)
