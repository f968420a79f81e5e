"""What an import says about the quality of its source: counts, examples and places; nothing is repaired.

Counts are exact; of the examples a few are kept, so that the screen stays readable on any file; whoever asks for
every problem gives a list that takes them (``every_problem.Listing``). What
is wrong with a content itself is found by the catalogue's checks (``app/checks``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from app.checks.catalogue import STANDARD
from app.checks.catalogue import TITLES as CHECKS
from app.checks.disclosures import DISCLOSURES, undisclosed
from app.checks.finding import Checked
from app.exchange.records import Problem, Record
from app.items.codes import NATIONAL_12, NATIONAL_14

EXAMPLES = 5
COUNTED = ("no-citation", "not-disclosed")
"""What the report counts by field instead."""
UNDISCLOSED = "not-disclosed"
"""Under this code every problem list names what an item does not disclose."""
MORE_EXAMPLES = {"new-authority": 200, "new-region": 200}
"""Findings of which each has to be looked at."""
MAX_TRACKED = 500_000
"""Names and codes remembered to find repeats; a larger file is checked up to here, and the report says so."""

TITLES = CHECKS | {
    "bad-uscc": "统一社会信用代码有误",
    "bad-gb2260": "行政区划代码有误",
    "bad-national-12": "基本编码有误",
    "bad-national-14": "业务办理项编码（14位）有误",
    "bad-national-31": "实施编码有误",
    "bad-national-33": "业务办理项编码（33位）有误",
    "bad-local-code": "不合来源编码格式",
    "no-code": "没有任何编码",
    "no-implementation-code": "没有实施编码",
    "no-region": "没有写明地区",
    "region-by-mapping": "没有写明地区，用映射所定的",
    "no-authority": "没有写明实施机关",
    "missing-name": "没有名称",
    "half-width-brackets": "名称用半角括号",
    "mixed-brackets": "名称半角、全角括号混用",
    "unbalanced-brackets": "名称括号不成对",
    "duplicate-name": "同一机关有同名事项",
    "shared-code": "几个事项共用一个编码",
    "shared-authority-code": "几个机关共用一个编码",
    "authority-named-alike": "同一地区有同名机关",
    "source-flag": "来源自己标注的疑点",
    "unreadable-value": "值无法识别，存入其他信息",
    "citation-kept-as-text": "依据未能完全拆分",
    "repeated-key": "来源主键重复",
    "repeated-row": "重复的行",
    "undated-version": "同名文件中有的没有日期",
    "end-day-unknown": "已废止而没有废止日期",
    "unknown-type": "事项类型未知",
    "start-unknown": "起始日期未知",
    "status-unknown": "状态未知",
    "region-named-twice": "同一区划代码有几种写法",
    "region-path": "行政区划名称含上级，已分开收录",
    "region-above": "一并收录的上级行政区划",
    "region-above-unnamed": "上级行政区划没有名称可据",
    "region-code-differs": "区划代码与名称不是一省",
    "region-level-differs": "级别与区划代码不符",
    "same-day-version": "同一天有几个版本",
    "short-row": "列数不足",
    "unknown-status": "状态不认识",
    "unknown-code": "代码不在代码表中",
    "too-many-elements": "列表过长",
    "broken-quoting": "引号不成对",
    "too-many-errors": "错误过多，其余未检查",
    "same-as": "另一来源已有同一事项",
    "same-as-missing": "同一事项的另一来源还没有导入",
    "new-authority": "将新设实施机关",
    "new-region": "将新设行政区划",
    "ended-yet-listed": "登记簿中已终止而来源仍列",
    "ended-yet-changed": "登记簿中已终止而来源有变化",
    "names-ended": "所列的主体当日不存续",
    "status-not-taken": "状态变化没有对应的处理方式",
    "before-known": "日期早于登记簿所知的第一天",
    "no-longer-listed": "登记簿中有而文件不再列出",
    "unknown-reference": "引用的对象不存在",
    "circle-of-parents": "上级成环",
    "no-day": "没有日期",
    "heading-row": "合并成一格的标题行",
    "several-sheets": "有几张工作表",
    "unknown-sheet": "没有这张工作表",
    "no-sheets": "文件没有工作表",
    "no-rows": "没有可读的数据",
    "missing-columns": "表头与映射不符",
    "missing-header": "没有表头",
    "duplicate-column": "列名重复",
    "long-row": "列数过多",
    "line-too-long": "一行过长",
    "empty-file": "文件是空的",
    "unreadable-file": "文件打不开",
    "unknown-format": "不认识的文件类型",
    "bad-encoding": "文字编码有误",
    "broken-json": "不是完整的 JSON",
    "broken-xlsx": "表格打不开",
    "broken-docx": "文档打不开",
    "zip-bomb": "解压后过大",
    "unreadable-part": "有一部分读不出来",
    "number-lost-digits": "长编码丢了末几位",
    "cell-error": "公式出错的单元格",
    "bad-name": "名称无法辨读",
    "bad-day": "日期有误",
    "odd-day": "日期写法不认识",
    "invalid-content": "内容不合要求",
    "more-to-draft": "其余记录尚未起草",
}
"""Code of a problem -> its title in the report."""

_BRACKET = re.compile(r"[()（）]")

Found = tuple[str, str, str, str]
"""Severity, code, place, message."""


class Every(Protocol):
    """What takes every finding."""

    def append(self, found: Found, /) -> None: ...

    def extend(self, found: list[Found], /) -> None: ...


@dataclass
class Finding:
    """One kind of finding: how often, and where for example."""

    count: int = 0
    severity: str = "note"
    examples: list[dict[str, str]] = field(default_factory=list)

    def add(self, severity: str, where: str, message: str, most: int = EXAMPLES) -> None:
        self.count += 1
        self.severity = severity
        if len(self.examples) < most:
            self.examples.append({"where": where, "message": message})


class Met(NamedTuple):
    """What of a record the others are compared with."""

    kind: str
    ref: str
    day: str
    where: str
    name: str
    within: str
    """An item's authority, an authority's region."""
    codes: Sequence[Sequence[str]]
    """Scheme, issuer, value; of items alone."""


def met(record: Record) -> Met:
    content = record.content
    is_item = record.kind == "item"
    return Met(
        kind=record.kind,
        ref=record.ref,
        day=record.day,
        where=record.where,
        name=content.get("name", ""),
        within=content.get("authority" if is_item else "region", ""),
        codes=[(code.scheme, code.issuer, code.value) for code in record.codes] if is_item else (),
    )


@dataclass
class Quality:
    """Gathers findings while records pass; ``report`` renders them as data, ``text`` in Chinese."""

    rows: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    subjects: Counter[str] = field(default_factory=Counter)
    findings: dict[str, Finding] = field(default_factory=dict)
    missing: Counter[str] = field(default_factory=Counter)
    full: bool = False
    """True once too many names and codes were met for all to be remembered."""
    every: list[Found] | Every | None = None
    """Takes every finding; None where nobody asked for all."""
    _names: dict[int, int] = field(default_factory=dict)
    _codes: dict[int, int] = field(default_factory=dict)
    _told: set[int] = field(default_factory=set)

    def problem(self, problem: Problem) -> None:
        self._find(problem.severity, problem.code, problem.where, problem.message)

    def record(self, record: Record, first: bool, own: int) -> None:
        """Takes a record, whether it is the first of its reference, and a number that stands for the reference."""
        self.alone(record)
        self.among(met(record), first, own)

    def alone(self, record: Record) -> None:
        """What a record shows by itself."""
        self.kinds[record.kind] += 1
        if record.status == "unknown":
            self._find("note", "status-unknown", record.where, "状态未知")
        if record.start_unknown and record.kind in ("item", "instrument"):
            self._find("note", "start-unknown", record.where, "起始日期未知，以所证明的日期为准")
        if record.kind == "item":
            self._item(record)

    def among(self, one: Met, first: bool, own: int) -> None:
        """What a record shows among the others."""
        if first:
            self.subjects[one.kind] += 1
        if one.kind == "authority" and first:
            self._authority(one, own)
        elif one.kind == "item":
            if self._held(self._names, ("item", one.within, one.name), own):
                self._find(
                    "warning",
                    "duplicate-name",
                    one.where,
                    f"本机关另有同名事项“{one.name}”，分别收录，请核对",
                )
            self._shared_codes(one, own)

    def end(self) -> None:
        """The file has been read: what its records were compared with is needed no more, and grows with the file."""
        self._names, self._codes, self._told = {}, {}, set()

    def add(self, other: Quality) -> None:
        """Takes in what records of the same file showed by themselves to another reader of it."""
        self.rows += other.rows
        self.kinds.update(other.kinds)
        self.missing.update(other.missing)
        for code, found in other.findings.items():
            own = self.findings.setdefault(code, Finding())
            own.count += found.count
            own.severity = found.severity
            most = MORE_EXAMPLES.get(code, EXAMPLES)
            own.examples += found.examples[: most - len(own.examples)]
        if self.every is not None and isinstance(other.every, list):
            self.every.extend(other.every)

    def _find(self, severity: str, code: str, where: str, message: str) -> None:
        most = MORE_EXAMPLES.get(code, EXAMPLES)
        self.findings.setdefault(code, Finding()).add(severity, where, message, most)
        if self.every is not None:
            self.every.append((severity, code, where, message))

    def _held(self, holders: dict[int, int], value: tuple[str, ...], own: int) -> bool:
        """True where another reference has this value too."""
        key = hash(value)
        if len(holders) >= MAX_TRACKED and key not in holders:
            self.full = True
            return False
        return holders.setdefault(key, own) != own

    def _authority(self, one: Met, own: int) -> None:
        if self._held(self._names, ("authority", one.within, one.name), own):
            message = f"同一地区有几个“{one.name}”，编码不同，分别收录；若是一个机关请以变更单合并"
            self._find("warning", "authority-named-alike", one.where, message)

    def _item(self, record: Record) -> None:
        content = record.content
        self._brackets(content["name"], record.where)
        self._checks(record)
        if content["type"] == "unknown":
            self._find("note", "unknown-type", record.where, "来源没有事项类型，记为未知")
        missing = undisclosed(content)
        self.missing.update(missing)
        if missing and self.every is not None:
            named = "、".join(DISCLOSURES[name] for name in missing)
            message = f"应公开而没有：{named}；有的请补充，没有的请写明没有"
            self.every.append(("note", UNDISCLOSED, record.where, message))

    def _checks(self, record: Record) -> None:
        """The catalogue's checks, without what only the registry knows. What is missing is counted by field."""
        for one in STANDARD.find(Checked(record.content, record.day)):
            if one.code not in COUNTED:
                severity = "note" if one.severity == "note" else "warning"
                self._find(severity, one.code, record.where, one.message.rstrip("。"))

    def _brackets(self, name: str, where: str) -> None:
        if not _BRACKET.search(name):
            return
        half = name.count("("), name.count(")")
        full = name.count("（"), name.count("）")
        if sum(half):
            code = "mixed-brackets" if sum(full) else "half-width-brackets"
            self._find("note", code, where, f"“{name}”照原样保留，检索时不区分半角和全角")
        if half[0] + full[0] != half[1] + full[1]:
            self._find("warning", "unbalanced-brackets", where, f"“{name}”的括号不成对，请核对")

    def _shared_codes(self, one: Met, own: int) -> None:
        """A 基本编码 belongs to the catalogue entry, which many items implement; every other code to one item."""
        for code in one.codes:
            scheme, _issuer, value = code
            if scheme in (NATIONAL_12, NATIONAL_14):
                continue
            if self._held(self._codes, tuple(code), own) and (told := hash((*code, own))) not in self._told:
                self._told.add(told)
                message = f"编码{value}已用于另一事项，按来源主键分别收录，查询该编码将列出全部"
                self._find("warning", "shared-code", one.where, message)

    @property
    def is_cut(self) -> bool:
        """True where ``text`` leaves places out."""
        return bool(self.missing) or any(one.count > len(one.examples) for one in self.findings.values())

    def report(self) -> dict[str, Any]:
        """The report as JSON-ready data."""
        return {
            "rows": self.rows,
            "records": dict(self.kinds),
            "subjects": dict(self.subjects),
            "complete": not self.full,
            "findings": {
                code: {
                    "title": TITLES.get(code, code),
                    "severity": one.severity,
                    "count": one.count,
                    "examples": one.examples,
                }
                for code, one in sorted(self.findings.items(), key=lambda pair: (-pair[1].count, pair[0]))
            },
            "missing": dict(self.missing.most_common()),
        }

    def text(self, *, errors: bool = True, places: bool = True) -> str:
        """The report in Chinese, for people; ``errors`` False where they are listed one by one elsewhere, and
        ``places`` where all are: then counts alone."""
        lines = [f"共读取 {self.rows} 行数据（表头、空行和读不出来的行不计）。"]
        for kind, title in KINDS.items():
            if self.kinds[kind]:
                lines.append(f"{title}：{self.subjects[kind]}个（{self.kinds[kind]}条记录）")
        for code, one in in_weight(self.findings):
            if one.severity == "error" and not errors:
                continue
            lines.append("")
            lines.append(f"[{SEVERITIES[one.severity]}] {TITLES.get(code, code)}：{one.count}处")
            if not places:
                continue
            lines.extend(f"  {placed(**example)}" for example in one.examples)
            if one.count > len(one.examples):
                lines.append(f"  ……另有{one.count - len(one.examples)}处")
        if self.missing:
            lines.append("")
            lines.append("应公开而没有的内容：")
            lines.extend(
                f"  {DISCLOSURES[name]}：{count}条事项记录" for name, count in self.missing.most_common()
            )
        if self.full:
            lines.append("")
            lines.append(f"记录过多，重名和共用编码只核对了前{MAX_TRACKED}个。")
        return "\n".join(lines) + "\n"


def in_weight(findings: dict[str, Finding]) -> list[tuple[str, Finding]]:
    """Errors first, then by their number."""
    return sorted(findings.items(), key=lambda pair: (_ORDER[pair[1].severity], -pair[1].count))


def placed(where: str, message: str) -> str:
    """A message behind its place, unless it names the place itself."""
    return message if not where or where in message else f"{where}：{message}"


KINDS = {
    "region": "行政区划",
    "authority": "实施机关",
    "instrument": "法律法规文件",
    "entry": "基本目录事项",
    "calendar": "日历年",
    "item": "事项",
}
SEVERITIES = {"error": "错误", "warning": "警告", "note": "提示"}
_ORDER = {"error": 0, "warning": 1, "note": 2}
