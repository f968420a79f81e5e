"""What is chosen row by row on the desk of a round: neither overwritten by what is said of many, nor lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from html import unescape
from typing import Any

import pytest
from browsing import Browser
from reading import Page
from seeded import Living
from test_office_rounds import DAY, agree_all, form, items_on, propose_all, state

BULK = {"outcome": "保留", "day": DAY}


@pytest.fixture
def living(run_seeded: Any, clock: Any) -> Iterator[Living]:
    with ExitStack() as stack:
        yield run_seeded("sqlite", stack)


@pytest.fixture
def opened(editor: Browser) -> str:
    return str(editor.post("/office/rounds/new", form(editor.living)).headers["location"])


def row(page: Page, item: str) -> str:
    return page.html.split(f'<tr id="i-{item}"')[1].split("</tr>")[0]


def chosen(page: Page, item: str) -> str:
    """What the field of a row stands on."""
    found = re.search(r'<option value="([^"]+)"[^>]* selected', row(page, item))
    return found[1] if found else ""


def carried(page: Page) -> dict[str, Any]:
    """What the page that asks carries on."""
    found: dict[str, Any] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.html):
        found.setdefault(unescape(name), []).append(unescape(value))
    return found


@pytest.mark.parametrize("do", ["matching", "selected"])
def test_a_row_that_says_another_is_not_overwritten_by_what_is_said_of_many(
    editor: Browser, opened: str, do: str
) -> None:
    items = items_on(editor.get(opened))
    first, second, third = items[:3]
    own = {f"o:{first}": "暂停", f"o:{second}": "暂停"}
    ticked = {"item": [second, third]} if do == "selected" else {}
    asked = BULK | own | ticked | {"do": do}
    page = editor.move(f"{opened}/proposals", status=200, **asked)
    assert page is not None
    bulk = 1 if do == "selected" else len(items) - 2
    assert f"请确认：对 {bulk} 项提出“保留”，另 2 项按逐项所选" in page.words
    assert state(editor.get(opened))[2] == 0, "nothing yet"
    page = editor.move(f"{opened}/proposals", **(carried(page) | {"do": do}))
    assert page is not None
    assert f"已保存 {bulk + 2} 项" in page.words
    for item, outcome in ((first, "暂停"), (second, "暂停"), (third, "保留")):
        assert f"<b>{outcome}</b>" in row(page, item)


def test_the_way_back_from_the_question_has_what_was_chosen(editor: Browser, opened: str) -> None:
    first, second, *_ = items_on(editor.get(opened))
    asked = BULK | {f"o:{first}": "暂停", "item": second, "reason": "写了很久的理由", "do": "matching"}
    page = editor.move(f"{opened}/proposals", status=200, **asked)
    assert page is not None
    page = editor.move(f"{opened}/proposals", status=200, **(carried(page) | {"do": "back"}))
    assert page is not None
    assert (chosen(page, first), chosen(page, second)) == ("暂停", "")
    assert " checked" in row(page, second)
    assert 'value="写了很久的理由"' in page.html
    assert state(page)[2] == 0


def test_a_row_that_is_returned_is_not_agreed_to_with_the_rest(
    editor: Browser, reviewer: Browser, opened: str
) -> None:
    """And the reason is of what is returned."""
    propose_all(editor, opened)
    first, second, *rest = items_on(editor.get(opened))
    asked = {"opinion": "agree", "why": "请再核", f"v:{first}": "return", "do": "matching"}
    page = reviewer.move(f"{opened}/opinions", status=200, **asked)
    assert page is not None
    assert f"对 {len(rest) + 1} 项审核“同意”，另 1 项按逐项所选" in page.words
    page = reviewer.move(f"{opened}/opinions", **(carried(page) | {"do": "matching"}))
    assert page is not None
    assert state(page)[3:] == [1, len(rest) + 1]
    assert "退回</b>：请再核" in row(page, first)
    assert "请再核" not in row(page, second)


# --- kept until they are saved


def keep(who: Browser, address: str, **fields: str) -> None:
    who.move(address, do="keep", called="第三批清理", **fields)


def test_what_is_chosen_is_found_again_wherever_the_list_was_left(editor: Browser, opened: str) -> None:
    first, second, third, *_ = items_on(editor.get(opened))
    keep(
        editor, f"{opened}/proposals", **{f"o:{first}": "暂停", f"o:{second}": ""}, reason="理由", item=second
    )
    keep(editor, f"{opened}/proposals?q=别的", **{f"o:{third}": "取消", f"o:{first}": ""}, reason="理由")
    page = editor.get(opened)
    assert "还没有保存的内容" in page.words
    assert [chosen(page, one) for one in (first, second, third)] == ["暂停", "", "取消"]
    assert " checked" in row(page, second)
    assert 'value="理由"' in page.html
    assert "逐项的意见：第三批清理" in editor.get("/office").words
    keep(editor, f"{opened}/proposals", **{f"o:{first}": ""}, touched=first)
    assert chosen(editor.get(opened), first) == "", "it was cleared"
    editor.move(f"{opened}/proposals", do="drop")
    page = editor.get(opened)
    assert chosen(page, third) == ""
    assert "还没有保存" not in page.words.split("意见表")[-1].split("逐项：")[0]


def test_what_is_saved_is_no_longer_kept_and_the_rest_is(editor: Browser, opened: str) -> None:
    first, second, *_ = items_on(editor.get(opened))
    keep(editor, f"{opened}/proposals", **{f"o:{first}": "暂停", f"o:{second}": "取消"}, reason="理由")
    page = editor.move(f"{opened}/proposals", do="rows", day=DAY, **{f"o:{first}": "暂停"})
    assert page is not None
    assert (chosen(page, first), chosen(page, second)) == ("", "取消")
    assert 'value="理由"' not in page.html
    assert f'name="day" value="{DAY}"' in page.html
    away = editor.get(f"{opened}?state=proposed")
    assert "另有 1 项选了还没有保存，不在这一页" in away.words


def propose(who: Browser, opened: str, item: str, outcome: str) -> None:
    """On the item's own page, of what stands there."""
    place = f"{opened}/items/{item}"
    read = re.findall(r'name="read" value="([^"]*)"', who.get(place).html)
    said = {"outcome": outcome, "day": DAY, "reason": "另有考虑", "read": read[0] if read else ""}
    assert who.post(f"{place}/proposal", said).status_code == 303


