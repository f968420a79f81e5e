"""The checks on proposals: each finding with its sentence; which of them hold a changeset up."""

from __future__ import annotations

import pytest
from handing import DAY, LATEST, make_province
from registry import TODAY, adjust

from app.changes import drafts, publishing
from app.changes.checking import CHECKS, Fact, Proposal, check
from app.changes.rehearsing import rehearse
from app.errors import Refused

PLACES = {
    "country": ("country",),
    "city": ("country", "province", "city"),
    "county": ("country", "province", "city", "county"),
    "town": ("country", "province", "city", "county", "town"),
    "elsewhere": ("country", "province", "other"),
}
FACTS = {
    **{name: Fact(name, "in_force", path=path) for name, path in PLACES.items()},
    "gone": Fact("撤并的县", "ended", path=PLACES["county"]),
    "city-organ": Fact("市水利局", "in_force", region="city", path=PLACES["city"]),
    "old-organ": Fact("旧水利局", "ended", region="city", path=PLACES["city"]),
    "law": Fact("取水法", "in_force", rank="law"),
    "rule": Fact("取水规章", "in_force", rank="local_government_rule"),
    "repealed": Fact("旧办法", "ended", rank="law", since="2020-01-01"),
    "planned": Fact("新办法", None),
}


def item(**more):
    return {"name": "取水许可", "region": "city", "authority": "city-organ", "status": "in_force"} | more


def cites(*instruments, role="setting"):
    return {"citations": [{"key": i, "role": role, "instrument": i} for i in instruments]}


def limits(statutory, promised, unit="workday"):
    return {
        "statutory_limit": {"value": statutory, "unit": unit},
        "promised_limit": {"value": promised, "unit": "workday"},
    }


def found(outcome, before=None, after=None, **body):
    body = {"outcome": outcome, "effective_from": DAY, **body}
    proposal = Proposal(1, body, "qdi-1", before, after, FACTS.__getitem__)
    return {(one.code, one.severity): one for one in check(proposal)}


def receivers(*ids):
    kinds = {"city-organ": "authority", "old-organ": "authority"}
    return [{"key": one, kinds.get(one, "region"): one} for one in ids]


CASES = [
    (
        "cancel",
        item(**cites("law")),
        None,
        {},
        ("set-by-national-law", "refuse"),
        "由法律《取水法》设定，本级不能取消",
    ),
    (
        "adjust",
        None,
        item(**cites("repealed")),
        {},
        ("basis-not-in-force", "warn"),
        "自 2020-01-01 起已经废止",
    ),
    (
        "retain",
        None,
        item(**cites("planned")),
        {},
        ("basis-not-in-force", "warn"),
        "《新办法》在这一天还没有施行",
    ),
    (
        "devolve",
        item(),
        None,
        {"receivers": receivers("gone")},
        ("receiver-ended", "refuse"),
        "“撤并的县”已经撤并",
    ),
    (
        "devolve",
        item(),
        None,
        {"receivers": receivers("elsewhere")},
        ("receiver-not-below", "refuse"),
        "“elsewhere”不在“取水许可”所在行政区划之下",
    ),
    (
        "devolve",
        item(),
        None,
        {"receivers": receivers("city")},
        ("receiver-not-below", "refuse"),
        "不能承接下放",
    ),
    (
        "devolve",
        item(),
        None,
        {"receivers": receivers("city-organ")},
        ("receiver-same-level", "warn"),
        "请用“调整实施机关”",
    ),
    (
        "devolve",
        item(),
        None,
        {"receivers": receivers("town")},
        ("receiver-skips-level", "warn"),
        "隔了一级以上",
    ),
    (
        "devolve",
        item(),
        None,
        {"receivers": [{"key": "a", "words": "火星镇"}]},
        ("receiver-unknown", "warn"),
        "登记簿中没有“火星镇”，请核对名称",
    ),
    ("add", None, item(authority="old-organ"), {}, ("holder-ended", "refuse"), "“旧水利局”在这一天已经撤并"),
    (
        "adjust",
        item(),
        item(**limits(10, 11)),
        {},
        ("promised-above-statutory", "refuse"),
        "承诺时限（11个工作日）长于法定时限（10个工作日）",
    ),
    (
        "retain",
        item(**limits(10, 11)),
        item(**limits(10, 11)),
        {},
        ("promised-above-statutory", "warn"),
        "不得超过法定时限",
    ),
    (
        "adjust",
        item(),
        item(promised_limit={"value": 1, "unit": "workday"}, statutory_limit={"unit": "immediate"}),
        {},
        ("promised-above-statutory", "refuse"),
        "长于法定时限（即办）",
    ),
]


