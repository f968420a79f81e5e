"""From decisions to acts, against the registry as it stands: what drafting rehearses and publishing does.

One ``Decider`` works through the decisions of one changeset in order; a later decision sees what the
earlier ones will have done.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from app.auth.actor import Actor
from app.changes import kinds
from app.changes.accepting import Handovers, require_fit
from app.changes.afterwards import (
    refuse_built,
    refuse_orphans,
    refuse_referred,
    refuse_revived,
    refuse_unstanding_references,
)
from app.changes.ahead import TAKES_FROM, Ahead, subjects_of
from app.changes.asked import Asked, Subject
from app.changes.circles import refuse_circles
from app.changes.fulfilling import (
    entrusted_by,
    has_lapsed,
    is_proof,
    not_own,
    owed_references,
    require_open,
    require_own,
)
from app.changes.keys import (
    by_held_keys,
    is_same,
    refuse_awaited_places,
    refuse_used_keys,
    refuse_void_changes,
)
from app.changes.outcomes import ABSENT, Before, act_of, rule_for
from app.changes.reach import require_days, require_reach
from app.changes.readable_names import refuse_odd_names
from app.changes.references import Reference
from app.changes.scope import Scope
from app.changes.unused import refuse_unused, refuse_unused_by_void
from app.changes.voiding import take_out
from app.changes.years import refuse_second_calendars
from app.errors import Forbidden, Invalid, Refused, placed
from app.law.days import newly_said, refuse_odd_days
from app.versions import ids
from app.versions.fold import RESERVED, Effect, State, apply_changes, boundaries, fold, touches_content
from app.versions.histories import History
from app.versions.orders import FIRST_PENDING, Act, Part, Voiding
from app.versions.timeline import standing

FREE_WORDS = ("words", "annex", "number", "receiver", "follow_up", "reason", "timing", "outside", "review")
DUTIES = ("receivers", "transition_until", "duties", "fulfils", "pending_law", "authorised_by")
"""What the statement of a decision says beside its words; see ``duties``."""


@dataclass(slots=True)
class Decided:
    """What a changeset comes to."""

    acts: list[Act] = field(default_factory=list)
    voids: list[Voiding] = field(default_factory=list)
    bases: list[dict[str, list[int]]] = field(default_factory=list)
    histories: dict[str, History] = field(default_factory=dict)


class Decider(Ahead):
    """Works decisions out without writing anything."""

    def __init__(self, connection: Connection, today: str, actor: Actor, *, proposing: bool = False) -> None:
        """``proposing``: what stands is to be in the actor's scope, but may be given out of it; another decides."""
        super().__init__(connection)
        self.today = today
        self.scope = Scope(connection, actor)
        self.proposing = proposing
        self.unmade: list[str] = []
        """Subjects whose creation is voided."""
        self.acts: dict[int, Act] = {}
        """By the place of the decision, from 1."""
        self.placed: dict[int, tuple[int, str]] = {}
        """By the seq of a pending effect: the place and the outcome of its decision."""
        self._seq = FIRST_PENDING

    def decide(self, bodies: Sequence[dict[str, Any]]) -> Decided:
        """Raises Invalid, Refused or Forbidden, naming the decision's place (from 1)."""
        self.load(bodies)
        decided = Decided(histories=self.histories)
        handovers = Handovers(self.connection, bodies)
        wanted: set[Reference] = set()
        for place, body in enumerate(bodies, start=1):
            with placed(place, len(bodies)):
                decided.bases.append(self.base_of(body))
                if body["outcome"] == "void":
                    decided.voids.append(self._void(body, bodies))
                else:
                    self.acts[place] = self._decide(body, place, handovers, wanted)
                    decided.acts.append(self.acts[place])
        refuse_revived(self, self.placed)
        refuse_built(self, self.unmade, bodies)
        refuse_referred(self, self.unmade)
        refuse_unstanding_references(self, wanted)
        refuse_circles(self.connection, self.reparented())
        refuse_second_calendars(self.connection, decided.acts)
        refuse_orphans(self, bodies)
        return decided

    def require_scope(self, bodies: Sequence[dict[str, Any]]) -> None:
        """Raises Forbidden where a decision is about something outside the actor's scope; asks no other rule,
        so that a changeset which the registry has overtaken can still be sent back or withdrawn."""
        if self.scope.is_everything:
            return
        self.load(bodies)
        for body in bodies:
            self._require_in_scope(body)

    def require_reach(self, bodies: Sequence[dict[str, Any]]) -> None:
        """The same of every later day that the decisions change, and of the duties that they fulfil: whoever lets them
        through answers for those too."""
        require_reach(self, self.scope, bodies)
        for body in bodies:
            require_own(self.connection, self.scope.actor, body)

    def is_in_scope(self, body: dict[str, Any]) -> bool:
        """Whether a decision of those that are loaded is about nothing outside the actor's scope; one that says
        nothing is."""
        try:
            self._require_in_scope(body)
        except Forbidden:
            return False
        return True

    def _require_in_scope(self, body: dict[str, Any]) -> None:
        if body and is_proof(body) and not any(not_own(self.connection, self.scope.actor, body)):
            return
        for subject_id, day in self.touched(body) if body else ():
            history = self.histories.get(subject_id)
            kind = history.kind if history else body["kind"]
            state = self.state_on(subject_id, day)
            for document in _documents(body, subject_id, state):
                self.scope.require(kind, subject_id, document, day)

    def _void(self, body: dict[str, Any], bodies: Sequence[dict[str, Any]]) -> Voiding:
        refuse_unused_by_void(body)
        self.unmade += take_out(self, self.scope, self.today, body, bodies)
        statement = {name: body[name] for name in FREE_WORDS if body.get(name)} or None
        return Voiding(body["act"], body["ground"], statement)

    def _decide(self, body: dict[str, Any], place: int, handovers: Handovers, wanted: set[Reference]) -> Act:
        unseen = self._unseen(body)
        refuse_unused(rule_for(body["kind"], body["outcome"]), body)
        self._check_timing(body)
        self._check_kind(body, unseen)
        before = {
            subject: ABSENT if subject in unseen else self._before(subject, body)
            for subject in subjects_of(body)
        }
        asked = asked_of(body)
        asked.accepts = [handovers.accept(one, place) for one in body.get("accepts", ())]
        before |= self._given_by_others(asked, before)
        act = act_of(asked, before)
        self._state_what(act, body)
        require_fit(self.connection, asked, before)
        require_own(self.connection, self.scope.actor, body)
        require_open(self.connection, body)
        day, about = body["effective_from"], body.get("subject") or ""
        wanted.update(Reference(*one, day, about) for one in owed_references(body))
        for part in act.parts:
            history = self.histories.get(part.subject_id)
            if history is not None and part.creates is None:
                stands = standing(history.revisions, part.effective_from)
                part.base = stands.seq if stands else None
            if part.creates is not None:
                part.creates = kinds.validate(body["kind"], part.creates)
            refuse_odd_names(part.creates, part.changes)
            if body["kind"] == "instrument":
                refuse_odd_days(newly_said(part.creates, part.changes))
            part.changes = by_held_keys(before.get(part.subject_id, ABSENT).document, part.changes)
            self._apply(body, part.subject_id, part, wanted)
            self.placed[self._seq] = place, body["outcome"]
        return act

    def _state_what(self, act: Act, body: dict[str, Any]) -> None:
        """The decision's words, and what it leaves to be done; acts of this changeset get their seq later."""
        said = {name: body[name] for name in (*FREE_WORDS, *DUTIES) if body.get(name)}
        if body.get("accepts"):
            said["accepts"] = []
            for one in body["accepts"]:
                said["accepts"].append(accepted := {"act": one.get("act"), "receiver": one["receiver"]})
                if one.get("decision"):
                    act.builds_on.append((self.acts[one["decision"]], accepted))
        act.statement = said or None

    def _check_timing(self, body: dict[str, Any]) -> None:
        day = body["effective_from"]
        attested = body.get("start_unknown") and "content" in body  # a first entry, not a late change
        if day < self.today and not attested:
            if not body.get("timing"):
                raise Invalid(
                    f"施行日期 {day} 早于今天，请注明是“补录”还是“更正”。",
                    code="timing-needed",
                    field="timing",
                )
            if not body.get("reason"):
                raise Invalid("补录或更正须写明理由。", code="reason-needed", field="reason")

    def _unseen(self, body: dict[str, Any]) -> set[str]:
        """Subjects of a decision that the actor may not know of: to the rules, ids that were never given to anything.
        Raises Forbidden where one is public and not the actor's, before any rule says how it stands."""
        if self.scope.is_everything:
            return set()
        made = {place.get("subject") for place in (body, *body.get("results", ())) if "content" in place}
        return {
            subject_id
            for subject_id, day in self.touched(body)
            if subject_id not in made
            and (state := self._state_near(subject_id, day)) is not None
            and not self.scope.sees(self.kind_of(subject_id), subject_id, state, day)
        }

    def _state_near(self, subject_id: str, day: str) -> State | None:
        """On the day, or as it begins where that is later."""
        if not self.knows(subject_id):
            return None
        days = boundaries(self.effects(subject_id), day)
        return next((state for one in days if (state := self.state_on(subject_id, one)) is not None), None)

    def _given_by_others(self, asked: Asked, before: Mapping[str, Before]) -> dict[str, Before]:
        """Origins of a receive that are not the actor's: whoever gave one up by a devolve has it taken over, and by
        its id alone where it is not public. Raises Forbidden for one that nobody gave up."""
        if asked.outcome != "receive" or self.scope.is_everything:
            return {}
        given, found = {one.origin for one in asked.accepts}, {}
        for origin in asked.origins:
            state = self._state_near(origin.id, asked.effective_from)
            if state is None:
                continue
            try:
                seen = self.scope.sees(asked.kind, origin.id, state, asked.effective_from)
            except Forbidden as error:
                if origin.id in given or self.proposing:
                    continue
                raise Forbidden(
                    f"{error.message}来源不在管理范围内的承接，须写明所承接的下放决定（accepts）；没有下放决定的，"
                    "请由管理双方的账号办理。",
                    code="accepts-needed",
                ) from error
            if not seen:
                known = {name: part for name, part in state.items() if name not in ("name", "title")}
                found[origin.id] = Before(before[origin.id].status, known) if origin.id in given else ABSENT
        return found

    def _check_kind(self, body: dict[str, Any], unseen: set[str]) -> None:
        for subject_id in subjects_of(body):
            if subject_id in unseen:
                continue
            history = self.histories.get(subject_id)
            kind = history.kind if history else self.created.get(subject_id, body["kind"])
            if kind != body["kind"]:
                raise Invalid(
                    f"{subject_id} 是{kinds.LABELS[kind]}，不是{kinds.LABELS[body['kind']]}，请改正 kind。",
                    code="wrong-kind",
                )

    def _before(self, subject_id: str, body: dict[str, Any]) -> Before:
        if not self.knows(subject_id):
            if not ids.is_id(subject_id):
                raise Invalid(
                    f"“{subject_id}”不是本登记簿的编号：形式或校验字符不对，请核对。",
                    code="bad-id",
                    field="subject",
                )
            return ABSENT
        state = self.state_on(subject_id, body["effective_from"])
        if state is None:
            # It exists, but not on this day: a later start, or an entry that was voided.
            return Before("not_yet") if self.has_creator(subject_id) else ABSENT
        if body["outcome"] != "entrust" or subject_id == body.get("subject"):
            return Before(state["status"], state)
        return Before(
            state["status"],
            state,
            lapsed=has_lapsed(self.effects(subject_id), body["effective_from"]),
            origins=frozenset(entrusted_by(self.connection, subject_id)),
        )

    def _apply(self, body: dict[str, Any], subject_id: str, part: Part, wanted: set[Reference]) -> None:
        """Note the effect for later decisions; check the content it leads to, on each day it shapes."""
        self._seq += 1
        effect = part.effect(self._seq)
        kind = body["kind"]
        before = self.effects(subject_id)
        stood = self.folds.on(subject_id, before, part.effective_from)
        takes = [body["outcome"], part.role] == TAKES_FROM
        if stood is not None:
            refuse_void_changes(stood, effect.changes())
        own = (
            self.proposing and subject_id not in self.histories
        )  # made by the proposal itself, asked when made
        if stood is not None and not takes and not own:
            self.scope.require(kind, subject_id, stood, part.effective_from)
        if body["outcome"] != "receive":
            refuse_awaited_places(before, effect.changes(), part.effective_from)
        refuse_used_keys(before, effect.changes(), lambda: self.taken_out(subject_id, before))
        rule = rule_for(kind, body["outcome"])
        differs = stood is None or not (rule.needs_changes or rule.must_change)
        self.pending.setdefault(subject_id, []).append(effect)
        self.created.setdefault(subject_id, kind)
        effects = self.effects(subject_id)
        for day in boundaries(effects, part.effective_from):
            whole = self._of_day(subject_id, effects, day, part.effective_from)
            if whole is None:
                continue
            if not differs:
                was = stood if day == part.effective_from else fold(before, day)
                differs = was is None or not is_same(was, whole)
            state = {name: value for name, value in whole.items() if name not in RESERVED}
            if touches_content(part.changes) and (differing := kinds.differences(kind, state)):
                field_ = differing[0]["path"]
                raise Invalid(
                    f"字段变更的值不符合要求，请检查类型、空值和默认值：{field_}。",
                    code="bad-change",
                    field=field_,
                )
            if day == part.effective_from and not takes:  # whom it names was asked when it was handed on
                given = stood is not None or (part.role == "result" and body["outcome"] != "receive")
                if not (self.proposing and given) and not is_proof(body):
                    self.scope.require(kind, subject_id, state, day)
                if part.creates is not None or _refers(part.changes):
                    named = kinds.references(kind, state) - (
                        kinds.references(kind, stood) if stood else set()
                    )
                    wanted.update(Reference(*one, day, subject_id) for one in named)
        if not takes and not self.proposing:
            require_days(self.scope, kind, subject_id, before, effects, part.effective_from)
        if not differs:
            raise Refused(
                f"“{rule.label}”没有改变任何内容：所列字段在施行之日已经如此，请核对。",
                code="nothing-changed",
            )

    def _of_day(self, subject_id: str, effects: list[Effect], day: str, own: str) -> State | None:
        """Kept for the decision's own day alone: of a later one nobody asks again."""
        return self.folds.on(subject_id, effects, day) if day == own else fold(effects, day)


