"""Draft, submit, approve, publish: who may, in which state, bound to what."""

from __future__ import annotations

import pytest
from registry import TODAY, adjust, item_content

from app.canonical import decode
from app.changes import drafts, publishing, rows
from app.changes.models import ChangesetInput, DecisionInput
from app.errors import Conflict, Forbidden, Invalid, NotFound, Refused, Stale


def form(*decisions, title="调整"):
    return ChangesetInput(title=title, decisions=[DecisionInput(**d) for d in decisions])


def act(office, use_case, actor, changeset, *more, **named):
    with office.database.writing() as session:
        return use_case(session, actor, changeset, *more, **named)


def test_the_whole_way(office):
    item = office.items[0]
    receipt = office.publish_change(adjust(item, "2026-10-01", 5))
    assert office.on(item, "2026-09-30").document()["promised_limit"]["value"] == 20
    assert office.on(item, "2026-10-01").document()["promised_limit"]["value"] == 5
    assert office.scalars("SELECT key FROM outbox WHERE topic = 'index'")[-1] == receipt.publication
    changeset = office.scalars("SELECT id FROM changeset")[0]
    with office.database.reading() as session:
        events = [(e.event, e.account) for e in rows.events(session, rows.find(session, changeset))]
    people = [office.editor.account, office.editor.account, office.reviewer.account, office.publisher.account]
    assert events == list(zip(["drafted", "submitted", "approved", "published"], people, strict=True))
    published = office.scalars(f"SELECT reviewer FROM publication WHERE changeset = '{changeset}'")
    assert published == [office.reviewer.account]
    office.assert_sound()


@pytest.mark.parametrize(
    ("use_case", "right"),
    [
        ("draft", "edit"),
        ("submit", "edit"),
        ("approve", "review"),
        ("send_back", "review"),
        ("publish", "publish"),
    ],
)
def test_each_move_asks_for_its_right(office, use_case, right):
    nobody = office.person("nobody", *({"edit", "review", "publish"} - {right}))
    changeset = office.draft(adjust(office.items[0], "2026-10-01", 5)).id
    moves = {
        "draft": lambda s: drafts.draft(s, nobody, form(adjust(office.items[0], "2026-10-01", 5)), TODAY),
        "submit": lambda s: drafts.submit(s, nobody, changeset, None, TODAY),
        "approve": lambda s: drafts.approve(s, nobody, changeset),
        "send_back": lambda s: drafts.send_back(s, nobody, changeset, "不妥"),
        "publish": lambda s: publishing.publish(s, nobody, changeset, TODAY),
    }
    with pytest.raises(Forbidden) as refusal, office.database.writing() as session:
        moves[use_case](session)
    assert (refusal.value.code, refusal.value.detail["right"]) == ("missing-right", right)


def test_author_submitter_and_redrafter_do_not_approve(office):
    hands = {name: office.person(name, "edit", "review") for name in ("author", "redrafter", "submitter")}
    decision = adjust(office.items[0], "2026-10-01", 5)
    changeset = office.draft(decision, actor=hands["author"])
    act(office, drafts.redraft, hands["redrafter"], changeset.id, changeset.version, form(decision), TODAY)
    act(office, drafts.submit, hands["submitter"], changeset.id, None, TODAY)
    for actor in hands.values():
        with pytest.raises(Forbidden) as refusal:
            act(office, drafts.approve, actor, changeset.id)
        assert refusal.value.code == "four-eyes"
    assert act(office, drafts.approve, office.reviewer, changeset.id).state == "approved"


def test_a_redrafter_of_an_earlier_turn_does_not_approve_either(office):
    helper = office.person("helper", "edit", "review")
    decision = adjust(office.items[0], "2026-10-01", 5)
    changeset = office.draft(decision)
    act(office, drafts.redraft, helper, changeset.id, changeset.version, form(decision), TODAY)
    version = office.changeset(changeset.id).version
    act(office, drafts.redraft, office.editor, changeset.id, version, form(decision), TODAY)
    act(office, drafts.submit, office.editor, changeset.id, None, TODAY)
    with pytest.raises(Forbidden):
        act(office, drafts.approve, helper, changeset.id)


