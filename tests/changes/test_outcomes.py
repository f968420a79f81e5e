"""The table of outcomes: what each does, and every refusal with its sentence."""

from __future__ import annotations

import inspect
import re

import pytest
from registry import TODAY, adjust, item_content

from app.changes import asked, outcomes, succession
from app.changes.asked import Acceptance
from app.changes.outcomes import RULES, Asked, Before, Subject, act_of
from app.db import run_by
from app.errors import Refused
from app.versions import queries
from app.versions.lineage import chain
from app.versions.names import names_of

DAY = "2026-10-01"
STANDS = Before("in_force", {"name": "取水许可"})


def ask(
    outcome="adjust", kind="item", until=None, before=None, subjects=None, origins=(), results=(), **more
):
    if subjects is None:
        subjects = [Subject("qdi-1", changes=[{"op": "set", "path": "name", "value": "新"}])]
    question = Asked(kind, outcome, DAY, until, subjects, origins, results, **more)
    return act_of(
        question, before if before is not None else {"qdi-1": STANDS, "qdi-2": STANDS, "qdi-3": STANDS}
    )


def plain(*changes, **more):
    return [Subject("qdi-1", changes=list(changes), **more)]


def set_(path, value="x"):
    return {"op": "set", "path": path, "value": value}


A, B, C = Subject("qdi-1"), Subject("qdi-2"), Subject("qdi-3")
NEW = Subject("qdi-9", content={"name": "新"})
ANOTHER = Subject("qdi-10", content={"name": "又新"})
COUNTY = {"key": "c1", "region": "qdr-1"}


def accepting(opens=DAY, lost_from=DAY, taken_by=None):
    return Acceptance("qdi-1", COUNTY, opens, lost_from, taken_by)


