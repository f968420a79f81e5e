"""Rounds recorded from documents: rows in as real annexes have them, matched, confirmed, published, reconciled."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter
from docx import Document
from registry import TODAY, adjust, item_content

from app.canonical import decode
from app.changes import drafts
from app.changes.annexes import annex_rows
from app.changes.models import ChangesetInput
from app.changes.queries import round_of, rounds
from app.changes.rows import events
from app.errors import Conflict, RegistryError
from app.exchange.annex_reading import AnnexMapping, load_annex_mapping, read_annex
from app.exchange.past_rounds import People, load_rounds
from app.rounds import publishing
from app.rounds.matching import plain
from app.rounds.recording import (
    Choice,
    confirm,
    confirm_certain,
    drafted_rows,
    recorded,
    rematch,
    rows_from,
)
from app.rounds.report import report
from app.rounds.stated import reconcile
from app.versions.queries import known_at

OWN = Path(__file__).parent / "past"
REAL = Path(__file__).parents[3] / "shared" / "data"
DOCUMENT = {
    "number": "甲政发〔2013〕1号",
    "title": "关于取消一批行政审批项目的决定",
    "effective_on": "2024-06-01",
}


def opened(office, **more):
    form = {
        "title": "关于取消一批行政审批项目的决定",
        "kind": "round",
        "reason": "补录",
        "document": DOCUMENT,
    }
    asked = ChangesetInput(**form | {"stated": {"total": 3}, "scope": {"region": office.district}} | more)
    with office.database.writing() as session:
        return drafts.draft(session, office.editor, asked, TODAY).id


def put(office, round_id, *rows, actor=None, **more):
    with office.database.writing() as session:
        return rows_from(session, actor or office.editor, round_id, rows, TODAY, **more)(session)


def chosen(office, round_id, *choices, actor=None):
    with office.database.writing() as session:
        return confirm(session, actor or office.editor, round_id, choices, TODAY)


def asked(office, round_id):
    with office.database.reading() as session:
        return drafted_rows(session, round_id)


def published(office, round_id):
    with office.database.writing() as session:
        drafts.submit(session, office.editor, round_id, None, TODAY)
        drafts.approve(session, office.reviewer, round_id)
        publishing.publish(session, office.publisher, round_id, TODAY)
    with office.database.reading() as session:
        connection = session.connection()
        found = round_of(connection, round_id, known_at(connection, None))
        return found, recorded(connection, found)


# --- files --------------------------------------------------------------------------------------------------


def read(path, **constants):
    rows, problems = read_annex(path, AnnexMapping(constants=constants))
    return rows, [one.code for one in problems if one.severity == "error"]


def test_a_sheet_with_title_merged_organ_and_a_name_over_two_lines(tmp_path):
    path = tmp_path / "附件.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("目录")
    sheet.merge_range(0, 0, 0, 3, "附件1 取消的行政审批项目目录（3项）")
    sheet.write_row(1, 0, ["实施机关", "序号", "项目\n名称", "设定依据"])
    sheet.merge_range(2, 0, 4, 0, "省经济和\n信息化委")
    sheet.write_row(2, 1, [1, "缫丝企业生产经\n营资格认定", "《条例》"])
    sheet.write_row(3, 1, [2, "无线电管制", "《无线电\n管理条例》"])
    sheet.write_row(4, 2, ["初审"])
    sheet.write_row(5, 0, ["实施机关", "序号", "项目\n名称", "设定依据"])
    sheet.write_row(6, 0, ["省水利厅", 3, "取水许可", ""])
    book.close()
    rows, wrong = read(path, outcome="取消")
    assert wrong == []
    assert [(row["number"], row["name"], row["authority"]) for row in rows] == [
        ("1", "缫丝企业生产经营资格认定", "省经济和信息化委"),
        ("2", "无线电管制初审", "省经济和信息化委"),
        ("3", "取水许可", "省水利厅"),
    ]
    assert {(row["annex"][:3], row["outcome"]) for row in rows} == {("附件1", "取消")}
    assert rows[1]["basis"] == "《无线电管理条例》"


def test_tables_of_a_document_with_merged_cells(tmp_path):
    path = tmp_path / "决定.docx"
    document = Document()
    for number, name in enumerate(("取消的项目", "下放的项目"), start=1):
        document.add_paragraph(f"附件{number} {name}")
        table = document.add_table(rows=4, cols=4)
        for place, title in enumerate(("序号", "项目名称", "审批部门", "处理决定")):
            table.cell(0, place).text = title
        for row in (1, 2, 3):
            table.cell(row, 0).text = str(row)
            table.cell(row, 1).text = f"{name}之\n{row}"
            table.cell(row, 3).text = "取消"
        table.cell(1, 2).merge(table.cell(3, 2)).text = "省水利厅"
    document.save(str(path))
    rows, wrong = read(path)
    assert wrong == []
    assert len(rows) == 6
    assert rows[0] == {
        "annex": "附件1 取消的项目", "number": "1", "name": "取消的项目之1", "authority": "省水利厅",
        "outcome": "取消",
    }  # fmt: skip
    assert {row["authority"] for row in rows} == {"省水利厅"}
    assert rows[5]["annex"] == "附件2 下放的项目"


def test_a_text_table_and_a_mapping_of_its_own(tmp_path):
    path = tmp_path / "附件.csv"
    path.write_text("号,事项,机关\n1,取水许可1,水务局\n", "utf-8")
    assert read(path) == ([], ["no-rows"])
    mapping = tmp_path / "映射.toml"
    mapping.write_text('[columns]\n"号" = "number"\n"事项" = "name"\n"机关" = "authority"\n', "utf-8")
    rows, _ = read_annex(path, load_annex_mapping(mapping, annex="附件一"))
    assert rows == [{"annex": "附件一", "number": "1", "name": "取水许可1", "authority": "水务局"}]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[columns]\n甲 = ", "读不出"),
        ('[columns]\n"甲" = "colour"', "没有“colour”"),
        ("x = 1", "没有这个字段"),
    ],
)
def test_a_bad_mapping_is_told(tmp_path, text, sentence):
    path = tmp_path / "映射.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(RegistryError, match=sentence) as refused:
        load_annex_mapping(path)
    assert refused.value.code == "bad-mapping"


@pytest.mark.parametrize(
    ("name", "code"), [("坏.docx", "broken-docx"), ("坏.xlsx", "broken-xlsx"), ("坏.pdf", "unknown-format")]
)
def test_a_file_that_is_none_is_told(tmp_path, name, code):
    path = tmp_path / name
    path.write_bytes(b"nothing of the kind")
    assert read(path) == ([], [code])


# --- matching -----------------------------------------------------------------------------------------------


def test_each_row_gets_its_candidates_by_code_name_former_name_and_closeness(office):
    first, second, third = office.items
    office.publish_change(adjust(third, TODAY, "取水审批（改）", path="name"))
    round_id = opened(office)
    put(
        office,
        round_id,
        {"name": "别的写法", "code": "X1"},
        {"name": "取水许可 2"},
        {"name": "取水许可3"},
        {"name": "取水审批改革"},
        {"name": "完全无关的事情"},
    )
    rows = asked(office, round_id)["rows"]
    told = [
        (row["candidates"][0]["item"], row["candidates"][0]["how"]) if row["candidates"] else None
        for row in rows
    ]
    assert told == [(first, "code"), (second, "name"), (third, "former"), (third, "close"), None]
    assert 60 <= rows[3]["candidates"][0]["score"] < 100
    assert [row["certain"] for row in rows] == [True, True, False, False, False]
    assert {row["state"] for row in rows} == {"open"}, "nothing is linked by itself"


def test_items_of_the_issuing_region_come_first(office):
    content = item_content("取水许可1", office.water, office.town)
    office.publish_change({"outcome": "add", "effective_from": TODAY, "content": content})
    round_id = opened(office, scope={"region": office.town})
    put(office, round_id, {"name": "取水许可1"})
    row = asked(office, round_id)["rows"][0]
    assert [one["within"] for one in row["candidates"]][:2] == [True, False]
    assert row["certain"]
    everywhere = opened(office, scope=None)
    put(office, everywhere, {"name": "取水许可1"})
    assert not asked(office, everywhere)["rows"][0]["certain"], "two items have this name"


def test_brackets_and_blanks_make_no_other_name():
    assert plain("审批（ 改 ）") == plain("审批(改)") == "审批改"
    assert plain("〔2013〕号") == plain("[2013]号")


def test_a_person_confirms_and_the_rest_stands_as_it_is_in_the_published_round(office):
    parts = [{"words": "取消", "count": 3}, {"words": "下放", "count": 1}]
    round_id = opened(office, stated={"total": 4, "parts": parts})
    put(
        office,
        round_id,
        {"name": "取水许可1", "outcome": "取消", "words": "取消审批", "annex": "附件1", "number": "1"},
        {"name": "取水许可2", "outcome": "取消"},
        {"name": "没有的事项", "outcome": "取消", "authority": "省农业厅"},
    )
    with office.database.writing() as session:
        assert len(confirm_certain(session, office.editor, round_id, TODAY)) == 2
    chosen(office, round_id, Choice(2, office.items[2]), Choice(3, None))
    assert [row["how"] for row in asked(office, round_id)["rows"]] == ["name", "close", "none"]
    found, told = published(office, round_id)
    assert found["stated"]["total"] == 4
    assert told["rows"] == [
        {"name": "取水许可1", "outcome": "取消", "words": "取消审批", "annex": "附件1", "number": "1",
         "item": office.items[0], "how": "name"},
        {"name": "取水许可2", "outcome": "取消", "item": office.items[2], "how": "close"},
        {"name": "没有的事项", "outcome": "取消", "authority": "省农业厅"},
    ]  # fmt: skip
    line = told["reconciliation"]
    assert (line["total"], line["sum_of_parts"], line["rows"], line["linked"]) == (4, 4, 3, 2)
    assert (line["not_recorded"], line["parts"][0]["rows"], line["parts"][1]["rows"]) == (1, 3, None)
    office.assert_sound()
    with office.database.reading() as session:
        assert report(session.connection(), round_id, known_at(session.connection(), None))["before"] == 0


def test_a_row_may_be_made_a_decision_about_its_item(office):
    round_id = opened(office)
    put(
        office,
        round_id,
        {"name": "取水许可1", "outcome": "取消", "words": "取消审批"},
        {"name": "甲", "outcome": "合并"},
    )
    chosen(office, round_id, Choice(1, office.items[0], apply=True))
    with pytest.raises(RegistryError, match="不能直接成为") as refused:
        chosen(office, round_id, Choice(2, office.items[1], apply=True))
    assert refused.value.code == "not-applicable"
    published(office, round_id)
    assert office.on(office.items[0], TODAY).status == "ended"
    assert office.on(office.items[0], "2024-05-31").status == "in_force"


@pytest.mark.parametrize("dated", [{}, {"document_date": "2018?"}, {"effective_on": "2018年5月"}])
def test_a_decision_of_a_document_without_a_day_says_where_to_write_it(office, dated):
    undated = {name: value for name, value in DOCUMENT.items() if name != "effective_on"}
    round_id = opened(office, document=undated | dated)
    put(office, round_id, {"name": "取水许可1", "outcome": "取消"})
    with pytest.raises(RegistryError, match="请先在本页的“文号、日期、标题”中填写施行日期") as refused:
        chosen(office, round_id, Choice(1, office.items[0], apply=True))
    assert refused.value.code == "day-missing"


def test_approval_is_bound_to_the_rows(office):
    round_id = opened(office)
    put(office, round_id, {"name": "取水许可1"})
    with office.database.writing() as session:
        drafts.submit(session, office.editor, round_id, None, TODAY)
        drafts.approve(session, office.reviewer, round_id)
    with pytest.raises(Conflict, match="不能录入"):
        put(office, round_id, {"name": "别的"})
    with office.database.writing() as session:
        session.connection().exec_driver_sql(
            f"UPDATE annex_row SET item = '{office.items[0]}' WHERE changeset = '{round_id}'"
        )
    with pytest.raises(Conflict, match="与批准时不一致") as refused, office.database.writing() as session:
        publishing.publish(session, office.publisher, round_id, TODAY)
    assert refused.value.code == "rows-moved"


def test_editing_the_round_keeps_its_rows_and_looking_again_keeps_what_was_confirmed(office):
    round_id = opened(office)
    put(office, round_id, {"name": "取水许可1"}, {"name": "新来的事项"})
    chosen(office, round_id, Choice(1, office.items[1]))
    found = office.changeset(round_id)
    head = {name: part for name, part in decode(found.head.encode()).items() if name != "rows"}
    again = ChangesetInput(**head, title="改了标题的决定", kind="round")
    with office.database.writing() as session:
        drafts.redraft(session, office.editor, round_id, found.version, again, TODAY)
    assert decode(office.changeset(round_id).head.encode())["rows"]["count"] == 2
    content = item_content("新来的事项", office.water, office.district)
    office.publish_change({"outcome": "add", "effective_from": TODAY, "content": content})
    with office.database.writing() as session:
        rematch(session, office.editor, round_id, TODAY)
    rows = asked(office, round_id)["rows"]
    assert (rows[0]["item"], rows[1]["candidates"][0]["how"]) == (office.items[1], "name")
    put(office, round_id, {"name": "后来补的一行"}, add=True)
    with office.database.reading() as session:
        assert [row.position for row in annex_rows(session.connection(), round_id)] == [1, 2, 3]


def test_whoever_recorded_the_rows_does_not_approve_them(office):
    round_id = opened(office)
    recorder = office.person("录入人", "edit", "review")
    put(office, round_id, {"name": "取水许可1"}, actor=recorder)
    looker = office.person("匹配人", "edit", "review")
    with office.database.writing() as session:
        rematch(session, looker, round_id, TODAY)
        drafts.submit(session, office.editor, round_id, None, TODAY)
    with pytest.raises(RegistryError) as refusal, office.database.writing() as session:
        drafts.approve(session, recorder, round_id)
    assert refusal.value.code == "four-eyes"
    with office.database.writing() as session:
        drafts.approve(session, looker, round_id)
        happened = [(one.event, one.account) for one in events(session, office.changeset(round_id))]
    assert happened[1:3] == [("rows", recorder.account), ("rematched", looker.account)]


def test_an_internal_item_is_linked_for_nobody(office):
    round_id = opened(office)
    put(office, round_id, {"name": "取水许可1"})
    chosen(office, round_id, Choice(1, office.items[0]))
    office.publish_change(adjust(office.items[0], "2024-01-01", "internal", path="visibility", timing="correction",
                                 reason="涉密"))  # fmt: skip
    _, told = published(office, round_id)
    assert told["rows"] == [{"name": "取水许可1"}]


REFUSALS = {
    "missing-right": lambda office, one: put(office, one, {"name": "甲"}, actor=office.reviewer),
    "not-recorded": lambda office, _: put(
        office, office.draft(adjust(office.items[0], TODAY, 5)).id, {"name": "甲"}
    ),
    "row-without-name": lambda office, one: put(office, one, {"number": "1"}),
    "text-too-long": lambda office, one: put(office, one, {"name": "长" * 10_001}),
    "unknown-row": lambda office, one: chosen(office, one, Choice(9, None)),
    "unknown-item": lambda office, one: [
        put(office, one, {"name": "甲"}),
        chosen(office, one, Choice(1, "qdi-zzz")),
    ],
    "wrong-state": lambda office, one: [published(office, one), put(office, one, {"name": "甲"})],
}


@pytest.mark.parametrize("code", REFUSALS)
def test_each_refusal_is_one_sentence(office, code):
    round_id = opened(office)
    with pytest.raises(RegistryError) as refused:
        REFUSALS[code](office, round_id)
    assert refused.value.code == code
    assert refused.value.message.endswith("。")


# --- totals -------------------------------------------------------------------------------------------------


def test_totals_that_do_not_match_are_told_and_not_corrected():
    parts = [{"words": "取消", "count": 2}, {"words": "更名", "count": 4}]
    told = reconcile({"total": 5, "parts": parts}, [{"name": "甲", "outcome": "取消"}], 3)
    assert (told["sum_of_parts"], told["parts_match"]) == (6, False)
    assert told["sentences"] == [
        "文件写明共 5 项，所列各数之和 6 项，相差 1 项。",
        "逐项录有 1 行，其中 0 行对应到登记簿的事项，1 行照原样保留。",
        "与文件总数相差 4 项，没有逐项录入。",
        "另有涉密事项 3 项，只计数。",
    ]
    apart = reconcile({"parts": parts, "additive": False}, [])
    assert (apart["total"], apart["sum_of_parts"], apart["parts_match"]) == (None, None, None)
    more = reconcile({"total": 1}, [{"name": "甲"}, {"name": "乙"}])
    assert (more["beyond_total"], more["not_recorded"]) == (1, 0)


def test_a_part_counts_the_rows_of_the_outcome_that_its_words_begin_with():
    parts = [{"words": "取消行政审批事项", "count": 1}, {"words": "更名", "count": 4}]
    told = reconcile({"parts": parts}, [{"name": "甲", "outcome": "取消"}])
    assert [part["rows"] for part in told["parts"]] == [1, None]


def loaded(office, folder):
    people = People(office.editor, office.reviewer, office.publisher)
    return load_rounds(office.database, people, folder / "rounds.csv", folder / "rounds_decisions.csv", TODAY)


def reconciliations(office):
    with office.database.reading() as session:
        connection = session.connection()
        known = known_at(connection, None)
        return {
            found["reason"].split("（")[1].split("）")[0]: recorded(connection, found)
            for found in rounds(connection, known)
        }


def test_a_table_of_past_rounds_is_loaded_once(office):
    done = loaded(office, OWN)
    assert (len(done.drafted), done.rows, done.known, done.problems) == (4, 3, 0, [])
    again = loaded(office, OWN)
    assert (again.drafted, again.known) == ([], 4)
    told = reconciliations(office)
    first = told["JIA-1"]["reconciliation"]
    assert (first["total"], first["sum_of_parts"], first["retained"]) == (10, 10, "省级保留20项")
    assert [(one["kind"], one.get("count")) for one in first["reasons"]] == [
        ("pending_law", 3),
        ("secret", 2),
    ]
    assert told["JIA-2"]["reconciliation"]["sum_of_parts"] is None, "sub-items are counted apart"
    assert told["JIA-3"]["reconciliation"]["parts_match"] is False
    assert told["JIA-9"]["rows"][0]["receiver"] == "自贸试验区", (
        "a document that the file of rounds does not have"
    )
    assert told["JIA-1"]["rows"][1] == {
        "annex": "附件1", "number": "2", "name": "没有的事项", "authority": "省农业厅", "note": "来源摘录截断,故留空",
    }  # fmt: skip
    office.assert_sound()


@pytest.mark.skipif(
    not (REAL / "rounds.csv").exists(), reason="the real data is not here: ../shared/data/rounds.csv"
)
def test_the_fifty_real_rounds_each_show_their_reconciliation(office):
    done = loaded(office, REAL)
    assert [one for one in done.problems if one.severity == "error"] == []
    told = reconciliations(office)
    assert (len(done.drafted), done.rows, len(told)) == (54, 62, 54)
    lines = [one["reconciliation"] for one in told.values()]
    assert sum(line["parts_match"] is True for line in lines) == 42, "all that are additive and give a total"
    assert not any(line["parts_match"] is False for line in lines)
    assert told["GF-2014-5"]["reconciliation"]["sum_of_parts"] is None
    assert told["YZ-2011"]["reconciliation"]["sum_of_parts"] == 432
    assert {one["kind"] for one in told["GF-2013-27"]["reconciliation"]["reasons"]} >= {
        "pending_law",
        "secret",
    }
    assert told["QS-2015-56"]["reconciliation"]["reasons"][0]["kind"] == "by_result"
    assert all(line["sentences"] for line in lines)


@pytest.mark.parametrize(
    ("line", "code"),
    [("JIA-1,,,,,,,,,,取消,,,,,", "bad-row"), ("JIA-8,,,,,,,甲,,,取消,,,,,", "round-unknown")],
)
def test_a_faulty_table_of_decisions_is_refused_whole(office, tmp_path, line, code):
    path = tmp_path / "rounds_decisions.csv"
    head = (OWN / "rounds_decisions.csv").read_text("utf-8").splitlines()
    path.write_text("\n".join([*head[:2], line]), "utf-8")
    done = load_rounds(office.database, People(office.editor), OWN / "rounds.csv", path, TODAY)
    assert ([one.code for one in done.problems], done.drafted) == ([code], [])


def test_a_document_has_so_many_rows_at_most(office, monkeypatch):
    monkeypatch.setattr("app.rounds.recording.MOST_ROWS", 1)
    with pytest.raises(RegistryError, match="最多 1 行") as refused:
        put(office, opened(office), {"name": "甲"}, {"name": "乙"})
    assert refused.value.code == "too-many-rows"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("A,甲,,,题,2013,3,不是JSON,,,,,,,", "bad-round"),
        ("A,甲,,,题,2013,三,{},,,,,,,", "bad-round"),
        (",甲,,,题,2013,3,{},,,,,,,", "bad-round"),
        ('A,甲,,,题,2013,3,"{""取消"": -1}",,,,,,,', "bad-round"),
        ("JIA-1,甲,,,题,2013,3,{},,,,,,,", "round-twice"),
        ("A,甲,,,题,2018-13,3,{},,,,,,,", "bad-day"),
    ],
)
def test_a_faulty_table_is_refused_whole(office, tmp_path, line, code):
    path = tmp_path / "rounds.csv"
    head = (OWN / "rounds.csv").read_text("utf-8").splitlines()
    path.write_text("\n".join([*head[:2], line]), "utf-8")
    done = load_rounds(office.database, People(office.editor), path, None, TODAY)
    assert ([one.code for one in done.problems], done.drafted) == ([code], [])
    assert office.count("changeset") == 0
