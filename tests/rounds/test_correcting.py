"""A published round is corrected by a further changeset that names it: which is told, and must be one."""

from __future__ import annotations

import pytest
from holding import BASE, DAY
from registry import adjust, make_office

from app.errors import Invalid
from app.rounds.corrections import corrections, to_correct
from app.rounds.counted import find
from app.versions.queries import known_at
from app.web.office.doors.visiting import Posted
from app.web.office.forms import drafting


@pytest.fixture
def office(sqlite, clock):
    return make_office(sqlite)


def held(office):
    scope = {"region": office.district, "base_day": BASE}
    retained = [{"outcome": "retain", "subject": one, "effective_from": DAY} for one in office.items]
    office.publish_change(
        *retained, kind="round", title="第三批清理", scope=scope, document={"number": "9号"}
    )
    return office.scalars("SELECT id FROM changeset WHERE kind = 'round'")[0]


def told(office, round_id):
    with office.database.reading() as session:
        connection = session.connection()
        known = known_at(connection, None)
        return corrections(connection, find(connection, round_id, known), known.seq)


def test_what_corrects_a_round_is_told_with_its_document(office):
    round_id = held(office)
    assert told(office, round_id) == []
    office.publish_change(adjust(office.items[1], DAY, 5), title="别的变更")
    office.publish_change(
        adjust(office.items[0], DAY, 6), title="更正第三批", corrects=round_id, document={"number": "10号"}
    )
    (one,) = told(office, round_id)
    assert (one["title"], one["document"]["number"]) == ("更正第三批", "10号")


@pytest.mark.parametrize("named", ["qdx-00000000", "routine", "draft"])
def test_only_a_published_round_is_corrected(office, named):
    if named == "routine":
        office.publish_change(adjust(office.items[1], DAY, 5))
        named = office.scalars("SELECT id FROM changeset WHERE kind = 'routine' AND state = 'published'")[0]
    if named == "draft":
        scope = {"region": office.district, "base_day": BASE}
        named = office.draft(kind="round", title="未发布的一轮", scope=scope).id
    with pytest.raises(Invalid, match="不是已发布的清理轮次") as refused:
        office.draft(adjust(office.items[0], DAY, 6), corrects=named)
    assert refused.value.code == "not-a-published-round"


def test_the_office_form_names_the_round(office):
    form = Posted([("corrects", " qdx-0000001a "), ("reason", "录错")])
    made = [{"kind": "item", "outcome": "retain", "subject": office.items[0], "effective_from": DAY}]
    assert drafting.changeset(form, "甲", made).corrects == "qdx-0000001a"


def test_what_may_be_corrected_is_a_list_of_published_rounds_alone(office):
    paper = {"number": "广区府发〔2026〕9号"}
    round_id = office.approved(adjust(office.items[0], DAY, 5), kind="round", title="第三批", document=paper)
    office.draft(adjust(office.items[1], DAY, 5), kind="round", title="未发布的一轮")
    office.publish_change(adjust(office.items[1], DAY, 6), title="别的变更")

    def listed():
        with office.database.reading() as session:
            return to_correct(session.connection())

    assert listed() == []
    office.publish(round_id)
    assert listed() == [(round_id, "第三批（广区府发〔2026〕9号）")]
