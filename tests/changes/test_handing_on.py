"""Devolve and receive, entrust, narrow, merge and split of many: through the registry, day by day."""

from __future__ import annotations

import pytest
from handing import DAY, LATEST, make_province
from registry import TODAY, adjust, item_content

from app.db import run_by
from app.errors import Invalid, Refused
from app.versions.lineage import chain


@pytest.fixture
def province(office):
    return make_province(office)


def refused(province, *decisions, **asked):
    with pytest.raises((Refused, Invalid)) as refusal:
        province.office.draft(*decisions, **asked)
    assert refusal.value.message.endswith("。")
    return refusal.value.code


def void(act, ground="error"):
    return {"outcome": "void", "act": act, "ground": ground, "reason": "录入有误"}


# --- devolve ---------------------------------------------------------------------------------------------------


def test_without_a_transition_it_ends_on_its_day(province):
    province.office.publish_change(province.devolve())
    assert province.status("2026-09-30", DAY) == ["in_force", "ended"]
    province.office.publish_change(province.accept(0, "2026-11-01"))
    (item,) = province.made()
    assert province.office.on(item, "2026-11-01").status == "in_force"
    assert province.office.kin(province.item) == ([], [item])
    assert province.lost("2026-12-01") == set(), "it ended as a whole"
    province.assert_sound()


def test_with_a_transition_each_place_goes_by_its_acceptance_and_the_last_ends_it(province):
    office = province.office
    office.publish_change(province.devolve(transition_until=LATEST))
    assert province.status(DAY, "2026-12-31", LATEST) == ["in_force", "in_force", "ended"]
    office.publish_change(province.accept(0, "2026-11-01"))
    assert province.lost("2026-10-31") == set()
    assert province.lost("2026-11-01") == {"c0"}
    office.publish_change(province.accept(1, "2026-12-01"))
    assert province.status("2026-12-01", "2026-12-31", LATEST) == ["in_force", "in_force", "ended"]
    office.publish_change(province.accept(2, "2026-11-15"))
    assert province.lost("2026-11-15") == {"c0", "c2"}
    assert province.status("2026-11-30", "2026-12-01") == ["in_force", "ended"], (
        "the last day, not the last entry"
    )
    assert province.lost("2026-12-01") == {"c0", "c1", "c2"}
    assert len(office.kin(province.item)[1]) == 3
    province.assert_sound()


def test_a_late_acceptance_starts_the_item_and_leaves_the_origin_alone(province):
    office = province.office
    office.publish_change(province.devolve(transition_until=LATEST))
    before = office.days(province.item)
    office.publish_change(province.accept(0, "2027-02-01"))
    (item,) = province.made()
    assert [office.on(item, day).status for day in ("2027-01-31", "2027-02-01")] == ["not_yet", "in_force"]
    assert office.days(province.item) == before
    assert office.kin(item) == ([province.item], [])
    province.assert_sound()


def test_voiding_an_acceptance_takes_the_end_back(province):
    """Whichever was entered last: what ends the origin is that all are there, not the entry that came last."""
    office = province.office
    office.publish_change(province.devolve(0, 1, transition_until=LATEST))
    office.publish_change(province.accept(0, "2026-11-01"))
    first = province.last_act()
    office.publish_change(province.accept(1, "2026-11-15"))
    assert province.status("2026-11-15") == ["ended"]
    office.publish_change(void(first, "withdrawn"))
    assert province.status("2026-11-15", "2026-12-31", LATEST) == ["in_force", "in_force", "ended"]
    assert province.lost("2026-11-20") == {"c1"}
    office.publish_change(province.accept(0, "2026-12-01"))
    assert province.status("2026-11-30", "2026-12-01") == ["in_force", "ended"]
    province.assert_sound()


