"""Proposal, opinion, decision: three things kept apart, with who and when, in the draft and as published."""

from __future__ import annotations

from dataclasses import replace

import pytest
from handing import make_province
from holding import DAY, counts, lines, opened, opined, proposed
from registry import TODAY, adjust, item_content

from app.auth.actor import Actor
from app.canonical import decode
from app.changes import drafts, rows
from app.changes.models import ChangesetInput
from app.changes.queries import round_of
from app.changes.redacting import redact
from app.changes.showing import is_readable, readable
from app.errors import Conflict, Forbidden, Invalid, Refused, RegistryError, Stale
from app.rounds import publishing
from app.rounds.returned import returned_to
from app.rounds.tables import tables_of
from app.versions.queries import known_at


def retain(item, **more):
    return {"outcome": "retain", "subject": item, **more}


def cancel(item, **more):
    return {"outcome": "cancel", "subject": item, **more}


def bodies(office, round_id):
    return [row["body"] for row in office.draft_rows(round_id)]


def through(office, round_id, approver=None):
    with office.database.writing() as session:
        drafts.submit(session, office.editor, round_id, None, TODAY)
        drafts.approve(session, approver or office.reviewer, round_id)
        publishing.publish(session, office.publisher, round_id, TODAY)
    with office.database.reading() as session:
        connection = session.connection()
        return round_of(connection, round_id, known_at(connection, None))


def test_a_department_proposes_to_give_its_own_item_away_and_nothing_else(office):
    round_id = opened(office)
    water = office.person("water", "edit", authority=office.water)

    def to(item, authority):
        changes = [{"op": "set", "path": "authority", "value": authority}]
        return {"outcome": "transfer", "subject": item, "changes": changes}

    proposed(office, round_id, to(office.items[0], office.traffic), actor=water)
    assert lines(office, round_id)[office.items[0]]["proposed"]["outcome"] == "transfer"
    with pytest.raises(Forbidden):
        proposed(office, round_id, to(office.items[2], office.water), actor=water)


def test_to_propose_for_a_round_is_not_to_read_all_of_it(office):
    round_id = opened(office, cancel(office.items[2], effective_from=DAY, reason="只给办公室看的理由"))
    water = office.person("water", "edit", authority=office.water)
    office_worker = office.person("法制办", "edit")

    def reads(actor):
        with office.database.reading() as session:
            changeset = rows.find(session, round_id)
            found = is_readable(session, actor, changeset)
            assert found == (round_id in [one.id for one in readable(session, actor, [changeset])])
            return found

    assert not reads(water)
    proposed(office, round_id, retain(office.items[0]), actor=water)
    assert not reads(water)
    with office.database.reading() as session:
        assert is_readable(session, water, rows.find(session, round_id), part=True)
    assert reads(office_worker)
    assert reads(office.editor)


def test_a_department_proposes_to_entrust_its_item_to_another_organ_for_a_time(office):
    round_id = opened(office)
    water = office.person("water", "edit", authority=office.water)
    lent = item_content("取水许可1", office.traffic, office.district, power_source="6")
    body = {
        "outcome": "entrust",
        "subject": office.items[0],
        "until": "2026-12-31",
        "results": [{"content": lent}],
    }
    proposed(office, round_id, body, actor=water)
    assert lines(office, round_id)[office.items[0]]["proposed"]["until"] == "2026-12-31"
    with pytest.raises(Forbidden):
        proposed(office, round_id, body | {"subject": office.items[2]}, actor=water)


def test_a_new_item_proposed_again_in_the_same_words_is_that_one(office):
    round_id = opened(office)
    content = {"name": "河道采砂许可", "type": "01", "authority": office.water, "region": office.district}
    new = {"outcome": "add", "content": content | {"materials": [{"name": "申请书"}, {"name": "图纸"}]}}
    (item,) = proposed(office, round_id, new).new
    (key, other) = [one["key"] for one in lines(office, round_id)[item]["proposed"]["content"]["materials"]]
    assert key != other, "elements that come without a key are given one each"
    done = proposed(office, round_id, new)
    assert (done.new, done.changed, done.unchanged) == ([], [], [item])
    (second,) = proposed(office, round_id, new | {"content": content | {"name": "河道采砂许可（二）"}}).new
    assert second != item
    changed = proposed(office, round_id, new | {"subject": item, "content": content})
    assert changed.changed == [item]


