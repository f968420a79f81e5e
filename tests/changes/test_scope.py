"""An account's scope is asked on every move of a changeset, not on writing it alone."""

from __future__ import annotations

import pytest
from registry import TODAY, adjust, item_content
from test_review import act, form

from app.changes import drafts, publishing
from app.errors import Forbidden, Stale

RIGHTS = ("edit", "review", "publish")


def out_of_scope(office, use_case, actor, changeset, *more, **named):
    with pytest.raises(Forbidden) as refusal:
        act(office, use_case, actor, changeset, *more, **named)
    assert refusal.value.code == "out-of-scope"


@pytest.fixture
def water(office):
    return office.person("water", *RIGHTS, authority=office.water)


@pytest.fixture
def traffic(office):
    return office.person("traffic", *RIGHTS, authority=office.traffic)


def test_what_is_not_yours_is_not_yours_to_withdraw_or_send_back(office, water, traffic):
    changeset = office.submitted(adjust(office.items[2], "2026-10-01", 5))
    out_of_scope(office, drafts.withdraw, water, changeset, "不要")
    out_of_scope(office, drafts.send_back, water, changeset, "不妥")
    assert office.changeset(changeset).state == "submitted"
    act(office, drafts.send_back, traffic, changeset, "不妥")
    act(office, drafts.withdraw, traffic, changeset, "不要")


def test_what_is_not_yours_is_not_replaced_by_what_is(office, water):
    changeset = office.draft(adjust(office.items[2], "2026-10-01", 5))
    mine = form(adjust(office.items[0], "2026-10-01", 5))
    out_of_scope(office, drafts.redraft, water, changeset.id, changeset.version, mine, TODAY)
    theirs = form(adjust(office.items[2], "2026-10-01", 5))
    changeset = office.draft(adjust(office.items[0], "2026-10-01", 5))
    out_of_scope(office, drafts.redraft, water, changeset.id, changeset.version, theirs, TODAY)


def test_an_emergency_is_confirmed_in_scope(office, water, traffic):
    changeset = office.draft(adjust(office.items[2], TODAY, 5)).id
    act(office, publishing.publish, office.publisher, changeset, TODAY, emergency="汛情")
    out_of_scope(office, publishing.confirm, water, changeset)
    act(office, publishing.confirm, traffic, changeset)


def test_a_voided_decision_is_in_scope_too(office, water, traffic):
    office.publish_change(adjust(office.items[2], "2026-10-01", 5))
    void = {"outcome": "void", "act": office.acts(office.items[2])[-1], "ground": "error", "reason": "录错"}
    changeset = office.submitted(void)
    out_of_scope(office, drafts.approve, water, changeset)
    out_of_scope(office, drafts.send_back, water, changeset, "不妥")
    office_wide = office.draft(void).id
    act(office, publishing.publish, office.publisher, office_wide, TODAY, emergency="急")
    out_of_scope(office, publishing.confirm, water, office_wide)
    act(office, publishing.confirm, traffic, office_wide)


def test_both_sides_of_a_transfer_are_asked(office, water, traffic):
    give = {**adjust(office.items[0], "2026-10-01", office.traffic, "authority"), "outcome": "transfer"}
    changeset = office.submitted(give)
    for one in (water, traffic):
        out_of_scope(office, drafts.approve, one, changeset)
        out_of_scope(office, drafts.send_back, one, changeset, "不妥")


def test_new_items_and_merged_ones_are_asked_by_their_content(office, water, traffic):
    new = {
        "outcome": "add",
        "effective_from": "2026-10-01",
        "content": item_content("新", office.traffic, office.district),
    }
    merged = {
        "outcome": "merge",
        "effective_from": "2026-10-01",
        "origins": [{"subject": office.items[0]}, {"subject": office.items[1]}],
        "results": [{"content": item_content("并", office.traffic, office.district)}],
    }
    for decision in (new, merged):
        changeset = office.submitted(decision)
        out_of_scope(office, drafts.send_back, water, changeset, "不妥")


