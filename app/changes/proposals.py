"""The proposals of a changeset and the facts around them, for the checks; and which findings hold it up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from app.changes import kinds
from app.changes.checking import RECEIVERS, Fact, Finding, Proposal, check
from app.changes.deciding import Decider
from app.db import fetch
from app.errors import Refused
from app.versions.fold import fold
from app.versions.ids import is_id, kind_of

_FACETS = (
    "SELECT name, status, type, region, parent, valid_from FROM timeline"
    " WHERE subject_id = ? AND valid_from <= ? AND valid_to > ?"
)
_NAME = "SELECT name FROM timeline WHERE subject_id = ? AND name IS NOT NULL ORDER BY valid_from LIMIT 1"
DEPTH = 12
"""No tree of places is deeper; a wrong parent ends the walk."""


def findings(decider: Decider, bodies: Sequence[dict[str, Any]]) -> list[Finding]:
    """What the checks find in the decisions about items. ``decider`` has decided them."""
    around = _Around(decider)
    return [
        finding
        for place, body in enumerate(bodies, start=1)
        if body["kind"] == "item" and body["outcome"] != "void"
        for proposal in _proposals(around, place, body)
        for finding in check(proposal)
    ]


def blocks(finding: Mapping[str, Any], is_round: bool) -> bool:
    """Whether a finding, as a row, holds its changeset up: in a round every refusal does, in a routine change
    those about receivers alone; the others are for the reviewer to weigh."""
    return finding.get("severity") == "refuse" and (is_round or finding["code"] in RECEIVERS)


def refuse_blocking(found: Sequence[Finding], is_round: bool) -> None:
    """Raises Refused with the first finding that holds the changeset up, and all of them as ``findings``."""
    blocking = [one for one in found if blocks(as_row(one), is_round)]
    if blocking:
        first = blocking[0]
        raise Refused(
            f"第 {first.decision} 项决定：{first.message}",
            code=first.code,
            decision=first.decision,
            findings=[as_row(one) for one in blocking[:50]],
        )


def as_row(finding: Finding) -> dict[str, Any]:
    """A finding as answers show it."""
    return {
        "decision": finding.decision,
        "subject": finding.subject,
        "code": finding.code,
        "severity": finding.severity,
        "message": finding.message,
        "source": finding.source,
        **finding.detail,
    }


def _proposals(around: _Around, place: int, body: dict[str, Any]) -> Iterator[Proposal]:
    day = body["effective_from"]
    subjects = [body["subject"]] if body.get("subject") else []
    subjects += [result["subject"] for result in body.get("results", ()) if result.get("subject")]
    for subject in dict.fromkeys(subjects):
        yield Proposal(
            place=place,
            body=body if subject == subjects[0] else {**body, "receivers": ()},
            subject=subject,
            before=fold(around.decider.stood.get(subject, ()), day),
            after=around.decider.state_on(subject, day),
            facts=lambda one: around.fact(one, day),
        )


class _Around:
    """Organs, places and instruments on a day, as the changeset leaves them; each looked up once."""

    def __init__(self, decider: Decider) -> None:
        self.decider = decider
        self.fact = lru_cache(maxsize=50_000)(self._fact)

    def _fact(self, subject: str, day: str) -> Fact:
        name, status, rank, region, parent, since = self._facets(subject, day)
        place = is_id(subject) and kind_of(subject) == "region"
        return Fact(
            name=name or subject,
            status=status,
            rank=rank,
            region=region,
            since=since,
            path=self._path(subject, parent, day) if place else self.fact(region, day).path if region else (),
        )

    def _path(self, region: str, parent: str | None, day: str) -> tuple[str, ...]:
        path = [region]
        while parent and len(path) < DEPTH:
            path.append(parent)
            parent = self._facets(parent, day)[4]
        return tuple(reversed(path))

    def _facets(self, subject: str, day: str) -> tuple[Any, ...]:
        """name, status, rank, region, parent, since."""
        if self.decider.knows(subject):
            state = self.decider.state_on(subject, day)
            if state is None:
                return (None,) * 6
            facets = kinds.describe(kind_of(subject), state)
            return facets.name, state["status"], facets.type, facets.region, facets.parent, None
        rows = fetch(self.decider.connection, _FACETS, (subject, day, day))
        if rows:
            return tuple(rows[0])
        named = fetch(self.decider.connection, _NAME, (subject,))
        return (named[0][0] if named else None, None, None, None, None, None)
