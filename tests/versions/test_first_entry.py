"""The short way for what has just been created says what the fold and the timeline say."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_37_36

from app.canonical import digest, encode
from app.versions import ids
from app.versions.fold import Change, Effect
from app.versions.histories import History
from app.versions.orders import add_code
from app.versions.revising import first_revision, wanted_revisions
from app.versions.rows import Contents
from app.versions.timeline import Derived, Facets, Held, Rev, derive, derive_first

DAY = "2026-01-05"
SCHEMES = st.sampled_from(["local", "uscc"])
ISSUERS = st.sampled_from(["", "四川"])
VALUES = st.sampled_from(["X1", "X2", "a/b", "100%"])
CODES = st.builds(add_code, SCHEMES, VALUES, ISSUERS)
STATUSES = st.sampled_from(["in_force", "suspended", "ended", "unknown"]).map(
    lambda status: Change(op="set", path="status", value=status)
)
OTHERS = st.sampled_from(
    [Change(op="set", path="name", value="乙"), Change(op="remove", path="codes/local:X1")]
)


def created(changes: list[Change], start_unknown: bool) -> History:
    body = encode({"name": "甲", "materials": [{"key": "m1", "name": "表"}]})
    effect = Effect(
        seq=3,
        act=3,
        effective_from=DAY,
        creates=digest(body),
        creates_body=body,
        changes_body=encode(changes) if changes else None,
        start_unknown=start_unknown,
    )
    return History("item", [effect])


@given(st.lists(CODES | STATUSES, max_size=6), st.booleans())
def test_a_creation_is_read_without_folding(changes: list[Change], start_unknown: bool) -> None:
    history = created(changes, start_unknown)
    assert first_revision(history) == wanted_revisions(history, DAY, Contents())


@given(st.lists(CODES | STATUSES | OTHERS, max_size=6), st.booleans())
def test_what_is_more_than_a_creation_is_left_to_the_fold(changes: list[Change], start_unknown: bool) -> None:
    history = created(changes, start_unknown)
    short = first_revision(history)
    others = [c for c in changes if c["op"] == "remove" or c["path"] == "name"]
    assert (short is None) == bool(others)
    history.effects.append(Effect(seq=9, act=9, effective_from=DAY))
    assert first_revision(history) is None


@given(
    st.lists(st.tuples(SCHEMES, ISSUERS, VALUES), max_size=4),
    st.booleans(),
    st.sampled_from(["in_force", "ended", "unknown", "not_yet"]),
    st.booleans(),
)
def test_a_first_interval_is_derived_as_any_other(
    codes: list[tuple[str, str, str]], start_unknown: bool, status: str, later: bool
) -> None:
    revisions = [Rev(7, DAY, status, "c" * 64, start_unknown)]
    held = [
        Held(8 + at, DAY if at or not later else "2026-02-01", code, True) for at, code in enumerate(codes)
    ]
    whole, short = Derived(), Derived()

    def facets_of(_content: str) -> Facets:
        return Facets(name="甲", links=[("cites-setting", "qdl-1", "第一条")])

    derive("qdi-1", "item", revisions, held, facets_of, whole)
    if derive_first("qdi-1", "item", revisions, held, facets_of, short):
        assert short == whole
    else:
        assert short == Derived()
        assert status == "not_yet" or (later and codes)


@given(st.integers(min_value=0, max_value=32**7 - 1))
def test_an_id_carries_the_check_character_of_the_standard(number: int) -> None:
    made: Any = ids.make("item", number)
    assert made[-1] == mod_37_36.calc_check_digit(made[4:-1].upper()).lower()
    assert ids.number_of(made) == number
