"""Reading one value: a number, a yes or no, a code, a day. None means that it cannot be read as such."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Any

from app.exchange.cells import as_text, is_blank
from app.exchange.mapping import FieldSpec
from app.items import code_tables

SHANGHAI = timezone(timedelta(hours=8))
"""Asia/Shanghai; it has kept this offset since 1991, before any source that gives moments."""

_YES = frozenset({"是", "有", "true", "1", "y", "yes", "收费", "支持"})
_NO = frozenset({"否", "无", "false", "0", "n", "no", "不收费", "不支持"})
_DATE = re.compile(r"(\d{4})(?:[-/.]|年)(\d{1,2})(?:[-/.]|月)(\d{1,2})日?")
_SEPARATORS = re.compile(r"[,，、;；\s]+")


def read_value(spec: FieldSpec, value: Any, tables: dict[str, dict[str, str]]) -> Any:
    """A value as the mapping asks; None where it cannot be read so."""
    if spec.values is not None:
        return _listed(tables.get(spec.values, {}), as_text(value).strip())
    if spec.read in ("code", "codes"):
        return _CODE_READERS[spec.read](spec, value)
    return _READERS[spec.read](value)


def _listed(table: dict[str, str], text: str) -> str | None:
    """What a table of the mapping has for a value; a code that a spreadsheet took for a number has lost its zeros."""
    if text in table or not (text.isascii() and text.isdigit()):
        return table.get(text)
    meant = {table[code] for code in table if code.lstrip("0") == text}
    return meant.pop() if len(meant) == 1 else None


def read_int(value: Any) -> int | None:
    if isinstance(value, (bool, float)):
        return None
    text = as_text(value).strip()
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def read_bool(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    text = as_text(value).strip().lower()
    return True if text in _YES else False if text in _NO else None


def read_day(value: Any) -> str | None:
    """A day or a moment as YYYY-MM-DD in Shanghai; a moment without zone is Shanghai's."""
    text = as_text(value).strip()
    written = _DATE.fullmatch(text)
    try:
        if written:
            return date(*(int(part) for part in written.groups())).isoformat()
        moment = datetime.fromisoformat(text)
        return (moment.astimezone(SHANGHAI) if moment.tzinfo else moment).date().isoformat()
    except (ValueError, OverflowError):
        return None


def _texts(value: Any) -> list[str] | None:
    parts = value if isinstance(value, list) else _SEPARATORS.split(as_text(value))
    found = [as_text(part).strip() for part in parts if not is_blank(part)]
    return list(dict.fromkeys(found)) or None


def _join(value: Any) -> str:
    return "、".join(as_text(one) for one in value) if isinstance(value, list) else as_text(value)


def _hall(value: Any) -> str | None:
    found = code_tables.code_of("hall", as_text(value))
    if found is None:
        answer = read_bool(value)
        found = None if answer is None else "in" if answer else "out"
    return found


def _code(spec: FieldSpec, value: Any) -> str | None:
    """A code from a label, a code, ``4 县级`` or ``{"code": "4", "label": "县级"}``; the label decides."""
    table = spec.table or ""
    if isinstance(value, dict):
        label, code = value.get("label"), value.get("code")
        return code_tables.resolve(table, as_text(code if is_blank(label) else label), spec.source)
    return code_tables.resolve(table, as_text(value), spec.source)


def _codes(spec: FieldSpec, value: Any) -> list[str] | None:
    """Those of several codes that the table has. What it has not, ``unknown_codes`` tells: a list of which a part
    is left out says something else than the source, so the whole is kept beside it."""
    found = [_code(spec, part) for part in _parts(value)]
    return [code for code in dict.fromkeys(found) if code is not None] or None


def unknown_codes(spec: FieldSpec, value: Any) -> list[str]:
    """Of a value that is read as several codes, the parts that are no code, as they stand."""
    if spec.read != "codes" or spec.values is not None:
        return []
    return [as_text(part) for part in _parts(value) if _code(spec, part) is None]


def _parts(value: Any) -> list[Any]:
    parts = value if isinstance(value, list) else _SEPARATORS.split(as_text(value))
    return [part for part in parts if not is_blank(part)]


_READERS: dict[str, Callable[[Any], Any]] = {
    "text": as_text,
    "int": read_int,
    "bool": read_bool,
    "texts": _texts,
    "join": _join,
    "hall": _hall,
}
_CODE_READERS: dict[str, Callable[[FieldSpec, Any], Any]] = {"code": _code, "codes": _codes}
