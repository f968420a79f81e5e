"""Bundles: published through the door, answered for a day, with the items as they stood."""

from __future__ import annotations

from typing import Any

import pytest
from seeded import TODAY, Living, calendar, set_field

STARTS = "2026-09-01"


def limited(name: str, days: int, like: dict[str, Any], materials: list[str], **more: Any) -> dict[str, Any]:
    return {
        "outcome": "add",
        "ref": name,
        "effective_from": STARTS,
        "timing": "late_entry",
        "reason": "测试",
        "content": {
            "name": name,
            "type": "01",
            "authority": like["authority"]["id"],
            "region": like["region"]["id"],
            "promised_limit": {"value": days, "unit": "workday"},
            "materials": [{"key": f"m{at}", "name": one, "copies": at} for at, one in enumerate(materials)],
            **more,
        },
    }


@pytest.fixture
def restaurant(living: Living) -> tuple[Living, str]:
    """Three items and their bundle; its id."""
    like = living.get("/items", limit=1).json()["items"][0]
    members = [
        {"key": "licence", "item": "@营业执照核发（合成）"},
        {"key": "food", "item": "@食品经营许可（合成）", "after": ["licence"]},
        {"key": "sign", "item": "@招牌设置（合成）", "condition": "设置户外招牌的"},
    ]
    bundle = {
        "kind": "bundle",
        "outcome": "add",
        "ref": "bundle",
        "effective_from": STARTS,
        "timing": "late_entry",
        "reason": "测试",
        "content": {
            "name": "开办餐饮店一件事（合成）",
            "kind": "one-thing",
            "lead": like["authority"]["id"],
            "region": like["region"]["id"],
            "members": members,
        },
    }
    living.publish(
        limited("营业执照核发（合成）", 1, like, ["身份证明"]),
        limited("食品经营许可（合成）", 10, like, ["身份证明", "营业执照"]),
        limited("招牌设置（合成）", 5, like, ["营业执照", "效果图"]),
        bundle,
    )
    (found,) = [one for one in living.get("/bundles").json()["items"] if "合成" in one["name"]]
    return living, found["id"]


def test_the_time_one_after_another_and_together(restaurant: tuple[Living, str]) -> None:
    living, bundle = restaurant
    body = living.get(f"/bundles/{bundle}", accepted="2026-09-28").json()
    promised = body["time"]["promised"]
    assert (promised["serial"], promised["parallel"]) == (16, 11)
    assert promised["critical"] == ["licence", "food"]
    # 2026-10-01 to 10-07 is the National Day holiday, 10-10 a make-up working day
    assert promised["due"]["due"] == "2026-10-19"
    assert body["time"]["statutory"]["uncounted"] == ["licence", "food", "sign"]
    runs = {one["key"]: (one["promised"]["start"], one["promised"]["finish"]) for one in body["members"]}
    assert runs == {"licence": (0, 1), "food": (1, 11), "sign": (0, 5)}
    joint = {one["name"]: [need["member"] for need in one["needed_by"]] for one in body["materials"]}
    assert joint == {"身份证明": ["licence", "food"], "营业执照": ["food", "sign"], "效果图": ["sign"]}


def test_a_case_without_a_member(restaurant: tuple[Living, str]) -> None:
    living, bundle = restaurant
    body = living.get(f"/bundles/{bundle}", without="sign").json()
    assert [one["key"] for one in body["members"]] == ["licence", "food"]
    assert body["time"]["promised"]["serial"] == 11
    refused = living.get(f"/bundles/{bundle}", without="nobody")
    assert refused.status_code == 422
    assert (refused.json()["code"], "licence" in refused.json()["detail"]) == ("unknown-member", True)


def test_the_order_goes_on_through_a_member_that_is_not_needed(restaurant: tuple[Living, str]) -> None:
    living, bundle = restaurant
    chain(living, bundle)
    body = living.get(f"/bundles/{bundle}", without="food").json()
    assert body["time"]["promised"]["parallel"] == 1 + 5
    assert [(one["key"], one["after"]) for one in body["members"]] == [("licence", []), ("sign", ["licence"])]
    assert body["time"]["promised"]["at_least"] is False


def chain(living: Living, bundle: str) -> None:
    """The sign waits for the food licence from now on."""
    living.publish(
        {"kind": "bundle", "outcome": "adjust", **set_field(bundle, "members/sign/after", ["food"], TODAY)}
    )