def test_the_office_changes_a_new_item_without_naming_its_id(office):
    round_id = opened(office)
    content = {"name": "河道采砂许可", "type": "01", "authority": office.water, "region": office.district}
    (item,) = proposed(office, round_id, {"outcome": "add", "content": content}).new
    named = {"outcome": "add", "content": content | {"name": "采砂许可"}}
    opined(office, round_id, [item], "change", reason="名称从简", decision=named)
    (body,) = bodies(office, round_id)
    assert (body["subject"], body["content"]["name"]) == (item, "采砂许可")
    taken = {"outcome": "receive", "results": [{"content": content}], "outside": [{"name": "省级采砂许可"}]}
    opined(office, round_id, [item], "change", reason="是承接", decision=taken)
    (body,) = bodies(office, round_id)
    assert (body["outcome"], body["results"][0]["subject"]) == ("receive", item)
    with pytest.raises(Invalid) as refused:
        opined(office, round_id, [item], "change", reason="误", decision=retain(office.items[0]))
    assert refused.value.code == "another-item"


def test_what_another_proposed_is_not_replaced_unread_and_is_kept_once_it_was_read(office):
    round_id, (first, second, _) = opened(office), office.items
    other = office.person("other", "edit")
    proposed(office, round_id, retain(first, reason="他们的理由"), actor=other)
    for many in ([cancel(first)], [cancel(second), cancel(first)]):
        with pytest.raises(Stale) as refused:
            proposed(office, round_id, *many)
        assert (refused.value.code, refused.value.detail["subject"]) == ("opinion-stale", first)
        assert refused.value.detail["decision"] == len(many)
    assert lines(office, round_id)[second]["state"] == "open"
    assert proposed(office, round_id, retain(first, reason="他们的理由")).unchanged == [first]
    shown = lines(office, round_id)[first]["hash"]
    assert proposed(office, round_id, cancel(first), read={first: shown}).changed == [first]
    assert proposed(office, round_id, cancel(first, reason="想好了")).changed == [first], "one's own"
    proposed(office, round_id, *(retain(item) for item in office.items[1:]))
    [earlier] = lines(office, round_id)[first]["earlier"]
    assert (earlier["proposed"]["reason"], earlier["proposed"]["account"]) == ("他们的理由", other.account)
    assert earlier["opinion"] is None
    opined(office, round_id, office.items, "agree")
    published = through(office, round_id, office.person("second", "review"))
    [kept] = [one for row in published["decisions"] for one in row["review"].get("earlier", ())]
    assert (kept["proposed"]["reason"], "account" in kept["proposed"]) == ("他们的理由", False)


def test_a_refusal_of_the_form_says_which_of_many(office):
    round_id = opened(office)
    bad = retain(office.items[1], effective_from="")
    with pytest.raises(Invalid) as refused:
        proposed(office, round_id, retain(office.items[0]), bad)
    assert refused.value.message.startswith("第 2 项决定：施行日期")
    assert (refused.value.code, refused.value.detail["decision"]) == ("bad-day", 2)


def test_a_proposal_is_no_decision_until_the_office_says_so(office):
    round_id = opened(office)
    done = proposed(office, round_id, retain(office.items[0], reason="常用"))
    assert (done.new, done.changed, done.unchanged) == ([office.items[0]], [], [])
    assert bodies(office, round_id) == []
    line = lines(office, round_id)[office.items[0]]
    assert (line["state"], line["proposed"]["reason"], line["opinion"], line["final"]) == (
        "proposed",
        "常用",
        None,
        None,
    )
    assert (line["proposed"]["name"], line["proposed"]["at"][:10]) == ("editor", TODAY)
    with pytest.raises(Refused, match="没有处理决定"):
        through(office, round_id)