def test_a_region_asks_too(office):
    town = office.person("town", *RIGHTS, region=office.town)
    district = office.person("district", *RIGHTS, region=office.district)
    changeset = office.submitted(adjust(office.items[0], "2026-10-01", 5))
    out_of_scope(office, drafts.withdraw, town, changeset)
    act(office, drafts.withdraw, district, changeset, "不再需要")


def test_what_the_registry_has_overtaken_can_still_be_sent_back(office, water):
    """Scope is asked, the rules are not: they would refuse a cancellation of what has been cancelled."""
    cancel = {
        "outcome": "cancel",
        "subject": office.items[0],
        "effective_from": "2026-10-01",
        "reason": "取消",
    }
    changeset = office.submitted(cancel)
    office.publish_change(cancel)
    act(office, drafts.send_back, water, changeset, "已取消")


def test_approval_goes_by_today_as_every_move_does(office, water):
    """A void of a plan is approved while it is one; scope does not ask as of the first day there is."""
    office.publish_change(adjust(office.items[0], "2026-10-01", 5))
    plan = office.acts(office.items[0])[-1]
    changeset = office.submitted({"outcome": "void", "act": plan, "ground": "withdrawn", "reason": "推迟"})
    act(office, drafts.approve, water, changeset)
    office.publish(changeset)


def test_a_void_rests_on_what_it_saw(office):
    """Between drafting a void and publishing it the item moved: nothing is published, both are shown."""
    item = office.items[0]
    office.publish_change(adjust(item, "2026-10-01", 5))
    waiting = office.approved(
        {"outcome": "void", "act": office.acts(item)[-1], "ground": "error", "reason": "录错"}
    )
    office.publish_change(adjust(item, "2026-11-01", 9))
    head = office.known()
    with pytest.raises(Stale) as refusal:
        office.publish(waiting)
    assert refusal.value.code == "base-moved"
    (compared,) = refusal.value.detail["comparisons"]
    assert (compared["decision"], compared["subject"], compared["day"]) == (1, item, "2026-10-01")
    assert compared["fields"] == [
        {"path": "promised_limit/value", "seen": 5, "now": 5, "yours": 20, "collides": False}
    ]
    assert office.known() == head
    assert office.changeset(waiting).state == "returned"


def test_a_void_of_several_subjects_rests_on_each(office):
    first, second, third = office.items
    merge = {"outcome": "merge", "effective_from": "2026-10-01", "reason": "合并"}
    merge |= {"origins": [{"subject": first}, {"subject": second}], "results": [{"subject": first}]}
    office.publish_change(merge)
    void = {"outcome": "void", "act": office.acts(second)[-1], "ground": "withdrawn", "reason": "推迟"}
    waiting, still = office.approved(void), office.approved(void)
    office.publish_change(adjust(third, "2026-10-01", 5))
    office.publish_change(adjust(first, "2026-12-01", 5))
    with pytest.raises(Stale) as refusal:
        office.publish(waiting)
    assert [c["subject"] for c in refusal.value.detail["comparisons"]] == [first]
    with pytest.raises(Stale):
        office.publish(still)


def test_a_place_is_not_moved_out_of_ones_own_region(office):
    """A region lies where the decision puts it, on the day it does."""
    late = {"timing": "late_entry", "reason": "补录"}
    found = {"kind": "region", "outcome": "found", "effective_from": "2020-01-01", **late}
    office.publish_change({**found, "content": {"name": "别区", "level": "4"}})
    other = office.scalars("SELECT subject_id FROM timeline WHERE name = '别区'")[0]
    move = {**adjust(office.town, "2026-10-01", other, "parent"), "kind": "region"}
    changeset = office.submitted(move)
    for region in (office.district, other):
        one = office.person(region, *RIGHTS, region=region)
        with pytest.raises(Forbidden) as refusal:
            office.draft(move, actor=one)
        assert refusal.value.code == "out-of-scope"
        out_of_scope(office, drafts.approve, one, changeset)
        rename = {
            **adjust(office.town, "2026-10-01", "协兴街道", "name"),
            "kind": "region",
            "outcome": "rename",
        }
        if region == office.district:
            office.draft(rename, actor=one)
            office.draft(
                {**found, "content": {"name": "新村", "level": "6", "parent": office.town}}, actor=one
            )
