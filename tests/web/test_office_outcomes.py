"""The outcomes that need more than a click, entered on an item's own page of a round."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from reading import Page
from registry import TODAY
from seeded import Living
from test_office_rounds import Browser, form, items_on

DAY, LATER = "2027-03-01", "2028-03-01"


@pytest.fixture(scope="module")
def living(run_seeded: Any, steady_clock: Any) -> Iterator[Living]:
    with ExitStack() as stack:
        yield run_seeded("sqlite", stack)


@pytest.fixture(scope="module")
def editor(living: Living) -> Browser:
    return Browser(living, "bianji", ["edit"])


@pytest.fixture(scope="module")
def opened(editor: Browser) -> str:
    return str(editor.post("/office/rounds/new", form(editor.living)).headers["location"])


def proposed(editor: Browser, opened: str, item: str, status: int = 303, **said: str) -> Page:
    asked = {"day": DAY, "then": "here", **said}
    page = editor.move(f"{opened}/items/{item}/proposal", status=status, **asked)
    return page or editor.get(f"{opened}/items/{item}")


def test_an_item_is_split_and_its_page_says_into_what(editor: Browser, opened: str) -> None:
    item = items_on(editor.get(opened))[0]
    page = proposed(editor, opened, item, outcome="拆分", into="林木采伐许可（集体）\n林木采伐许可（个人）")
    assert "成为：林木采伐许可（集体）" in page.words
    assert "林木采伐许可（个人）" in page.html.split('name="into"')[1].split("</textarea>")[0]
    assert "写不下的内容" not in page.words


def test_items_merged_one_after_the_other_into_one_stay_together(editor: Browser, opened: str) -> None:
    kept, first, second = items_on(editor.get(opened))[1:4]
    for item in (first, second):
        page = proposed(editor, opened, item, outcome="合并", receiver=kept)
        assert "和别的事项一起处理" in page.words
    others = editor.get(f"{opened}/items/{kept}").html.split('name="others"')[1].split(">")[0]
    assert first in others
    assert second in others


def test_an_organ_is_entrusted_for_a_time(editor: Browser, opened: str) -> None:
    item = items_on(editor.get(opened))[4]
    living, own = editor.living, form(editor.living)["authorities"]
    (organ, *_) = living.rows(
        "SELECT subject_id FROM timeline WHERE kind = 'authority' AND status = 'in_force'"
        f" AND subject_id <> '{own}' ORDER BY subject_id LIMIT 1"
    )
    page = proposed(editor, opened, item, outcome="委托", receiver=organ[0], until=LATER)
    assert "有效至 2028年3月1日前" in page.words


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"outcome": "拆分"}, "改为：拆分须写明拆成哪些事项，每行一个。"),
        (
            {"outcome": "转变管理方式", "into": "别的"},
            "改为：“别的”不是事项类型；可选的有：行政权力、行政许可",
        ),
        ({"outcome": "委托", "receiver": "没有的局"}, "承接方：登记簿中没有唯一的机关“没有的局”"),
        ({"outcome": "恢复"}, "无需恢复。"),
        ({"outcome": "取消", "until": LATER}, "到期日：“取消”没有到期日，请清空。"),
    ],
)
def test_what_the_rules_refuse_is_one_sentence_and_nothing_typed_is_lost(
    editor: Browser, opened: str, said: dict[str, str], sentence: str
) -> None:
    item = items_on(editor.get(opened))[5]
    page = proposed(
        editor, opened, item, status=409 if "恢复" in sentence else 422, reason="会议决定", **said
    )
    assert sentence in page.words
    assert "会议决定" in page.html


assert TODAY < DAY
