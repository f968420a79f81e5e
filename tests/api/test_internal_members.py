"""A bundle whose members' items are internal, internal for a time, redacted or still to come: what it tells of them."""

from __future__ import annotations

from typing import Any

from seeded import TODAY, Living, new_item, set_field

from app.changes.redacting import redact
from app.hooks import delivering

OPENS = "2026-12-20"
"""The day on which what was internal becomes public."""
SECRET = ("mimi", "涉密情形", "不公开的说明")
"""Key, condition and note of a member whose item is not public."""


def item_named(living: Living, name: str, day: str = TODAY, **content: Any) -> str:
    limit = {"promised_limit": {"value": 7, "unit": "workday"}}
    return living.publish(new_item(living, name, day, content=limit | content))["decisions"][0]["subject"]


def secret_member(item: str, **more: Any) -> dict[str, Any]:
    key, condition, note = SECRET
    return {"key": key, "item": item, "condition": condition, "note": note, **more}


def bundle_of(living: Living, *members: dict[str, Any]) -> str:
    content = {
        "name": "联办",
        "kind": "one-thing",
        "region": new_item(living, "")["content"]["region"],
        "members": list(members),
    }
    made = {"kind": "bundle", "outcome": "add", "effective_from": TODAY, "content": content}
    return living.publish(made)["decisions"][0]["subject"]


def change(living: Living, bundle: str, *changes: dict[str, Any], day: str = TODAY) -> None:
    adjusted = {"kind": "bundle", "outcome": "adjust", "subject": bundle, "effective_from": day}
    living.publish(adjusted | {"changes": list(changes)})


def told_of(living: Living, bundle: str) -> list[dict[str, Any]]:
    return living.get("/changes", subject=bundle, limit=500).json()["changes"]


def letters(living: Living, bundle: str) -> str:
    """What a subscription to the bundle would be sent of its events."""
    with living.database.reading() as session:
        connection = session.connection()
        owed = [delivering.Owed(1, "w", one["seq"], 0) for one in told_of(living, bundle)]
        return "\n".join(str(delivering._said(connection, one)) for one in owed)


def assert_told_without(living: Living, bundle: str, *secrets: str) -> None:
    for said in (living.get("/changes", subject=bundle).text, letters(living, bundle)):
        assert bundle in said
        assert [one for one in (*SECRET, *secrets) if one in said] == []


def test_the_feed_tells_of_a_bundle_without_members_that_are_not_public(living: Living) -> None:
    first, second = item_named(living, "公开甲"), item_named(living, "公开乙")
    hidden = item_named(living, "内部丙", visibility="internal")
    bundle = bundle_of(living, {"key": "a", "item": first}, {"key": "b", "item": second})
    key, _, note = SECRET
    changes: tuple[tuple[dict[str, Any], ...], ...] = (
        ({"op": "add", "path": "members", "value": secret_member(hidden), "after": "a"},),
        ({"op": "set", "path": f"members/{key}/note", "value": f"{note}（改）"},),
        ({"op": "set", "path": "members/b/after", "value": ["a", key]},),
        ({"op": "set", "path": "members/b/after", "value": [key]},),
        ({"op": "set", "path": "members/b/after", "value": None},),
        ({"op": "order", "path": "members", "keys": ["b", key, "a"]},),
        ({"op": "remove", "path": f"members/{key}"}, {"op": "set", "path": "note", "value": "公开的备注"}),
    )
    for some in changes:
        change(living, bundle, *some)
    assert_told_without(living, bundle, hidden, "内部丙")
    told = [
        [(one["op"], one["path"], one.get("value", one.get("keys"))) for one in event["changes"]]
        for event in told_of(living, bundle)
    ]
    assert told == [
        [],
        [],
        [],
        [("set", "members/b/after", ["a"])],
        [("set", "members/b/after", None)],
        [],
        [("order", "members", ["b", "a"])],
        [("set", "note", "公开的备注")],
    ]
    sentences = [event["sentence"] for event in told_of(living, bundle)]
    assert sentences[2] == "联办：自2026年9月28日起调整。"
    assert sentences[-1] == "联办：自2026年9月28日起调整，备注定为公开的备注。"


