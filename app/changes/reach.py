"""How far a decision reaches: every day on which it changes a subject is asked of whoever makes it.

What is entered late shapes all days since, and what is entered today the planned ones; on those the subject may be
another's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.canonical import encode
from app.changes.ahead import Ahead
from app.changes.keys import is_same
from app.changes.scope import Scope
from app.versions.fold import Change, Effect, State, boundaries, fold
from app.versions.orders import FIRST_PENDING

_BY_CHANGES = ("adjust", "transfer", "convert", "rename", "amend", "retain")
"""Outcomes that do to their subject what their field changes say, and no more."""


def require_days(
    scope: Scope, kind: str, subject_id: str, before: Sequence[Effect], after: Sequence[Effect], first: str
) -> None:
    """Raises Forbidden where a day after ``first`` is changed on which the subject, as it was or as it comes to be, is
    not the actor's. ``before`` and ``after``: its effects without what is asked for and with it."""
    if scope.is_everything:
        return
    for day, *states in _changed_days(before, after, first):
        for state in states:
            if state is not None and day > first:
                scope.require(kind, subject_id, state, day, first=first)


def _changed_days(
    before: Sequence[Effect], after: Sequence[Effect], first: str
) -> Iterator[tuple[str, State | None, State | None]]:
    for day in boundaries([*before, *after], first)[1:]:
        was, will = fold(before, day), fold(after, day)
        if was is None or will is None or not is_same(was, will):
            yield day, was, will


def require_reach(ahead: Ahead, scope: Scope, bodies: Sequence[dict[str, Any]]) -> None:
    """The same of decisions as they say it themselves: no rule is asked, so an outcome that does more than change
    fields counts as changing every day that it covers."""
    if scope.is_everything:
        return
    ahead.load(bodies)
    for body in bodies:
        for subject_id, day in ahead.touched(body):
            if subject_id in ahead.histories:
                before = ahead.histories[subject_id].effects
                after = _otherwise(ahead, before, body, subject_id)
                require_days(scope, ahead.kind_of(subject_id), subject_id, before, after, day)


def _otherwise(
    ahead: Ahead, before: Sequence[Effect], body: Mapping[str, Any], subject_id: str
) -> list[Effect]:
    """With what a decision does; of an act, without it, or with it again where it is taken out already."""
    if body["outcome"] == "void":
        left = [effect for effect in before if effect.act != body["act"]]
        if len(left) < len(before):
            return left
        again = [one for one in ahead.taken_out(subject_id, before) if one.act == body["act"]]
        return _in_order([*before, *again])
    effect = Effect(
        seq=FIRST_PENDING,
        act=FIRST_PENDING,
        effective_from=body["effective_from"],
        until=body.get("until"),
        changes_body=encode(list(_said(body, subject_id))),
    )
    return _in_order([*before, effect])


def _in_order(effects: list[Effect]) -> list[Effect]:
    return sorted(effects, key=lambda one: (one.effective_from, one.seq))


def _said(body: Mapping[str, Any], subject_id: str) -> Iterator[Change]:
    places = [place for place in (body, *body.get("results", ())) if place.get("subject") == subject_id]
    for place in places:
        yield from place.get("changes", ())
        for code in place.get("codes", ()):
            yield {"op": "add", "path": "codes", "value": {"key": code["value"], "issuer": "", **code}}
    carries_on = body["outcome"] in ("merge", "split") and any(place is not body for place in places)
    if body["outcome"] not in _BY_CHANGES and not carries_on:
        yield {"op": "set", "path": "status", "value": body["outcome"]}  # no status: it differs from any
