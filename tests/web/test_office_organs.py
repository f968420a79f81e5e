"""Organs in the office: merged, divided and renamed by two people through pages, with the list of what that touches."""

from __future__ import annotations

import re
from typing import Any

from browsing import Browser
from reading import Page
from seeded import FELLING, TODAY, Living, new_item, set_field
from test_form_keeping import SCRIPT
from test_office_rooms import published

DAY = "2026-10-01"
PAPER = {"document/number": "广安区委办〔2026〕12号"}


def organs(living: Living, day: str = TODAY) -> list[tuple[str, str]]:
    """(id, name) of the county's organs, the one that holds fewest items first."""
    region = living.get(f"/items/{living.item_called(FELLING)}").json()["region"]["id"]
    rows = living.rows(
        "SELECT a.subject_id, a.name FROM timeline a JOIN timeline t ON t.authority = a.subject_id AND t.kind = 'item'"
        f" WHERE a.kind = 'authority' AND a.region = '{region}' AND a.status = 'in_force' AND t.status <> 'ended'"
        f" AND a.valid_from <= '{day}' AND a.valid_to > '{day}' AND t.valid_from <= '{day}' AND t.valid_to > '{day}'"
        " GROUP BY a.subject_id, a.name ORDER BY count(*), a.subject_id"
    )
    return [(row[0], row[1]) for row in rows]


def held(living: Living, organ: str, day: str) -> list[str]:
    return [
        row[0]
        for row in living.rows(
            f"SELECT subject_id FROM timeline WHERE kind = 'item' AND authority = '{organ}' AND status <> 'ended'"
            f" AND valid_from <= '{day}' AND valid_to > '{day}' ORDER BY subject_id"
        )
    ]


def place(organ: str) -> str:
    return f"/office/authorities/{organ}"


def merging(*ending: str, **more: str) -> dict[str, str]:
    form = {
        "change": "merge",
        "from": DAY,
        "ending": "\r\n".join(ending),
        "follow": "1",
        "reason": "机构改革",
    }
    return form | PAPER | more


def test_an_organ_is_merged_into_another_with_its_items(editor: Browser, reviewer: Browser) -> None:
    living = editor.living
    (first, name), (other, into), *_ = organs(living)
    items, stood = held(living, first, TODAY), held(living, other, TODAY)
    listed = editor.get(f"/office/authorities?q={name}")
    assert place(first) in {where.split("?")[0] for where, _ in listed.links}
    page = editor.get(f"{place(first)}?change=merge")
    assert f"随机关走的事项（{len(items)}）" in page.words
    assert all(f'href="/items/{one}"' in page.html for one in items)
    looked = editor.post(place(first), merging(name, standing=into, do="look"))
    assert looked.status_code == 200
    assert looked.text.count(f'data-label="给谁">{into}</td>') == len(items)
    answer = editor.post(place(first), merging(name, standing=into))
    page = editor.get(answer.headers["location"])
    assert f"合并：{name}，由{into}接续" in page.words
    published(editor, reviewer, answer)
    assert held(living, other, DAY) == sorted([*items, *stood])
    assert held(living, first, DAY) == []
    assert held(living, first, TODAY) == items, "until that day they are where they were"
    assert living.get(f"/authorities/{first}", on=DAY).json()["status"] == "ended"
    assert [one["id"] for one in living.get(f"/authorities/{first}", on=DAY).json()["successors"]] == [other]
    living.assert_sound()


