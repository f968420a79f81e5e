"""An item that is over: its page is there to be looked up, and offers nothing as if one could still apply."""

from __future__ import annotations

from typing import Any

import pytest
from reading import Page, read
from seeded import FELLING, TODAY, Living, new_item, set_field

MATERIALS = [{"key": "m1", "name": "申请书"}, {"key": "m2", "name": "图纸"}]
PROMISED = {"value": 5, "unit": "workday"}


def ticks(page: Page) -> list[str]:
    return [one.get("name", "") for one in page.named("input") if one.get("type") == "checkbox"]


def merged(first: str, second: str, content: dict[str, Any]) -> dict[str, Any]:
    origins = [{"subject": first}, {"subject": second}]
    return {
        "outcome": "merge",
        "effective_from": TODAY,
        "origins": origins,
        "results": [{"content": content}],
    }


@pytest.fixture(params=["cancel", "devolve", "merge"])
def over(request: pytest.FixtureRequest, living_sqlite: Living) -> str:
    """An item with materials and limits that ended on TODAY."""
    living = living_sqlite
    content = {"materials": MATERIALS, "promised_limit": PROMISED, "variants": [_variant()]}
    late = {"timing": "late_entry", "reason": "九月已经施行"}
    living.publish(new_item(living, "甲证核发", "2026-09-01", content=content, **late))
    item = living.item_called("甲证核发")
    if request.param == "merge":
        made = new_item(living, "甲乙证核发")["content"]
        decision = merged(item, living.item_called(FELLING), made)
    else:
        decision = {"outcome": request.param, "subject": item, "effective_from": TODAY, "words": "不再办理"}
        if request.param == "devolve":
            decision["receivers"] = [{"words": "各乡镇人民政府"}]
    living.publish(decision)
    return item


def _variant() -> dict[str, Any]:
    return {"key": "v1", "name": "延续", "materials": [{"key": "m3", "name": "原证"}]}


def test_its_materials_are_read_and_not_ticked_off(living_sqlite: Living, over: str) -> None:
    page = read(living_sqlite, f"/items/{over}")
    materials = page.section("申报材料")
    assert "共 2 份。" in materials
    for name in ("申请书", "图纸", "原证"):
        assert name in materials
    assert "带着勾选去打印" not in page.words
    assert ticks(page) == []
    assert not [href for href, _ in page.links if href.endswith("/notice")]
    before = read(living_sqlite, f"/items/{over}", on="2026-09-20")
    assert ticks(before) == ["have", "have", "have"], "on a day on which it was handled"


def test_its_notice_asks_nobody_for_papers_or_a_signature(living_sqlite: Living, over: str) -> None:
    page = read(living_sqlite, f"/items/{over}/notice")
    assert "请勿据以办事" in page.words
    assert "申请书" in page.words
    assert "已备" not in page.words
    assert "申请人：" not in page.words
    assert ticks(page) == []


def test_only_what_was_accepted_before_has_a_due_date(living_sqlite: Living, over: str) -> None:
    page = read(living_sqlite, f"/items/{over}")
    assert "2026年9月28日起不再受理；在此之前受理的，仍可推算。" in page.section("承诺时限")
    (field,) = [one for one in page.named("input") if one.get("name") == "accepted"]
    assert field["max"] == "2026-09-27"
    under_way = read(living_sqlite, f"/items/{over}", accepted="2026-09-24").section("承诺时限")
    assert "承诺最迟 2026年10月9日 5个工作日" in under_way
    after = read(living_sqlite, f"/items/{over}", accepted="2026-09-29").section("承诺时限")
    assert "2026年9月29日这一事项已终止，没有可以推算的受理。" in after
    assert "最迟" not in after
    refused = living_sqlite.get(f"/items/{over}/due", accepted="2026-09-29")
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing-accepted")
    assert refused.json()["detail"] in after, "programs and people are told the same"
    assert refused.json()["facts"] == {"accepted": "2026-09-29", "status_then": "ended"}
    assert living_sqlite.get(f"/items/{over}/due", accepted="2026-09-27T23:00").status_code == 200


def test_before_its_first_known_day_nothing_falls_due(asking: Living) -> None:
    item = asking.item_called(FELLING)
    refused = asking.get(f"/items/{item}/due", accepted="2020-01-02")
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing-accepted")
    assert refused.json()["detail"] in read(asking, f"/items/{item}", accepted="2020-01-02").section(
        "承诺时限"
    )


def test_a_suspended_item_may_still_have_applications_under_way(asking: Living) -> None:
    item = asking.item_called("夜间建筑施工许可", "2026-06-05")
    answer = asking.get(f"/items/{item}/due", accepted="2026-06-05")
    assert (answer.status_code, answer.json()["status"]) == (200, "suspended")


def test_what_was_planned_for_it_is_not_announced_once_it_is_over(living_sqlite: Living) -> None:
    item = living_sqlite.item_called(FELLING)
    assert "即将变化" in read(living_sqlite, f"/items/{item}").words, "7 days from 2027 on"
    living_sqlite.publish({"outcome": "cancel", "subject": item, "effective_from": TODAY, "words": "取消"})
    page = read(living_sqlite, f"/items/{item}")
    assert "即将变化" not in page.words
    assert "2027年1月1日" in page.section("沿革"), "what was decided stays in the history"


def test_a_suspended_item_is_still_got_ready_for(asking: Living) -> None:
    page = read(asking, f"/items/{asking.item_called('夜间建筑施工许可')}", on="2026-06-05")
    assert page.link("一次性告知单")


# --- whom to ask


def test_the_phone_stands_with_the_limits_at_the_top(living_sqlite: Living) -> None:
    item = living_sqlite.item_called(FELLING)
    top = read(living_sqlite, f"/items/{item}").words.partition("九项公开内容")[0]
    assert "咨询电话 未提供" in " ".join(top.split()).replace("咨询电话未提供", "咨询电话 未提供")
    living_sqlite.publish(set_field(item, "consult_phone", "0826-2222222"))
    top = read(living_sqlite, f"/items/{item}").words.partition("九项公开内容")[0]
    assert "0826-2222222" in top
    assert "实施机关）" not in top


def test_where_the_item_has_no_phone_its_window_or_authority_is_named(living_sqlite: Living) -> None:
    living = living_sqlite
    windows = [{"key": "w1", "name": "一楼"}, {"key": "w2", "name": "二楼", "phone": "0826-3333333"}]
    living.publish(new_item(living, "有窗口的事项", content={"windows": windows}))
    living.publish(new_item(living, "由机关答复的事项", content={"contact_of_authority": True}))
    organ = living.get(f"/items/{living.item_called(FELLING)}").json()["authority"]["id"]
    living.publish(set_field(organ, "phone", "0826-4444444", kind="authority"))
    expected = {
        "有窗口的事项": "咨询电话0826-3333333",
        "由机关答复的事项": "咨询电话（实施机关）0826-4444444",
    }
    for name, shown in expected.items():
        top = read(living, f"/items/{living.item_called(name)}").words.partition("九项公开内容")[0]
        assert shown in top.replace(" ", ""), top
