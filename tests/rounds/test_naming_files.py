"""In a round, too, nobody names a file that they may not read: naming it would be a way to it."""

from __future__ import annotations

import pytest
from holding import opened, opined, proposed
from registry import adjust, item_content
from test_recording import chosen, put
from test_recording import opened as recorded

from app import files
from app.changes import file_reading
from app.errors import Invalid
from app.rounds.recording import Choice


@pytest.fixture
def kept(office, tmp_path):
    """Stores a file; its digest."""

    def store(name, account=None):
        with office.database.writing() as session:
            return files.store(
                session,
                tmp_path / "files",
                name,
                "application/pdf",
                b"%PDF-1.7 " + name.encode(),
                2**20,
                account,
            ).digest

    return store


@pytest.fixture
def narrow(office):
    """Whoever reviews, and whoever records, for one bureau."""
    return office.person("narrow", "review", authority=office.water)


def drafted(office):
    return set(office.scalars("SELECT digest FROM draft_file"))


def test_a_reviewer_who_changes_a_proposal_names_only_what_they_may_read(office, kept, narrow):
    item, hidden, own = office.items[0], kept("别人的.pdf"), kept("自己的.pdf", narrow.account)
    round_id = opened(office)
    proposed(office, round_id, adjust(item, "2026-10-01", 5))

    def change_to(digest):
        named = adjust(item, "2026-10-01", digest, "materials/m1/blank_form")
        opined(office, round_id, [item], "change", actor=narrow, reason="换样表", decision=named)

    with pytest.raises(Invalid) as refused:
        change_to(hidden)
    assert refused.value.code == "unknown-file"
    assert drafted(office) == set()
    with office.database.reading() as session:
        assert not file_reading.is_readable(session, narrow, hidden)
    change_to(own)
    assert own in drafted(office)


def test_what_the_proposal_names_stands_under_the_reviewers_words(office, kept, narrow):
    """Of a new item nobody but its department may read the file yet; the reviewer changes its name alone."""
    theirs = kept("部门的.pdf", office.editor.account)
    content = item_content("河道采砂许可", office.water, office.district)
    content["materials"][0]["blank_form"] = theirs
    round_id = opened(office)
    (item,) = proposed(office, round_id, {"outcome": "add", "content": content}).new
    named = {"outcome": "add", "content": content | {"name": "采砂许可"}}
    opined(office, round_id, [item], "change", actor=narrow, reason="名称从简", decision=named)
    assert theirs in drafted(office)


def test_the_words_of_a_recorded_row_are_no_way_to_a_file(office, kept):
    item, hidden = office.items[0], kept("别人的.pdf")
    recorder = office.person("recorder", "edit", region=office.district)
    round_id = recorded(office)
    put(office, round_id, {"name": "取水许可1", "outcome": "取消", "words": f"/api/v1/files/{hidden}"})
    with pytest.raises(Invalid) as refused:
        chosen(office, round_id, Choice(1, item, apply=True), actor=recorder)
    assert refused.value.code == "unknown-file"
    assert drafted(office) == set()