def test_accepted_in_the_same_changeset(province):
    accept = province.accept(1, "2026-10-20", accepts=[{"decision": 1, "receiver": "c1"}])
    province.office.publish_change(province.devolve(0, 1, transition_until=LATEST), accept)
    assert province.lost("2026-10-20") == {"c1"}
    act = province.last_devolve()
    assert province.office.scalars(f"SELECT duty_key FROM fulfilment WHERE duty_act = {act}") == ["c1"]
    province.assert_sound()


def test_one_receive_of_several_devolves(province):
    """From n items above, one below: the origins of 86 that become 31."""
    office = province.office
    other = office.publish_change(
        {"outcome": "add", "effective_from": TODAY}
        | {"content": item_content("取水许可变更", province.municipal, province.city)}
    ).subjects[0]
    office.publish_change(
        province.devolve(0, 1, transition_until=LATEST),
        province.devolve(0, 1, transition_until=LATEST) | {"subject": other},
    )
    acts = office.scalars("SELECT DISTINCT act FROM decision WHERE outcome = 'devolve' ORDER BY act")
    office.publish_change(
        province.accept(0, "2026-11-01", accepts=[{"act": act} for act in acts])
        | {"outside": [{"name": "省级取水许可", "code": "S1", "document": "甲政发〔2026〕1号"}]}
    )
    (item,) = province.made()
    assert office.kin(item)[0] == [province.item, other]
    assert province.lost("2026-11-01") == {"c0"}
    assert len(office.on(other, "2026-11-01").document()["excluded"]) == 1
    province.assert_sound()


def test_every_place_below_at_once(province):
    office = province.office
    office.publish_change(
        province.devolve() | {"receivers": [{"below": province.city}], "transition_until": LATEST}
    )
    office.publish_change(province.accept(2, "2026-11-01"))
    assert province.lost("2026-11-01") == {"c2"}


@pytest.mark.parametrize("transition", [{}, {"transition_until": LATEST}])
def test_an_organ_accepts_and_so_does_the_one_that_followed_it(province, transition):
    office = province.office
    receivers = [{"key": f"c{i}", "authority": province.organs[i]} for i in (0, 1)]
    office.publish_change(province.devolve(**transition) | {"receivers": receivers})
    merged = {"kind": "authority", "outcome": "merge", "effective_from": "2026-10-15"}
    merged |= {"origins": [{"subject": organ} for organ in province.organs[1:]]}
    merged |= {"results": [{"content": {"name": "合并后的局", "region": province.counties[1]}, "ref": "n"}]}
    office.publish_change(merged)
    (new,) = office.kin(province.organs[1])[1]
    accept = province.accept(1, "2026-11-01", accepts=[{"act": province.last_devolve(), "receiver": "c1"}])
    office.publish_change(
        accept | {"results": [{"content": item_content("承接的", new, province.counties[1])}]}
    )
    wrong = accept | {"accepts": [{"act": province.last_devolve(), "receiver": "c0"}]}
    assert refused(province, wrong) == "not-the-receiver"


def test_what_an_acceptance_may_not_do(province):
    office = province.office
    office.publish_change(province.devolve(0, 1, transition_until=LATEST))
    act = province.last_devolve()
    assert refused(province, province.accept(0, TODAY)) == "accepted-too-early"
    assert refused(province, province.accept(2, DAY)) == "unknown-receiver"
    assert (
        refused(province, province.accept(0, DAY, accepts=[{"act": act, "receiver": "c1"}]))
        == "not-the-receiver"
    )
    assert (
        refused(province, province.accept(0, DAY, accepts=[{"act": act, "receiver": "x"}]))
        == "unknown-receiver"
    )
    assert refused(province, province.accept(0, DAY, accepts=[{"act": 10**6}])) == "unknown-act"
    assert refused(province, province.accept(0, DAY, accepts=[{"receiver": "c0"}])) == "acceptance-incomplete"
    assert refused(province, province.accept(0, DAY, accepts=[{"decision": 1}])) == "accepts-later"
    some = office.acts(office.items[0])[0]
    assert refused(province, province.accept(0, DAY, accepts=[{"act": some}])) == "not-a-devolve"
    assert refused(province, province.accept(0, DAY), province.accept(0, DAY)) == "already-accepted"
    office.publish_change(province.accept(0, DAY))
    assert refused(province, province.accept(0, "2026-10-02")) == "already-accepted"
    assert refused(province, void(act, "withdrawn"), province.accept(1, DAY)) == "devolve-voided"


