"""A round held here: opened with a frozen scope, decided in full, published, reported, corrected."""

from __future__ import annotations

import io

import pytest
from docx import Document
from python_calamine import CalamineWorkbook
from registry import TODAY, adjust, item_content

from app.canonical import decode
from app.changes import drafts, queries, rows
from app.changes.freezing import frozen_items
from app.changes.models import ChangesetInput
from app.errors import Conflict, Forbidden, Invalid, NotFound, Refused, RegistryError, Stale
from app.exchange.round_documents import write_docx
from app.exchange.round_sheets import write_xlsx
from app.exchange.round_words import overview
from app.rounds import publishing
from app.rounds.recording import rows_from
from app.rounds.rehearsing import rehearse_round
from app.rounds.report import report
from app.rounds.series import series
from app.rounds.tables import tables_of
from app.versions.queries import known_at

BASE, DAY = "2026-06-01", "2026-10-01"


def scope(office, **more):
    return {"region": office.district, "base_day": BASE, **more}


def decisions(office, *outcomes):
    made = []
    for item, outcome in zip(office.items, outcomes, strict=False):
        if outcome == "adjust":
            made.append(adjust(item, DAY, 8, words="压缩时限"))
        elif outcome:
            made.append({"outcome": outcome, "subject": item, "effective_from": DAY})
    return made


def opened(office, *made, **asked):
    asked = {"kind": "round", "title": "第三批清理", "number": "第三批", "scope": scope(office), **asked}
    return office.draft(*made, **asked).id


def approve(office, changeset):
    with office.database.writing() as session:
        drafts.submit(session, office.editor, changeset, None, TODAY)
        drafts.approve(session, office.reviewer, changeset)


def publish(office, changeset, **more):
    with office.database.writing() as session:
        return publishing.publish(session, office.publisher, changeset, TODAY, **more)


def held(office, *outcomes, **asked):
    """A round through the whole way; its id."""
    changeset = opened(office, *decisions(office, *outcomes), **asked)
    approve(office, changeset)
    publish(office, changeset)
    return changeset


def asked(office, round_id, seq=None):
    with office.database.reading() as session:
        connection = session.connection()
        return report(connection, round_id, known_at(connection, seq))


def head(office, changeset):
    return decode(office.changeset(changeset).head.encode())


# --- opening ------------------------------------------------------------------------------------------------


def test_a_round_is_opened_with_its_scope_alone_and_the_items_are_frozen(office):
    changeset = opened(office)
    frozen = head(office, changeset)["scope"]["frozen"]
    assert (frozen["count"], frozen["unknown"]) == (3, 0)
    with office.database.reading() as session:
        assert frozen_items(session.connection(), head(office, changeset)["scope"]) == sorted(office.items)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"types": ["01"]}, 3),
        ({"authorities": "water"}, 2),
        ({"region": "town"}, None),
        ({"types": ["07"]}, None),
        ({"base_day": "2023-01-01"}, None),
    ],
)
def test_the_scope_is_a_filter_over_region_types_and_authorities(office, more, expected):
    if more.get("authorities"):
        more = {"authorities": [office.water]}
    if more.get("region"):
        more = {"region": office.town}
    if expected is None:
        with pytest.raises(Invalid) as refusal:
            opened(office, scope=scope(office, **more))
        assert refusal.value.code == "empty-scope"
        assert "没有在用的事项" in refusal.value.message
    else:
        assert (
            head(office, opened(office, scope=scope(office, **more)))["scope"]["frozen"]["count"] == expected
        )


def test_a_suspended_item_is_in_the_scope_and_an_ended_one_is_not(office):
    office.publish_change({"outcome": "suspend", "subject": office.items[0], "effective_from": TODAY})
    office.publish_change({"outcome": "cancel", "subject": office.items[1], "effective_from": TODAY})
    changeset = opened(office, scope=scope(office, base_day=TODAY))
    with office.database.reading() as session:
        found = frozen_items(session.connection(), head(office, changeset)["scope"])
    assert found == sorted([office.items[0], office.items[2]])


def test_what_ends_after_opening_stays_in_the_frozen_list_but_need_not_be_decided(office):
    changeset = opened(office, *decisions(office, "retain", "cancel"))
    office.publish_change({"outcome": "cancel", "subject": office.items[2], "effective_from": TODAY})
    approve(office, changeset)
    publish(office, changeset)
    found = asked(office, changeset)
    assert (found["before"], found["after"], found["scope"]["frozen"]["count"]) == (2, 1, 3)
    line = found["reconciliation"]
    assert (line["base"], line["ended"], line["went_otherwise"], line["after"]) == (3, 1, 1, 1)
    assert line["went"] == [office.items[2]]


