"""Departments propose: one proposal an item, tried against the rules and the checks, and kept beside the draft.

Nothing of it is a decision yet; the office's opinion makes it one (``reviewing``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from sqlalchemy import Connection
from sqlmodel import Session

from app import log
from app.auth.actor import Actor
from app.canonical import encode
from app.changes.completing import Give, completed
from app.changes.deciding import Decider
from app.changes.file_reading import require_readable
from app.changes.models import DecisionInput
from app.changes.proposals import as_row, findings
from app.changes.reviews import (
    ProposalRow,
    covers,
    filed_under,
    new_places,
    next_moved,
    opinion_of,
    proposals,
    proposed_of,
    said_by,
    write,
)
from app.changes.rows import count_events, find, hold, leave_event
from app.errors import Conflict, Invalid, Refused, Stale
from app.rounds.opened import Opened, held_here, require_worked_on
from app.rounds.placing import name_of, outcome_in_words, take_out
from app.versions.ids import allocate, foresee


@dataclass(frozen=True, slots=True)
class Standing:
    """A round as one found it who may propose in it, and what tells whether it has moved since: every proposal and
    opinion leaves an event, every decision moves the version, and what else they rest on is published."""

    opened: Opened
    stood: dict[str, ProposalRow]
    events: int
    head: int

    def holds(self, session: Session, fresh: Sequence[str] = ()) -> bool:
        """Whether all is as it was found. To be relied on, the changeset is to be held (``hold``) first.

        ``fresh``: ids of new items that a reader foresaw; reserved here, and False where another was given them.
        """
        changeset = self.opened.changeset
        then = (changeset.version, changeset.state, self.events, self.head)
        now = find(session, changeset.id)
        events, head = count_events(session, changeset.id), log.head(session.connection()).seq
        if then != (now.version, now.state, events, head):
            return False
        return not fresh or allocate(session.connection(), "item", len(fresh)) == list(fresh)


@dataclass(frozen=True, slots=True)
class Weighed:
    """Proposals tried against the rules, and the round as it stood to them."""

    standing: Standing
    bodies: list[dict[str, Any]]
    """As they would be kept."""
    findings: list[dict[str, Any]]
    """What the checks find in them."""
    fresh: list[str] = field(default_factory=list)
    """Ids of new items in them, in order: foreseen by a reader, to be reserved by whoever writes them down."""

    def holds(self, session: Session) -> bool:
        """As of the standing; reserves the new items' ids, and is False where another was given them first."""
        return self.standing.holds(session, self.fresh)


@dataclass(frozen=True, slots=True)
class Proposed:
    """What became of some proposals: items by what was done, and what the checks found."""

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    reopened: list[str] = field(default_factory=list)
    """Reviewed before; the opinion is kept among the earlier ones, and the decision is out of the draft."""
    findings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def written(self) -> int:
        return len(self.new) + len(self.changed) + len(self.reopened)


def propose(
    session: Session,
    actor: Actor,
    round_id: str,
    asked: Sequence[DecisionInput],
    today: str,
    *,
    reopen: bool = False,
    read: Mapping[str, str] | None = None,
    weighed: Weighed | None = None,
) -> Proposed:
    """File proposals for items of the round, all or none. The same again changes nothing.

    ``weighed`` is what ``weigh`` made of the same proposals before, in a reading session perhaps: where the round has
    not moved since, the lock is held to write alone; else they are weighed anew.
    ``read``: item -> hash of what one read there, the proposal with its opinion; empty: nothing was proposed yet.
    Raises Stale where another stands now, or what somebody else proposed would be replaced unread; Conflict where the
    office has settled one already, unless ``reopen`` says to take that back; Refused and Invalid with the
    decision's place as drafting does.
    """
    hold(session, round_id)
    if weighed is None or not weighed.holds(session):
        weighed = weigh(session, actor, may_propose(session, actor, round_id), asked, today, allocate)
    opened = weighed.standing.opened
    done = Proposed(findings=weighed.findings)
    found: dict[int, list[dict[str, Any]]] = {}
    for one in weighed.findings:
        found.setdefault(one["decision"], []).append(one)
    stood = weighed.standing.stood
    _require_as_read(weighed.bodies, stood, read or {})
    _require_merger_read(session, actor, weighed.bodies, stood, read or {})
    at, written = next_moved(stood.values()), []
    for place, body in enumerate(weighed.bodies, start=1):
        row = ProposalRow(filed_under(body), body, actor.account, at)
        if _is_filed(row, place, stood, reopen, done):
            _require_others_read(session, row, place, stood, read or {})
            row.findings = found.get(place, [])
            written.append(row)
    require_readable(session, actor, [encode(row.body) for row in written])
    write(session, round_id, written)
    if done.reopened:
        take_out(session, opened.changeset, done.reopened)
    if written:
        leave_event(session, opened.changeset, actor, "proposed", _note(done))
    return done


