"""Sums over random rounds: they hold, they agree with a naive count, and one decision moves its own figures."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rounds.adding import add_up, as_json
from app.rounds.figures import average, half_up, percent
from app.rounds.pairs import ENDED, RETAINED, STARTED, Limit, Pair, Side, fate_of, side_of
from app.rounds.sentence import COMING, LEAVING, PARTS, summary

ORGANS, KINDS, LEVELS = ["qdo-a", "qdo-b", "qdo-c"], ["01", "07", "20"], ["3", "4", None]

limits = st.one_of(
    st.none(),
    st.builds(Limit, st.integers(0, 40), st.just("workday")),
    st.just(Limit(None, "immediate")),
    st.builds(Limit, st.integers(1, 40), st.sampled_from(["day", "month", "hour"])),
    st.builds(Limit, st.integers(1, 40), st.none()),
)
keys = st.none() | st.frozensets(st.sampled_from("abcdef"))
sides = st.builds(
    Side,
    status=st.sampled_from(["in_force", "in_force", "suspended", "unknown"]),
    type=st.sampled_from(KINDS),
    authority=st.sampled_from(ORGANS),
    level=st.sampled_from(LEVELS),
    promised=limits,
    statutory=limits,
    steps=keys,
    materials=keys,
    certificates=keys,
    fees=keys,
    handling=st.sampled_from(["1", "2", "9", None]),
    hall=st.sampled_from(["in", "entrusted", "out", None]),
)
gone = Side("ended")


def pair(item, before, after, outcome):
    match outcome:
        case "retain":
            return Pair(item, before, before, (("retain", "subject"),))
        case "undecided":
            return Pair(item, before, before)
        case "cancel":
            return Pair(item, before, replace(before, status="ended"), (("cancel", "subject"),))
        case "devolve":  # with a transition: it still stands on its day
            return Pair(item, before, before, (("devolve", "subject"), ("devolve", "latest")))
        case "merged" | "split away":
            name = "merge" if outcome == "merged" else "split"
            return Pair(item, before, replace(before, status="ended"), ((name, "origin"),))
        case "merge result":
            return Pair(item, before, after, (("merge", "result"),))
        case "gives a place":
            return Pair(item, before, before, (("retain", "subject"), ("receive", "origin")))
        case "add" | "receive" | "new split" | "lent":
            decision = {"new split": ("split", "result"), "lent": ("entrust", "result")}
            return Pair(item, None, after, (decision.get(outcome, (outcome, "subject")),), in_scope=False)
        case "passing":
            decisions = (("add", "subject"), ("cancel", "subject"))
            return Pair(item, None, replace(after, status="ended"), decisions, in_scope=False)
        case "elsewhere":
            return Pair(item, before, after, (("adjust", "subject"),), in_scope=False)
    same = {} if outcome in ("transfer", "convert") else {"authority": before.authority, "type": before.type}
    return Pair(item, before, replace(after, **same), ((outcome, "subject"),))


OUTCOMES = [
    "retain", "undecided", "cancel", "devolve", "merged", "split away", "merge result", "gives a place", "add",
    "receive", "new split", "lent", "passing", "elsewhere", "transfer", "convert", "adjust", "narrow", "entrust",
    "suspend",
]  # fmt: skip
drawn = st.lists(st.tuples(sides, sides, st.sampled_from(OUTCOMES)), max_size=25)
rounds = drawn.map(lambda rows: [pair(f"i{n:03}", *row) for n, row in enumerate(rows)])
scopes = st.sampled_from([(), ("01",), ("01", "07")])


def naive(pairs, types):
    """Who stands in the count before and after, item by item."""
    scope = {one.item for one in pairs if one.in_scope}
    leaves = {"cancel", "devolve"}
    left = {
        one.item
        for one in pairs
        if one.in_scope
        and (
            any(o in leaves or (o in ("merge", "split") and role == "origin") for o, role in one.decisions)
            or (any(o == "convert" for o, _ in one.decisions) and types and one.after.type not in types)
        )
    }
    new = {
        one.item
        for one in pairs
        if not one.in_scope
        and one.before is None
        and one.after.status != "ended"
        and one.decisions[0][0] != "entrust"
    }
    return scope, (scope - left) | new


@given(pairs=rounds, types=scopes)
def test_the_sums_of_any_round_hold(pairs, types):
    sums = add_up(pairs, types)
    shown = as_json(sums)
    before, after = naive(pairs, types)
    assert (shown["before"], shown["after"]) == (len(before), len(after))
    assert shown["after"] == shown["before"] - shown["ended"] + shown["started"]
    assert sum(shown["outcomes"].values()) == shown["before"]
    assert sum(shown["retained"].values()) == shown["outcomes"]["retain"]
    assert sum(shown["outcomes"][name] for name in ENDED) == shown["ended"]
    assert sum(shown["new"].values()) == shown["started"]
    counted = shown["before"] + shown["started"] + shown["entrusted"] + shown["passing"]
    assert counted + sum(shown["outside"].values()) == len(pairs)
    for side, total in (("before", len(before)), ("after", len(after))):
        assert sum(hall["items"] for hall in shown["hall"][side].values()) == total
        assert sum(shown["handling"][side].values()) == total


@given(pairs=rounds, types=scopes)
def test_groups_hold_and_add_up_to_the_whole(pairs, types):
    shown = as_json(add_up(pairs, types))
    moves = {"by_authority": "transferred", "by_type": "converted", "by_level": "moved"}
    for group, word in moves.items():
        rows = shown[group].values()
        for row in rows:
            moved = row[f"{word}_in"] - row[f"{word}_out"]
            assert row["after"] == row["before"] - row["ended"] + row["started"] + moved
            assert row["after"] >= 0
        for figure in ("before", "after", "ended", "started"):
            assert sum(row[figure] for row in rows) == shown[figure]
        for name in ("steps", "materials", "certificates", "fees"):
            for figure in ("before", "after", "dropped", "added", "not_counted"):
                assert sum(row[name][figure] for row in rows) == shown[name][figure]
        days = [row["limits"]["promised"]["days_saved"] for row in rows]
        assert sum(days) == shown["limits"]["promised"]["days_saved"]
    _, standing = naive(pairs, types)
    by_authority = Counter(one.after.authority for one in pairs if one.item in standing)
    assert {k: row["after"] for k, row in shown["by_authority"].items() if row["after"]} == by_authority


@given(pairs=rounds, types=scopes)
def test_days_are_added_only_where_both_are_working_days(pairs, types):
    stay = [one for one in pairs if fate_of(one, frozenset(types)).line == "retained"]
    both = [
        (one.before.promised.days, one.after.promised.days)
        for one in stay
        if one.before.promised and one.after.promised
        if None not in (one.before.promised.days, one.after.promised.days)
    ]
    promised = as_json(add_up(pairs, types))["limits"]["promised"]
    assert promised["pairs"] == len(both)
    assert promised["pairs"] + sum(promised["not_counted"].values()) == len(stay)
    assert promised["days_saved"] == sum(max(0, a - b) for a, b in both)
    assert promised["days_added"] == sum(max(0, b - a) for a, b in both)
    if both:
        exact = Fraction(promised["average_after"]["numerator"], promised["average_after"]["denominator"])
        assert exact == Fraction(sum(b for _, b in both), len(both))
    else:
        assert promised["average_after"] is None


def figures(value, path=""):
    if isinstance(value, dict):
        for name, part in value.items():
            yield from figures(part, f"{path}/{name}")
    else:
        yield path, value


def moved(before, after):
    old, new = (dict(figures(as_json(add_up(some)))) for some in (before, after))
    return {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}


def whole(paths):
    return {path for path in paths if not path.startswith("/by_")}


@given(pairs=rounds, side=sides, place=st.integers(0, 25))
def test_one_retain_made_a_cancel_moves_the_counts(pairs, side, place):
    place = min(place, len(pairs))
    kept = [*pairs[:place], pair("changed", side, side, "retain"), *pairs[place:]]
    cancelled = [*pairs[:place], pair("changed", side, side, "cancel"), *pairs[place:]]
    paths = moved(kept, cancelled)
    assert {"/after", "/ended", "/outcomes/retain", "/outcomes/cancel", "/retained/retain"} <= paths
    # What stood before and what came new are no matter of this decision.
    assert not {
        p for p in paths if p in ("/before", "/started", "/entrusted") or p.startswith(("/new", "/outside"))
    }
    assert not {p for p in paths if p.startswith(("/hall/before", "/handling/before"))}
    others = {p for p in paths if p.startswith("/by_authority/") and p.split("/")[2] != side.authority}
    assert not others


@given(pairs=rounds, side=sides, days=st.integers(1, 30), less=st.integers(1, 30))
def test_one_more_day_saved_moves_days_and_averages_alone(pairs, side, days, less):
    before = replace(side, promised=Limit(days + less, "workday"))
    long, short = (replace(before, promised=Limit(days + less - cut, "workday")) for cut in (less - 1, less))
    rows = [[*pairs, pair("changed", before, after, "adjust")] for after in (long, short)]
    paths = whole(moved(*rows))
    assert "/limits/promised/days_saved" in paths
    assert {path.split("/")[1] for path in paths} == {"limits"}
    assert not {path for path in paths if path.startswith("/limits/statutory")}


@given(pairs=rounds, side=sides, key=st.sampled_from("abcdef"), name=st.sampled_from(["steps", "fees"]))
def test_one_element_dropped_moves_its_own_list_alone(pairs, side, key, name):
    full = replace(side, **{name: frozenset("abcdef")})
    less = replace(full, **{name: frozenset("abcdef") - {key}})
    rows = [[*pairs, pair("changed", full, after, "adjust")] for after in (full, less)]
    paths = whole(moved(*rows))
    assert f"/{name}/dropped" in paths
    assert {path.split("/")[1] for path in paths} == {name}


@given(pairs=rounds, side=sides)
def test_a_transfer_counts_before_under_the_one_and_after_under_the_other(pairs, side):
    here, there = replace(side, authority="qdo-a"), replace(side, authority="qdo-b")
    rows = [[*pairs, pair("changed", here, after, "transfer")] for after in (here, there)]
    paths = moved(*rows)
    own = {
        "/by_authority/qdo-a/after", "/by_authority/qdo-a/transferred_out",
        "/by_authority/qdo-b/after", "/by_authority/qdo-b/transferred_in",
    }  # fmt: skip
    groups = {path for path in paths if path.startswith("/by_authority") and "/percent" not in path}
    appeared = {p for p in groups if p.startswith("/by_authority/qdo-b/") and p not in own}
    assert own <= paths
    assert groups - own - appeared == set()
    if any(one.in_scope and one.before.authority == "qdo-b" for one in pairs):
        assert not appeared


@pytest.mark.parametrize(
    ("value", "places", "shown"),
    [
        (Fraction(1, 2), 0, "1"),
        (Fraction(3, 2), 0, "2"),
        (Fraction(5, 2), 0, "3"),
        (Fraction(-5, 2), 0, "-3"),
        (Fraction(163, 230) * 100, 0, "71"),
        (Fraction(61, 20), 1, "3.1"),
        (Fraction(17), 1, "17.0"),
        (Fraction(-1, 100), 1, "0.0"),
    ],
)
def test_halves_go_up_when_shown(value, places, shown):
    assert half_up(value, places) == shown


def test_figures_are_exact_and_a_share_of_nothing_is_none():
    assert percent(673, 791) == {"numerator": 673, "denominator": 791, "shown": "85"}
    assert average(5, 2) == {"numerator": 5, "denominator": 2, "shown": "2.5"}
    assert percent(0, 0) is None


def test_the_heaviest_of_several_decisions_is_the_part_an_item_counts_under():
    side = Side("in_force", authority="qdo-a", type="01")
    both = Pair("i", side, side, (("adjust", "subject"), ("entrust", "subject")))
    shown = as_json(add_up([both]))
    assert (shown["retained"]["entrust"], shown["retained"]["adjust"]) == (1, 0)
    assert list(shown["retained"]) == list(RETAINED)
    assert list(shown["new"]) == list(STARTED)


def test_a_side_reads_content_and_leaves_the_unknown_unknown():
    side = side_of(
        {
            "status": "in_force",
            "name": "取水许可",
            "materials": [{"key": "m1", "type": "certificate"}, {"key": "m2", "type": "form"}],
            "charged": False,
            "promised_limit": {"unit": "immediate"},
            "statutory_limit": {"value": 20, "unit": "day"},
            "citations": [{"key": "c", "title": "水法", "article": "第四十八条"}],
        }
    )
    assert side is not None
    assert (side.certificates, side.fees, side.steps) == (frozenset({"m1"}), frozenset(), None)
    assert (side.promised.days, side.statutory.days) == (0, None)
    assert side.basis == ("《水法》第四十八条",)


def test_the_sentence_says_what_the_sums_say():
    stood = Side("in_force", authority="qdo-a", promised=Limit(20, "workday"), handling="2", hall="in")
    quick = replace(stood, promised=Limit(None, "immediate"), handling="1")
    pairs = [
        pair("1", stood, stood, "cancel"),
        pair("2", stood, quick, "adjust"),
        pair("3", stood, stood, "retain"),
    ]
    words = summary(as_json(add_up(pairs)))
    assert words.startswith(
        "纳入清理的事项共 3 项，取消 1 项，保留 2 项（其中调整 1 项），清理后为 2 项，减少 1 项，压减 33%。"
    )
    assert "1 项缩短了承诺时限（占保留事项的 50%），共减少 20 个工作日" in words
    assert "平均承诺时限由 20 个工作日变为 10 个工作日，压缩 50%" in words
    assert "1 个承诺件转为即办件" in words
    assert "清理后进驻政务服务大厅 2 项（1 个单位）" in words


@pytest.mark.parametrize("outcome", [one for one in RETAINED if one not in ("retain", "undecided")])
def test_the_sentence_tells_each_part_of_what_stays(outcome):
    side = Side("in_force", authority="qdo-a", type="01")
    role = "result" if outcome in ("merge", "split", "receive") else "subject"
    words = summary(as_json(add_up([Pair("i", side, side, ((outcome, role),))])))
    assert f"保留 1 项（其中{PARTS[outcome]} 1 项）" in words


def test_every_figure_of_the_outcomes_has_a_word():
    assert set(PARTS) | {"retain"} == set(RETAINED)
    assert (set(LEAVING), set(COMING)) == (set(ENDED), set(STARTED))
