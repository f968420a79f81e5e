"""Checks on a proposed decision: what the law or plain sense forbids, each with its source. Pure.

They look at one proposal and the facts around it, and write nothing; drafting shows them, review weighs them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from app.changes.asked import Alive

NATIONAL = {"law": "法律", "administrative_regulation": "行政法规", "state_council_decision": "国务院决定"}
"""Ranks of instruments that no government below the State Council can undo."""
RECEIVERS = ("receiver-ended", "receiver-not-below")
"""Codes that hold up any changeset; other refusals hold up a round, and are shown elsewhere."""


@dataclass(frozen=True, slots=True)
class Fact:
    """An organ, place or instrument on the proposal's day. Status None: it does not stand on that day."""

    name: str
    status: str | None
    rank: str | None = None
    region: str | None = None
    since: str | None = None
    path: tuple[str, ...] = ()
    """A place: its ids from the country down to itself. An organ: those of its region."""


Facts = Callable[[str], Fact]


@dataclass(frozen=True, slots=True)
class Proposal:
    """One decision about one subject, before and after; documents hold ``status`` too, None: it is not there."""

    place: int
    body: Mapping[str, Any]
    subject: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    facts: Facts


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
    """Everything that the checks find."""
    return [finding for one in CHECKS for finding in one(proposal)]


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
    for citation in item.get("citations", ()):
        law = proposal.facts(citation["instrument"]) if citation.get("instrument") else None
        if law is None or citation.get("role", "setting") != "setting" or law.rank not in NATIONAL:
            continue
        if law.status == "ended":
            continue
        yield _found(
            proposal,
            "set-by-national-law",
            "refuse",
            f"{_name(proposal)}由{NATIONAL[law.rank]}《{law.name}》设定，本级不能取消；请改为“保留”并注明待修法"
            "（pending_law），或写明准予取消的上级文件（authorised_by）。",
            "行政许可法 第十四条至第十七条、第二十一条",
            instrument=citation["instrument"],
        )


def basis_not_in_force(proposal: Proposal) -> Iterator[Finding]:
    """An item that carries on rests on an instrument that is repealed, or not in force yet, on that day."""
    item = proposal.after
    if item is None or item.get("status") not in Alive:
        return
    seen = set()
    for citation in item.get("citations", ()):
        instrument = citation.get("instrument")
        if not instrument or instrument in seen:
            continue
        seen.add(instrument)
        law = proposal.facts(instrument)
        if law.status in ("ended", None):
            since = f"自 {law.since} 起" if law.since and law.status == "ended" else "在这一天"
            word = "已经废止" if law.status == "ended" else "还没有施行"
            yield _found(
                proposal,
                "basis-not-in-force",
                "warn",
                f"{_name(proposal)}的依据《{law.name}》{since}{word}，请核对依据，或一并处理这一事项。",
                "行政许可法 第四条、第八条",
                instrument=instrument,
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


def _receiver(proposal: Proposal, to: Fact, here: tuple[str, ...], key: str, kind: str) -> Iterator[Finding]:
    source = "行政审批项目清理意见表：下放管理层级"
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


def holder_stands(proposal: Proposal) -> Iterator[Finding]:
    """An item that carries on is held by an organ that stands on the day."""
    item = proposal.after
    if item is None or item.get("status") not in Alive:
        return
    organ = proposal.facts(item["authority"])
    if organ.status == "ended":
        yield _found(
            proposal,
            "holder-ended",
            "refuse",
            f"{_name(proposal)}的实施机关“{organ.name}”在施行日已经撤并，请改为承接其职责的机关。",
            "行政许可法 第二十二条、第二十三条",
            authority=item["authority"],
        )


def promised_within_statutory(proposal: Proposal) -> Iterator[Finding]:
    """A promised limit is no longer than the statutory one; other units are not compared."""
    item = proposal.after
    if item is None or item.get("status") not in Alive:
        return
    statutory, promised = item.get("statutory_limit") or {}, item.get("promised_limit") or {}
    if not _is_longer(promised, statutory):
        return
    before = proposal.before or {}
    own = any(item.get(name) != before.get(name) for name in ("statutory_limit", "promised_limit"))
    yield _found(
        proposal,
        "promised-above-statutory",
        "refuse" if own else "warn",
        f"{_name(proposal)}的承诺时限（{promised['value']}）长于法定时限（{statutory.get('value', 0)}），"
        "承诺时限不得超过法定时限，请改正。",
        "行政许可法 第四十二条",
    )


def _is_longer(promised: Mapping[str, Any], statutory: Mapping[str, Any]) -> bool:
    if promised.get("value") is None or promised.get("unit") in (None, "immediate"):
        return False
    if statutory.get("unit") == "immediate":
        return bool(promised["value"] > 0)
    if statutory.get("value") is None or statutory.get("unit") != promised["unit"]:
        return False
    return bool(promised["value"] > statutory["value"])


CHECKS: tuple[Check, ...] = (
    set_by_national_law,
    basis_not_in_force,
    receivers_can_hold,
    holder_stands,
    promised_within_statutory,
)
