"""What decisions leave to be done: owed, done, overdue, by date alone; what is lost with a void comes back."""

from __future__ import annotations

import pytest
from handing import DAY, LATEST, make_province
from registry import TODAY

from app.auth.actor import Actor
from app.changes import duties as derived
from app.changes.owed import (
    Wanted,
    acceptances_of_round,
    duties,
    entrusting_item,
    law_waited_for,
    words_of,
)
from app.changes.owed_to import OwedTo
from app.errors import Invalid, Refused
from app.versions import queries


@pytest.fixture
def province(office):
    return make_province(office)


def owed(province, on=TODAY, **wanted):
    with province.office.database.reading() as session:
        return duties(session.connection(), Wanted(on=on, **wanted))


def states(province, on=TODAY, **wanted):
    return [(one["key"], one["state"]) for one in owed(province, on, **wanted)]


def round_on(province, changeset, on, known=None):
    with province.office.database.reading() as session:
        connection = session.connection()
        at = queries.known_at(connection, known)
        found = acceptances_of_round(connection, changeset, on, at)
    counted = {name: found[name] for name in ("owed", "open", "done", "overdue", "late", "gaps")}
    return counted, {one["region"] for one in found["acceptances"] if one["gap"]}


def void(act, ground="error"):
    return {"outcome": "void", "act": act, "ground": ground, "reason": "录入有误"}


def devolved_round(province, **more):
    changeset = province.office.approved(province.devolve(**more), kind="round", number="第一批")
    province.office.publish(changeset)
    return changeset


# --- acceptances ---------------------------------------------------------------------------------------------------


def test_the_acceptances_of_a_round_and_the_places_left_over(province):
    office = province.office
    changeset = devolved_round(province, transition_until=LATEST)
    before = office.known()
    office.publish_change(province.accept(0, "2026-11-01"))
    office.publish_change(province.accept(1, "2027-02-01"))
    assert round_on(province, changeset, DAY) == (
        {"owed": 3, "open": 3, "done": 0, "overdue": 0, "late": 0, "gaps": 0},
        set(),
    )
    assert round_on(province, changeset, "2026-11-01")[0]["done"] == 1
    assert round_on(province, changeset, LATEST) == (
        {"owed": 3, "open": 2, "done": 1, "overdue": 0, "late": 0, "gaps": 2},
        set(province.counties[1:]),
    )
    assert round_on(province, changeset, "2027-02-01") == (
        {"owed": 3, "open": 0, "done": 2, "overdue": 1, "late": 1, "gaps": 1},
        {province.counties[2]},
    )
    assert round_on(province, changeset, "2027-02-01", str(before.seq))[0]["overdue"] == 3, "as known before"


def test_an_acceptance_says_by_which_decision(province):
    devolved_round(province, transition_until=LATEST)
    province.office.publish_change(province.accept(1, "2026-11-01"))
    rows = {row["key"]: row for row in owed(province, "2026-12-01")}
    (item,) = province.made()
    assert rows["c1"]["done"] == {"decision": province.last_act(), "on": "2026-11-01", "subject": item}
    assert (rows["c0"]["done"], rows["c0"]["due"], rows["c0"]["lost_from"]) == (None, LATEST, LATEST)
    assert rows["c1"]["subject"] == province.item
    assert rows["c1"]["region"] == province.counties[1]


def test_a_voided_acceptance_is_owed_again_and_a_voided_devolve_owes_nothing(province):
    office = province.office
    devolved_round(province, transition_until=LATEST)
    office.publish_change(province.accept(0, "2026-11-01"))
    accepted = province.last_act()
    assert ("c0", "done") in states(province, "2026-12-01")
    office.publish_change(void(accepted))
    assert ("c0", "open") in states(province, "2026-12-01")
    office.publish_change(void(province.last_devolve(), "withdrawn"))
    assert states(province, "2026-12-01") == []
    province.assert_sound()


def test_an_acceptance_may_be_due_in_working_days(province):
    """20 working days after 2026-10-01, by Monday to Friday: no arrangement for 2026 is entered here."""
    receivers = [{"key": "c0", "region": province.counties[0], "working_days": 20}]
    province.office.publish_change(province.devolve() | {"receivers": receivers})
    (row,) = owed(province, DAY)
    assert (row["due"], row["provisional"], row["state"], row["gap"]) == ("2026-10-29", True, "open", True)
    holidays = {"year": 2026, "days_off": ["2026-10-02", "2026-10-05"], "make_up": []}
    province.office.publish_change(
        {"kind": "calendar", "outcome": "set", "effective_from": TODAY, "content": holidays}
    )
    (row,) = owed(province, "2026-11-02")
    assert (row["due"], row["provisional"], row["state"]) == ("2026-11-02", False, "open")
    assert states(province, "2026-11-03") == [("c0", "overdue")]


