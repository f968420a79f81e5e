"""What content refers to must stand on the day from which it refers to it. Pure, but for one query."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, text

from app.canonical import decode
from app.changes import kinds
from app.changes.models import STATE_LABELS
from app.db import Bytes, chunks, fetch, marks
from app.errors import Invalid, Refused

STANDING = frozenset({"in_force", "suspended", "unknown"})
WORDS = {"not_yet": "尚未设立", "ended": "已经终止"}


class Reference(NamedTuple):
    """A subject's content names another from a day on."""

    target: str
    kind: str
    day: str
    subject: str


class Course(NamedTuple):
    """How a subject stands over time: what it is, and (first day, status) in order; none where it was voided."""

    kind: str
    name: str
    days: list[tuple[str, str]]

    def on(self, day: str) -> str:
        return next((status for first, status in reversed(self.days) if first <= day), "not_yet")

    def ends_after(self, day: str) -> Iterable[str]:
        return (first for first, status in self.days if first > day and status == "ended")


_COURSES = (
    "SELECT t.subject_id, t.kind, coalesce(t.name, ''), t.valid_from, t.status FROM timeline t"
    " WHERE t.subject_id IN ({ids}) ORDER BY t.subject_id, t.valid_from"
)


def courses(connection: Connection, subjects: Iterable[str]) -> dict[str, Course]:
    """How published subjects stand; one that was voided altogether is not among them."""
    found: dict[str, Course] = {}
    for some in chunks(sorted(subjects)):
        for subject, kind, name, day, status in fetch(
            connection, _COURSES.format(ids=marks(some)), tuple(some)
        ):
            course = found.get(subject)
            found[subject] = Course(kind, name, [*(course.days if course else ()), (day, status)])
    return found


def refuse_unstanding(connection: Connection, reference: Reference, course: Course | None) -> None:
    """Raises Invalid for what was never registered, was voided or is of another kind; Refused for what does not
    stand on the day. An instrument out of force is no refusal: whether a basis still holds is for the checks."""
    if course is None and (waits := _founding(connection, reference.target)):
        changeset, title, state = waits
        raise Invalid(
            f"{kinds.LABELS[reference.kind]} {reference.target} 还没有发布：它在变更单 {changeset}（“{title}”，"
            f"{STATE_LABELS[state]}）中待设立。请先发布那份变更单再来，或撤回它。",
            code="reference-not-published",
            subject=reference.subject,
            target=reference.target,
            changeset=changeset,
        )
    if course is None or course.kind != reference.kind:
        raise Invalid(
            f"{reference.target} 不是已登记的{kinds.LABELS[reference.kind]}，请先登记或改正引用。",
            code="unknown-reference",
            subject=reference.subject,
            target=reference.target,
        )
    status = course.on(reference.day)
    if reference.kind != "instrument" and status not in STANDING:
        raise Refused(
            f"{kinds.LABELS[reference.kind]}“{course.name}”（{reference.target}）在 {reference.day}"
            f" {WORDS[status]}，不能引用，请改为当日存续的{kinds.LABELS[reference.kind]}。",
            code="reference-not-standing",
            subject=reference.subject,
            target=reference.target,
            on=reference.day,
        )


_NEEDLE = {"sqlite": "instr(d.body, :needle)", "postgresql": "position(:needle IN d.body)"}


def _founding(connection: Connection, target: str) -> tuple[str, str, str] | None:
    """(id, title, state) of the open changeset that is to make a subject."""
    query = text(
        "SELECT c.id, c.title, c.state, d.body FROM draft_decision d JOIN changeset c ON c.id = d.changeset"
        " WHERE c.state NOT IN ('published', 'withdrawn')"
        f" AND {_NEEDLE[connection.dialect.name]} > 0 ORDER BY c.id, d.position"
    ).bindparams(bindparam("needle", type_=Bytes))
    for changeset, title, state, body in connection.execute(query, {"needle": target.encode()}):
        decision = decode(bytes(body))
        made = [decision, *decision.get("results", ())]
        if any(one.get("subject") == target and one.get("content") for one in made):
            return changeset, title, state
    return None
