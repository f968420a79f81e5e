"""What waits for me: my drafts, what came back, what I may review, publish or confirm; what is planned, owed, found."""

from __future__ import annotations

from itertools import islice
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from app import unsaved
from app.auth.signing_in import Present
from app.changes import rows
from app.changes.drafts import is_in_scope
from app.changes.models import Changeset
from app.changes.owed import Wanted, duties
from app.changes.owed_to import OwedTo
from app.changes.rows import hands_in
from app.changes.showing import READING, readable
from app.checks import queries
from app.deps import ReadSession, Registry, RegistryOf
from app.feedback.reporting import waiting
from app.lists import preparing
from app.lists.models import EditionDraft
from app.rounds.coming import planned_changes, planned_rounds
from app.rounds.returned import returned_to
from app.versions.queries import moment, today
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import Visitor
from app.web.office.publishing.changesets import listed
from app.web.office.rounds.desk_keeping import is_at_rest
from app.web.office.rounds.opening import IN_WORK
from app.web.office.upkeep import law
from app.web.office.upkeep.duties import LEFT, SOON
from app.web.office.upkeep.owing import is_over
from app.web.rendering import gaps

router = APIRouter()
MOST, MOST_UNSAVED = 200, 20
"""Rows of a pile; the page says where there are more."""


@router.get("/office")
def desk(request: Request, registry: RegistryOf, session: ReadSession, present: Visitor) -> Response:
    piles = [(title, listed) for title, listed in _piles(session, present) if listed]
    overdue, soon, undone = _owed(session, present)
    return show(
        request,
        session.connection(),
        present,
        "desk.html",
        piles=piles,
        most=MOST,
        rounds=_rounds(session, present),
        reports=_reports(session, present),
        planned=_planned(session, present),
        checks=gaps(_checks(session, present)),
        law=_law(registry, session, present),
        overdue=overdue,
        soon=soon,
        undone=undone,
        editions=_editions(session, present),
        unsaved=_unsaved(session, present),
    )


def _unsaved(session: Session, present: Present) -> list[dict[str, Any]]:
    """Forms that this person filled in and did not save, but of what somebody else has done meanwhile, and of rounds
    that nobody works on."""
    found = unsaved.unsaved(session, present.actor.account or 0)
    open_still = (
        one
        for one in found
        if not is_over(session.connection(), one.place) and not is_at_rest(session, one.place)
    )
    return [
        {"place": one.place, "title": one.title, "at": moment(one.saved_at)}
        for one in islice(open_still, MOST_UNSAVED)
    ]


def _rounds(session: Session, present: Present) -> list[dict[str, Any]]:
    """Rounds in work that wait for this person, each with what is to be done; then those published for a day to
    come, until that day."""
    can, own = present.actor.rights.__contains__, present.actor.account
    waits: list[tuple[Changeset, str]] = []
    working = rows.longest_waiting(session, *IN_WORK, rounds=True)
    for one in islice(readable(session, present.actor, working, part=True), MOST):
        if can("edit") and one.state in ("draft", "returned"):
            whole = is_in_scope(session, present.actor, one)  # a department proposes, and hands nothing in
            waits.append((one, "等提出意见、提交审批" if whole else "等提出意见"))
        elif can("review") and one.state in ("draft", "returned"):
            waits.append((one, "等审核意见"))
        elif can("review") and one.state == "submitted":
            second = own not in hands_in(session, one)
            waits.append((one, "等您批准" if second else "等另一人批准（您修改或提交过）"))
        elif can("publish") and one.state == "approved":
            waits.append((one, "等发布"))
    told = [
        {"id": one.id, "title": one.title, "waits": what, "returned": _returned(session, present, one)}
        for one, what in waits
    ]
    days = planned_rounds(session, today())
    told += [{"id": id_, "title": title, "planned": day} for id_, title, day in days]
    return [gaps(one) for one in told]


def _returned(session: Session, present: Present, one: Changeset) -> list[dict[str, Any]]:
    """What came back of what is proposed in a round, with the reason; for who may propose it anew."""
    if "edit" not in present.actor.rights or one.state not in ("draft", "returned"):
        return []
    return returned_to(session, present.actor, one.id, today())


