"""Voids: 误录 and 撤销、推迟; what depends, what is too late, what is never done twice."""

from __future__ import annotations

import pytest
from registry import TODAY, adjust, item_content

from app.errors import Invalid, Refused


def void(act, ground="error", **more):
    return {"outcome": "void", "act": act, "ground": ground, "reason": "录入有误", **more}


def refused(office, *decisions, **asked):
    with pytest.raises((Refused, Invalid)) as refusal:
        office.draft(*decisions, **asked)
    return refusal.value.code


def test_a_withdrawn_plan_leaves_no_trace_in_the_days_to_come(office):
    item = office.items[0]
    before, known = office.days(item), office.known()
    office.publish_change(adjust(item, "2026-12-01", 5, until="2027-01-01"))
    planned = office.known()
    assert len(office.days(item)) == len(before) + 2
    office.publish_change(void(office.acts(item)[-1], "withdrawn"))
    assert office.days(item) == before
    assert office.on(item, "2026-12-15").document()["promised_limit"]["value"] == 20
    assert office.on(item, "2026-12-15", str(planned.seq)).document()["promised_limit"]["value"] == 5
    assert office.on(item, "2026-12-15", str(known.seq)).document()["promised_limit"]["value"] == 20
    office.assert_sound()


def test_what_was_decided_meanwhile_stays(office):
    item = office.items[0]
    office.publish_change(adjust(item, "2026-10-01", 5))
    wrong = office.acts(item)[-1]
    office.publish_change(adjust(item, "2026-11-01", "01234", "consult_phone"))
    office.publish_change(void(wrong))
    october, november = office.on(item, "2026-10-15").document(), office.on(item, "2026-11-15").document()
    assert october["promised_limit"]["value"] == november["promised_limit"]["value"] == 20
    assert "consult_phone" not in october
    assert november["consult_phone"] == "01234"
    office.assert_sound()


def test_only_an_error_is_voided_after_its_day(office):
    item = office.items[0]
    office.publish_change(adjust(item, TODAY, 5))
    act = office.acts(item)[-1]
    assert refused(office, void(act, "withdrawn")) == "already-effective"
    office.publish_change(adjust(item, "2026-09-29", 6))
    planned = office.acts(item)[-1]
    office.draft(void(planned, "withdrawn"))
    assert refused(office, void(planned, "withdrawn"), today="2026-09-29") == "already-effective"
    office.publish_change(void(act, "error"))


def test_never_twice(office):
    item = office.items[0]
    office.publish_change(adjust(item, "2026-10-01", 5))
    act = office.acts(item)[-1]
    assert refused(office, void(act), void(act)) == "already-void"
    first, second = office.approved(void(act)), office.approved(void(act))
    office.publish(first)
    assert refused(office, void(act)) == "already-void"
    with pytest.raises(Refused) as refusal:
        office.publish(second)
    assert refusal.value.code == "already-void"
    assert office.count("void") == 1


def test_a_void_says_why_and_of_what(office):
    act = office.acts(office.items[0])[0]
    assert refused(office, {"outcome": "void", "act": act, "ground": "error"}) == "reason-needed"
    assert refused(office, {"outcome": "void", "act": act}) == "void-incomplete"
    assert refused(office, {"outcome": "void", "ground": "error"}) == "void-incomplete"
    assert refused(office, void(10**6)) == "unknown-act"


def test_a_creation_is_not_voided_under_what_builds_on_it(office):
    item = office.items[0]
    office.publish_change(adjust(item, "2026-10-01", 5))
    creation, change = office.acts(item)
    assert refused(office, void(creation)) == "void-has-dependents"
    office.publish_change(void(change), void(creation))
    assert office.on(item, "2026-10-15").status == "not_yet"
    assert office.on(item, "2020-01-01").status == "not_yet"
    assert office.on(item, "2026-10-15").codes == []
    office.assert_sound()