def test_two_organs_make_a_new_one_and_what_names_them_follows(editor: Browser, reviewer: Browser) -> None:
    living = editor.living
    (first, name), (second, too), (third, _), *_ = organs(living)
    joint, own = held(living, third, TODAY)[0], held(living, first, TODAY)[0]
    living.publish(
        set_field(joint, "co_authority_ids", [first, second]),
        set_field(own, "co_authority_ids", [second, third]),
        {"kind": "authority", **set_field(third, "parent", first)},
    )
    plan = living.publish(new_item(living, "明年的登记", "2027-01-01", content={"authority": first}))
    planned = plan["decisions"][0]["subject"]
    page = editor.get(place(first))
    assert "2027年1月1日起" in page.words
    assert "联合实施的事项" in page.words
    assert "下属机关" in page.words
    form = merging(name, too, founded="广安区新设局 11511602MB1234567N")
    answer = editor.post(place(first), form)
    published(editor, reviewer, answer)
    new = living.get(f"/authorities/{first}", on=DAY).json()["successors"][0]["id"]
    assert living.get(f"/authorities/{new}", on=DAY).json()["code"] == "11511602MB1234567N"
    assert living.get(f"/authorities/{new}", on=DAY).json()["content"]["region"]
    assert living.get(f"/items/{joint}", on=DAY).json()["content"]["co_authority_ids"] == [new]
    carried = living.get(f"/items/{own}", on=DAY).json()
    assert (carried["authority"]["id"], carried["content"]["co_authority_ids"]) == (new, [third])
    assert living.get(f"/authorities/{third}", on=DAY).json()["content"]["parent"] == new
    assert living.get(f"/items/{planned}", on="2027-01-01").json()["authority"]["id"] == new
    living.assert_sound()


def test_an_organ_is_divided_and_each_item_is_told_where_it_goes(editor: Browser, reviewer: Browser) -> None:
    living = editor.living
    organ, name = organs(living)[-1]
    items = held(living, organ, TODAY)
    felled = [one for one in items if "林" in living.get(f"/items/{one}").json()["name"]]
    form = {
        "change": "split",
        "from": DAY,
        "ending": name,
        "standing": name,
        "founded": "广安区林场局",
    } | PAPER
    page = editor.move(place(organ), 200, **form, do="look")
    assert page is not None
    assert f"还没有写给谁 {len(items)} 个" in page.words
    refused = editor.move(place(organ), 422, **form)
    assert refused is not None
    assert "没有写明给谁" in refused.words
    assert 'value="广安区委办〔2026〕12号"' in refused.html
    dealt = editor.move(place(organ), 200, **form, do="deal", match="林", give="广安区林场局")
    assert dealt is not None
    chosen = dict(re.findall(r'<select name="(to:[^"]+)".*?<option value="([^"]+)" selected', dealt.html))
    assert set(chosen) == {f"to:{one}" for one in felled}
    answer = editor.post(place(organ), form | chosen | {"rest": organ})
    published(editor, reviewer, answer)
    assert held(living, organ, DAY) == [one for one in items if one not in felled]
    given = {living.get(f"/items/{one}", on=DAY).json()["authority"]["name"] for one in felled}
    assert given == ({"广安区林场局"} if felled else set())
    living.assert_sound()


def test_an_organ_gets_another_name_and_none_of_its_items_is_touched(
    editor: Browser, reviewer: Browser
) -> None:
    living = editor.living
    organ, name = organs(living)[0]
    before = living.rows("SELECT count(*) FROM revision")[0][0]
    page = editor.get(f"{place(organ)}?change=rename")
    assert f'value="{name}"' in page.html
    form = {"change": "rename", "from": DAY, "name": "广安区新名局", "short_names": "新名局", **PAPER}
    unchanged = editor.post(place(organ), form | {"name": name, "short_names": ""})
    answer = editor.post(place(organ), form)
    published(editor, reviewer, answer)
    assert living.rows("SELECT count(*) FROM revision")[0][0] == before + 1
    item = held(living, organ, DAY)[0]
    assert living.get(f"/items/{item}", on=DAY).json()["authority"]["name"] == "广安区新名局"
    assert living.get(f"/items/{item}", on=TODAY).json()["authority"]["name"] == name
    assert unchanged.status_code in (303, 422)
    assert Page(editor.post(place(organ), form | {"name": " "}).text).words.count("请写明全称") == 2


WRONG: list[tuple[dict[str, str], str]] = [
    ({"standing": "没有这样的局"}, "没有"),
    ({"standing": ""}, "合并只有一个接续的机关"),
    ({"ending": ""}, "请写明哪些机关终止"),
    ({"change": "split", "standing": ""}, "拆分要有两个以上接续的机关"),
    ({"standing": "", "founded": "广安区新局"}, "只是改名的请用更名"),
    ({"standing": "", "founded": "甲局\r\n乙局"}, "合并只有一个接续的机关"),
    ({"ending": "{two}", "standing": "", "founded": "新局 11511602MB1234567X"}, "统一社会信用代码校验位不符"),
    (
        {"change": "split", "founded": "新局 11511602MB1234567X", "rest": "{first}"},
        "统一社会信用代码校验位不符",
    ),
    ({"from": "明天"}, "明天"),
    ({"from": "2026-09-01"}, "补录"),
]


