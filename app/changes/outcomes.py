"""The outcomes: one table of rules, one pure function from (states before, decision) to parts, or a refusal.

The table in words, with its sources: `docs/outcomes.md`; the annexes of cleanup documents; 行政许可法 第八条
(变更, 撤回), 第二十条; 优化营商环境条例 第四十条 (cancelled permits may not go on in disguise).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.changes.asked import (
    ABSENT,
    STATUS_WORDS,
    Asked,
    Before,
    Rule,
    Subject,
    added_codes,
    check_status,
    check_until,
    created,
)
from app.changes.recoding import replacing
from app.changes.succession import PLACES, devolved, entrusted, narrowed, received, reshaped
from app.errors import Refused
from app.items.field_words import word_of
from app.versions.fold import Change
from app.versions.orders import Act, Part, add_code

__all__ = [
    "ABSENT",
    "RESERVED_FIELDS",
    "RULES",
    "STATUS_WORDS",
    "Asked",
    "Before",
    "Rule",
    "Subject",
    "act_of",
    "own_outcome",
    "rule_for",
]

_ADJUSTABLE = {"adjust": Rule("调整", needs_changes=True, timed=True)}
_PLACES = {
    "found": Rule("设立", shape="new"),
    "rename": Rule("更名", must_change=("name",)),
    **_ADJUSTABLE,
    "merge": Rule("合并", shape="join", after="ended"),
    "split": Rule("拆分", shape="part", after="ended"),
    "dissolve": Rule("撤销", after="ended", may_change=False),
}

RULES: dict[str, dict[str, Rule]] = {
    "item": {
        "add": Rule("新增", shape="new"),
        "retain": Rule("保留", may_change=False),
        **_ADJUSTABLE,
        "narrow": Rule("部分取消、部分下放", shape="less", timed=True),
        "cancel": Rule("取消", after="ended", may_change=False),
        "devolve": Rule("下放", shape="down", may_change=False),
        "entrust": Rule("委托", shape="lend", timed=True),
        "merge": Rule("合并", shape="join", after="ended"),
        "split": Rule("拆分", shape="part", after="ended"),
        "receive": Rule("承接", shape="from"),
        "transfer": Rule("调整实施机关", must_change=("authority",)),
        "convert": Rule("转变管理方式", must_change=("type",)),
        "suspend": Rule("暂停", before=frozenset({"in_force", "unknown"}), after="suspended", timed=True),
        "resume": Rule("恢复", before=frozenset({"suspended"}), after="in_force"),
    },
    "entry": {
        "add": Rule("新增", shape="new"),
        **_ADJUSTABLE,
        "cancel": Rule("取消", after="ended", may_change=False),
    },
    "bundle": {
        "add": Rule("新增", shape="new"),
        **_ADJUSTABLE,
        "cancel": Rule("取消", after="ended", may_change=False),
    },
    "authority": _PLACES,
    "region": _PLACES,
    "instrument": {
        "enact": Rule("制定", shape="new"),
        "amend": Rule("修改", needs_changes=True),
        "repeal": Rule("废止", after="ended", may_change=False),
    },
    "calendar": {
        "set": Rule("公布安排", shape="new"),
        "adjust": Rule("调整安排", needs_changes=True),
    },
}

RESERVED_FIELDS = {"authority": "transfer", "type": "convert"}
"""Fields of an item that only their own outcome may change, so that reports count them."""

_ALONE = ("one", "less", "down", "lend")
"""Shapes of outcomes that a subject of its own goes through."""


def rule_for(kind: str, outcome: str) -> Rule:
    """Raises Refused where the kind has no such outcome."""
    rule = RULES.get(kind, {}).get(outcome)
    if rule is None:
        known = "、".join(f"{name}（{r.label}）" for name, r in RULES.get(kind, {}).items())
        known += "、void（撤销、推迟或更正误录；写 act 和 ground）"
        raise Refused(f"对这类主体不能作出“{outcome}”处理，可用的有：{known}。", code="unknown-outcome")
    return rule


def act_of(asked: Asked, before: Mapping[str, Before]) -> Act:
    """What the decision does to each subject. Pure; raises Refused with the reason in Chinese."""
    rule = rule_for(asked.kind, asked.outcome)
    check_until(rule, asked)
    if asked.pending_law and asked.outcome != "retain":
        raise Refused("“待修法”只与“保留”一起写：修法之前事项照旧。", code="pending-law-retains")
    for result in asked.results:
        if result.content is None:
            _check_changes(Rule(rule.label), asked, [*result.changes, *added_codes(result)])
    if rule.shape in ("join", "part"):
        return reshaped(rule, asked, before)
    if rule.shape == "from":
        return received(rule, asked, before)
    if len(asked.subjects) != 1:
        raise Refused(f"“{rule.label}”只针对一个主体。", code="one-subject")
    subject = asked.subjects[0]
    if rule.shape == "new":
        return Act(asked.outcome, [created(asked, subject, before, "subject")])
    state = before.get(subject.id, ABSENT)
    check_status(rule, subject, state)
    if subject.content is not None:
        raise Refused(f"“{rule.label}”不能带新的主体内容，请用字段变更表示。", code="content-not-allowed")
    changes = [*subject.changes, *added_codes(subject)]
    _check_changes(rule, asked, changes)
    if asked.outcome == RESERVED_FIELDS["authority"]:
        changes = replacing(state.document.get("codes", ()), changes)
    if rule.shape == "down":
        return devolved(asked, subject)
    if rule.shape == "less":
        return narrowed(rule, asked, subject, before)
    if rule.shape == "lend":
        return entrusted(rule, asked, subject, before)
    if rule.after is not None:
        changes.append({"op": "set", "path": "status", "value": rule.after})
    return Act(asked.outcome, [Part(subject.id, asked.effective_from, until=asked.until, changes=changes)])


def _check_changes(rule: Rule, asked: Asked, changes: Sequence[Change]) -> None:
    fields = {change["path"].split("/", 1)[0] for change in changes}
    if changes and not rule.may_change:
        raise Refused(f"“{rule.label}”不带字段变更；需要改内容请用“调整”。", code="changes-not-allowed")
    if rule.needs_changes and not changes:
        raise Refused(f"“{rule.label}”没有写明改了什么，请至少列出一处字段变更。", code="no-changes")
    if rule.must_change and not fields & set(rule.must_change):
        raise Refused(
            f"“{rule.label}”必须变更{_fields(rule.must_change)}，请在 changes 中写明。", code="missing-change"
        )
    if not all(_is_code_change(change) for change in changes if change["path"].split("/", 1)[0] == "codes"):
        raise Refused("编码只能新增（scheme、value）或按键撤去。", code="bad-code-change")
    if "status" in fields:
        raise Refused("状态由处理方式决定，不能作为字段变更。", code="status-by-outcome")
    if asked.kind == "item":
        _refuse_places(rule, changes)
        for name, outcome in RESERVED_FIELDS.items():
            if name in fields and asked.outcome != outcome and rule.shape in _ALONE:
                label = RULES["item"][outcome].label
                raise Refused(f"变更{_fields([name])}请用“{label}”，以便统计。", code="use-own-outcome")


def own_outcome(change: Change) -> str | None:
    """The outcome by which alone this field of an item changes, so that reports count it; None where it is adjusted.

    A part that is no longer handled leaves by the outcome that says so; an adjustment corrects its words, moves it
    in its list, or takes it back.
    """
    field, *place = change["path"].split("/")
    if field != PLACES:
        return RESERVED_FIELDS.get(field)
    given_back = change["op"] in ("remove", "order") or (not place and not change.get("value"))
    return None if given_back or place[1:] == ["words"] else "narrow"


def _refuse_places(rule: Rule, changes: Sequence[Change]) -> None:
    if rule.shape != "less" and any(own_outcome(change) == "narrow" for change in changes):
        label = RULES["item"]["narrow"].label
        raise Refused(f"不再办理某一部分（{PLACES}）请用“{label}”，以便统计。", code="use-own-outcome")


def _fields(names: Sequence[str]) -> str:
    """实施机关（authority）、名称（name）."""
    return "、".join(f"{word_of(name)}（{name}）" for name in names)


def _is_code_change(change: Change) -> bool:
    """Whether it adds a whole code under its own key, or takes one away."""
    if change["op"] == "remove":
        return change["path"].count("/") == 1
    value = change.get("value")
    if change["op"] != "add" or change["path"] != "codes" or not isinstance(value, dict):
        return False
    parts = [value.get(name) for name in ("scheme", "value", "issuer")]
    if not all(isinstance(part, str) and len(part) <= 200 for part in parts) or not all(parts[:2]):
        return False
    return value == add_code(*parts)["value"]  # type: ignore[arg-type]
