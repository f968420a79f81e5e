"""What an outcome makes nothing of is refused by name, and decides nothing."""

from __future__ import annotations

import pytest
from registry import TODAY, adjust, item_content

from app.canonical import decode
from app.changes.freezing import undecided
from app.errors import Refused

SHORTER = [{"op": "set", "path": "promised_limit/value", "value": 1}]
CODE = [{"scheme": "local", "value": "ZZ"}]


def decisions(office):
    a, b, c = office.items
    new = item_content("新事项", office.water, office.district)
    merge = {"outcome": "merge", "origins": [{"subject": a}, {"subject": b}], "results": [{"subject": a}]}
    entrust = {"outcome": "entrust", "subject": a, "results": [{"subject": b, "codes": CODE}]}
    cancel = {"outcome": "cancel", "subject": a}
    origin = {"subject": b, "changes": SHORTER}
    fresh = {"content": new, "changes": SHORTER}
    return {
        "changes": [
            {"outcome": "add", "content": new, "changes": SHORTER},
            {**merge, "changes": SHORTER},
            {"outcome": "receive", "results": [{"content": new}], "changes": SHORTER},
        ],
        "status": [adjust(a, TODAY, 9, status="suspended"), {**cancel, "status": "suspended"}],
        "start_unknown": [adjust(a, TODAY, 9, start_unknown=True)],
        "subject": [{**merge, "subject": c}],
        "content": [{**merge, "content": new}],
        "codes": [{**merge, "codes": CODE}],
        "act": [{**cancel, "act": 3}],
        "ground": [{**cancel, "ground": "error"}],
        "receivers": [
            {**cancel, "receivers": [{"words": "各镇"}]},
            {**merge, "receivers": [{"words": "各镇"}]},
        ],
        "transition_until": [{**cancel, "transition_until": "2027-01-01"}],
        "origins": [{**cancel, "origins": [{"subject": b}]}],
        "results": [{**cancel, "results": [{"content": new}]}],
        "origins/changes": [{**merge, "origins": [{"subject": a}, origin]}],
        "origins/codes": [{**merge, "origins": [{"subject": a}, {"subject": b, "codes": CODE}]}],
        "results/changes": [{**merge, "results": [fresh]}],
        "results/codes": [entrust],
        "results/of": [{"outcome": "narrow", "subject": a, "results": [{"content": new, "of": [a]}]}],
    }


def test_what_an_outcome_does_not_use_is_refused_by_name(office):
    for field, some in decisions(office).items():
        for one in some:
            with pytest.raises(Refused) as refusal:
                office.draft({"effective_from": TODAY, **one})
            assert (refusal.value.code, refusal.value.detail["field"]) == ("misplaced", field)
            assert f"（{field}），请删去。" in refusal.value.message


def test_a_void_says_what_it_takes_out_and_why_alone(office):
    item = office.items[0]
    void = {"outcome": "void", "act": office.acts(item)[0], "ground": "error", "reason": "录错"}
    for more in ({"subject": item}, {"changes": SHORTER}, {"duties": [{"what": "清退"}]}):
        with pytest.raises(Refused) as refusal:
            office.draft({**void, **more})
        assert refusal.value.code == "misplaced"
    office.draft(void)


def test_what_says_nothing_is_no_part(office):
    item = office.items[0]
    empty = {"codes": [], "origins": [], "results": [], "receivers": [], "status": "in_force"}
    office.publish_change(adjust(item, TODAY, 9, **empty, start_unknown=False))
    assert office.on(item, TODAY).document()["promised_limit"]["value"] == 9


def test_a_stray_subject_of_a_merge_is_not_decided(office):
    """Not even in a draft of before it was refused."""
    a, b, c = office.items
    opened = office.draft(kind="round", scope={"base_day": TODAY, "region": office.district})
    merge = {"outcome": "merge", "effective_from": TODAY, "subject": c}
    merge |= {"origins": [{"subject": a}, {"subject": b}], "results": [{"subject": a}]}
    with office.database.reading() as session:
        scope = decode(office.changeset(opened.id).head.encode())["scope"]
        assert undecided(session.connection(), scope, [merge]) == [c]