def to_traffic(office, item):
    change = {"op": "set", "path": "authority", "value": office.traffic}
    return {"outcome": "transfer", "subject": item, "effective_from": DAY, "changes": [change]}


def test_what_the_round_transfers_out_of_its_own_filter_is_told_as_such(office):
    """Which of the items the water bureau held before: one goes to the traffic bureau, one ends otherwise."""
    made = to_traffic(office, office.items[0])
    changeset = opened(
        office, made, *decisions(office, None, "retain"), scope=scope(office, authorities=[office.water])
    )
    approve(office, changeset)
    publish(office, changeset)
    found = asked(office, changeset)
    line = found["reconciliation"]
    assert (found["before"], found["after"]) == (2, 2)
    assert (line["base"], line["ended"], line["after"]) == (2, 0, 1)
    assert (line["transferred_in"], line["transferred_out"], line["went_otherwise"]) == (0, 1, 0)
    assert line["went"] == []
    assert ("核对：本轮调整实施机关转出", 1) in list(overview(found))
    office.publish_change({"outcome": "cancel", "subject": office.items[0], "effective_from": DAY})
    line = asked(office, changeset)["reconciliation"]
    assert (line["transferred_out"], line["went_otherwise"]) == (0, 1), "what ended there did so otherwise"


def test_what_the_round_transfers_into_its_own_filter_is_told_as_such(office):
    made = to_traffic(office, office.items[0])
    changeset = opened(
        office,
        made,
        *decisions(office, None, None, "retain"),
        scope=scope(office, authorities=[office.traffic]),
    )
    approve(office, changeset)
    publish(office, changeset)
    line = asked(office, changeset)["reconciliation"]
    assert (line["base"], line["transferred_in"], line["came_otherwise"], line["after"]) == (1, 1, 0, 2)


def test_the_same_filter_keeps_its_list_and_another_is_frozen_anew(office):
    changeset = opened(office)
    first = head(office, changeset)["scope"]["frozen"]["items"]
    office.publish_change(  # entered late: it was there on the base day
        {
            "outcome": "add",
            "effective_from": "2026-05-01",
            "timing": "late_entry",
            "reason": "漏录",
            "content": item_content("取水许可4", office.water, office.district),
        }
    )

    def redraft(**more):
        form = ChangesetInput(title="第三批清理", kind="round", scope=scope(office, **more))
        with office.database.writing() as session:
            version = rows.find(session, changeset).version
            drafts.redraft(session, office.editor, changeset, version, form, TODAY)
        return head(office, changeset)["scope"]["frozen"]

    assert redraft()["items"] == first
    assert redraft(types=["01"])["count"] == 4


def test_a_routine_change_needs_a_decision_and_a_round_a_base_day_to_be_opened_without(office):
    for asked_for in ({"kind": "routine"}, {"kind": "round", "scope": {"region": office.district}}):
        with pytest.raises(ValueError, match="至少要有一项处理决定"):
            ChangesetInput(title="空", **asked_for)


# --- publishing ------------------------------------------------------------------------------------------------


def test_publishing_refuses_while_an_item_of_the_scope_is_undecided(office):
    changeset = opened(office, *decisions(office, "retain", "cancel"))
    before = office.known()
    with pytest.raises(Refused) as refusal:
        publish(office, changeset, emergency="防汛")  # which nobody hands in first
    assert refusal.value.code == "scope-undecided"
    assert refusal.value.detail["items"] == [office.items[2]]
    assert "还有 1 个事项没有处理决定（如“取水许可3”）" in refusal.value.message
    assert office.known() == before


def test_a_scope_without_a_base_day_only_describes(office):
    changeset = held(office, "retain", "cancel", scope={"region": office.district})
    found = asked(office, changeset)
    assert (found["before"], found["after"]) == (2, 1)
    assert found["reconciliation"] is None


def test_the_published_sums_are_stored_under_a_hash_that_the_log_names(office):
    changeset = held(office, "retain", "cancel", "adjust")
    found = asked(office, changeset)
    assert (found["before"], found["ended"], found["after"]) == (3, 1, 2)
    assert found["outcomes"]["retain"] == 2
    assert found["limits"]["promised"]["days_saved"] == 12
    assert found["recomputed"] is None
    stored = office.scalars(f"SELECT body FROM content WHERE hash = '{found['published']['hash']}'")
    assert decode(bytes(stored[0]))["summary"] == found["summary"]
    assert office.scalars("SELECT count(*) FROM publication p JOIN content c ON c.hash = p.statement")[0]
    office.assert_sound()


