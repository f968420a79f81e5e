"""From decisions to acts, against the registry as it stands: what drafting rehearses and publishing does.

One ``Decider`` works through the decisions of one changeset in order; a later decision sees what the
earlier ones will have done.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, text

from app.auth.actor import Actor
from app.canonical import decode, digest, encode
from app.changes import kinds
from app.changes.accepting import Handovers, acceptances_of, require_fit
from app.changes.carrying import ending_authorities, held_by
from app.changes.circles import PARENTED, refuse_circles
from app.changes.fulfilling import entrusted_by, has_lapsed, owed_references, require_open
from app.changes.keys import by_held_keys, is_same, refuse_used_keys, refuse_void_changes
from app.changes.outcomes import ABSENT, STATUS_WORDS, Asked, Before, Subject, act_of, rule_for
from app.changes.references import Course, Reference, courses, refuse_unstanding
from app.changes.reviving import Revival, renews, revivals
from app.changes.scope import Scope
from app.errors import Forbidden, Invalid, Refused, RegistryError
from app.versions import ids
from app.versions.fold import (
    RESERVED,
    Effect,
    State,
    apply_changes,
    at,
    boundaries,
    diff,
    fold,
    touches_content,
)
from app.versions.folds import Folds
from app.versions.histories import History, load_histories, load_voided
from app.versions.models import FIRST
from app.versions.orders import Act, Voiding
from app.versions.timeline import Rev, standing

FREE_WORDS = ("words", "annex", "number", "receiver", "follow_up", "reason", "timing", "outside", "review")
DUTIES = ("receivers", "transition_until", "duties", "fulfils", "pending_law", "authorised_by")
"""What the statement of a decision says beside its words; see ``duties``."""


TAKES_FROM = ["receive", "origin"]
"""Outcome and role of what an acceptance does to its origin: not its own to answer for."""


@dataclass(slots=True)
class Decided:
    """What a changeset comes to."""

    acts: list[Act] = field(default_factory=list)
    voids: list[Voiding] = field(default_factory=list)
    bases: list[dict[str, list[int]]] = field(default_factory=list)
    histories: dict[str, History] = field(default_factory=dict)


class Decider:
    """Works decisions out without writing anything."""

    def __init__(self, connection: Connection, today: str, actor: Actor, *, proposing: bool = False) -> None:
        """``proposing``: what stands is to be in the actor's scope, but may be given out of it; another decides."""
        self.connection = connection
        self.today = today
        self.scope = Scope(connection, actor)
        self.proposing = proposing
        self.histories: dict[str, History] = {}
        self._voided: dict[str, list[Effect]] | None = None
        self.voiding: dict[int, list[tuple[str, str]]] = {}
        """By the act that a decision voids: its subjects, each with the day from which it holds."""
        self.pending: dict[str, list[Effect]] = {}
        self.created: dict[str, str] = {}
        self.unmade: list[str] = []
        self.stood: dict[str, list[Effect]] = {}
        """The effects of each subject before any of these decisions."""
        self.folds = Folds()
        self.acts: dict[int, Act] = {}
        """By the place of the decision, from 1."""
        self.placed: dict[int, tuple[int, str]] = {}
        """By the seq of a pending effect: the place and the outcome of its decision."""
        self._ahead = 1 << 60
        self._loaded = False

    def decide(self, bodies: Sequence[dict[str, Any]]) -> Decided:
        """Raises Invalid, Refused or Forbidden, naming the decision's place (from 1)."""
        self.load(bodies)
        decided = Decided(histories=self.histories)
        handovers = Handovers(self.connection, bodies)
        wanted: set[Reference] = set()
        for place, body in enumerate(bodies, start=1):
            try:
                decided.bases.append(self.base_of(body))
                if body["outcome"] == "void":
                    decided.voids.append(self._void(body, bodies))
                else:
                    self.acts[place] = self._decide(body, place, handovers, wanted)
                    decided.acts.append(self.acts[place])
            except RegistryError as error:
                error.detail.setdefault("decision", place)
                if len(bodies) > 1 and not error.message.startswith("第"):
                    error.message = f"第 {place} 项决定：{error.message}"
                raise
        self._refuse_revived()
        self._refuse_referred()
        self._check_references(wanted)
        refuse_circles(self.connection, self._reparented())
        self._refuse_orphans(bodies)
        return decided

    # --- loading

    def load(self, bodies: Sequence[dict[str, Any]]) -> None:
        """Load the histories of all that the decisions name; once."""
        if self._loaded:
            return
        self._loaded = True
        named = {subject for body in bodies for subject in subjects_of(body)}
        acts = [body["act"] for body in bodies if body["outcome"] == "void"]
        if acts:
            query = text(
                "SELECT act, subject_id, effective_from, outcome, role FROM decision WHERE act IN :acts ORDER BY seq"
            )
            for act, subject, day, *what in self.connection.execute(
                query.bindparams(bindparam("acts", expanding=True)), {"acts": acts}
            ):
                if what != TAKES_FROM:
                    self.voiding.setdefault(act, []).append((subject, day))
                named.add(subject)
        self.histories = load_histories(self.connection, sorted(named))
        self.stood = {subject: list(history.effects) for subject, history in self.histories.items()}

    def touched(self, body: dict[str, Any]) -> list[tuple[str, str]]:
        """Each subject that a decision is about, and the day from which it changes it; once loaded."""
        if body["outcome"] == "void":
            return self.voiding.get(body["act"], [])
        # What an acceptance does to its origins was decided by the devolve: it rests on nothing else of theirs.
        about = {**body, "origins": ()} if body["outcome"] == "receive" else body
        return [(subject, body["effective_from"]) for subject in subjects_of(about)]

    def base_of(self, body: dict[str, Any]) -> dict[str, list[int]]:
        """Per subject that exists, the revisions the decision rests on: see ``base_revisions``."""
        return {
            subject: base_revisions(self.histories[subject].revisions, day)
            for subject, day in self.touched(body)
            if subject in self.histories
        }

    def is_voided(self, act: int) -> bool:
        query = text("SELECT 1 FROM void WHERE act = :act")
        return self.connection.execute(query, {"act": act}).first() is not None

    def require_scope(self, bodies: Sequence[dict[str, Any]]) -> None:
        """Raises Forbidden where a decision is about something outside the actor's scope; asks no other rule,
        so that a changeset which the registry has overtaken can still be sent back or withdrawn."""
        if self.scope.is_everything:
            return
        self.load(bodies)
        for body in bodies:
            self._require_in_scope(body)

    def is_in_scope(self, body: dict[str, Any]) -> bool:
        """Whether a decision of those that are loaded is about nothing outside the actor's scope; one that says
        nothing is."""
        try:
            self._require_in_scope(body)
        except Forbidden:
            return False
        return True

    def _require_in_scope(self, body: dict[str, Any]) -> None:
        for subject_id, day in self.touched(body) if body else ():
            history = self.histories.get(subject_id)
            kind = history.kind if history else body["kind"]
            state = self.state_on(subject_id, day)
            for document in _documents(body, subject_id, state):
                self.scope.require(kind, subject_id, document, day)

    # --- deciding

    def _decide(self, body: dict[str, Any], place: int, handovers: Handovers, wanted: set[Reference]) -> Act:
        self._check_timing(body)
        self._check_kind(body)
        before = {subject: self._before(subject, body) for subject in subjects_of(body)}
        asked = asked_of(body)
        asked.accepts = [handovers.accept(one, place) for one in body.get("accepts", ())]
        act = act_of(asked, before)
        self._state_what(act, body)
        require_fit(self.connection, asked, before)
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
            part.changes = by_held_keys(before.get(part.subject_id, ABSENT).document, part.changes)
            self._apply(body, part.subject_id, part, wanted)
            self.placed[self._ahead] = place, body["outcome"]
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

    def _check_kind(self, body: dict[str, Any]) -> None:
        for subject_id in subjects_of(body):
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
            return Before("not_yet") if self._has_creator(subject_id) else ABSENT
        if body["outcome"] != "entrust" or subject_id == body.get("subject"):
            return Before(state["status"], state)
        return Before(
            state["status"],
            state,
            lapsed=has_lapsed(self._effects(subject_id), body["effective_from"]),
            origins=frozenset(entrusted_by(self.connection, subject_id)),
        )

    def _has_creator(self, subject_id: str) -> bool:
        return any(effect.creates_body for effect in self._effects(subject_id))

    def _effects(self, subject_id: str) -> list[Effect]:
        """In their order; not to be altered."""
        history, pending = self.histories.get(subject_id), self.pending.get(subject_id)
        if not pending:
            return history.effects if history else []
        effects = [*history.effects, *pending] if history else list(pending)
        effects.sort(key=lambda effect: (effect.effective_from, effect.seq))
        return effects

    def knows(self, subject_id: str) -> bool:
        """Whether these decisions are about the subject, so that what stands is not what will stand."""
        return subject_id in self.histories or subject_id in self.created

    def state_on(self, subject_id: str, day: str) -> State | None:
        """The state of such a subject, as the decisions so far leave it. Not to be altered."""
        return self.folds.on(subject_id, self._effects(subject_id), day)

    def stood_on(self, subject_id: str, day: str) -> State | None:
        """Its state before any of these decisions. Not to be altered."""
        return self.folds.on(subject_id, self.stood.get(subject_id, ()), day)

    def _apply(self, body: dict[str, Any], subject_id: str, part: Any, wanted: set[Reference]) -> None:
        """Note the effect for later decisions; check the content it leads to, on each day it shapes."""
        self._ahead += 1
        created = encode(part.creates) if part.creates is not None else None
        effect = Effect(
            seq=self._ahead,
            act=self._ahead,
            effective_from=part.effective_from,
            until=part.until,
            creates=digest(created) if created is not None else None,
            creates_body=created,
            changes_body=encode(list(part.changes)) if part.changes else None,
            start_unknown=part.start_unknown,
        )
        kind = body["kind"]
        before = self._effects(subject_id)
        stood = self.folds.on(subject_id, before, part.effective_from)
        takes = [body["outcome"], part.role] == TAKES_FROM
        if stood is not None:
            refuse_void_changes(stood, effect.changes())
        if stood is not None and not takes:
            self.scope.require(kind, subject_id, stood, part.effective_from)
        refuse_used_keys(before, effect.changes(), lambda: self._taken_out(subject_id, before))
        rule = rule_for(kind, body["outcome"])
        differs = stood is None or not (rule.needs_changes or rule.must_change)
        self.pending.setdefault(subject_id, []).append(effect)
        self.created.setdefault(subject_id, kind)
        effects = self._effects(subject_id)
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
                if not (self.proposing and given):
                    self.scope.require(kind, subject_id, state, day)
                if part.creates is not None or _refers(part.changes):
                    named = kinds.references(kind, state) - (
                        kinds.references(kind, stood) if stood else set()
                    )
                    wanted.update(Reference(*one, day, subject_id) for one in named)
        if not differs:
            raise Refused(
                f"“{rule.label}”没有改变任何内容：所列字段在施行之日已经如此，请核对。",
                code="nothing-changed",
            )

    def _of_day(self, subject_id: str, effects: list[Effect], day: str, own: str) -> State | None:
        """Kept for the decision's own day alone: of a later one nobody asks again."""
        return self.folds.on(subject_id, effects, day) if day == own else fold(effects, day)

    def _taken_out(self, subject_id: str, before: Sequence[Effect]) -> list[Effect]:
        """What decisions did to a subject that were voided, by this changeset too: the keys they gave stay given."""
        if self._voided is None:
            self._voided = load_voided(self.connection, sorted(self.histories))
        now = [one for one in self.stood.get(subject_id, ()) if one not in before]
        return [*self._voided.get(subject_id, ()), *now]

    def _refuse_revived(self) -> None:
        """Asked last: a void of this changeset may take out what would bring a subject back, or uncover it."""
        for subject_id in [*self.histories, *sorted(self.created.keys() - self.histories.keys())]:
            effects, stood = self._effects(subject_id), self.stood.get(subject_id, [])
            if effects == stood:
                continue
            known = {revival[:2] for revival in revivals(stood)}
            for revival in revivals(effects):
                place, outcome = self.placed.get(revival.seq) or (None, self._outcome_of(revival.seq))
                renewed = outcome == "entrust" and renews(effects, revival)
                if revival[:2] not in known and not renewed:
                    self._refuse_revival(subject_id, revival, place, outcome)

    def _reparented(self) -> dict[str, tuple[str, list[Effect]]]:
        """(kind, effects as these decisions leave them) of each subject that may have another parent by them."""
        kinds_of = {**self.created, **{one: history.kind for one, history in self.histories.items()}}
        found = {one: (kind, self._effects(one)) for one, kind in kinds_of.items() if kind in PARENTED}
        return {one: both for one, both in found.items() if both[1] != self.stood.get(one, [])}

    def _outcome_of(self, seq: int) -> str:
        query = text("SELECT outcome FROM decision WHERE seq = :seq")
        return str(self.connection.execute(query, {"seq": seq}).scalar_one())

    def _refuse_revival(self, subject_id: str, revival: Revival, place: int | None, outcome: str) -> None:
        state = self.state_on(subject_id, revival.day) or {}
        name = state.get("name") or state.get("title") or subject_id
        history = self.histories.get(subject_id)
        label = rule_for(history.kind if history else self.created[subject_id], outcome).label
        which = f"序号 {revival.act} 的决定" if place is None else f"本变更单第 {place} 项决定"
        what = f"撤除（void）序号 {revival.act} 的决定" if place is None else "删去那项决定"
        raise Refused(
            f"“{name}”自 {revival.ended_from} 起已经终止，但{which}“{label}”自 {revival.day} 起又会使它"
            f"{STATUS_WORDS[revival.status]}；请在同一变更单中{what}，或改正终止的日期。",
            code="later-decision-revives",
            subject=subject_id,
            on=revival.day,
            **({"act": revival.act} if place is None else {"decision": place}),
        )

    def _check_references(self, wanted: set[Reference]) -> None:
        """Asked last: what a later decision of the changeset ends or founds is seen too."""
        targets = {reference.target for reference in wanted}
        own = {
            target: self._course(target) for target in targets & (self.pending.keys() | self.histories.keys())
        }
        found = courses(self.connection, targets - own.keys()) | own
        for reference in sorted(wanted):
            course = found.get(reference.target)
            refuse_unstanding(self.connection, reference, course)
            if course is not None and reference.kind == "authority":
                self._refuse_outliving(reference, course)

    def _course(self, subject_id: str) -> Course:
        """How a subject that this changeset touches stands, as the changeset leaves it."""
        effects = self._effects(subject_id)
        days: list[tuple[str, str]] = []
        name = ""
        for day in boundaries(effects, ""):
            state = fold(effects, day)
            if state is not None:
                attested = any(e.start_unknown and e.creates and e.effective_from == day for e in effects)
                if attested and not days:
                    days.append((FIRST, "unknown"))
                days.append((day, state["status"]))
                name = state.get("name") or state.get("title") or name
        history = self.histories.get(subject_id)
        return Course(history.kind if history else self.created[subject_id], name, days)

    def _refuse_outliving(self, reference: Reference, course: Course) -> None:
        """An item given to an authority whose end is published already would be left behind on that day."""
        for end in course.ends_after(reference.day):
            state = self.state_on(reference.subject, end)
            if state and state["status"] != "ended" and state.get("authority") == reference.target:
                raise Refused(
                    f"实施机关“{course.name}”（{reference.target}）自 {end} 起终止，"
                    "请同时写明该事项自那天起调整给谁或取消。",
                    code="items-left-behind",
                    items=[reference.subject],
                )

    def _refuse_orphans(self, bodies: Sequence[dict[str, Any]]) -> None:
        """No item may be left with an authority that this changeset ends."""
        for body in bodies:
            ending = ending_authorities(body)
            day = body.get("effective_from", "")
            left = [
                item for item in held_by(self.connection, ending, day) if not self._leaves(item, ending, day)
            ]
            if left:
                raise Refused(
                    f"还有 {len(left)} 个事项（如 {left[0]}）由被撤并的机关实施，请在同一变更单中逐项调整或取消；"
                    "机关合并可写明 carry_items，一并转给合并后的机关。",
                    code="items-left-behind",
                    items=left[:50],
                )

    def _leaves(self, item: str, ending: Sequence[str], day: str) -> bool:
        if item not in self.pending:
            return False
        effects = self._effects(item)
        states = [state for on in boundaries(effects, day) if (state := fold(effects, on)) is not None]
        return all(state["status"] == "ended" or state["authority"] not in ending for state in states)

    # --- voiding

    def _void(self, body: dict[str, Any], bodies: Sequence[dict[str, Any]]) -> Voiding:
        act = body["act"]
        rows = self.connection.execute(
            text(
                "SELECT d.subject_id, d.effective_from, d.creates, d.outcome, d.role FROM decision d"
                " WHERE d.act = :act ORDER BY d.seq"
            ),
            {"act": act},
        ).all()
        if not rows:
            raise Invalid(f"没有序号为 {act} 的处理决定。", code="unknown-act")
        named = [other["act"] for other in bodies if other["outcome"] == "void"]
        if self.is_voided(act) or named.count(act) > 1:
            raise Refused("这项决定已经撤除，不能再撤一次；需要恢复请作出新的决定。", code="already-void")
        if not body.get("reason"):
            raise Invalid("撤除一项决定须写明理由。", code="reason-needed", field="reason")
        if body["ground"] == "withdrawn" and min(row[1] for row in rows) <= self.today:
            raise Refused(
                "决定已经生效，不能以撤销或推迟为由撤除；政策变化请作出新的决定，录错请用“误录”。",
                code="already-effective",
            )
        self._refuse_dependents(rows, set(named))
        self._refuse_accepted(act, set(named))
        for subject_id, day, _, *what in rows:
            history = self.histories[subject_id]
            state = self.state_on(subject_id, day)
            if state is not None and what != TAKES_FROM:
                self.scope.require(history.kind, subject_id, state, day)
            history.effects = [effect for effect in history.effects if effect.act != act]
        statement = {name: body[name] for name in FREE_WORDS if body.get(name)} or None
        return Voiding(act, body["ground"], statement)

    def _refuse_dependents(self, rows: Any, voided: set[int]) -> None:
        """Refused while an unvoided decision builds on the subject that this act made, or refers to it."""
        made = [row[0] for row in rows if row[2] is not None]
        for subject_id in made:
            others = self.connection.execute(
                text(
                    "SELECT act FROM decision d WHERE (subject_id = :id OR act IN"
                    " (SELECT act FROM lineage WHERE origin = :id OR successor = :id))"
                    " AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = d.act)"
                ),
                {"id": subject_id},
            )
            left = {row[0] for row in others} - voided
            if left:
                raise Refused(
                    f"还有处理决定（序号 {min(left)}）建立在它之上，请在同一变更单中一并撤除或改正。",
                    code="void-has-dependents",
                    acts=sorted(left)[:20],
                )
            self.unmade.append(subject_id)

    def _refuse_accepted(self, act: int, voided: set[int]) -> None:
        """Refused while an unvoided acceptance builds on the devolve."""
        left = set(acceptances_of(self.connection, act)) - voided
        if left:
            raise Refused(
                f"还有承接决定（序号 {min(left)}）建立在这项下放之上，请在同一变更单中一并撤除。",
                code="void-has-acceptances",
                acts=sorted(left)[:20],
            )

    def _refuse_referred(self) -> None:
        """Refused while another subject's content refers to a subject whose creation is voided here."""
        for subject_id in self.unmade:
            if self._has_creator(subject_id):
                continue  # made anew by the same changeset
            referring = self.connection.execute(
                text(
                    "SELECT subject_id FROM timeline WHERE authority = :id OR region = :id OR parent = :id"
                    " UNION SELECT subject_id FROM link WHERE target = :id"
                ),
                {"id": subject_id},
            )
            for other in sorted({row[0] for row in referring} | set(self.pending)):
                if other != subject_id and self._refers(other, subject_id):
                    raise Refused(f"{other} 还在引用它，请先改正引用。", code="void-is-referred-to")

    def _refers(self, subject_id: str, target: str) -> bool:
        """Whether the subject's content, as this changeset leaves it, names the target on any day."""
        history = self.histories.get(subject_id)
        if history is None and subject_id not in self.created:
            return True  # it is not touched here, so it goes on referring
        kind = history.kind if history else self.created[subject_id]
        effects = self._effects(subject_id)
        states = (fold(effects, day) for day in boundaries(effects, ""))
        return any(
            named == target
            for state in states
            if state is not None
            for named, _kind in kinds.references(kind, state)
        )