def test_what_is_wrong_is_said_beside_its_field_and_the_form_stays(living_sqlite: Living) -> None:
    editor = Browser(living_sqlite, "bianji", ["edit"])
    (first, name), (_, into), *_ = organs(living_sqlite)
    for fields, wrong in WRONG:
        told = {field: said.format(two=f"{name}\r\n{into}", first=first) for field, said in fields.items()}
        form = merging(name, standing=into, title="撤<并>") | told
        answer = editor.post(place(first), form)
        assert answer.status_code in (404, 409, 422), fields
        page = Page(answer.text)
        beside = re.findall(r'<p class="wrong" role="alert">(.*?)</p>', page.html)
        assert [one for one in beside if wrong in one], (fields, beside)
        assert 'value="撤&lt;并&gt;"' in page.html
        assert 'value="广安区委办〔2026〕12号"' in page.html
    assert living_sqlite.rows("SELECT count(*) FROM changeset WHERE state = 'draft'")[0][0] == 0


def test_what_is_under_way_and_who_looks_after_it_is_listed(living_sqlite: Living) -> None:
    living = living_sqlite
    editor = Browser(living, "bianji", ["edit"])
    (first, name), (second, _), *_ = organs(living)
    item = held(living, first, TODAY)[0]
    draft: dict[str, Any] = {"title": "换个电话", "decisions": [set_field(item, "consult_phone", "0826-1")]}
    living.post("editor", "/changesets", draft)
    Browser(living, "benju", ["edit"], authority=first)
    page = editor.get(place(first))
    assert "换个电话" in page.words
    assert "只管这些机关的账号 1 个" in page.words
    assert "换个电话" not in editor.get(place(second)).words
    hidden = living.publish(
        new_item(living, "不公开的事", content={"authority": first, "visibility": "internal"})
    )["decisions"][0]["subject"]
    assert "不公开的事" in editor.get(place(first)).words
    assert hidden not in Browser(living, "tongji", ["edit"], authority=second).get(place(second)).html
    assert name in editor.get("/office/authorities?q=" + name).words


def test_an_organ_outside_the_scope_is_not_touched(living_sqlite: Living) -> None:
    living = living_sqlite
    (first, name), (second, into), *_ = organs(living)
    own = Browser(living, "benju", ["edit"], authority=first)
    listed = own.client.get("/office/authorities", headers={"Accept": "text/html"})
    assert listed.headers["location"] == place(first)
    assert "管理范围" in own.get(place(second), 403).words
    assert own.post(place(second), merging(into, standing=name)).status_code == 403
    page = own.move(place(first), 403, **merging(name, standing=into))
    assert page is not None
    assert f"“{into}”不在账号" in page.words


def test_the_form_is_kept_as_it_is_typed(living_sqlite: Living) -> None:
    editor = Browser(living_sqlite, "bianji", ["edit"])
    (first, name), (_, into), *_ = organs(living_sqlite)
    form = merging(name, standing=into, title="合并到一半")
    told = editor.client.post(place(first), data=form | {"do": "keep"}, headers=SCRIPT)
    assert "已暂存" in told.json()["said"]
    address = f"{place(first)}?change=merge"
    page = editor.get(address)
    assert 'value="合并到一半"' in page.html
    assert into in page.words
    assert address in {where for where, _ in editor.get("/office").links}
    assert "合并到一半" not in editor.get(f"{place(first)}?change=split").html
    assert editor.post(place(first), change="merge", do="drop").headers["location"] == address
    assert "合并到一半" not in editor.get(address).html
    editor.post(place(first), form | {"do": "keep"})
    assert editor.post(place(first), form).status_code == 303
    assert "还没有保存的内容" not in editor.get(address).words
