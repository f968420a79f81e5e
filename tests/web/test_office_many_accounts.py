"""The page of accounts where there are more than fit on it: in pages, by name, by organ, by lock."""

from __future__ import annotations

import re

import pytest
from browsing import Browser
from reading import Page
from seeded import FELLING, Living
from test_office_doors import number_of

from app.auth.accounts import add_account
from app.web.office.administering.account_listing import ROWS

MANY = 120


@pytest.fixture
def clerk(living: Living) -> Browser:
    found = Browser(living, "guanli", ["administer"])
    item = living.item_called(FELLING)
    organ = living.rows(f"SELECT authority FROM timeline WHERE subject_id = '{item}'")[0][0]
    with living.database.writing() as session:
        for at in range(MANY):
            add_account(
                session,
                f"dept{at:04d}",
                ["edit"],
                display_name=f"部门{at}%" if at % 2 else f"Keshi {at}",
                authority=organ if at >= MANY - 3 else None,
                locked=at % 40 == 0,
            )
    return found


def shown(page: Page) -> list[int]:
    return [int(one) for one in re.findall(r'id="account-(\d+)"', page.html)]


def test_every_account_is_on_one_page_and_counted(clerk: Browser) -> None:
    every = [row[0] for row in clerk.living.rows("SELECT id FROM account ORDER BY id")]
    page, found = clerk.get("/office/accounts"), []
    while True:
        assert f"账号（{len(every)}）" in page.words
        found += shown(page)
        assert len(shown(page)) <= ROWS
        following = re.search(r'rel="next" href="([^"]+)"', page.html)
        if not following:
            break
        page = clerk.get(following[1].replace("&amp;", "&"))
    assert found == every
    assert "回到第一页" in page.words


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("q=DEPT0117", 1),
        ("q=keshi", MANY // 2),
        ("q=%25", MANY // 2),
        ("q=dept_", 0),
        ("locked=1", 3),
        ("locked=1&q=dept004", 1),
        ("q=nobody", 0),
    ],
)
def test_accounts_are_found(clerk: Browser, query: str, count: int) -> None:
    locked = clerk.living.rows("SELECT count(*) FROM account WHERE locked <> 0 AND name NOT LIKE 'dept%'")
    page = clerk.get(f"/office/accounts?{query}")
    assert f"找到 {count + (locked[0][0] if query == 'locked=1' else 0)} 个" in page.words
    assert len(shown(page)) == min(ROWS, count + (locked[0][0] if query == "locked=1" else 0))


def test_accounts_of_an_organ_are_found(clerk: Browser) -> None:
    organ = clerk.living.rows("SELECT authority FROM account WHERE name = 'dept0119'")[0][0]
    page = clerk.get(f"/office/accounts?organ={organ}")
    assert shown(page) == [number_of(clerk.living, f"dept{at:04d}") for at in range(MANY - 3, MANY)]
    assert "没有" in clerk.get("/office/accounts?organ=没有这个局", 404).words


def test_who_is_added_or_changed_is_shown(clerk: Browser) -> None:
    page = clerk.move("/office/accounts", name="xinren", right="edit")
    assert page is not None
    assert shown(page) == [number_of(clerk.living, "xinren")]
    last = number_of(clerk.living, "dept0119")
    page = clerk.move(f"/office/accounts/{last}", do="lock", reason="离岗")
    assert page is not None
    assert shown(page) == [last]
    refused = clerk.move(f"/office/accounts/{last}", 422, do="unlock", reason="")
    assert refused is not None
    assert shown(refused) == [last]