# --- follow-up duties ----------------------------------------------------------------------------------------------


def cancelled(province, **more):
    duty = {"key": "rules", "what": "制定监管细则", "owner": province.municipal, "due": "2026-10-29"}
    body = {"outcome": "cancel", "subject": province.item, "effective_from": DAY, "duties": [duty]}
    return body | more


def rules(act, day, duty="rules", **more):
    body = {"kind": "instrument", "outcome": "enact", "effective_from": day, "content": {"title": "监管细则"}}
    return body | {"fulfils": [{"act": act, "duty": duty}]} | more


def test_a_follow_up_duty_is_done_by_the_decision_that_names_it(province):
    office = province.office
    office.publish_change(cancelled(province))
    act = province.last_act()
    assert states(province, "2026-10-29") == [("rules", "open")]
    assert states(province, "2026-10-30") == [("rules", "overdue")]
    office.publish_change(rules(act, "2026-11-05"))
    assert states(province, "2026-11-04") == [("rules", "overdue")]
    (row,) = owed(province, "2026-11-05")
    assert (row["state"], row["late"], row["authority"]) == ("done", True, province.municipal)
    assert row["done"]["decision"] == province.last_act()
    province.assert_sound()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"duty": "other"}, "unknown-duty"),
        ({"act": 10**6}, "unknown-duty"),
        ({"day": "2026-09-30"}, "fulfilled-too-early"),
    ],
)
def test_what_does_not_fulfil_a_duty(province, more, code):
    province.office.publish_change(cancelled(province))
    asked = {"act": province.last_act(), "day": "2026-10-20"} | more
    with pytest.raises((Invalid, Refused)) as refusal:
        province.office.draft(rules(**asked))
    assert refusal.value.code == code


def test_a_duty_is_fulfilled_once_and_in_its_own_way(province):
    office = province.office
    office.publish_change(cancelled(province))
    act = province.last_act()
    office.publish_change(rules(act, "2026-10-20"))
    with pytest.raises(Refused) as refusal:
        office.draft(rules(act, "2026-10-21"))
    assert refusal.value.code == "already-fulfilled"
    office.publish_change(void(province.last_act()))
    office.draft(rules(act, "2026-10-21"))
    other = {"outcome": "narrow", "subject": office.items[0], "effective_from": DAY}
    office.publish_change(other | {"receivers": [{"key": "c0", "region": office.town}]})
    with pytest.raises(Invalid) as wrong:
        office.draft(rules(province.last_act(), "2026-10-20", "c0"))
    assert wrong.value.code == "fulfilled-otherwise"


# --- delegations ----------------------------------------------------------------------------------------------------


def test_delegations_come_back_before_they_run_out(province):
    office = province.office
    office.publish_change(province.entrust(0, until="2027-10-01"))
    (item,) = province.made()
    assert owed(province, "2027-08-01", kinds=frozenset({"expiry"}), due_within=30) == []
    (row,) = owed(province, "2027-08-01", kinds=frozenset({"expiry"}), due_within=61)
    assert (row["subject"], row["due"], row["state"]) == (item, "2027-10-01", "open")
    assert (row["authority"], row["region"]) == (province.organs[0], province.counties[0])
    assert states(province, "2027-10-01") == [(item, "overdue")]
    renewed = {"outcome": "entrust", "subject": province.item, "effective_from": "2027-10-01"}
    office.publish_change(renewed | {"results": [{"subject": item}], "until": "2028-10-01"})
    assert states(province, "2027-08-01") == [(item, "done"), (item, "open")]
    assert owed(province, "2027-08-01", due_within=61) == []
    province.assert_sound()


def test_a_delegation_that_ended_before_its_day_is_not_expected_to_run_out(province):
    office = province.office
    office.publish_change(province.entrust(0, until="2027-10-01"))
    (item,) = province.made()
    office.publish_change({"outcome": "cancel", "subject": item, "effective_from": "2027-01-01"})
    assert states(province, "2027-08-01") == [(item, "done")]


# --- what waits for a law -------------------------------------------------------------------------------------------


