"""The fold and the diff: pure functions, held against their laws."""

from __future__ import annotations

import copy
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.canonical import decode, encode
from app.versions.fold import Effect, Unfolding, apply_changes, boundaries, diff, fold

names = st.text(string.ascii_lowercase, min_size=1, max_size=3)
scalars = st.one_of(
    st.integers(-3, 3),
    st.booleans(),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=3),
)
lists = st.lists(scalars, max_size=3)


def keyed(values):
    parts = st.tuples(
        st.sampled_from("abcd"), st.dictionaries(names.filter(lambda n: n != "key"), values, max_size=2)
    )
    return st.lists(parts, max_size=4, unique_by=lambda part: part[0]).map(
        lambda listed: [{**fields, "key": key} for key, fields in listed]
    )


def objects(values):
    return st.dictionaries(names, values, min_size=1, max_size=3)  # an object without fields is absent


values = st.recursive(scalars | lists, lambda inner: objects(inner) | keyed(inner), max_leaves=12)
states = st.dictionaries(names, values, max_size=5)


@given(states, states)
def test_diff_turns_one_state_into_the_other(before, after):
    asked = encode(diff(before, after))
    state = copy.deepcopy(before)
    apply_changes(state, diff(copy.deepcopy(before), copy.deepcopy(after)))
    assert encode(state) == encode(after)
    assert encode(diff(before, after)) == asked


@given(states)
def test_nothing_differs_from_itself(state):
    assert diff(state, copy.deepcopy(state)) == []


paths = st.lists(st.sampled_from(["a", "b", "list", "status", "codes", "key", ""]), min_size=1, max_size=4)
any_change = st.fixed_dictionaries(
    {"op": st.sampled_from(["set", "add", "remove", "order"]), "path": paths.map("/".join)},
    optional={
        "value": st.none() | values | st.just({"key": "a", "n": 1}),
        "after": st.sampled_from(["", "a", "z"]),
        "keys": st.lists(st.sampled_from("abz")),
    },
)


@given(states, st.lists(any_change, max_size=5))
def test_the_fold_is_total(state, changes):
    """Whatever a change says about whatever stands there, it has its effect or none; it never fails."""
    apply_changes(state, changes)
    encode(state)


# --- one rule at a time ---------------------------------------------------------------------------------


def effect(seq, day, *changes, until=None, creates=None):
    return Effect(
        seq=seq,
        act=seq,
        effective_from=day,
        until=until,
        creates="x" if creates is not None else None,
        creates_body=encode(creates) if creates is not None else None,
        changes_body=encode(list(changes)) if changes else None,
    )


def set_(path, value):
    return {"op": "set", "path": path, "value": value}


START = effect(
    1, "2026-01-01", creates={"name": "取水", "list": [{"key": "a", "n": 1}, {"key": "b", "n": 2}]}
)


def folded(day, *effects):
    return fold(sorted([START, *effects], key=lambda e: (e.effective_from, e.seq)), day)


def test_nothing_before_the_creation():
    assert folded("2025-12-31") is None
    assert folded("2026-01-01")["status"] == "in_force"


def test_a_change_before_the_creation_counts_from_the_creation_on():
    assert folded("2026-01-01", effect(2, "2025-06-01", set_("name", "早"))) == {
        "name": "早",
        "list": [{"key": "a", "n": 1}, {"key": "b", "n": 2}],
        "status": "in_force",
        "codes": [],
    }


def test_until_is_half_open_and_gives_back_what_was():
    passing = effect(2, "2026-02-01", set_("name", "暂时"), until="2026-03-01")
    assert [
        folded(day, passing)["name"] for day in ("2026-01-31", "2026-02-01", "2026-02-28", "2026-03-01")
    ] == [
        "取水",
        "暂时",
        "暂时",
        "取水",
    ]


def test_a_change_made_during_a_passing_one_outlives_it():
    passing = effect(2, "2026-02-01", set_("name", "暂时"), until="2026-03-01")
    phone = effect(3, "2026-02-10", set_("phone", "123"))
    assert folded("2026-02-15", passing, phone)["name"] == "暂时"
    assert folded("2026-03-01", passing, phone) | {"codes": []} == {
        "name": "取水",
        "phone": "123",
        "list": [{"key": "a", "n": 1}, {"key": "b", "n": 2}],
        "status": "in_force",
        "codes": [],
    }


def test_the_day_comes_before_the_seq():
    late_entry = effect(9, "2026-02-01", set_("name", "补录"))
    later_day = effect(3, "2026-03-01", set_("name", "三月"))
    assert folded("2026-02-15", late_entry, later_day)["name"] == "补录"
    assert folded("2026-03-15", late_entry, later_day)["name"] == "三月"


