"""Rows of items to records: content, codes, identity and day, by a saved mapping.

Identity is the source's own key where the row has one. Without it, it is (authority, code, name);
a repeat gets a number, since nothing shows that it is the same item. Rows of an ``ordered``
mapping that share a key are versions of one item.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from app.exchange.cells import Cells, as_text
from app.exchange.citations import parse_citations
from app.exchange.elements import Writer, put
from app.exchange.mapping import CodeSpec, Mapping
from app.exchange.organs import Organs
from app.exchange.records import CodeValue, Problem, Record, Severity
from app.exchange.rows import Row
from app.exchange.values import read_day, read_value
from app.items import codes

Status = Literal["in_force", "suspended", "ended", "unknown"]
UNKNOWN_TYPE = "unknown"


@dataclass
class Teller:
    """Reports problems of one row at a time, each with the row's place and a column."""

    report: Callable[[Problem], None]
    where: str = ""

    def tell(self, severity: Severity, code: str, column: str, message: str) -> None:
        where = f"{self.where}“{column}”列" if column else self.where
        self.report(Problem(severity=severity, code=code, where=where, message=message))

    def warn(self, code: str, column: str, message: str) -> None:
        self.tell("warning", code, column, message)

    def refuse(self, code: str, column: str, message: str) -> None:
        self.tell("error", code, column, message)


@dataclass
class Days:
    """The day of a row: its own, else the day that its source attests."""

    mapping: Mapping
    attested: str | None

    def of(self, cells: Cells, teller: Teller) -> tuple[str, bool] | None:
        """Day, and whether it is the row's own; None, and a problem, where there is neither."""
        for column in self.mapping.day.columns if self.mapping.day else ():
            given = cells.peek(column)
            if given is None:
                continue
            day = read_day(given)
            if day is None:
                teller.refuse("bad-day", column, f"“{as_text(given)[:40]}”不是日期，应写作 2020-01-31")
                return None
            if day == given:
                cells.use(column)
            return day, True
        if self.attested is None:
            teller.refuse("no-day", "", "没有日期")
            return None
        return self.attested, False