def test_all_three_stay_visible_in_the_draft_and_as_published(office):
    round_id = opened(office)
    first, second, third = office.items
    proposed(office, round_id, retain(first), cancel(second, words="一次性取消"), retain(third))
    opined(office, round_id, [first, third], "agree")
    opined(office, round_id, [second], "change", reason="还有人办理", decision=retain(second))
    assert counts(office, round_id) == {"items": 3, "open": 0, "proposed": 0, "returned": 0, "reviewed": 3}
    told = lines(office, round_id)[second]
    assert (told["proposed"]["outcome"], told["proposed"]["name"]) == ("cancel", "editor")
    assert (told["opinion"]["opinion"], told["opinion"]["reason"]) == ("change", "还有人办理")
    assert told["opinion"]["name"] == "reviewer"
    assert told["final"]["outcome"] == "retain"
    drafted = {body["subject"]: body for body in bodies(office, round_id)}
    assert drafted[second]["review"]["proposed"]["words"] == "一次性取消"
    assert drafted[second]["review"]["opinion"]["account"] == office.reviewer.account
    published = through(office, round_id, office.person("second", "review"))
    decided = {one["subject"]: one for one in published["decisions"]}
    assert decided[second]["outcome"] == "retain"
    assert decided[second]["review"] == {
        "proposed": {
            "outcome": "cancel",
            "effective_from": DAY,
            "words": "一次性取消",
            "at": told["proposed"]["at"],
        },
        "opinion": {"opinion": "change", "reason": "还有人办理", "at": told["opinion"]["at"]},
    }, "accounts are in the log and before staff, not before the public"
    assert lines(office, round_id)[second]["proposed"]["name"] == "editor", "staff read it afterwards too"
    with office.database.reading() as session:
        table = tables_of(session.connection(), round_id, known_at(session.connection(), None))[0]
    row = next(dict(zip(table.columns, row, strict=True)) for row in table.rows if row[1] == "取水许可2")
    assert (row["处理决定"], row["部门清理意见"], row["审核意见"]) == (
        "保留",
        "取消；一次性取消",
        "修改：还有人办理",
    )
    office.assert_sound()


def test_approval_is_bound_to_proposal_and_opinion(office):
    round_id = opened(office)
    proposed(office, round_id, *map(retain, office.items))
    opined(office, round_id, office.items, "agree")
    with office.database.reading() as session:
        changeset = rows.find(session, round_id)
        before = drafts.hash_of(changeset, rows.decisions(session, changeset))
    opined(office, round_id, office.items[:1], "return", reason="再想想")
    proposed(office, round_id, retain(office.items[0], reason="想过了"))
    opined(office, round_id, office.items[:1], "agree")
    with office.database.reading() as session:
        changeset = rows.find(session, round_id)
        assert drafts.hash_of(changeset, rows.decisions(session, changeset)) != before
    earlier = lines(office, round_id)[office.items[0]]["earlier"]
    assert [one["opinion"]["opinion"] for one in earlier] == ["agree", "return"]
    assert earlier[-1]["opinion"]["reason"] == "再想想"


def test_what_came_back_is_told_to_whose_item_it_is_until_it_is_decided(office):
    round_id, first = opened(office), office.items[0]
    proposed(office, round_id, *map(retain, office.items))
    opined(office, round_id, [first], "return", reason="再想想")

    def back(**scope):
        actor = Actor(None, "某账号", frozenset({"edit"}), **scope)
        with office.database.reading() as session:
            return [(one["item"], one["reason"]) for one in returned_to(session, actor, round_id, TODAY)]

    (whose,) = office.scalars(f"SELECT DISTINCT authority FROM timeline WHERE subject_id = '{first}'")
    (other,) = {office.water, office.traffic} - {whose}
    assert back() == back(authority=whose) == back(region=office.district) == [(first, "再想想")]
    assert back(authority=other) == []
    proposed(office, round_id, retain(first, reason="想过了"))
    assert back() == []


