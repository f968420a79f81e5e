"""Parts of a decision that its outcome makes nothing of: a mistake, refused by name. Pure.

What somebody writes he means; published without it, the decision would say less than he was shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.changes.asked import GATHERING, Rule
from app.errors import Refused

_LABELS = {
    "subject": "主体",
    "content": "主体内容",
    "codes": "编码",
    "changes": "字段变更",
    "status": "起始状态",
    "start_unknown": "起始日期不明",
    "of": "来自哪些来源",
    "act": "所撤除的决定",
    "ground": "撤除的类别",
    "origins": "来源",
    "results": "结果",
    "receivers": "承接方",
    "accepts": "所承接的决定",
    "until": "截止日期",
    "transition_until": "过渡期",
    "duties": "后续责任",
    "fulfils": "所完成的后续责任",
}
_ALONE = ("one", "down", "lend", "less")
"""Shapes of outcomes that a standing subject of its own goes through."""
_OF_SHAPES = {
    "content": (*_ALONE, "new"),
    "subject": (*_ALONE, "new"),
    "codes": (*_ALONE, "new"),
    "changes": _ALONE,
    "status": ("new",),
    "start_unknown": ("new",),
    "origins": GATHERING,
    "results": (*GATHERING, "lend", "less"),
    "receivers": ("down", "less"),
    "transition_until": ("down", "less"),
    "accepts": ("from",),
    "act": (),
    "ground": (),
}
"""Parts by the shapes of outcomes that take them; a void takes neither these nor the rest, but act and ground."""
_OF_A_VOID = ("act", "ground")


def refuse_unused(rule: Rule, body: Mapping[str, Any]) -> None:
    """``body``: as it is kept, so that what is empty or says nothing is not there. Raises Refused."""
    for name, shapes in _OF_SHAPES.items():
        if body.get(name) and rule.shape not in shapes:
            raise _misplaced(f"“{rule.label}”", name)
    for origin in body.get("origins", ()):
        for name in ("content", "codes", "changes", "of"):
            if origin.get(name):
                raise _misplaced(f"“{rule.label}”的来源", f"origins/{name}")
    for result in body.get("results", ()):
        if result.get("changes") and "content" in result:
            raise _misplaced(f"“{rule.label}”的新结果", "results/changes")
        if result.get("codes") and "content" not in result and rule.shape == "lend":
            raise _misplaced(f"“{rule.label}”续期的结果", "results/codes")
        if result.get("of") and rule.shape not in GATHERING:
            raise _misplaced(f"“{rule.label}”的结果", "results/of")


def refuse_unused_by_void(body: Mapping[str, Any]) -> None:
    """The same of a void, which names an act and says why. Raises Refused."""
    for name in _LABELS:
        if body.get(name) and name not in _OF_A_VOID:
            raise _misplaced("撤除一项决定", name)


def _misplaced(what: str, field: str) -> Refused:
    label = _LABELS[field.rpartition("/")[2]]
    return Refused(f"{what}不写{label}（{field}），请删去。", code="misplaced", field=field)
