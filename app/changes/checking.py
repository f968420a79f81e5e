"""Checks on a proposed decision: what the law or plain sense forbids, each with its source. Pure.

They look at one proposal and the facts around it, and write nothing; drafting shows them, review weighs them. What
concerns the content alone is asked of the catalogue's checks (``app/checks``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from app.checks import finding
from app.checks.catalogue import ALWAYS, Rules
from app.checks.finding import ALIVE, Checked, Fact, Facts, Named

NATIONAL = {"law": "法律", "administrative_regulation": "行政法规", "state_council_decision": "国务院决定"}
"""Ranks of instruments that no government below the State Council can undo."""
RECEIVING = "行政审批项目清理意见表：下放管理层级"
COLLECTIVE = re.compile("各|有关|相关|所在地|设区|[省市区县镇乡]级|[省市区县镇乡]（")
"""How words begin that mean a kind of organ or place (县级水利部门), which no registry has by that name."""
RECEIVERS = ("receiver-ended", "receiver-not-below")
"""Codes that hold up any changeset; other refusals hold up a round, and are shown elsewhere."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One decision about one subject, before and after; documents hold ``status`` too, None: it is not there."""

    place: int
    body: Mapping[str, Any]
    subject: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    facts: Facts
    named: Named | None = None

    def checked(self, item: Mapping[str, Any]) -> Checked:
        """A content of the item as the catalogue's checks look at it."""
        return Checked(item, self.body["effective_from"], self.facts, self.named)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check has found. ``refuse``: not to be published as it stands; ``warn``: to be looked at."""

    decision: int
    subject: str
    code: str
    severity: Literal["refuse", "warn"]
    message: str
    source: str
    detail: dict[str, Any] = field(default_factory=dict)


Check = Callable[[Proposal], Iterator[Finding]]


def check(proposal: Proposal) -> list[Finding]:
    """What the checks of decisions find; ``brought_in`` finds what is to be said of the content besides."""
    return [found for one in CHECKS for found in one(proposal)]


def _found(proposal: Proposal, code: str, severity: Any, message: str, source: str, **detail: Any) -> Finding:
    return Finding(proposal.place, proposal.subject, code, severity, message, source, detail)


def _name(proposal: Proposal) -> str:
    document = proposal.before or proposal.after or {}
    return f"“{document.get('name') or proposal.subject}”"


def set_by_national_law(proposal: Proposal) -> Iterator[Finding]:
    """What a national law sets cannot be cancelled below; it is retained and waits for the law (待修法)."""
    body, item = proposal.body, proposal.before
    if body["outcome"] != "cancel" or item is None or body.get("authorised_by"):
        return
    if len(proposal.facts(item["region"]).path) < 2:
        return  # the country's own, or a place whose government above is not known
    laws = {
        one["instrument"]: one
        for one in item.get("citations", ())
        if one.get("role", "setting") == "setting" and one.get("instrument")
    }
    for citation in laws.values():  # several articles of one law are one obstacle
        law = proposal.facts(citation["instrument"])
        if law.rank not in NATIONAL or law.status == "ended":
            continue
        yield _found(
            proposal,
            "set-by-national-law",
            "refuse",
            f"{_name(proposal)}由{NATIONAL[law.rank]}《{law.name}》设定，本级不能取消；请改为“保留”并注明待修法"
            "，或写明准予取消的上级文件。",
            "行政许可法 第十四条至第十七条、第二十一条",
            instrument=citation["instrument"],
        )


def receivers_can_hold(proposal: Proposal) -> Iterator[Finding]:
    """A receiver stands on the day, and lies below the place that gives; usually by one level."""
    item = proposal.before
    if item is None or not proposal.body.get("receivers"):
        return
    here = proposal.facts(item["region"]).path
    for receiver in proposal.body["receivers"]:
        for kind in ("region", "authority"):
            if receiver.get(kind):
                yield from _receiver(proposal, proposal.facts(receiver[kind]), here, receiver["key"], kind)
        named = receiver.get("region") or receiver.get("authority") or receiver.get("below")
        if not named and receiver.get("words") and not COLLECTIVE.match(receiver["words"]):
            message = f"登记簿中没有“{receiver['words']}”，请核对名称；有几个同名的，请写编号。"
            yield _found(proposal, "receiver-unknown", "warn", message, RECEIVING, receiver=receiver["key"])


def _receiver(proposal: Proposal, to: Fact, here: tuple[str, ...], key: str, kind: str) -> Iterator[Finding]:
    source = RECEIVING
    if to.status in ("ended", None):
        word = "已经撤并" if to.status == "ended" else "在施行日还不存在"
        message = f"承接方“{to.name}”{word}，不能承接；请改为现在的机关或地方。"
        yield _found(proposal, "receiver-ended", "refuse", message, source, receiver=key)
        return
    depth = len(to.path) - len(here)
    within = to.path[: len(here)] == here
    if not within or (depth == 0 and kind == "region"):
        message = f"承接方“{to.name}”不在{_name(proposal)}所在行政区划之下，不能承接下放。"
        yield _found(proposal, "receiver-not-below", "refuse", message, source, receiver=key)
    elif depth == 0:
        message = f"承接方“{to.name}”与{_name(proposal)}同级；同级之间请用“调整实施机关”。"
        yield _found(proposal, "receiver-same-level", "warn", message, source, receiver=key)
    elif depth > 1:
        message = f"承接方“{to.name}”与{_name(proposal)}隔了一级以上，请核对文件是否这样写。"
        yield _found(proposal, "receiver-skips-level", "warn", message, source, receiver=key)


def stands_on(proposal: Proposal) -> Iterator[Finding]:
    """What an item that carries on has to stand on, whether or not the decision changes anything of it."""
    item = proposal.after
    if item is None or item.get("status") not in ALIVE:
        return
    found = [one for look in ALWAYS for one in look(proposal.checked(item))]
    for one in found:
        yield of_content(proposal, one, "refuse" if _is_refusal(one.code, proposal) else "warn")


def _is_refusal(code: str, proposal: Proposal) -> bool:
    """A promise above the law is refused to whom it is entered by; what stood so before is told."""
    if code != "promised-above-statutory":
        return code == "holder-ended"
    after, before = proposal.after or {}, proposal.before or {}
    return any(after.get(name) != before.get(name) for name in ("statutory_limit", "promised_limit"))


def brought_in(proposal: Proposal, rules: Rules) -> Iterator[Finding]:
    """What the catalogue's checks find in the content that the decision leaves, and did not find before it."""
    item, before = proposal.after, proposal.before
    if item is None or item == before or item.get("status") not in ALIVE:
        return
    now = proposal.checked(item)
    then = None if before is None else proposal.checked(before)
    for look in rules.besides:
        found = [one for one in look(now) if one.code not in rules.off]
        if not found:
            continue
        # No other check finds what this one does, so it alone is asked what it had found.
        known = {(one.code, one.path) for one in look(then)} if then is not None else set()
        for one in found:
            if (one.code, one.path) not in known:
                yield of_content(proposal, one, "warn")


def of_content(proposal: Proposal, one: finding.Finding, severity: Literal["refuse", "warn"]) -> Finding:
    """A finding of the catalogue's checks as one about a decision."""
    detail = {"path": one.path} | ({"about": one.about} if one.about else {})
    return _found(proposal, one.code, severity, f"{_name(proposal)}：{one.message}", one.source, **detail)


CHECKS: tuple[Check, ...] = (
    set_by_national_law,
    receivers_can_hold,
    stands_on,
)
