"""Taking a published act out of the fold: on which grounds, and while nothing builds on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

from app.changes.accepting import acceptances_of
from app.changes.ahead import TAKES_FROM, Ahead
from app.changes.reach import require_days
from app.changes.scope import Scope
from app.errors import Invalid, Refused

_ROWS = text(
    "SELECT d.subject_id, d.effective_from, d.creates, d.outcome, d.role FROM decision d"
    " WHERE d.act = :act ORDER BY d.seq"
)
_BUILDING = text(
    "SELECT act FROM decision d WHERE (subject_id = :id OR act IN"
    " (SELECT act FROM lineage WHERE origin = :id OR successor = :id))"
    " AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = d.act)"
)


def is_voided(connection: Connection, act: int) -> bool:
    query = text("SELECT 1 FROM void WHERE act = :act")
    return connection.execute(query, {"act": act}).first() is not None


def take_out(
    ahead: Ahead, scope: Scope, today: str, body: dict[str, Any], bodies: Sequence[dict[str, Any]]
) -> list[str]:
    """Take the act that ``body`` voids out of the histories; the subjects whose creation goes with it. Raises
    Invalid, Refused or Forbidden."""
    act = body["act"]
    rows = ahead.connection.execute(_ROWS, {"act": act}).all()
    if not rows or not is_seen(ahead, scope, act):
        raise Invalid(f"没有序号为 {act} 的处理决定。", code="unknown-act")
    named = [other["act"] for other in bodies if other["outcome"] == "void"]
    if is_voided(ahead.connection, act) or named.count(act) > 1:
        raise Refused("这项决定已经撤除，不能再撤一次；需要恢复请作出新的决定。", code="already-void")
    if not body.get("reason"):
        raise Invalid("撤除一项决定须写明理由。", code="reason-needed", field="reason")
    if body["ground"] == "withdrawn" and min(row[1] for row in rows) <= today:
        raise Refused(
            "决定已经生效，不能以撤销或推迟为由撤除；政策变化请作出新的决定，录错请用“误录”。",
            code="already-effective",
        )
    unmade = [row[0] for row in rows if row[2] is not None]
    _refuse_dependents(ahead.connection, unmade, set(named))
    _refuse_accepted(ahead.connection, act, set(named))
    for subject_id, day, _, *what in rows:
        history = ahead.histories[subject_id]
        before = ahead.effects(subject_id)
        history.effects = [effect for effect in history.effects if effect.act != act]
        if what != TAKES_FROM:
            left = ahead.state_on(subject_id, day)
            if left is not None:
                scope.require(history.kind, subject_id, left, day)
            require_days(scope, history.kind, subject_id, before, ahead.effects(subject_id), day)
    return unmade


def resting_on(connection: Connection, act: int) -> list[int]:
    """The acts without which this one cannot be taken out: what builds on a subject that it made, acceptances of what
    it hands down, and what builds on those in turn."""
    found: set[int] = {act}
    left = [act]
    while left:
        one = left.pop()
        made = [row[0] for row in connection.execute(_ROWS, {"act": one}) if row[2] is not None]
        others = {row[0] for subject in made for row in connection.execute(_BUILDING, {"id": subject})}
        others.update(acceptances_of(connection, one))
        left += others - found
        found |= others
    return sorted(found - {act})


def is_seen(ahead: Ahead, scope: Scope, act: int) -> bool:
    """Whether the actor may know of an act that is loaded: before anything is said of it. Raises Forbidden where it is
    public and about what is not the actor's."""
    return all(
        scope.sees(ahead.kind_of(subject_id), subject_id, state, day)
        for subject_id, day in ahead.voiding.get(act, ())
        if (state := ahead.state_on(subject_id, day)) is not None
    )


def _refuse_dependents(connection: Connection, made: Sequence[str], voided: set[int]) -> None:
    """Refused while an unvoided decision builds on a subject that this act made, or refers to it."""
    for subject_id in made:
        left = {row[0] for row in connection.execute(_BUILDING, {"id": subject_id})} - voided
        if left:
            raise Refused(
                f"还有处理决定（序号 {min(left)}）建立在它之上，请在同一变更单中一并撤除或改正。",
                code="void-has-dependents",
                acts=sorted(left)[:20],
            )


def _refuse_accepted(connection: Connection, act: int, voided: set[int]) -> None:
    """Refused while an unvoided acceptance builds on the devolve."""
    left = set(acceptances_of(connection, act)) - voided
    if left:
        raise Refused(
            f"还有承接决定（序号 {min(left)}）建立在这项下放之上，请在同一变更单中一并撤除。",
            code="void-has-acceptances",
            acts=sorted(left)[:20],
        )