def propose_from(
    session: Session,
    actor: Actor,
    round_id: str,
    asked: Callable[[Session], Sequence[DecisionInput]],
    today: str,
    *,
    reopen: bool = False,
    read: Mapping[str, str] | None = None,
) -> Callable[[Session], Proposed]:
    """``propose`` in two steps: weighed now, in a reading session; what is returned writes it down, in another.

    ``asked`` says the proposals as the round stands, and is asked again there where the round has moved.
    """

    def weighed(session: Session) -> tuple[Sequence[DecisionInput], Weighed]:
        standing = may_propose(session, actor, round_id)
        some = asked(session)
        return some, weigh(session, actor, standing, some, today)

    first = weighed(session)

    def write(session: Session) -> Proposed:
        hold(session, round_id)
        some, ready = first if first[1].standing.holds(session) else weighed(session)
        return propose(session, actor, round_id, some, today, reopen=reopen, read=read, weighed=ready)

    return write


def may_propose(session: Session, actor: Actor, round_id: str) -> Standing:
    """The round, where this account may propose in it now. Raises NotFound, Forbidden, Conflict."""
    actor.require("edit")
    return standing_of(session, round_id, "提出清理意见")


def standing_of(session: Session, round_id: str, verb: str) -> Standing:
    """The round as it stands. Raises NotFound, and Conflict where one cannot ``verb`` in it any more."""
    events, head = count_events(session, round_id), log.head(session.connection()).seq
    opened = held_here(session, round_id)
    require_worked_on(opened.changeset, verb)
    return Standing(opened, proposals(session, round_id), events, head)


def weigh(
    session: Session,
    actor: Actor,
    standing: Standing,
    asked: Sequence[DecisionInput],
    today: str,
    give: Give = foresee,
) -> Weighed:
    """The proposals tried against the rules, in a session that reads or writes; none is written.

    Raises Refused, Invalid and Forbidden, with the ``decision``'s place from 1 in the detail.
    """
    fresh: list[str] = []
    bodies = completed(session.connection(), asked, noting(give, fresh))
    _find_again(bodies, standing.stood, frozenset(fresh))
    _require_place(session, bodies, frozenset(standing.opened.items), standing.stood)
    decider = Decider(session.connection(), today, actor, proposing=True)
    decider.decide(bodies)
    found = findings(decider, bodies, changeset=standing.opened.changeset.id)
    return Weighed(standing, bodies, [as_row(one) for one in found], fresh)


def noting(give: Give, fresh: list[str]) -> Give:
    """``give``, with what it gives kept in ``fresh``."""

    def given(connection: Connection, kind: str, count: int) -> list[str]:
        found = give(connection, kind, count)
        fresh.extend(found)
        return found

    return given


def _find_again(
    bodies: Sequence[dict[str, Any]], stood: Mapping[str, ProposalRow], fresh: frozenset[str]
) -> None:
    """A new item that is proposed already in the same words is that one, not a second: in place."""
    known = {said_by(row.body): new_places(row.body) for row in stood.values() if new_places(row.body)}
    for body in bodies if known else ():
        places = new_places(body)
        if places and all(place["subject"] in fresh for place in places):
            for place, same in zip(places, known.get(said_by(body), ()), strict=False):
                place["subject"] = same["subject"]


MOVED = "这一项的清理意见或法制办的审核在您看过之后又有改动；请看过现在的，再提出。"


def _require_as_read(
    bodies: Sequence[dict[str, Any]], stood: Mapping[str, ProposalRow], read: Mapping[str, str]
) -> None:
    about = {item for body in bodies for item in (filed_under(body), *covers(body))}
    if not read.keys() <= about:
        raise Invalid("read 只写 decisions 中的事项。", code="another-item", field="read")
    now = {item: row.hash for row in stood.values() for item in (row.subject, *covers(row.body))}
    moved = [item for item, shown in read.items() if now.get(item, "") != shown]
    if moved:
        raise Stale(
            MOVED,
            code="opinion-stale",
            subject=moved[0],
            findings=[{"subject": one, "message": MOVED} for one in moved],
        )