def test_approval_is_bound_to_what_was_read(office):
    changeset = office.submitted(adjust(office.items[0], "2026-10-01", 5))
    with pytest.raises(Stale) as refusal:
        act(office, drafts.approve, office.reviewer, changeset, "0" * 64)
    assert refusal.value.code == "approval-stale"
    act(office, drafts.approve, office.reviewer, changeset, refusal.value.detail["hash"])
    assert office.changeset(changeset).approved == refusal.value.detail["hash"]


def test_what_was_changed_behind_the_approval_is_not_published(office):
    changeset = office.approved(adjust(office.items[0], "2026-10-01", 5))
    with office.database.writing() as session:
        session.connection().exec_driver_sql(f"UPDATE changeset SET title = '别的' WHERE id = '{changeset}'")
    with pytest.raises(Conflict) as refusal:
        office.publish(changeset)
    assert refusal.value.code == "approval-void"
    assert office.count("publication") == 1


def test_states(office):
    """A move from the wrong state is refused, and the refusal names the state."""
    draft = office.draft(adjust(office.items[0], "2026-10-01", 5)).id
    submitted = office.submitted(adjust(office.items[0], "2026-10-01", 5))
    published = office.approved(adjust(office.items[1], "2026-10-01", 5))
    office.publish(published)
    withdrawn = office.draft(adjust(office.items[0], "2026-10-01", 5)).id
    act(office, drafts.withdraw, office.editor, withdrawn, "不再需要")
    e, r, p = office.editor, office.reviewer, office.publisher
    wrong = [
        (drafts.approve, r, draft, [], "draft"),
        (drafts.send_back, r, draft, ["理由"], "draft"),
        (publishing.publish, p, draft, [TODAY], "draft"),
        (publishing.publish, p, submitted, [TODAY], "submitted"),
        (drafts.submit, e, submitted, [None, TODAY], "submitted"),
        (publishing.publish, p, published, [TODAY], "published"),
        (drafts.withdraw, e, published, [], "published"),
        (drafts.submit, e, withdrawn, [None, TODAY], "withdrawn"),
        (publishing.publish, p, withdrawn, [TODAY], "withdrawn"),
    ]
    for use_case, actor, changeset, more, state in wrong:
        with pytest.raises(Conflict) as refusal:
            act(office, use_case, actor, changeset, *more)
        assert (refusal.value.code, refusal.value.detail["state"]) == ("wrong-state", state)
    with pytest.raises(Conflict):
        act(office, publishing.publish, p, published, TODAY, emergency="再发一次")
    assert office.count("publication") == 2
    with pytest.raises(NotFound):
        office.publish("qdx-00000000")


def test_sent_back_redrafted_and_published(office):
    item = office.items[0]
    changeset = office.submitted(adjust(item, "2026-10-01", 5))
    with pytest.raises(Invalid):
        act(office, drafts.send_back, office.reviewer, changeset, "  ")
    returned = act(office, drafts.send_back, office.reviewer, changeset, "期限有误")
    assert returned.state == "returned"
    act(
        office,
        drafts.redraft,
        office.editor,
        changeset,
        returned.version,
        form(adjust(item, "2026-10-01", 7)),
        TODAY,
    )
    act(office, drafts.submit, office.editor, changeset, None, TODAY)
    act(office, drafts.approve, office.reviewer, changeset)
    office.publish(changeset)
    assert office.on(item, "2026-10-01").document()["promised_limit"]["value"] == 7


def test_an_edit_that_did_not_see_the_last_one_is_refused(office):
    changeset = office.draft(adjust(office.items[0], "2026-10-01", 5))
    act(
        office,
        drafts.redraft,
        office.editor,
        changeset.id,
        1,
        form(adjust(office.items[0], "2026-10-01", 6)),
        TODAY,
    )
    for use_case, more in (
        (drafts.redraft, [1, form(adjust(office.items[0], "2026-10-01", 7)), TODAY]),
        (drafts.submit, [1, TODAY]),
    ):
        with pytest.raises(Stale) as refusal:
            act(office, use_case, office.editor, changeset.id, *more)
        assert refusal.value.code == "edited-meanwhile"
    assert office.draft_rows(changeset.id)[0]["body"]["changes"][0]["value"] == 6


# --- emergency --------------------------------------------------------------------------------------------