def test_a_voided_decision_leaves_the_published_report_and_stands_beside_it(office):
    changeset = held(office, "retain", "cancel", "adjust")
    then = office.known().seq
    first = asked(office, changeset)
    act = office.acts(office.items[1])[-1]
    office.publish_change({"outcome": "void", "act": act, "ground": "error", "reason": "录错"})
    found = asked(office, changeset)
    assert (found["before"], found["after"]) == (3, 2)
    assert (found["recomputed"]["before"], found["recomputed"]["after"]) == (3, 3)
    assert found["recomputed"]["retained"]["undecided"] == 1
    assert {**asked(office, changeset, str(then)), "reconciliation": None} == {
        **first,
        "reconciliation": None,
    }


def test_a_correction_that_names_the_round_counts_as_its_own_and_another_change_does_not(office):
    changeset = held(office, "retain", "retain", "adjust")
    other = adjust(office.items[1], DAY, 5)
    office.publish_change(other)
    assert asked(office, changeset)["recomputed"] is None
    correction = adjust(office.items[2], DAY, 6)
    office.publish_change(correction, corrects=changeset)
    found = asked(office, changeset)
    assert found["limits"]["promised"]["days_saved"] == 12
    assert found["recomputed"]["limits"]["promised"]["days_saved"] == 14


def test_a_pair_leaves_out_what_others_changed_before_it(office):
    """A routine change of the same day, published before the round, is what stood before."""
    changeset = opened(office, *decisions(office, "retain", "retain"), adjust(office.items[2], DAY, 8))
    office.publish_change(adjust(office.items[1], "2026-09-30", 3))
    with office.database.writing() as session:
        version = rows.find(session, changeset).version
        form = ChangesetInput(
            title="第三批清理",
            kind="round",
            scope=scope(office),
            decisions=[*decisions(office, "retain", "retain"), adjust(office.items[2], DAY, 8)],
        )
        drafts.redraft(session, office.editor, changeset, version, form, TODAY)
    approve(office, changeset)
    publish(office, changeset)
    promised = asked(office, changeset)["limits"]["promised"]
    assert (promised["shortened"], promised["days_saved"]) == (1, 12)
    assert promised["average_before"]["numerator"] == 43  # 20 + 3 + 20 over 3
    assert promised["average_before"]["denominator"] == 3


def test_a_transfer_counts_under_its_authority_before(office):
    change = {"op": "set", "path": "authority", "value": office.traffic}
    moved = {"outcome": "transfer", "subject": office.items[0], "effective_from": DAY, "changes": [change]}
    changeset = opened(office, moved, *decisions(office, None, "retain", "retain"))
    approve(office, changeset)
    publish(office, changeset)
    rows_ = {row["id"]: row for row in asked(office, changeset)["by_authority"]}
    water, traffic = rows_[office.water], rows_[office.traffic]
    assert (water["before"], water["transferred_out"], water["after"]) == (2, 1, 1)
    assert (traffic["before"], traffic["transferred_in"], traffic["after"]) == (1, 1, 2)
    assert water["name"] == "广安区水务局"


def test_a_merge_into_a_new_item_counts_two_ended_and_one_started(office):
    merged = {
        "outcome": "merge",
        "effective_from": DAY,
        "origins": [{"subject": item} for item in office.items[:2]],
        "results": [{"content": item_content("取水许可（合并）", office.water, office.district)}],
    }
    changeset = opened(office, merged, *decisions(office, None, None, "retain"))
    approve(office, changeset)
    publish(office, changeset)
    found = asked(office, changeset)
    assert (found["before"], found["ended"], found["started"], found["after"]) == (3, 2, 1, 2)
    assert (found["outcomes"]["merge"], found["new"]["merge"]) == (2, 1)
    assert found["reconciliation"]["after"] == 2


def test_a_merge_into_a_standing_item_retains_it(office):
    first, second, _ = office.items
    merged = {
        "outcome": "merge",
        "effective_from": DAY,
        "origins": [{"subject": first}, {"subject": second}],
        "results": [{"subject": first}],
    }
    changeset = opened(office, merged, *decisions(office, None, None, "retain"))
    approve(office, changeset)
    publish(office, changeset)
    found = asked(office, changeset)
    assert (found["before"], found["ended"], found["after"]) == (3, 1, 2)
    assert (found["outcomes"]["merge"], found["retained"]["merge"]) == (1, 1)


