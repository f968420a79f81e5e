"""The outcomes: one table of rules, one pure function from (states before, decision) to parts, or a refusal.

Sources: DESIGN's outcome table, after the annexes of cleanup documents and 行政许可法 第八条 (变更, 撤回),
第二十条; 优化营商环境条例 第四十条 (cancelled permits may not go on in disguise).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.errors import Refused
from app.versions.fold import Change
from app.versions.recording import Act, Part, add_code

Alive = frozenset({"in_force", "suspended", "unknown"})


@dataclass(frozen=True, slots=True)
class Before:
    """The state of a subject just before the decision, on the decision's own day. None status: not existing."""

    status: str | None
    document: Mapping[str, Any] = field(default_factory=dict)


ABSENT = Before(None)


@dataclass(frozen=True, slots=True)
class Rule:
    """What an outcome asks of the state before and does to the status."""

    label: str
    shape: str = "one"
    """one: a subject that stands; new: creates; join: n origins, 1 result; part: 1 origin, n results;
    from: results with origins that stand on (receive)."""
    before: frozenset[str] = Alive
    after: str | None = None
    needs_changes: bool = False
    may_change: bool = True
    must_change: tuple[str, ...] = ()
    """Top-level fields of which the changes must set at least one."""
    timed: bool = False
    """Whether it may hold for a time only (until)."""


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
        "narrow": Rule("部分取消、部分下放", needs_changes=True, timed=True),
        "cancel": Rule("取消", after="ended", may_change=False),
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

STATUS_WORDS = {
    None: "尚不存在",
    "not_yet": "尚未施行",
    "in_force": "在用",
    "suspended": "暂停中",
    "ended": "已取消",
    "unknown": "状态不明",
}


def rule_for(kind: str, outcome: str) -> Rule:
    """Raises Refused where the kind has no such outcome."""
    rule = RULES.get(kind, {}).get(outcome)
    if rule is None:
        known = "、".join(f"{name}（{r.label}）" for name, r in RULES.get(kind, {}).items())
        raise Refused(f"对这类主体不能作出“{outcome}”处理，可用的有：{known}。", code="unknown-outcome")
    return rule


@dataclass(slots=True)
class Subject:
    """One subject a decision names: standing, or new with its content and codes."""

    id: str
    content: dict[str, Any] | None = None
    codes: Sequence[Mapping[str, str]] = ()
    changes: Sequence[Change] = ()
    start_unknown: bool = False
    status: str = "in_force"


@dataclass(slots=True)
class Asked:
    """A decision as asked for: one subject, or origins and results."""

    kind: str
    outcome: str
    effective_from: str
    until: str | None = None
    subjects: Sequence[Subject] = ()
    origins: Sequence[Subject] = ()
    results: Sequence[Subject] = ()


def act_of(asked: Asked, before: Mapping[str, Before]) -> Act:
    """What the decision does to each subject. Pure; raises Refused with the reason in Chinese."""
    rule = rule_for(asked.kind, asked.outcome)
    _check_until(rule, asked)
    if rule.shape in ("join", "part", "from"):
        return _many(rule, asked, before)
    if len(asked.subjects) != 1:
        raise Refused(f"“{rule.label}”只针对一个主体。", code="one-subject")
    subject = asked.subjects[0]
    if rule.shape == "new":
        return Act(asked.outcome, [_created(asked, subject, before, "subject")])
    state = before.get(subject.id, ABSENT)
    _check_status(rule, subject, state)
    if subject.content is not None:
        raise Refused(f"“{rule.label}”不能带新的主体内容，请用字段变更表示。", code="content-not-allowed")
    changes = [*subject.changes, *_added_codes(subject)]
    _check_changes(rule, asked, changes)
    if rule.after is not None:
        changes.append({"op": "set", "path": "status", "value": rule.after})
    return Act(asked.outcome, [Part(subject.id, asked.effective_from, until=asked.until, changes=changes)])


def _check_until(rule: Rule, asked: Asked) -> None:
    if asked.until is None:
        return
    if not rule.timed:
        raise Refused(f"“{rule.label}”不能只在一段时间内有效，请删去截止日期。", code="until-not-allowed")
    if asked.until <= asked.effective_from:
        raise Refused("截止日期必须晚于生效日期（截止日当天不再有效）。", code="until-before-start")


def _check_status(rule: Rule, subject: Subject, state: Before) -> None:
    if state.status not in rule.before:
        word = STATUS_WORDS.get(state.status, state.status)
        raise Refused(
            f"{_called(subject, state)}在生效日{word}，不能{rule.label}。",
            code="wrong-status",
            subject=subject.id,
        )


