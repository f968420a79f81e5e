"""A workbook is read beside all other writers, and what they write meanwhile is seen. No clock, no second thread: the
other writer comes while the file is being opened."""

from __future__ import annotations

from contextlib import closing

import pytest
from holding import counts, exported, fill, imported, lines, opened, opined, proposed
from registry import TODAY, adjust, item_content

from app.changes import drafts
from app.changes.reviews import proposals
from app.db import Database
from app.errors import Conflict
from app.exchange import worksheet_sheets, worksheets


@pytest.fixture
def sheet(office, tmp_path):
    """A round with a workbook in which its first two items are proposed for."""
    round_id = opened(office)
    path = exported(office, round_id, tmp_path / "表.xlsx")
    first, second, _ = office.items
    fill(path, {first: {"outcome": "取消", "reason": "不再需要"}, second: {"outcome": "保留"}})
    return office, round_id, path


@pytest.fixture
def meanwhile(office, monkeypatch):
    """``meanwhile(act)``: ``act`` is done once, when the file has been opened. Whoever finds the writer's place taken
    is told at once. Returns the list of how often the file was opened."""
    opener = worksheet_sheets.every_sheet
    plain = office.database

    def arrange(act):
        reads, done = [], []

        def opening(path):
            reads.append(path)
            if not done:
                done.append(act)
                with closing(_Impatient(plain)) as beside:
                    office.database = beside.database
                    try:
                        act()
                    finally:
                        office.database = plain
            return opener(path)

        monkeypatch.setattr(worksheet_sheets, "every_sheet", opening)
        return reads

    return arrange


class _Impatient:
    def __init__(self, database):
        self.database = Database(database.url, lock_timeout=0.05)

    def close(self):
        self.database.dispose()


def test_another_writes_while_a_workbook_is_read(sheet, meanwhile):
    office, round_id, path = sheet
    reads = meanwhile(lambda: office.draft(adjust(office.items[2], "2026-09-28", 10), title="另一份变更单"))
    done = imported(office, round_id, path)
    assert (done.problems, done.new) == ([], 2)
    assert len(reads) == 1  # nothing of the round moved: what was read stands


def test_a_workbook_with_errors_or_nothing_in_it_takes_no_lock(sheet, tmp_path, monkeypatch):
    office, round_id, path = sheet

    def taken(_self):
        raise AssertionError("the writer's place was taken")

    blank = exported(office, round_id, tmp_path / "空.xlsx")
    fill(path, {office.items[0]: {"outcome": "不知道"}})
    monkeypatch.setattr(Database, "writing", taken)
    assert [one.code for one in imported(office, round_id, path).problems] == ["unknown-outcome"]
    assert imported(office, round_id, blank).unchanged == 3


def test_what_is_proposed_meanwhile_is_not_overwritten(sheet, meanwhile):
    office, round_id, path = sheet
    other = office.person("wang", "edit")
    kept = {"outcome": "retain", "subject": office.items[0], "reason": "仍需办理"}
    reads = meanwhile(lambda: proposed(office, round_id, kept, actor=other))
    done = imported(office, round_id, path)
    assert [one.code for one in done.problems] == ["changed-meanwhile"]
    assert len(reads) == 2
    assert lines(office, round_id)[office.items[0]]["proposed"]["outcome"] == "retain"
    assert counts(office, round_id)["proposed"] == 1  # the file was refused whole


def test_a_proposal_about_another_item_meanwhile_stands_beside(sheet, meanwhile):
    office, round_id, path = sheet
    reads = meanwhile(lambda: proposed(office, round_id, {"outcome": "retain", "subject": office.items[2]}))
    done = imported(office, round_id, path)
    assert (done.problems, done.new, len(reads)) == ([], 2, 2)
    assert counts(office, round_id)["proposed"] == 3


def test_a_new_item_has_an_id_that_nobody_was_given_meanwhile(sheet, meanwhile):
    office, round_id, path = sheet
    first = office.items[0]
    fill(path, {first: {"outcome": "拆分", "into": "取水许可甲\n取水许可乙"}})
    add = {
        "outcome": "add",
        "effective_from": "2026-09-28",
        "content": item_content("新的许可", office.water, office.district),
    }
    drafted = []
    meanwhile(lambda: drafted.append(office.draft(add)))
    assert imported(office, round_id, path).problems == []
    [theirs] = [row["body"]["subject"] for row in office.draft_rows(drafted[0].id)]
    with office.database.reading() as session:
        ours = [one["subject"] for one in proposals(session, round_id)[first].body["results"]]
    assert len({theirs, *ours}) == 3


def test_a_copy_with_a_faulty_row_beside_one_that_makes_new_items_is_marked(sheet):
    office, round_id, path = sheet
    first, second, _ = office.items
    fill(path, {first: {"outcome": "拆分", "into": "取水许可甲\n取水许可乙"}, second: {"outcome": "不知道"}})
    with office.database.reading() as session:
        ready = worksheets.read_filled(session, office.editor, round_id, path, TODAY, reopen=False)
    assert [one.code for one in ready.filled.problems] == ["unknown-outcome"]


def test_an_opinion_given_meanwhile_is_seen(sheet, meanwhile):
    office, round_id, path = sheet
    first, second, _ = office.items
    proposed(office, round_id, {"outcome": "retain", "subject": first})
    path = fill(exported(office, round_id, path), {one: {"outcome": "取消"} for one in (first, second)})
    meanwhile(lambda: opined(office, round_id, [first], "agree"))
    done = imported(office, round_id, path)
    assert (done.new, done.changed, [one.code for one in done.kept]) == (1, 0, ["already-reviewed"])
    assert lines(office, round_id)[first]["final"]["outcome"] == "retain"


def test_a_publication_meanwhile_is_seen(sheet, meanwhile):
    office, round_id, path = sheet
    first = office.items[0]
    cancel = {"kind": "item", "outcome": "cancel", "subject": first, "effective_from": "2026-09-28"}
    meanwhile(lambda: office.publish_change(cancel))
    done = imported(office, round_id, path)
    assert [one.code for one in done.problems] == ["outside-scope"]
    assert counts(office, round_id)["proposed"] == 0


def test_a_round_handed_in_meanwhile_takes_nothing_more(sheet, meanwhile):
    office, round_id, path = sheet

    def withdrawn():
        with office.database.writing() as session:
            drafts.withdraw(session, office.editor, round_id, "不再举行")

    meanwhile(withdrawn)
    with pytest.raises(Conflict) as caught:
        imported(office, round_id, path)
    assert caught.value.code == "wrong-state"
