"""The time of a bundle: one after another, and in parallel by the longest path. Pure.

Only what is measured alike is added: 工作日, with 即办 as 0. A member whose limit is in another unit or not
known is named, and the totals are then "at least": days of one kind are
never converted into another, and what is not known is never guessed. A member that is left
out takes no time, but the order goes on through it: what waits for it waits for what it waits for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Task:
    """A member: its working days (None: not known in working days) and the keys it waits for. ``left_out``: it is
    not done. ``hidden``: it is done, but nothing of it is told."""

    key: str
    days: int | None
    after: Sequence[str] = ()
    left_out: bool = False
    hidden: bool = False

    @property
    def told(self) -> bool:
        return not (self.left_out or self.hidden)

    @property
    def counted(self) -> int:
        return self.days or 0 if self.told else 0


@dataclass(frozen=True, slots=True)
class Slot:
    """When a member runs, in working days from the acceptance; ``slack``: how long it may wait at no cost."""

    start: int
    finish: int
    slack: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Working days of the whole. ``critical``: the members without slack, which decide the time in parallel,
    in the order they begin. ``uncounted``: members whose days are not known, counted as 0. ``at_least``: whether there
    are any, or any that are hidden."""

    serial: int
    parallel: int
    critical: tuple[str, ...]
    slots: Mapping[str, Slot]
    uncounted: tuple[str, ...]
    at_least: bool


def plan(tasks: Sequence[Task]) -> Plan:
    """The plan of tasks whose order has no circle; it tells of those that are neither left out nor hidden.

    Raises ValueError where the order has a circle.
    """
    known = _within(tasks)
    order = in_order(known)
    days = {task.key: task.counted for task in tasks}
    finish: dict[str, int] = {}
    for key in order:
        finish[key] = max((finish[before] for before in known[key]), default=0) + days[key]
    whole = max(finish.values(), default=0)
    latest = dict.fromkeys(order, whole)
    for key in reversed(order):
        for before in known[key]:
            latest[before] = min(latest[before], latest[key] - days[key])
    told = {task.key for task in tasks if task.told}
    slots = {
        key: Slot(finish[key] - days[key], finish[key], latest[key] - finish[key])
        for key in order
        if key in told
    }
    critical = tuple(key for key in slots if not slots[key].slack and days[key])
    uncounted = tuple(task.key for task in tasks if task.told and task.days is None)
    at_least = bool(uncounted) or any(task.hidden and not task.left_out for task in tasks)
    return Plan(sum(days.values()), whole, critical, slots, uncounted, at_least)


def bridged(tasks: Sequence[Task]) -> dict[str, tuple[str, ...]]:
    """What each member that is told of waits for among those: in the place of another, what that one waits for.

    Raises ValueError where the order has a circle.
    """
    known = _within(tasks)
    told = {task.key for task in tasks if task.told}
    through: dict[str, tuple[str, ...]] = {}
    for key in in_order(known):
        found: dict[str, None] = {}
        for before in known[key]:
            found |= dict.fromkeys((before,) if before in told else through[before])
        through[key] = tuple(found)
    return {task.key: through[task.key] for task in tasks if task.told}


def _within(tasks: Sequence[Task]) -> dict[str, tuple[str, ...]]:
    """Who waits for whom, among the tasks alone."""
    keys = {task.key for task in tasks}
    return {task.key: tuple(one for one in task.after if one in keys) for task in tasks}


def in_order(waits: Mapping[str, Iterable[str]]) -> list[str]:
    """The keys, each after all it waits for; otherwise as given. Raises ValueError where there is a circle."""
    left = {key: set(after) for key, after in waits.items()}
    order: list[str] = []
    while left:
        ready = [key for key, after in left.items() if not after & left.keys()]
        if not ready:
            raise ValueError(f"a circle: {' -> '.join(first_cycle(waits))}")
        order += ready
        for key in ready:
            del left[key]
    return order


def first_cycle(waits: Mapping[str, Iterable[str]]) -> list[str]:
    """A circle of members that wait for each other, its first member again at its end; empty where none."""
    done: set[str] = set()
    for start in waits:
        path: list[str] = []
        stack = [(start, iter(waits[start]))] if start not in done else []
        while stack:
            key, rest = stack[-1]
            if not path or path[-1] != key:
                path.append(key)
            following = next((one for one in rest if one in waits and one not in done), None)
            if following is None:
                done.add(key)
                path.pop()
                stack.pop()
            elif following in path:
                return [*path[path.index(following) :], following]
            else:
                stack.append((following, iter(waits[following])))
    return []
