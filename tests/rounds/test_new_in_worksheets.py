"""Items that are not there yet, proposed by a department in further rows of its sheet: 新增, and 承接 of what others
hand down; reviewed like any other proposal, and never left out of the round in silence."""

from __future__ import annotations

import pytest
import xlsxwriter
from holding import BASE, DAY, counts, exported, fill, imported, lines, opened, opined, proposed
from registry import TODAY, item_content, make_office

from app.auth.actor import Actor
from app.changes import drafts
from app.errors import Refused
from app.exchange.sheets import every_sheet
from app.exchange.worksheet_files import COLUMNS
from app.rounds.returned import returned_to

WATER = "广安区水务局"
ADDED = {
    "name": "河道采砂许可",
    "type": "行政许可",
    "citations": "《中华人民共和国水法》第三十九条",
    "statutory": "20个工作日",
    "limit": "7个工作日",
    "outcome": "新增",
    "words": "增列",
    "duties": "制定办事指南｜广安区水务局｜20个工作日",
}


@pytest.fixture
def office(sqlite, clock):
    return make_office(sqlite)


def write(path, rows, sheet=WATER):
    """Further rows below those of a sheet, each {column: value}."""
    sheets = every_sheet(path)
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False})
    for name, cells in sheets:
        page = book.add_worksheet(name)
        more = [[row.get(column, "") for column in COLUMNS] for row in rows] if name == sheet else []
        for at, one in enumerate([*(row for row in cells if any(row)), *more]):
            page.write_row(at, 0, one)
    book.close()
    return path


def new_lines(office, round_id):
    return [row for row in lines(office, round_id).values() if row["new"]]


def row_of(path, item):
    (found,) = [row for _, some in every_sheet(path) for row in some if row[0] == item]
    return dict(zip(COLUMNS, found, strict=True))


def finish(office, round_id):
    left = [item for item, line in lines(office, round_id).items() if line["state"] == "open"]
    if left:
        proposed(office, round_id, *({"outcome": "retain", "subject": item} for item in left))
        opined(office, round_id, left, "agree")
    with office.database.writing() as session:
        drafts.submit(session, office.editor, round_id, None, TODAY)
        drafts.approve(session, office.reviewer, round_id)
    office.publish(round_id)


def test_a_further_row_is_proposed_once_however_often_it_comes_back(sheet, tmp_path):
    office, round_id, path = sheet
    write(path, [ADDED])
    done = imported(office, round_id, path)
    assert (done.problems, done.new) == ([], 1)
    (line,) = new_lines(office, round_id)
    assert (line["name"], line["type"], line["state"]) == ("河道采砂许可", "行政许可", "proposed")
    assert (line["statutory_limit"], line["promised_limit"]) == ("20个工作日", "7个工作日")
    assert line["citations"] == "《中华人民共和国水法》第三十九条"
    assert counts(office, round_id) == {"items": 4, "open": 3, "proposed": 1, "returned": 0, "reviewed": 0}
    again = imported(office, round_id, path)
    assert (again.problems, again.new, again.changed) == ([], 0, 0)

    out = exported(office, round_id, tmp_path / "再导出.xlsx")
    told = row_of(out, line["item"])
    assert {name: told[name] for name in ADDED} == ADDED
    assert (told["day"], told["review"], told["promised"]) == (DAY, "待审核", "")
    assert imported(office, round_id, out).changed == 0
    fill(out, {line["item"]: {"limit": "5个工作日", "name": "河道采砂许可（新办）"}})
    changed = imported(office, round_id, out)
    assert (changed.problems, changed.new, changed.changed) == ([], 0, 1)
    (line,) = new_lines(office, round_id)
    assert (line["name"], line["promised_limit"]) == ("河道采砂许可（新办）", "5个工作日")


def test_it_is_reviewed_like_any_other_and_stands_once_published(sheet):
    office, round_id, path = sheet
    imported(office, round_id, write(path, [ADDED]))
    item = new_lines(office, round_id)[0]["item"]
    left = list(office.items)
    proposed(office, round_id, *({"outcome": "retain", "subject": one} for one in left))
    opined(office, round_id, left, "agree")
    with office.database.writing() as session, pytest.raises(Refused) as refused:
        drafts.submit(session, office.editor, round_id, None, TODAY)
    assert refused.value.code == "new-unreviewed"
    assert "“河道采砂许可”" in refused.value.message
    opined(office, round_id, [item], "agree")
    assert lines(office, round_id)[item]["state"] == "reviewed"
    finish(office, round_id)
    content = office.on(item, DAY).document()
    assert (content["name"], content["authority"], content["region"]) == (
        "河道采砂许可",
        office.water,
        office.district,
    )
    assert office.scalars(f"SELECT outcome FROM decision WHERE subject_id = '{item}'") == ["add"]
    office.assert_sound()


