"""Which items of a round a page shows: by authority, type, progress, outcome, what the checks find, and words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query

from app.changes.outcomes import RULES
from app.exchange.worksheet_cells import PENDING
from app.rounds.worksheets import Line

STATES = {"open": "未提出", "proposed": "待审核", "returned": "已退回", "reviewed": "已决定"}
CHECKS = {"refuse": "不能这样决定的", "any": "检查有发现的", "none": "检查无发现的"}
Words = Annotated[str, Query(max_length=100)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which items of the round. ``outcome`` is a label of the sheet; ``q``: a part of name or code; ``role``: review,
    for whoever may propose too."""

    authority: str = ""
    type: str = ""
    state: str = ""
    outcome: str = ""
    checks: str = ""
    q: str = ""
    role: str = ""

    def holds(self, line: Line) -> bool:
        found = line.proposal.findings if line.proposal else []
        sought = "".join(self.q.split()).casefold()
        named = "".join(f"{line.name} {line.code or ''}".split()).casefold() if sought else ""
        return (
            self.authority in ("", line.authority)
            and self.type in ("", line.type)
            and self.state in ("", line.state)
            and (not self.outcome or self.outcome == label_of(line))
            and _fires(self.checks, found)
            and sought in named
        )

    def takes(self, line: Line) -> bool:
        """Whether a proposal for all that match is for this one too: not where somebody has proposed already, unless
        just those are asked for."""
        if line.new:  # what is not there yet has nothing to be retained or cancelled
            return False
        return line.state in ("open", "returned") or (line.state == "proposed" == self.state)

    @property
    def address(self) -> str:
        """As the query of an address; empty where everything is wanted."""
        pairs = [(name, value) for name, value in asdict(self).items() if value]
        return f"?{urlencode(pairs)}" if pairs else ""


def _fires(checks: str, found: Sequence[Mapping[str, Any]]) -> bool:
    if checks == "refuse":
        return any(one["severity"] == "refuse" for one in found)
    return checks not in CHECKS or bool(found) == (checks == "any")


def label_of(line: Line) -> str:
    """What is decided, else proposed, as the sheet calls it."""
    body = line.final or (line.proposal.body if line.proposal else None)
    if body is None:
        return ""
    return PENDING if body.get("pending_law") else RULES["item"][body["outcome"]].label


def wanted(
    authority: Words = "",
    type: Words = "",
    state: Words = "",
    outcome: Words = "",
    checks: Words = "",
    q: Words = "",
    role: Words = "",
) -> Wanted:
    return Wanted(authority, type, state, outcome, checks, q.strip(), role)


Asking = Annotated[Wanted, Depends(wanted)]