@pytest.mark.parametrize("outcome", ["devolve", "narrow"])
def test_a_place_does_not_take_over_what_stays_with_the_organ_that_gave_it_up(province, outcome):
    office = province.office
    office.publish_change(province.devolve(0, 1) | {"outcome": outcome})

    def held_by(organ, county=0):
        content = item_content("承接的取水许可", organ, province.counties[county])
        return province.accept(county, DAY, results=[{"content": content}])

    assert refused(province, held_by(province.municipal)) == "stays-with-giver"
    office.publish_change(held_by(province.provincial))  # an organ of the province may stand for the county
    merged = {"kind": "authority", "outcome": "merge", "effective_from": DAY, "carry_items": True}
    merged |= {"origins": [{"subject": organ} for organ in (province.municipal, province.organs[2])]}
    office.publish_change(merged | {"results": [{"content": {"name": "新局", "region": province.city}}]})
    (followed,) = office.kin(province.municipal)[1]
    assert refused(province, held_by(followed, 1)) == "stays-with-giver"
    office.publish_change(held_by(province.organs[1], 1))
    province.assert_sound()


def test_an_organ_of_the_place_goes_on_with_what_it_held_for_the_city(province):
    office = province.office
    added = {"outcome": "add", "effective_from": TODAY}
    mine = office.publish_change(
        added | {"content": item_content("代办的许可", province.organs[0], province.city)}
    ).subjects[0]
    office.publish_change(province.devolve(0) | {"subject": mine})
    office.publish_change(province.accept(0, DAY))
    assert office.on(province.made()[0], DAY).document()["authority"] == province.organs[0]


def test_who_is_named_in_words_alone_takes_over_for_its_own_place(province):
    office = province.office
    office.publish_change(province.devolve() | {"receivers": [{"key": "w", "words": "县级水利部门"}]})
    content = item_content("承接的取水许可", province.municipal, province.counties[0])
    assert refused(province, province.accept(0, DAY, results=[{"content": content}])) == "stays-with-giver"
    office.publish_change(province.accept(0, DAY))


def test_which_receiver_is_asked_where_several_fit(province):
    receivers = [{"key": "a", "region": province.counties[0], "words": "取水"}]
    receivers += [{"key": "b", "region": province.counties[0], "words": "排水"}]
    province.office.publish_change(province.devolve() | {"receivers": receivers})
    assert refused(province, province.accept(0, DAY)) == "which-receiver"
    province.office.publish_change(
        province.accept(0, DAY, accepts=[{"act": province.last_devolve(), "receiver": "b"}])
    )


def test_a_devolve_is_not_voided_under_its_acceptances(province):
    office = province.office
    office.publish_change(province.devolve(0, transition_until=LATEST))
    act = province.last_devolve()
    office.publish_change(province.accept(0, "2026-11-01"))
    accepted = province.last_act()
    assert refused(province, void(act, "withdrawn")) == "void-has-acceptances"
    office.publish_change(void(act, "withdrawn"), void(accepted, "withdrawn"))
    assert province.status(LATEST) == ["in_force"]
    assert office.kin(province.item) == ([], [])
    assert "excluded" not in office.on(province.item, LATEST).document()
    province.assert_sound()


def test_a_voided_acceptance_may_be_given_again_in_the_same_changeset(province):
    office = province.office
    office.publish_change(province.devolve(0, 1, transition_until=LATEST))
    office.publish_change(province.accept(0, "2026-11-01"))
    office.publish_change(void(province.last_act()), province.accept(0, "2026-11-05"))
    assert province.lost("2026-11-04") == set()
    assert province.lost("2026-11-05") == {"c0"}
    province.assert_sound()


