"""A delegation that is not renewed, and whose decision may say that a duty is done."""

from __future__ import annotations

import pytest
from handing import make_province
from registry import TODAY, item_content

from app.auth.actor import Actor
from app.changes import drafts, publishing, rows, showing
from app.changes.models import ChangesetInput
from app.changes.owed import Wanted, duties
from app.errors import Forbidden, RegistryError
from app.versions import queries

ENDS = "2027-10-01"
EVERY = frozenset({"edit", "review", "publish"})


@pytest.fixture
def province(office):
    return make_province(office)


def owed(province, on, known=None, **wanted):
    with province.office.database.reading() as session:
        connection = session.connection()
        at = None if known is None else queries.known_at(connection, known)
        return duties(connection, Wanted(on=on, **wanted), known=at)


def lent(province, until=ENDS):
    """(act, item) of a delegation."""
    province.office.publish_change(province.entrust(0, until=until))
    return province.last_act(), province.made()[0]


def lapses(province, act, item, day="2027-09-01", **more):
    body = {"outcome": "retain", "subject": province.item, "effective_from": day, "reason": "到期收回"}
    return body | {"fulfils": [{"act": act, "duty": item}]} | more


def code_of(office, *decisions, **asked):
    with pytest.raises(RegistryError) as wrong:
        office.draft(*decisions, **asked)
    return wrong.value.code


def test_a_delegation_that_is_not_renewed_is_overdue_no_more_and_tells_who_holds_the_power(province):
    act, item = lent(province)
    before = province.office.known()
    revisions = province.office.count("revision")
    province.office.publish_change(lapses(province, act, item))
    assert province.office.count("revision") == revisions, "the item entrusted from stands as it is"
    said = {day: owed(province, day)[0]["state"] for day in ("2027-08-31", "2027-09-01", ENDS)}
    assert said == {"2027-08-31": "open", "2027-09-01": "done", ENDS: "done"}
    (row,) = owed(province, ENDS)
    done = {"decision": province.last_act(), "on": "2027-09-01", "subject": province.item}
    assert (row["done"], row["returns_to"], row["late"]) == (done, province.item, False)
    assert owed(province, ENDS, known=str(before.seq))[0]["state"] == "overdue", "as known before"
    assert [province.office.on(item, day).status for day in ("2027-09-30", ENDS)] == ["in_force", "ended"]
    province.assert_sound()


def test_it_may_be_decided_late_and_is_overdue_again_where_that_is_voided(province):
    act, item = lent(province)
    province.office.publish_change(lapses(province, act, item, "2027-11-01"))
    (row,) = owed(province, "2027-11-01")
    assert (row["state"], row["late"]) == ("done", True)
    error = {"outcome": "void", "act": province.last_act(), "ground": "error", "reason": "录入有误"}
    province.office.publish_change(error)
    assert owed(province, "2027-11-01")[0]["state"] == "overdue"


def test_what_is_renewed_after_all_goes_on(province):
    act, item = lent(province)
    province.office.publish_change(lapses(province, act, item))
    renewal = {"outcome": "entrust", "subject": province.item, "effective_from": ENDS, "until": "2028-10-01"}
    province.office.publish_change(renewal | {"results": [{"subject": item}]})
    first, second = owed(province, ENDS)
    assert (first["state"], first["done"]["decision"]) == ("done", None)
    assert (second["state"], second["due"]) == ("open", "2028-10-01")
    assert code_of(province.office, lapses(province, act, item)) == "already-fulfilled"
    province.office.publish_change(lapses(province, second["decision"], item, "2028-09-01"))
    assert {one["state"] for one in owed(province, "2028-10-01")} == {"done"}


def test_another_organ_may_be_entrusted_instead(province):
    act, item = lent(province)
    other = province.entrust(1, ENDS, until="2028-10-01") | {"fulfils": [{"act": act, "duty": item}]}
    province.office.publish_change(other)
    assert [one["state"] for one in owed(province, ENDS)] == ["done", "open"]