def test_emergency_publish_is_marked_and_confirmed_by_another(office):
    alone = office.person("alone", "edit", "review", "publish")
    item = office.items[0]
    changeset = office.draft(adjust(item, TODAY, 3), actor=alone).id
    with pytest.raises(Invalid):
        act(office, publishing.publish, alone, changeset, TODAY, emergency=" ")
    published = act(office, publishing.publish, alone, changeset, TODAY, emergency="汛情")
    assert office.on(item, TODAY).document()["promised_limit"]["value"] == 3
    assert published.changeset.unconfirmed == 1
    seq = published.receipt.publication
    assert office.scalars(f"SELECT kind FROM publication WHERE seq = {seq}") == ["routine"]
    assert decode(
        office.scalars(f"SELECT body FROM content JOIN publication ON hash = statement WHERE seq = {seq}")[0]
    )["emergency"] == ("汛情")
    with pytest.raises(Forbidden) as refusal:
        act(office, publishing.confirm, alone, changeset)
    assert refusal.value.code == "four-eyes"
    act(office, publishing.confirm, office.reviewer, changeset)
    assert office.changeset(changeset).unconfirmed == 0
    assert office.scalars("SELECT kind FROM publication ORDER BY seq")[-1] == "confirmation"
    with pytest.raises(Conflict):
        act(office, publishing.confirm, office.reviewer, changeset)
    office.assert_sound()


def test_who_redrafted_does_not_confirm_the_emergency(office):
    alone = office.person("alone", "publish")
    helper = office.person("helper", "edit", "review")
    decision = adjust(office.items[0], TODAY, 3)
    changeset = office.draft(decision)
    act(office, drafts.redraft, helper, changeset.id, 1, form(decision), TODAY)
    act(office, publishing.publish, alone, changeset.id, TODAY, emergency="汛情")
    with pytest.raises(Forbidden):
        act(office, publishing.confirm, helper, changeset.id)


# --- what may be written ----------------------------------------------------------------------------------


def refused(office, *decisions, **asked):
    with pytest.raises((Refused, Invalid, Forbidden)) as refusal:
        office.draft(*decisions, **asked)
    assert office.count("changeset") == 0, "a refused draft leaves nothing behind"
    assert office.count("draft_decision") == 0
    return refusal.value


def test_the_past_needs_its_kind_and_a_reason(office):
    item = office.items[0]
    assert refused(office, adjust(item, "2026-09-27", 5)).code == "timing-needed"
    assert refused(office, adjust(item, "2026-09-27", 5, timing="late_entry")).code == "reason-needed"
    late = adjust(item, "2026-09-27", 5, timing="late_entry", reason="文件 9 月 27 日起施行")
    office.publish_change(late)
    assert office.on(item, "2026-09-27").document()["promised_limit"]["value"] == 5
    assert office.on(item, "2026-09-26").document()["promised_limit"]["value"] == 20
    office.draft(adjust(item, TODAY, 6))


def test_timing_is_asked_again_on_the_day_of_publication(office):
    changeset = office.approved(adjust(office.items[0], "2026-09-29", 5))
    with pytest.raises(Invalid) as refusal:
        office.publish(changeset, today="2026-09-30")
    assert refusal.value.code == "timing-needed"
    office.publish(changeset, today="2026-09-29")


@pytest.mark.parametrize(
    "change",
    [
        {"op": "set", "path": "promised_limit/value", "value": 1.5},
        {"op": "set", "path": "promised_limit/value", "value": 1.0},
        {"op": "set", "path": "promised_limit/value", "value": True},
        {"op": "set", "path": "promised_limit/value", "value": "5"},
        {"op": "set", "path": "no_such_field", "value": "x"},
        {"op": "set", "path": "name", "value": None},
        {"op": "set", "path": "name", "value": "空\x00字符"},
        {"op": "set", "path": "name", "value": "名" * 1001},
        {"op": "set", "path": "name", "value": {"a": 1}},
        {"op": "set", "path": "materials/m1/copies", "value": -1},
        {"op": "set", "path": "materials/m1/key", "value": "m2"},
        {"op": "add", "path": "materials", "value": "申请表"},
        {"op": "add", "path": "materials", "value": {"label": "没有名称"}},
        {"op": "add", "path": "materials"},
        {"op": "order", "path": "materials"},
        {"op": "set", "path": "status", "value": "ended"},
        {"op": "set", "path": "codes", "value": None},
        {"op": "set", "path": "codes", "value": 5},
        {"op": "add", "path": "codes", "value": {"key": "x"}},
        {"op": "add", "path": "codes", "value": {"key": "x", "scheme": 1, "value": "2"}},
        {"op": "set", "path": "codes/local:X1/value", "value": "X2"},
    ],
)
def test_a_change_that_content_cannot_hold_is_refused(office, change):
    item = office.items[0]
    error = refused(
        office, {"outcome": "adjust", "subject": item, "effective_from": "2026-10-01", "changes": [change]}
    )
    assert error.message


