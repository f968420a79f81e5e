"""What is asked when all decisions of a changeset are worked out: a later one may mend or spoil what an earlier did."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from app.changes import kinds
from app.changes.ahead import Ahead, subjects_of
from app.changes.carrying import ending_authorities, held_by
from app.changes.outcomes import STATUS_WORDS, rule_for
from app.changes.references import Course, Reference, courses, refuse_unstanding
from app.changes.reviving import Revival, renews, revivals
from app.errors import Refused
from app.versions.fold import boundaries, fold
from app.versions.names import own_name

Placed = Mapping[int, tuple[int, str]]
"""By the seq of a pending effect: the place and the outcome of its decision."""


def refuse_revived(ahead: Ahead, placed: Placed) -> None:
    """A void of this changeset may take out what would bring a subject back, or uncover it."""
    for subject_id in [*ahead.histories, *sorted(ahead.created.keys() - ahead.histories.keys())]:
        effects, stood = ahead.effects(subject_id), ahead.stood.get(subject_id, [])
        if effects == stood:
            continue
        known = {revival[:2] for revival in revivals(stood)}
        for revival in revivals(effects):
            place, outcome = placed.get(revival.seq) or (None, _outcome_of(ahead.connection, revival.seq))
            renewed = outcome == "entrust" and renews(effects, revival)
            if revival[:2] not in known and not renewed:
                raise _revival(ahead, subject_id, revival, place, outcome)


def _outcome_of(connection: Connection, seq: int) -> str:
    query = text("SELECT outcome FROM decision WHERE seq = :seq")
    return str(connection.execute(query, {"seq": seq}).scalar_one())


def _revival(ahead: Ahead, subject_id: str, revival: Revival, place: int | None, outcome: str) -> Refused:
    state = ahead.state_on(subject_id, revival.day) or {}
    name = own_name(state) or subject_id
    label = rule_for(ahead.kind_of(subject_id), outcome).label
    which = f"序号 {revival.act} 的决定" if place is None else f"本变更单第 {place} 项决定"
    what = f"撤除（void）序号 {revival.act} 的决定" if place is None else "删去那项决定"
    return Refused(
        f"“{name}”自 {revival.ended_from} 起已经终止，但{which}“{label}”自 {revival.day} 起又会使它"
        f"{STATUS_WORDS[revival.status]}；请在同一变更单中{what}，或改正终止的日期。",
        code="later-decision-revives",
        subject=subject_id,
        on=revival.day,
        **({"act": revival.act} if place is None else {"decision": place}),
    )


def refuse_unstanding_references(ahead: Ahead, wanted: Iterable[Reference]) -> None:
    """What content newly refers to must stand; what a later decision of the changeset ends or founds is seen too."""
    targets = {reference.target for reference in wanted}
    own = {
        target: ahead.course(target) for target in targets & (ahead.pending.keys() | ahead.histories.keys())
    }
    found = courses(ahead.connection, targets - own.keys()) | own
    for reference in sorted(wanted):
        course = found.get(reference.target)
        refuse_unstanding(ahead.connection, reference, course)
        if course is not None and reference.kind == "authority":
            _refuse_outliving(ahead, reference, course)


def _refuse_outliving(ahead: Ahead, reference: Reference, course: Course) -> None:
    """An item given to an authority whose end is published already would be left behind on that day."""
    for end in course.ends_after(reference.day):
        state = ahead.state_on(reference.subject, end)
        if state and state["status"] != "ended" and state.get("authority") == reference.target:
            raise Refused(
                f"实施机关“{course.name}”（{reference.target}）自 {end} 起终止，"
                "请同时写明该事项自那天起调整给谁或取消。",
                code="items-left-behind",
                items=[reference.subject],
            )


def refuse_orphans(ahead: Ahead, bodies: Sequence[dict[str, Any]]) -> None:
    """No item may be left with an authority that this changeset ends."""
    for body in bodies:
        ending = ending_authorities(body)
        day = body.get("effective_from", "")
        held = held_by(ahead.connection, ending, day)
        left = [item for item in held if not _leaves(ahead, item, ending, day)]
        if left:
            raise Refused(
                f"还有 {len(left)} 个事项（如 {left[0]}）由被撤并的机关实施，请在同一变更单中逐项调整或取消；"
                "机关合并可写明 carry_items，一并转给合并后的机关。",
                code="items-left-behind",
                items=left[:50],
            )


def _leaves(ahead: Ahead, item: str, ending: Sequence[str], day: str) -> bool:
    if item not in ahead.pending:
        return False
    effects = ahead.effects(item)
    states = [state for on in boundaries(effects, day) if (state := fold(effects, on)) is not None]
    return all(state["status"] == "ended" or state["authority"] not in ending for state in states)


def refuse_built(ahead: Ahead, unmade: Collection[str], bodies: Sequence[dict[str, Any]]) -> None:
    """Refused where a decision of the same changeset, wherever it is written, is about a subject whose creation is
    voided here and that is not made anew before its day: as a published one would be."""
    for place, body in enumerate(bodies, start=1):
        if body["outcome"] == "void":
            continue
        for subject_id in subjects_of(body):
            if subject_id in unmade and ahead.state_on(subject_id, body["effective_from"]) is None:
                raise Refused(
                    f"本变更单第 {place} 项决定建立在它之上，请删去那一项，或者不撤除它所依据的决定。",
                    code="void-has-dependents",
                    decisions=[place],
                )


def refuse_referred(ahead: Ahead, unmade: Iterable[str]) -> None:
    """Refused while another subject's content refers to one whose creation is voided here."""
    for subject_id in unmade:
        if ahead.has_creator(subject_id):
            continue  # made anew by the same changeset
        referring = ahead.connection.execute(
            text(
                "SELECT subject_id FROM timeline WHERE authority = :id OR region = :id OR parent = :id"
                " UNION SELECT subject_id FROM link WHERE target = :id"
            ),
            {"id": subject_id},
        )
        for other in sorted({row[0] for row in referring} | set(ahead.pending)):
            if other != subject_id and _refers(ahead, other, subject_id):
                raise Refused(f"{other} 还在引用它，请先改正引用。", code="void-is-referred-to")


def _refers(ahead: Ahead, subject_id: str, target: str) -> bool:
    """Whether the subject's content, as this changeset leaves it, names the target on any day."""
    if not ahead.knows(subject_id):
        return True  # it is not touched here, so it goes on referring
    kind = ahead.kind_of(subject_id)
    effects = ahead.effects(subject_id)
    states = (fold(effects, day) for day in boundaries(effects, ""))
    return any(
        named == target
        for state in states
        if state is not None
        for named, _kind in kinds.references(kind, state)
    )
