"""Validation errors in the reader's words: what is wrong with a value, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_REASONS = {
    "missing": "缺少这一项，请补上",
    "extra_forbidden": "没有这个字段，请改正字段名或删去",
    "string_too_long": "文字过长，最多 {max_length} 字，请缩短或移到说明、附件",
    "string_too_short": "不能为空，请填写或整项删去",
    "string_type": "应为文字",
    "string_pattern_mismatch": "格式不对，应符合 {pattern}",
    "int_parsing": "应为整数",
    "int_type": "应为整数",
    "int_from_float": "应为整数",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "literal_error": "不在允许的值之内：{expected}",
    "greater_than_equal": "过小，不得小于 {ge}",
    "less_than_equal": "过大，不得大于 {le}",
    "too_short": "项数过少，至少 {min_length} 项",
    "too_long": "项数过多，最多 {max_length} 项",
    "list_type": "应为列表",
    "dict_type": "应为对象",
    "model_type": "应为对象",
    "model_attributes_type": "应为对象",
    "too_deep": "嵌套层数过多，最多 {max_depth} 层，请检查结构",
    "json_invalid": "不是完整的 JSON，请检查括号、引号和逗号",
}


def reason(error: Mapping[str, Any]) -> str:
    """One pydantic error as a sentence, with the value given where it is short and plain."""
    sentence = _REASONS.get(error["type"])
    if sentence is None:
        return f"不符合要求（{error['msg']}），请改正"
    words = sentence.format_map(_Known(error.get("ctx") or {}))
    given = error.get("input")
    if error["type"] in ("missing", "extra_forbidden", "json_invalid") or not isinstance(
        given, (str, int, float)
    ):
        return words
    return f"“{str(given)[:40]}”{words}" if given != "" else words


class _Known(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"
