"""A year's arrangement through the door: real days of one year, and one arrangement for each."""

from __future__ import annotations

from typing import Any

import pytest
from seeded import FELLING, TODAY, Living, calendar, new_item, set_field

LATE = {"timing": "correction", "reason": "重录"}


def drafted(living: Living, *decisions: dict[str, Any]) -> Any:
    """The answer to a draft, or to its submission where it was taken."""
    form = {"title": "日历", "reason": "依通知", "decisions": list(decisions)}
    made = living.post("editor", "/changesets", form)
    if made.status_code != 201:
        return made
    return living.post("editor", f"/changesets/{made.json()['id']}/submit")


@pytest.mark.parametrize(
    ("days_off", "make_up", "said"),
    [
        (["2030-02-30"], [], "没有“2030-02-30”这一天"),
        (["2030-01-01"], ["0000-00-00"], "没有“0000-00-00”这一天"),
        (["2029-12-31"], [], "2029-12-31 不在 2030 年"),
        (["2030-01-05"], ["2030-01-05"], "2030-01-05 写了两次"),
    ],
)
def test_a_day_is_one_of_the_year(
    living_sqlite: Living, days_off: list[str], make_up: list[str], said: str
) -> None:
    refused = drafted(living_sqlite, calendar(2030, days_off, make_up))
    assert refused.status_code == 422
    assert said in refused.text


def test_a_year_is_set_once(living: Living) -> None:
    item = living.item_called(FELLING)
    day = {"accepted": "2026-09-29"}
    before = living.get(f"/items/{item}/due", **day).json()
    refused = drafted(living, calendar(2026, [], **LATE))
    assert (refused.status_code, refused.json()["code"]) == (409, "calendar-exists")
    assert living.get("/calendar/2026").json()["id"] in refused.json()["detail"]
    both = drafted(living, calendar(2031, []), calendar(2031, ["2031-01-01"]))
    assert (both.status_code, both.json()["code"]) == (409, "calendar-exists")
    assert living.get(f"/items/{item}/due", **day).json() == before


def test_two_drafts_of_one_year_come_to_one(living: Living) -> None:
    """Each was made while the year was not there."""
    form = {"title": "日历", "reason": "依通知", "decisions": [calendar(2031, [])]}
    waiting = [living.post("editor", "/changesets", form).json()["id"] for _ in range(2)]
    answers = []
    for one in waiting:
        for who, move in (("editor", "submit"), ("reviewer", "approve")):
            assert living.post(who, f"/changesets/{one}/{move}").status_code == 200
    for one in waiting:
        answers.append(living.post("publisher", f"/changesets/{one}/publish").status_code)
    assert answers == [200, 409]


def test_a_calendar_stays_that_of_its_year(living_sqlite: Living) -> None:
    year = living_sqlite.get("/calendar/2026").json()["id"]
    moved = set_field(year, "year", 2029) | {"kind": "calendar"}
    days = {"op": "set", "path": "days_off", "value": []}
    moved["changes"] += [days, {**days, "path": "make_up"}]
    refused = drafted(living_sqlite, moved)
    assert (refused.status_code, refused.json()["code"]) == (409, "calendar-year-fixed")


def test_what_begins_on_the_first_day_there_is_is_shown(living_sqlite: Living) -> None:
    living = living_sqlite
    living.publish(new_item(living, "旧证核发", "0001-01-01", **LATE))
    item = living.item_called("旧证核发")
    over = {"outcome": "cancel", "subject": item, "effective_from": "0001-01-01", "words": "不再办理", **LATE}
    assert living.publish(over)["state"] == "published"
    for path in (f"/items/{item}", f"/items/{item}?on={TODAY}", "/rounds/series"):
        assert living.client.get(path).status_code == 200, path
    assert living.get("/rounds/series").status_code == 200
