"""Validation errors in the reader's words: what is wrong with a value, and what to do.

Every error that the content models and the bodies and parameters of the API can raise has its sentence; a test
walks them. What pydantic says in English is never shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from app.saying import said

_INTEGER = "应为整数"
_TRUTH = "应为 true 或 false"
_OBJECT = "应为对象"
REASONS = {
    "missing": "缺少这一项，请补上",
    "extra_forbidden": "没有这个字段，请改正字段名或删去",
    "invalid_key": "字段名应为文字",
    "string_too_long": "文字过长，最多 {max_length} 字，请缩短或移到说明、附件",
    "string_too_short": "不能为空，请填写或整项删去",
    "string_type": "应为文字",
    "string_unicode": "不是有效的文字（UTF-8），请检查编码",
    "string_pattern_mismatch": "格式不对，{pattern}",
    "int_parsing": _INTEGER,
    "int_parsing_size": "数字过大，请核对",
    "int_type": _INTEGER,
    "int_from_float": _INTEGER,
    "float_parsing": "应为数字",
    "finite_number": "应为有限的数字",
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "literal_error": "不在允许的值之内，可用的有：{expected}",
    "greater_than_equal": "过小，不得小于 {ge}",
    "less_than_equal": "过大，不得大于 {le}",
    "too_short": "项数过少，至少 {min_length} 项",
    "too_long": "项数过多，最多 {max_length} 项",
    "list_type": "应为列表",
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "recursion_loop": "自己包含自己，请检查结构",
    "unstorable": "有不能保存的字符（空字符、半个代理字符）或过大的数字，请删去",
    "too_deep": "嵌套层数过多，最多 {max_depth} 层，请检查结构",
    "json_invalid": "不是完整的 JSON，请检查括号、引号和逗号",
}
_WITHOUT_VALUE = frozenset({"missing", "extra_forbidden", "json_invalid", "unstorable"})
PATTERNS = {
    r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$": "请用 1 至 64 个字母、数字、点、下划线或连字符，以字母或数字开头",
    r"^[0-9a-f]{64}$": "应为 64 位小写十六进制的 SHA-256",
    r"^[0-9a-f]*$": "应为小写十六进制，请从页面上的链接打开",
    r"^\d{4}-\d{2}-\d{2}$": "请写成年-月-日，例如 2026-09-28",
}
"""The patterns of models and routes, in words."""

PARTS = {"query": "查询参数", "path": "地址中的", "header": "请求头", "cookie": "Cookie", "body": "正文"}
"""Of a request, where something is wrong."""


def reason(error: Mapping[str, Any]) -> str:
    """One pydantic error as a sentence, with the value given where it is short and plain."""
    kind, context = error["type"], error.get("ctx") or {}
    if kind in ("value_error", "assertion_error"):
        return str(context.get("error") or "不符合要求，请改正")  # our own validators speak for themselves
    sentence = REASONS.get(kind)
    if sentence is None:
        return said("不符合要求，请对照字段说明改正")
    told = {name: _TOLD[name](value) if name in _TOLD else value for name, value in context.items()}
    words = said(sentence).format_map(_Known(told))
    given = error.get("input")
    if kind in _WITHOUT_VALUE or not isinstance(given, (str, int, float)):
        return words
    shown = str(given)[:40].encode("utf-8", "replace").decode()  # half a surrogate pair cannot be answered
    return said("“{1}”{2}", shown, words) if given != "" else words


_QUOTED = re.compile(r"'([^']*)'|(-?\d+)")
_TOLD: Mapping[str, Callable[[Any], str]] = {
    "pattern": lambda pattern: said(PATTERNS.get(str(pattern), "请对照字段说明改正")),
    "expected": lambda listed: "、".join(text or number for text, number in _QUOTED.findall(str(listed))),
}


class _Known(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"