def shown(page: Page) -> str:
    return re.findall(r'name="shown" value="([^"]*)"', page.html)[0]


MOVED = "项选过以后意见有改动，所选的不再算数，请看过再选"


def test_an_opinion_is_not_found_again_on_another_proposal_than_it_was_chosen_of(
    editor: Browser, reviewer: Browser, opened: str, clock: Any
) -> None:
    propose_all(editor, opened)
    page = reviewer.get(opened)
    first, second, third, *_ = items_on(page)
    said = {f"v:{first}": "agree", f"v:{second}": "agree", "item": third}
    keep(reviewer, f"{opened}/opinions", shown=shown(page), **said)
    clock.step(1_000_000)
    for item in (first, third):
        propose(editor, opened, item, "暂停")
    page = reviewer.get(opened)
    assert [chosen(page, one) for one in (first, second)] == ["", "agree"]
    assert " checked" not in row(page, third)
    assert f"有 2 {MOVED}" in page.words
    assert "另有" not in page.words, "nothing of it stands as chosen on another page"
    keep(reviewer, f"{opened}/opinions", shown=shown(page), **{f"v:{first}": "", f"v:{second}": "agree"})
    page = reviewer.get(opened)
    assert (chosen(page, first), chosen(page, second)) == ("", "agree"), "only what is chosen anew stands"
    keep(reviewer, f"{opened}/opinions", shown=shown(page), **{f"v:{first}": "return", f"v:{third}": ""})
    page = reviewer.get(opened)
    assert chosen(page, first) == "return"
    assert MOVED not in page.words


