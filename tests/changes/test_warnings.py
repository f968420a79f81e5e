"""What is odd is told with its place and kept; what ends something rests on a document or a reason."""

from __future__ import annotations

import pytest
from registry import TODAY, adjust
from test_review import act

from app.changes import drafts, publishing
from app.changes.queries import round_of, rounds
from app.changes.rehearsing import rehearse
from app.changes.warnings import warnings_of
from app.errors import Invalid

DAY = "2026-10-01"


def warned(office, changeset):
    with office.database.reading() as session:
        return rehearse(session, changeset, TODAY)["warnings"]


def test_malformed_codes_are_told_with_their_place(office):
    item = office.items[0]
    codes = [{"scheme": "local", "value": "随便"}, {"scheme": "national-12", "value": "0001120010"}]
    uscc = {"op": "add", "path": "codes", "value": {"scheme": "uscc", "value": "11511301008778386C"}}
    changeset = office.draft(
        adjust(office.items[1], DAY, 5),
        {"outcome": "adjust", "subject": item, "effective_from": DAY, "codes": codes, "changes": [uscc]},
    )
    found = warned(office, changeset.id)
    assert [(w["code"], w["position"], w["field"]) for w in found] == [
        ("bad-national-12", 2, "codes/1"),
        ("bad-uscc", 2, "changes/0"),
    ]
    assert all("请核对" in w["message"] for w in found)
    for move, who in ((drafts.submit, office.editor), (drafts.approve, office.reviewer)):
        act(office, move, who, changeset.id, *((None, TODAY) if move is drafts.submit else ()))
    office.publish(changeset.id)
    assert {"0001120010", "11511301008778386C"} < {code["value"] for code in office.on(item, DAY).codes}


def test_a_well_formed_code_is_not_told_of():
    code = {"scheme": "national-12", "value": "000112001000"}
    assert warnings_of({}, [{"kind": "item", "outcome": "adjust", "codes": [code]}]) == []


ENDING = [
    ("item", "cancel", {}),
    ("item", "suspend", {}),
    ("region", "dissolve", {}),
]


@pytest.mark.parametrize(("kind", "outcome", "more"), ENDING)
def test_what_ends_something_is_drafted_but_not_submitted_without_a_basis(office, kind, outcome, more):
    subject = office.town if kind == "region" else office.items[0]
    decision = {"kind": kind, "outcome": outcome, "subject": subject, "effective_from": DAY, **more}
    bare = office.draft(decision, reason=None)
    assert [(w["code"], w["position"]) for w in warned(office, bare.id)] == [("basis-needed", 1)]
    with pytest.raises(Invalid) as refusal:
        act(office, drafts.submit, office.editor, bare.id, None, TODAY)
    assert (refusal.value.code, refusal.value.detail["decision"]) == ("basis-needed", 1)
    assert "依据文件" in refusal.value.message
    assert office.changeset(bare.id).state == "draft"
    for grounded in (
        office.draft({**decision, "reason": "不再需要"}, reason=None),
        office.draft(decision, reason="不再需要"),
        office.draft(decision, reason=None, document={"number": "国发〔2013〕27号"}),
    ):
        assert warned(office, grounded.id) == []
        act(office, drafts.submit, office.editor, grounded.id, None, TODAY)


def test_an_adjustment_may_rest_on_nothing_yet(office):
    changeset = office.draft(adjust(office.items[0], DAY, 5), reason=None)
    assert warned(office, changeset.id) == []
    act(office, drafts.submit, office.editor, changeset.id, None, TODAY)


def planned(office):
    office.publish_change(adjust(office.items[0], "2026-12-01", 5))
    return {"outcome": "void", "act": office.acts(office.items[0])[-1], "reason": "推迟"}


def test_a_plan_is_withdrawn_by_the_document_that_says_so(office):
    void = planned(office)
    bare = office.draft({**void, "ground": "withdrawn"}, document=None)
    assert [(w["code"], w["position"]) for w in warned(office, bare.id)] == [("document-needed", 1)]
    for move, who, more in (
        (drafts.submit, office.editor, {}),
        (publishing.publish, office.publisher, {"emergency": "汛情"}),
    ):
        with pytest.raises(Invalid) as refusal:
            act(office, move, who, bare.id, *(() if more else (None,)), TODAY, **more)
        assert (refusal.value.code, refusal.value.detail["decision"]) == ("document-needed", 1)
        assert f"序号 {void['act']}" in refusal.value.message
    assert office.changeset(bare.id).state == "draft"
    office.submitted({**void, "ground": "error"})
    office.publish_change({**void, "ground": "withdrawn"}, document={"title": "关于推迟施行的通知"})
    assert office.on(office.items[0], "2026-12-15").document()["promised_limit"]["value"] == 20


# --- an emergency is asked what submitting asks -----------------------------------------------------------------


def test_the_reason_of_an_emergency_is_reason_enough(office):
    cancel = {"outcome": "cancel", "subject": office.items[0], "effective_from": DAY}
    changeset = office.draft(cancel, reason=None).id
    act(office, publishing.publish, office.publisher, changeset, TODAY, emergency="汛情")
    assert office.on(office.items[0], DAY).status == "ended"


# --- a round published in an emergency is a round -------------------------------------------------------------


def listed(office):
    with office.database.reading() as session:
        return rounds(session.connection(), office.known())


def test_a_round_published_in_an_emergency_is_listed_and_marked(office):
    changeset = office.draft(adjust(office.items[0], TODAY, 5), kind="round", number="第一批").id
    act(office, publishing.publish, office.publisher, changeset, TODAY, emergency="汛情")
    before = office.known()
    (one,) = listed(office)
    assert (one["id"], one["emergency"], one["unconfirmed"]) == (changeset, "汛情", True)
    assert one["outcomes"] == {"adjust": 1}
    act(office, publishing.confirm, office.reviewer, changeset)
    assert listed(office)[0]["unconfirmed"] is False
    with office.database.reading() as session:
        assert round_of(session.connection(), changeset, before)["unconfirmed"] is True


def test_a_round_of_before_that_bears_the_kind_emergency_is_listed_too(office, monkeypatch):
    changeset = office.draft(adjust(office.items[0], TODAY, 5), kind="round").id
    routine = office.draft(adjust(office.items[1], TODAY, 5)).id
    order = publishing.Order
    monkeypatch.setattr(publishing, "Order", lambda **fields: order(**{**fields, "kind": "emergency"}))
    for one in (changeset, routine):
        act(office, publishing.publish, office.publisher, one, TODAY, emergency="汛情")
    assert [one["id"] for one in listed(office)] == [changeset]


@pytest.mark.parametrize("count", [1, 3])
def test_a_list_of_rounds_costs_the_same_whatever_its_length(office, count):
    from sqlalchemy import event

    for number in range(count):
        office.publish_change(adjust(office.items[number], DAY, 5), kind="round")
    asked = []
    with office.database.reading() as session:
        connection, known = session.connection(), office.known()
        event.listen(connection, "before_cursor_execute", lambda *args: asked.append(args[2]))
        assert [one["outcomes"] for one in rounds(connection, known)] == [{"adjust": 1}] * count
    assert len(asked) == 2