def _require_merger_read(
    session: Session,
    actor: Actor,
    bodies: Sequence[dict[str, Any]],
    stood: Mapping[str, ProposalRow],
    read: Mapping[str, str],
) -> None:
    """Who says what was read takes nothing else away: a merger is filed under the item that carries on, where another
    may have proposed something of that item's own."""
    for place, body in enumerate(bodies if read else (), start=1):
        subject, about = filed_under(body), covers(body)
        before = stood.get(subject)
        if before is None or len(about) < 2 or subject in read or before.account == actor.account:
            continue
        if before.opinion is None and covers(before.body) == [subject]:
            _refuse_twice(session, place, subject, before)


def _refuse_twice(session: Session, place: int, item: str, other: ProposalRow | None) -> NoReturn:
    stands = f"“{outcome_in_words(other.body)}”" if other is not None else "同一批里的"
    raise Refused(
        f"第 {place} 项：“{name_of(session, item)}”已有另一条清理意见（{stands}），一个事项只能有一条；"
        "几个部门意见不一的，由法制办审核时改成一项决定。",
        code="proposed-twice",
        decision=place,
        subject=item,
    )


def _is_filed(
    row: ProposalRow, place: int, stood: Mapping[str, ProposalRow], reopen: bool, done: Proposed
) -> bool:
    """Whether it is to be written: not where the same is proposed already. It takes over what was said before."""
    subject = row.subject
    before = stood.get(subject)
    if before is None:
        done.new.append(subject)
        return True
    if before.state != "returned" and said_by(before.body) == said_by(row.body):
        done.unchanged.append(subject)
        return False
    if before.state == "reviewed" and not reopen:
        raise Conflict(
            f"第 {place} 项：这一事项的清理意见已经由法制办审核，没有改动；"
            "要改，请先请法制办退回，或写明重新提出（reopen）。",
            code="already-reviewed",
            decision=place,
            subject=subject,
        )
    row.earlier = before.earlier
    if before.opinion is not None or before.account != row.account:
        row.earlier = [*before.earlier, {"proposed": proposed_of(before), "opinion": opinion_of(before)}]
    (done.reopened if before.state == "reviewed" else done.changed).append(subject)
    return True


def _require_others_read(
    session: Session,
    row: ProposalRow,
    place: int,
    stood: Mapping[str, ProposalRow],
    read: Mapping[str, str],
) -> None:
    """Nobody replaces what somebody else proposed without saying that it was read. Who merges more items into one
    that others are merged into has named all of theirs."""
    before = stood.get(row.subject)
    if before is None or before.account == row.account or row.subject in read:
        return
    theirs, ours = set(covers(before.body)), set(covers(row.body))
    if not (before.body["outcome"] == row.body["outcome"] == "merge" and theirs < ours):
        raise Stale(
            f"第 {place} 项：“{name_of(session, row.subject)}”已有别人的清理意见（“{outcome_in_words(before.body)}”），"
            "没有改动；请看过它，写明看过的是哪一条（read），再提出。",
            code="opinion-stale",
            decision=place,
            subject=row.subject,
        )


def _require_place(
    session: Session,
    bodies: Sequence[dict[str, Any]],
    scope: frozenset[str],
    stood: Mapping[str, ProposalRow],
) -> None:
    """Raises where a proposal is neither about items of the scope nor about a new one, or two are about one item."""
    times = Counter(item for body in bodies for item in covers(body))
    filed = {filed_under(body) for body in bodies}
    taken = {item: row for row in stood.values() if row.subject not in filed for item in covers(row.body)}
    for place, body in enumerate(bodies, start=1):
        subject = filed_under(body)
        if body["kind"] != "item" or not subject:
            raise Invalid(
                f"第 {place} 项：清理意见是对范围内一个现有事项，或对一个新增、承接的事项提出的，请写明事项。",
                code="not-about-an-item",
                decision=place,
            )
        for item in covers(body):
            if item not in scope and body["outcome"] != "receive":
                raise Refused(
                    f"第 {place} 项：{item} 不在本轮清理的范围内，请核对。",
                    code="outside-scope",
                    decision=place,
                    subject=item,
                )
            other = taken.get(item)
            if times[item] > 1 or (other is not None and other.subject != subject):
                _refuse_twice(session, place, item, other)


def _note(done: Proposed) -> str:
    told = {"新提": done.new, "修改": done.changed, "重新提出": done.reopened}
    return "，".join(f"{word} {len(items)} 项" for word, items in told.items() if items)
