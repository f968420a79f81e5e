"""Moves of a changeset by their buttons: taken back, pressed twice, approved however many decisions it holds."""

from __future__ import annotations

import re

import pytest
from browsing import Browser
from seeded import FELLING, TODAY, Living, set_field
from test_office_rounds import agree_all, form, propose_all

from app.auth.accounts import actor_of, find_account
from app.changes import drafts
from app.changes.models import ChangesetInput, DecisionInput
from app.web.office.publishing.changesets import PAGE

TITLE = "更正咨询电话"


@pytest.fixture
def living(living_sqlite: Living) -> Living:
    return living_sqlite


def drafted(editor: Browser, items: list[str]) -> str:
    """Where this editor's draft stands that gives the items a telephone."""
    decisions = [DecisionInput(**set_field(item, "consult_phone", "0826-2345678")) for item in items]
    asked = ChangesetInput(title=TITLE, reason="换号", decisions=decisions)
    with editor.living.database.writing() as session:
        actor = actor_of(find_account(session, "bianji"))
        return f"/office/changesets/{drafts.draft(session, actor, asked, TODAY).id}"


def hash_on(reviewer: Browser, place: str) -> str:
    (found,) = re.findall(r'name="hash" value="([0-9a-f]+)"', reviewer.get(place).html)
    return str(found)


def events(living: Living, place: str) -> list[str]:
    id_ = place.rsplit("/", 1)[1]
    return [
        row[0]
        for row in living.rows(f"SELECT event FROM changeset_event WHERE changeset = '{id_}' ORDER BY id")
    ]


@pytest.fixture
def place(editor: Browser) -> str:
    return drafted(editor, [editor.living.item_called(FELLING)])


def test_what_was_submitted_is_taken_back_by_its_author(
    editor: Browser, reviewer: Browser, place: str
) -> None:
    other = Browser(editor.living, "tongshi", ["edit"])
    editor.move(f"{place}/submit")
    assert place in reviewer.get("/office").html
    reviewer.move(f"{place}/comment", about="咨询电话", words="少了分机")
    assert "取回修改" in editor.get(place).words
    for one in (other, reviewer):
        assert "取回修改" not in one.get(place).words
    refused = other.move(f"{place}/take-back", status=403)
    assert refused is not None
    assert "由起草、修改或提交它的人取回" in refused.words
    page = editor.move(f"{place}/take-back")
    assert page is not None
    assert "草稿" in page.words
    assert "bianji 取回" in page.words
    assert "少了分机" in page.words
    assert "取回修改" not in page.words
    assert place not in reviewer.get("/office").html
    assert place in editor.get("/office").html
    late = reviewer.move(f"{place}/approve", status=409, hash="0" * 64)
    assert late is not None
    assert "变更单还是草稿，不能批准。" in late.words
    editor.move(f"{place}/submit")
    reviewer.move(f"{place}/approve", hash=hash_on(reviewer, place))
    refused = editor.move(f"{place}/take-back", status=409)
    assert refused is not None
    assert "变更单已经批准、等待发布，不能取回。" in refused.words


def test_a_button_pressed_twice_moves_once(editor: Browser, reviewer: Browser, place: str) -> None:
    hash_ = ""
    for person, move in (
        (editor, "submit"),
        (editor, "take-back"),
        (editor, "submit"),
        (reviewer, "approve"),
        (reviewer, "return"),
        (editor, "submit"),
        (reviewer, "approve"),
        (reviewer, "publish"),
    ):
        if move == "approve":
            hash_ = hash_on(reviewer, place)
        for _ in range(2):
            page = person.move(f"{place}/{move}", hash=hash_, reason="再看看")
            assert page is not None
            assert 'role="alert"' not in page.html, move
    course = events(editor.living, place)
    assert course == [
        "drafted", "submitted", "taken-back", "submitted", "approved", "returned", "submitted", "approved", "published",
    ]  # fmt: skip
    other = Browser(editor.living, "lingdao", ["publish"])
    refused = other.move(f"{place}/publish", status=409)  # what another has done is said
    assert refused is not None
    assert "变更单已经发布，不能再发布。" in refused.words


def test_one_with_more_decisions_than_a_page_shows_is_approved(editor: Browser, reviewer: Browser) -> None:
    """Approval is bound to all of them, on whichever page the button is pressed."""
    listed = editor.living.get("/items", status="in_force", limit=PAGE + 5).json()["items"]
    assert len(listed) == PAGE + 5
    place = drafted(editor, [one["id"] for one in listed])
    editor.move(f"{place}/submit")
    assert hash_on(reviewer, place) == hash_on(reviewer, f"{place}?page=2")
    page = reviewer.move(f"{place}/approve", hash=hash_on(reviewer, place))
    assert page is not None
    assert "待发布" in page.words


def test_a_round_is_taken_back_and_worked_on_again(editor: Browser, reviewer: Browser) -> None:
    opened = editor.post("/office/rounds/new", form(editor.living)).headers["location"]
    propose_all(editor, opened)
    agree_all(reviewer, opened)
    editor.move(f"{opened}/submit")
    assert "等您批准" in reviewer.get("/office").words
    assert "取回修改" in editor.get(opened).words
    assert "取回修改" not in reviewer.get(opened).words
    for _ in range(2):
        page = editor.move(f"{opened}/take-back")
        assert page is not None
        assert 'role="alert"' not in page.html
    assert "bianji 取回" in page.words
    assert "等您批准" not in reviewer.get("/office").words
    felling = f"{opened}/items/{editor.living.item_called(FELLING)}"
    reviewer.move(f"{felling}/opinion", opinion="return", why="再想想")
    assert "已退回" in editor.get(felling).words
    propose_all(editor, opened)
    agree_all(reviewer, opened)
    editor.move(f"{opened}/submit")
    assert "待审核" in editor.get(opened).words


def test_whoever_confirms_an_emergency_reads_what_was_written(
    editor: Browser, reviewer: Browser, place: str
) -> None:
    living = editor.living
    alone = Browser(living, "zhiban", ["publish"])
    before = reviewer.get(place).words.split("发布后会写下的")[1].split("办理")[0]
    alone.move(f"{place}/publish", emergency="1", reason="汛情")
    living.publish(set_field(living.item_called(FELLING), "consult_phone", "0826-9999999"))
    page = reviewer.get(place)
    assert "确认这次紧急发布" in page.words
    told = page.words.split("发布时写下的")[1].split("办理")[0]
    assert "咨询电话没有提供0826-2345678" in told, "beside what stood until then, whatever came later"
    assert told == before.replace("批注对这一处的意见批注", "").replace("批注", "")
    assert reviewer.move(f"{place}/confirm") is not None
