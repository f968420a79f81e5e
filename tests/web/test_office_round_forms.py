"""The whole content of an item in a round: any field proposed, and new items that the office lists itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from browsing import Browser, filled
from reading import Page
from seeded import RIGHTS, Living
from test_office_rounds import form, items_on, organ, state

DAY = "2027-03-01"


@pytest.fixture(scope="module")
def living(run_seeded: Any, steady_clock: Any) -> Iterator[Living]:
    with ExitStack() as stack:
        made = run_seeded("sqlite", stack)
        for name, right in RIGHTS.items():
            made.hire(name, right)
        yield made


@pytest.fixture(scope="module")
def editor(living: Living) -> Browser:
    return Browser(living, "bianji", ["edit"])


@pytest.fixture(scope="module")
def opened(editor: Browser) -> str:
    return str(editor.post("/office/rounds/new", form(editor.living)).headers["location"])


def test_any_field_is_proposed_and_shown_on_its_row(living: Living, editor: Browser, opened: str) -> None:
    department = Browser(living, "linye", ["edit"], authority=organ(living))
    item = items_on(editor.get(opened))[0]
    address = f"{opened}/items/{item}/form"
    assert address in department.get(f"{opened}/items/{item}").html
    fields = filled(department.get(address))
    assert fields["from"] == [DAY]
    said = {"conditions": ["按新的条件受理"], "do": ["save"], "words": ["优化受理条件"]}
    page = department.move(address, **(fields | said))
    assert page is not None
    assert "按新的条件受理" in page.words
    assert "“优化受理条件”" in page.words
    desk = editor.get(opened).words
    assert "按新的条件受理" in desk, "the row says what is to change"
    assert filled(department.get(address))["conditions"] == ["按新的条件受理"], "it is taken up again"


@pytest.mark.parametrize("new", [False, True])
def test_the_forms_of_a_round_are_kept_as_they_are_typed(
    living: Living, editor: Browser, opened: str, new: bool
) -> None:
    address = f"{opened}/new" if new else f"{opened}/items/{items_on(editor.get(opened))[2]}/form"
    fields = filled(editor.get(address))
    typed = fields | {"name": ["打到一半的名称"], "words": ["打到一半"]}
    page = editor.move(address, status=200, **(typed | {"do": ["keep"]}))
    assert page is not None
    again = editor.get(address)
    assert "还没有保存的内容" in again.words
    assert (filled(again)["name"], filled(again)["words"]) == (["打到一半的名称"], ["打到一半"])
    assert address in editor.get("/office").html, "the desk knows what waits to be saved"
    editor.move(address, **{"from": fields["from"], "do": ["drop"]})
    assert filled(editor.get(address))["name"] == fields["name"]


def test_nothing_changed_and_two_outcomes_are_refused(living: Living, editor: Browser, opened: str) -> None:
    item = items_on(editor.get(opened))[1]
    address = f"{opened}/items/{item}/form"
    fields = filled(editor.get(address))
    page = editor.move(address, status=422, **(fields | {"do": ["save"]}))
    assert page is not None
    assert "内容没有改动" in page.words
    two = {"type": ["07"], "conditions": ["别的"], "do": ["save"]}
    page = editor.move(address, status=422, **(fields | two))
    assert page is not None
    assert "一个事项在一轮里只有一条意见" in page.words


def test_new_items_are_listed_by_the_office_and_taken_out_again(
    living: Living, editor: Browser, opened: str
) -> None:
    fields = filled(editor.get(f"{opened}/new"))
    content = {"name": ["新列的许可"], "type": ["01"], "authority": [organ(living)]}
    region = living.rows(f"SELECT region FROM timeline WHERE subject_id = '{organ(living)}' LIMIT 1")[0][0]
    content |= {"region": [region], "do": ["save"]}
    before = state(editor.get(opened))[0]
    editor.move(f"{opened}/new", **(fields | content))
    outside = {
        "name": ["承接的许可"],
        "outside/name": ["省级的许可"],
        "outside/document": ["川府发〔2026〕1号"],
    }
    page = editor.move(f"{opened}/new", **(fields | content | outside))
    assert page is not None
    assert "新增、承接的事项（2）" in page.words
    assert "承接自“省级的许可”" in page.words
    assert state(page)[0] == before, "they are not of the scope"
    missing = {"outside/name": [""], "outside/code": ["X"]}
    wrong = editor.move(f"{opened}/new", status=422, **(fields | content | missing))
    assert wrong is not None
    assert "承接的事项须写明原事项的名称" in wrong.words
    item = page.html.split('action="' + opened + '/new/remove"')[1].split('value="')[1].split('"')[0]
    page = editor.move(f"{opened}/new/remove", item=item)
    assert page is not None
    assert "新增、承接的事项（1）" in page.words


def wanting(page: Page) -> int:
    """How many items the desk says are still to be decided."""
    return int(re.findall(r"还有 (\d+) 项没有决定", page.words)[0])


def test_a_department_proposes_what_is_new_and_the_office_reviews_it(living: Living, editor: Browser) -> None:
    opened = str(editor.post("/office/rounds/new", form(living, authorities="")).headers["location"])
    department = Browser(living, "linye-2", ["edit"], authority=organ(living))
    reviewer = Browser(living, "shenhe-3", ["review"])
    assert "提出新增、承接的事项" in department.get(opened).words
    fields = filled(department.get(f"{opened}/new"))
    region = living.rows(f"SELECT region FROM timeline WHERE subject_id = '{organ(living)}' LIMIT 1")[0][0]
    content = {"name": ["林下经济许可"], "type": ["01"], "authority": [organ(living)], "region": [region]}
    page = department.move(f"{opened}/new", **(fields | content | {"words": ["增列"], "do": ["save"]}))
    assert page is not None
    assert "还没有这个事项" in page.words
    assert "新增" in page.section("部门意见")
    item = re.findall(rf'{opened}/items/(qdi-[0-9a-z]+)/form"', page.html)[0]
    again = filled(department.get(f"{opened}/items/{item}/form"))
    assert (again["name"], again["words"]) == (["林下经济许可"], ["增列"])
    department.move(f"{opened}/items/{item}/form", **(again | {"name": ["林下种植许可"], "do": ["save"]}))

    assert "林下种植许可 待新增 待审核" in reviewer.get(f"{opened}?outcome=新增").words
    waiting = wanting(editor.get(opened))
    reviewer.move(f"{opened}/items/{item}/opinion", opinion="return", why="依据不足")
    assert wanting(editor.get(opened)) == waiting - 1, (
        "what is new and returned may stay so: nothing waits for it"
    )
    unread = department.move(
        f"{opened}/items/{item}/form", 412, **(again | {"name": ["林下种植许可"], "do": ["save"]})
    )
    assert unread is not None
    assert "在您看过之后又有改动" in unread.words, "what came back is read before it is proposed again"
    again = filled(department.get(f"{opened}/items/{item}/form"))
    department.move(f"{opened}/items/{item}/form", **(again | {"name": ["林下种植许可"], "do": ["save"]}))
    reviewer.move(f"{opened}/items/{item}/opinion", opinion="agree")
    assert "新增" in reviewer.get(f"{opened}/items/{item}").section("最终决定")
    assert "新增、承接的事项（0）" in editor.get(opened).words, "it stands in the list, once"
    wrong = editor.move(f"{opened}/items/{item}/proposal", status=422, outcome="取消", day=DAY)
    assert wrong is not None
    assert "请打开它，在完整的表单里改" in wrong.words


def test_a_department_proposes_nothing_new_for_another_organ(living: Living, editor: Browser) -> None:
    opened = str(editor.post("/office/rounds/new", form(living, authorities="")).headers["location"])
    department = Browser(living, "linye-3", ["edit"], authority=organ(living))
    other, region = living.rows(
        "SELECT t.authority, t.region FROM timeline t WHERE t.kind = 'item' AND t.authority IS NOT NULL"
        f" AND t.authority <> '{organ(living)}' LIMIT 1"
    )[0]
    fields = filled(department.get(f"{opened}/new"))
    content = {"name": ["擅列"], "type": ["01"], "authority": [other], "region": [region]}
    page = department.move(f"{opened}/new", status=403, **(fields | content | {"do": ["save"]}))
    assert page is not None
    assert "不在账号“linye-3”的管理范围内" in page.words


def test_the_desk_says_what_a_round_waits_for_and_who_may_not_approve(
    living: Living, editor: Browser
) -> None:
    opened = str(editor.post("/office/rounds/new", form(living, title="第四批清理")).headers["location"])
    reviewer = Browser(living, "shenhe", ["review", "publish"])
    other = Browser(living, "shenhe-er", ["review", "publish"])
    assert "第四批清理 等提出意见" in editor.get("/office").words
    assert "第四批清理 等审核意见" in reviewer.get("/office").words
    editor.move(f"{opened}/proposals", outcome="保留", day=DAY, do="matching", sure="1")
    first, *_ = items_on(editor.get(opened))
    changed = {"opinion": "change", "why": "会议决定", "outcome": "暂停", "day": DAY}
    reviewer.move(f"{opened}/items/{first}/opinion", **changed)
    reviewer.move(f"{opened}/opinions", opinion="agree", do="matching", sure="1")
    editor.move(
        f"{opened}/head",
        **{"title": "第四批清理", "document/number": "9号", "version": version(editor, opened)},
    )
    editor.move(f"{opened}/submit")
    page = reviewer.get(opened)
    assert "您修改过其中 1 项，须由另一人批准" in page.words
    assert f'action="{opened}/approve"' not in page.html
    assert "等另一人批准" in reviewer.get("/office").words
    assert "等您批准" in other.get("/office").words
    page = other.get(opened)
    assert "须由另一人批准" not in page.words
    other.move(f"{opened}/approve", hash=page.html.split('name="hash" value="')[1].split('"')[0])
    assert "等发布" in other.get("/office").words
    other.post(f"{opened}/publish")
    assert "清理后" in other.get(f"{opened}/report").words
    assert "已发布，2027年3月1日起施行" in other.get("/office").words


def version(browser: Browser, opened: str) -> str:
    return browser.get(opened).html.split('name="version" value="')[1].split('"')[0]