def _refers(changes: Sequence[Any]) -> bool:
    return any(change["path"].split("/", 1)[0] in kinds.REFERRING for change in changes)


def subjects_of(body: dict[str, Any]) -> list[str]:
    """The registry ids a decision names, in order."""
    places = [body, *body.get("origins", ()), *body.get("results", ())]
    return list(dict.fromkeys(place["subject"] for place in places if place.get("subject")))


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


def base_revisions(revisions: Sequence[Rev], day: str) -> list[int]:
    """The revision in force on the day (0: none) and the later ones that stand."""
    now = standing(revisions, day)
    later = {r.effective_from for r in revisions if r.effective_from > day}
    return [now.seq if now else 0, *sorted(s.seq for d in later if (s := standing(revisions, d)))]


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


def comparison(
    connection: Connection, history: History, day: str, base: list[int], body: dict[str, Any]
) -> dict[str, Any]:
    """Three ways by field: what the editor saw, what stands now, what the decision would set."""
    seen = _content_of_revision(connection, base[0]) if base and base[0] else {}
    now = fold(history.effects, day) or {}
    mine: State = copy.deepcopy(seen)
    changes = body.get("changes", [])
    if body["outcome"] == "void":
        without = fold((effect for effect in history.effects if effect.act != body["act"]), day) or {}
        changes = [change for change in diff(now, without) if not _is_of_codes(change)]
    apply_changes(mine, changes)
    now = {name: part for name, part in now.items() if name != "codes"}
    wanted = {_field(change) for change in changes}
    fields = sorted(wanted | _differing(seen, now))
    return {
        "day": day,
        "fields": [
            {
                "path": path,
                "seen": at(seen, path),
                "now": at(now, path),
                "yours": at(mine, path),
                "collides": path in wanted and at(now, path) not in (at(seen, path), at(mine, path)),
            }
            for path in fields
        ],
    }


def _is_of_codes(change: Any) -> bool:
    return change["path"].split("/", 1)[0] == "codes"


def _content_of_revision(connection: Connection, seq: int) -> State:
    row = connection.execute(
        text(
            "SELECT r.status, c.body FROM revision r LEFT JOIN content c ON c.hash = r.content WHERE r.seq = :s"
        ),
        {"s": seq},
    ).one_or_none()
    if row is None:
        return {}
    document: State = decode(bytes(row[1])) if row[1] else {}
    document["status"] = row[0]
    return document


def _differing(before: State, after: State) -> set[str]:
    return {_field(change) for change in diff(before, after)}


def _field(change: Any) -> str:
    """The field a change is about: an added element by its key, not its whole list."""
    return f"{change['path']}/{change['value']['key']}" if change["op"] == "add" else change["path"]