@pytest.mark.parametrize(("outcome", "before", "after", "body", "what", "sentence"), CASES)
def test_what_a_check_finds(outcome, before, after, body, what, sentence):
    finding = found(outcome, before, after, **body)[what]
    assert sentence in finding.message
    assert finding.message.endswith("。")
    assert finding.source


@pytest.mark.parametrize(
    ("outcome", "before", "after", "body"),
    [
        ("cancel", item(**cites("rule")), None, {}),
        ("cancel", item(**cites("repealed")), None, {}),
        ("cancel", item(**cites("law", role="implementing")), None, {}),
        ("cancel", item(region="country", **cites("law")), None, {}),
        ("cancel", item(**cites("law")), None, {"authorised_by": "国发〔2019〕6号"}),
        ("retain", item(**cites("law")), item(**cites("law")), {}),
        ("adjust", None, item(status="ended", **cites("repealed")), {}),
        ("devolve", item(), None, {"receivers": receivers("county")}),
        ("devolve", item(), None, {"receivers": [{"key": "k", "words": "县级水利部门"}]}),
        ("adjust", item(), item(**limits(10, 10)), {}),
        ("adjust", item(), item(**limits(10, 20, unit="day")), {}),
        ("adjust", item(), item(promised_limit={"unit": "immediate"}, statutory_limit={"value": 3}), {}),
        ("cancel", item(authority="old-organ"), item(authority="old-organ", status="ended"), {}),
    ],
)
def test_what_no_check_minds(outcome, before, after, body):
    assert found(outcome, before, after, **body) == {}


def test_every_check_has_its_case():
    assert len(CHECKS) == 3
    assert {what for *_, what, _ in CASES} >= {
        ("set-by-national-law", "refuse"),
        ("basis-not-in-force", "warn"),
        ("receiver-ended", "refuse"),
        ("holder-ended", "refuse"),
        ("promised-above-statutory", "refuse"),
    }


# --- through the registry ------------------------------------------------------------------------------------------


@pytest.fixture
def province(office):
    return make_province(office)


def findings(office, changeset):
    with office.database.reading() as session:
        return {(one["decision"], one["code"]) for one in rehearse(session, changeset, TODAY)["findings"]}


def submitting(office, changeset):
    with office.database.writing() as session:
        drafts.submit(session, office.editor, changeset, None, TODAY)


def law_for(province):
    """A law in force, which the province's item names as what sets it."""
    law = {"kind": "instrument", "outcome": "enact", "effective_from": TODAY, "ref": "law"}
    law |= {"content": {"title": "取水法", "rank": "law"}}
    cite = {"op": "add", "path": "citations", "value": {"key": "c1", "role": "setting", "instrument": "@law"}}
    change = {"outcome": "adjust", "subject": province.item, "effective_from": TODAY, "changes": [cite]}
    province.office.publish_change(law, change)