def _called(subject: Subject, state: Before) -> str:
    name = state.document.get("name") or state.document.get("title") or subject.id
    return f"“{name}”"


def _check_changes(rule: Rule, asked: Asked, changes: Sequence[Change]) -> None:
    fields = {change["path"].split("/", 1)[0] for change in changes}
    if changes and not rule.may_change:
        raise Refused(f"“{rule.label}”不带字段变更；需要改内容请用“调整”。", code="changes-not-allowed")
    if rule.needs_changes and not changes:
        raise Refused(f"“{rule.label}”没有写明改了什么，请至少列出一处字段变更。", code="no-changes")
    if rule.must_change and not fields & set(rule.must_change):
        raise Refused(f"“{rule.label}”必须变更字段 {'、'.join(rule.must_change)}。", code="missing-change")
    if not all(_is_code_change(change) for change in changes if change["path"].split("/", 1)[0] == "codes"):
        raise Refused("编码只能新增（scheme、value）或按键撤去。", code="bad-code-change")
    if "status" in fields:
        raise Refused("状态由处理方式决定，不能作为字段变更。", code="status-by-outcome")
    if asked.kind == "item":
        for name, outcome in RESERVED_FIELDS.items():
            if name in fields and asked.outcome != outcome and rule.shape == "one":
                label = RULES["item"][outcome].label
                raise Refused(f"变更 {name} 请用“{label}”，以便统计。", code="use-own-outcome")


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


def _created(asked: Asked, subject: Subject, before: Mapping[str, Before], role: str) -> Part:
    if before.get(subject.id, ABSENT).status is not None:
        raise Refused(f"{subject.id} 已经存在，不能再次新增。", code="already-exists")
    if subject.content is None:
        raise Refused("新增的主体没有内容，请填写。", code="no-content")
    changes = _added_codes(subject)
    if subject.status != "in_force":
        changes.append({"op": "set", "path": "status", "value": subject.status})
    return Part(
        subject.id,
        asked.effective_from,
        role=role,
        start_unknown=subject.start_unknown,
        creates=subject.content,
        changes=changes,
    )


def _many(rule: Rule, asked: Asked, before: Mapping[str, Before]) -> Act:
    """merge: n end, 1 new or standing carries on; split: 1 ends, n start; receive: results start, origins stand."""
    for listed in (asked.origins, asked.results):
        if len({subject.id for subject in listed}) < len(listed):
            raise Refused("同一主体在一项决定中列了两次，请删去重复的。", code="repeated-subject")
    least_origins = 2 if rule.shape == "join" else (1 if rule.shape == "part" else 0)
    if len(asked.origins) < least_origins:
        raise Refused(f"“{rule.label}”至少要有 {least_origins} 个来源。", code="too-few-origins")
    if rule.shape == "part" and len(asked.origins) != 1:
        raise Refused("“拆分”只有一个来源。", code="one-origin")
    if rule.shape == "join" and len(asked.results) != 1:
        raise Refused("“合并”必须有且只有一个结果。", code="one-result")
    if len(asked.results) < (2 if rule.shape == "part" else 1):
        raise Refused(f"“{rule.label}”缺少结果。", code="too-few-results")
    result_ids = {subject.id for subject in asked.results}
    parts: list[Part] = []
    for origin in asked.origins:
        if rule.shape == "from":
            continue
        _check_status(rule, origin, before.get(origin.id, ABSENT))
        if origin.id not in result_ids:
            ended: Change = {"op": "set", "path": "status", "value": "ended"}
            parts.append(Part(origin.id, asked.effective_from, role="origin", changes=[ended]))
    for result in asked.results:
        parts.append(_result(rule, asked, result, before))
    lineage = [
        (origin.id, result.id)
        for origin in asked.origins
        for result in asked.results
        if origin.id != result.id
    ]
    return Act(asked.outcome, parts, lineage=lineage)


def _result(rule: Rule, asked: Asked, result: Subject, before: Mapping[str, Before]) -> Part:
    state = before.get(result.id, ABSENT)
    if result.content is not None:
        return _created(asked, result, before, "result")
    _check_status(rule, result, state)
    changes = [*result.changes, *_added_codes(result)]
    _check_changes(Rule(rule.label), asked, changes)
    return Part(result.id, asked.effective_from, role="result", changes=changes)


def _added_codes(subject: Subject) -> list[Change]:
    return [add_code(code["scheme"], code["value"], code.get("issuer", "")) for code in subject.codes]
