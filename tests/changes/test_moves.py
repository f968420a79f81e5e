"""Which move is made by whom in which state, all of them; and taking back what was submitted."""

from __future__ import annotations

import pytest
from registry import TODAY, adjust

from app.auth.actor import RIGHTS
from app.canonical import decode
from app.changes import drafts, excepting, publishing, rows
from app.changes.models import STATE_LABELS, ChangesetInput, DecisionInput
from app.changes.moves import MOVES
from app.errors import Conflict, Forbidden, RegistryError, Stale

DAY = "2026-10-01"
MAKE = {
    "redraft": lambda s, a, c: drafts.redraft(s, a, c, rows.find(s, c).version, _form(s, c), TODAY),
    "submit": lambda s, a, c: drafts.submit(s, a, c, None, TODAY),
    "take-back": drafts.take_back,
    "withdraw": lambda s, a, c: drafts.withdraw(s, a, c, "不办了"),
    "approve": drafts.approve,
    "return": lambda s, a, c: drafts.send_back(s, a, c, "期限有误"),
    "publish": lambda s, a, c: publishing.publish(s, a, c, TODAY),
    "emergency": lambda s, a, c: publishing.publish(s, a, c, TODAY, emergency="汛情"),
    "comment": lambda s, a, c: drafts.comment(s, a, c, "承诺时限", "请核对"),
    "except": lambda s, a, c: excepting.let_stand(
        s, a, c, _subject(s, c), "vague-material", "materials/m1/name", "依部门规章原文", TODAY
    ),
}


class Undone(Exception):
    pass


def _form(session, changeset):
    bodies = [decode(row.body) for row in rows.decisions(session, rows.find(session, changeset))]
    return ChangesetInput(title="调整", reason="依职责调整", decisions=[DecisionInput(**b) for b in bodies])


def _subject(session, changeset):
    return decode(rows.decisions(session, rows.find(session, changeset))[0].body)["subject"]


def act(office, use_case, actor, changeset, *more, **named):
    with office.database.writing() as session:
        return use_case(session, actor, changeset, *more, **named)


def tried(office, move, actor, changeset):
    """The code of the refusal, or none; the registry stays as it was."""
    try:
        with office.database.writing() as session:
            MAKE[move](session, actor, changeset)
            raise Undone
    except Undone:
        return None
    except RegistryError as error:
        # Asked after right and state: these drafts bring nothing in that a check finds.
        return None if error.code == "nothing-found" else error.code


@pytest.fixture
def standing(office):
    """State -> a changeset that came into it by the moves."""
    one, two, three = office.items
    found = {
        "draft": office.draft(adjust(one, DAY, 5)).id,
        "submitted": office.submitted(adjust(one, DAY, 5)),
        "returned": office.submitted(adjust(one, DAY, 5)),
        "withdrawn": office.draft(adjust(one, DAY, 5)).id,
        "approved": office.approved(adjust(two, DAY, 5)),
        "published": office.approved(adjust(three, DAY, 5)),
    }
    act(office, drafts.send_back, office.reviewer, found["returned"], "期限有误")
    act(office, drafts.withdraw, office.editor, found["withdrawn"])
    office.publish(found["published"])
    return found


def test_every_move_asks_for_its_right_and_its_state(office, standing):
    assert set(MAKE) == set(MOVES)
    assert set(standing) == set(STATE_LABELS)
    people = {"edit": office.editor, "review": office.reviewer, "publish": office.publisher}
    people |= {right: office.person(right, right) for right in RIGHTS if right not in people}
    people[""] = office.person("nobody")
    for name, move in MOVES.items():
        for state, changeset in standing.items():
            for right, actor in people.items():
                code = tried(office, name, actor, changeset)
                if right not in move.rights:
                    assert code == "missing-right", (name, state, right)
                else:
                    assert code == (None if state in move.states else "wrong-state"), (name, state, right)


def test_what_was_submitted_is_taken_back_changed_and_submitted_again(office):
    item = office.items[0]
    changeset = office.submitted(adjust(item, DAY, 5))
    act(office, drafts.comment, office.reviewer, changeset, "承诺时限", "应为七日")
    taken = act(office, drafts.take_back, office.editor, changeset)
    assert (taken.state, taken.submitter, taken.version) == ("draft", None, 3)
    with pytest.raises(Conflict) as refusal:
        act(office, drafts.approve, office.reviewer, changeset)
    assert refusal.value.message == "变更单还是草稿，不能批准。"
    with office.database.writing() as session:
        changed = ChangesetInput(
            title="调整", reason="依职责调整", decisions=[DecisionInput(**adjust(item, DAY, 7))]
        )
        drafts.redraft(session, office.editor, changeset, taken.version, changed, TODAY)
        drafts.submit(session, office.editor, changeset, None, TODAY)
    act(office, drafts.approve, office.reviewer, changeset)
    office.publish(changeset)
    assert office.on(item, DAY).document()["promised_limit"]["value"] == 7
    with office.database.reading() as session:
        course = [event.event for event in rows.events(session, rows.find(session, changeset))]
    assert course == [
        "drafted",
        "submitted",
        "commented",
        "taken-back",
        "redrafted",
        "submitted",
        "approved",
        "published",
    ]