def test_what_waits_for_a_law_is_retained_and_tracked(province):
    office = province.office
    law = office.publish_change(
        {"kind": "instrument", "outcome": "enact", "effective_from": TODAY, "content": {"title": "取水法"}}
    ).subjects[0]
    waits = {"outcome": "retain", "subject": province.item, "effective_from": DAY}
    waits |= {
        "pending_law": {"outcome": "cancel", "instruments": [law], "words": "建议取消，待修改《取水法》"}
    }
    revisions = office.count("revision")
    office.publish_change(waits)
    assert office.count("revision") == revisions
    (row,) = owed(province, "2026-12-01", kinds=frozenset({"pending_law"}))
    assert (row["state"], row["due"], row["words"]) == ("open", None, "建议取消，待修改《取水法》")
    cancel = {"outcome": "cancel", "subject": province.item, "effective_from": "2027-03-01"}
    office.publish_change(cancel)
    assert states(province, "2027-02-28") == [("law", "open")]
    assert states(province, "2027-03-01") == [("law", "done")]


# --- whose ------------------------------------------------------------------------------------------------------------


def held(province, on=TODAY, **scope):
    actor = Actor(1, "某账号", frozenset({"edit"}), **scope)
    with province.office.database.reading() as session:
        found = OwedTo(session.connection(), actor, on).among(duties(session.connection(), Wanted(on=on)))
    return [one["kind"] for one in found]


def test_a_delegation_is_of_both_organs_and_what_names_nobody_of_the_organ_of_its_item(province):
    office = province.office
    entrust = province.entrust(0, until="2027-10-01")
    waits = {"outcome": "retain", "subject": province.item, "effective_from": DAY}
    waits |= {
        "pending_law": {"outcome": "cancel", "words": "待修法"},
        "duties": [{"key": "k", "what": "评估"}],
    }
    office.publish_change(entrust, waits)
    every = ["expiry", "follow_up", "pending_law"]
    assert sorted(held(province, DAY, authority=province.municipal)) == every
    assert sorted(held(province, DAY, region=province.city)) == every
    assert held(province, DAY, authority=province.organs[0]) == ["expiry"]
    assert held(province, DAY, authority=province.organs[1]) == []
    assert sorted(held(province, DAY)) == every
    with office.database.reading() as session:
        connection = session.connection()
        entrusting = next(one for one in duties(connection, Wanted(on=DAY)) if one["kind"] == "expiry")
        act = province.last_act()
        assert entrusting_item(connection, entrusting["decision"]) == province.item
        assert law_waited_for(connection, act)["outcome"] == "cancel"
        assert words_of(connection, [act]) == {
            (act, "k"): ("follow_up", "评估"),
            (act, "law"): ("pending_law", "待修法"),
        }


# --- derived ---------------------------------------------------------------------------------------------------------


def test_filters_by_owner_place_state_and_kind(province):
    office = province.office
    devolved_round(province, transition_until=LATEST)
    office.publish_change(cancelled(province, subject=office.items[0]))
    assert states(province, owner=province.municipal) == [("rules", "open")]
    assert states(province, regions=frozenset(province.counties[:1])) == [("c0", "open")]
    assert states(province, "2027-06-01", states=frozenset({"done"})) == []
    assert len(owed(province, subject=province.item)) == 3
    rows = owed(province)
    with office.database.reading() as session:
        page = duties(session.connection(), Wanted(on=TODAY), (rows[1]["decision"], rows[1]["key"]), 1)
    assert [row["key"] for row in page] == [rows[2]["key"]]


def test_duties_are_derived_again_from_what_is_published(province, monkeypatch):
    office = province.office
    devolved_round(province, transition_until=LATEST)
    office.publish_change(province.accept(0, "2026-11-01"), cancelled(province, subject=office.items[0]))
    office.publish_change(province.entrust(1, until="2027-10-01"))
    with office.database.reading() as session:
        assert derived.differs(session.connection()) is None
    with office.database.writing() as session:
        session.connection().exec_driver_sql("DELETE FROM duty WHERE kind = 'follow_up'")
        assert "verify --rebuild" in derived.differs(session.connection())
        monkeypatch.setattr(derived, "_READ", 2)
        monkeypatch.setattr(derived, "_ACTS", derived._ACTS.replace("5000", "2"))
        derived.rebuild(session.connection())
        assert derived.differs(session.connection()) is None
    assert len(owed(province)) == 5