def test_returned_it_is_left_out_and_may_be_proposed_again(sheet):
    office, round_id, path = sheet
    imported(office, round_id, write(path, [ADDED]))
    item = new_lines(office, round_id)[0]["item"]
    opined(office, round_id, [item], "agree")
    kept = imported(office, round_id, fill(path, {"": {"limit": "6个工作日"}}))
    assert [one.code for one in kept.kept] == ["already-reviewed"]
    opined(office, round_id, [item], "return", reason="依据不足")
    again = imported(office, round_id, path)
    assert (again.problems, again.changed) == ([], 1)
    opined(office, round_id, [item], "return", reason="依据仍不足")
    department = Actor(None, "区水务局", frozenset({"edit"}), authority=office.water)
    with office.database.reading() as session:
        (back,) = returned_to(session, department, round_id, TODAY)
    assert (back["name"], back["reason"]) == ("河道采砂许可", "依据仍不足")
    finish(office, round_id)
    assert office.scalars(f"SELECT 1 FROM decision WHERE subject_id = '{item}'") == []


def test_what_is_handed_down_is_taken_over_with_its_content(office, tmp_path):
    step = {"key": "s1", "name": "现场勘验"}
    content = item_content(
        "省级取水许可", office.traffic, office.district, steps=[step], consult_phone="0826-1"
    )
    late = {"effective_from": "2026-01-01", "timing": "late_entry", "reason": "补录"}
    office.publish_change({"outcome": "add", "content": content, **late})
    (above,) = office.scalars("SELECT DISTINCT subject_id FROM timeline WHERE name = '省级取水许可'")
    office.publish_change(
        {
            "outcome": "devolve",
            "subject": above,
            "effective_from": TODAY,
            "transition_until": "2027-06-01",
            "receivers": [{"authority": office.water}],
        }
    )
    scope = {"region": office.district, "base_day": BASE, "authorities": [office.water]}
    round_id = opened(office, scope=scope)
    path = exported(office, round_id, tmp_path / "表.xlsx")
    said = {
        "outcome": "承接",
        "name": "取水许可（承接）",
        "others": "省级取水许可\n水土保持审批｜SX-9｜川府发〔2026〕8号",
    }
    write(path, [said])
    assert imported(office, round_id, path).problems == []
    (line,) = new_lines(office, round_id)
    body = line["proposed"]
    assert [one["subject"] for one in body["origins"]] == [above]
    made = body["results"][0]["content"]
    assert (made["name"], made["authority"], made["steps"]) == ("取水许可（承接）", office.water, [step])
    assert made["power_source"] == "2"
    assert "consult_phone" not in made
    out = exported(office, round_id, tmp_path / "再导出.xlsx")
    assert (
        row_of(out, line["item"])["others"] == f"省级取水许可 {above}\n水土保持审批｜SX-9｜川府发〔2026〕8号"
    )
    fill(out, {line["item"]: {"reason": "会议决定"}})
    assert imported(office, round_id, out).changed == 1
    opined(office, round_id, [line["item"]], "agree")
    finish(office, round_id)
    assert office.scalars("SELECT count(*) FROM fulfilment") == [1]
    assert office.kin(line["item"])[0] == [above]


FAULTS = {
    "name-missing": ({"name": ""}, "事项名称"),
    "unknown-type": ({"type": "许可证"}, "事项类型"),
    "bad-citation": ({"citations": "按有关规定"}, "设定依据（条款）"),
    "bad-limit": ({"statutory": "尽快"}, "法定时限"),
    "receiver-not-needed": ({"receiver": "协兴镇"}, "承接方"),
    "origin-missing": ({"outcome": "承接"}, "一并处理的事项"),
    "nothing-owed": ({"outcome": "承接", "others": "qdi-00000000"}, "一并处理的事项"),
    "bad-day": ({"day": "明年"}, "施行日期"),
}


@pytest.mark.parametrize("code", FAULTS)
def test_each_fault_is_one_sentence_in_its_column(sheet, code):
    office, round_id, path = sheet
    cells, column = FAULTS[code]
    done = imported(office, round_id, write(path, [ADDED | cells]))
    assert [(one.code, one.column, one.sheet, one.row) for one in done.problems] == [(code, column, WATER, 6)]
    assert len(done.problems[0].message) > 8
    assert not done.problems[0].message.endswith("。")
    assert new_lines(office, round_id) == []


def test_the_same_name_twice_and_an_organ_of_others_are_refused(sheet):
    office, round_id, path = sheet
    twice = imported(office, round_id, write(path, [ADDED, ADDED]))
    assert [(one.code, one.column) for one in twice.problems] == [("item-twice", "事项名称")]


def test_a_department_adds_nothing_to_another_organ(sheet):
    office, round_id, path = sheet
    department = office.person("交通", "edit", authority=office.traffic)
    done = imported(office, round_id, write(path, [ADDED]), actor=department)
    assert [one.code for one in done.problems] == ["out-of-scope"]
    own = write(exported(office, round_id, path), [ADDED], sheet="广安区交通运输局")
    assert imported(office, round_id, own, actor=department).problems == []
    assert new_lines(office, round_id)[0]["authority"] == office.traffic