def test_where_there_is_nothing_left_to_entrust_a_delegation_is_over_with_its_time(province):
    _act, _item = lent(province)
    cancel = {"outcome": "cancel", "subject": province.item, "effective_from": "2027-06-01"}
    province.office.publish_change(cancel)
    assert owed(province, "2027-09-30")[0]["state"] == "open", "it is held until its day all the same"
    (row,) = owed(province, ENDS)
    assert (row["state"], row["done"]["decision"]) == ("done", None)


def test_what_does_not_let_a_delegation_lapse(province):
    act, item = lent(province)
    office = province.office
    another = lapses(province, act, item) | {"subject": office.items[0]}
    assert code_of(office, another) == "not-the-entrusting-item"
    assert code_of(office, lapses(province, act, item) | {"subject": item}) == "not-the-entrusting-item"
    renewal = {"outcome": "entrust", "subject": province.item, "effective_from": ENDS, "until": "2028-10-01"}
    renewal |= {"results": [{"subject": item}], "fulfils": [{"act": act, "duty": item}]}
    assert code_of(office, renewal) == "fulfilled-otherwise"
    assert code_of(office, lapses(province, act, item, TODAY)) == "fulfilled-too-early"
    office.publish_change({"outcome": "cancel", "subject": item, "effective_from": "2027-01-01"})
    assert code_of(office, lapses(province, act, item)) == "not-running-out"


def test_a_delegation_is_not_let_lapse_without_a_document_or_a_reason(province):
    act, item = lent(province)
    wordless = lapses(province, act, item)
    del wordless["reason"]
    with pytest.raises(RegistryError) as wrong:
        province.office.submitted(wordless, reason=None)
    assert wrong.value.code == "basis-needed"


# --- whose decision may say that a duty is done -----------------------------------------------------------------------


def member(number, **scope):
    return Actor(number, f"账号{number}", EVERY, **scope)


def drafted(office, actor, *decisions, **asked):
    body = ChangesetInput.model_validate({"title": "办理", "decisions": list(decisions), **asked})
    with office.database.writing() as session:
        return drafts.draft(session, actor, body, TODAY).id


def own_item(province, index):
    """An item of a county's organ."""
    content = item_content("县里的事项", province.organs[index], province.counties[index])
    body = {"outcome": "add", "effective_from": TODAY, "content": content}
    return province.office.publish_change(body).subjects[0]


def laid_down(province, **more):
    duty = {"key": "rules", "what": "制定监管细则", "due": "2026-10-29"} | more
    body = {"outcome": "cancel", "subject": province.item, "effective_from": TODAY, "duties": [duty]}
    province.office.publish_change(body)
    return [{"act": province.last_act(), "duty": "rules"}]


def rules(fulfils, **content):
    body = {"kind": "instrument", "outcome": "enact", "effective_from": TODAY, "fulfils": fulfils}
    return body | {"content": {"title": "监管细则", **content}}


@pytest.mark.parametrize("kind", ["routine", "round"])
def test_a_duty_is_not_done_by_whom_it_is_nothing_to(province, kind):
    item = own_item(province, 0)
    fulfils = laid_down(province)
    retain = {"outcome": "retain", "subject": item, "effective_from": TODAY, "fulfils": fulfils}
    asked = {"kind": kind}
    if kind == "round":
        asked |= {
            "number": "第一批",
            "scope": {"authorities": [province.organs[0]], "region": province.counties[0]},
        }
    with pytest.raises(Forbidden) as wrong:
        drafted(province.office, member(91, authority=province.organs[0]), retain, **asked)
    assert (wrong.value.code, wrong.value.status) == ("duty-out-of-scope", 403)
    drafted(province.office, member(92, region=province.city), retain)


