"""Subjects as they stand and as the decisions of a changeset leave them, decision by decision; nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, text

from app.changes.circles import PARENTED
from app.changes.references import Course
from app.versions.fold import Effect, State, boundaries, fold
from app.versions.folds import Folds
from app.versions.histories import History, load_histories, load_voided
from app.versions.models import FIRST
from app.versions.names import own_name
from app.versions.timeline import Held, Rev, Row, standing

CODES = "/codes"
"""After a subject, in a base: the rows of its codes."""
TAKES_FROM = ["receive", "origin"]
"""Outcome and role of what an acceptance does to its origin: not its own to answer for."""


class Ahead:
    """What is published about the subjects that the decisions name, and the effects that the decisions add."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.histories: dict[str, History] = {}
        self.stood: dict[str, list[Effect]] = {}
        """The effects of each subject before any of these decisions."""
        self.pending: dict[str, list[Effect]] = {}
        self.created: dict[str, str] = {}
        """Subject -> kind, of all that the decisions touch."""
        self.voiding: dict[int, list[tuple[str, str]]] = {}
        """By the act that a decision voids: its subjects, each with the day from which it holds."""
        self.folds = Folds()
        self._voided: dict[str, list[Effect]] | None = None
        self._loaded = False

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
        """Per subject that exists, what the decision rests on: see ``base_revisions`` and ``base_codes``."""
        found: dict[str, list[int]] = {}
        for subject, day in self.touched(body):
            if history := self.histories.get(subject):
                found[subject] = base_revisions(history.revisions, day)
                found[subject + CODES] = base_codes(history.codes, day)
        return found

    def kind_of(self, subject_id: str) -> str:
        """Of a subject that these decisions are about."""
        history = self.histories.get(subject_id)
        return history.kind if history else self.created[subject_id]

    def has_creator(self, subject_id: str) -> bool:
        return any(effect.creates_body for effect in self.effects(subject_id))

    def effects(self, subject_id: str) -> list[Effect]:
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
        return self.folds.on(subject_id, self.effects(subject_id), day)

    def stood_on(self, subject_id: str, day: str) -> State | None:
        """Its state before any of these decisions. Not to be altered."""
        return self.folds.on(subject_id, self.stood.get(subject_id, ()), day)

    def course(self, subject_id: str) -> Course:
        """How a subject that this changeset touches stands, as the changeset leaves it."""
        effects = self.effects(subject_id)
        days: list[tuple[str, str]] = []
        name = ""
        for day in boundaries(effects, ""):
            state = fold(effects, day)
            if state is not None:
                attested = any(e.start_unknown and e.creates and e.effective_from == day for e in effects)
                if attested and not days:
                    days.append((FIRST, "unknown"))
                days.append((day, state["status"]))
                name = own_name(state) or name
        return Course(self.kind_of(subject_id), name, days)

    def reparented(self) -> dict[str, tuple[str, list[Effect]]]:
        """(kind, effects as these decisions leave them) of each subject that may have another parent by them."""
        kinds_of = {**self.created, **{one: history.kind for one, history in self.histories.items()}}
        found = {one: (kind, self.effects(one)) for one, kind in kinds_of.items() if kind in PARENTED}
        return {one: both for one, both in found.items() if both[1] != self.stood.get(one, [])}

    def taken_out(self, subject_id: str, before: Sequence[Effect]) -> list[Effect]:
        """What decisions did to a subject that were voided, by this changeset too: the keys they gave stay given."""
        if self._voided is None:
            self._voided = load_voided(self.connection, sorted(self.histories))
        now = [one for one in self.stood.get(subject_id, ()) if one not in before]
        return [*self._voided.get(subject_id, ()), *now]


def subjects_of(body: dict[str, Any]) -> list[str]:
    """The registry ids a decision names, in order."""
    places = [body, *body.get("origins", ()), *body.get("results", ())]
    return list(dict.fromkeys(place["subject"] for place in places if place.get("subject")))


def base_revisions(revisions: Sequence[Rev], day: str) -> list[int]:
    """The revision in force on the day (0: none) and the later ones that stand."""
    now, *later = _standing_from(revisions, day)
    return [now, *sorted(later)]


def base_codes(rows: Iterable[Held], day: str) -> list[int]:
    """The rows of codes, likewise: a code that comes or goes makes no revision."""
    of_code: dict[tuple[str, str, str], list[Held]] = {}
    for row in rows:
        of_code.setdefault(row.code, []).append(row)
    return sorted(seq for its in of_code.values() for seq in _standing_from(its, day) if seq)


def moved(seen: Mapping[str, Sequence[int]], now: Mapping[str, Sequence[int]]) -> list[str]:
    """The subjects of which other rows stand than a decision was drafted on. Drafts that are older than the part of
    codes have none."""
    other = (
        part for part in now if seen.get(part) != now[part] and (part in seen or not part.endswith(CODES))
    )
    return list(dict.fromkeys(part.removesuffix(CODES) for part in other))


def _standing_from(rows: Sequence[Row], day: str) -> list[int]:
    """What stands on the day (0: nothing), and on each later one on which something begins."""
    days = [day, *{row.effective_from for row in rows if row.effective_from > day}]
    stands = (standing(rows, one) for one in days)
    return [row.seq if row else 0 for row in stands]
