"""What has ended stays ended: a decision of a later day does not bring it back."""

from __future__ import annotations

import pytest
from registry import item_content

from app.errors import Invalid, Refused

CANCELLED, SUSPENDED, RESUMED, LATER = "2026-12-15", "2026-12-20", "2026-12-25", "2027-06-01"


def decide(outcome, item, day, **more):
    return {"outcome": outcome, "subject": item, "effective_from": day, **more}


def void(act):
    return {"outcome": "void", "act": act, "ground": "error", "reason": "不再需要"}


def refusal(office, *decisions):
    with pytest.raises((Refused, Invalid)) as refused:
        office.draft(*decisions)
    return refused.value


def paused(office):
    """An item with a published pause in days to come; its acts."""
    item = office.items[0]
    office.publish_change(decide("suspend", item, SUSPENDED))
    office.publish_change(decide("resume", item, RESUMED))
    return item, office.acts(item)[-2:]


def test_a_cancelled_item_is_not_brought_back_by_a_later_pause(office):
    item, (suspended, resumed) = paused(office)
    cancel = decide("cancel", item, CANCELLED)
    error = refusal(office, cancel)
    assert (error.code, error.detail["act"], error.detail["on"]) == (
        "later-decision-revives",
        suspended,
        SUSPENDED,
    )
    for word in ("取水许可1", CANCELLED, f"序号 {suspended}", "暂停", SUSPENDED, "撤除"):
        assert word in error.message
    assert refusal(office, cancel, void(suspended)).detail["act"] == resumed
    office.publish_change(cancel, void(resumed), void(suspended))
    assert [office.on(item, day).status for day in (CANCELLED, RESUMED, LATER)] == ["ended"] * 3
    office.assert_sound()


def test_ended_after_the_pause_it_stays_ended(office):
    item, _ = paused(office)
    office.publish_change(decide("cancel", item, "2026-12-26"))
    assert office.on(item, LATER).status == "ended"
    office.assert_sound()


def test_a_later_pause_of_the_same_changeset_is_named_by_its_place(office):
    item = office.items[0]
    error = refusal(office, decide("suspend", item, SUSPENDED), decide("cancel", item, CANCELLED))
    assert (error.code, error.detail["decision"]) == ("later-decision-revives", 1)
    assert "第 1 项决定" in error.message


def test_a_merger_that_ends_an_item_is_asked_the_same(office):
    item, (suspended, _) = paused(office)
    merge = {
        "outcome": "merge",
        "effective_from": CANCELLED,
        "origins": [{"subject": item}, {"subject": office.items[1]}],
        "results": [{"subject": office.items[1]}],
    }
    error = refusal(office, merge)
    assert (error.code, error.detail["act"]) == ("later-decision-revives", suspended)


def test_a_void_that_takes_a_renewal_out_uncovers_no_pause_after_it(office):
    """The delegation would have run out, and the pause would make it stand again."""
    lender = office.items[0]
    content = item_content("受托取水许可", office.traffic, office.district, power_source="6")
    lend = {"outcome": "entrust", "subject": lender}
    office.publish_change(
        {**lend, "effective_from": "2026-10-01", "until": "2026-12-01", "results": [{"content": content}]}
    )
    (lent,) = office.scalars(f"SELECT successor FROM lineage WHERE origin = '{lender}'")
    office.publish_change(
        {**lend, "effective_from": "2027-01-01", "until": "2027-12-31", "results": [{"subject": lent}]}
    )
    renewal = office.acts(lent)[-1]
    assert [office.on(lent, day).status for day in ("2026-12-15", LATER)] == ["ended", "in_force"]
    office.publish_change(decide("suspend", lent, LATER))
    pause = office.acts(lent)[-1]
    error = refusal(office, void(renewal))
    assert (error.code, error.detail["act"]) == ("later-decision-revives", pause)
    office.publish_change(void(renewal), void(pause))
    assert office.on(lent, LATER).status == "ended"
    office.assert_sound()
