"""Decisions of a drafted round, put in and taken out one by one: the others stay at their places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlmodel import Session

from app.canonical import decode, encode
from app.changes.models import Changeset
from app.changes.outcomes import RULES
from app.changes.reviews import covers, filed_under
from app.changes.rows import DecisionRow, decisions, put_decisions, replace_decisions, save
from app.db import fetch
from app.errors import Refused

_NAME = "SELECT name FROM timeline WHERE subject_id = ? AND name IS NOT NULL ORDER BY valid_from DESC LIMIT 1"
Made = tuple[dict[str, Any], dict[str, list[int]]]
"""A decision's body, and the base it rests on."""


def put_in(session: Session, changeset: Changeset, made: Sequence[Made]) -> None:
    """Each in the place of the decision filed under the same item, else at the end.

    Raises Refused where another decision of the draft is about one of its items.
    """
    rows = decisions(session, changeset)
    bodies = {row.position: decode(row.body) for row in rows}
    at = {filed_under(body): position for position, body in bodies.items()}
    about = {item: position for position, body in bodies.items() for item in covers(body)}
    last = max(bodies, default=0)
    written = []
    for body, base in made:
        subject = filed_under(body)
        position = at.get(subject)
        for item in covers(body):
            if about.get(item, position) != position:
                other = outcome_in_words(bodies[about[item]])
                raise Refused(
                    f"“{name_of(session, item)}”在本轮已经决定“{other}”（变更单的第 {about[item]} 项）；"
                    "要改，请先把那一项退回部门。",
                    code="decided-twice",
                    subject=item,
                    decision=about[item],
                )
        if position is None:
            position = last = last + 1
        written.append(DecisionRow(position, encode(body), encode(base)))
    put_decisions(session, changeset, written)
    _moved(session, changeset)


def name_of(session: Session, item: str) -> str:
    """How an item is called last; its id where it has no name."""
    rows = fetch(session.connection(), _NAME, (item,))
    return str(rows[0][0]) if rows else item


def outcome_in_words(body: Mapping[str, Any]) -> str:
    rule = RULES["item"].get(body.get("outcome", ""))
    return rule.label if rule else str(body.get("outcome", ""))


def take_out(session: Session, changeset: Changeset, items: Iterable[str]) -> None:
    """The decisions filed under these items leave the draft; acceptances within it go on naming the right places."""
    gone = set(items)
    rows = decisions(session, changeset)
    bodies = [decode(row.body) for row in rows]
    left = [(row, body) for row, body in zip(rows, bodies, strict=True) if filed_under(body) not in gone]
    if len(left) == len(rows):
        return
    moved = {row.position: place for place, (row, _) in enumerate(left, start=1)}
    made = []
    for row, body in left:
        for accepted in body.get("accepts", ()):
            if accepted.get("decision"):
                if accepted["decision"] not in moved:
                    raise Refused(
                        f"变更单的第 {row.position} 项决定承接了它，请先改那一项。",
                        code="accepted-in-draft",
                        decision=row.position,
                    )
                accepted["decision"] = moved[accepted["decision"]]
        made.append(DecisionRow(moved[row.position], encode(body), row.base, None, row.stale))
    replace_decisions(session, changeset, made)
    _moved(session, changeset)


def _moved(session: Session, changeset: Changeset) -> None:
    changeset.approved = changeset.reviewer = None
    save(session, changeset)
