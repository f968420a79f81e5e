"""The screen on a wall: it shows what is handled, turns its own pages, and begins again."""

from __future__ import annotations

import re

import pytest
from seeded import FELLING, Living

from app.web.display import BOARD_SECONDS, COOKIE, KIOSK_SECONDS
from app.web.public import board

NEXT = re.compile(rf"{BOARD_SECONDS}; url=(/board\S*)")


def shown(living: Living, path: str) -> tuple[str, str]:
    """(the page, where it goes on by itself)."""
    answer = living.client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 200
    following = NEXT.fullmatch(answer.headers["refresh"])
    assert following
    return answer.text, following[1]


def test_it_turns_through_all_items_of_an_organ_and_begins_again(
    living_sqlite: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "SHOWN", 2)
    item = living_sqlite.get(f"/items/{living_sqlite.item_called(FELLING)}").json()
    organ = item["authority"]["id"]
    listed = living_sqlite.get("/items", authority=organ, status="in_force", limit=200).json()["items"]
    start = f"/board?authority={organ}"
    path, pages = start, []
    while not pages or path != start:
        page, path = shown(living_sqlite, path)
        pages.append(page)
        assert len(pages) <= len(listed)
    assert len(pages) == -(-len(listed) // 2)
    for one in listed:
        assert sum(one["name"] in page for page in pages) >= 1
    assert item["authority"]["name"] in pages[0]
    assert f"共 {len(listed)} 项" in pages[0]


def test_of_a_day_on_which_nothing_is_known_it_says_so(living_sqlite: Living) -> None:
    page, following = shown(living_sqlite, "/board?on=1950-01-01")
    assert "没有在办的事项" in page
    assert following == "/board?on=1950-01-01"


def test_from_an_error_it_goes_on_by_itself(living_sqlite: Living) -> None:
    answer = living_sqlite.client.get("/board?authority=qda-nobody&after=x", headers={"Accept": "text/html"})
    assert answer.status_code in (404, 422)
    following = NEXT.fullmatch(answer.headers["refresh"])
    assert following
    assert following[1] == "/board?authority=qda-nobody"


def test_a_touch_screen_goes_back_to_its_start_from_an_error(living_sqlite: Living) -> None:
    headers = {"Accept": "text/html", "Cookie": f"{COOKIE}=large.kiosk"}
    answer = living_sqlite.client.get("/items/qdi-nothing", headers=headers)
    assert answer.status_code == 404
    assert answer.headers["refresh"] == f"{KIOSK_SECONDS}; url=/kiosk"