def test_of_a_day_on_which_a_member_is_internal_the_feed_does_not_tell_of_it(living: Living) -> None:
    first = item_named(living, "公开甲")
    later = item_named(living, "先内后公", visibility="internal")
    living.publish(set_field(later, "visibility", "public", OPENS))
    bundle = bundle_of(living, {"key": "a", "item": first}, secret_member(later))
    change(living, bundle, {"op": "set", "path": f"members/{SECRET[0]}/note", "value": "不公开的说明（改）"})
    assert_told_without(living, bundle, later)
    change(living, bundle, {"op": "set", "path": f"members/{SECRET[0]}/note", "value": "说明"}, day=OPENS)
    (last,) = told_of(living, bundle)[-1]["changes"]
    assert (last["path"], last["value"]) == (f"members/{SECRET[0]}/note", "说明")


def test_a_member_that_is_internal_on_the_day_is_not_named_whatever_is_asked(living: Living) -> None:
    first = item_named(living, "公开甲", promised_limit={"value": 3, "unit": "workday"})
    later = item_named(living, "先内后公", visibility="internal")
    living.publish(set_field(later, "visibility", "public", OPENS))
    bundle = bundle_of(living, {"key": "a", "item": first}, secret_member(later, after=["a"]))
    seq = living.get("/log/head").json()["seq"]
    living.publish(set_field(first, "aliases", ["别名"]))

    def asked(**query: Any) -> tuple[Any, ...]:
        answer = living.get(f"/bundles/{bundle}", **query)
        page = living.client.get(f"/bundles/{bundle}", params=query)
        assert page.status_code == 200
        named = tuple(one for one in (*SECRET, later) if one in answer.text or one in page.text)
        promised = answer.json()["time"]["promised"]
        return (
            named,
            [one["key"] for one in answer.json()["members"]],
            promised["at_least"],
            promised["serial"],
        )

    hidden = ((), ["a"], True, 3)
    assert asked() == asked(known_at=str(seq)) == hidden
    shown = ((*SECRET[:2], SECRET[2], later), ["a", SECRET[0]], False, 10)
    assert asked(on=OPENS) == asked(on=OPENS, known_at=str(seq)) == shown
    assert living.get(f"/items/{later}").status_code == 404


def test_the_page_of_a_bundle_shows_members_without_content(living: Living) -> None:
    """One whose content is gone by order is called by no other day's name, which may be the same."""
    living.hire("second", "publish")
    first, gone = item_named(living, "公开甲"), item_named(living, "误录的姓名")
    living.publish(set_field(gone, "name", "改正后的名称", OPENS))
    bundle = bundle_of(
        living,
        {"key": "a", "item": first, "after": ["g"]},
        {"key": "g", "item": gone, "condition": "有姓名的"},
    )
    assert "误录的姓名" in living.client.get(f"/bundles/{bundle}").text
    held = living.rows("SELECT hash, body FROM content ORDER BY hash")
    for content in [row[0] for row in held if "误录的姓名".encode() in bytes(row[1])]:
        with living.database.writing() as session:
            people = living.people["publisher"], living.people["second"]
            redact(session, *people, content, "川网信令〔2026〕1号", "个人信息")
    for query in ({}, {"without": "g"}):
        page = living.client.get(f"/bundles/{bundle}", params=query)
        assert page.status_code == 200
        assert f"名称已依令删改（{gone}）" in page.text
        assert "误录的姓名" not in page.text
        assert "改正后的名称" not in page.text
    assert "改正后的名称" in living.client.get(f"/bundles/{bundle}?on={OPENS}").text
