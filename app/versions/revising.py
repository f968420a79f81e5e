"""Which revisions a history comes to: the days on which what stands is not what the fold says. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from app.versions.fold import RESERVED, Effect, State, Unfolding, boundaries, touches_content
from app.versions.histories import History
from app.versions.rows import Contents
from app.versions.timeline import NOT_YET, Rev


class Wanted(NamedTuple):
    """A revision to write, before it has a seq; and the code rows of the same day."""

    day: str
    status: str
    content: str | None
    start_unknown: bool
    codes: list[tuple[tuple[str, str, str], bool]]
    differs: bool


StateOn = Callable[[str], State | None]
"""The fold of a subject's effects on a day, from who has folded it; see ``Folds``."""


def wanted_revisions(
    history: History, first: str, contents: Contents, state_on: StateOn | None = None
) -> list[Wanted]:
    """Go through the days from ``first`` on and say what must be written for State(D) to equal the fold.

    ``history.effects`` are the ones that will count; revisions and codes those that stand. Every day at
    which anything stood or stands is looked at, so what a voided decision left behind is put right.
    ``state_on`` is asked where one day is all there is to look at.
    """
    days = set(boundaries(history.effects, first))
    days.update(revision.effective_from for revision in history.revisions if revision.effective_from > first)
    days.update(row.effective_from for row in history.codes if row.effective_from > first)
    untouched = _content_untouched(history.effects)
    folded = Folded(history.effects, untouched, contents, state_on if len(days) == 1 else None)
    standing_on = Standing(history)
    wanted: list[Wanted] = []
    for day in sorted(days):
        status, content, held, unknown = folded.on(day)
        stands, held_before = standing_on.on(day)
        was = (stands.status, stands.content) if stands else (NOT_YET, None)
        moved = [(code, True) for code in sorted(held - held_before)]
        moved += [(code, False) for code in sorted(held_before - held)]
        differs = was != (status, content) or (
            stands is not None and stands.effective_from == day and stands.start_unknown != unknown
        )
        if not differs and not moved:
            continue
        wanted.append(Wanted(day, status, content, unknown, moved, differs))
        standing_on.write(day, Rev(0, day, status, content, unknown) if differs else stands, held)
    return wanted


class Standing:
    """What stands day by day, in their order: the revision, and the codes held; and what is to be written."""

    def __init__(self, history: History) -> None:
        self._revisions = sorted(history.revisions, key=lambda r: (r.effective_from, r.seq), reverse=True)
        self._codes = sorted(history.codes, key=lambda row: (row.effective_from, row.seq), reverse=True)
        self._revision: Rev | None = None
        self._held: set[tuple[str, str, str]] = set()

    def on(self, day: str) -> tuple[Rev | None, set[tuple[str, str, str]]]:
        """Days must not go back; the codes must not be altered."""
        while self._revisions and self._revisions[-1].effective_from <= day:
            self._revision = self._revisions.pop()
        if self._codes and self._codes[-1].effective_from <= day:
            self._held = set(self._held)
        while self._codes and self._codes[-1].effective_from <= day:
            row = self._codes.pop()
            (self._held.add if row.held else self._held.discard)(row.code)
        return self._revision, self._held

    def write(self, day: str, revision: Rev | None, held: set[tuple[str, str, str]]) -> None:
        """From this day on, until the next that stood already."""
        self._revision, self._held = revision, held


class Folded:
    """What the fold comes to day by day: status, content by hash, codes, whether its start is only attested."""

    def __init__(
        self,
        effects: Sequence[Effect],
        untouched: str | None,
        contents: Contents,
        state_on: StateOn | None = None,
    ) -> None:
        self._state_on = state_on
        self._unfolding = Unfolding(effects, reserved_only=untouched is not None)
        self._untouched, self._contents = untouched, contents
        self._attested = {e.effective_from for e in effects if e.start_unknown and e.creates}
        self._last: tuple[str, str | None, set[tuple[str, str, str]]] = (NOT_YET, None, set())

    def on(self, day: str) -> tuple[str, str | None, set[tuple[str, str, str]], bool]:
        state, moved = self._unfolding.on(day) if self._state_on is None else (self._state_on(day), True)
        if moved:
            self._last = self._read(state)
        return *self._last, state is not None and day in self._attested

    def _read(self, state: State | None) -> tuple[str, str | None, set[tuple[str, str, str]]]:
        if state is None:
            return NOT_YET, None, set()
        codes = {(code["scheme"], code.get("issuer", ""), code["value"]) for code in state["codes"]}
        document = {name: part for name, part in state.items() if name not in RESERVED}
        content = self._untouched or self._contents.put(document)
        if self._state_on is not None and not self._untouched:
            self._contents.documents[content] = document
        return state["status"], content, codes


def first_revision(history: History) -> list[Wanted] | None:
    """What ``wanted_revisions`` would say of a subject that has just been created, without folding: its content
    stands as given. None where there is more to it. ``verify`` asks the fold itself."""
    if len(history.effects) != 1 or history.revisions or history.codes:
        return None
    effect = history.effects[0]
    if effect.creates is None or effect.until is not None:
        return None
    status, codes = "in_force", {}
    for change in effect.changes():
        value = change.get("value")
        if change["op"] == "add" and change["path"] == "codes" and isinstance(value, dict):
            codes[value["key"]] = (value["scheme"], value.get("issuer", ""), value["value"])
        elif change["op"] == "set" and change["path"] == "status" and value in SETTLED:
            status = str(value)
        else:
            return None
    held = [(code, True) for code in sorted(set(codes.values()))]
    return [Wanted(effect.effective_from, status, effect.creates, effect.start_unknown, held, True)]


SETTLED = frozenset({"in_force", "suspended", "ended", "unknown"})
"""The statuses that a subject may start with."""


def _content_untouched(effects: Sequence[Effect]) -> str | None:
    """The creating content's hash where no decision touches content, so that it need not be hashed again."""
    creators = [effect.creates for effect in effects if effect.creates]
    if len(creators) != 1 or any(touches_content(effect.changes()) for effect in effects):
        return None
    return creators[0]