def _refers(changes: Sequence[Any]) -> bool:
    return any(change["path"].split("/", 1)[0] in kinds.REFERRING for change in changes)


def _documents(body: dict[str, Any], subject_id: str, state: State | None) -> list[State]:
    """A subject's content before a decision and after it, as far as the decision itself says."""
    documents = [state] if state is not None else []
    for place in (body, *body.get("results", ())):
        if place.get("subject") != subject_id:
            continue
        if "content" in place:
            documents.append(place["content"])
        elif state is not None and place.get("changes"):
            after = copy.deepcopy(state)
            apply_changes(after, place["changes"])
            documents.append(after)
    return documents


def asked_of(body: dict[str, Any]) -> Asked:
    """The decision as the outcome rules want it."""
    return Asked(
        kind=body["kind"],
        outcome=body["outcome"],
        effective_from=body["effective_from"],
        until=body.get("until"),
        subjects=[_subject(body)] if body.get("subject") else [],
        origins=[_subject(place) for place in body.get("origins", ())],
        results=[_subject(place) for place in body.get("results", ())],
        receivers=body.get("receivers", ()),
        transition_until=body.get("transition_until"),
        pending_law="pending_law" in body,
    )


def _subject(place: dict[str, Any]) -> Subject:
    if not place.get("subject"):
        raise Invalid("处理决定没有写明针对哪个主体。", code="no-subject")
    return Subject(
        id=place["subject"],
        content=place.get("content"),
        codes=place.get("codes", ()),
        changes=place.get("changes", ()),
        start_unknown=place.get("start_unknown", False),
        status=place.get("status", "in_force"),
        of=place.get("of", ()),
    )