def test_returned_leaves_the_draft_and_waits(office):
    round_id = opened(office)
    proposed(office, round_id, *map(retain, office.items))
    opined(office, round_id, office.items, "agree")
    opined(office, round_id, [office.items[1]], "return", reason="依据没有写明")
    assert [body["subject"] for body in bodies(office, round_id)] == [office.items[0], office.items[2]]
    assert lines(office, round_id)[office.items[1]]["state"] == "returned"
    with pytest.raises(Conflict, match="已经退回") as refused:
        opined(office, round_id, [office.items[1]], "agree")
    assert refused.value.code == "already-returned"
    done = proposed(office, round_id, retain(office.items[1]))
    assert done.changed == [office.items[1]], "the same again after a return is proposed anew"


def test_whoever_proposed_does_not_review_nor_approve(office):
    round_id = opened(office)
    both = office.person("both", "edit", "review")
    proposed(office, round_id, *map(retain, office.items), actor=both)
    with pytest.raises(Forbidden, match="以外的另一人"):
        opined(office, round_id, office.items, "agree", actor=both)
    opined(office, round_id, office.items, "agree")
    with pytest.raises(Forbidden, match="不能自己批准"):
        through(office, round_id, both)
    amended = office.person("amending", "review")
    opined(
        office,
        round_id,
        office.items[:1],
        "change",
        reason="改",
        decision=cancel(office.items[0]),
        actor=amended,
    )
    with pytest.raises(Forbidden, match="不能自己批准"):
        through(office, round_id, amended)


def test_the_checks_are_kept_with_a_proposal_and_stand_against_agreeing(office):
    province = make_province(office)
    law = {"kind": "instrument", "outcome": "enact", "effective_from": TODAY, "ref": "law"}
    law |= {"content": {"title": "取水法", "rank": "law"}}
    cite = {"op": "add", "path": "citations", "value": {"key": "c1", "role": "setting", "instrument": "@law"}}
    office.publish_change(
        law, {"outcome": "adjust", "subject": province.item, "effective_from": TODAY, "changes": [cite]}
    )
    round_id = opened(office, scope={"region": province.province, "base_day": TODAY})
    done = proposed(office, round_id, cancel(province.item))
    assert [one["code"] for one in done.findings] == ["set-by-national-law"]
    assert [one["severity"] for one in lines(office, round_id)[province.item]["findings"]] == ["refuse"]
    with pytest.raises(Refused, match="请改为“保留”并注明待修法") as refused:
        opined(office, round_id, [province.item], "agree")
    assert refused.value.code == "set-by-national-law"
    waiting = retain(province.item, pending_law={"outcome": "cancel"})
    opined(office, round_id, [province.item], "change", reason="待修法", decision=waiting)
    body = bodies(office, round_id)[0]
    assert (body["outcome"], body["pending_law"]["outcome"]) == ("retain", "cancel")
    assert body["review"]["findings"][0]["code"] == "set-by-national-law"


def test_what_was_redacted_leaves_the_proposals_too(office):
    round_id = opened(office)
    secret = "某人身份证号510000199001010000写在这里"
    proposed(office, round_id, retain(office.items[0], reason=secret), *map(retain, office.items[1:]))
    opined(office, round_id, office.items, "agree")
    through(office, round_id)
    statement = office.scalars(
        f"SELECT statement FROM decision WHERE subject_id = '{office.items[0]}' ORDER BY seq DESC"
    )[0]
    second = office.person("second", "publish")
    with office.database.writing() as session:
        redact(session, office.publisher, second, statement, "令1号", "个人信息")
    assert office.count("proposal") == 0
    assert lines(office, round_id)[office.items[1]]["state"] == "open"
    with office.database.reading() as session:
        found = round_of(session.connection(), round_id, known_at(session.connection(), None))
    assert secret not in str(found)
    office.assert_sound()


