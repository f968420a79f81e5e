"""A draft written anew: the changeset that stands, with other decisions or another head, as drafting takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.canonical import decode
from app.changes.models import Changeset, ChangesetInput
from app.web.office.forms.drafting import checked, made_by_form

Body = dict[str, Any]
_CARRIED = ("words", "follow_up", "annex", "number")
"""What a decision says that the item form does not show."""


def anew(
    changeset: Changeset,
    stood: Sequence[Body],
    decisions: Sequence[Body],
    *,
    head: Mapping[str, Any] | None = None,
    title: str | None = None,
) -> ChangesetInput:
    """The changeset with these decisions; its head and title as they are, unless others are given. Raises Invalid.

    ``stood``: its decisions as stored; those that stay are the same objects among ``decisions``. What drafting itself
    puts in, and nobody asks for, is left out: the list that a scope was frozen to, the rows of a recorded document,
    what was reviewed. Drafting puts it back. An acceptance goes on naming the decision that it accepts.
    """
    places = {id(body): place for place, body in enumerate(decisions, start=1)}
    moved = {place: places.get(id(body), 0) for place, body in enumerate(stood, start=1)}
    kept = {id(body) for body in stood}
    asked = as_asked(decode(changeset.head.encode()) if head is None else head)
    return checked(
        {
            **asked,
            "kind": changeset.kind,
            "title": changeset.title if title is None else title,
            "decisions": [_stays(body, moved) if id(body) in kept else body for body in decisions],
        }
    )


def as_asked(head: Mapping[str, Any]) -> dict[str, Any]:
    """A stored head without what drafting puts in."""
    asked = {name: part for name, part in head.items() if name != "rows"}
    if asked.get("scope"):
        asked["scope"] = {name: part for name, part in asked["scope"].items() if name != "frozen"}
    return asked


def _stays(body: Body, moved: Mapping[int, int]) -> Body:
    made = {name: part for name, part in body.items() if name != "review"}
    if "accepts" in made:
        made["accepts"] = [
            one | {"decision": moved[one["decision"]]} if one.get("decision") else one
            for one in made["accepts"]
        ]
    return made


def redrafted(
    changeset: Changeset,
    stood: Sequence[Body],
    item: str,
    made: Sequence[Body],
    head: Mapping[str, Any],
    title: str,
) -> ChangesetInput:
    """The changeset with the item's decisions of the form replaced; what they said beside, and by
    which document a duty is done, stays. Raises Invalid."""
    replaced = made_by_form(stood, item)
    by_duty = {(one["act"], one["duty"]): one for body in replaced for one in body.get("fulfils", ())}
    for decision in made:
        became = replaced[0] if len(replaced) == len(made) == 1 else {}
        before = next((body for body in replaced if body["outcome"] == decision["outcome"]), became)
        decision |= {name: before[name] for name in _CARRIED if name in before and name not in decision}
        if "fulfils" in decision:
            decision["fulfils"] = [by_duty.get((one["act"], one["duty"]), one) for one in decision["fulfils"]]
    kept = [body for body in stood if body not in replaced]
    return anew(changeset, stood, [*kept, *made], head=head, title=title)
