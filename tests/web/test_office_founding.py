"""Organs in the office: founded with all that is said of them, and dissolved, where nothing is left with nobody."""

from __future__ import annotations

import re
from typing import Any

from browsing import Browser
from reading import Page
from seeded import FELLING, TODAY, Living, new_item, set_field
from test_form_keeping import SCRIPT
from test_office_duties import entrusted
from test_office_organs import DAY, PAPER, held, organs, place
from test_office_rooms import published

from app.canonical import decode

NEW = "/office/authorities/new"
CODE = "11511602MB1234567N"


def county(living: Living) -> tuple[str, str]:
    """(id, name) of the region where the seeded item is."""
    region = living.get(f"/items/{living.item_called(FELLING)}").json()["region"]
    return str(region["id"]), str(region["name"])


def founding(living: Living, **more: str) -> dict[str, str]:
    form = {"from": DAY, "name": "广安区数据局", "region": county(living)[1], "nature": "1", "level": "4"}
    return form | PAPER | more


def dissolving(**more: str) -> dict[str, str]:
    return {"change": "dissolve", "from": DAY, "reason": "机构改革"} | PAPER | more


def decisions(living: Living, changeset: str) -> list[dict[str, Any]]:
    """Of a draft."""
    query = f"SELECT body FROM draft_decision WHERE changeset = '{changeset}' ORDER BY position"
    return [decode(bytes(row[0])) for row in living.rows(query)]


def beside(html: str) -> list[str]:
    """What is said to be wrong, beside the fields."""
    return re.findall(r'<p class="wrong" role="alert">(.*?)</p>', html)


def test_an_organ_is_founded_with_hall_hours_phones_and_code(editor: Browser, reviewer: Browser) -> None:
    living = editor.living
    assert NEW in {where for where, _ in editor.get("/office/authorities").links}
    more = editor.move(NEW, 200, **founding(living), do="add:halls")
    assert more is not None
    (key,) = re.findall(r'name="halls:row" value="(\+[0-9a-f]+)"', more.html)
    assert 'value="广安区数据局"' in more.html
    hall = {
        "halls:shown": "1",
        "halls:row": key,
        f"halls/{key}/name": "政务服务中心",
        f"halls/{key}/hours": "工作日 9:00-17:00",
    }
    form = founding(living, code=CODE, phone="0826-1234567", short_names="区数据局\r\n数据局") | hall
    answer = editor.post(NEW, form)
    assert "设立：广安区数据局" in editor.get(answer.headers["location"]).words
    published(editor, reviewer, answer)
    (made,) = living.rows("SELECT subject_id FROM timeline WHERE name = '广安区数据局'")
    organ = living.get(f"/authorities/{made[0]}", on=DAY).json()
    assert (organ["status"], organ["code"]) == ("in_force", CODE)
    content = organ["content"]
    assert content["region"] == county(living)[0]
    assert content["short_names"] == ["区数据局", "数据局"]
    assert (content["nature"], content["phone"]) == ("1", "0826-1234567")
    (kept,) = content["halls"]
    assert (kept["name"], kept["hours"]) == ("政务服务中心", "工作日 9:00-17:00")
    assert not kept["key"].startswith("+")
    assert living.get(f"/authorities/{made[0]}", on=TODAY).json()["status"] == "not_yet"
    living.assert_sound()


WRONG: list[tuple[dict[str, str], str]] = [
    ({"name": " "}, "name"),
    ({"region": ""}, "region"),
    ({"region": "没有这里"}, "从未有过编号或编码为 没有这里 的行政区划"),
    ({"parent": "没有这样的局"}, "没有这样的局"),
    ({"code": "11511602MB1234567X"}, "统一社会信用代码校验位不符"),
    ({"code": "115116"}, "统一社会信用代码应为18位"),
    ({"from": "明天"}, "明天"),
    ({"from": ""}, "施行日期"),
    ({"from": "2026-09-01"}, "补录"),
]


def test_what_is_wrong_of_a_new_organ_is_said_beside_its_field(living_sqlite: Living) -> None:
    editor = Browser(living_sqlite, "bianji", ["edit"])
    for fields, said in WRONG:
        answer = editor.post(NEW, founding(living_sqlite, title="设<立>") | fields)
        assert answer.status_code in (409, 422), (fields, answer.status_code)
        assert beside(answer.text), fields
        assert said in answer.text, (fields, beside(answer.text))
        assert 'value="设&lt;立&gt;"' in answer.text
    assert living_sqlite.rows("SELECT count(*) FROM changeset WHERE state = 'draft'")[0][0] == 0


def test_the_form_of_a_new_organ_is_kept_and_bound_to_the_scope(living_sqlite: Living) -> None:
    editor = Browser(living_sqlite, "bianji", ["edit"])
    form = founding(living_sqlite, title="设到一半")
    told = editor.client.post(NEW, data=form | {"do": "keep"}, headers=SCRIPT)
    assert "已暂存" in told.json()["said"]
    assert 'value="设到一半"' in editor.get(NEW).html
    assert NEW in {where for where, _ in editor.get("/office").links}
    assert editor.post(NEW, form).status_code == 303
    assert "设到一半" not in editor.get(NEW).html
    organ = organs(living_sqlite)[0][0]
    own = Browser(living_sqlite, "benju", ["edit"], authority=organ)
    assert own.post(NEW, form).status_code == 403