def redrafted(office, round_id, *made):
    found = office.changeset(round_id)
    head = decode(found.head.encode())
    scope = {name: part for name, part in head["scope"].items() if name != "frozen"}
    made = [{"effective_from": DAY} | one for one in made]
    asked = ChangesetInput(**head | {"scope": scope}, title=found.title, kind="round", decisions=made)
    with office.database.writing() as session:
        return drafts.redraft(session, office.editor, round_id, found.version, asked, TODAY)


def test_what_the_office_settled_is_not_redrafted_under_its_opinion(office):
    """Agreed or changed: the published decision would tell an opinion of what nobody had read."""
    round_id = opened(office)
    first, second, third = office.items
    proposed(office, round_id, retain(first), cancel(second), retain(third))
    opined(office, round_id, [first], "agree")
    opined(office, round_id, [second], "change", reason="还有人办理", decision=retain(second, words="留"))
    settled = [retain(first), retain(second, words="留")]
    merge = {
        "outcome": "merge",
        "origins": [{"subject": third}, {"subject": first}],
        "results": [{"subject": third}],
    }
    for made, wrong in [
        ([cancel(first), settled[1]], [first]),
        ([settled[0], cancel(second)], [second]),
        ([settled[0], adjust(second, DAY, 5)], [second]),
        ([settled[1]], [first]),
        ([], sorted([first, second])),
        ([*settled, cancel(first)], [first]),
        ([*settled, merge], [first]),
    ]:
        with pytest.raises(Refused, match="已经法制办审核") as refused:
            redrafted(office, round_id, *made)
        assert refused.value.code == "reviewed-body-changed"
        assert refused.value.detail["subjects"] == wrong
    redrafted(office, round_id, settled[1], cancel(third), settled[0])
    told = {body["subject"]: body.get("review") for body in bodies(office, round_id)}
    assert (told[first]["opinion"]["opinion"], told[second]["opinion"]["opinion"]) == ("agree", "change")
    assert told[third] is None, "nobody has reviewed it, and nothing says so"
    opined(office, round_id, [first], "return", reason="改主意了")
    redrafted(office, round_id, cancel(first), settled[1])
    told = {body["subject"]: body for body in bodies(office, round_id)}
    assert (told[first]["outcome"], "review" in told[first]) == ("cancel", False)


def entry(office, name="别处的事项"):
    content = item_content(name, office.water, office.town)
    return office.publish_change({"outcome": "add", "effective_from": TODAY, "content": content}).subjects[0]


def _late(name):
    """A case told below."""
    return lambda office, one: globals()[name](office, one)