def _planned(session: Session, present: Present) -> list[dict[str, Any]]:
    """Changes that are published for a day to come, until that day."""
    if not present.actor.rights & READING:
        return []
    days = {id_: day for id_, _, day in planned_changes(session, today())}
    found = readable(session, present.actor, [rows.find(session, one) for one in days])
    return [gaps({"id": one.id, "title": one.title, "planned": days[one.id]}) for one in found]


def _checks(session: Session, present: Present) -> dict[str, int]:
    """How many items of the visitor's scope break a rule or should be looked at; none for who neither edits nor
    reviews."""
    if not present.actor.rights & {"edit", "review"}:
        return {}
    wanted = queries.Wanted()
    queries.confine(session.connection(), wanted, present.actor, today())
    return queries.counted(session.connection(), wanted)


def _reports(session: Session, present: Present) -> int:
    """How many reports of the public wait for an answer; none for those who do not answer."""
    return len(waiting(session, present.actor, MOST)) if "edit" in present.actor.rights else 0


def _editions(session: Session, present: Present) -> int:
    """How many lists wait for this person, within the account's scope: to be approved, issued, or prepared anew."""
    can, own = present.actor.rights.__contains__, present.actor.account

    def waits(one: EditionDraft) -> bool:
        if one.state == "returned":
            return one.author == own
        mine = can("review") and one.author != own if one.state == "prepared" else can("publish")
        return mine and preparing.is_in_scope(session.connection(), present.actor, one)

    return sum(map(waits, preparing.in_state(session, "prepared", "approved", "returned", most=None)))


def _law(registry: Registry, session: Session, present: Present) -> int:
    """How many amendments and repeals have something of the visitor's that rests on them and waits."""
    if "edit" not in present.actor.rights:
        return 0
    return sum(one["open"] > 0 for one in law.waiting(registry, session.connection(), present))


def _owed(session: Session, present: Present) -> tuple[int, int, int]:
    """How many duties are overdue, how many are about to be due, and how many there are to do at all, for some have
    no last day: of the visitor's own organ and places, or all."""
    connection, day = session.connection(), today()
    mine = OwedTo(connection, present.actor, day)
    most = MOST if mine.is_everything else None
    piles = (
        Wanted(on=day, states=frozenset({"overdue"})),
        Wanted(on=day, due_within=SOON),
        Wanted(on=day, states=LEFT),
    )
    overdue, soon, undone = (
        min(len(mine.among(duties(connection, wanted, limit=most))), MOST) for wanted in piles
    )
    return overdue, soon, undone


def _piles(session: Session, present: Present) -> list[tuple[str, list[dict[str, Any]]]]:
    """The actor's own lately moved first; what waits for the actor, longest waiting first."""
    actor, own = present.actor, present.actor.account
    can = actor.rights.__contains__
    piles: list[tuple[str, list[Changeset]]] = []
    if can("edit"):
        for title, state in (("退回给我的", "returned"), ("我的草稿", "draft")):
            piles.append((title, rows.in_state(session, state, MOST, author=own)))
    if can("review"):
        waiting = readable(session, actor, rows.longest_waiting(session, "submitted"))
        others = (one for one in waiting if own not in hands_in(session, one))
        piles.append(("等我审核", list(islice(others, MOST))))
    if can("publish"):
        approved = readable(session, actor, rows.longest_waiting(session, "approved"))
        piles.append(("等我发布", list(islice(approved, MOST))))
    if can("review"):
        unconfirmed = readable(session, actor, rows.unconfirmed(session))
        piles.append(("紧急发布，等第二人确认", list(islice(unconfirmed, MOST))))
    if can("edit"):
        piles.append(("我提交的，在审核", rows.in_state(session, "submitted", MOST, author=own)))
    apart = [
        (title, [one for one in found if one.kind != "round" or one.unconfirmed]) for title, found in piles
    ]
    return [(title, listed(session, found)) for title, found in apart]