def test_a_member_that_has_ended_does_not_count(restaurant: tuple[Living, str]) -> None:
    living, bundle = restaurant
    chain(living, bundle)
    food = living.get(f"/bundles/{bundle}").json()["members"][1]["item"]
    living.publish({"outcome": "cancel", "subject": food, "effective_from": "2026-10-01", "reason": "取消"})
    before = living.get(f"/bundles/{bundle}", on="2026-09-30").json()
    assert before["time"]["promised"]["parallel"] == 16
    body = living.get(f"/bundles/{bundle}", on="2026-10-01").json()
    promised = body["time"]["promised"]
    assert (promised["serial"], promised["parallel"], promised["at_least"]) == (6, 6, False)
    members = {one["key"]: one for one in body["members"]}
    assert (members["food"]["status"], members["food"]["promised"]) == ("ended", None)
    assert members["sign"]["after"] == ["licence"]
    asked = {need["member"] for joint in body["materials"] for need in joint["needed_by"]}
    assert asked == {"licence", "sign"}
    page = living.client.get(f"/bundles/{bundle}?on=2026-10-01")
    assert page.status_code == 200
    assert "“食品经营许可（合成）”已终止，时间和材料都没有计入" in page.text
    assert "已终止，时间" not in living.client.get(f"/bundles/{bundle}?on=2026-09-30").text


def test_a_due_date_goes_by_what_stood_on_the_day_of_acceptance(restaurant: tuple[Living, str]) -> None:
    living, bundle = restaurant
    food = living.get(f"/bundles/{bundle}").json()["members"][1]["item"]
    accepted = "2026-09-25"

    def dues() -> list[str | None]:
        """Of the food licence by itself and within the bundle, and of the whole."""
        alone = living.get(f"/items/{food}/due", accepted=accepted).json()["promised"]["due"]
        body = living.get(f"/bundles/{bundle}", accepted=accepted).json()
        assert body["on"] == accepted
        return [alone, body["time"]["promised"]["due"]["due"], *body["time"]["promised"]["critical"]]

    before = dues()
    living.publish(set_field(food, "promised_limit", {"value": 40, "unit": "workday"}))
    assert dues() == before
    living.publish({"outcome": "cancel", "subject": food, "effective_from": "2026-10-01", "reason": "取消"})
    assert dues() == before
    refused = living.get(f"/bundles/{bundle}", accepted=accepted, on=TODAY)
    assert (refused.status_code, refused.json()["code"]) == (422, "on-differs")
    assert living.get(f"/bundles/{bundle}", accepted=accepted, on=accepted).json() == (
        living.get(f"/bundles/{bundle}", accepted=accepted).json()
    )


def test_a_member_that_took_nothing_on_the_day_of_acceptance_has_no_due_date(
    restaurant: tuple[Living, str],
) -> None:
    living, bundle = restaurant
    food = living.get(f"/bundles/{bundle}").json()["members"][1]["item"]
    living.publish({"outcome": "cancel", "subject": food, "effective_from": "2026-10-01", "reason": "取消"})
    body = living.get(f"/bundles/{bundle}", accepted="2026-10-08").json()
    dated = {one["key"]: bool(one["promised"] and one["promised"]["due"]) for one in body["members"]}
    assert dated == {"licence": True, "food": False, "sign": True}
    assert (body["time"]["promised"]["parallel"], body["time"]["promised"]["undue"]) == (5, [])
    assert body["time"]["promised"]["due"] is not None


def test_the_whole_has_no_due_date_where_a_member_may_have_taken_nothing(
    restaurant: tuple[Living, str],
) -> None:
    living, bundle = restaurant
    unsure = limited("店招核准（合成）", 3, living.get("/items", limit=1).json()["items"][0], [])
    unsure |= {"effective_from": "2026-09-26", "start_unknown": True}
    sign = {"key": "board", "item": "@店招核准（合成）"}
    joined = {
        "outcome": "adjust",
        "kind": "bundle",
        "subject": bundle,
        "effective_from": STARTS,
        "timing": "late_entry",
        "reason": "测试",
        "changes": [{"op": "add", "path": "members", "value": sign}],
    }
    living.publish(unsure, joined)
    body = living.get(f"/bundles/{bundle}", accepted="2026-09-25").json()
    assert {one["key"]: one["status"] for one in body["members"]}["board"] == "unknown"
    assert body["time"]["promised"]["undue"] == ["board"]
    assert body["time"]["promised"]["due"] is None
    assert living.get(f"/bundles/{bundle}", accepted="2026-09-28").json()["time"]["promised"]["undue"] == []


def test_a_calendar_published_later_changes_no_answer_given_before(restaurant: tuple[Living, str]) -> None:
    living, bundle = restaurant
    seq = living.get("/log/head").json()["seq"]
    asked = {"accepted": "2027-09-28", "known_at": seq}
    then = living.get(f"/bundles/{bundle}", **asked).json()
    assert then["time"]["promised"]["due"]["provisional"] is True
    off = [f"2027-10-{day:02}" for day in range(1, 8)]
    living.publish(calendar(2027, off))
    assert living.get(f"/bundles/{bundle}", **asked).json() == then
    now = living.get(f"/bundles/{bundle}", accepted="2027-09-28").json()["time"]["promised"]["due"]
    assert (now["provisional"], now["due"] > then["time"]["promised"]["due"]["due"]) == (False, True)
    seq = living.get("/log/head").json()["seq"]
    known = living.get(f"/bundles/{bundle}", accepted="2027-09-28", known_at=seq).json()
    assert known["time"]["promised"]["due"] == now


