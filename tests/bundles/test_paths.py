"""The time of a bundle, against brute force and by the worked cases."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bundles.paths import Plan, Task, bridged, first_cycle, in_order, plan


@st.composite
def bundles(draw: st.DrawFn) -> list[Task]:
    """Up to seven members, each waiting for some of those before it; shown in any order."""
    count = draw(st.integers(0, 7))
    tasks = []
    for number in range(count):
        before = [f"m{one}" for one in range(number)]
        after = draw(st.lists(st.sampled_from(before), unique=True)) if before else []
        days = draw(st.one_of(st.none(), st.integers(0, 40)))
        tasks.append(Task(f"m{number}", days, after))
    return list(draw(st.permutations(tasks)))


@st.composite
def thinned(draw: st.DrawFn) -> list[Task]:
    """Bundles of which some members are left out and some hidden."""
    flags = st.tuples(st.booleans(), st.booleans())
    return [
        Task(task.key, task.days, task.after, *draw(flags)) if draw(st.booleans()) else task
        for task in draw(bundles())
    ]


def by_reach(tasks: list[Task]) -> list[Task]:
    """Brute force: the members that are told of, each waiting for all that it waits for by any chain."""
    reached = {task.key: set().union(*(p for p in paths(tasks) if p[-1] == task.key)) for task in tasks}
    told = [task for task in tasks if not task.left_out and not task.hidden]
    keys = {task.key for task in told}
    return [Task(t.key, t.days, sorted(reached[t.key] & keys - {t.key})) for t in told]


def paths(tasks: list[Task]) -> list[list[str]]:
    """Brute force: every chain of members in which each waits for the one before."""
    waits = {task.key: task.after for task in tasks}

    def ending(key: str) -> list[list[str]]:
        return [[key]] + [[*path, key] for before in waits[key] for path in ending(before)]

    return [path for task in tasks for path in ending(task.key)]


@given(bundles())
def test_the_time_in_parallel_is_that_of_the_longest_chain(tasks: list[Task]) -> None:
    days = {task.key: task.days or 0 for task in tasks}
    found = plan(tasks)
    lengths = {tuple(path): sum(days[key] for key in path) for path in paths(tasks)}
    longest = max(lengths.values(), default=0)
    assert found.parallel == longest
    assert found.serial == sum(days.values())
    deciding = {key for path, length in lengths.items() if length == longest for key in path if days[key]}
    assert set(found.critical) == deciding
    assert set(found.uncounted) == {task.key for task in tasks if task.days is None}


@given(bundles())
def test_no_member_begins_before_what_it_waits_for_and_slack_costs_nothing(tasks: list[Task]) -> None:
    found = plan(tasks)
    for task in tasks:
        for before in task.after:
            assert found.slots[before].finish <= found.slots[task.key].start
        slack = found.slots[task.key].slack
        for more, whole in ((slack, found.parallel), (slack + 1, found.parallel + 1)):
            longer = [Task(t.key, (t.days or 0) + (more if t.key == task.key else 0), t.after) for t in tasks]
            assert plan(longer).parallel == whole


@given(thinned())
def test_the_order_goes_on_through_members_that_take_no_time(tasks: list[Task]) -> None:
    found, expected = plan(tasks), plan(by_reach(tasks))
    assert (found.serial, found.parallel, found.slots) == (expected.serial, expected.parallel, expected.slots)
    assert set(found.critical) == set(expected.critical)
    assert found.uncounted == expected.uncounted
    assert found.at_least == any(task.hidden or task.days is None for task in tasks if not task.left_out)


@given(thinned())
def test_a_wait_is_told_through_members_that_are_not_named(tasks: list[Task]) -> None:
    after = bridged(tasks)
    named = [Task(key, 1, waits) for key, waits in after.items()]
    reach = {task.key: set(task.after) for task in by_reach(tasks)}
    assert {task.key: set(task.after) for task in by_reach(named)} == reach
    assert all(waits <= reach[key] for key, waits in ((key, set(waits)) for key, waits in after.items()))


def test_what_waits_for_a_member_left_out_waits_for_what_that_one_waits_for() -> None:
    chain = [Task("a", 10), Task("b", 5, ["a"], left_out=True), Task("c", 10, ["b"])]
    found = plan(chain)
    assert (found.serial, found.parallel, found.critical) == (20, 20, ("a", "c"))
    assert (found.slots["c"].start, found.at_least) == (10, False)
    assert bridged(chain) == {"a": (), "c": ("a",)}


@given(st.dictionaries(st.sampled_from("abcdef"), st.sets(st.sampled_from("abcdef"), max_size=3)))
def test_a_circle_is_found_exactly_where_there_is_no_order(waits: dict[str, set[str]]) -> None:
    circle = first_cycle(waits)
    if circle:
        assert circle[0] == circle[-1]
        assert all(after in waits[key] for key, after in itertools.pairwise(circle))
        with pytest.raises(ValueError, match="circle"):
            in_order(waits)
    else:
        order = in_order(waits)
        assert sorted(order) == sorted(waits)
        place = {key: number for number, key in enumerate(order)}
        assert all(place[one] < place[key] for key in waits for one in waits[key] if one in waits)


def test_six_certificates_sixteen_days_to_five() -> None:
    """Opening a small restaurant: six certificates one after another take 16 working days, together 5."""
    found = plan(
        [
            Task("licence", 1),
            Task("seal", 0, ["licence"]),
            Task("tax", 1, ["licence"]),
            Task("food", 4, ["licence"]),
            Task("sign", 5),
            Task("fire", 5),
        ]
    )
    assert (found.serial, found.parallel) == (16, 5)
    assert set(found.critical) == {"licence", "food", "sign", "fire"}


def test_a_construction_project_370_days_to_84() -> None:
    """Four stages, as 国办发〔2019〕11号 groups them; within a stage the members run beside each other."""
    stages = [[25, 24, 20, 20, 15], [30, 28, 25, 20, 20], [14, 14, 10, 12, 10], [15, 15, 15, 14, 14, 10]]
    tasks, before = [], []
    for number, stage in enumerate(stages):
        keys = [f"s{number}-{at}" for at in range(len(stage))]
        tasks += [Task(key, days, before) for key, days in zip(keys, stage, strict=True)]
        before = keys
    found: Plan = plan(tasks)
    assert (found.serial, found.parallel) == (370, 84)
    assert found.critical == ("s0-0", "s1-0", "s2-0", "s2-1", "s3-0", "s3-1", "s3-2")
