"""Every day that a decision changes is asked, not its own day alone: since then the item may have become another's."""

from __future__ import annotations

import pytest
from registry import TODAY, adjust, item_content
from test_review import act

from app.changes import drafts, publishing
from app.errors import Forbidden

RIGHTS = ("edit", "review", "publish")
LATE = {"timing": "correction", "reason": "改正"}
HANDED_ON = "2026-06-01"


@pytest.fixture
def water(office):
    return office.person("water", *RIGHTS, authority=office.water)


@pytest.fixture
def item(office):
    """An item of the water organ until it went to the traffic one."""
    transfer = adjust(office.items[0], HANDED_ON, office.traffic, "authority", **LATE)
    office.publish_change(adjust(office.items[0], "2026-02-01", 11, **LATE))
    office.publish_change({**transfer, "outcome": "transfer"})
    return office.items[0]


def refused(call, *given, **named):
    with pytest.raises(Forbidden) as refusal:
        call(*given, **named)
    assert refusal.value.code == "out-of-scope"
    return refusal.value


def limit_on(office, item, day):
    return office.on(item, day).document()["promised_limit"]["value"]


def test_a_past_day_of_ones_own_does_not_reach_what_has_become_anothers(office, water, item):
    late = adjust(item, "2026-05-01", 3, **LATE)
    refusal = refused(office.draft, late, actor=water)
    assert refusal.detail["day"] == HANDED_ON
    assert HANDED_ON in refusal.message
    changeset = office.submitted(late)
    refused(act, office, drafts.approve, water, changeset)
    act(office, drafts.approve, office.reviewer, changeset)
    refused(act, office, publishing.publish, water, changeset, TODAY)
    refused(act, office, publishing.publish, water, changeset, TODAY, emergency="急")
    office.publish(changeset)


def test_up_to_the_day_it_was_handed_on_it_may_be_put_right(office, water, item):
    changeset = office.draft(adjust(item, "2026-05-01", 3, until=HANDED_ON, **LATE), actor=water).id
    act(office, drafts.submit, water, changeset, None, TODAY)
    act(office, publishing.publish, water, changeset, TODAY, emergency="急")
    assert [limit_on(office, item, day) for day in ("2026-05-01", HANDED_ON)] == [3, 11]


def test_what_the_new_holder_has_set_since_is_not_reached(office, water, item):
    office.publish_change(adjust(item, HANDED_ON, 7, **LATE))
    office.reviewer = office.publisher = office.person("second", *RIGHTS, authority=office.water)
    office.publish_change(adjust(item, "2026-05-01", 3, **LATE), actor=water)
    assert [limit_on(office, item, day) for day in ("2026-05-01", HANDED_ON)] == [3, 7]


def test_what_is_put_in_force_again_or_ended_reaches_as_far(office, water, item):
    for one in (
        {"outcome": "cancel", "subject": item, "effective_from": "2026-05-01", **LATE},
        {
            "outcome": "suspend",
            "subject": item,
            "effective_from": "2026-05-01",
            "until": "2026-07-01",
            **LATE,
        },
        {
            "outcome": "merge",
            "effective_from": "2026-05-01",
            "origins": [{"subject": item}, {"subject": office.items[1]}],
            "results": [{"content": item_content("并", office.water, office.district)}],
            **LATE,
        },
    ):
        refused(office.draft, one, actor=water)
        changeset = office.submitted(one)
        refused(act, office, drafts.approve, water, changeset)


def test_a_planned_hand_over_is_reached_too(office, water):
    item = office.items[1]
    office.publish_change({**adjust(item, "2026-12-01", office.traffic, "authority"), "outcome": "transfer"})
    refused(office.draft, adjust(item, TODAY, 3), actor=water)
    office.draft(adjust(item, TODAY, 3, until="2026-12-01"), actor=water)
    office.draft({"outcome": "retain", "subject": item, "effective_from": TODAY}, actor=water)


def test_taking_an_old_decision_out_reaches_as_far(office, water, item):
    void = {"outcome": "void", "act": office.acts(item)[1], "ground": "error", "reason": "录错"}
    refused(office.draft, void, actor=water)
    changeset = office.submitted(void)
    refused(act, office, drafts.approve, water, changeset)
    unreviewed = office.draft(void).id
    act(office, publishing.publish, office.publisher, unreviewed, TODAY, emergency="急")
    refused(act, office, publishing.confirm, water, unreviewed)


def test_undoing_a_transfer_is_asked_of_both_sides(office, water, item):
    traffic = office.person("traffic", *RIGHTS, authority=office.traffic)
    void = {"outcome": "void", "act": office.acts(item)[-1], "ground": "error", "reason": "录错"}
    for one in (water, traffic):
        refused(office.draft, void, actor=one)


def test_what_is_asked_does_not_keep_anyone_from_giving_a_draft_up(office, water):
    """A hand-over that was published meanwhile does not lock the draft in."""
    item = office.items[0]
    changeset = office.submitted(adjust(item, TODAY, 3), actor=water)
    office.publish_change({**adjust(item, "2026-12-01", office.traffic, "authority"), "outcome": "transfer"})
    act(office, drafts.withdraw, water, changeset, "不要")
