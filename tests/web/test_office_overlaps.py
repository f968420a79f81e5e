"""Overlaps that two people judge at once: nothing is said over what another said, and nothing merged twice."""

from __future__ import annotations

import re
from typing import Any

import pytest
from browsing import Browser
from reading import Page
from seeded import TODAY, Living


@pytest.fixture
def alike(living: Living, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The form of a pair that is listed, as it was opened before anything was said."""
    monkeypatch.setattr(living.client.app.state.registry.settings, "overlap_score", 50)  # type: ignore[attr-defined]
    ((region, _),) = living.rows(
        f"SELECT region, count(*) FROM timeline WHERE kind = 'item' AND valid_from <= '{TODAY}'"
        f" AND valid_to > '{TODAY}' GROUP BY region ORDER BY 2 DESC LIMIT 1"
    )
    html = Browser(living, "kanguo", ["edit", "review"]).get(f"/office/overlaps?region={region}").html
    hidden = {
        name: re.search(rf'name="{name}" value="([^"]*)"', html) for name in ("first", "second", "read")
    }
    return {name: found[1] for name, found in hidden.items() if found} | {"region": region}


def merged(person: Browser, form: dict[str, str], **more: str) -> Any:
    return person.post("/office/overlaps", form | {"decision": "merge", "keep": form["first"]} | more)


def form_of(page: Page, pair: dict[str, str]) -> str:
    both = rf'value="{pair["first"]}"><input type="hidden" name="second" value="{pair["second"]}".*?</form>'
    return re.findall(both, page.html, re.S)[0]


def read_on(form: str) -> dict[str, str]:
    return {"read": re.findall(r'name="read" value="(\d+)"', form)[0]}


def said(living: Living) -> list[Any]:
    return living.rows("SELECT decision, reason FROM overlap_decision ORDER BY id")


def test_what_another_said_of_a_pair_meanwhile_is_told_and_stays(
    living: Living, alike: dict[str, str]
) -> None:
    one, other = (Browser(living, name, ["edit", "review"]) for name in ("jia", "yi"))
    draft = merged(one, alike, reason="职责重复").headers["location"].rpartition("/")[2]
    for answer in (
        merged(other, alike, reason="乙要保留另一个", keep=alike["second"]),
        other.post("/office/overlaps", alike | {"decision": "different", "reason": "乙要保留另一个"}),
    ):
        page = Page(answer.text)
        assert answer.status_code == 412, page.words[:600]
        assert f"jia已把这两项判断为“合并 {draft}”：职责重复" in page.words
        assert 'value="乙要保留另一个"' in page.html, "what was typed stands"
    assert 'name="decision" value="different" required checked' in page.html, "and what was chosen"
    assert said(living) == [("merge", "职责重复")]
    assert living.rows("SELECT count(*) FROM changeset WHERE state = 'draft'") == [(1,)]
    seen = alike | read_on(form_of(page, alike))
    assert (
        other.post("/office/overlaps", seen | {"decision": "different", "reason": "看过了"}).status_code
        == 303
    )


def test_a_pair_whose_merge_is_on_its_way_is_not_merged_a_second_time(
    living: Living, alike: dict[str, str]
) -> None:
    both = Browser(living, "jia", ["edit", "review"])
    draft = merged(both, alike, reason="职责重复").headers["location"].rpartition("/")[2]
    listed = f"/office/overlaps?region={alike['region']}&every=1"
    page = both.get(listed)
    form = form_of(page, alike)
    assert 'value="merge"' not in form
    assert f"合并它们的变更单 {draft} 还没有发布" in page.words
    fresh = alike | read_on(form)
    again = merged(both, fresh, reason="再合并一次")
    assert (again.status_code, draft in Page(again.text).words) == (409, True)
    assert said(living) == [("merge", "职责重复")]
    both.move(f"/office/changesets/{draft}/withdraw", reason="另行处理")
    assert "还没有发布" not in both.get(listed).words
    assert merged(both, fresh, reason="再合并一次").status_code == 303
