"""The office reviews what departments propose: it agrees, changes with a reason, or returns with a reason.

Agreed and changed, a proposal becomes a decision of the draft, which keeps the proposal, the opinion and the checks
beside it; returned, it waits for a better one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, Literal

from sqlmodel import Session

from app.auth.actor import Actor
from app.canonical import encode
from app.changes.completing import Give, completed
from app.changes.deciding import Decider
from app.changes.file_reading import require_readable
from app.changes.models import DecisionInput
from app.changes.proposals import findings, refuse_blocking
from app.changes.reviews import (
    OPINIONS,
    ProposalRow,
    filed_under,
    new_places,
    next_moved,
    opinion_of,
    proposed_of,
    review_of,
    said_by,
    write,
)
from app.changes.rows import hold, leave_event
from app.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from app.rounds.placing import put_in, take_out
from app.rounds.proposing import Standing, noting, standing_of
from app.versions.ids import allocate, foresee

Opinion = Literal["agree", "change", "return"]


@dataclass(frozen=True, slots=True)
class Review:
    """What a reviewer says of the proposals that are filed under some items."""

    items: Sequence[str]
    opinion: Opinion
    reason: str = ""
    decision: DecisionInput | None = None
    """Of ``change``, which takes one item: the decision as it should be."""
    read: Mapping[str, str] = field(default_factory=dict)
    """Item -> the hash of the proposal that the reviewer read there."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An opinion weighed against the rules, and the round as it stood to it."""

    standing: Standing
    filed: list[ProposalRow]
    """With the opinion; when it was given is said by whoever writes it down."""
    bodies: list[dict[str, Any]]
    """What each proposal is agreed or changed to."""
    bases: list[dict[str, list[int]]]
    """What the decisions rest on; none where the proposals are returned."""
    fresh: list[str]
    """Ids of new items in them, as of ``proposing.Weighed``."""

    def holds(self, session: Session) -> bool:
        return self.standing.holds(session, self.fresh)


def opine(
    session: Session,
    actor: Actor,
    round_id: str,
    review: Review,
    today: str,
    *,
    judged: Judged | None = None,
) -> list[ProposalRow]:
    """The office's opinion of the proposals filed under some items, all or none.

    ``judged`` is what ``judge`` made of the same before, in a reading session perhaps: where the round has not moved
    since, the lock is held to write alone. Raises Stale where another proposal stands than was read; Refused where a
    check that blocks the round stands against what would be decided.
    """
    hold(session, round_id)
    if judged is None or not judged.holds(session):
        judged = judge(session, actor, may_review(session, actor, round_id), review, today, allocate)
    changeset, filed = judged.standing.opened.changeset, judged.filed
    if review.opinion == "change":  # before it is written down: the draft itself would make the file readable
        proposed = [encode(row.body) for row in filed]
        require_readable(session, actor, [encode(body) for body in judged.bodies], kept=proposed)
    at = next_moved(judged.standing.stood.values())
    for row in filed:
        row.reviewed_at = at
    write(session, round_id, filed)
    if review.opinion == "return":
        take_out(session, changeset, [row.subject for row in filed])
    else:
        reviewed = [body | {"review": review_of(row)} for row, body in zip(filed, judged.bodies, strict=True)]
        put_in(session, changeset, list(zip(reviewed, judged.bases, strict=True)))
    event = "amended" if review.opinion == "change" else "reviewed"
    leave_event(session, changeset, actor, event, f"{OPINIONS[review.opinion]} {len(filed)} 项清理意见")
    return filed


def opine_from(
    session: Session, actor: Actor, round_id: str, review: Review, today: str
) -> Callable[[Session], list[ProposalRow]]:
    """``opine`` in two steps: judged now, in a reading session; what is returned writes it down, in another."""
    judged = judge(session, actor, may_review(session, actor, round_id), review, today)
    return lambda session: opine(session, actor, round_id, review, today, judged=judged)


def may_review(session: Session, actor: Actor, round_id: str) -> Standing:
    """The round, where this account may review in it now. Raises NotFound, Forbidden, Conflict."""
    actor.require("review")
    return standing_of(session, round_id, "审核清理意见")