def test_only_those_who_wrote_or_submitted_take_it_back(office):
    """Another editor of the same scope, and one who reviews too, ask the reviewer to return it."""
    changeset = office.submitted(adjust(office.items[0], DAY, 5))
    for rights in (["edit"], ["edit", "review", "publish"]):
        with pytest.raises(Forbidden) as refusal:
            act(office, drafts.take_back, office.person("-".join(rights), *rights), changeset)
        assert refusal.value.code == "not-your-draft"
    helper = office.person("helper", "edit", "review")
    act(office, drafts.take_back, office.editor, changeset)
    act(office, drafts.submit, helper, changeset, None, TODAY)
    assert act(office, drafts.take_back, helper, changeset).state == "draft"
    act(office, drafts.submit, office.editor, changeset, None, TODAY)
    with pytest.raises(Forbidden) as refusal:  # the submission of before still counts
        act(office, drafts.approve, helper, changeset)
    assert refusal.value.code == "four-eyes"


def test_what_another_drafted_is_withdrawn_by_a_reviewer_who_says_why(office):
    """A department does not kill what the office drafted of its items and a second person approved."""
    changeset = office.approved(adjust(office.items[0], DAY, 5))
    department = office.person("水务", "edit", authority=office.water)
    chief = office.person("主任", "edit", "review")
    for who, why, code in (
        (department, "不要了", "not-your-draft"),
        (chief, " ", "reason-needed"),
        (office.editor, "", "reason-needed"),  # it was approved
    ):
        with pytest.raises(RegistryError) as refusal:
            act(office, drafts.withdraw, who, changeset, why)
        assert refusal.value.code == code
    assert office.changeset(changeset).state == "approved"
    assert act(office, drafts.withdraw, chief, changeset, "文件撤销了").state == "withdrawn"
    own = office.submitted(adjust(office.items[0], DAY, 6))
    assert act(office, drafts.withdraw, office.editor, own).state == "withdrawn"


def test_one_outside_the_scope_does_not_take_it_back(office):
    stranger = office.person("stranger", "edit", authority=office.traffic)
    changeset = office.submitted(adjust(office.items[0], DAY, 5))
    with pytest.raises(Forbidden) as refusal:
        act(office, drafts.take_back, stranger, changeset)
    assert refusal.value.code == "out-of-scope"


def test_an_approval_and_taking_back_never_cross(office):
    """Whichever is written first stands; the other read the state of before and is refused."""
    changeset = office.submitted(adjust(office.items[0], DAY, 5))
    with office.database.reading() as session:
        read = rows.find(session, changeset)
    act(office, drafts.take_back, office.editor, changeset)
    read.state = "approved"
    with pytest.raises(Stale), office.database.writing() as session:
        rows.save(session, read)
    assert office.changeset(changeset).state == "draft"


def test_approval_of_what_is_submitted_again_is_bound_to_it(office):
    """The hash that was read before it was taken back approves nothing else."""
    changeset = office.submitted(adjust(office.items[0], DAY, 5))
    with office.database.reading() as session:
        found = rows.find(session, changeset)
        read = drafts.hash_of(found, rows.decisions(session, found))
    version = act(office, drafts.take_back, office.editor, changeset).version
    changed = ChangesetInput(
        title="调整", reason="依职责调整", decisions=[DecisionInput(**adjust(office.items[0], DAY, 7))]
    )
    act(office, drafts.redraft, office.editor, changeset, version, changed, TODAY)
    act(office, drafts.submit, office.editor, changeset, None, TODAY)
    with pytest.raises(Stale) as refusal:
        act(office, drafts.approve, office.reviewer, changeset, read)
    assert refusal.value.code == "approval-stale"


def test_a_comment_sent_twice_is_kept_once(office):
    changeset = office.submitted(adjust(office.items[0], DAY, 5))
    for words in ("应为七日", "应为七日", "还是五日", "应为七日"):
        act(office, drafts.comment, office.reviewer, changeset, "承诺时限", words)
    with office.database.reading() as session:
        notes = [
            e.note for e in rows.events(session, rows.find(session, changeset)) if e.event == "commented"
        ]
    assert notes == ["承诺时限：应为七日", "承诺时限：还是五日", "承诺时限：应为七日"]
