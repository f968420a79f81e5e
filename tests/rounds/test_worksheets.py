"""清理意见表: written out, filled, read back; refused whole with row and column; safe to read back again."""

from __future__ import annotations

import re
import zipfile

import pytest
import xlsxwriter
from failing_cells import failing
from holding import BASE, DAY, counts, exported, fill, imported, lines, opened, opined, proposed
from registry import adjust, item_content

from app.errors import Conflict, NotFound
from app.exchange.sheets import every_sheet
from app.exchange.worksheet_cells import LABELS
from app.exchange.worksheet_files import COLUMNS, sheet_name, write_marked
from app.exchange.worksheets import refuse_faulty

LATE = {"timing": "late_entry", "reason": "补录"}


def codes(filled):
    return [(one.code, one.column) for one in filled.problems]


def test_one_sheet_an_authority_with_the_columns_of_the_form(sheet):
    office, round_id, path = sheet
    sheets = dict(every_sheet(path))
    assert sorted(sheets) == ["广安区交通运输局", "广安区水务局"]
    title, note, header, *rows = sheets["广安区水务局"]
    assert "处理意见写“新增”或“承接”" in note[0], "how an item that is not there yet is entered"
    assert title[0] == "第三批清理　清理意见表　广安区水务局"
    assert header == [title for title, _ in COLUMNS.values()]
    assert all(not any(row) for row in rows[2:]), "room for new items"
    assert [row[:4] for row in rows[:2]] == [
        [office.items[0], "X1", "取水许可1", "行政许可"],
        [office.items[1], "X2", "取水许可2", "行政许可"],
    ]
    assert dict(zip(header, rows[0], strict=True))["施行日期"] == DAY
    assert counts(office, round_id) == {"items": 3, "open": 3, "proposed": 0, "returned": 0, "reviewed": 0}


def test_outcomes_are_a_list_to_choose_from(sheet):
    *_, path = sheet
    with zipfile.ZipFile(path) as parts:
        xml = parts.read("xl/worksheets/sheet1.xml").decode()
    assert 'type="list"' in xml
    assert ",".join(LABELS) in xml


def test_filled_rows_become_proposals_and_the_same_file_changes_nothing_more(sheet):
    office, round_id, path = sheet
    first, second, third = office.items
    fill(
        path,
        {
            first: {
                "outcome": "保留",
                "limit": "10个工作日",
                "words": "保留，压缩时限",
                "reason": "流程再造",
            },
            second: {"outcome": "取消", "follow_up": "改为备案管理", "words": "一次性取消"},
            third: {"outcome": "下放", "receiver": "协兴镇、枣山园区管委会"},
        },
    )
    done = imported(office, round_id, path)
    assert (done.problems, done.new, done.unchanged) == ([], 3, 0)
    told = {item: row["proposed"] for item, row in lines(office, round_id).items()}
    assert told[first]["outcome"] == "adjust"
    assert told[first]["changes"] == [{"op": "set", "path": "promised_limit/value", "value": 10}]
    assert (told[second]["outcome"], told[second]["follow_up"]) == ("cancel", "改为备案管理")
    to = [{name: part for name, part in one.items() if name != "key"} for one in told[third]["receivers"]]
    assert to == [{"region": office.town}, {"words": "枣山园区管委会"}]
    again = imported(office, round_id, path)
    assert (again.problems, again.new, again.changed, again.unchanged) == ([], 0, 0, 3)
    assert {item: row["proposed"] for item, row in lines(office, round_id).items()} == told
    fill(path, {second: {"reason": "法律已经修改"}})
    third_time = imported(office, round_id, path)
    assert (third_time.changed, third_time.unchanged) == (1, 2)
    assert lines(office, round_id)[second]["proposed"]["reason"] == "法律已经修改"
    assert counts(office, round_id)["proposed"] == 3


