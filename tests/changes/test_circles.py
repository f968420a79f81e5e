"""Nobody is above itself, on any day: by a table of cases, and against a plain walk over random histories."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from registry import TODAY, Office, adjust, make_office

from app.changes.publishing import publish_initial
from app.db import Database
from app.errors import Refused
from app.versions import ids
from app.versions.orders import Act, Part

PLANNED, LATER = "2027-01-01", "2027-07-01"
CONTENT: dict[str, dict[str, Any]] = {
    "region": {"level": "5"},
    "authority": {},
    "entry": {"type": "01"},
}
OUTCOMES = {"region": ("found", "adjust"), "authority": ("found", "adjust"), "entry": ("add", "adjust")}


def made(office: Office, kind: str, name: str, parent: str | None = None) -> str:
    content = {"name": name, **CONTENT[kind]} | ({"parent": parent} if parent else {})
    if kind == "authority":
        content["region"] = office.district
    outcome = OUTCOMES[kind][0]
    receipt = office.publish_change(
        {"kind": kind, "outcome": outcome, "effective_from": TODAY, "content": content}
    )
    return receipt.subjects[0]


def parent_of(kind: str, subject: str, parent: str, day: str, **more: Any) -> dict[str, Any]:
    return adjust(subject, day, parent, "parent", kind=kind, **more)


def refused(office: Office, *decisions: dict[str, Any]) -> Refused:
    with pytest.raises(Refused) as caught:
        office.publish_change(*decisions)
    assert caught.value.code == "circle-of-parents", caught.value
    return caught.value


@pytest.mark.parametrize("kind", ["region", "authority", "entry"])
def test_a_subject_is_not_put_below_itself(office: Office, kind: str) -> None:
    top = made(office, kind, "甲")
    middle = made(office, kind, "乙", top)
    low = made(office, kind, "丙", middle)
    for parent in (top, middle, low):
        error = refused(office, parent_of(kind, top, parent, TODAY))
        assert error.detail["on"] == TODAY
        assert "“甲”" in error.message
    assert "“甲” → “丙” → “乙” → “甲”" in refused(office, parent_of(kind, top, low, TODAY)).message
    with pytest.raises(Refused):  # told when it is drafted, not only when it is published
        office.draft(parent_of(kind, top, low, TODAY))
    office.publish_change(parent_of(kind, low, top, TODAY))
    office.assert_sound()


def test_a_plan_of_an_ancestor_is_seen_from_its_day_on(office: Office) -> None:
    """甲 is planned to come below 乙; from that day on 乙 cannot come below 甲, before it can."""
    first, second = made(office, "region", "甲"), made(office, "region", "乙")
    office.publish_change(parent_of("region", first, second, PLANNED))
    error = refused(office, parent_of("region", second, first, TODAY))
    assert error.detail["on"] == PLANNED
    refused(office, parent_of("region", second, first, LATER))
    office.publish_change(parent_of("region", second, first, TODAY, until=PLANNED))
    office.assert_sound()


def test_two_decisions_of_one_changeset_close_a_circle_together(office: Office) -> None:
    first, second = made(office, "region", "甲"), made(office, "region", "乙")
    refused(office, parent_of("region", first, second, PLANNED), parent_of("region", second, first, LATER))
    office.publish_change(
        parent_of("region", first, second, TODAY, until=PLANNED),
        parent_of("region", second, first, PLANNED),
    )


def test_a_void_that_uncovers_a_circle_is_refused(office: Office) -> None:
    top, other = made(office, "region", "甲"), made(office, "region", "丁")
    low = made(office, "region", "乙", top)
    moved = office.publish_change(parent_of("region", low, other, TODAY))
    office.publish_change(parent_of("region", top, low, TODAY))
    assert moved.publication
    act = office.acts(low)[-1]
    refused(office, {"outcome": "void", "act": act, "ground": "error", "reason": "误录"})


def test_a_first_entry_is_asked_too(database: Database, clock: Any) -> None:
    with database.writing() as session:
        first, second = ids.allocate(session.connection(), "region", 2)
        acts = [
            Act(
                "found", [Part(one, TODAY, creates={"schema": 1, "name": one, "level": "4", "parent": other})]
            )
            for one, other in ((first, second), (second, first))
        ]
        with pytest.raises(Refused) as caught:
            publish_initial(session, acts, {"title": "首次录入"})
    assert caught.value.code == "circle-of-parents"


DAYS = [TODAY, "2026-12-01", PLANNED, "2027-03-01", LATER]
MOVES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from(DAYS), st.sampled_from([None, *DAYS])),
    min_size=1,
    max_size=8,
)


@settings(max_examples=15)
@given(moves=MOVES)
def test_no_day_ever_has_a_circle_and_nothing_else_is_refused(
    moves: list[tuple[int, int, str, str | None]], make_sqlite: Callable[..., Database]
) -> None:
    office = make_office(make_sqlite())
    places = [made(office, "region", name) for name in "甲乙丙丁"]
    for which, to, day, until in moves:
        more = {"until": until} if until and until > day else {}
        before = {one: up_on(office, places, one) for one in DAYS}
        code = tried(office, parent_of("region", places[which], places[to], day, **more))
        assert code in (None, "nothing-changed", "circle-of-parents")
        if code == "circle-of-parents":
            assert closes(before, places[which], places[to], day, more.get("until"))
        for one in DAYS:
            assert not circular(up_on(office, places, one)), one


def tried(office: Office, decision: dict[str, Any]) -> str | None:
    """Publishes it; the code of the refusal, where it is refused."""
    try:
        office.publish_change(decision)
    except Refused as error:
        return error.code
    return None


def up_on(office: Office, places: list[str], day: str) -> dict[str, str | None]:
    return {one: office.on(one, day).document().get("parent") for one in places}


def circular(up: dict[str, str | None]) -> bool:
    for start in up:
        met, at = {start}, up[start]
        while at is not None:
            if at in met:
                return True
            met.add(at)
            at = up.get(at)
    return False


def closes(
    before: dict[str, dict[str, str | None]], which: str, to: str, day: str, until: str | None
) -> bool:
    """Whether the parent entered on a day could make a circle on any day from then on, later moves of the same
    field aside: those stand from their own day on."""
    days = [one for one in DAYS if one >= day and (until is None or one < until)]
    return any(circular({**before[one], which: to}) for one in days)
