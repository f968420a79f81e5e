"""What a worked case is given: totals and a seed, nothing of any single item."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """The totals of a round. Days are working days; ``halls`` are (hall presence, items, units)."""

    title: str
    place: str
    level: str
    units: int
    items: int
    cancelled: int = 0
    shortened: int = 0
    days_saved: int = 0
    days_after: int | None = None
    """Promised days of the retained items after the round, in all; drawn where no total is known."""
    longest: int = 20
    """The longest promised limit after the round."""
    steps: int = 0
    steps_after: int | None = None
    materials: int = 0
    fees: int = 0
    immediate: int = 0
    halls: tuple[tuple[str, int, int], ...] = ()
    received: tuple[int, int] | None = None
    """So many items of a higher level become so many here, in a second changeset."""
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Devolution:
    """A devolution from ``place`` to so many counties, of which some accept."""

    title: str
    place: str
    counties: int
    accepting: int
    level: str = "2"
    units: int = 1
    seed: int = 1