def test_what_is_written_out_after_a_proposal_reads_back_as_it_is(sheet, tmp_path):
    office, round_id, _ = sheet
    proposed(
        office,
        round_id,
        {
            "outcome": "adjust",
            "subject": office.items[0],
            "changes": adjust(office.items[0], DAY, 8)["changes"],
        },
        {"outcome": "retain", "subject": office.items[1], "pending_law": {"outcome": "cancel"}},
    )
    path = exported(office, round_id, tmp_path / "再导出.xlsx")
    rows = {row[0]: row for _, some in every_sheet(path) for row in some}
    header = list(COLUMNS)
    assert rows[office.items[0]][header.index("outcome")] == "调整"
    assert rows[office.items[0]][header.index("limit")] == "8个工作日"
    assert rows[office.items[1]][header.index("outcome")] == "建议取消（待修法）"
    assert rows[office.items[1]][header.index("review")] == "待审核"
    done = imported(office, round_id, path)
    assert (done.problems, done.unchanged, done.new, done.changed) == ([], 3, 0, 0)


FAULTS = {
    "unknown-outcome": ({"outcome": "再研究"}, "处理意见"),
    "outcome-missing": ({"reason": "想了想"}, "处理意见"),
    "bad-limit": ({"outcome": "调整", "limit": "十天左右"}, "拟承诺时限"),
    "nothing-to-adjust": ({"outcome": "调整"}, "拟承诺时限"),
    "limit-not-needed": ({"outcome": "取消", "limit": "5个工作日"}, "拟承诺时限"),
    "bad-day": ({"outcome": "保留", "day": "10月1日"}, "施行日期"),
    "receiver-missing": ({"outcome": "下放"}, "承接方"),
    "receiver-not-needed": ({"outcome": "取消", "receiver": "协兴镇"}, "承接方"),
    "day-missing": ({"outcome": "保留", "day": ""}, "施行日期"),
    "unknown-authority": ({"outcome": "调整实施机关", "receiver": "没有的局"}, "承接方"),
    "unknown-target": ({"outcome": "合并", "receiver": "没有的事项"}, "承接方"),
    "nothing-merged": ({"outcome": "合并", "receiver": "本事项"}, "承接方"),
    "text-too-long": ({"outcome": "保留", "reason": "长" * 4001}, "理由"),
    "timing-needed": ({"outcome": "保留", "day": "2026-01-01"}, "处理意见"),
    "outside-scope": ({"item": "qdi-00000000000"}, "编号"),
    "item-missing": ({"item": "", "outcome": "保留"}, "编号"),
}


@pytest.mark.parametrize("code", FAULTS)
def test_each_fault_is_one_sentence_with_its_place(sheet, code):
    office, round_id, path = sheet
    cells, column = FAULTS[code]
    fill(path, {office.items[2]: cells, office.items[0]: {"outcome": "保留"}})
    done = imported(office, round_id, path)
    assert codes(done) == [(code, column)]
    problem = done.problems[0]
    assert (problem.sheet, problem.row) == ("广安区交通运输局", 4)
    assert problem.where == f"工作表“广安区交通运输局”第4行“{column}”列"
    assert len(problem.message) > 8
    assert not problem.message.endswith("。")
    assert counts(office, round_id)["proposed"] == 0, "the file is refused whole"
    with pytest.raises(Exception, match="没有导入任何内容") as refused:
        refuse_faulty(done)
    assert refused.value.detail["errors"][0]["row"] == 4


def test_a_cell_whose_formula_failed_is_a_fault_and_takes_nothing_away(sheet, tmp_path):
    office, round_id, path = sheet
    fill(path, {office.items[2]: {"outcome": "#N/A"}, office.items[0]: {"reason": "#REF!"}})
    path.write_bytes(failing(path.read_bytes()))
    done = imported(office, round_id, path)
    wrong = {(one.code, one.column) for one in done.problems}
    assert wrong == {("cell-error", "处理意见"), ("cell-error", COLUMNS["reason"][0])}
    assert counts(office, round_id)["proposed"] == 0
    copy = tmp_path / "标注.xlsx"
    copy.write_bytes(write_marked(every_sheet(path), done.problems))
    assert "公式出错" in str(every_sheet(copy))


@pytest.mark.parametrize("outcome", ["保留", "调整", "建议取消（待修法）", "暂停"])
def test_a_receiver_is_not_dropped_in_silence(sheet, outcome):
    office, round_id, path = sheet
    cells = {"outcome": outcome, "receiver": "协兴镇"} | ({"limit": "3个工作日"} if outcome == "调整" else {})
    fill(path, {office.items[0]: cells})
    assert codes(imported(office, round_id, path)) == [("receiver-not-needed", "承接方")]


