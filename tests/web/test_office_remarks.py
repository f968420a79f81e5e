"""What a reviewer says of a draft stands in the form of whoever mends it: why it came back, and beside each field."""

from __future__ import annotations

import re
from html import unescape

import pytest
from browsing import Browser
from reading import Page
from seeded import FELLING, TODAY, Living
from test_form_keeping import At

PHONE = "0826-7654321"


@pytest.fixture
def living(living_sqlite: Living) -> Living:
    return living_sqlite


@pytest.fixture
def returned(living: Living, editor: Browser) -> str:
    """A draft about a phone and the copies of a material, sent back with a remark on each."""
    at = At(editor, f"/office/items/{living.item_called(FELLING)}/edit")
    copies = next(name for name in at.fields if re.fullmatch(r"materials/[^/]+/copies", name))
    draft = at.type(consult_phone=PHONE, reason="换号", **{copies: "7"}).press("save").headers["location"]
    editor.move(f"{draft}/submit")
    reviewer = Browser(living, "shenhe-1", ["review"])
    found = re.findall(rf'name="about" value="([^"]+（自 {TODAY} 起）)"', reviewer.get(draft).html)
    assert len(found) == 2
    for number, about in enumerate(found):
        reviewer.move(f"{draft}/comment", about=unescape(about), words=f"核对第 {number} 处")
    reviewer.move(f"{draft}/comment", about="整份变更单", words="标题写短一点")
    reviewer.move(f"{draft}/return", reason="请逐处核对")
    return str(draft)


def beside(page: Page, field: str) -> str:
    """What stands between a field and the end of its box."""
    return page.html.partition(f' name="{field}"')[2].partition("</div>")[0]


def test_whoever_mends_a_returned_draft_reads_why_and_beside_which_field(
    living: Living, editor: Browser, returned: str
) -> None:
    place = editor.get(returned).link("重新修改")
    page = editor.get(place)
    assert "shenhe-1退回：请逐处核对" in page.words
    assert "shenhe-1：整份变更单：标题写短一点" in page.words
    copies = next(name for name in At(editor, place).fields if re.fullmatch(r"materials/[^/]+/copies", name))
    for field in ("consult_phone", copies):
        assert "shenhe-1：核对" in beside(page, field)
        assert f'<a href="#{field}">' in page.html
    assert "shenhe-1：核对" not in beside(page, "complaint_phone")


def test_what_was_said_stays_until_the_draft_is_submitted_again(
    living: Living, editor: Browser, returned: str
) -> None:
    place = editor.get(returned).link("重新修改")
    at = At(editor, place).type(consult_phone="0826-7654322")
    assert "请逐处核对" in Page(at.press("check").text).words
    assert at.press("save").status_code == 303
    assert "请逐处核对" in editor.get(place).words
    editor.move(f"{returned}/submit")
    editor.move(f"{returned}/take-back")
    again = editor.get(place)
    assert "请逐处核对" not in again.words
    assert "shenhe-1：核对" in beside(again, "consult_phone")
    assert (
        "shenhe-1" not in editor.get(f"/office/items/{living.item_called(FELLING)}/edit?from={TODAY}").words
    )


def test_a_corrected_round_is_called_by_its_title(living: Living, editor: Browser) -> None:
    at = At(editor, f"/office/items/{living.item_called(FELLING)}/edit")
    rounds = re.findall(r'<option value="(qdx-\w+)">([^<]+)<', editor.get(at.place).html)
    draft = (
        at.type(consult_phone=PHONE, reason="漏了", corrects=rounds[0][0]).press("save").headers["location"]
    )
    assert editor.get(draft).link(rounds[0][1]) == f"/office/rounds/{rounds[0][0]}"
