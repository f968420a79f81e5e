"""The proposals of a changeset and the facts around them, for the checks; and which findings hold it up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from app.changes import kinds
from app.changes.checking import RECEIVERS, Finding, Proposal, brought_in, check
from app.changes.deciding import Decider
from app.checks.catalogue import STANDARD, Rules
from app.checks.exceptions import granted
from app.checks.facts import FIRST_IN_FORCE, called, stored_wording, the_only_one, wording_of
from app.checks.finding import Fact, no_wording
from app.db import fetch
from app.errors import Refused
from app.versions.ids import is_id, kind_of

_FACETS = (
    "SELECT name, status, type, region, parent, valid_from, content FROM timeline"
    " WHERE subject_id = ? AND valid_from <= ? AND valid_to > ?"
)
_NAME = "SELECT name FROM timeline WHERE subject_id = ? AND name IS NOT NULL ORDER BY valid_from LIMIT 1"
DEPTH = 12
"""No tree of places is deeper; a wrong parent ends the walk."""


def findings(
    decider: Decider, bodies: Sequence[dict[str, Any]], rules: Rules = STANDARD, *, changeset: str
) -> list[Finding]:
    """What the checks find in the decisions of a changeset about items, what is excepted left out. ``decider`` has
    decided them."""
    around = _Around(decider)
    found = [
        finding
        for place, body in enumerate(bodies, start=1)
        if body["kind"] == "item" and body["outcome"] != "void"
        for proposal in _proposals(around, place, body)
        for finding in (*check(proposal), *brought_in(proposal, rules))
        if finding.code not in rules.off
    ]
    held = granted(decider.connection, {one.subject for one in found}, changeset)
    return [one for one in found if not held.excuses(one.subject, one.code, one.detail.get("path", ""))]


def blocks(finding: Mapping[str, Any], is_round: bool, rules: Rules = STANDARD) -> bool:
    """Whether a finding, as a row, holds its changeset up: in a round every refusal does, in a routine change
    those about receivers and those that the office's rules name; the others are for the reviewer to weigh."""
    if finding["code"] in rules.block:
        return True
    return finding.get("severity") == "refuse" and (is_round or finding["code"] in RECEIVERS)


def refuse_blocking(found: Sequence[Finding], is_round: bool, rules: Rules = STANDARD) -> None:
    """Raises Refused with the first finding that holds the changeset up, and all of them as ``findings``."""
    blocking = [one for one in found if blocks(as_row(one), is_round, rules)]
    if blocking:
        first = blocking[0]
        more = f"另有 {len(blocking) - 1} 处，见所附的核对结果。" if len(blocking) > 1 else ""
        raise Refused(
            f"第 {first.decision} 项决定：{first.message}{more}",
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
            before=around.decider.stood_on(subject, day),
            after=around.decider.state_on(subject, day),
            facts=lambda one: around.fact(one, day),
            named=lambda title: around.named(title, day),
        )


class _Around:
    """Organs, places and instruments on a day, as the changeset leaves them; each looked up once."""

    def __init__(self, decider: Decider) -> None:
        self.decider = decider
        self._facts: dict[tuple[str, str], Fact] = {}
        self._named: dict[tuple[str, str], str | None] = {}

    def fact(self, subject: str, day: str) -> Fact:
        # A cache that held this object would keep it, and every state the decider has folded, until a collection.
        found = self._facts.get((subject, day))
        if found is None:
            found = self._facts[subject, day] = self._fact(subject, day)
        return found

    def named(self, title: str, day: str) -> str | None:
        """Of what is published alone: what the changeset itself brings is cited by its id."""
        if (title, day) not in self._named:
            of_title = partial(called, self.decider.connection, day=day)
            self._named[title, day] = the_only_one(of_title, title)
        return self._named[title, day]

    def _fact(self, subject: str, day: str) -> Fact:
        name, status, rank, region, parent, since, content = self._facets(subject, day)
        kind = kind_of(subject) if is_id(subject) else None
        place, wording, first = kind == "region", no_wording, None
        if kind == "instrument":
            if isinstance(content, dict):
                wording = partial(wording_of, content)
            elif content:
                wording = partial(stored_wording, self.decider.connection, content)
            rows = fetch(self.decider.connection, FIRST_IN_FORCE, (subject,))
            first = rows[0][0] if rows else None
        return Fact(
            name=name or subject,
            status=status,
            rank=rank,
            region=region,
            since=since,
            path=self._path(subject, parent, day) if place else self.fact(region, day).path if region else (),
            wording=wording,
            first=first,
        )

    def _path(self, region: str, parent: str | None, day: str) -> tuple[str, ...]:
        path = [region]
        while parent and len(path) < DEPTH:
            path.append(parent)
            parent = self._facets(parent, day)[4]
        return tuple(reversed(path))

    def _facets(self, subject: str, day: str) -> tuple[Any, ...]:
        """name, status, rank, region, parent, since, content (a hash, or the document as this changeset leaves it)."""
        if self.decider.knows(subject):
            state = self.decider.state_on(subject, day)
            if state is None:
                return (None,) * 7
            facets = kinds.describe(kind_of(subject), state)
            return facets.name, state["status"], facets.type, facets.region, facets.parent, None, state
        rows = fetch(self.decider.connection, _FACETS, (subject, day, day))
        if rows:
            return tuple(rows[0])
        named = fetch(self.decider.connection, _NAME, (subject,))
        return (named[0][0] if named else None, *[None] * 6)
