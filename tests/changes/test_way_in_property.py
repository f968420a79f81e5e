"""Random routine changes through the front door: what is refused leaves nothing, what was answered stays."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from registry import TODAY, adjust, make_office

from app.errors import RegistryError

DAYS = ["2026-09-20", "2026-09-28", "2026-09-30", "2026-10-05", "2026-10-10"]
ASKED = ["2023-01-01", *DAYS, "2026-12-31"]
PAST = {"timing": "correction", "reason": "录入有误"}

days, items = st.sampled_from(DAYS), st.integers(0, 1)
untils = st.none() | st.sampled_from(["2026-10-01", "2026-10-08"])


def timed(decision, until):
    return decision if until is None else {**decision, "until": until}


decisions = st.one_of(
    st.builds(
        lambda i, d, u, v: ("decide", i, timed(adjust("", d, v, **PAST), u)),
        items,
        days,
        untils,
        st.integers(1, 4),
    ),
    st.builds(
        lambda i, d, v: ("decide", i, adjust("", d, v, "materials/m1/copies", **PAST)),
        items,
        days,
        st.integers(1, 4),
    ),
    st.builds(
        lambda i, d, u: ("decide", i, timed({"outcome": "suspend", "effective_from": d, **PAST}, u)),
        items,
        days,
        untils,
    ),
    st.builds(
        lambda i, d, o: ("decide", i, {"outcome": o, "effective_from": d, **PAST}),
        items,
        days,
        st.sampled_from(["cancel", "resume", "retain"]),
    ),
    st.builds(
        lambda i, n, g: ("void", i, {"which": n, "ground": g}),
        items,
        st.integers(0, 5),
        st.sampled_from(["error", "withdrawn"]),
    ),
)


def answers(office, seq):
    return {(item, day): office.on(item, day, str(seq)) for item in office.items for day in ASKED}


def decision_of(office, step):
    what, index, body = step
    item = office.items[index]
    if what == "decide":
        return {**body, "subject": item}
    acts = office.acts(item)
    return {
        "outcome": "void",
        "act": acts[body["which"] % len(acts)],
        "ground": body["ground"],
        "reason": "录错",
    }


@settings(max_examples=max(10, settings().max_examples // 6))
@given(steps=st.lists(decisions, min_size=1, max_size=6))
def test_changes_through_the_front_door(make_sqlite, clock, steps):
    office = make_office(make_sqlite())
    seen = {office.known().seq: answers(office, office.known().seq)}
    for step in steps:
        before = office.known()
        try:
            office.publish_change(decision_of(office, step), today=TODAY)
        except RegistryError as refusal:
            assert refusal.message.endswith("。")  # noqa: PT017
            assert office.known() == before
        seen[office.known().seq] = answers(office, office.known().seq)
    for seq, then in seen.items():
        assert answers(office, seq) == then
    office.assert_sound()
    office.database.dispose()
