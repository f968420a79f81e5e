"""The office's list of items by state, and what every page of the office says of who is signed in."""

from __future__ import annotations

import re

import pytest
from browsing import Browser
from seeded import FELLING, TODAY, Living, new_item


@pytest.fixture
def editor(living: Living) -> Browser:
    return Browser(living, "bianji", ["edit"], display_name="陆编辑")


def test_planned_and_ended_items_are_found_and_counted(editor: Browser) -> None:
    living = editor.living
    planned = living.publish(new_item(living, "明年的登记", "2027-01-01"))["decisions"][0]["subject"]
    gone = living.publish(new_item(living, "昨天的登记"))["decisions"][0]["subject"]
    living.publish({"outcome": "cancel", "subject": gone, "effective_from": TODAY})

    def listed(state: str, q: str = "登记") -> set[str]:
        page = editor.get(f"/office/items?q={q}&state={state}")
        assert page.html.count('aria-current="page"') == 1 + 1, "in the list of states, and of rooms"
        return set(re.findall(r'href="/items/(qdi-\w+)', page.html))

    assert (planned in listed("planned"), gone in listed("planned")) == (True, False)
    assert (planned in listed("ended"), gone in listed("ended")) == (False, True)
    assert {planned, gone} <= listed("all")
    assert not {planned, gone} & listed("")
    assert listed("") == listed("now")
    page = editor.get("/office/items?q=登记&state=planned")
    found = dict(re.findall(r">(\S+?)（(\d+)）</a>", page.html))
    assert int(found["全部"]) == sum(int(found[one]) for one in ("现行", "将生效", "已终止"))
    assert found["将生效"] == str(len(listed("planned")))
    assert "2027年1月1日起" in page.words
    assert "明年的登记" in editor.get(page.link("修改")).words, "the form opens on the day it begins"
    assert page.link("撤除决定") == f"/office/items/{planned}/void"
    ended = editor.get("/office/items?q=昨天的&state=ended")
    assert ended.link("撤除决定") == f"/office/items/{gone}/void"
    assert "修改" not in ended.words


def test_the_list_of_a_region_counts_its_own(living_sqlite: Living) -> None:
    living = living_sqlite
    authority = living.get(f"/items/{living.item_called(FELLING)}").json()["authority"]["id"]
    own = Browser(living, "benju", ["edit"], authority=authority)
    total = living.get("/items", authority=authority, limit=200).json()["items"]
    standing = [one for one in total if one["status"] != "ended"]
    assert f"现行（{len(standing)}）" in own.get("/office/items").words


def test_pages_call_people_as_they_are_called(editor: Browser) -> None:
    assert "陆编辑 （编辑）" in editor.get("/office").words
    page = editor.get("/office/account").html
    forms = re.findall(r"<form[^>]*>(?:(?!</form>).)*?</form>", page, re.S)
    asking = [one for one in forms if 'type="password"' in one]
    assert asking
    for one in asking:
        assert re.search(r'value="bianji" autocomplete="username"', one), one[:200]