def test_a_member_counts_as_it_stood_on_the_day(restaurant: tuple[Living, str]) -> None:
    living, bundle = restaurant
    food = living.get(f"/bundles/{bundle}").json()["members"][1]["item"]
    seq = living.get("/log/head").json()["seq"]
    living.publish(
        {"outcome": "adjust", **set_field(food, "promised_limit/value", 4, "2026-10-01")}, title="压缩时限"
    )

    def parallel(**asked: Any) -> int:
        return living.get(f"/bundles/{bundle}", **asked).json()["time"]["promised"]["parallel"]

    assert (parallel(on=TODAY), parallel(on="2026-10-01")) == (11, 5)
    assert parallel(on="2026-10-01", known_at=str(seq)) == 11


def test_before_its_first_day_it_has_no_members(restaurant: tuple[Living, str]) -> None:
    living, bundle = restaurant
    answer = living.get(f"/bundles/{bundle}", on="2000-01-01")
    assert (answer.status_code, answer.json()["members"]) == (200, [])


def test_what_it_could_not_accept_does_not_fall_due(restaurant: tuple[Living, str]) -> None:
    living, bundle = restaurant
    living.publish(
        {
            "kind": "bundle",
            "outcome": "cancel",
            "subject": bundle,
            "effective_from": TODAY,
            "words": "不再联办",
        }
    )
    under_way = living.get(f"/bundles/{bundle}", accepted="2026-09-27").json()
    assert under_way["time"]["promised"]["due"]["due"]
    for day in ("2026-08-31", TODAY):
        refused = living.get(f"/bundles/{bundle}", accepted=day)
        assert (refused.status_code, refused.json()["code"]) == (409, "nothing-accepted")
        assert "这一联办事项" in refused.json()["detail"]


def test_members_that_wait_for_each_other_are_refused(restaurant: tuple[Living, str]) -> None:
    living, bundle = restaurant
    refused = living.post(
        "editor",
        "/changesets",
        {
            "title": "循环",
            "decisions": [
                {
                    "kind": "bundle",
                    "outcome": "adjust",
                    "subject": bundle,
                    "effective_from": TODAY,
                    "changes": [{"op": "set", "path": "members/licence/after", "value": ["food"]}],
                }
            ],
        },
    )
    assert refused.status_code == 422
    assert "licence → food → licence" in refused.text or "food → licence → food" in refused.text


def test_an_internal_item_is_not_in_the_bundle(restaurant: tuple[Living, str]) -> None:
    living, bundle = restaurant
    sign = living.get(f"/bundles/{bundle}").json()["members"][2]["item"]
    living.publish({"outcome": "adjust", **set_field(sign, "visibility", "internal", TODAY)})
    answer = living.get(f"/bundles/{bundle}")
    assert sign not in answer.text
    assert [one["key"] for one in answer.json()["content"]["members"]] == ["licence", "food"]
    assert living.get("/bundles", item=sign).status_code == 404, "as one that never was"


def test_an_internal_member_makes_the_time_at_least_without_being_named(
    restaurant: tuple[Living, str],
) -> None:
    living, bundle = restaurant
    chain(living, bundle)
    food = living.get(f"/bundles/{bundle}").json()["members"][1]["item"]
    living.publish({"outcome": "adjust", **set_field(food, "visibility", "internal", TODAY)})
    answer = living.get(f"/bundles/{bundle}")
    promised = answer.json()["time"]["promised"]
    assert (promised["serial"], promised["parallel"], promised["at_least"]) == (6, 6, True)
    assert promised["uncounted"] == []
    assert answer.json()["members"][1]["after"] == ["licence"]
    page = living.client.get(f"/bundles/{bundle}")
    refused = living.get(f"/bundles/{bundle}", without="food")
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown-member")
    assert "同时办理至少" in page.text
    for said in (answer.text, refused.text.replace("“food”", "")):
        assert "food" not in said
    for said in (answer.text, page.text):
        assert food not in said
        assert "食品经营许可（合成）" not in said


def test_bundles_of_an_item(restaurant: tuple[Living, str]) -> None:
    living, bundle = restaurant
    food = living.get(f"/bundles/{bundle}").json()["members"][1]["item"]
    assert [one["id"] for one in living.get("/bundles", item=food).json()["items"]] == [bundle]
    assert living.get("/bundles", item=food, on="2026-08-31").json()["items"] == []
    living.assert_sound()
