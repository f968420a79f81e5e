"""Forms of a law and of a year's holidays beside what another has published since they were opened."""

from __future__ import annotations

import re
from typing import Any

import pytest
from reading import Page
from seeded import TODAY, Living
from test_office import Browser, filled
from test_office_rooms import law_of

from app.canonical import decode
from app.changes import rows
from app.web.office.doors.visiting import Posted
from app.web.office.forms.rejoining import rejoined

MOVED = "您打开表单之后又有变更发布"
PAPER = {"document/number": "广安区府办〔2026〕31号", "reason": "依文件修改"}


@pytest.fixture
def editor(living_sqlite: Living) -> Browser:
    return Browser(living_sqlite, "bianji", ["edit"])


def changes(editor: Browser, answer: Any) -> dict[str, Any]:
    assert answer.status_code == 303, Page(answer.text).words[:1500]
    made = answer.headers["location"].rsplit("/", 1)[1]
    with editor.living.database.reading() as session:
        (row,) = rows.decisions(session, rows.find(session, made))
    return {one["path"]: one["value"] for one in decode(row.body)["changes"]}


def opened(editor: Browser, place: str, field: str) -> dict[str, Any]:
    """The form of a page that has this field, as it is filled in."""
    fields = filled(editor.get(place))
    assert field in fields
    return fields


def test_a_law_form_takes_nothing_back_that_was_published_since(editor: Browser) -> None:
    law, _ = law_of(editor.living)
    place = f"/office/law/{law}"
    form = opened(editor, place, "note") | PAPER | {"outcome": "amend", "number": "新文号"}
    note = {"op": "set", "path": "note", "value": "刚刚发布的说明"}
    editor.living.publish(
        {"kind": "instrument", "outcome": "amend", "subject": law, "effective_from": TODAY, "changes": [note]}
    )
    page = Page(editor.post(place, form).text)
    assert MOVED in page.words
    again = filled(page)
    assert (again["note"], again["number"]) == (["刚刚发布的说明"], ["新文号"])
    assert changes(editor, editor.post(place, form | again | {"outcome": "amend"})) == {"number": "新文号"}


def test_a_kept_law_form_is_joined_when_it_is_found_again(editor: Browser) -> None:
    law, _ = law_of(editor.living)
    place = f"/office/law/{law}"
    form = opened(editor, place, "note") | {"outcome": "amend", "note": "我写的说明", "number": "新文号"}
    editor.post(place, form | {"do": "keep"})
    note = {"op": "set", "path": "note", "value": "刚刚发布的说明"}
    editor.living.publish(
        {"kind": "instrument", "outcome": "amend", "subject": law, "effective_from": TODAY, "changes": [note]}
    )
    page = editor.get(place)
    assert f"{MOVED}，改了说明。" in page.words
    assert "两边都改了的有：说明" in page.words
    assert filled(page)["note"] == ["我写的说明"]


@pytest.mark.parametrize("year", ["2026", "2031"])
def test_a_year_takes_no_day_back_that_was_published_since(editor: Browser, year: str) -> None:
    living, place = editor.living, f"/office/calendar?year={year}"
    found = living.rows(f"SELECT subject_id FROM timeline WHERE kind = 'calendar' AND name = '{year}'")
    assert bool(found) == (year == "2026"), "one is known, the other is entered by two at once"
    form = opened(editor, place, "days_off")
    days = living.get(f"/calendar/{year}").json()["content"]["days_off"] if found else []
    body: dict[str, Any] = {
        "kind": "calendar",
        "effective_from": f"{year}-01-01",
        "timing": "late_entry",
        "reason": "补",
    }
    if found:
        more = [{"op": "set", "path": "days_off", "value": sorted([*days, f"{year}-12-29"])}]
        body |= {"outcome": "adjust", "subject": found[0][0], "changes": more}
    else:
        body |= {
            "outcome": "set",
            "content": {"year": int(year), "days_off": [f"{year}-12-29"], "make_up": []},
        }
    living.publish(body)
    typed = form["days_off"][0] + f"\n{year}-12-30"
    said = PAPER | {"timing": "late_entry", "document/title": "新标题"}
    asked = {"year": year, "days_off": typed, "make_up": form["make_up"], "stands": form["stands"]} | said
    wrong = filled(Page(editor.post("/office/calendar", asked | {"days_off": "下周一"}).text))
    assert wrong["stands"] == form["stands"], "what was not joined is joined when the days are days"
    page = Page(editor.post("/office/calendar", asked).text)
    assert f"{MOVED}，改了放假的日子。" in page.words
    again = filled(page)
    assert re.search(f"{year}-12-29 至 {year}-12-30", again["days_off"][0])
    made = changes(editor, editor.post("/office/calendar", asked | again))
    assert made["days_off"] == sorted([*days, f"{year}-12-29", f"{year}-12-30"])


def test_what_nobody_changed_is_as_it_came() -> None:
    words = {"note": "说明"}
    for stands in ([], [("stands", "a")]):
        form = Posted([*stands, ("note", "x")])
        assert rejoined(form, "a", {"note": "x"}, {"note": "x"}, words) == (form, "")


def test_a_rename_takes_nothing_back_that_was_published_since(editor: Browser) -> None:
    living = editor.living
    ((organ, name),) = living.rows(
        "SELECT subject_id, name FROM timeline WHERE kind = 'authority' AND status = 'in_force'"
        f" AND valid_from <= '{TODAY}' AND valid_to > '{TODAY}' ORDER BY subject_id LIMIT 1"
    )
    place = f"/office/authorities/{organ}"
    form = opened(editor, f"{place}?change=rename", "complaint_phone") | PAPER | {"complaint_phone": "110"}
    phone = {"op": "set", "path": "phone", "value": "0826-1112222"}
    body = {"kind": "authority", "outcome": "adjust", "subject": organ, "effective_from": TODAY}
    living.publish(body | {"changes": [phone]})
    page = Page(editor.post(place, form).text)
    assert "那一天的内容与您打开表单时的不同，改了咨询电话。" in page.words
    again = filled(page)
    assert (again["name"], again["phone"], again["complaint_phone"]) == ([name], ["0826-1112222"], ["110"])
    assert changes(editor, editor.post(place, form | again)) == {"complaint_phone": "110"}
