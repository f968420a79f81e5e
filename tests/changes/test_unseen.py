"""Scope comes before any rule: of what is neither public nor theirs, people hear what they hear of no id at all."""

from __future__ import annotations

import pytest
from registry import TODAY, adjust, item_content

from app.changes import drafts
from app.errors import Forbidden, RegistryError
from app.rounds.matching import catalogue
from app.versions import ids

SECRET = "绝密事项"


@pytest.fixture
def internal(office):
    content = item_content(SECRET, office.water, office.district, visibility="internal")
    office.publish_change({"outcome": "add", "effective_from": TODAY, "content": content})
    return office.scalars("SELECT subject_id FROM timeline WHERE visibility = 'internal'")[0]


@pytest.fixture
def traffic(office):
    return office.person("traffic", "edit", "review", authority=office.traffic)


def answer(office, decision, actor):
    with pytest.raises(RegistryError) as refusal:
        office.draft(decision, actor=actor)
    return refusal.value


def asked_about(office, item):
    plain = {"subject": item, "effective_from": TODAY}
    both = [{"subject": office.items[2]}, {"subject": item}]
    return [
        adjust(item, TODAY, 5),
        adjust(item, TODAY, 5, until=TODAY),
        {"outcome": "adjust", **plain, "changes": [{"op": "remove", "path": "materials/nope"}]},
        {"outcome": "resume", **plain},
        {"outcome": "cancel", **plain},
        {"outcome": "rename", "kind": "authority", **plain},
        {"outcome": "entrust", **plain, "results": [{"subject": office.items[2]}]},
        {"outcome": "merge", "effective_from": TODAY, "origins": both, "results": both[:1]},
        {
            "outcome": "receive",
            "effective_from": TODAY,
            "origins": both[1:],
            "results": [{"content": item_content("承接", office.traffic, office.district)}],
        },
    ]


def test_an_internal_item_of_others_answers_as_no_id_does(office, internal, traffic):
    with office.database.writing() as session:
        unknown = ids.allocate(session.connection(), "item")[0]
    pairs = zip(asked_about(office, internal), asked_about(office, unknown), strict=True)
    for about, of_none in pairs:
        said, told = answer(office, about, traffic), answer(office, of_none, traffic)
        assert (said.code, said.message.replace(internal, unknown)) == (told.code, told.message)
        assert SECRET not in str(said.detail)
    made = {"outcome": "add", "subject": internal, "effective_from": TODAY}
    made |= {"content": item_content("冒名", office.traffic, office.district)}
    assert answer(office, made, traffic).code == "already-exists"


def test_so_does_a_decision_about_it(office, internal, traffic):
    void = {"outcome": "void", "act": office.acts(internal)[0], "ground": "withdrawn"}
    said = answer(office, void, traffic)
    told = answer(office, void | {"act": 10**6}, traffic)
    assert (said.code, said.message.replace(str(void["act"]), str(10**6))) == (told.code, told.message)


def test_a_move_that_is_refused_does_not_name_it(office, internal, traffic):
    changeset = office.submitted(adjust(internal, TODAY, 5))
    with pytest.raises(Forbidden) as refusal, office.database.writing() as session:
        drafts.approve(session, traffic, changeset)
    assert SECRET not in refusal.value.message


def test_what_is_public_and_not_theirs_is_said_to_be_so_before_any_rule(office, traffic):
    for about in asked_about(office, office.items[0])[:5]:
        assert answer(office, about, traffic).code == "out-of-scope"


def test_whose_it_is_goes_on_working_with_it(office, internal):
    water = office.person("water", "edit", authority=office.water)
    office.draft(adjust(internal, TODAY, 5), actor=water)
    assert SECRET in answer(office, {**asked_about(office, internal)[3]}, water).message


def test_matching_offers_it_to_whose_it_is(office, internal, traffic):
    water = office.person("water", "edit", authority=office.water)
    with office.database.reading() as session:
        for actor, offered in ((traffic, False), (water, True), (office.editor, True)):
            known = catalogue(session.connection(), office.district, TODAY, actor)
            assert (internal in known.items) is offered
            assert office.items[0] in known.items


def test_what_others_have_is_taken_over_where_they_gave_it_up(office):
    """An origin is another's: nothing is tied to it without its holder's devolve."""
    town = office.person("town", "edit", region=office.town)
    receive = {"outcome": "receive", "effective_from": "2026-10-01"}
    receive["results"] = [{"content": item_content("承接", office.traffic, office.town)}]
    said = answer(office, {**receive, "origins": [{"subject": office.items[0]}]}, town)
    assert said.code == "accepts-needed"
    office.draft({**receive, "origins": [{"subject": office.items[0]}]})
    devolve = {"outcome": "devolve", "subject": office.items[0], "effective_from": "2026-10-01"}
    office.publish_change({**devolve, "receivers": [{"region": office.town}]})
    office.draft({**receive, "accepts": [{"act": office.acts(office.items[0])[-1]}]}, actor=town)


def test_an_internal_item_that_was_given_up_is_taken_over_without_its_name(office, internal):
    town = office.person("town", "edit", region=office.town)
    devolve = {"outcome": "devolve", "subject": internal, "effective_from": "2026-11-01"}
    devolve |= {"receivers": [{"region": office.town}], "transition_until": "2026-12-01"}
    office.publish_change(devolve)
    receive = {"outcome": "receive", "accepts": [{"act": office.acts(internal)[-1]}]}
    receive["results"] = [{"content": item_content("承接", office.traffic, office.town)}]
    early = answer(office, {**receive, "effective_from": "2026-10-15"}, town)
    assert (early.code, SECRET in early.message) == ("accepted-too-early", False)
    office.editor = town
    office.publish_change({**receive, "effective_from": "2026-11-15"})
    assert office.on(internal, "2026-11-15").status == "ended"
