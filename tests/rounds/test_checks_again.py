"""What stands against a round is asked again when it is published: what it rests on may have changed since approval."""

from __future__ import annotations

import pytest
from handing import make_province
from registry import TODAY, adjust

from app.changes import drafts
from app.errors import Refused
from app.rounds import publishing

DAY = "2026-10-01"


def rests_on(province, rank):
    """The province's item cites an instrument of this rank; the instrument's id."""
    law = {"kind": "instrument", "outcome": "enact", "effective_from": TODAY, "ref": "law"}
    law |= {"content": {"title": "取水办法", "rank": rank}}
    cite = {"op": "add", "path": "citations", "value": {"key": "c1", "role": "setting", "instrument": "@law"}}
    change = {"outcome": "adjust", "subject": province.item, "effective_from": TODAY, "changes": [cite]}
    made = province.office.publish_change(law, change)
    return next(one for one in made.subjects if one != province.item)


def publish(office, changeset):
    with office.database.writing() as session:
        return publishing.publish(session, office.publisher, changeset, TODAY)


def test_a_round_waits_when_what_it_cancels_is_set_by_a_national_law_meanwhile(office):
    province = make_province(office)
    law = rests_on(province, "departmental_rule")
    cancel = {"outcome": "cancel", "subject": province.item, "effective_from": DAY}
    round_id = office.approved(cancel, kind="round")
    routine = office.approved({**cancel, "subject": office.items[0]})
    office.publish_change(
        {**adjust(law, TODAY, "law", path="rank"), "kind": "instrument", "outcome": "amend"}
    )
    with pytest.raises(Refused, match="不能取消；请改为“保留”并注明待修法") as refused:
        publish(office, round_id)
    assert refused.value.code == "set-by-national-law"
    assert [one["subject"] for one in refused.value.detail["findings"]] == [province.item]
    assert office.changeset(round_id).state == "approved", "it waits"
    with office.database.reading() as session:
        assert publishing.prepare(session, office.publisher, round_id, TODAY) is None
    publish(office, routine)
    with office.database.writing() as session:
        drafts.send_back(session, office.reviewer, round_id, "须待修法")
    assert office.changeset(round_id).state == "returned"
