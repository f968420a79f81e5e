"""What passes from one subject to another: merge and split, devolve and receive, entrust, narrow. Pure.

Sources: `docs/outcomes.md`; 国发〔2013〕27号, 福建 and 广东 decisions for 过渡期, 部分下放 and a delegation
that runs out; 行政许可法 第二十四条 (委托). An acceptance is a decision of the receiver; what it does to the
origin was decided by the devolve, so it needs no scope over the origin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.changes.asked import (
    ABSENT,
    Acceptance,
    Alive,
    Asked,
    Before,
    Rule,
    Subject,
    added_codes,
    called,
    check_status,
    created,
    ended,
)
from app.errors import Refused
from app.versions.fold import Change
from app.versions.orders import Act, Part

PLACES = "excluded"
"""The content field that lists what an item no longer covers (不再办理的部分)."""
ENTRUSTED = frozenset({"5", "6"})
"""权力来源: 上级委托, 同级委托 (code table power_source)."""
LATEST = "latest"
"""Role of the part that falls on the last day of a transition."""


def reshaped(rule: Rule, asked: Asked, before: Mapping[str, Before]) -> Act:
    """merge and split: origins end, new results start or standing ones carry on; any n to any m."""
    _refuse_repeated(asked)
    _check_counts(rule, asked)
    result_ids = {subject.id for subject in asked.results}
    parts: list[Part] = []
    for origin in asked.origins:
        check_status(rule, origin, before.get(origin.id, ABSENT))
        if origin.id not in result_ids:
            parts.append(Part(origin.id, asked.effective_from, role="origin", changes=[ended()]))
    parts += [_result(rule, asked, result, before) for result in asked.results]
    return Act(asked.outcome, parts, lineage=_lineage(asked))


def _check_counts(rule: Rule, asked: Asked) -> None:
    origins, results = len(asked.origins), len(asked.results)
    if rule.shape == "join":
        if origins < 2:
            raise Refused("“合并”至少要有 2 个来源。", code="too-few-origins")
        if not results:
            raise Refused("“合并”缺少结果。", code="too-few-results")
        if results >= origins:
            raise Refused("“合并”的结果要比来源少；一样多或更多请用“拆分”。", code="merge-not-fewer")
    else:
        if not origins:
            raise Refused("“拆分”至少要有 1 个来源。", code="too-few-origins")
        if results < 2:
            raise Refused("“拆分”至少要有 2 个结果。", code="too-few-results")
        if results < origins:
            raise Refused("“拆分”的结果不能比来源少；变少请用“合并”。", code="split-fewer")


def _refuse_repeated(asked: Asked) -> None:
    for listed in (asked.origins, asked.results):
        if len({subject.id for subject in listed}) < len(listed):
            raise Refused("同一主体在一项决定中列了两次，请删去重复的。", code="repeated-subject")


def _lineage(asked: Asked) -> list[tuple[str, str]]:
    """Every result comes from the origins it names, or from all; no origin is left without a result."""
    origins = [origin.id for origin in asked.origins]
    pairs: list[tuple[str, str]] = []
    for result in asked.results:
        for origin in result.of:
            if origin not in origins:
                raise Refused(
                    f"结果写明来自 {origin}，但它不在这项决定的来源之中，请改正 of。", code="not-an-origin"
                )
        pairs += [(origin, result.id) for origin in result.of or origins]
    left = set(origins) - {origin for origin, _ in pairs}
    if left:
        raise Refused(
            f"来源 {min(left)} 没有归入任何结果，请在结果的 of 中写明去向。", code="origin-without-result"
        )
    return [(origin, result) for origin, result in pairs if origin != result]


def _result(rule: Rule, asked: Asked, result: Subject, before: Mapping[str, Before]) -> Part:
    if result.content is not None:
        return created(asked, result, before, "result")
    check_status(Rule(rule.label), result, before.get(result.id, ABSENT))
    return Part(
        result.id, asked.effective_from, role="result", changes=[*result.changes, *added_codes(result)]
    )


# --- devolve, narrow, receive -----------------------------------------------------------------------------------


def devolved(asked: Asked, subject: Subject) -> Act:
    """The subject ends on its day; with a transition, once every receiver has accepted, and at latest on its
    last day. The first is a change that waits for the acceptances, so a voided one undoes it by itself."""
    _check_receivers(asked)
    if not asked.receivers:
        raise Refused("“下放”须写明由谁承接（receivers），至少写出文件原文（words）。", code="no-receivers")
    if asked.transition_until is None:
        return Act(
            asked.outcome,
            [Part(subject.id, asked.effective_from, changes=[*subject.changes, ended()])],
        )
    keys = [receiver["key"] for receiver in asked.receivers]
    waits: Change = {**ended(), "once": {"path": PLACES, "keys": keys}}
    return Act(
        asked.outcome,
        [
            Part(subject.id, asked.effective_from, changes=[*subject.changes, waits]),
            Part(subject.id, asked.transition_until, role=LATEST, changes=[ended()]),
        ],
    )


def narrowed(rule: Rule, asked: Asked, subject: Subject, before: Mapping[str, Before]) -> Act:
    """The subject stands with less: changed fields, places given to receivers, or what left as results."""
    _check_receivers(asked)
    _refuse_repeated(asked)
    changes = [*subject.changes, *added_codes(subject)]
    if not changes and not asked.receivers and not asked.results:
        raise Refused(
            f"“{rule.label}”没有写明少了什么，请列出字段变更、承接的地方（receivers）或分出的事项（results）。",
            code="nothing-less",
        )
    if asked.until is not None and (asked.receivers or asked.results):
        raise Refused(
            "只在一段时间内缩小范围的，不能同时写承接的地方或分出的事项。", code="until-with-receivers"
        )
    given_up = [_given_up(receiver) for receiver in asked.receivers]
    at_once = given_up if asked.transition_until is None else []
    parts = [Part(subject.id, asked.effective_from, until=asked.until, changes=[*changes, *at_once])]
    if asked.transition_until is not None and given_up:
        parts.append(Part(subject.id, asked.transition_until, role=LATEST, changes=given_up))
    parts += [_result(rule, asked, result, before) for result in asked.results]
    lineage = [(subject.id, result.id) for result in asked.results if result.id != subject.id]
    return Act(asked.outcome, parts, lineage=lineage)


def _check_receivers(asked: Asked) -> None:
    keys = [receiver["key"] for receiver in asked.receivers]
    if len(set(keys)) < len(keys):
        raise Refused("同一承接方列了两次，请删去重复的。", code="repeated-receiver")
    for receiver in asked.receivers:
        if not any(receiver.get(name) for name in ("region", "authority", "words")):
            raise Refused(
                "承接方没有写明是谁，请写地方（region）、机关（authority）或文件原文（words）。",
                code="empty-receiver",
            )
    if asked.transition_until is None:
        return
    if not asked.receivers:
        raise Refused("过渡期只用于有承接方的决定，请写明 receivers。", code="transition-without-receivers")
    if asked.transition_until <= asked.effective_from:
        raise Refused("过渡期的最后期限必须晚于施行日期。", code="transition-before-start")


def _given_up(receiver: Mapping[str, Any]) -> Change:
    element = {name: receiver[name] for name in ("key", "region", "authority", "words") if receiver.get(name)}
    return {"op": "add", "path": PLACES, "value": element}


def received(rule: Rule, asked: Asked, before: Mapping[str, Before]) -> Act:
    """Results start; origins stand on, but for the places that this accepts within their transition."""
    _refuse_repeated(asked)
    if not asked.results:
        raise Refused("“承接”缺少结果。", code="too-few-results")
    for origin in asked.origins:
        if before.get(origin.id, ABSENT).status is None:  # one that has ended is taken over none the less
            check_status(rule, origin, ABSENT)
    parts = [_result(rule, asked, result, before) for result in asked.results]
    losses: dict[str, list[Change]] = {}
    for acceptance in asked.accepts:
        _check_acceptance(asked, acceptance, before)
        stands = before.get(acceptance.origin, ABSENT).status in Alive
        if stands and asked.effective_from < acceptance.lost_from:
            losses.setdefault(acceptance.origin, []).append(_given_up(acceptance.receiver))
    parts += [
        Part(origin, asked.effective_from, role="origin", changes=changes)
        for origin, changes in losses.items()
    ]
    return Act(asked.outcome, parts, lineage=_lineage(asked) if asked.origins else [])


def _check_acceptance(asked: Asked, acceptance: Acceptance, before: Mapping[str, Before]) -> None:
    name = called(Subject(acceptance.origin), before.get(acceptance.origin, ABSENT))
    if asked.effective_from < acceptance.opens:
        raise Refused(f"{name}自 {acceptance.opens} 起下放，承接不能早于这一天。", code="accepted-too-early")
    if acceptance.taken_by is not None:
        raise Refused(
            f"{name}的这一承接方已经承接（{acceptance.taken_by}），不能再承接一次。",
            code="already-accepted",
        )


# --- entrust --------------------------------------------------------------------------------------------------------


def entrusted(rule: Rule, asked: Asked, subject: Subject, before: Mapping[str, Before]) -> Act:
    """The subject stands; each result is the item of an entrusted organ, in force until the time runs out.

    A new one is created as ended and put in force for the time: a renewal is one more time, and where none
    covers a day the item has lapsed."""
    _refuse_repeated(asked)
    if not asked.results:
        raise Refused(
            "“委托”须写明受委托机关的事项（results）：新的写内容，续期的写编号。", code="too-few-results"
        )
    parts = [Part(subject.id, asked.effective_from, changes=[*subject.changes, *added_codes(subject)])]
    fresh = []
    for result in asked.results:
        if result.content is None:
            parts.append(_renewed(rule, asked, subject, result, before.get(result.id, ABSENT)))
        else:
            parts += _lent(asked, result, before)
            fresh.append((subject.id, result.id))
    return Act(asked.outcome, parts, lineage=fresh)


def _lent(asked: Asked, result: Subject, before: Mapping[str, Before]) -> Sequence[Part]:
    part = created(asked, result, before, "result")
    if part.creates is not None and part.creates.get("power_source") not in ENTRUSTED:
        raise Refused(
            "受委托机关的事项，权力来源（power_source）应为 5（上级委托）或 6（同级委托）。",
            code="not-by-entrusting",
        )
    if asked.until is None:
        return [part]
    part.changes = [*part.changes, ended()]
    return [part, _in_force(asked, result)]


def _renewed(rule: Rule, asked: Asked, subject: Subject, result: Subject, state: Before) -> Part:
    if subject.id not in state.origins:
        raise Refused(f"{called(result, state)}不是由这一事项委托的，不能续期。", code="not-entrusted-here")
    if not state.lapsed:
        check_status(rule, result, state)
    part = _in_force(asked, result)
    part.changes = [*part.changes, *result.changes]
    return part


def _in_force(asked: Asked, result: Subject) -> Part:
    change: Change = {"op": "set", "path": "status", "value": "in_force"}
    return Part(result.id, asked.effective_from, role="result", until=asked.until, changes=[change])