@pytest.mark.parametrize("typed", ["2027/3/1", "2027年3月1日", "2027.03.01", "2027-3-1"])
def test_days_as_people_type_them(sheet, typed):
    office, round_id, path = sheet
    fill(path, {office.items[0]: {"outcome": "保留", "day": typed}})
    assert imported(office, round_id, path).problems == []
    assert lines(office, round_id)[office.items[0]]["proposed"]["effective_from"] == "2027-03-01"


def test_a_receiver_that_the_registry_does_not_know_is_told(sheet):
    office, round_id, path = sheet
    fill(path, {office.items[0]: {"outcome": "下放", "receiver": "协兴镇、火星镇"}})
    done = imported(office, round_id, path)
    assert [one.message for one in done.findings if one.code == "receiver-unknown"] == [
        "登记簿中没有“火星镇”，请核对名称；有几个同名的，请写编号。"
    ]


def test_a_citation_stands_under_what_it_is_a_basis_for(office):
    cited = [
        {"key": "a", "title": "取水条例", "article": "第二条", "role": "setting"},
        {"key": "b", "title": "实施办法", "role": "implementing"},
        {"key": "c", "title": "收费标准", "role": "fee"},
    ]
    changes = [{"op": "add", "path": "citations", "value": one} for one in cited]
    office.publish_change(
        {"outcome": "adjust", "subject": office.items[0], "effective_from": BASE, "changes": changes, **LATE}
    )
    line = lines(office, opened(office))[office.items[0]]
    assert line["citations"] == "《取水条例》第二条"
    assert line["other_citations"] == "《实施办法》\n收费依据：《收费标准》"


def test_faults_of_several_rows_are_told_at_once_and_marked_in_a_copy(sheet, tmp_path):
    office, round_id, path = sheet
    first, second, third = office.items
    fill(
        path,
        {
            first: {"outcome": "不知道"},
            second: {"outcome": "保留", "day": "2026-01-01"},
            third: {"outcome": "下放"},
        },
    )
    done = imported(office, round_id, path)
    assert sorted(codes(done)) == [
        ("receiver-missing", "承接方"), ("timing-needed", "处理意见"), ("unknown-outcome", "处理意见"),
    ]  # fmt: skip
    copy = tmp_path / "标注.xlsx"
    copy.write_bytes(write_marked(every_sheet(path), done.problems))
    rows = {row[0]: row for _, some in every_sheet(copy) for row in some}
    assert "不在可选之列" in rows[first][-1]
    assert "下放须写明承接方" in rows[third][-1]
    with zipfile.ZipFile(copy) as parts:
        assert any("comments" in name for name in parts.namelist())
    fill(copy, {first: {"outcome": "保留"}, second: {"day": DAY}, third: {"receiver": "协兴镇"}})
    again = imported(office, round_id, copy)
    assert (again.problems, again.new) == ([], 3), "the marked copy, corrected, is taken"


def test_what_the_office_has_reviewed_is_not_overwritten_without_saying_so(sheet):
    office, round_id, path = sheet
    first, second, _ = office.items
    fill(path, {first: {"outcome": "保留"}, second: {"outcome": "保留"}})
    imported(office, round_id, path)
    opined(office, round_id, [first], "agree")
    fill(path, {first: {"outcome": "取消"}, second: {"outcome": "取消"}})
    done = imported(office, round_id, path)
    assert (done.changed, [one.code for one in done.kept]) == (1, ["already-reviewed"])
    assert lines(office, round_id)[first]["final"]["outcome"] == "retain"
    again = imported(office, round_id, path, reopen=True)
    assert (again.reopened, again.kept) == (1, [])
    line = lines(office, round_id)[first]
    assert (line["state"], line["proposed"]["outcome"], line["final"]) == ("proposed", "cancel", None)
    assert [one["opinion"]["opinion"] for one in line["earlier"]] == ["agree"]


