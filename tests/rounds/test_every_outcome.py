"""Every outcome for an item of a round, said in a row of its worksheet: written out, read back, agreed, published."""

from __future__ import annotations

import pytest
import xlsxwriter
from holding import BASE, DAY, exported, fill, imported, lines, opened, opined, proposed
from registry import TODAY, make_office

from app.changes import drafts
from app.changes.outcomes import RULES
from app.exchange.sheets import every_sheet
from app.exchange.worksheet_cells import LABELS

LATER = "2027-10-01"


@pytest.fixture
def office(sqlite, clock):
    return make_office(sqlite)


@pytest.fixture
def sheet(office, tmp_path):
    office.publish_change({"outcome": "suspend", "subject": office.items[2], "effective_from": TODAY})
    round_id = opened(office)
    return office, round_id, exported(office, round_id, tmp_path / "表.xlsx")


SAID = {
    "保留": {},
    "调整": {"limit": "8个工作日", "until": LATER},
    "取消": {"follow_up": "改为备案管理"},
    "建议取消（待修法）": {"words": "待修法后取消"},
    "部分取消、部分下放": {"into": "经济开发区\n农业用水", "until": LATER},
    "下放": {"receiver": "协兴镇、枣山园区", "until": LATER},
    "委托": {"receiver": "广安区交通运输局", "until": LATER},
    "合并": {"others": "X2", "into": "取水和排水许可｜广安区交通运输局"},
    "拆分": {"into": "取水许可（新办）\n取水许可（延续）｜广安区交通运输局"},
    "调整实施机关": {"receiver": "广安区交通运输局"},
    "转变管理方式": {"into": "行政确认"},
    "暂停": {"until": LATER},
    "恢复": {},
}
assert list(SAID.keys() - LABELS.keys()) == list(LABELS.keys() - SAID.keys()) == []
assert set(RULES["item"]) - set(LABELS.values()) == {"add", "receive"}


@pytest.mark.parametrize("outcome", SAID)
def test_an_outcome_goes_from_its_row_to_publication_and_reads_back_as_it_is(sheet, outcome, tmp_path):
    office, round_id, path = sheet
    about = office.items[2] if outcome == "恢复" else office.items[0]
    fill(path, {about: {"outcome": outcome, **SAID[outcome]}})
    done = imported(office, round_id, path)
    assert (done.problems, done.new) == ([], 1)
    again = imported(office, round_id, path)
    assert (again.problems, again.new, again.changed) == ([], 0, 0)

    out = exported(office, round_id, tmp_path / "再导出.xlsx")
    read = imported(office, round_id, out)
    assert (read.problems, read.new, read.changed) == ([], 0, 0)
    fill(out, {about: {"reason": "会议决定"}})
    said = imported(office, round_id, out)
    assert (said.problems, said.changed) == ([], 1), "a row that is written out whole may be changed"

    opined(office, round_id, [about], "agree")
    left = [item for item in office.items if lines(office, round_id)[item]["state"] == "open"]
    proposed(office, round_id, *({"outcome": "retain", "subject": item} for item in left))
    if left:
        opined(office, round_id, left, "agree")
    with office.database.writing() as session:
        drafts.submit(session, office.editor, round_id, None, TODAY)
        drafts.approve(session, office.reviewer, round_id)
    office.publish(round_id)
    wanted = {"pending": "retain"}.get(LABELS[outcome], LABELS[outcome])
    assert wanted in office.scalars(f"SELECT outcome FROM decision WHERE subject_id = '{about}'")
    office.assert_sound()


def test_what_a_row_says_of_handing_on_and_reshaping(sheet):
    office, round_id, path = sheet
    first, second, third = office.items
    fill(
        path,
        {
            first: {
                "outcome": "合并",
                "others": "取水许可2、X3",
                "into": "取水许可｜｜取水许可1、取水许可2\n水路许可｜广安区交通运输局｜X2、X3",
            }
        },
    )
    assert imported(office, round_id, path).problems == []
    body = lines(office, round_id)[first]["proposed"]
    assert [one["subject"] for one in body["origins"]] == [first, second, third]
    assert [one["of"] for one in body["results"]] == [[first, second], [second, third]]
    held = [(one["content"]["name"], one["content"]["authority"]) for one in body["results"]]
    assert held == [("取水许可", office.water), ("水路许可", office.traffic)]
    assert {row["filed_under"] for row in lines(office, round_id).values()} == {first}


def test_an_organ_entrusted_before_is_renewed(sheet):
    office, round_id, path = sheet
    content = office.on(office.items[0], TODAY).document() | {
        "authority": office.traffic,
        "power_source": "6",
    }
    office.publish_change(
        {
            "outcome": "entrust", "subject": office.items[0], "effective_from": TODAY, "until": DAY,
            "results": [{"content": content}],
        }
    )  # fmt: skip
    lent = office.scalars("SELECT successor FROM lineage WHERE relation = 'entrust'")
    fill(path, {office.items[0]: {"outcome": "委托", "receiver": "广安区交通运输局", "until": LATER}})
    assert imported(office, round_id, path).problems == []
    told = lines(office, round_id)[office.items[0]]["proposed"]
    assert [one["subject"] for one in told["results"]] == lent
    assert told["until"] == LATER