def test_a_round_cannot_cancel_what_a_national_law_sets_and_retains_it_instead(province):
    office = province.office
    law_for(province)
    cancel = {"outcome": "cancel", "subject": province.item, "effective_from": DAY}
    changeset = office.draft(cancel, kind="round").id
    assert findings(office, changeset) == {(1, "set-by-national-law")}
    with pytest.raises(Refused) as refusal:
        submitting(office, changeset)
    assert refusal.value.code == "set-by-national-law"
    assert refusal.value.message.startswith("第 1 项决定：")
    assert refusal.value.detail["findings"][0]["subject"] == province.item
    office.publish_change({**cancel, "outcome": "retain", "pending_law": {"outcome": "cancel"}}, kind="round")
    office.publish_change({**cancel, "authorised_by": "国发〔2019〕6号"}, kind="round")
    assert province.status(DAY) == ["ended"]


def test_a_routine_changeset_is_shown_it_and_may_go_on(province):
    law_for(province)
    cancel = {"outcome": "cancel", "subject": province.item, "effective_from": DAY}
    changeset = province.office.draft(cancel).id
    assert findings(province.office, changeset) == {(1, "set-by-national-law")}
    submitting(province.office, changeset)


def test_a_receiver_above_holds_up_any_changeset(province):
    devolve = province.devolve() | {"receivers": [{"key": "k", "region": province.province}]}
    changeset = province.office.draft(devolve).id
    with pytest.raises(Refused) as refusal:
        submitting(province.office, changeset)
    assert refusal.value.code == "receiver-not-below"


@pytest.mark.parametrize("ahead", [False, True])
def test_an_emergency_is_held_up_by_what_holds_up_submitting(province, ahead):
    office = province.office
    devolve = province.devolve() | {"receivers": [{"key": "k", "region": province.province}]}
    changeset = office.draft(devolve).id
    asked = (office.publisher, changeset, TODAY)
    with office.database.reading() as session:
        prepared = publishing.prepare(session, *asked, emergency="汛情") if ahead else None
    assert prepared is None
    with pytest.raises(Refused) as refusal, office.database.writing() as session:
        publishing.publish(session, *asked, emergency="汛情", prepared=prepared)
    assert refusal.value.code == "receiver-not-below"
    assert office.changeset(changeset).state == "draft"


def test_an_ended_receiver_is_no_receiver_at_all(province):
    place = province.counties[2]
    merge = {"kind": "region", "outcome": "merge", "effective_from": TODAY}
    merge |= {"origins": [{"subject": place}, {"subject": province.counties[1]}]}
    merge |= {"results": [{"subject": province.counties[1]}]}
    moved = {"outcome": "adjust", "kind": "authority", "subject": province.organs[2], "effective_from": TODAY}
    moved |= {"changes": [{"op": "set", "path": "region", "value": province.counties[1]}]}
    province.office.publish_change(merge, moved)
    with pytest.raises(Refused) as refusal:
        province.office.draft(province.devolve())
    assert refusal.value.code == "reference-not-standing"


def test_what_the_changeset_itself_founds_and_enacts_counts(province):
    """A county founded here may receive; a law enacted here is in force; a limit set here is compared."""
    office = province.office
    county = {"kind": "region", "outcome": "found", "effective_from": DAY, "ref": "new"}
    county |= {"content": {"name": "新县", "level": "4", "parent": province.city}}
    law = {"kind": "instrument", "outcome": "enact", "effective_from": DAY, "ref": "law"}
    law |= {"content": {"title": "新法", "rank": "law"}}
    cite = {"op": "add", "path": "citations", "value": {"key": "c1", "role": "setting", "instrument": "@law"}}
    adjusted = adjust(office.items[0], DAY, 5, "statutory_limit/value")
    adjusted["changes"] += [cite, {"op": "set", "path": "statutory_limit/unit", "value": "workday"}]
    devolve = province.devolve(transition_until=LATEST) | {"receivers": [{"key": "k", "region": "@new"}]}
    changeset = office.draft(county, law, adjusted, devolve).id
    assert findings(office, changeset) == {
        (3, "promised-above-statutory"),
        (3, "citation-without-article"),
    }