def test_converted_out_of_the_types_of_the_round_is_out_of_the_count(office):
    change = {"op": "set", "path": "type", "value": "10"}
    made = {"outcome": "convert", "subject": office.items[0], "effective_from": DAY, "changes": [change]}
    changeset = opened(
        office, made, *decisions(office, None, "retain", "retain"), scope=scope(office, types=["01"])
    )
    approve(office, changeset)
    publish(office, changeset)
    found = asked(office, changeset)
    assert (found["outcomes"]["convert"], found["after"]) == (1, 2)
    assert found["reconciliation"]["after"] == 2


def test_an_emergency_round_has_its_report(office):
    changeset = opened(office, *decisions(office, "retain", "retain", "cancel"))
    with office.database.writing() as session:
        publishing.publish(session, office.publisher, changeset, TODAY, emergency="汛期")
    assert asked(office, changeset)["after"] == 2


def test_an_unknown_round_is_not_found(office):
    changeset = office.approved(adjust(office.items[0], DAY, 3))
    office.publish(changeset)
    with pytest.raises(NotFound):
        asked(office, changeset)


def prepared(office, changeset, today=TODAY):
    with office.database.reading() as session:
        return publishing.prepare(session, office.publisher, changeset, today)


def test_what_was_prepared_before_the_lock_is_what_is_published(office, monkeypatch):
    changeset = opened(office, *decisions(office, "retain", "cancel", "adjust"))
    approve(office, changeset)
    ready = prepared(office, changeset)
    for name in (
        "Decider",
        "lay_out",
        "kinds",
    ):  # nothing is worked out again: the lock is held to write alone
        monkeypatch.setattr(f"app.changes.publishing.{name}", None)
    with office.database.writing() as session:
        publishing.publish(session, office.publisher, changeset, TODAY, prepared=ready)
    monkeypatch.undo()
    found = asked(office, changeset)
    assert (found["before"], found["after"], found["recomputed"]) == (3, 2, None)
    office.assert_sound()


def test_what_was_prepared_is_worked_out_anew_where_the_registry_moved(office):
    changeset = opened(office, *decisions(office, "retain", "cancel", "adjust"))
    approve(office, changeset)
    ready = prepared(office, changeset)
    office.publish_change(adjust(office.items[1], TODAY, 4))
    with office.database.writing() as session, pytest.raises(Stale):
        publishing.publish(session, office.publisher, changeset, TODAY, prepared=ready)
    assert office.changeset(changeset).state == "returned"


def test_what_was_prepared_by_another_or_on_another_day_does_not_count(office):
    changeset = opened(office, *decisions(office, "retain", "cancel"))
    with office.database.reading() as session:  # it would be refused: publishing says why
        assert publishing.prepare(session, office.publisher, changeset, TODAY, emergency="防汛") is None
    whole = opened(office, *decisions(office, "retain", "cancel", "adjust"))
    approve(office, whole)
    ready = prepared(office, whole)
    with office.database.writing() as session:
        publishing.publish(session, office.publisher, whole, "2026-09-29", prepared=ready)
    assert asked(office, whole)["after"] == 2


def test_what_was_prepared_for_another_reason_of_haste_does_not_count(office):
    changeset = opened(office, *decisions(office, "retain", "cancel", "adjust"))
    with office.database.reading() as session:
        ready = publishing.prepare(session, office.publisher, changeset, TODAY, emergency="防汛")
    assert ready is not None
    with office.database.writing() as session:
        publishing.publish(session, office.publisher, changeset, TODAY, emergency="抗旱", prepared=ready)
    assert asked(office, changeset)["emergency"] == "抗旱"
    office.assert_sound()


# --- rehearsing ----------------------------------------------------------------------------------------------


def test_a_rehearsal_says_what_publishing_then_does_and_writes_nothing(office):
    changeset = opened(office, *decisions(office, "cancel", "adjust", "retain"))
    tables = ("content", "decision", "revision", "draft_decision")
    before = [office.count(table) for table in tables]
    with office.database.reading() as session:
        dry = rehearse_round(session, changeset, TODAY)
    assert [office.count(table) for table in tables] == before
    assert dry["undecided"] == dry["stale"] == []
    assert [(one["item"], one["line"], one["outcome"]) for one in dry["items"]] == [
        (office.items[0], "ended", "cancel"),
        (office.items[1], "retained", "adjust"),
        (office.items[2], "retained", "retain"),
    ]
    assert len(dry["revisions"]) == 2
    approve(office, changeset)
    publish(office, changeset)
    found = asked(office, changeset)
    assert dry["report"] == {name: found[name] for name in dry["report"]}