def test_a_receiver_key_is_never_used_twice(province):
    office = province.office
    office.publish_change(province.devolve(0, 1, transition_until=LATEST))
    office.publish_change(province.accept(0, "2026-10-10"))
    office.publish_change(void(province.last_devolve(), "withdrawn"), void(province.last_act(), "withdrawn"))
    office.publish_change(province.devolve(0, 1, transition_until=LATEST))
    office.publish_change(province.accept(0, "2026-10-10"))
    again = province.devolve(0, effective_from="2026-10-11", transition_until=LATEST)
    assert refused(province, again) == "key-used", "or the place accepted before would count for it"


def test_two_counties_accept_at_once_and_neither_draft_goes_stale(province):
    office = province.office
    office.publish_change(province.devolve(0, 1, transition_until=LATEST))
    first = office.approved(province.accept(0, "2026-11-01"))
    second = office.approved(province.accept(1, "2026-11-02"))
    office.publish(first)
    office.publish(second)
    assert province.status("2026-11-01", "2026-11-02") == ["in_force", "ended"]


def test_a_county_accepts_by_itself_and_takes_it_back(province):
    office = province.office
    office.publish_change(province.devolve(0, 1, transition_until=LATEST))
    clerk = office.person("clerk", "edit", region=province.counties[0])
    office.publish_change(province.accept(0, "2026-11-01"), actor=clerk)
    assert province.lost("2026-11-01") == {"c0"}
    office.publish_change(void(province.last_act()), actor=clerk)
    assert province.lost("2026-11-01") == set()


# --- narrow ------------------------------------------------------------------------------------------------------


def narrow(province, **more):
    return {"outcome": "narrow", "subject": province.item, "effective_from": DAY, **more}


def test_narrow_gives_places_at_once_and_the_item_stands(province):
    office = province.office
    office.publish_change(narrow(province, receivers=province.devolve(0)["receivers"]))
    assert province.lost("2026-09-30") == set()
    assert province.lost(DAY) == {"c0"}
    office.publish_change(province.accept(0, "2026-12-01"))
    assert province.status(DAY, "2026-12-01") == ["in_force", "in_force"]
    province.assert_sound()


def test_narrow_with_a_transition_loses_a_place_by_acceptance_or_on_the_last_day(province):
    office = province.office
    office.publish_change(
        narrow(province, receivers=province.devolve(0, 1)["receivers"], transition_until=LATEST)
    )
    office.publish_change(province.accept(1, "2026-11-01"))
    assert [province.lost(day) for day in (DAY, "2026-11-01", "2026-12-31", LATEST)] == [
        set(),
        {"c1"},
        {"c1"},
        {"c0", "c1"},
    ]
    assert province.status(LATEST) == ["in_force"]
    province.assert_sound()


def test_narrow_splits_off_a_part_with_lineage(province):
    part = item_content("小型取水许可", province.municipal, province.city)
    change = {"op": "add", "path": "excluded", "value": {"key": "small", "words": "日取水量不足一百立方米的"}}
    province.office.publish_change(narrow(province, changes=[change], results=[{"content": part}]))
    (made,) = province.made()
    assert province.office.kin(made) == ([province.item], [])
    assert province.office.on(province.item, DAY).document()["excluded"] == [
        {"key": "small", "words": "日取水量不足一百立方米的"}
    ]


def place(key, **more):
    return {"op": "add", "path": "excluded", "value": {"key": key, "words": "另写的一部分", **more}}


def changed(province, *changes, day="2026-10-15"):
    decision = {"outcome": "adjust", "subject": province.item, "effective_from": day}
    return {**decision, "changes": list(changes)}


