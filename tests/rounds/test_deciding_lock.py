"""Proposals and opinions are weighed beside all other writers; what they write meanwhile is seen. No clock, no second
thread: the other writer comes between the weighing and the writing."""

from __future__ import annotations

import pytest
from holding import DAY, counts, lines, opened, opined, proposed
from registry import TODAY, adjust, item_content

from app.changes.models import DecisionInput
from app.errors import Conflict, Refused, Stale
from app.rounds import proposing, reviewing
from app.rounds.proposing import propose_from
from app.rounds.reviewing import Review, opine_from


def says(outcome, *items):
    return [DecisionInput(outcome=outcome, subject=item, effective_from=DAY) for item in items]


def counted(monkeypatch, module, name):
    """How often ``module.name`` is called, as a list that grows."""
    calls, plain = [], getattr(module, name)

    def noted(*asked, **more):
        calls.append(name)
        return plain(*asked, **more)

    monkeypatch.setattr(module, name, noted)
    return calls


@pytest.fixture
def office_and_round(office):
    return office, opened(office)


def proposing_from(office, round_id, *asked, **more):
    with office.database.reading() as session:
        return propose_from(session, office.editor, round_id, lambda _session: asked, TODAY, **more)


def judged(office, round_id, items, opinion="agree", **more):
    with office.database.reading() as session:
        return opine_from(session, office.reviewer, round_id, Review(items, opinion, **more), TODAY)


def written(office, write):
    with office.database.writing() as session:
        return write(session)


def test_what_was_weighed_is_written_without_weighing_again(office_and_round, monkeypatch):
    office, round_id = office_and_round
    weighed = counted(monkeypatch, proposing, "weigh")
    write = proposing_from(office, round_id, *says("retain", *office.items))
    office.draft(adjust(office.items[2], "2026-09-28", 10), title="另一份变更单")
    assert counts(office, round_id)["proposed"] == 0
    assert (written(office, write).new, weighed) == (sorted(office.items), ["weigh"])
    judging = counted(monkeypatch, reviewing, "judge")
    write = judged(office, round_id, office.items)
    assert counts(office, round_id)["reviewed"] == 0
    assert (len(written(office, write)), judging) == (3, ["judge"])
    assert counts(office, round_id)["reviewed"] == len(office.draft_rows(round_id)) == 3


def test_a_proposal_made_meanwhile_is_seen(office_and_round):
    office, round_id = office_and_round
    first, other = office.items[0], office.person("wang", "edit")
    write = proposing_from(office, round_id, *says("retain", first))
    proposed(office, round_id, {"outcome": "cancel", "subject": first, "reason": "不再需要"}, actor=other)
    with pytest.raises(Stale) as unread:
        written(office, write)
    assert unread.value.code == "opinion-stale"
    shown = {first: lines(office, round_id)[first]["hash"]}
    done = written(office, proposing_from(office, round_id, *says("retain", first), read=shown))
    assert (done.new, done.changed) == ([], [first])
    write = proposing_from(office, round_id, *says("suspend", first))
    opined(office, round_id, [first], "agree")
    with pytest.raises(Conflict) as refused:
        written(office, write)
    assert refused.value.code == "already-reviewed"
    assert lines(office, round_id)[first]["final"]["outcome"] == "retain"


def test_what_is_asked_is_asked_again_of_a_round_that_has_moved(office_and_round):
    """A merger joins those that stand: the one that came meanwhile is not lost."""
    office, round_id = office_and_round
    asked = []

    def again(session):
        asked.append(session)
        return says("retain", office.items[0])

    with office.database.reading() as session:
        write = propose_from(session, office.editor, round_id, again, TODAY)
    proposed(office, round_id, {"outcome": "retain", "subject": office.items[1]})
    assert written(office, write).new == [office.items[0]]
    assert len(asked) == 2


def test_a_proposal_that_changes_while_it_is_judged_is_judged_as_it_stands(office_and_round):
    office, round_id = office_and_round
    first = office.items[0]
    proposed(office, round_id, {"outcome": "retain", "subject": first})
    write = judged(office, round_id, [first])
    proposed(office, round_id, {"outcome": "cancel", "subject": first, "reason": "不再需要"})
    written(office, write)
    assert lines(office, round_id)[first]["final"]["outcome"] == "cancel"
    write = judged(office, round_id, [first])
    opined(office, round_id, [first], "return", reason="再议")
    with pytest.raises(Conflict) as refused:
        written(office, write)
    assert refused.value.code == "already-returned"


def test_a_publication_meanwhile_is_seen(office_and_round):
    office, round_id = office_and_round
    first = office.items[0]
    proposed(office, round_id, {"outcome": "retain", "subject": first})
    write = judged(office, round_id, [first])
    cancel = {"kind": "item", "outcome": "cancel", "subject": first, "effective_from": "2026-09-28"}
    office.publish_change(cancel)
    with pytest.raises(Refused) as refused:
        written(office, write)
    assert refused.value.code == "wrong-status"


def test_a_new_item_of_a_changed_opinion_has_an_id_that_nobody_was_given_meanwhile(office_and_round):
    office, round_id = office_and_round
    first = office.items[0]
    proposed(office, round_id, {"outcome": "retain", "subject": first})

    def named(name):
        return {"content": item_content(name, office.water, office.district)}

    split = DecisionInput(
        outcome="split",
        effective_from=DAY,
        origins=[{"subject": first}],
        results=[named("取水许可甲"), named("取水许可乙")],
    )
    write = judged(office, round_id, [first], "change", reason="拆开办", decision=split)
    other = office.draft({"outcome": "add", "effective_from": "2026-09-28", **named("新的许可")}).id
    written(office, write)
    (ours,), (theirs,) = office.draft_rows(round_id), office.draft_rows(other)
    assert len({theirs["body"]["subject"], *(one["subject"] for one in ours["body"]["results"])}) == 3