def test_part_of_it_goes_to_a_place_at_the_end_of_a_transition(sheet):
    office, round_id, path = sheet
    cells = {"outcome": "部分取消、部分下放", "receiver": "协兴镇", "until": LATER}
    fill(path, {office.items[0]: cells})
    assert imported(office, round_id, path).problems == []
    told = lines(office, round_id)[office.items[0]]["proposed"]
    assert (told["receivers"][0]["region"], told["transition_until"]) == (office.town, LATER)


def test_a_department_may_propose_to_entrust_another_organ_and_to_split(sheet):
    office, round_id, path = sheet
    water = office.person("water", "edit", authority=office.water)
    fill(
        path,
        {
            office.items[0]: {"outcome": "委托", "receiver": "广安区交通运输局"},
            office.items[1]: {"outcome": "拆分", "into": "甲｜广安区交通运输局\n乙"},
        },
    )
    assert imported(office, round_id, path, actor=water).problems == []


FAULTS = {
    "nothing-less": ({"outcome": "部分取消、部分下放"}, "改为"),
    "receiver-missing": ({"outcome": "委托"}, "承接方"),
    "unknown-authority": ({"outcome": "委托", "receiver": "没有的局"}, "承接方"),
    "unknown-type": ({"outcome": "转变管理方式", "into": "别的"}, "改为"),
    "results-missing": ({"outcome": "拆分"}, "改为"),
    "bad-result": ({"outcome": "拆分", "into": "甲｜广安区水务局｜X1｜又一段\n乙"}, "改为"),
    "standing-with-organ": ({"outcome": "拆分", "into": "X1｜广安区水务局\n乙"}, "改为"),
    "not-an-origin": ({"outcome": "拆分", "into": "甲｜｜X2\n乙"}, "改为"),
    "unknown-target": ({"outcome": "合并", "others": "没有的事项", "into": "甲"}, "一并处理的事项"),
    "target-twice": ({"outcome": "合并", "receiver": "X2", "into": "甲"}, "承接方"),
    "nothing-merged": ({"outcome": "合并", "into": "甲"}, "承接方"),
    "until-not-needed": ({"outcome": "取消", "until": LATER}, "到期日"),
    "into-not-needed": ({"outcome": "取消", "into": "甲"}, "改为"),
    "others-not-needed": ({"outcome": "取消", "others": "X2"}, "一并处理的事项"),
    "bad-day": ({"outcome": "暂停", "until": "明年"}, "到期日"),
    "wrong-status": ({"outcome": "恢复"}, "处理意见"),
    "too-few-results": ({"outcome": "拆分", "into": "只有一个"}, "处理意见"),
    "merge-not-fewer": ({"outcome": "合并", "others": "X2", "into": "甲\n乙"}, "处理意见"),
    "transition-before-start": ({"outcome": "下放", "receiver": "协兴镇", "until": BASE}, "处理意见"),
}


@pytest.mark.parametrize("code", FAULTS)
def test_each_refusal_is_one_sentence_with_its_place(sheet, code):
    office, round_id, path = sheet
    cells, column = FAULTS[code]
    fill(path, {office.items[0]: cells})
    done = imported(office, round_id, path)
    assert [(one.code, one.column) for one in done.problems] == [(code, column)]
    assert len(done.problems[0].message) > 8
    assert "。" not in done.problems[0].message


def test_what_is_said_in_another_row_is_changed_there(sheet, tmp_path):
    office, round_id, path = sheet
    first, second, _ = office.items
    fill(path, {first: {"outcome": "合并", "others": second, "into": "取水和排水许可"}})
    imported(office, round_id, path)
    out = exported(office, round_id, tmp_path / "再导出.xlsx")
    fill(out, {second: {"reason": "想了想"}})
    done = imported(office, round_id, out)
    assert [one.code for one in done.problems] == ["written-elsewhere"]
    assert "取水许可1" in done.problems[0].message


def test_a_sheet_from_before_these_columns_is_read_and_takes_nothing_back(sheet, tmp_path):
    office, round_id, path = sheet
    fill(path, {office.items[0]: {"outcome": "委托", "receiver": "广安区交通运输局", "until": LATER}})
    imported(office, round_id, path)
    old = tmp_path / "旧.xlsx"
    book = xlsxwriter.Workbook(str(old))
    for name, rows in every_sheet(exported(office, round_id, tmp_path / "新.xlsx")):
        header = rows[2]
        kept = [at for at, title in enumerate(header) if title not in ("一并处理的事项", "改为", "到期日")]
        sheet_ = book.add_worksheet(name)
        for at, row in enumerate(rows):
            sheet_.write_row(at, 0, [row[place] for place in kept if place < len(row)])
    book.close()
    done = imported(office, round_id, old)
    assert (done.problems, done.changed, done.new) == ([], 0, 0)
