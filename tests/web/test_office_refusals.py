"""What is refused to somebody who is signed in is in the access log as refused, once, whichever page says so."""

from __future__ import annotations

from typing import Any

import pytest
from browsing import POST, Browser, filled
from seeded import FELLING, Living, new_item, set_field

from app.auth.accounts import find_account, issue_token


@pytest.fixture
def places(living: Living) -> tuple[str, str]:
    """An item, and an organ that is not the item's."""
    item = living.item_called(FELLING)
    organ = living.rows(f"SELECT authority FROM timeline WHERE subject_id = '{item}'")[0][0]
    (other,) = living.rows(f"SELECT id FROM subject WHERE kind = 'authority' AND id <> '{organ}' LIMIT 1")
    return item, other[0]


def noted(person: Browser, do: Any) -> list[tuple[Any, ...]]:
    """(event, subject, note) of what the log has of it."""
    living = person.living
    before = living.rows("SELECT max(id) FROM access_log")[0][0]
    do()
    living.registry.noting.flush()
    query = f"SELECT event, subject, note FROM access_log WHERE id > {before} ORDER BY id"
    return [tuple(row) for row in living.rows(query)]


def test_another_organs_item_is_refused_in_the_log(living: Living, places: tuple[str, str]) -> None:
    item, other = places
    editor = Browser(living, "bianji", ["edit"], authority=other)
    place = f"/office/items/{item}/edit"
    form = filled(Browser(living, "quanbu", ["edit"]).get(place)) | {"reason": ["换号"], "do": ["save"]}
    form["note"] = ["别局的"]
    refused = noted(editor, lambda: editor.client.post(place, data=form, headers=POST))
    assert refused == [("refused", place, "out-of-scope")]
    end = f"/office/items/{item}/end"
    ending = {"outcome": "suspend", "from": "2026-10-01", "title": "暂停", "reason": "依职责调整"}
    assert noted(editor, lambda: editor.post(end, ending)) == [("refused", end, "out-of-scope")]


@pytest.mark.parametrize(
    "path", ["/office/checks?authority={}", "/office/many?authority={}", "/office/authorities/{}"]
)
def test_a_read_that_is_refused_is_not_noted_as_a_read(living_sqlite: Living, places: Any, path: str) -> None:
    item, other = places
    organ = living_sqlite.rows(f"SELECT authority FROM timeline WHERE subject_id = '{item}'")[0][0]
    editor = Browser(living_sqlite, "bianji", ["edit"], authority=other)
    refused = noted(editor, lambda: editor.get(path.format(organ), 403))
    assert refused == [("refused", path.format(organ).partition("?")[0], "out-of-scope")]
    allowed = noted(editor, lambda: editor.get(path.format(other)))
    assert [row[0] for row in allowed] == ["staff-read"]


def test_what_is_refused_as_if_it_were_not_there_is_noted_too(living: Living, places: Any) -> None:
    other = places[1]
    done = living.publish(new_item(living, "内部事项核查", content={"visibility": "internal"}))
    item = living.rows("SELECT subject_id FROM timeline WHERE name = '内部事项核查'")[0][0]
    assert done["state"] == "published"
    editor = Browser(living, "bianji", ["edit"], authority=other)
    place = f"/office/items/{item}/edit"
    assert noted(editor, lambda: editor.get(place, 404)) == [("refused", place, "out-of-scope")]
    unknown = "/office/items/qdi-00000000/edit"
    assert noted(editor, lambda: editor.get(unknown, 404)) == [("staff-read", unknown, None)]


def test_to_approve_ones_own_is_refused_in_the_log(living: Living) -> None:
    both = Browser(living, "shuangren", ["edit", "review"])
    with living.database.writing() as session:
        living.tokens["shuangren"] = issue_token(session, find_account(session, "shuangren"))
    form = {"title": "换号", "decisions": [set_field(living.item_called(FELLING), "note", "甲")]}
    made = living.post("shuangren", "/changesets", form).json()
    assert living.post("shuangren", f"/changesets/{made['id']}/submit").status_code == 200
    place = f"/office/changesets/{made['id']}"
    refused = noted(both, lambda: both.post(f"{place}/approve", hash="0"))
    assert refused == [("refused", f"{place}/approve", "four-eyes")]
    own = noted(both, lambda: both.post(f"{place}/comment", text=""))
    assert own == [], "what is wrong is no refusal of a right"