def test_a_rehearsal_names_what_stands_against_publishing(office):
    changeset = opened(office, *decisions(office, "adjust", "retain"))
    office.publish_change(adjust(office.items[0], "2026-12-01", 2))
    with office.database.reading() as session:
        dry = rehearse_round(session, changeset, TODAY)
    assert [one["item"] for one in dry["undecided"]] == [office.items[2]]
    assert dry["undecided"][0]["name"] == "取水许可3"
    assert dry["stale"] == [1]
    assert [one["subject"] for one in dry["later"]] == [office.items[0]]
    assert dry["report"]["retained"]["undecided"] == 1


def test_a_published_round_is_not_rehearsed(office):
    changeset = held(office, "retain", "cancel", "adjust")
    with office.database.reading() as session, pytest.raises(Conflict):
        rehearse_round(session, changeset, TODAY)


# --- history, files ------------------------------------------------------------------------------------------


def test_how_many_were_in_force_on_any_day_by_type(office):
    held(office, "cancel", "cancel", "retain")
    with office.database.reading() as session:
        connection = session.connection()
        found = series(connection, ["2026-09-30", DAY], None, None, TODAY)
        alone = series(connection, [], None, office.traffic, TODAY)
    assert [row["total"] for row in found["days"]] == [3, 1]
    assert found["days"][0]["types"] == [{"code": "01", "name": "行政许可", "items": 3}]
    assert found["change"]["fewer"] == 2
    assert found["change"]["percent"]["shown"] == "67"
    first, *years = "2024-01-01", "2025-01-01", "2026-01-01"
    assert [row["day"] for row in alone["days"]] == [first, *years, TODAY, "2026-09-30", DAY]
    assert {row["total"] for row in alone["days"]} == {1}


def test_the_tables_and_files_of_a_report(office):
    words = {"words": "取消", "follow_up": "加强事中事后监管", "annex": "附件1", "number": "1"}
    made = [{"outcome": "cancel", "subject": office.items[0], "effective_from": DAY, **words}]
    changeset = opened(office, *made, *decisions(office, None, "adjust", "retain"))
    approve(office, changeset)
    publish(office, changeset)
    found = asked(office, changeset)
    with office.database.reading() as session:
        connection = session.connection()
        tables = tables_of(connection, changeset, known_at(connection, None))
    assert [table.title for table in tables] == [
        "事项调整对照表", "附件1　取消的事项目录", "附件2　调整的事项目录", "附件3　保留的事项目录",
    ]  # fmt: skip
    compared = {row[1]: row for row in tables[0].rows}
    assert compared["取水许可2"][5:7] == ("20个工作日", "8个工作日")
    assert compared["取水许可1"][6] == ""
    assert tables[1].rows == [(1, "取水许可1", "广安区水务局", "", "取消", "加强事中事后监管", "")]
    book = CalamineWorkbook.from_filelike(io.BytesIO(write_xlsx(found, tables)))
    assert book.sheet_names[0] == "汇总"
    figures = {row[0]: row[1] for row in book.get_sheet_by_name("汇总").to_python()}
    assert (figures["清理前"], figures["清理后"], figures["取消"]) == (3, 2, 1)
    assert figures["摘要"] == found["summary"]
    assert len(book.get_sheet_by_name("事项调整对照表").to_python()) == 4
    document = Document(io.BytesIO(write_docx(found, tables)))
    assert document.paragraphs[0].text == "第三批清理"
    assert found["summary"] in [one.text for one in document.paragraphs]
    annex = next(t for t in document.tables if t.rows[0].cells[1].text == "项目名称")
    assert [cell.text for cell in annex.rows[1].cells][:3] == ["1", "取水许可1", "广安区水务局"]


def test_an_internal_item_is_counted_apart_and_listed_nowhere(office):
    office.publish_change(adjust(office.items[0], TODAY, "internal", "visibility"))
    changeset = held(office, "retain", "retain", "retain")
    with office.database.reading() as session:
        connection = session.connection()
        tables = tables_of(connection, changeset, known_at(connection, None))
    assert (asked(office, changeset)["before"], asked(office, changeset)["withheld"]) == (2, 1)
    assert {row[1] for table in tables for row in table.rows} == {"取水许可2", "取水许可3"}


