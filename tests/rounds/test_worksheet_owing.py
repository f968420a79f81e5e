"""What a row says of what is owed after the decision: terms of receivers, 后续责任, 上级依据."""

from __future__ import annotations

import pytest
from holding import exported, fill, imported, lines, opined, proposed
from registry import TODAY, make_office

from app.changes import drafts
from app.exchange.sheets import every_sheet
from app.exchange.worksheet_files import COLUMNS

SAID = {
    "outcome": "下放",
    "receiver": "协兴镇、枣山园区",
    "within": "协兴镇：2027年1月8日\n枣山园区：20个工作日",
    "duties": "制定监管细则｜广安区水务局｜20个工作日\n培训受理人员",
    "allowed": "川府发〔2026〕8号",
}


@pytest.fixture
def office(sqlite, clock):
    return make_office(sqlite)


def without_keys(elements):
    return [{name: part for name, part in one.items() if name != "key"} for one in elements]


def row_of(path, item):
    (found,) = [row for _, some in every_sheet(path) for row in some if row[0] == item]
    return dict(zip(COLUMNS, found, strict=True))


def test_terms_and_duties_are_proposed_written_out_and_owed_once_published(sheet, tmp_path):
    office, round_id, path = sheet
    first, *others = office.items
    fill(path, {first: SAID})
    assert imported(office, round_id, path).problems == []
    said = lines(office, round_id)[first]["proposed"]
    assert without_keys(said["receivers"]) == [
        {"region": office.town, "due": "2027-01-08"},
        {"words": "枣山园区", "working_days": 20},
    ]
    assert without_keys(said["duties"]) == [
        {"what": "制定监管细则", "owner": office.water, "working_days": 20},
        {"what": "培训受理人员"},
    ]
    assert said["authorised_by"] == "川府发〔2026〕8号"

    out = exported(office, round_id, tmp_path / "再导出.xlsx")
    told = row_of(out, first)
    assert told["within"] == "协兴镇：2027-01-08\n枣山园区：20个工作日"
    assert {name: told[name] for name in ("duties", "allowed")} == {
        name: SAID[name] for name in ("duties", "allowed")
    }
    fill(out, {first: {"reason": "会议决定"}})
    again = imported(office, round_id, out)
    assert (again.problems, again.changed, again.unchanged) == ([], 1, 2), "what the columns say is not lost"

    proposed(office, round_id, *({"outcome": "retain", "subject": item} for item in others))
    opined(office, round_id, office.items, "agree")
    with office.database.writing() as session:
        drafts.submit(session, office.editor, round_id, None, TODAY)
        drafts.approve(session, office.reviewer, round_id)
    office.publish(round_id)
    assert office.scalars("SELECT due FROM duty WHERE due IS NOT NULL") == ["2027-01-08"]
    in_days = "SELECT kind FROM duty WHERE working_days = 20 ORDER BY kind"
    assert office.scalars(in_days) == ["acceptance", "follow_up"]
    assert office.scalars(f"SELECT words FROM duty WHERE authority = '{office.water}'") == ["制定监管细则"]


def test_one_term_is_for_every_receiver_and_is_written_out_once(sheet, tmp_path):
    office, round_id, path = sheet
    fill(
        path, {office.items[0]: {"outcome": "下放", "receiver": "协兴镇、枣山园区", "within": "20个工作日内"}}
    )
    assert imported(office, round_id, path).problems == []
    said = lines(office, round_id)[office.items[0]]["proposed"]
    assert [one["working_days"] for one in said["receivers"]] == [20, 20]
    assert (
        row_of(exported(office, round_id, tmp_path / "再导出.xlsx"), office.items[0])["within"]
        == "20个工作日"
    )


FAULTS = {
    "bad-duty": ({"outcome": "取消", "duties": "｜广安区水务局"}, "后续责任"),
    "bad-term": ({"outcome": "取消", "duties": "制定细则｜广安区水务局｜尽快"}, "后续责任"),
    "unknown-authority": ({"outcome": "取消", "duties": "制定细则｜没有的局"}, "后续责任"),
    "not-a-receiver": (
        {"outcome": "下放", "receiver": "协兴镇", "within": "枣山园区：20个工作日"},
        "承接期限",
    ),
    "within-not-needed": ({"outcome": "取消", "within": "20个工作日"}, "承接期限"),
}


@pytest.mark.parametrize("code", FAULTS)
def test_each_fault_is_one_sentence_in_its_column(sheet, code):
    office, round_id, path = sheet
    cells, column = FAULTS[code]
    fill(path, {office.items[0]: cells})
    (problem,) = imported(office, round_id, path).problems
    assert (problem.code, problem.column) == (code, column)
    assert len(problem.message) > 8
    assert not problem.message.endswith("。")