def test_an_added_element_is_given_its_key_once(office):
    item = office.items[0]
    day = {"outcome": "adjust", "subject": item, "effective_from": "2026-10-01"}
    office.publish_change(
        {**day, "changes": [{"op": "add", "path": "materials", "value": {"name": "健康证明"}}]}
    )
    (added,) = [m for m in office.on(item, "2026-10-01").document()["materials"] if m["name"] == "健康证明"]
    assert added["key"].startswith("k")
    office.publish_change(
        {
            **day,
            "changes": [{"op": "remove", "path": f"materials/{added['key']}"}],
            "effective_from": "2026-10-05",
        }
    )
    again = {"op": "add", "path": "materials", "value": {"key": added["key"], "name": "另一份"}}
    with pytest.raises(Invalid) as refusal:
        office.draft({**day, "changes": [again], "effective_from": "2026-10-09"})
    assert refusal.value.code == "key-used"
    office.assert_sound()


def test_codes_come_and_go_as_rows_of_their_own(office):
    item = office.items[0]
    office.publish_change(
        {
            "outcome": "adjust",
            "subject": item,
            "effective_from": "2026-10-01",
            "changes": [{"op": "remove", "path": "codes/local:X1"}],
            "codes": [{"scheme": "local", "value": "斜/杠%"}],
        }
    )
    assert office.on(item, "2026-09-30").codes == [{"scheme": "local", "value": "X1"}]
    assert office.on(item, "2026-10-01").codes == [{"scheme": "local", "value": "斜/杠%"}]
    assert office.count("revision") == 7, "content did not change, so no revision is written"
    office.assert_sound()


def test_an_id_is_given_by_the_registry(office):
    content = item_content("新事项", office.water, office.district)
    new = {"outcome": "add", "effective_from": "2026-10-01", "content": content}
    for subject in ("x", "qdi-zzzzzzzz", "qdi-000000zz", office.water):
        assert refused(office, {**new, "subject": subject}).code in ("id-not-given", "wrong-kind")
    changeset = office.approved({**new, "codes": [{"scheme": "local", "value": "N1"}]})
    subject = office.draft_rows(changeset)[0]["body"]["subject"]
    office.publish(changeset)
    assert office.on(subject, "2026-10-01").status == "in_force"
    assert office.on(subject, "2026-09-30").status == "not_yet"


def test_a_code_may_not_look_like_an_id(office):
    content = item_content("新事项", office.water, office.district)
    code = {"scheme": "local", "value": office.items[0]}
    new = {"outcome": "add", "effective_from": "2026-10-01", "content": content, "codes": [code]}
    assert refused(office, new).code == "code-like-id"


def test_references_must_be_registered_and_of_their_kind(office):
    for authority in ("qda-00000000", office.district, "@nowhere"):
        content = item_content("新事项", authority, office.district)
        new = {"outcome": "add", "effective_from": "2026-10-01", "content": content}
        assert refused(office, new).code == "unknown-reference"


def test_the_kind_is_the_subjects_own(office):
    assert (
        refused(office, {"outcome": "retain", "subject": office.water, "effective_from": "2026-10-01"}).code
        == "wrong-kind"
    )


def test_a_refusal_names_the_decision(office):
    error = refused(
        office, adjust(office.items[0], "2026-10-01", 5), adjust(office.items[1], "2026-10-01", -5)
    )
    assert error.detail["decision"] == 2
    assert error.message.startswith("第 2 项决定：")


@pytest.mark.parametrize("day", ["", "2026-02-30", "2026-1-1", "9999-12-31", "二〇二六", "2026-10-01\n"])
def test_a_day_is_a_day(office, day):
    assert refused(office, adjust(office.items[0], day, 5)).code == "bad-day"