def test_a_place_leaves_by_its_own_outcome_and_no_acceptance_is_written_by_hand(province):
    """Adding what the receivers would accept ended the item while both acceptances stood open."""
    office = province.office
    assert refused(province, changed(province, place("k1"))) == "use-own-outcome"
    office.publish_change(province.devolve(0, 1, transition_until=LATEST))
    by_hand = [place(f"c{i}", region=province.counties[i]) for i in (0, 1)]
    assert refused(province, changed(province, *by_hand)) == "use-own-outcome"
    assert (
        refused(province, narrow(province, changes=by_hand) | {"effective_from": "2026-10-15"})
        == "place-awaited"
    )
    office.publish_change(province.accept(0, "2026-11-01"))
    back = changed(province, {"op": "remove", "path": "excluded/c0"}, day="2026-11-15")
    assert refused(province, back) == "place-awaited", "the item would stand on though all have accepted"
    words = {"op": "set", "path": "excluded/c0/words", "value": "取水许可"}
    office.publish_change(changed(province, words, day="2026-11-15"))
    office.publish_change(province.accept(1, "2026-12-01"))
    assert province.status("2026-11-30", "2026-12-01") == ["in_force", "ended"]
    province.assert_sound()


def test_no_place_is_taken_back_by_the_whole_list_while_one_is_waited_for(province):
    office = province.office
    office.publish_change(province.devolve(0, 1, transition_until=LATEST))
    office.publish_change(province.accept(0, "2026-11-01"))
    emptied = changed(province, {"op": "set", "path": "excluded", "value": None}, day="2026-11-15")
    assert refused(province, emptied) == "place-awaited"


def test_parts_are_put_in_order_and_the_last_one_taken_back_as_a_form_does(province):
    added = [{"op": "add", "path": "excluded", "value": {"key": key, "words": key}} for key in ("a", "b")]
    province.office.publish_change(narrow(province, changes=added))
    order = {"op": "order", "path": "excluded", "keys": ["b", "a"]}
    province.office.publish_change(changed(province, order, day="2026-10-15"))
    keys = [one["key"] for one in province.office.on(province.item, "2026-10-15").document()["excluded"]]
    assert keys == ["b", "a"]
    province.office.publish_change(
        changed(province, {"op": "set", "path": "excluded", "value": None}, day="2026-10-16")
    )
    assert "excluded" not in province.office.on(province.item, "2026-10-16").document()


def test_a_place_that_left_comes_back_once_nothing_waits_for_it(province):
    change = {"op": "add", "path": "excluded", "value": {"key": "small", "words": "小型的"}}
    province.office.publish_change(narrow(province, changes=[change]))
    province.office.publish_change(changed(province, {"op": "remove", "path": "excluded/small"}))
    assert province.office.on(province.item, "2026-10-15").document()["excluded"] == []


# --- entrust -------------------------------------------------------------------------------------------------------


def days_of(province, item):
    return [(day, status) for day, _, status in province.office.days(item)]


def test_an_entrusted_item_ends_on_its_expiry_and_the_origin_stands(province):
    office = province.office
    office.publish_change(province.entrust(0, until="2027-10-01"))
    (item,) = province.made()
    assert days_of(province, item) == [(DAY, "in_force"), ("2027-10-01", "ended")]
    assert office.days(province.item)[-1][2] == "in_force"
    assert office.kin(item) == ([province.item], [])
    province.assert_sound()


def renewal(province, item, day, until=None):
    body = {"outcome": "entrust", "subject": province.item, "effective_from": day}
    body |= {"results": [{"subject": item}]}
    return body | ({"until": until} if until else {})