def test_an_organ_is_dissolved_and_every_item_goes_somewhere(editor: Browser, reviewer: Browser) -> None:
    living = editor.living
    (organ, name), (other, into), (third, _), *_ = organs(living)
    items, joint = held(living, organ, TODAY), held(living, third, TODAY)[0]
    living.publish(set_field(joint, "co_authority_ids", [organ]))
    plan = living.publish(new_item(living, "明年的登记", "2027-01-01", content={"authority": organ}))
    planned = plan["decisions"][0]["subject"]
    page = editor.get(f"{place(organ)}?change=dissolve")
    assert f"它实施的事项（{len(items) + 1}）" in page.words
    assert "联合实施的事项" in page.words
    nowhere = editor.post(place(organ), dissolving())
    assert nowhere.status_code == 422
    assert any(f"还有 {len(items) + 1} 个事项没有写明给谁" in one for one in beside(nowhere.text))
    form = dissolving(standing=into, rest=other)
    unnamed = editor.post(place(organ), form)
    assert any("请选择改为哪个机关" in one for one in beside(unnamed.text))
    form |= {"instead": other, f"to:{items[0]}": "cancel", "items_follow_up": "改为备案"}
    answer = editor.post(place(organ), form)
    page = editor.get(answer.headers["location"])
    assert f"撤销：{name}，职责划入{into}，取消部分事项" in page.words
    drafted = decisions(living, answer.headers["location"].rpartition("/")[2])
    (cancelled,) = [one for one in drafted if one["outcome"] == "cancel"]
    assert (cancelled["subject"], cancelled["follow_up"]) == (items[0], "改为备案")
    assert [one["outcome"] for one in drafted if one.get("follow_up")] == ["cancel"]
    published(editor, reviewer, answer)
    assert living.get(f"/authorities/{organ}", on=DAY).json()["status"] == "ended"
    assert living.get(f"/items/{items[0]}", on=DAY).json()["status"] == "ended"
    assert held(living, organ, DAY) == held(living, organ, "2027-01-01") == []
    assert {*items[1:], planned} <= {*held(living, other, "2027-01-01")}
    assert living.get(f"/items/{joint}", on=DAY).json()["content"]["co_authority_ids"] == [other]
    assert held(living, organ, TODAY) == items, "until that day they are where they were"
    living.assert_sound()


def test_an_organ_that_does_nothing_any_more_is_dissolved_alone(editor: Browser, reviewer: Browser) -> None:
    living = editor.living
    (organ, name), (third, _), *_ = organs(living)
    items = held(living, organ, TODAY)
    living.publish({"kind": "authority", **set_field(third, "parent", organ)})
    looked = editor.move(place(organ), 200, **dissolving(do="deal", give="cancel"))
    assert looked is not None
    chosen = dict(re.findall(r'<select name="(to:[^"]+)".*?<option value="([^"]+)" selected', looked.html))
    assert chosen == {f"to:{one}": "cancel" for one in items}
    answer = editor.post(place(organ), dissolving(instead="nobody") | chosen)
    assert f"撤销：{name}，取消其事项" in editor.get(answer.headers["location"]).words
    published(editor, reviewer, answer)
    assert {living.get(f"/items/{one}", on=DAY).json()["status"] for one in items} == {"ended"}
    assert "parent" not in living.get(f"/authorities/{third}", on=DAY).json()["content"]
    living.assert_sound()


def test_what_is_owed_is_told_before_an_organ_is_dissolved(living_sqlite: Living) -> None:
    living = living_sqlite
    editor = Browser(living, "bianji", ["edit"])
    (organ, _), (other, into), *_ = organs(living)
    item = held(living, other, TODAY)[0]
    owed: dict[str, Any] = {"what": "制定监管细则", "owner": organ, "due": "2026-12-31"}
    living.publish(
        {"kind": "item", "subject": item, "outcome": "retain", "effective_from": TODAY, "duties": [owed]}
    )
    assert "1 件：撤销没有接续的机关" in editor.get(f"{place(organ)}?change=dissolve").words
    form = dissolving(standing=into, rest=other)
    refused = editor.post(place(organ), form)
    assert any("还有 1 件没有办完的" in one for one in beside(refused.text))
    assert editor.post(place(organ), form | {"owed": "1"}).status_code == 303


def test_what_others_do_by_delegation_is_told_before_an_organ_is_dissolved(living_sqlite: Living) -> None:
    living = living_sqlite
    editor = Browser(living, "bianji", ["edit"])
    delegated = entrusted(living)["subject"]["id"]
    organ = living.get(f"/items/{living.item_called(FELLING)}").json()["authority"]["id"]
    page = editor.get(f"{place(organ)}?change=dissolve")
    assert "委托别的机关办的（1）" in page.words
    assert f'href="/items/{delegated}?on=' in page.html
    assert "委托别的机关办的" not in editor.get(f"{place(organ)}?change=split").words


def test_who_is_dissolved_does_not_carry_on_and_no_other_is_dissolved(living_sqlite: Living) -> None:
    living = living_sqlite
    editor = Browser(living, "bianji", ["edit"])
    (organ, name), (other, into), *_ = organs(living)
    itself = editor.post(place(organ), dissolving(standing=name, rest=organ))
    assert any("自己撤销了" in one for one in beside(itself.text))
    answer = editor.post(place(organ), dissolving(standing=into, rest=other, ending=into))
    page = Page(editor.get(answer.headers["location"]).html)
    assert f"撤销：{name}，职责划入{into}" in page.words
