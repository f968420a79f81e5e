"""What a revision comes from: which decision or void of its publication the fold of its day changes by.

One publication may decide on a subject more than once. The revision of a day comes from what moves the fold last up
to that day: a decision or a void on the day from which it counts, a timed decision again on the day it lapses. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Cause(NamedTuple):
    """A row of a publication about one subject: a decision, or the void of one (with the days of what it voids)."""

    seq: int
    effective_from: str
    until: str | None = None
    alters: bool = True
    """Whether it creates or changes anything: a decision to retain only says so."""
    is_void: bool = False

    def lapsed(self, day: str) -> bool:
        """Whether a decision for a time has ended by then."""
        return self.until is not None and self.until <= day and not self.is_void

    def moves(self, day: str) -> tuple[bool, str, bool, int]:
        """What comes last of several up to a day, as a key: what alters anything, by the day on which it does; what
        begins on it goes before what lapses on it, the later row before the earlier."""
        if self.lapsed(day):
            return self.alters, self.until or "", False, self.seq
        counts = self.effective_from <= day and (self.until is None or day < self.until)
        return self.alters and counts, self.effective_from, True, self.seq


def cause_on(causes: Sequence[Cause], day: str) -> Cause:
    """What the revision of a day comes from, of what one publication has about its subject."""
    return causes[0] if len(causes) == 1 else max(causes, key=lambda cause: cause.moves(day))


def beside(causes: Sequence[Cause], cause: Cause, day: str) -> list[Cause]:
    """The others that move the fold on the same day as that which the revision comes from."""
    alters, moved = cause.moves(day)[:2]
    same = (alters, moved)
    return [one for one in causes if alters and one.seq != cause.seq and one.moves(day)[:2] == same]
