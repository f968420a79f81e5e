"""A decision as the outcome rules see it: what is asked, of which states, and the checks that rules share. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.checks.finding import ALIVE
from app.errors import Refused
from app.versions.fold import Change
from app.versions.orders import Part, add_codes

Alive = ALIVE
STATUS_WORDS = {
    None: "尚不存在",
    "not_yet": "尚未施行",
    "in_force": "在用",
    "suspended": "暂停中",
    "ended": "已取消",
    "unknown": "状态不明",
}

STATUS_PHRASES = {
    None: "尚不存在",
    "not_yet": "尚未施行",
    "in_force": "处于在用状态",
    "suspended": "处于暂停状态",
    "ended": "已经终止",
    "unknown": "状态不明",
}
"""The same as a sentence goes on: 在生效日已经终止，不能恢复。"""


@dataclass(frozen=True, slots=True)
class Before:
    """The state of a subject just before the decision, on the decision's own day. None status: not existing."""

    status: str | None
    document: Mapping[str, Any] = field(default_factory=dict)
    lapsed: bool = False
    """True where it is ended only because the time it was entrusted for has run out."""
    origins: frozenset[str] = frozenset()
    """What entrusted it; filled in for entrust alone."""


ABSENT = Before(None)


GATHERING = ("join", "part", "from")
"""Shapes whose subjects are their origins and results; the decision has none of its own."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What an outcome asks of the state before and does to the status."""

    label: str
    shape: str = "one"
    """one: a subject that stands; new: creates; join: origins become fewer results; part: they become as many
    or more; from: results with origins that stand on (receive); down: one that receivers take over (devolve);
    lend: one that stands, and results for a time (entrust); less: one that stands with less (narrow)."""
    before: frozenset[str] = Alive
    after: str | None = None
    needs_changes: bool = False
    may_change: bool = True
    must_change: tuple[str, ...] = ()
    """Top-level fields of which the changes must set at least one."""
    timed: bool = False
    """Whether it may hold for a time only (until)."""


@dataclass(slots=True)
class Subject:
    """One subject a decision names: standing, or new with its content and codes."""

    id: str
    content: dict[str, Any] | None = None
    codes: Sequence[Mapping[str, str]] = ()
    changes: Sequence[Change] = ()
    start_unknown: bool = False
    status: str = "in_force"
    of: Sequence[str] = ()
    """A result: the origins it comes from; none: all."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What a receive takes over: one receiver's place of an earlier devolve or narrow."""

    origin: str
    receiver: Mapping[str, Any]
    """key, region, authority, words, as the devolve named it."""
    opens: str
    """The day of the devolve."""
    lost_from: str
    """The day from which the origin has lost the place, accepted or not."""
    taken_by: str | None = None
    """The decision that has accepted it already, in words."""


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
    receivers: Sequence[Mapping[str, Any]] = ()
    transition_until: str | None = None
    accepts: Sequence[Acceptance] = ()
    pending_law: bool = False


def ended() -> Change:
    return {"op": "set", "path": "status", "value": "ended"}


def check_until(rule: Rule, asked: Asked) -> None:
    if asked.until is None:
        return
    if not rule.timed:
        raise Refused(f"“{rule.label}”不能只在一段时间内有效，请删去截止日期。", code="until-not-allowed")
    if asked.until <= asked.effective_from:
        raise Refused("截止日期必须晚于生效日期（截止日当天不再有效）。", code="until-before-start")


def check_status(rule: Rule, subject: Subject, state: Before) -> None:
    if state.status not in rule.before:
        verb = "无需" if rule.after == state.status else "不能"
        raise Refused(
            f"{called(subject, state)}在生效日{STATUS_PHRASES[state.status]}，{verb}{rule.label}。",
            code="wrong-status",
            subject=subject.id,
        )


def called(subject: Subject, state: Before) -> str:
    """Its name, or its id."""
    return f"“{state.document.get('name') or state.document.get('title') or subject.id}”"


def created(asked: Asked, subject: Subject, before: Mapping[str, Before], role: str) -> Part:
    """The part that starts a new subject."""
    if before.get(subject.id, ABSENT).status is not None:
        raise Refused(f"{subject.id} 已经存在，不能再次新增。", code="already-exists")
    if subject.content is None:
        raise Refused("新增的主体没有内容，请填写。", code="no-content")
    changes = added_codes(subject)
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


def added_codes(subject: Subject) -> list[Change]:
    return add_codes(subject.codes)