def test_what_the_office_has_reviewed_since_one_looked_is_not_reopened(sheet):
    office, round_id, path = sheet
    first, second, _ = office.items
    fill(path, {first: {"outcome": "保留"}, second: {"outcome": "保留"}})
    imported(office, round_id, path)
    opined(office, round_id, [first], "agree")
    looked = last_opinion(office)
    opined(
        office, round_id, [second], "change", decision={"outcome": "cancel", "subject": second}, reason="重复"
    )
    fill(path, {first: {"outcome": "取消"}, second: {"outcome": "取消", "reason": "另有安排"}})
    done = imported(office, round_id, path, reopen=True, seen=looked)
    assert (done.reopened, [one.code for one in done.kept]) == (1, ["reviewed-meanwhile"])
    assert lines(office, round_id)[second]["state"] == "reviewed"
    assert imported(office, round_id, path, reopen=True, seen=last_opinion(office)).reopened == 1


def last_opinion(office):
    with office.database.reading() as session:
        return session.connection().exec_driver_sql("SELECT max(reviewed_at) FROM proposal").scalar_one()


def test_an_old_file_does_not_undo_what_another_has_proposed_since(sheet):
    office, round_id, path = sheet
    other = office.person("other", "edit")
    proposed(office, round_id, {"outcome": "cancel", "subject": office.items[0]}, actor=other)
    untouched = imported(office, round_id, path)
    assert (untouched.problems, untouched.changed) == ([], 0)
    fill(path, {office.items[0]: {"outcome": "保留"}})
    done = imported(office, round_id, path)
    assert codes(done) == [("changed-meanwhile", "处理意见")]
    assert lines(office, round_id)[office.items[0]]["proposed"]["outcome"] == "cancel"


def test_a_row_replaces_what_another_proposed_where_the_file_shows_it(sheet):
    office, round_id, path = sheet
    first = office.items[0]
    proposed(office, round_id, {"outcome": "cancel", "subject": first}, actor=office.person("other", "edit"))
    fill(exported(office, round_id, path), {first: {"outcome": "保留"}})
    done = imported(office, round_id, path)
    assert (done.problems, done.changed) == ([], 1)
    assert [one["proposed"]["outcome"] for one in lines(office, round_id)[first]["earlier"]] == ["cancel"]


def test_a_row_does_not_replace_what_the_sheet_cannot_say(sheet):
    office, round_id, path = sheet
    steps = [{"op": "add", "path": "steps", "value": {"name": "受理"}}]
    proposed(office, round_id, {"outcome": "adjust", "subject": office.items[0], "changes": steps})
    fill(path, {office.items[0]: {"outcome": "保留"}})
    assert codes(imported(office, round_id, path)) == [("beyond-sheet", "处理意见")]


def test_rows_merged_into_one_item_are_one_proposal(sheet):
    office, round_id, path = sheet
    first, second, third = office.items
    fill(
        path,
        {first: {"outcome": "合并", "receiver": second}, second: {"outcome": "合并", "receiver": "本事项"}},
    )
    done = imported(office, round_id, path)
    assert (done.problems, done.new) == ([], 1)
    told = lines(office, round_id)
    assert {told[item]["filed_under"] for item in (first, second)} == {second}
    assert counts(office, round_id) == {"items": 3, "open": 1, "proposed": 2, "returned": 0, "reviewed": 0}
    again = imported(office, round_id, path)
    assert (again.problems, again.new, again.changed, again.unchanged) == ([], 0, 0, 3)
    fill(path, {third: {"outcome": "合并", "receiver": "X2"}})
    assert imported(office, round_id, path).changed == 1
    assert {row["filed_under"] for row in lines(office, round_id).values()} == {second}


def test_a_department_fills_its_own_rows_alone(sheet):
    office, round_id, path = sheet
    water = office.person("water", "edit", authority=office.water)
    fill(path, {office.items[0]: {"outcome": "保留"}, office.items[2]: {"outcome": "保留"}})
    done = imported(office, round_id, path, actor=water)
    assert codes(done) == [("out-of-scope", "处理意见")]


def test_no_cell_becomes_a_formula(office, tmp_path):
    name = '=HYPERLINK("http://x","y")'
    content = item_content(name, office.water, office.district)
    office.publish_change({"outcome": "add", "effective_from": "2026-05-01", "content": content,
                           "timing": "late_entry", "reason": "补录"})  # fmt: skip
    round_id = opened(office)
    path = exported(office, round_id, tmp_path / "表.xlsx")
    with zipfile.ZipFile(path) as parts:
        every = "".join(
            parts.read(one).decode() for one in parts.namelist() if one.startswith("xl/worksheets")
        )
        styles = parts.read("xl/styles.xml").decode()
    assert "<f>" not in every
    assert 'quotePrefix="1"' in styles
    assert any(name in row for _, rows in every_sheet(path) for row in rows)