@pytest.mark.parametrize("outcome", ["adjust", "retain", "cancel", "merge", "split"])
def test_nothing_of_the_same_changeset_builds_on_what_it_unmakes(office, outcome):
    """Wherever it is written: what never was would end another by a merger, or be counted as cancelled."""
    item, other, _ = office.items
    creation = office.acts(item)[0]
    new = [{"content": item_content(f"新{n}", office.water, office.district)} for n in (1, 2)]
    one = {"outcome": outcome, "effective_from": "2026-10-01"}
    built = {
        "adjust": adjust(item, "2026-10-01", 5),
        "merge": {**one, "origins": [{"subject": item}, {"subject": other}], "results": new[:1]},
        "split": {**one, "origins": [{"subject": item}], "results": new},
    }.get(outcome, {**one, "subject": item})
    assert refused(office, built, void(creation)) == "void-has-dependents"
    with pytest.raises((Refused, Invalid)):
        office.draft(void(creation), built)


def test_what_is_made_anew_too_late_carries_nothing(office):
    item = office.items[0]
    again = {
        "outcome": "add",
        "subject": item,
        "content": item_content("取水许可1", office.water, office.district),
        "effective_from": "2026-11-01",
    }
    unmade = void(office.acts(item)[0])
    assert refused(office, adjust(item, "2026-10-01", 5), unmade, again) == "void-has-dependents"


def test_a_voided_creation_may_be_entered_again(office):
    """The same id, and no attested start this time: the days before are not yet, no longer unknown."""
    item = office.items[0]
    content = item_content("取水许可1", office.water, office.district)
    again = {"outcome": "add", "subject": item, "content": content, "effective_from": "2024-01-01"}
    again |= {"timing": "correction", "reason": "有施行日期"}
    office.publish_change(void(office.acts(item)[0]), again)
    assert office.on(item, "2023-12-31").status == "not_yet"
    assert office.on(item, "2024-01-01").document()["name"] == "取水许可1"
    office.assert_sound()


def test_an_authority_is_not_voided_while_an_item_is_its(office):
    founded = office.acts(office.traffic)[0]
    assert refused(office, void(founded)) == "void-is-referred-to"
    only_item = office.acts(office.items[2])[0]
    office.publish_change(void(only_item), void(founded))
    assert office.on(office.traffic, TODAY).status == "not_yet"
    content = item_content("新", office.traffic, office.district)
    assert (
        refused(office, {"outcome": "add", "effective_from": TODAY, "content": content})
        == "unknown-reference"
    )
    office.assert_sound()


def test_the_same_changeset_may_not_refer_to_what_it_voids(office):
    void_item, void_authority = void(office.acts(office.items[2])[0]), void(office.acts(office.traffic)[0])
    content = item_content("新", office.traffic, office.district)
    new = {"outcome": "add", "effective_from": TODAY, "content": content}
    assert refused(office, void_item, void_authority, new) == "void-is-referred-to"


def test_a_voided_merger_takes_its_lineage_along(office):
    first, second, _ = office.items
    office.publish_change(
        {
            "outcome": "merge",
            "effective_from": "2026-10-01",
            "origins": [{"subject": first}, {"subject": second}],
            "results": [{"subject": first}],
        }
    )
    assert office.kin(first) == ([second], [])
    assert office.on(second, "2026-10-01").status == "ended"
    office.publish_change(void(office.acts(second)[-1], "withdrawn"))
    assert office.kin(first) == ([], [])
    assert office.on(second, "2026-10-01").status == "in_force"
    office.assert_sound()


@pytest.mark.parametrize("together", [False, True])
def test_a_key_of_what_was_taken_out_is_not_given_again(office, together):
    """Whoever read the publication has it for that element."""
    item = office.items[0]

    def added(key):
        change = {"op": "add", "path": "materials", "value": {"key": key, "name": "健康证明"}}
        return {"outcome": "adjust", "subject": item, "effective_from": "2026-10-01", "changes": [change]}

    office.publish_change(added("m3"))
    taken_out = void(office.acts(item)[-1])
    if not together:
        office.publish_change(taken_out)
    first = [taken_out] if together else []
    assert refused(office, *first, added("m3")) == "key-used"
    office.publish_change(*first, added("m4"))
    materials = office.on(item, "2026-10-01").document()["materials"]
    assert [one["key"] for one in materials] == ["m1", "m2", "m4"]
