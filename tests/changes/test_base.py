"""The base check: what a decision rests on moved, so nothing is published and the editor is shown both."""

from __future__ import annotations

import pytest
from registry import TODAY, adjust
from sqlalchemy import text

from app.canonical import decode, encode
from app.changes import drafts
from app.changes.models import ChangesetInput, DecisionInput
from app.errors import Conflict, Stale


def test_the_second_of_two_editors_gets_a_three_way_comparison(office):
    contested, quiet, _ = office.items
    first = office.approved(adjust(contested, "2026-10-01", 5))
    second = office.approved(adjust(contested, "2026-10-01", 8), adjust(quiet, "2026-10-01", 9))
    office.publish(first)
    head = office.known()
    with pytest.raises(Stale) as refusal:
        office.publish(second)
    error = refusal.value
    assert (error.status, error.code) == (412, "base-moved")
    (compared,) = error.detail["comparisons"]
    assert (compared["decision"], compared["subject"]) == (1, contested)
    assert compared["fields"] == [
        {"path": "promised_limit/value", "seen": 20, "now": 5, "yours": 8, "collides": True}
    ]

    assert office.known() == head, "nothing was published"
    assert office.on(quiet, "2026-10-01").document()["promised_limit"]["value"] == 20
    changeset = office.changeset(second)
    assert (changeset.state, changeset.approved, changeset.reviewer) == ("returned", None, None)
    stale, kept = office.draft_rows(second)
    assert stale["approved"] is None
    assert stale["stale"]["fields"] == compared["fields"]
    assert kept["approved"] is not None
    assert kept["stale"] is None


def test_a_stale_decision_is_redrafted_before_it_goes_on(office):
    item, quiet, _ = office.items
    first = office.approved(adjust(item, "2026-10-01", 5))
    second = office.approved(adjust(item, "2026-10-01", 8), adjust(quiet, "2026-10-01", 9))
    office.publish(first)
    with pytest.raises(Stale):
        office.publish(second)
    with pytest.raises(Conflict) as refusal, office.database.writing() as session:
        drafts.submit(session, office.editor, second, None, TODAY)
    assert refusal.value.code == "stale-decisions"
    again = ChangesetInput(
        title="调整",
        decisions=[
            DecisionInput(**adjust(item, "2026-10-01", 8)),
            DecisionInput(**adjust(quiet, "2026-10-01", 9)),
        ],
    )
    with office.database.writing() as session:
        drafts.redraft(session, office.editor, second, office.changeset(second).version, again, TODAY)
    redone, kept = office.draft_rows(second)
    assert redone["approved"] is None
    assert kept["approved"] is not None, "a decision left as it was keeps its approval"
    with office.database.writing() as session:
        drafts.submit(session, office.editor, second, None, TODAY)
    with office.database.writing() as session:
        drafts.approve(session, office.reviewer, second)
    office.publish(second)
    assert office.on(item, "2026-10-01").document()["promised_limit"]["value"] == 8


@pytest.mark.parametrize("day", ["2026-09-30", "2026-10-01", "2026-12-01"])
def test_a_later_revision_moves_the_base_too(office, day):
    """A decision saw the later ones: one more of them is a base that moved."""
    item = office.items[0]
    waiting = office.approved(adjust(item, "2026-10-01", 8))
    office.publish_change(adjust(item, day, "01234", "consult_phone"))
    with pytest.raises(Stale):
        office.publish(waiting)


def test_another_subject_moves_nothing(office):
    waiting = office.approved(adjust(office.items[0], "2026-10-01", 8))
    office.publish_change(adjust(office.items[1], "2026-10-01", 5))
    office.publish(waiting)


def test_an_emergency_does_not_pass_the_base_check(office):
    item = office.items[0]
    waiting = office.approved(adjust(item, "2026-10-01", 8))
    office.publish_change(adjust(item, "2026-10-01", 5))
    with pytest.raises(Stale):
        office.publish(waiting, emergency="急")


def coded(item, day, *values):
    codes = [{"scheme": "local", "value": value} for value in values]
    return {"outcome": "adjust", "subject": item, "effective_from": day, "codes": codes}


@pytest.mark.parametrize("day", ["2026-09-30", "2026-10-01", "2026-12-01"])
def test_a_code_that_nobody_saw_moves_the_base(office, day):
    """A code makes no revision: an approved transfer with a code would end one that came after it was read."""
    item = office.items[0]
    office.publish_change(coded(item, "2026-09-30", "L-1"))
    waiting = office.approved(
        {
            **adjust(item, "2026-10-01", office.traffic, "authority"),
            "outcome": "transfer",
            "codes": [{"scheme": "local", "value": "L-2"}],
        }
    )
    office.publish_change(coded(item, day, "L-3"))
    with pytest.raises(Stale) as refusal:
        office.publish(waiting)
    (compared,) = refusal.value.detail["comparisons"]
    fields = {field["path"]: field for field in compared["fields"]}
    came = fields.get("codes/local:L-3")
    if day <= "2026-10-01":
        assert (came["seen"], came["now"]["value"], came["collides"]) == (None, "L-3", False)
    else:
        assert came is None, "it comes later than the day that is compared"
    assert fields["codes/local:L-2"]["yours"]["value"] == "L-2"
    assert "codes/local:L-1" not in fields, "what was seen and stands is no difference"
    assert [code["value"] for code in office.on(item, "2026-10-01").codes if code["value"] == "L-2"] == []


def test_a_decision_with_a_code_is_compared_where_its_content_moved(office):
    item = office.items[0]
    waiting = office.approved(coded(item, "2026-10-01", "L-1"))
    office.publish_change(adjust(item, "2026-10-01", 5))
    with pytest.raises(Stale) as refusal:
        office.publish(waiting)
    (compared,) = refusal.value.detail["comparisons"]
    assert [field["path"] for field in compared["fields"]] == ["codes/local:L-1", "promised_limit/value"]


def test_a_base_of_earlier_code_says_nothing_of_codes(office):
    """What was approved before codes were part of the base is published as it would have been."""
    item = office.items[0]
    waiting = office.approved(adjust(item, "2026-10-01", 8))
    with office.database.writing() as session:
        ((data,),) = session.connection().execute(
            text("SELECT base FROM draft_decision WHERE changeset = :id"), {"id": waiting}
        )
        old = {one: rows for one, rows in decode(bytes(data)).items() if not one.endswith("/codes")}
        assert list(old) == [item]
        session.connection().execute(
            text("UPDATE draft_decision SET base = :base WHERE changeset = :id"),
            {"base": encode(old), "id": waiting},
        )
    office.publish_change(coded(item, "2026-09-30", "L-1"))
    office.publish(waiting)
    assert office.on(item, "2026-10-01").document()["promised_limit"]["value"] == 8