# --- scope ------------------------------------------------------------------------------------------------


def test_an_actor_stays_in_its_authority(office):
    mine, _, theirs = office.items
    water = office.person("water", "edit", authority=office.water)
    office.draft(adjust(mine, "2026-10-01", 5), actor=water)
    grab = {**adjust(theirs, "2026-10-01", office.water, "authority"), "outcome": "transfer"}
    give = {**adjust(mine, "2026-10-01", office.traffic, "authority"), "outcome": "transfer"}
    void = {"outcome": "void", "act": office.acts(theirs)[0], "ground": "error", "reason": "录错"}
    for decision in (adjust(theirs, "2026-10-01", 5), grab, give, void):
        with pytest.raises(Forbidden) as refusal:
            office.draft(decision, actor=water)
        assert refusal.value.code == "out-of-scope"


def test_a_region_covers_all_below_it(office):
    district = office.person("district", "edit", region=office.district)
    town = office.person("town", "edit", region=office.town)
    office.draft(adjust(office.items[0], "2026-10-01", 5), actor=district)
    village = {"kind": "region", "outcome": "found", "effective_from": "2026-10-01"}
    village["content"] = {"name": "牌坊村", "level": "6", "parent": office.town}
    office.draft(village, actor=district)
    office.draft(village, actor=town)
    for decision in (
        adjust(office.items[0], "2026-10-01", 5),
        {**village, "content": {"name": "别处", "level": "5", "parent": office.district}},
    ):
        with pytest.raises(Forbidden):
            office.draft(decision, actor=town)


def test_a_reviewer_and_a_publisher_stay_in_their_scope_too(office):
    changeset = office.submitted(adjust(office.items[2], "2026-10-01", 5))
    water = office.person("water", "review", "publish", authority=office.water)
    with pytest.raises(Forbidden) as refusal:
        act(office, drafts.approve, water, changeset)
    assert refusal.value.code == "out-of-scope"
    act(office, drafts.approve, office.reviewer, changeset)
    with pytest.raises(Forbidden):
        act(office, publishing.publish, water, changeset, TODAY)
    traffic = office.person("traffic", "review", "publish", authority=office.traffic)
    act(office, publishing.publish, traffic, changeset, TODAY)


# --- the first entry -----------------------------------------------------------------------------------------


def test_initial_publication_ends_with_the_first_of_another_kind(office):
    with office.database.writing() as session:
        publishing.publish_initial(session, [], {"title": "首次录入 2"})
    office.publish_change(adjust(office.items[0], "2026-10-01", 5))
    with pytest.raises(Conflict) as refusal, office.database.writing() as session:
        publishing.publish_initial(session, [], {"title": "首次录入 3"})
    assert refusal.value.code == "not-initial"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("draft", "变更单还是草稿，不能批准。"),
        ("returned", "变更单已被退回，不能批准。"),
        ("approved", "变更单已经批准、等待发布，不能批准。"),
        ("published", "变更单已经发布，不能批准。"),
        ("withdrawn", "变更单已经撤回，不能批准。"),
    ],
)
def test_a_move_in_the_wrong_state_is_a_sentence(office, state, words):
    changeset = office.draft(adjust(office.items[0], "2026-10-01", 5)).id
    with office.database.writing() as session:
        found = rows.find(session, changeset)
        found.state = state
        rows.save(session, found)
    with pytest.raises(Conflict) as refusal:
        act(office, drafts.approve, office.reviewer, changeset)
    assert refusal.value.message == words
    if state != "approved":
        with pytest.raises(Conflict) as refusal:
            act(office, publishing.publish, office.publisher, changeset, TODAY)
        over = state in ("published", "withdrawn")
        then = "不能再发布" if over else "批准之后才能发布"
        assert refusal.value.message == words.replace("不能批准", then)


def test_resuming_what_was_not_suspended_says_that_nothing_is_to_do(office):
    with pytest.raises(Refused) as refusal:
        office.draft({"outcome": "resume", "subject": office.items[0], "effective_from": "2026-10-01"})
    assert refusal.value.message == "“取水许可1”在生效日处于在用状态，无需恢复。"