def test_who_approves_and_publishes_answers_for_the_duties_too(province):
    office = province.office
    item = own_item(province, 0)
    retain = {"outcome": "retain", "subject": item, "effective_from": TODAY, "fulfils": laid_down(province)}
    changeset = office.submitted(retain)
    stranger = member(93, authority=province.organs[0])
    with office.database.writing() as session, pytest.raises(Forbidden) as wrong:
        drafts.approve(session, stranger, changeset)
    assert wrong.value.code == "duty-out-of-scope"
    with office.database.writing() as session:
        drafts.approve(session, office.reviewer, changeset)
    with office.database.writing() as session, pytest.raises(Forbidden) as wrong:
        publishing.publish(session, stranger, changeset, TODAY)
    assert wrong.value.code == "duty-out-of-scope"


def test_an_owner_does_what_hangs_on_the_item_of_another(province):
    fulfils = laid_down(province, owner=province.organs[0])
    retain = {
        "outcome": "retain",
        "subject": own_item(province, 0),
        "effective_from": TODAY,
        "fulfils": fulfils,
    }
    with pytest.raises(Forbidden):
        drafted(province.office, member(95, authority=province.organs[1]), rules(fulfils))
    drafted(province.office, member(96, authority=province.organs[0]), retain)
    drafted(province.office, member(97, authority=province.municipal), rules(fulfils))


def test_who_held_an_item_when_it_ended_registers_the_document_that_does_its_duty(province):
    """Drafted, withdrawn, drafted again, approved and published by accounts of the organ alone."""
    office = province.office
    fulfils = laid_down(province)
    first, second = (member(number, authority=province.municipal) for number in (98, 99))
    with pytest.raises(Forbidden) as wrong:
        drafted(office, first, rules([]))
    assert wrong.value.code == "out-of-scope", "instruments belong to no organ"
    with pytest.raises(Forbidden) as wrong:
        drafted(office, first, rules(fulfils, rank="departmental_rule"))
    assert wrong.value.code == "out-of-scope"
    given_up = drafted(office, first, rules(fulfils))
    with office.database.writing() as session:
        drafts.withdraw(session, first, given_up)
    changeset = drafted(office, first, rules(fulfils, rank="normative_document"))
    with office.database.writing() as session:
        drafts.submit(session, first, changeset, None, TODAY)
        drafts.approve(session, second, changeset)
        publishing.publish(session, second, changeset, TODAY)
    (row,) = owed(province, TODAY)
    assert row["state"] == "done"
    province.assert_sound()


def test_a_document_that_does_a_hidden_duty_is_hidden_from_others(province):
    """Who may not know of the item is told no more than that the draft is not theirs, and no list breaks by it."""
    office = province.office
    content = item_content("内部事项", province.organs[0], province.counties[0], visibility="internal")
    add = {"outcome": "add", "effective_from": TODAY, "content": content}
    office.publish_change(add | {"duties": [{"key": "rules", "what": "制定内部规程"}]})
    fulfils = [{"act": province.last_act(), "duty": "rules"}]
    own, other = (office.person(f"第{n}县", "edit", authority=province.organs[n]) for n in (0, 1))
    changeset = drafted(office, own, rules(fulfils))
    with pytest.raises(RegistryError) as wrong:
        drafted(office, other, rules(fulfils))
    assert wrong.value.code == "unknown-duty"
    with office.database.reading() as session:
        found = rows.find(session, changeset)
        assert [one.id for one in showing.readable(session, own, [found])] == [changeset]
        assert list(showing.readable(session, other, [found])) == []


def test_a_document_that_is_registered_already_may_be_named_as_the_proof(province):
    office = province.office
    duty = {"key": "rules", "what": "制定监管细则"}
    retain = {"outcome": "retain", "subject": province.item, "effective_from": TODAY}
    office.publish_change(retain | {"duties": [duty]})
    fulfils = {"act": province.last_act(), "duty": "rules"}
    unknown = retain | {"fulfils": [fulfils | {"instrument": province.item}]}
    assert code_of(office, unknown) == "unknown-reference"
    law = office.publish_change(rules([])).subjects[0]
    office.publish_change(retain | {"fulfils": [fulfils | {"instrument": law}]})
    (row,) = owed(province, TODAY)
    assert (row["state"], row["done"]["subject"]) == ("done", law)
    province.assert_sound()