def test_many_are_said_of_a_row_too_whose_choice_was_overtaken(
    editor: Browser, reviewer: Browser, opened: str, clock: Any
) -> None:
    propose_all(editor, opened)
    page = reviewer.get(opened)
    first, *rest = items_on(page)
    keep(reviewer, f"{opened}/opinions", shown=shown(page), **{f"v:{first}": "return"})
    clock.step(1_000_000)
    propose(editor, opened, first, "暂停")
    asked = {"opinion": "agree", "do": "matching", "shown": shown(reviewer.get(opened))}
    page = reviewer.move(f"{opened}/opinions", status=200, **asked)
    assert page is not None
    assert f"对 {len(rest) + 1} 项审核“同意”" in page.words
    assert "另有" not in page.words
    page = reviewer.move(f"{opened}/opinions", **(carried(page) | {"do": "matching"}))
    assert page is not None
    assert state(page)[4] == len(rest) + 1
    assert "还没有保存" not in page.words, "nothing stays kept of what is done"


def test_a_choice_kept_before_a_colleague_proposed_does_not_replace_it(
    editor: Browser, opened: str, clock: Any
) -> None:
    page = editor.get(opened)
    first, second, *_ = items_on(page)
    keep(editor, f"{opened}/proposals", shown=shown(page), **{f"o:{first}": "暂停", f"o:{second}": "取消"})
    clock.step(1_000_000)
    propose(Browser(editor.living, "lisi", ["edit"]), opened, first, "保留")
    page = editor.get(opened)
    assert (chosen(page, first), chosen(page, second)) == ("", "取消")
    assert f"有 1 {MOVED}" in page.words
    assert "选过暂停" in page.words
    page = editor.move(
        f"{opened}/proposals", do="rows", day=DAY, shown=shown(page), **{f"o:{second}": "取消"}
    )
    assert page is not None
    assert chosen(page, first) == "", "it is none of those that stay kept to be saved"
    assert f"有 1 {MOVED}" in page.words


def test_many_do_not_overwrite_what_another_page_of_the_list_chose(editor: Browser, opened: str) -> None:
    first, *rest = items_on(editor.get(opened))
    keep(editor, f"{opened}/proposals", **{f"o:{first}": "暂停"})
    page = editor.move(f"{opened}/proposals", status=200, do="matching", **BULK)
    assert page is not None
    assert f"对 {len(rest)} 项提出“保留”" in page.words
    assert "另有 1 项在别的页上选了、还没有保存，不在其中" in page.words
    page = propose_all(editor, opened)
    assert state(page)[1:3] == [1, len(rest)]
    assert chosen(page, first) == "暂停"


def test_what_is_kept_of_a_round_is_listed_while_the_round_is_worked_on(
    editor: Browser, reviewer: Browser, opened: str
) -> None:
    propose_all(editor, opened)
    first, second, *_ = items_on(reviewer.get(opened))
    agree_all(reviewer, opened)
    keep(reviewer, f"{opened}/opinions", **{f"v:{first}": "agree"})
    keep(reviewer, f"{opened}/items/{second}/opinion", why="依据不足")
    keep(editor, "/office/rounds/new", title="第四批清理")
    own = {f"{opened}?role=review", f"{opened}/items/{second}?role=review"}

    def listed() -> set[str]:
        return {where for where, _ in reviewer.get("/office").links} & own

    assert listed() == own
    editor.move(f"{opened}/submit")
    assert listed() == set()
    reviewer.move(f"{opened}/return", reason="再核")
    assert listed() == own, "it is worked on again"
    assert editor.post(f"{opened}/withdraw", reason="不再进行").status_code == 303
    assert listed() == set()
    assert editor.get("/office").link("开始新的一轮清理") == "/office/rounds/new", (
        "of a round that is yet to be"
    )


def test_what_was_proposed_late_stands_in_the_form_as_late(editor: Browser, opened: str) -> None:
    item = items_on(editor.get(opened))[0]
    place = f"{opened}/items/{item}"
    late = {"outcome": "暂停", "day": "2026-01-05", "timing": "correction", "reason": "原来写错"}
    assert editor.post(f"{place}/proposal", late).status_code == 303
    assert '<option value="correction" selected' in editor.get(place).html
