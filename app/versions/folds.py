"""States folded once and kept: the same effects on the same day come to the same state, whoever asks.

One publication of ten thousand decisions is looked at by rules, checks, sums and the kernel in turn; each asks for
the same few states. What is kept is found by the effects themselves, so nothing has to be told when they change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.versions.fold import Effect, State, changed, fold

KEPT = 2
"""States of a subject and day: as it stood before all that is being worked out, and as it was last asked for."""

_Known = tuple[list[Effect], State | None]


class Folds:
    """For as long as one thing is worked out: what it has folded stays in memory."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], list[_Known]] = {}

    def on(self, subject_id: str, effects: Iterable[Effect], day: str) -> State | None:
        """The state on a day, as ``fold`` has it. Shared with whoever else asks: not to be altered."""
        applying = [effect for effect in effects if effect.applies(day)]
        kept = self._kept.get((subject_id, day))
        if kept is None:
            kept = self._kept[subject_id, day] = []
        for known, state in reversed(kept):
            if len(known) == len(applying) and _do_the_same(known, applying):
                return state
        found = _go_on(kept, applying, day)
        del kept[KEPT - 1 :]
        kept.append((applying, found))
        return found


def _go_on(kept: Sequence[_Known], applying: list[Effect], day: str) -> State | None:
    """From what is kept, where the effects only add to it: they are in order, and so is what they change. What
    creates begins anew, and what waits (``once``) comes after all the others."""
    for known, state in reversed(kept):
        more = applying[len(known) :]
        if (
            state is not None
            and more
            and _do_the_same(known, applying)
            and not any(effect.creates_body is not None for effect in more)
            and not any(effect.may_wait() for effect in applying)
        ):
            return changed(state, [change for effect in more for change in effect.changes()])
    return fold(applying, day)


def _do_the_same(known: Sequence[Effect], effects: Sequence[Effect]) -> bool:
    """Whether effects begin with these. A decision that is only thought of has another seq than once it is laid
    out; what it does is the same."""
    for one, other in zip(known, effects, strict=False):
        if one is not other and (
            one.creates_body != other.creates_body or one.changes_body != other.changes_body
        ):
            return False
    return True