@dataclass
class ItemConverter:
    """Turns rows into records; remembers what it has met in the file."""

    mapping: Mapping
    days: Days
    teller: Teller
    organs: Organs = field(init=False)
    met: dict[int, int] = field(default_factory=dict)
    """Hash of a reference -> how often it was met; hashes, so that 100,000 rows stay small."""

    def __post_init__(self) -> None:
        self.organs = Organs(self.mapping, tell=self.teller.tell)

    def convert(self, row: Row) -> Iterator[Record]:
        """The records of a row: region and authority where new, then the item."""
        cells = Cells(row.values)
        self.teller.where = self.organs.where = self._where(row, cells)
        found = self.days.of(cells, self.teller)
        if found is None:
            return
        day, own_day = found
        name = self._name(cells)
        if name is None:
            return
        region, new_regions = self.organs.region(cells, day, self.teller.warn)
        authority, new_authorities = self.organs.authority(cells, region, day, self.teller.warn)
        yield from new_regions
        yield from new_authorities
        values = self._codes(cells)
        ref, repeat = self._identity(cells, authority, values, name)
        version = cells.text(self.mapping.version) if self.mapping.version else None
        status = self._status(cells)
        yield Record(
            kind="item",
            ref=ref,
            content=self._content(cells, name, region, authority, ref, version),
            codes=values,
            day=day,
            start_unknown=not own_day or (not repeat and not self._starts(version)),
            status=status,
            where=self.teller.where,
        )

    def _starts(self, version: str | None) -> bool:
        """True where a first version's day is its start. One that is not numbered 1 had others before it."""
        return version == "1" or (self.mapping.day is not None and self.mapping.day.is_start)

    def _where(self, row: Row, cells: Cells) -> str:
        key = cells.text(self.mapping.row_key) if self.mapping.row_key else None
        return f"{row.where}（{key}）" if key else row.where

    def _name(self, cells: Cells) -> str | None:
        """The item's name; the mapping's words for rows without one; None, and a problem, without both."""
        column = self.mapping.fields["name"].columns()[0]
        name = cells.text(column)
        if name:
            return name
        if self.mapping.unnamed is None:
            self.teller.refuse("missing-name", column, "没有事项名称，请补上名称，或从文件中删去本行")
            return None
        self.teller.warn("missing-name", column, f"来源没有事项名称，暂记为“{self.mapping.unnamed}”，请补充")
        return self.mapping.unnamed

    def _codes(self, cells: Cells) -> list[CodeValue]:
        """The row's codes as they stand. What is wrong with them is reported; only registry ids are refused."""
        found: list[CodeValue] = []
        has_implementation = False
        for spec in self.mapping.codes:
            value = cells.peek(spec.column)
            if value is None or not _applies(spec, cells):
                continue
            text = as_text(cells.take(spec.column))
            has_implementation = has_implementation or spec.implementation
            code = CodeValue(
                scheme=codes.guess_scheme(text) if spec.scheme == "guess" else spec.scheme,
                value=text[:200],
                issuer=spec.issuer,
            )
            self._check(spec, code, text)
            if code not in found:
                found.append(code)
        if not found:
            columns = _named(self.mapping.codes)
            self.teller.warn("no-code", columns, "没有任何编码，只能按名称和实施机关识别，请补充编码")
        if not has_implementation and (
            lacking := [spec for spec in self.mapping.codes if spec.implementation]
        ):
            self.teller.warn("no-implementation-code", _named(lacking), "没有实施编码，请补充")
        return found

    def _check(self, spec: CodeSpec, code: CodeValue, text: str) -> None:
        if len(text) > 200:
            self.teller.refuse("code-too-long", spec.column, f"编码有{len(text)}个字符，最多200个")
        if codes.looks_like_registry_id(text):
            self.teller.refuse(
                "registry-id-as-code", spec.column, f"“{text}”是本系统的标识，不能作编码，请删去"
            )
        for reason in codes.check(code.scheme, text):
            self.teller.warn(reason.code, spec.column, reason.message + "；原样保留，请核对")
        if spec.pattern and not re.fullmatch(spec.pattern, text[:200]):
            self.teller.warn(
                "bad-local-code", spec.column, f"不合本来源的编码格式（{text[:80]}）；原样保留，请核对"
            )

    def _identity(self, cells: Cells, authority: str, values: list[CodeValue], name: str) -> tuple[str, bool]:
        """The row's reference, and whether an earlier row of the file has the same."""
        columns = self._key_columns(cells)
        own = bool(columns)
        ref = (
            "|".join(cells.text(one) or "" for one in columns) if own else _described(authority, values, name)
        )
        count = self.met[hash(ref)] = self.met.get(hash(ref), 0) + 1
        if count == 1:
            return ref, False
        if own and self.mapping.ordered:
            return ref, True
        if own:
            column = "、".join(columns)
            self.teller.warn(
                "repeated-key", column, f"来源主键与前面的行相同，未合并，记为第{count}个，请核对"
            )
        else:
            self.teller.warn(
                "repeated-row", "", f"机关、编码、名称与前面的行相同，未合并，记为第{count}个，请核对"
            )
        return f"{ref}#{count}", False

    def _key_columns(self, cells: Cells) -> list[str]:
        """The columns of the source's own key that this row has filled; none where it has no such key."""
        for columns in self.mapping.key:
            if all(cells.peek(column) is not None for column in columns):
                return columns
        return []

    def _content(
        self, cells: Cells, name: str, region: str, authority: str, ref: str, version: str | None
    ) -> dict[str, Any]:
        mapping = self.mapping
        writer = Writer(mapping, self.teller.warn)
        document: dict[str, Any] = {"name": name}
        writer.fields(mapping.fields, cells, document)
        for spec in mapping.lists:
            writer.elements(spec, cells, document)
        self._citations(cells, document, writer)
        self._flags(cells, writer)
        for target, value in mapping.defaults.items():
            put(document, target, value)
        document.setdefault("type", UNKNOWN_TYPE)
        document["region"] = f"@region:{region}"
        document["authority"] = f"@authority:{authority}"
        url = cells.text(mapping.url) if mapping.url else None
        document["source"] = _source(mapping, ref, url, version)
        for column in mapping.drop:
            cells.use(column)
        writer.keep(cells)
        extra = writer.extra_fields()
        if extra:
            document["extra"] = extra
        return document

    def _citations(self, cells: Cells, document: dict[str, Any], writer: Writer) -> None:
        """Citations in one text; the text itself is kept beside them where they do not say all of it."""
        column = self.mapping.citations_from
        text = cells.text(column) if column else None
        if not column or not text:
            return
        found, whole = parse_citations(text)
        if found:
            document["citations"] = document.get("citations", []) + found
        if not whole:
            writer.extra.append((self.mapping.labels.get(column, column), text))
            self.teller.tell(
                "note", "citation-kept-as-text", column, "依据未能完全拆分，原文已存入其他信息，请核对"
            )

    def _flags(self, cells: Cells, writer: Writer) -> None:
        column = self.mapping.flags
        given = cells.take(column) if column else None
        for flag in given if isinstance(given, list) else [given] if given is not None else ():
            writer.flags.append((self.mapping.labels.get(column or "", "来源标注的疑点"), as_text(flag)))
            self.teller.tell("note", "source-flag", column or "", f"来源标注：{as_text(flag)[:200]}")

    def _status(self, cells: Cells) -> Status | None:
        """What the row says of it; None where it says nothing."""
        spec = self.mapping.status
        if spec is None:
            return None
        given = cells.peek(spec.columns()[0])
        if given is None:
            return None
        status = read_value(spec, given, self.mapping.values)
        cells.use(spec.columns()[0])
        if status in ("in_force", "suspended", "ended", "unknown"):
            return status
        self.teller.warn(
            "unknown-status", spec.columns()[0], f"状态“{as_text(given)[:20]}”不认识，记为状态未知"
        )
        return "unknown"


def _applies(spec: CodeSpec, cells: Cells) -> bool:
    return all(as_text(cells.peek(column) or "").startswith(start) for column, start in spec.when.items())


def _named(specs: Iterable[CodeSpec]) -> str:
    return "、".join(dict.fromkeys(spec.column for spec in specs))


def _described(authority: str, values: list[CodeValue], name: str) -> str:
    return f"{authority}|{values[0].value if values else ''}|{name}"


def _source(mapping: Mapping, ref: str, url: str | None, version: str | None) -> dict[str, str]:
    source = {"name": mapping.source or mapping.title, "key": ref[:1000]}
    if url:
        source["url"] = url
    if version:
        source["version"] = version
    return source