def test_on_one_day_the_greater_seq_wins():
    assert (
        folded(
            "2026-02-01",
            effect(2, "2026-02-01", set_("name", "甲")),
            effect(3, "2026-02-01", set_("name", "乙")),
        )["name"]
        == "乙"
    )


@pytest.mark.parametrize(
    ("change", "keys"),
    [
        ({"op": "add", "path": "list", "value": {"key": "c"}}, ["a", "b", "c"]),
        ({"op": "add", "path": "list", "value": {"key": "c"}, "after": ""}, ["c", "a", "b"]),
        ({"op": "add", "path": "list", "value": {"key": "c"}, "after": "a"}, ["a", "c", "b"]),
        ({"op": "add", "path": "list", "value": {"key": "c"}, "after": "gone"}, ["a", "b", "c"]),
        ({"op": "remove", "path": "list/a"}, ["b"]),
        ({"op": "remove", "path": "list/gone"}, ["a", "b"]),
        ({"op": "order", "path": "list", "keys": ["b", "a"]}, ["b", "a"]),
        ({"op": "order", "path": "list", "keys": ["b"]}, ["b", "a"]),
        ({"op": "set", "path": "list/gone/n", "value": 9}, ["a", "b"]),
    ],
)
def test_elements(change, keys):
    assert [e["key"] for e in folded("2026-02-01", effect(2, "2026-02-01", change))["list"]] == keys


def test_a_field_of_an_element_survives_the_order():
    state = folded(
        "2026-02-01",
        effect(2, "2026-02-01", {"op": "order", "path": "list", "keys": ["b", "a"]}, set_("list/a/n", 7)),
    )
    assert state["list"] == [{"key": "b", "n": 2}, {"key": "a", "n": 7}]


def test_an_object_that_lost_its_last_field_is_absent():
    given_limit = effect(2, "2026-02-01", set_("limit/value", 5))
    taken = effect(3, "2026-03-01", set_("limit/value", None))
    assert folded("2026-02-01", given_limit, taken)["limit"] == {"value": 5}
    assert "limit" not in folded("2026-03-01", given_limit, taken)


def test_boundaries_are_the_days_on_which_the_fold_may_turn():
    effects = [START, effect(2, "2026-02-01", until="2026-03-01"), effect(3, "2026-02-10")]
    assert boundaries(effects, "2026-02-01") == ["2026-02-01", "2026-02-10", "2026-03-01"]


def test_a_field_named_key_in_an_object_is_a_field():
    """``source/key`` is a field of its own; only an element's key is not one."""
    assert diff({"source": {"name": "s", "key": "1"}}, {"source": {"name": "s", "key": "2"}}) == [
        set_("source/key", "2")
    ]


# --- day by day ------------------------------------------------------------------------------------------

_DAYS = [f"2026-01-{day:02d}" for day in range(1, 13)]
_CHANGES = st.sampled_from(
    [
        {"op": "set", "path": "note", "value": "一"},
        {"op": "set", "path": "note", "value": "二"},
        {"op": "set", "path": "note", "value": None},
        {"op": "set", "path": "limit/value", "value": 5},
        {"op": "add", "path": "materials", "value": {"key": "m1", "name": "申请书"}},
        {"op": "add", "path": "materials", "value": {"key": "m2", "name": "执照"}, "after": ""},
        {"op": "remove", "path": "materials/m1"},
        {"op": "set", "path": "materials/m1/copies", "value": 3},
        {"op": "order", "path": "materials", "keys": ["m2", "m1"]},
        {"op": "set", "path": "status", "value": "ended"},
        {
            "op": "set",
            "path": "status",
            "value": "suspended",
            "once": {"path": "materials", "keys": ["m1", "m2"]},
        },
    ]
)


@st.composite
def _effects(draw):
    found = []
    for seq in range(1, draw(st.integers(1, 12)) + 1):
        first = draw(st.integers(0, 10))
        until = draw(st.none() | st.integers(first + 1, 11))
        creates = {"name": f"第{seq}号"} if draw(st.integers(0, 3)) == 0 else None
        found.append(
            Effect(
                seq=seq,
                act=seq,
                effective_from=_DAYS[first],
                until=None if until is None else _DAYS[until],
                creates_body=encode(creates) if creates else None,
                changes_body=encode(draw(st.lists(_CHANGES, max_size=3))),
            )
        )
    return sorted(found, key=lambda effect: (effect.effective_from, effect.seq))


@given(_effects(), st.sets(st.sampled_from(_DAYS), min_size=1))
def test_unfolding_day_by_day_is_the_fold_of_each_day(effects, days):
    unfolding, before = Unfolding(effects), None
    for day in sorted(days):
        state, moved = unfolding.on(day)
        assert state == fold(effects, day)
        assert moved or state == before
        before = decode(encode(state)) if state is not None else None
