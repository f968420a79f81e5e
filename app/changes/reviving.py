"""What has ended does not come back by a decision that was made for something standing. Pure.

A decision is tried against the state of its own day. One of a later day that was published before it was tried
against a subject that stood then; the fold would let it act on one that has ended meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from app.changes.fulfilling import has_lapsed
from app.versions.fold import Effect, boundaries, fold


class Revival(NamedTuple):
    """By ``seq`` a subject that has ended gets ``status`` from ``day`` on."""

    day: str
    seq: int
    act: int
    status: str
    ended_from: str


def revivals(effects: Sequence[Effect]) -> list[Revival]:
    """Where the effects, in the order of the fold, lead out of ``ended``; in the order of days.

    Time that runs out is no decision, so it does not count.
    """
    if not _may_revive(effects):
        return []
    found: list[Revival] = []
    ended_from: str | None = None
    for day in boundaries(effects, ""):
        state = fold(effects, day)
        if state is None or state["status"] == "ended":
            ended_from = (ended_from or day) if state is not None else None
            continue
        leading = [one for one in effects if one.effective_from == day and _sets_status(one)]
        if ended_from is not None and leading:
            last = leading[-1]
            found.append(Revival(day, last.seq, last.act, state["status"], ended_from))
        ended_from = None
    return found


def renews(effects: Sequence[Effect], revival: Revival) -> bool:
    """Whether nothing but time had ended the subject when the decision takes effect: so it may be entrusted again."""
    return has_lapsed([effect for effect in effects if effect.seq != revival.seq], revival.day)


def _may_revive(effects: Sequence[Effect]) -> bool:
    """Whether any later effect sets a status after one that ends: folding costs more than looking."""
    ends = [effect.effective_from for effect in effects if "ended" in _statuses(effect)]
    return bool(ends) and any(
        effect.effective_from > min(ends) and _sets_status(effect) for effect in effects
    )


def _sets_status(effect: Effect) -> bool:
    return effect.creates_body is not None or bool(_statuses(effect))


def _statuses(effect: Effect) -> list[str]:
    return [change["value"] for change in effect.changes() if change["path"] == "status"]