@pytest.mark.parametrize(
    ("body", "code"), [(b"not a spreadsheet", "broken-xlsx"), (b"", "broken-xlsx"), (None, "no-rows")]
)
def test_a_file_that_is_none_is_told(sheet, tmp_path, body, code):
    office, round_id, _ = sheet
    path = tmp_path / "坏.xlsx"
    if body is None:
        book = xlsxwriter.Workbook(str(path))
        book.add_worksheet("空").write_row(0, 0, ["别的", "表"])
        book.close()
    else:
        path.write_bytes(body)
    assert [one.code for one in imported(office, round_id, path).problems] == [code]


def test_a_missing_and_a_doubled_column_are_told(sheet):
    office, round_id, path = sheet
    book = xlsxwriter.Workbook(str(path))
    titles = [title for title, _ in COLUMNS.values()]
    book.add_worksheet("甲").write_row(0, 0, [one for one in titles if one != "理由"])
    book.add_worksheet("乙").write_row(0, 0, [*titles, "处理意见"])
    book.close()
    assert sorted(codes(imported(office, round_id, path))) == [
        ("duplicate-column", "处理意见"), ("missing-column", "理由"),
    ]  # fmt: skip


def test_an_item_twice_in_a_file_is_told(sheet):
    office, round_id, path = sheet
    fill(path, {office.items[1]: {"item": office.items[0], "outcome": "取消"}})
    assert codes(imported(office, round_id, path)) == [("item-twice", "编号")]


def test_a_sheet_of_one_authority(office, tmp_path):
    round_id = opened(office)
    path = exported(office, round_id, tmp_path / "一.xlsx", office.traffic)
    assert [name for name, _ in every_sheet(path)] == ["广安区交通运输局"]
    with pytest.raises(NotFound, match="没有事项") as refused:
        exported(office, round_id, path, office.district)
    assert refused.value.code == "no-worksheet"
    with pytest.raises(Conflict, match="不是清理轮次"):
        exported(office, office.draft(adjust(office.items[0], DAY, 5)).id, path)


def test_names_of_sheets_are_what_spreadsheets_take():
    taken: set[str] = set()
    assert sheet_name("区[市]场/监管*局", taken) == "区 市 场 监管 局"
    assert sheet_name("长" * 40, taken) == "长" * 31
    assert sheet_name("长" * 40, taken) == "长" * 29 + " 2"
    assert sheet_name("''", taken) == "机关"


def test_a_sheet_is_printed_one_page_wide_with_its_titles_on_each(office, tmp_path):
    path = exported(office, opened(office), tmp_path / "表.xlsx")
    with zipfile.ZipFile(path) as archive:
        sheet, book = (archive.read(f"xl/{name}.xml").decode() for name in ("worksheets/sheet1", "workbook"))
    assert 'orientation="landscape"' in sheet
    assert 'fitToHeight="0"' in sheet
    assert re.search(r"Print_Titles[^>]*>[^<]*!\$3:\$3<", book)


@pytest.mark.parametrize("theirs", ["the target's own", "a merger"])
def test_a_merger_in_an_old_file_does_not_undo_what_another_has_proposed_of_its_target(sheet, theirs):
    office, round_id, path = sheet
    first, target, third = office.items
    own = {"outcome": "cancel", "subject": target}
    merger = {
        "outcome": "merge",
        "origins": [{"subject": target}, {"subject": third}],
        "results": [{"subject": target}],
    }
    said = own if theirs == "the target's own" else merger
    proposed(office, round_id, said, actor=office.person("other", "edit"))
    fill(path, {first: {"outcome": "合并", "receiver": target}})
    assert codes(imported(office, round_id, path)) == [("changed-meanwhile", "承接方")]
    told = lines(office, round_id)
    assert told[target]["proposed"]["outcome"] == said["outcome"]
    assert told[third]["filed_under"] == (target if said is merger else None)
    assert told[first]["proposed"] is None