REFUSALS = {
    "missing-right": lambda office, one: proposed(office, one, retain(office.items[0]), actor=office.reviewer),
    "not-a-round": lambda office, _: proposed(
        office, office.draft(adjust(office.items[0], DAY, 5)).id, retain(office.items[0])
    ),
    "no-frozen-scope": lambda office, _: proposed(
        office, opened(office, retain(office.items[0], effective_from=DAY), scope=None), retain(office.items[0])
    ),
    "unknown-changeset": lambda office, _: proposed(office, "qdx-0000000000", retain(office.items[0])),
    "outside-scope": lambda office, one: proposed(office, one, retain(entry(office))),
    "not-about-an-item": lambda office, one: proposed(
        office, one, {"kind": "region", "outcome": "rename", "subject": office.town}
    ),
    "proposed-twice": lambda office, one: proposed(office, one, retain(office.items[0]), cancel(office.items[0])),
    "already-reviewed": lambda office, one: [
        proposed(office, one, retain(office.items[0])),
        opined(office, one, office.items[:1], "agree"),
        proposed(office, one, cancel(office.items[0])),
    ],
    "out-of-scope": lambda office, one: proposed(
        office, one, retain(office.items[2]), actor=office.person("水务", "edit", authority=office.water)
    ),
    "no-items": lambda office, one: opined(office, one, [], "agree"),
    "no-proposal": lambda office, one: opined(office, one, office.items[:1], "agree"),
    "reason-needed": lambda office, one: [
        proposed(office, one, retain(office.items[0])), opined(office, one, office.items[:1], "return"),
    ],
    "decision-needed": lambda office, one: [
        proposed(office, one, retain(office.items[0])), opined(office, one, office.items[:1], "change", reason="改"),
    ],
    "one-at-a-time": lambda office, one: [
        proposed(office, one, retain(office.items[0]), retain(office.items[1])),
        opined(office, one, office.items[:2], "change", reason="改", decision=retain(office.items[0])),
    ],
    "another-item": lambda office, one: [
        proposed(office, one, retain(office.items[0])),
        opined(office, one, office.items[:1], "change", reason="改", decision=retain(office.items[1])),
    ],
    "already-returned": lambda office, one: [
        proposed(office, one, retain(office.items[0])),
        opined(office, one, office.items[:1], "return", reason="再想"),
        opined(office, one, office.items[:1], "agree"),
    ],
    "four-eyes": lambda office, one: [
        proposed(office, one, retain(office.items[0])),
        opined(office, one, office.items[:1], "agree", actor=office.person("甲某", "review", "edit"))
        and opined(office, one, office.items[:1], "agree", actor=_with_review(office)),
    ],
    "decided-twice": lambda office, one: [
        proposed(office, one, retain(office.items[0])),
        _merge_in_draft(office, one),
        opined(office, one, office.items[:1], "agree"),
    ],
    "accepted-in-draft": _late("_accepted_in_draft"),
    "wrong-state": lambda office, one: [
        office.database and _withdraw(office, one), proposed(office, one, retain(office.items[0])),
    ],
}  # fmt: skip


def _accepted_in_draft(office, _):
    province = make_province(office)
    devolve = province.devolve(0)
    accept = {
        "outcome": "receive", "effective_from": DAY, "results": [{"content": province.content(0)}],
        "accepts": [{"decision": 1}],
    }  # fmt: skip
    scope = {"region": province.province, "base_day": TODAY}
    round_id = opened(office, devolve, accept, scope=scope)
    proposed(office, round_id, devolve | {"words": "下放"})
    opined(office, round_id, [province.item], "return", reason="再想")


def _with_review(office):
    return replace(office.editor, rights=frozenset({"edit", "review"}))


def _withdraw(office, round_id):
    with office.database.writing() as session:
        drafts.withdraw(session, office.editor, round_id)


def _merge_in_draft(office, round_id):
    merge = {
        "outcome": "merge", "origins": [{"subject": one} for one in office.items[:2]],
        "results": [{"subject": office.items[1]}],
    }  # fmt: skip
    redrafted(office, round_id, merge)


@pytest.mark.parametrize("code", REFUSALS)
def test_each_refusal_is_one_sentence(office, code):
    round_id = opened(office)
    with pytest.raises(RegistryError) as refused:
        REFUSALS[code](office, round_id)
    assert refused.value.code == code
    assert refused.value.message.endswith("。")
    assert "\n" not in refused.value.message


def test_departments_that_differ_are_told_by_name_and_settled_by_the_office(office):
    round_id, (first, second) = opened(office), office.items[:2]
    merge = {
        "outcome": "merge", "origins": [{"subject": one} for one in (first, second)],
        "results": [{"subject": first}],
    }  # fmt: skip
    proposed(office, round_id, retain(first), retain(second))
    with pytest.raises(Refused) as refused:
        proposed(office, round_id, merge)
    name = office.on(second, TODAY).document()["name"]
    assert f"“{name}”已有另一条清理意见（“保留”）" in refused.value.message
    assert second not in refused.value.message
    opined(office, round_id, [first], "change", reason="两家的实为一项", decision=merge)
    with pytest.raises(Refused) as refused:
        opined(office, round_id, [second], "agree")
    assert f"“{name}”在本轮已经决定“合并”" in refused.value.message
    assert [one["outcome"] for one in bodies(office, round_id)] == ["merge"]
    assert lines(office, round_id)[second]["state"] == "reviewed"
