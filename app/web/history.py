"""What a history says beyond its decisions: terms that run out, first days that are only attested. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from app.changes.outcomes import RULES
from app.web.rendering import Gaps


def attested_from(intervals: Sequence[Gaps]) -> str | None:
    """The first day that sources attest, where they do not say when the subject began."""
    first = intervals[0] if intervals else Gaps()
    unknown = first["status"] == "unknown" and first["revision"] is None and first["valid_from"] is None
    return first["valid_to"] if unknown else None


def lapses(kind: str, decisions: Sequence[Gaps], intervals: Sequence[Gaps]) -> list[Gaps]:
    """Decisions for a time whose end begins an interval: on which day, to which status, and whether ``alone``,
    with no decision that takes effect on the same day."""
    found = []
    timed: dict[str, list[Gaps]] = {}
    for one in decisions:
        if one["until"] and not one["voided"]:
            timed.setdefault(one["until"], []).append(one)
    for index, interval in enumerate(intervals):
        day = interval["valid_from"]
        before = intervals[index - 1] if index and intervals[index - 1]["valid_to"] == day else Gaps()
        for one in timed.get(day or "", ()):
            if one["outcome"] == "suspend" and before["status"] != "suspended":
                continue  # it was resumed or ended before its term ran out
            if one["outcome"] == "entrust" and (before["status"], interval["status"]) != (
                "in_force",
                "ended",
            ):
                continue  # it was renewed, or ended before
            alone = not begins(kind, decisions, day)
            found.append(Gaps(day=day, decision=one, status=interval["status"], alone=alone))
    return found


def begins(kind: str, decisions: Sequence[Gaps], day: str) -> bool:
    """Whether a decision that does anything takes effect on a day."""
    return any(
        one["effective_from"] == day and not one["voided"] and _does_anything(kind, one["outcome"])
        for one in decisions
    )


def _does_anything(kind: str, outcome: str) -> bool:
    rule = RULES.get(kind, {}).get(outcome)
    return rule is None or rule.shape != "one" or rule.may_change or rule.after is not None


def rows(kind: str, decisions: Sequence[Gaps], intervals: Sequence[Gaps]) -> list[Gaps]:
    """Decisions and lapses together, the latest day first; ``first`` marks the entry of a subject that is
    only attested from that day on, so did not begin on it."""
    attested = attested_from(intervals)
    found: list[tuple[tuple[str, int, int], Gaps]] = []
    for one in decisions:
        first = one["effective_from"] == attested and _creates(kind, one["outcome"])
        found.append(((one["effective_from"], 1, one["act"]), Gaps(decision=one, first=first)))
    for lapse in lapses(kind, decisions, intervals):
        found.append(((lapse["day"], 0, lapse["decision"]["act"]), Gaps(lapse=lapse)))
    return [row for _, row in sorted(found, key=lambda pair: pair[0], reverse=True)]


def _creates(kind: str, outcome: str) -> bool:
    rule = RULES.get(kind, {}).get(outcome)
    return rule is not None and rule.shape == "new"


LONG = 50
"""Rows of a history on one page; the latest come first."""


def page_of(happened: Sequence[Gaps], intervals: Sequence[Gaps], page: int) -> Gaps:
    """One page of a long history: what happened, the intervals beside it (each with the day of the one before), and
    how many pages there are."""
    start, end = (page - 1) * LONG, page * LONG
    dated = [
        Gaps(one, before=before["valid_from"])
        for before, one in zip([Gaps(), *intervals], intervals, strict=False)
    ]
    latest = dated[::-1][start:end]
    return Gaps(
        happened=list(happened[start:end]),
        intervals=latest[::-1],
        page=page,
        pages=max(1, -(-max(len(happened), len(intervals)) // LONG)),
        total=len(happened),
        versions=len(intervals),
    )


def coming(decisions: Sequence[Gaps], intervals: Sequence[Gaps], on: str) -> Gaps | None:
    """An item's next interval after a day: its document, where a decision takes effect on its first day, and
    what runs out on that day. What governs an interval that begins by a lapse alone took effect long before. What
    is over and stays over does not change for anyone."""
    ahead, over = None, False
    for one in intervals:
        if not one["valid_from"] or one["valid_from"] <= on:
            over = one["status"] == "ended"
        elif not (over and one["status"] == "ended"):
            ahead = one
            break
    if ahead is None:
        return None
    day = ahead["valid_from"]
    return Gaps(
        day=day,
        document=ahead["document"] if begins("item", decisions, day) else None,
        lapses=[one for one in lapses("item", decisions, intervals) if one["day"] == day],
    )


def day_before(intervals: Sequence[Gaps], day: str) -> str:
    """A day of the interval before the one that the day lies in; the day itself where there is none."""
    starts = [one["valid_from"] for one in intervals if one["valid_from"] and one["valid_from"] <= day]
    return starts[-2] if len(starts) > 1 else (starts[-1] if starts else day)