def judge(
    session: Session,
    actor: Actor,
    standing: Standing,
    review: Review,
    today: str,
    give: Give = foresee,
) -> Judged:
    """The opinion weighed against the rules, in a session that reads or writes; none is
    written. Raises as ``opine``."""
    filed, fresh = _filed(standing.stood, review.items), list[str]()
    _require_form(review, filed)
    _require_as_read(filed, review.read)
    if actor.account is None or any(row.account == actor.account for row in filed):
        raise Forbidden("清理意见由提出的人以外的另一人审核。", code="four-eyes")
    bodies = [row.body for row in filed]
    if review.decision is not None:
        bodies = completed(session.connection(), [_about(review.decision, filed[0])], noting(give, fresh))
        if filed_under(bodies[0]) != filed[0].subject:
            raise Invalid("修改后的决定须针对同一个事项，请核对。", code="another-item", field="decision")
    decider = Decider(session.connection(), today, actor)
    decider.require_scope(bodies)
    for row, body in zip(filed, bodies, strict=True):
        if row.opinion is not None:
            row.earlier = [*row.earlier, {"proposed": proposed_of(row), "opinion": opinion_of(row)}]
        row.opinion, row.reason = review.opinion, review.reason.strip() or None
        row.reviewer = actor.account
        row.agreed = said_by(body) if review.opinion != "return" else None
    if review.opinion == "return":
        return Judged(standing, filed, bodies, [], fresh)
    decided = decider.decide(bodies)
    refuse_blocking(findings(decider, bodies, changeset=standing.opened.changeset.id), True)
    return Judged(standing, filed, bodies, decided.bases, fresh)


def _about(decision: DecisionInput, filed: ProposalRow) -> DecisionInput:
    """The decision, whose new items are those that were proposed, where it does not say so itself."""
    left = [place["subject"] for place in new_places(filed.body)]
    if left and decision.content is not None:
        return decision.model_copy(update={"subject": decision.subject or left[0]})
    results = [
        one.model_copy(update={"subject": subject})
        if one.content is not None and one.subject is None
        else one
        for one, subject in zip_longest(decision.results, left[: len(decision.results)])
    ]
    return decision.model_copy(update={"results": results})


def _filed(stood: dict[str, ProposalRow], items: Sequence[str]) -> list[ProposalRow]:
    if not items:
        raise Invalid("请写明审核哪些事项的清理意见。", code="no-items", field="items")
    found = []
    for item in dict.fromkeys(items):
        if item not in stood:
            raise NotFound(f"还没有对 {item} 提出清理意见，不能审核。", code="no-proposal", subject=item)
        found.append(stood[item])
    return found


MOVED = "清理意见在您看过之后又有改动；请看过现在的，再审核。"


def _require_as_read(filed: Sequence[ProposalRow], read: Mapping[str, str]) -> None:
    if not read.keys() <= {row.subject for row in filed}:
        raise Invalid("read 只写 items 中的事项。", code="another-item", field="read")
    moved = [row.subject for row in filed if read.get(row.subject, row.hash) != row.hash]
    if moved:
        raise Stale(
            MOVED,
            code="opinion-stale",
            subject=moved[0],
            findings=[{"subject": one, "message": MOVED} for one in moved],
        )


def _require_form(review: Review, filed: Sequence[ProposalRow]) -> None:
    if review.opinion != "agree" and not review.reason.strip():
        raise Invalid(f"{OPINIONS[review.opinion]}清理意见须写明理由。", code="reason-needed", field="reason")
    if (review.opinion == "change") != (review.decision is not None):
        raise Invalid(
            "修改清理意见须写明改成什么（decision）；同意和退回不写。",
            code="decision-needed",
            field="decision",
        )
    if review.opinion == "change" and len(filed) != 1:
        raise Invalid("修改清理意见一次一项。", code="one-at-a-time", field="items")
    returned = [row.subject for row in filed if row.opinion == "return"]
    if returned:
        raise Conflict(
            f"{returned[0]} 的清理意见已经退回，等部门重新提出后再审核。",
            code="already-returned",
            subject=returned[0],
        )
