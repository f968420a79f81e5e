"""A draft that a check holds up: a second person lets the place stand on the draft's own page, and it is published."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest
from browsing import Browser
from seeded import FELLING, TODAY, Living, set_field

from app.checks.catalogue import STANDARD
from app.checks.sweeping import sweep

WORDS = "其他相关证明材料"


@pytest.fixture
def living(living_sqlite: Living) -> Living:
    living_sqlite.registry.rules = replace(STANDARD, block=frozenset({"vague-material"}))
    return living_sqlite


def held_up(living: Living) -> str:
    """The page of a draft with a material that a regulation words so."""
    material = {"op": "add", "path": "materials", "value": {"key": "m9", "name": WORDS}}
    body = {
        "outcome": "adjust",
        "subject": living.item_called(FELLING),
        "effective_from": TODAY,
        "changes": [material],
    }
    made = living.post(
        "editor", "/changesets", {"title": "补材料", "reason": "依规章", "decisions": [body]}
    ).json()
    return f"/office/changesets/{made['id']}"


def form_in(html: str) -> dict[str, str]:
    form = html[html.index("/exceptions") :].split("</form>")[0]
    return {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form)}


def test_what_must_stand_is_let_stand_on_the_page_of_the_draft(
    living: Living, editor: Browser, reviewer: Browser
) -> None:
    place = held_up(living)
    page = editor.get(place)
    assert "不能发布" in page.words
    assert "请一位审核人在这一页逐处准予例外" in page.words
    assert "/exceptions" not in page.html
    assert editor.post(f"{place}/submit").status_code == 409
    asked = form_in(reviewer.get(place).html)
    assert reviewer.post(f"{place}/exceptions", asked, reason="").status_code == 422
    answer = reviewer.post(f"{place}/exceptions", asked, reason="《办法》第九条原文如此")
    assert (answer.status_code, answer.headers["location"]) == (303, place)
    page = editor.get(place)
    assert "《办法》第九条原文如此（shenhe" in page.words
    assert "不能发布" not in page.words
    assert "准予例外：" in page.words
    (end,) = re.findall(r'action="([^"]+/end)"', reviewer.get(place).html)
    page = reviewer.move(end)
    assert page is not None
    assert "不能发布" in page.words
    reviewer.post(f"{place}/exceptions", asked, reason="《办法》第九条原文如此")
    editor.move(f"{place}/submit")
    hash_ = reviewer.get(place).html.split('name="hash" value="')[1].split('"')[0]
    reviewer.move(f"{place}/approve", hash=hash_)
    page = reviewer.move(f"{place}/publish")
    assert page is not None
    assert "已发布" in page.words
    assert "《办法》第九条原文如此" in page.words


def test_one_that_is_granted_for_the_catalogue_is_taken_back_from_here_too(
    living: Living, editor: Browser, reviewer: Browser
) -> None:
    item = living.item_called(FELLING)
    living.registry.rules = STANDARD
    material = {"op": "add", "path": "materials", "value": {"key": "m9", "name": WORDS}}
    living.publish({"outcome": "adjust", "subject": item, "effective_from": TODAY, "changes": [material]})
    sweep(living.database, TODAY, STANDARD)
    asked = {"subject": item, "code": "vague-material", "path": "materials/m9/name"}
    assert reviewer.post("/office/checks/exceptions", asked, reason="窗口说明").status_code == 303
    form = {
        "title": "换号",
        "reason": "换号",
        "decisions": [set_field(item, "consult_phone", "0826-7654321")],
    }
    place = f"/office/changesets/{living.post('editor', '/changesets', form).json()['id']}"
    html = reviewer.get(place).html
    (end,) = re.findall(r'action="(/office/checks/exceptions/\d+/end)"', html)
    answer = reviewer.post(end, back=re.findall(r'name="back" value="([^"]+)"', html)[0])
    assert answer.headers["location"] == place
    assert "窗口说明" not in reviewer.get(place).words


def test_where_nothing_is_found_nothing_is_let_stand(living: Living, reviewer: Browser) -> None:
    place = held_up(living)
    asked = form_in(reviewer.get(place).html)
    for door in (f"{place}/exceptions", "/office/checks/exceptions"):
        refused = reviewer.post(door, asked | {"path": "materials/m8/name"}, reason="以后要加的")
        assert refused.status_code == 409
        assert "检查结果中没有这一处" in refused.text
    assert reviewer.post(f"{place}/exceptions/{'9' * 20}/end").status_code in (404, 422)


def test_whoever_had_a_hand_in_it_is_not_offered_it(living: Living) -> None:
    place = held_up(living)
    both = Browser(living, "shuangren", ["edit", "review"])
    asked = form_in(both.get(place).html)
    living.registry.rules = STANDARD
    both.move(f"{place}/submit")
    living.registry.rules = replace(STANDARD, block=frozenset({"vague-material"}))
    page = both.get(place)
    assert "准予这一处例外" not in page.words
    assert "没有起草、修改或提交过这份变更单" in page.words
    answer = both.post(f"{place}/exceptions", asked, reason="我说行")
    assert answer.status_code == 403
    assert "请由另一位审核人准予" in answer.text