def test_a_cell_is_never_a_formula(office):
    office.publish_change(adjust(office.items[0], TODAY, "=1+1", "name"))
    changeset = held(office, "retain", "retain", "retain")
    with office.database.reading() as session:
        connection = session.connection()
        tables = tables_of(connection, changeset, known_at(connection, None))
    book = CalamineWorkbook.from_filelike(io.BytesIO(write_xlsx(asked(office, changeset), tables)))
    names = [row[1] for row in book.get_sheet_by_name("事项调整对照表").to_python()]
    assert "=1+1" in names


def test_each_refusal_is_one_sentence(office):
    with pytest.raises(RegistryError) as refusal:
        opened(office, scope=scope(office, base_day="昨天"))
    assert refusal.value.message.endswith("。")


# --- whose round it is


@pytest.mark.parametrize("move", ["head", "submit", "withdraw"])
def test_a_department_leaves_the_governments_round_alone(office, move):
    round_id = opened(office)
    department = office.person("水利部门", "edit", authority=office.water)
    asked = ChangesetInput(kind="round", title="改了名", scope={"region": office.district, "base_day": BASE})
    with office.database.writing() as session, pytest.raises(Forbidden) as refusal:
        {
            "head": lambda: drafts.redraft(session, department, round_id, 1, asked, TODAY),
            "submit": lambda: drafts.submit(session, department, round_id, None, TODAY),
            "withdraw": lambda: drafts.withdraw(session, department, round_id),
        }[move]()
    assert refusal.value.code == "round-out-of-scope"
    assert "第三批清理" in refusal.value.message


@pytest.mark.parametrize("wider", [{}, {"authorities": []}, {"authorities": ["water", "traffic"]}])
def test_a_department_opens_a_round_over_its_own_alone(office, wider):
    department = office.person("水利部门", "edit", authority=office.water)
    scope = {"region": office.district, "base_day": BASE}
    asked = {name: [getattr(office, one) for one in ids] for name, ids in wider.items()}
    with pytest.raises(Forbidden) as refusal:
        opened(office, actor=department, scope=scope | asked)
    assert refusal.value.code == "round-out-of-scope"
    own = opened(office, actor=department, scope=scope | {"authorities": [office.water]})
    with office.database.writing() as session:
        asked = ChangesetInput(kind="round", title="越界", scope=scope)
        with pytest.raises(Forbidden):
            drafts.redraft(session, department, own, 1, asked, TODAY)
    with office.database.writing() as session:
        assert drafts.withdraw(session, department, own).state == "withdrawn"


def test_a_town_works_in_its_own_region(office):
    town = office.person("镇里", "edit", region=office.town)
    county = office.person("区里", "edit", region=office.district)
    with pytest.raises(Forbidden):
        opened(office, actor=town)
    assert opened(office, actor=county)


def test_a_department_leaves_a_recorded_round_of_the_government_alone(office):
    stated = {"total": 1}
    recorded = office.draft(kind="round", title="补录", stated=stated).id
    department = office.person("水利部门", "edit", authority=office.water)
    with pytest.raises(Forbidden), office.database.writing() as session:
        rows_from(session, department, recorded, [{"name": "取水许可"}], TODAY)(session)
    with pytest.raises(Forbidden), office.database.writing() as session:
        drafts.withdraw(session, department, recorded)


def test_a_round_with_undecided_items_is_not_handed_in(office):
    round_id = opened(office)
    with pytest.raises(Refused) as refusal, office.database.writing() as session:
        drafts.submit(session, office.editor, round_id, None, TODAY)
    assert refusal.value.code == "scope-undecided"
    assert "还有 3 个事项没有处理决定" in refusal.value.message
    assert "再提交" in refusal.value.message


def test_old_rounds_recorded_late_stand_in_their_year(office):
    made = []
    for item, day in zip(office.items, ("2018-03-01", "2021-05-01", "2014-07-01"), strict=True):
        paper = {"number": f"广区府〔{day[:4]}〕1号", "document_date": day}
        office.publish_change(adjust(item, DAY, 5), kind="round", title=day, document=paper)
        made.append(day)
    with office.database.reading() as session:
        connection = session.connection()
        listed = [one["title"] for one in queries.rounds(connection, known_at(connection, None))]
    assert listed == sorted(made, reverse=True)
