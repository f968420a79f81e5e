"""What a bench is given, and what it returns."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

Judged = Literal["pass", "fail", "shown", "skipped"]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How large, how long, where. ``scale`` shrinks counts; ``rounds`` and ``seconds`` bound the time."""

    directory: Path
    scale: float = 1.0
    rounds: int = 7
    seconds: float = 1.5
    postgresql: bool = True
    say: Say = lambda _line: None

    def count(self, full: int, least: int = 1) -> int:
        return max(least, round(full * self.scale))


@dataclass(frozen=True)
class Row:
    """One line of the table. ``measured`` is in the unit of ``target``; no target: shown only."""

    figure: str
    measured: float | None
    target: float | None = None
    better: Literal["more", "less"] = "more"
    unit: str = ""
    beside: str = ""
    numbers: dict[str, Any] = field(default_factory=dict)

    @property
    def judged(self) -> Judged:
        if self.measured is None:
            return "skipped"
        if self.target is None:
            return "shown"
        reached = self.measured >= self.target if self.better == "more" else self.measured <= self.target
        return "pass" if reached else "fail"

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"judged": self.judged}


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def median_ratio(over: Sequence[float], under: Sequence[float]) -> float:
    """The median of the rounds' ratios: what slows the machine for a round slows both."""
    return median([a / b for a, b in zip(over, under, strict=True)])


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest value that ``part`` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
