"""The time of a bundle: one after another, and in parallel by the longest path. Pure.

Only what is measured alike is added: 工作日, with 即办 as 0. A member whose limit is in another unit or not
known is named, and the totals are then "at least" (DESIGN: never converted, never guessed).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Task:
    """A member: its working days (None: not known in working days) and the keys it waits for."""

    key: str
    days: int | None
    after: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Slot:
    """When a member runs, in working days from the acceptance; ``slack``: how long it may wait at no cost."""

    start: int
    finish: int
    slack: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Working days of the whole. ``critical``: the members without slack, which decide the time in parallel,
    in the order they begin. ``uncounted``: members whose days are not known, counted as 0."""

    serial: int
    parallel: int
    critical: tuple[str, ...]
    slots: Mapping[str, Slot]
    uncounted: tuple[str, ...]


def plan(tasks: Sequence[Task]) -> Plan:
    """The plan of tasks whose order has no circle. What they wait for outside the tasks is left out.

    Raises ValueError where the order has a circle.
    """
    waits = {task.key: tuple(key for key in task.after) for task in tasks}
    known = {key: tuple(one for one in after if one in waits) for key, after in waits.items()}
    order = in_order(known)
    days = {task.key: task.days or 0 for task in tasks}
    finish: dict[str, int] = {}
    for key in order:
        finish[key] = max((finish[before] for before in known[key]), default=0) + days[key]
    whole = max(finish.values(), default=0)
    latest = dict.fromkeys(order, whole)
    for key in reversed(order):
        for before in known[key]:
            latest[before] = min(latest[before], latest[key] - days[key])
    slots = {key: Slot(finish[key] - days[key], finish[key], latest[key] - finish[key]) for key in order}
    critical = tuple(key for key in order if not slots[key].slack and days[key])
    uncounted = tuple(task.key for task in tasks if task.days is None)
    return Plan(sum(days.values()), whole, critical, slots, uncounted)


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