def test_a_delegation_is_renewed_before_it_lapses_on_the_day_and_after(province):
    office = province.office
    office.publish_change(province.entrust(0, until="2027-10-01"))
    (item,) = province.made()
    office.publish_change(renewal(province, item, "2027-10-01", "2028-10-01"))
    assert days_of(province, item) == [(DAY, "in_force"), ("2028-10-01", "ended")]
    office.publish_change(renewal(province, item, "2028-11-01", "2029-10-01"))
    assert days_of(province, item) == [
        (DAY, "in_force"),
        ("2028-10-01", "ended"),
        ("2028-11-01", "in_force"),
        ("2029-10-01", "ended"),
    ]
    office.publish_change(renewal(province, item, "2029-09-01"))
    assert days_of(province, item)[-1] == ("2028-11-01", "in_force")
    assert office.kin(item) == ([province.item], [])
    province.assert_sound()


def test_what_may_not_be_renewed(province):
    office = province.office
    office.publish_change(province.entrust(0, until="2027-10-01"))
    (item,) = province.made()
    assert refused(province, renewal(province, office.items[0], DAY)) == "not-entrusted-here"
    office.publish_change({"outcome": "cancel", "subject": item, "effective_from": "2026-12-01"})
    assert refused(province, renewal(province, item, "2027-10-01")) == "wrong-status"


def test_a_delegation_without_an_end_stands_until_it_is_cancelled(province):
    province.office.publish_change(province.entrust(0))
    (item,) = province.made()
    assert days_of(province, item) == [(DAY, "in_force")]


# --- merge and split of many ----------------------------------------------------------------------------------------


def test_seven_become_three_with_lineage_as_said(province):
    office = province.office
    content = [item_content(f"旧{i}", province.municipal, province.city) for i in range(7)]
    office.publish_change(*({"outcome": "add", "effective_from": TODAY, "content": one} for one in content))
    old = office.scalars("SELECT id FROM subject WHERE kind = 'item' ORDER BY seq DESC LIMIT 7")[::-1]
    groups = [old[:2], old[2:5], old[5:]]
    results = [
        {"content": item_content(f"新{i}", province.municipal, province.city), "of": group}
        for i, group in enumerate(groups)
    ]
    office.publish_change(
        {"outcome": "merge", "effective_from": DAY, "origins": [{"subject": one} for one in old]}
        | {"results": results}
    )
    new = [office.kin(group[0])[1] for group in groups]
    assert [office.kin(one)[0] for (one,) in new] == groups
    assert {office.on(one, DAY).status for one in old} == {"ended"}
    province.assert_sound()


def test_chains_of_several_steps_are_walked_both_ways(province):
    office = province.office
    office.publish_change(province.devolve(0))
    office.publish_change(province.accept(0, "2026-10-10"))
    (received,) = province.made()
    split = {"outcome": "split", "effective_from": "2026-10-20", "origins": [{"subject": received}]}
    split |= {"results": [{"content": province.content(0, name)} for name in ("甲", "乙")]}
    office.publish_change(split)
    parts = province.made()
    office.publish_change(
        {"outcome": "merge", "effective_from": "2026-10-30", "origins": [{"subject": one} for one in parts]}
        | {"results": [{"content": province.content(0, "丙")}]}
    )
    (last,) = province.made()
    with office.database.reading() as session:
        run = run_by(session.connection())
        forward = chain(run, province.item, forward=True)
        back = chain(run, last, forward=False)
    assert [(one["step"], one["id"], one["via"]) for one in forward] == [
        (1, received, None),
        (2, parts[0], received),
        (2, parts[1], received),
        (3, last, parts[0]),
        (3, last, parts[1]),
    ]
    assert {one["id"] for one in back} == {received, province.item, *parts}
    province.assert_sound()


def test_a_later_decision_of_the_origin_does_not_hold_up_an_acceptance(province):
    office = province.office
    office.publish_change(province.devolve(0, transition_until=LATEST))
    office.publish_change({"outcome": "cancel", "subject": province.item, "effective_from": "2026-10-15"})
    before = office.days(province.item)
    office.publish_change(province.accept(0, "2026-11-01"))
    assert office.days(province.item) == before
    office.publish_change(adjust(office.items[0], DAY, 5))
    province.assert_sound()