REFUSALS = {
    "unknown-outcome": ({"outcome": "enact"}, "不能作出“enact”处理"),
    "one-subject": ({"subjects": []}, "只针对一个主体"),
    "content-not-allowed": ({"subjects": [Subject("qdi-1", content={"name": "x"})]}, "请用字段变更"),
    "until-not-allowed": ({"outcome": "cancel", "until": "2027-01-01", "subjects": plain()}, "删去截止日期"),
    "until-before-start": ({"until": DAY}, "必须晚于生效日期"),
    "wrong-status": (
        {"before": {"qdi-1": Before("ended", {"name": "取水许可"})}},
        "“取水许可”在生效日已经终止",
    ),
    "changes-not-allowed": ({"outcome": "cancel"}, "请用“调整”"),
    "no-changes": ({"subjects": plain()}, "请至少列出一处"),
    "missing-change": ({"outcome": "transfer"}, "必须变更实施机关（authority）"),
    "status-by-outcome": ({"subjects": plain(set_("status"))}, "由处理方式决定"),
    "bad-code-change": ({"subjects": plain(set_("codes"))}, "编码只能新增"),
    "use-own-outcome": ({"subjects": plain(set_("authority"))}, "请用“调整实施机关”"),
    "already-exists": ({"outcome": "add", "subjects": plain(content={"name": "x"})}, "已经存在"),
    "no-content": ({"outcome": "add", "subjects": [Subject("qdi-9")]}, "没有内容"),
    "too-few-origins": ({"outcome": "merge", "origins": [A], "results": [NEW]}, "至少要有 2 个来源"),
    "merge-not-fewer": ({"outcome": "merge", "origins": [A, B], "results": [NEW, C]}, "请用“拆分”"),
    "split-fewer": ({"outcome": "split", "origins": [A, B, C], "results": [NEW, ANOTHER]}, "请用“合并”"),
    "too-few-results": ({"outcome": "split", "origins": [A], "results": [NEW]}, "至少要有 2 个结果"),
    "repeated-subject": ({"outcome": "merge", "origins": [A, A], "results": [NEW]}, "列了两次"),
    "not-an-origin": (
        {
            "outcome": "merge",
            "origins": [A, B],
            "results": [Subject("qdi-9", content={"name": "新"}, of=["qdi-3"])],
        },
        "结果写明来自 qdi-3",
    ),
    "origin-without-result": (
        {
            "outcome": "merge",
            "origins": [A, B],
            "results": [Subject("qdi-9", content={"name": "新"}, of=["qdi-1"])],
        },
        "来源 qdi-2 没有归入任何结果",
    ),
    "pending-law-retains": (
        {"outcome": "cancel", "subjects": plain(), "pending_law": True},
        "修法之前事项照旧",
    ),
    "no-receivers": ({"outcome": "devolve", "subjects": plain()}, "须写明由谁承接"),
    "empty-receiver": (
        {"outcome": "devolve", "subjects": plain(), "receivers": [{"key": "k"}]},
        "没有写明是谁",
    ),
    "repeated-receiver": (
        {"outcome": "devolve", "subjects": plain(), "receivers": [COUNTY, COUNTY]},
        "列了两次",
    ),
    "transition-without-receivers": (
        {"outcome": "narrow", "transition_until": "2027-01-01"},
        "请写明 receivers",
    ),
    "transition-before-start": (
        {"outcome": "devolve", "subjects": plain(), "receivers": [COUNTY], "transition_until": DAY},
        "必须晚于施行日期",
    ),
    "nothing-less": ({"outcome": "narrow", "subjects": plain()}, "没有写明少了什么"),
    "until-with-receivers": (
        {"outcome": "narrow", "until": "2027-01-01", "receivers": [COUNTY]},
        "不能同时写承接的地方",
    ),
    "accepted-too-early": (
        {"outcome": "receive", "origins": [A], "results": [NEW], "accepts": [accepting(opens="2026-11-01")]},
        "“取水许可”自 2026-11-01 起下放，承接不能早于这一天",
    ),
    "already-accepted": (
        {
            "outcome": "receive",
            "origins": [A],
            "results": [NEW],
            "accepts": [accepting(taken_by="决定序号 7")],
        },
        "已经承接（决定序号 7）",
    ),
    "not-by-entrusting": ({"outcome": "entrust", "subjects": plain(), "results": [NEW]}, "权力来源"),
    "not-entrusted-here": ({"outcome": "entrust", "subjects": plain(), "results": [B]}, "不能续期"),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_every_refusal_has_its_sentence(code):
    question, sentence = REFUSALS[code]
    with pytest.raises(Refused) as refusal:
        ask(**question)
    assert refusal.value.code == code
    assert sentence in refusal.value.message
    assert refusal.value.message.endswith("。")


def test_no_refusal_is_left_out():
    sources = "".join(inspect.getsource(rules) for rules in (asked, succession, outcomes))
    assert set(re.findall(r'code="([a-z-]+)"', sources)) == set(REFUSALS)


@pytest.mark.parametrize(
    ("outcome", "status", "allowed"),
    [
        ("adjust", "not_yet", False),
        ("adjust", None, False),
        ("adjust", "suspended", True),
        ("adjust", "unknown", True),
        ("suspend", "suspended", False),
        ("resume", "in_force", False),
        ("resume", "suspended", True),
        ("cancel", "suspended", True),
        ("cancel", "ended", False),
    ],
)
def test_what_each_outcome_asks_of_the_state_before(outcome, status, allowed):
    changes = plain(set_("name")) if outcome == "adjust" else plain()
    if allowed:
        ask(outcome, subjects=changes, before={"qdi-1": Before(status)})
        return
    with pytest.raises(Refused) as refusal:
        ask(outcome, subjects=changes, before={"qdi-1": Before(status)})
    assert refusal.value.code == "wrong-status"


def test_every_outcome_has_a_label_and_each_kind_one_that_creates():
    for kind, rules in RULES.items():
        assert all(rule.label for rule in rules.values())
        assert any(rule.shape == "new" for rule in rules.values()), kind


# --- through the registry -------------------------------------------------------------------------------------


def test_suspend_until_resumes_by_itself(office):
    item = office.items[0]
    office.publish_change(
        {
            "outcome": "suspend",
            "subject": item,
            "effective_from": DAY,
            "until": "2026-11-01",
            "reason": "系统升级",
        }
    )
    assert [office.on(item, day).status for day in ("2026-09-30", DAY, "2026-10-31", "2026-11-01")] == [
        "in_force",
        "suspended",
        "suspended",
        "in_force",
    ]
    office.assert_sound()


def test_suspend_and_resume(office):
    item = office.items[0]
    office.publish_change({"outcome": "suspend", "subject": item, "effective_from": DAY})
    office.publish_change({"outcome": "resume", "subject": item, "effective_from": "2026-11-11"})
    assert [status for *_, status in office.days(item)] == ["unknown", "in_force", "suspended", "in_force"]


def test_retain_writes_no_revision_but_is_in_the_history(office):
    item, revisions = office.items[0], office.count("revision")
    office.publish_change({"outcome": "retain", "subject": item, "effective_from": DAY, "words": "保留"})
    assert office.count("revision") == revisions
    assert len(office.acts(item)) == 2


def test_cancelled_from_a_day_means_not_in_force_on_it(office):
    item = office.items[0]
    office.publish_change(
        {"outcome": "cancel", "subject": item, "effective_from": DAY, "follow_up": "改为备案"}
    )
    assert office.on(item, "2026-09-30").status == "in_force"
    ended = office.on(item, DAY)
    assert (ended.status, ended.valid_from, ended.valid_to) == ("ended", DAY, None)
    assert ended.document()["name"] == "取水许可1"
    with pytest.raises(Refused):
        office.draft(adjust(item, "2026-10-02", 5))


def test_unknown_before_the_attested_day(office):
    before = office.on(office.items[0], "2023-12-31")
    assert (before.status, before.attested_from, before.valid_to) == ("unknown", "2024-01-01", "2024-01-01")
    assert before.document() == {}
    with pytest.raises(Refused) as refusal:
        office.draft(adjust(office.items[0], "2023-06-01", 5, timing="correction", reason="更早"))
    assert refusal.value.code == "wrong-status"


def test_transfer_keeps_the_item_and_starts_a_code(office):
    item = office.items[0]
    office.publish_change(
        {
            **adjust(item, DAY, office.traffic, "authority"),
            "outcome": "transfer",
            "codes": [{"scheme": "local", "value": "T1"}],
        }
    )
    assert office.on(item, "2026-09-30").document()["authority"] == office.water
    after = office.on(item, DAY)
    assert after.document()["authority"] == office.traffic
    assert {code["value"] for code in after.codes} == {"T1"}
    owners = office.scalars(f"SELECT authority FROM timeline WHERE subject_id = '{item}' ORDER BY valid_from")
    assert owners == [office.water, office.water, office.traffic]
    office.assert_sound()


def organ(office, name, **more):
    return {"content": {"name": name, "region": office.district}, **more}


def test_merged_authorities_and_their_items_in_one_changeset(office):
    decisions = [
        {
            "kind": "authority",
            "outcome": "merge",
            "effective_from": DAY,
            "origins": [{"subject": office.water}, {"subject": office.traffic}],
            "results": [organ(office, "广安区建设局", ref="new")],
        }
    ]
    decisions += [{**adjust(item, DAY, "@new", "authority"), "outcome": "transfer"} for item in office.items]
    office.publish_change(*decisions)
    (new,) = office.kin(office.water)[1]
    assert office.kin(office.traffic)[1] == [new]
    assert office.kin(new) == ([office.water, office.traffic], [])
    assert office.on(office.water, DAY).status == "ended"
    assert office.on(office.water, "2026-09-30").status == "in_force"
    assert office.on(new, DAY).document()["name"] == "广安区建设局"
    assert {office.on(item, DAY).document()["authority"] for item in office.items} == {new}
    office.assert_sound()


def test_split_authority(office):
    split = {
        "kind": "authority",
        "outcome": "split",
        "effective_from": DAY,
        "origins": [{"subject": office.water}],
        "results": [organ(office, "甲局", ref="a"), organ(office, "乙局", ref="b")],
    }
    moved = [
        {**adjust(item, DAY, ref, "authority"), "outcome": "transfer"}
        for item, ref in zip(office.items, ("@a", "@b"), strict=False)
    ]
    with pytest.raises(Refused) as refusal:
        office.draft(split, moved[0])
    assert (refusal.value.code, refusal.value.detail["items"]) == ("items-left-behind", [office.items[1]])
    office.publish_change(split, *moved)
    before, after = office.kin(office.water)
    assert (before, len(after)) == ([], 2)
    assert [office.kin(successor)[0] for successor in after] == [[office.water]] * 2
    assert {office.on(item, DAY).document()["authority"] for item in office.items[:2]} == set(after)
    with office.database.reading() as session:
        run = run_by(session.connection())
        assert not chain(run, office.water, forward=True, seq=office.initial.seq)
    office.assert_sound()


def test_merged_authorities_carry_their_items_where_asked(office):
    office.publish_change(
        {
            "kind": "authority",
            "outcome": "merge",
            "effective_from": DAY,
            "origins": [{"subject": office.water}, {"subject": office.traffic}],
            "results": [organ(office, "广安区建设局")],
            "carry_items": True,
        }
    )
    (new,) = office.kin(office.water)[1]
    assert {office.on(item, DAY).document()["authority"] for item in office.items} == {new}
    assert {office.on(item, "2026-09-30").document()["authority"] for item in office.items} == {
        office.water,
        office.traffic,
    }
    office.assert_sound()


def test_what_is_planned_for_an_organ_that_ends_is_carried_on_its_own_day(office):
    """An item that begins later, and one that a plan gives back to the organ, which is no more by then."""

    def given(to, day):
        return {**adjust(office.items[0], day, to, "authority"), "outcome": "transfer"}

    def holders(item, *days):
        return [office.on(item, day).document()["authority"] for day in days]

    content = item_content("以后的许可", office.water, office.district)
    office.publish_change(
        {"kind": "authority", "outcome": "found", "effective_from": TODAY, **organ(office, "广安区建设局")},
        {"outcome": "add", "effective_from": "2026-12-01", "content": content},
        given(office.traffic, "2026-10-10"),
        given(office.water, "2026-11-01"),
    )
    (into,) = office.scalars("SELECT subject_id FROM timeline WHERE name = '广安区建设局'")
    (planned,) = office.scalars("SELECT subject_id FROM timeline WHERE name = '以后的许可'")
    office.publish_change(
        {
            "kind": "authority",
            "outcome": "merge",
            "effective_from": DAY,
            "origins": [{"subject": office.water}, {"subject": into}],
            "results": [{"subject": into}],
            "carry_items": True,
        }
    )
    assert holders(office.items[0], TODAY, DAY, "2026-10-10", "2026-11-01") == [
        office.water, into, office.traffic, into,
    ]  # fmt: skip
    assert holders(office.items[1], DAY) == [into]
    assert holders(planned, "2026-12-01") == [into]
    office.assert_sound()


def test_a_rename_writes_one_revision_of_the_organ_and_none_of_its_items(office):
    revisions = office.count("revision")
    office.publish_change(
        {**adjust(office.water, DAY, "广安区水利局", "name"), "kind": "authority", "outcome": "rename"}
    )
    assert office.count("revision") == revisions + 1
    with office.database.reading() as session:
        names = names_of(session.connection(), office.water, queries.known_at(session.connection(), None))
    assert [(n.valid_from, n.name) for n in names] == [("2000-01-01", "广安区水务局"), (DAY, "广安区水利局")]


def test_receive_from_origins_that_stand_on(office):
    office.publish_change(
        {
            "outcome": "receive",
            "effective_from": DAY,
            "origins": [{"subject": office.items[0]}],
            "results": [{"content": item_content("承接的取水许可", office.water, office.town)}],
            "outside": [{"name": "省级取水许可", "code": "S1"}],
        }
    )
    (received,) = office.kin(office.items[0])[1]
    assert office.on(office.items[0], DAY).status == "in_force"
    assert office.on(received, DAY).document()["region"] == office.town
    office.assert_sound()


def test_a_planned_change_takes_effect_by_the_clock_alone(office, clock):
    """Across Shanghai midnight nobody works: today moves, and with it what is in force."""
    item = office.items[0]
    office.publish_change(adjust(item, "2026-10-01", 5))
    head = office.known()
    seen = []
    for moment in ("2026-09-30T23:59:59.999999", "2026-10-01T00:00:00"):
        clock.set(moment)
        seen.append((queries.today(), office.on(item, queries.today()).document()["promised_limit"]["value"]))
    assert seen == [("2026-09-30", 20), ("2026-10-01", 5)]
    assert office.known() == head
    clock.set("2026-09-30T23:59:59.5")
    assert queries.next_midnight_seconds() == 1
    clock.set("2026-10-01T00:00:00")
    assert queries.next_midnight_seconds() == 86_400


def test_a_phone_entered_today_is_not_undone_by_next_months_plan(office):
    item = office.items[0]
    office.publish_change(adjust(item, "2026-11-01", 5))
    office.publish_change(adjust(item, TODAY, "01234", "consult_phone"))
    november = office.on(item, "2026-11-15").document()
    assert (november["promised_limit"]["value"], november["consult_phone"]) == (5, "01234")
