"""The office in a browser without script: signing in, the rights table walked whole, a change by two people."""

from __future__ import annotations

import re
from typing import Any

import pytest
from browsing import PHRASE, POST, Browser, filled
from fastapi.testclient import TestClient
from reading import BROWSER, Page
from seeded import FELLING, TODAY, Living, set_field

from app.auth import signing_in
from app.auth.actor import RIGHTS
from app.items.content import ItemContent
from app.web.office import PARTS
from app.web.office.doors.visiting import ANYONE, COOKIE, OPEN, READING, SIGNED_IN, TABLE, WRITES
from app.web.office.forms.fields import item_fields

# --- signing in


def test_a_stranger_is_sent_to_sign_in_and_back(living: Living) -> None:
    browser = TestClient(living.client.app, base_url="http://127.0.0.1", follow_redirects=False)
    answer = browser.get("/office/changesets", headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/office/sign-in?next=/office/changesets",
    )
    page = browser.get(answer.headers["location"], headers=BROWSER)
    assert 'name="next" value="/office/changesets"' in page.text


@pytest.mark.parametrize(
    "onward", ["https://evil.example/office", "//evil.example/office", "/items", "/office\\@evil"]
)
def test_no_link_leads_astray_after_signing_in(editor: Browser, onward: str) -> None:
    answer = editor.post("/office/sign-in", name="bianji", password=PHRASE, next=onward)
    assert answer.headers["location"] == "/office"


def test_the_cookie_is_kept_from_scripts_and_other_sites(editor: Browser) -> None:
    answer = editor.client.post(
        "https://qingdan.example/office/sign-in", data={"name": "bianji", "password": PHRASE}, headers=POST
    )
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(COOKIE)
    for word in ("httponly", "samesite=lax", "secure", "path=/office"):
        assert word in cookie


def test_a_wrong_password_says_so_and_keeps_the_name(editor: Browser) -> None:
    answer = editor.post("/office/sign-in", name="bianji", password="wrong")
    assert answer.status_code == 403
    assert signing_in.BAD in answer.text
    assert 'value="bianji"' in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_a_post_from_elsewhere_does_nothing(editor: Browser, headers: dict[str, str]) -> None:
    answer = editor.client.post("/office/sign-out", headers={**BROWSER, **headers})
    assert answer.status_code == 403
    assert "不是从本站页面发出的" in answer.text
    editor.get("/office")


def test_an_older_browser_is_known_by_its_origin(editor: Browser) -> None:
    answer = editor.client.post("/office/sign-out", headers={**BROWSER, "Origin": "http://127.0.0.1"})
    assert answer.status_code == 303
    assert editor.client.get("/office", headers=BROWSER).status_code == 303


# --- the rights table


def test_every_route_of_the_office_is_in_the_table_and_no_other() -> None:
    served = {
        (method, route.path)
        for part in PARTS
        for route in part.router.routes
        for method in route.methods - {"HEAD"}
    }
    assert served == set(TABLE)


@pytest.mark.parametrize("right", [*RIGHTS, ""])
def test_each_right_reaches_what_the_table_says_and_nothing_else(living: Living, right: str) -> None:
    browser, forbidden = Browser(living, "ren", [right] if right else []), 0
    for (method, path), (asked, _noted) in TABLE.items():
        if path == "/office/sign-out":
            continue
        answer = browser.client.request(method, at(path), headers=POST)
        refused = answer.status_code == 403 and (
            "没有“" in answer.text or "只能读取公开的内容" in answer.text
        )
        assert refused == (not reaches(right, asked)), (method, path, answer.status_code)
        forbidden += answer.status_code == 403 and asked != ANYONE
    # every refusal is in the access log, those of the page behind the door too
    noted = living.rows("SELECT count(*) FROM access_log WHERE event = 'refused'")[0][0]
    assert noted == forbidden >= sum(not reaches(right, door.right) for door in TABLE.values())


def at(path: str, changeset: str = "qdx-00000000") -> str:
    """An address with something in the place of its names."""
    for name, value in (
        ("item", "qdi-00000000"),
        ("changeset", changeset),
        ("number", "AAAAAAAAAA"),
        ("law", "qdl-00000000"),
        ("authority", "qda-00000000"),
        ("act", "1"),
    ):
        path = path.replace(f"{{{name}}}", value)
    return path


def test_every_read_of_what_is_not_public_is_in_the_access_log(editor: Browser) -> None:
    living = editor.living
    reader = Browser(living, "yewu", [right for right in RIGHTS if right != "administer"])
    clerk = Browser(living, "guanli", ["administer"])
    form = {"title": "换号", "decisions": [set_field(living.item_called(FELLING), "note", "备注")]}
    changeset = living.post("editor", "/changesets", form).json()["id"]
    for (method, path), (right, noted) in TABLE.items():
        if method == "POST":
            assert noted == WRITES, path
            continue
        before = living.rows("SELECT max(id) FROM access_log")[0][0]
        visitor = clerk if right == "administer" else reader
        visitor.client.get(at(path, changeset), headers=BROWSER)
        new = living.rows(f"SELECT event, subject FROM access_log WHERE id > {before}")
        assert new == ([(noted, at(path, changeset))] if noted else []), path


PUBLIC = {
    "/office/items/new", "/office/rounds/new", "/office/rounds/record", "/office/authorities/new",  # empty forms
    "/office/citation",  # law, which is public
}  # fmt: skip


def test_only_these_doors_are_not_noted() -> None:
    unnoted = {path for (_method, path), door in TABLE.items() if door.noted == OPEN}
    own = {path for (_method, path), door in TABLE.items() if door.right in (ANYONE, SIGNED_IN)}
    assert unnoted - own == PUBLIC
    assert own - unnoted - {path for (method, path) in TABLE if method == "POST"} == {
        "/office",
        "/office/items",
    }


def reaches(right: str, asked: str) -> bool:
    if asked == READING:
        return right in ("edit", "review", "publish", "audit")
    return asked in (ANYONE, SIGNED_IN, right)


# --- a change by two people


def test_the_form_has_every_field_of_the_content() -> None:
    assert {one.name for one in item_fields()} == set(ItemContent.model_fields) - {"content_schema"}


def test_saving_a_form_unchanged_changes_nothing(editor: Browser) -> None:
    item = editor.living.item_called(FELLING)
    fields = filled(editor.get(f"/office/items/{item}/edit"))
    answer = editor.client.post(f"/office/items/{item}/edit", data={**fields, "do": "save"}, headers=POST)
    assert answer.status_code == 422
    assert "内容没有改动" in answer.text


def test_a_change_goes_from_the_desk_to_the_public_page(editor: Browser, reviewer: Browser) -> None:
    living = editor.living
    item = living.item_called(FELLING)
    fields = filled(editor.get(f"/office/items/{item}/edit"))
    fields |= {"promised_limit/value": ["6"], "consult_phone": ["0826-2222333"], "reason": ["压缩时限"]}
    fields |= {"document/number": ["广区府〔2026〕9号"], "title": ["压缩林木采伐时限"], "do": ["save"]}
    answer = editor.client.post(f"/office/items/{item}/edit", data=fields, headers=POST)
    assert answer.status_code == 303, answer.text[:3000]
    place = answer.headers["location"]
    page = editor.get(place)
    assert "咨询电话" in page.words
    assert page.marks[-2:] or page.marks
    assert editor.move(f"{place}/submit") is not None
    assert "起草、修改或提交变更单的人不能自己批准" not in editor.get(place).words
    assert reviewer.get("/office").link("压缩林木采伐时限") == place
    shown = reviewer.get(place)
    (hash_,) = re.findall(r'name="hash" value="([0-9a-f]+)"', shown.html)
    reviewer.move(f"{place}/approve", hash=hash_)
    done = reviewer.move(f"{place}/publish")
    assert done is not None
    assert "已发布" in done.words
    body = living.get(f"/items/{item}").json()
    assert body["content"]["promised_limit"]["value"] == 6
    assert body["content"]["consult_phone"] == "0826-2222333"
    assert body["document"]["number"] == "广区府〔2026〕9号"
    living.assert_sound()


def test_what_was_read_is_what_is_approved(editor: Browser, reviewer: Browser) -> None:
    item = editor.living.item_called(FELLING)
    fields = filled(editor.get(f"/office/items/{item}/edit"))
    answer = editor.client.post(
        f"/office/items/{item}/edit",
        data={**fields, "consult_phone": "1", "reason": "x", "do": "save"},
        headers=POST,
    )
    place = answer.headers["location"]
    editor.move(f"{place}/submit")
    refused = reviewer.move(f"{place}/approve", status=412, hash="0" * 64)
    assert refused is not None
    assert "您审阅之后变更单又有改动" in refused.words


def test_rows_are_added_moved_and_removed_without_script(editor: Browser) -> None:
    item = editor.living.item_called(FELLING)
    path = f"/office/items/{item}/edit"
    fields = filled(editor.get(path))

    def press(act: str, **more: Any) -> dict[str, Any]:
        answer = editor.client.post(path, data={**fields, **more, "do": act}, headers=POST)
        assert answer.status_code == 200, answer.text[:2000]
        return filled(Page(answer.text))

    before = fields.get("materials:row", [])
    fields = press("add:materials")
    assert fields["materials:row"][:-1] == before
    new = fields["materials:row"][-1]
    fields = press(f"up:materials/{new}", **{f"materials/{new}/name": "承诺书", "consult_phone": "110"})
    assert fields["consult_phone"] == ["110"]  # what was typed is still there
    answer = editor.client.post(path, data={**fields, "reason": "x", "do": "save"}, headers=POST)
    assert answer.status_code == 303, answer.text[:3000]
    page = editor.get(answer.headers["location"])
    assert "承诺书" in page.words
    gone = press(f"remove:materials/{new}")
    assert gone.get("materials:row", []) == before


def test_a_removed_row_comes_back_as_it_was_typed_without_script(editor: Browser) -> None:
    path = f"/office/items/{editor.living.item_called(FELLING)}/edit"
    shown = editor.get(path)
    fields = filled(shown)
    rows = fields["materials:row"]
    first, *others = rows

    def press(act: str, **more: Any) -> Page:
        answer = editor.client.post(path, data={**fields, **more, "do": act}, headers=POST)
        assert answer.status_code == 200, answer.text[:2000]
        return Page(answer.text)

    typed = {f"materials/{first}/name": ["申请书<b>"], f"materials/{first}/note": ["一\r\n二"]}
    page = press(f"remove:materials/{first}", **typed)
    assert "已删去第 1 行“申请书<b>”，保存之前可以恢复。" in page.words
    fields = filled(page)
    assert fields["materials:row"] == others
    page = press(f"remove:materials/{others[0]}")  # one after the other
    assert page.words.count("保存之前可以恢复") == 2
    assert "materials:none" not in filled(page), "that there are none is for the person to say"
    fields = filled(editor.get(path))  # come back to later: the form was kept
    assert fields["gone"] == [f"0:materials/{first}", f"0:materials/{others[0]}"]
    page = press(f"restore:materials/{others[0]}")
    assert filled(page)["materials:row"] == others
    fields = filled(page)
    page = press(f"restore:materials/{first}")
    fields = filled(page)
    assert fields["materials:row"] == rows
    assert fields[f"materials/{first}/note"] == ["一\r\n二"]
    assert fields[f"materials/{first}/name"] == ["申请书<b>"]
    assert "gone" not in fields
    assert "保存之前可以恢复" not in page.words
    back = {name: value for name, value in filled(shown).items() if name.startswith("materials/")}
    answer = editor.client.post(path, data={**fields, **back, "reason": "x", "do": "save"}, headers=POST)
    assert answer.status_code == 422
    assert "内容没有改动" in answer.text


def test_a_list_within_a_removed_row_comes_back_with_it(editor: Browser) -> None:
    path = f"/office/items/{editor.living.item_called(FELLING)}/edit"
    fields = filled(editor.get(path))

    def press(act: str, **more: Any) -> dict[str, Any]:
        answer = editor.client.post(path, data={**fields, **more, "do": act}, headers=POST)
        assert answer.status_code == 200, answer.text[:2000]
        return filled(Page(answer.text))

    fields = press("add:variants")
    variant = f"variants/{fields['variants:row'][-1]}"
    fields = press(f"add:{variant}/materials", **{f"{variant}/name": ["首次"]})
    material = f"{variant}/materials/{fields[f'{variant}/materials:row'][-1]}"
    fields = press(f"remove:{material}", **{f"{material}/name": ["承诺书"]})
    fields = press(f"remove:{variant}")
    assert variant.split("/")[1] not in fields.get("variants:row", [])
    fields = press(f"restore:{variant}")
    assert fields[f"{variant}/name"] == ["首次"]
    fields = press(f"restore:{material}")
    assert fields[f"{material}/name"] == ["承诺书"]


@pytest.mark.parametrize(
    "marker",
    [
        "x",
        "1:materials",
        "99:materials/none",
        "02:materials/a/b",
        "0:no/m",
        "1:name/x",
        "0:/",
        "-1:materials/m",
    ],
)
def test_a_made_up_marker_of_a_removed_row_does_nothing(editor: Browser, marker: str) -> None:
    path = f"/office/items/{editor.living.item_called(FELLING)}/edit"
    fields = filled(editor.get(path))
    act = f"restore:{marker.partition(':')[2]}"
    answer = editor.client.post(path, data={**fields, "gone": marker, "do": act}, headers=POST)
    assert answer.status_code == 200
    rows = filled(Page(answer.text))["materials:row"]
    assert rows[: len(fields["materials:row"])] == fields["materials:row"]


def test_a_bad_value_is_said_by_its_field_and_nothing_is_lost(editor: Browser) -> None:
    item = editor.living.item_called(FELLING)
    path = f"/office/items/{item}/edit"
    fields = filled(editor.get(path))
    answer = editor.client.post(
        path, data={**fields, "visits": "很多", "consult": "到窗口问", "do": "save"}, headers=POST
    )
    assert answer.status_code == 422
    page = Page(answer.text)
    assert "没有保存" in page.words
    assert 'value="很多"' in page.html
    assert "到窗口问" in page.html


def test_an_organ_is_written_by_name_and_its_change_is_a_transfer(editor: Browser) -> None:
    item = editor.living.item_called(FELLING)
    path = f"/office/items/{item}/edit"
    fields = filled(editor.get(path))
    fields |= {"authority": ["广安市广安区农业农村局"], "reason": ["机构改革"], "do": ["save"]}
    answer = editor.client.post(path, data=fields, headers=POST)
    if answer.status_code != 303:  # the seed may not have this very organ
        assert "广安市广安区农业农村局" in Page(answer.text).words
        pytest.fail(Page(answer.text).words[:500])
    page = editor.get(answer.headers["location"])
    assert "调整实施机关" in page.words


def test_an_item_is_suspended_for_a_time(editor: Browser, reviewer: Browser) -> None:
    item = editor.living.item_called(FELLING)
    page = editor.get(f"/office/items/{item}/end")
    assert "暂停" in page.words
    corrected = next(iter(re.findall(r'<option value="(qdx-\w+)">', page.html)), "")
    assert editor.living.get(f"/rounds/{corrected}").status_code == 200, "published rounds are offered"
    answer = editor.post(
        f"/office/items/{item}/end",
        {
            "from": "2026-10-08",
            "until": "2026-11-08",
            "outcome": "suspend",
            "reason": "系统升级",
            "document/title": "停办公告",
            "words": "暂停受理",
            "corrects": corrected,
        },
    )
    assert answer.status_code == 303, answer.text[:2000]
    place = answer.headers["location"]
    assert f"/office/rounds/{corrected}" in editor.get(place).html
    editor.move(f"{place}/submit")
    (hash_,) = re.findall(r'name="hash" value="([0-9a-f]+)"', reviewer.get(place).html)
    reviewer.move(f"{place}/approve", hash=hash_)
    reviewer.move(f"{place}/publish")
    statuses = [
        editor.living.get(f"/items/{item}", on=on).json()["status"]
        for on in (TODAY, "2026-10-08", "2026-11-08")
    ]
    assert statuses == ["in_force", "suspended", "in_force"]


def test_a_new_item_is_added(editor: Browser) -> None:
    fields = filled(editor.get("/office/items/new"))
    like = editor.living.get("/items", limit=1).json()["items"][0]
    fields |= {"name": ["夜市摊位登记"], "type": ["07"], "authority": [like["authority"]["id"]]}
    fields |= {"region": [like["region"]["id"]], "code": ["SC-1"], "reason": ["新设"], "do": ["save"]}
    fields |= {
        "citations:row": ["k1"],
        "citations/k1/title": ["夜市管理条例"],
        "citations/k1/article": ["第九条"],
    }
    fields |= {"citations/k1/role": ["setting"], "materials:none": ["1"], "materials:shown": ["1"]}
    answer = editor.client.post("/office/items/new", data=fields, headers=POST)
    assert answer.status_code == 303, Page(answer.text).words[:800]
    page = editor.get(answer.headers["location"])
    assert "夜市摊位登记" in page.words
    assert "编码 SC-1" in page.words
    assert "夜市管理条例" in page.words  # what is new is read before it is approved
    assert "第九条" in page.words
    assert "设定依据" in page.words
    assert re.search(r'<th scope="row">申请材料</th>.*?没有提供.*?明确没有', page.html)


def test_text_in_the_office_is_never_markup(editor: Browser) -> None:
    item = editor.living.item_called(FELLING)
    path = f"/office/items/{item}/edit"
    fields = filled(editor.get(path))
    nasty = "<script>alert(1)</script>\"'><svg onload=x>"
    answer = editor.client.post(
        path, data={**fields, "consult": nasty, "title": nasty, "reason": nasty, "do": "save"}, headers=POST
    )
    assert answer.status_code == 303
    page = editor.get(answer.headers["location"])
    assert nasty in page.words


def test_the_auditor_reads_and_takes_the_access_log(editor: Browser) -> None:
    auditor = Browser(editor.living, "shenji", ["audit"])
    editor.get("/office/access-log", status=403)
    editor.post("/office/sign-in", name="=cmd()", password="x")
    page = auditor.get("/office/access-log?event=refused")
    assert "越权被拒" in page.words
    assert "bianji" in page.words
    taken = auditor.client.get("/office/access-log.csv", headers=BROWSER)
    assert taken.headers["content-type"].startswith("text/csv")
    assert ",'=cmd()," in taken.text  # no formula
    assert "查看访问日志" in auditor.get("/office/access-log").words


def test_what_others_published_meanwhile_is_not_undone(editor: Browser) -> None:
    living, item = editor.living, editor.living.item_called(FELLING)
    path = f"/office/items/{item}/edit"
    fields = filled(editor.get(path))
    living.publish({"outcome": "adjust", **set_field(item, "complaint_phone", "12345", TODAY)})
    mine = {**fields, "note": ["我的"], "reason": ["x"], "do": ["save"]}
    answer = editor.client.post(path, data=mine, headers=POST)
    assert answer.status_code == 422
    page = Page(answer.text)
    assert "又有变更发布" in page.words
    again = filled(page)
    assert (again["complaint_phone"], again["note"]) == (["12345"], ["我的"])
    answer = editor.client.post(path, data={**again, "reason": "x", "do": "save"}, headers=POST)
    assert answer.status_code == 303, Page(answer.text).words[:500]
    made = living.client.get(
        f"/api/v1/changesets/{answer.headers['location'].rsplit('/', 1)[1]}", headers=living.headers("editor")
    ).json()
    assert [change["path"] for change in made["decisions"][0]["changes"]] == ["note"]


def test_a_returned_draft_is_taken_up_again(editor: Browser, reviewer: Browser) -> None:
    living, item = editor.living, editor.living.item_called(FELLING)
    path = f"/office/items/{item}/edit"
    fields = {**filled(editor.get(path)), "note": ["一"], "reason": ["x"], "do": ["save"]}
    place = editor.client.post(path, data=fields, headers=POST).headers["location"]
    editor.move(f"{place}/submit")
    back = reviewer.move(f"{place}/return", reason="请写明白")
    assert back is not None
    assert "请写明白" in back.words
    assert "shenhe退回：请写明白" in editor.get(place).words.split("处理决定")[0], "above all else"
    link = editor.get(place).link("重新修改")
    form = filled(editor.get(link))
    assert form["note"] == ["一"]
    answer = editor.client.post(
        link.split("?")[0], data={**form, "note": "二", "reason": "x", "do": "save"}, headers=POST
    )
    assert answer.headers.get("location") == place, Page(answer.text).words[:500]
    assert len(living.rows("SELECT 1 FROM changeset WHERE title LIKE '林木%' AND state = 'draft'")) == 1
    editor.move(f"{place}/submit")


def test_a_comparison_of_what_moved_is_said_in_words(editor: Browser, reviewer: Browser) -> None:
    living, item = editor.living, editor.living.item_called(FELLING)
    path = f"/office/items/{item}/edit"
    fields = {**filled(editor.get(path)), "consult_phone": ["222"], "reason": ["x"], "do": ["save"]}
    place = editor.client.post(path, data=fields, headers=POST).headers["location"]
    editor.move(f"{place}/submit")
    (hash_,) = re.findall(r'name="hash" value="([0-9a-f]+)"', reviewer.get(place).html)
    reviewer.move(f"{place}/approve", hash=hash_)
    living.publish({"outcome": "adjust", **set_field(item, "consult_phone", "111", TODAY)})
    page = reviewer.move(f"{place}/publish", status=412)
    assert page is not None
    assert "现在“111”，您要“222”" in page.words
    assert "登记簿已变，退回" in page.words


def test_reading_what_is_not_public_is_noted(editor: Browser) -> None:
    item = editor.living.item_called(FELLING)
    editor.get(f"/office/items/{item}/edit")
    noted = editor.living.rows("SELECT event, subject FROM access_log ORDER BY id DESC LIMIT 1")
    assert [tuple(row) for row in noted] == [("staff-read", f"/office/items/{item}/edit")]


def test_an_address_with_chinese_in_it_is_gone_on_to(editor: Browser) -> None:
    answer = editor.post(
        "/office/sign-in", name="bianji", password=PHRASE, next="/office/items/中文编码/edit"
    )
    assert (answer.status_code, "%E4%B8%AD" in answer.headers["location"]) == (303, True)


def test_a_report_of_the_public_is_answered(editor: Browser) -> None:
    item = editor.living.item_called(FELLING)
    sent = editor.client.post(
        "/feedback", data={"kind": "wrong", "words": "电话打不通，请更新", "item": item}, headers=POST
    )
    number = sent.headers["location"].rsplit("/", 1)[1]
    assert "群众反馈（1）" in editor.get("/office").words
    page = editor.get("/office/feedback")
    assert "电话打不通，请更新" in page.words
    assert editor.post(f"/office/feedback/{number}", **{f"answer/{number}": " "}).status_code == 422
    given = {f"answer/{number}": "已更新为 0826-2222333"}
    assert editor.post(f"/office/feedback/{number}", **given).status_code == 303
    assert "没有待答复的反馈" in editor.get("/office/feedback").words
    followed = editor.client.get(f"/feedback/{number}", headers=BROWSER)
    assert "已更新为 0826-2222333" in followed.text


# --- checks


def test_the_form_says_what_the_checks_find_while_it_is_filled_in(editor: Browser) -> None:
    item = editor.living.item_called(FELLING)
    path = f"/office/items/{item}/edit"
    fields = filled(editor.get(path))

    def press(act: str, **more: Any) -> Page:
        answer = editor.client.post(path, data={**fields, **more, "do": act}, headers=POST)
        assert answer.status_code == 200, answer.text[:2000]
        return Page(answer.text)

    assert "没有区号" not in press("check").words
    page = press("check", **{"consult_phone": "2222333", "visits": "很多"})
    assert "咨询电话“2222333”没有区号" in page.words  # though another field cannot be read
    assert 'href="#consult_phone"' in page.html
    fields = filled(press("add:materials"))
    new = fields["materials:row"][-1]
    page = press("check", **{f"materials/{new}/name": "其他材料"})
    assert f'href="#materials/{new}/name"' in page.html


def test_findings_are_listed_and_let_stand_with_a_reason(editor: Browser, reviewer: Browser) -> None:
    page = editor.get("/office/checks")
    assert "还没有检查过" in page.words
    page = editor.move("/office/checks/run")
    assert page is not None
    assert re.search(r"最近一次检查：.*看了 [1-9]\d* 个新的或有变动的事项", page.words)
    again = editor.move("/office/checks/run")
    assert again is not None
    assert "没有事项需要重新看" in again.words
    assert "看了 0 个" not in again.words
    code = "not-disclosed"
    page = reviewer.get(f"/office/checks?code={code}")
    assert "按机关" not in page.words, "what is asked for does not stand below a hundred organs"
    grave = reviewer.get("/office/checks?code=no-citation&severity=error").html
    assert "tag late" not in grave.split('id="found"')[1], "one severity leads to its own"
    (subject, *_) = re.findall(r'name="subject" value="([^"]+)"', page.html)
    (path, *_) = re.findall(r'name="path" value="([^"]+)"', page.html)
    back = f"/office/checks?code={code}"
    form = {"subject": subject, "code": code, "path": path, "reason": "省里统一补齐", "back": back}
    assert reviewer.post("/office/checks/exceptions", form | {"reason": ""}).status_code == 422
    page = reviewer.move("/office/checks/exceptions", **form)
    assert page is not None
    places = zip(
        *(re.findall(rf'name="{one}" value="([^"]+)"', page.html) for one in ("subject", "path")), strict=True
    )
    assert (subject, path) not in [*places]
    page = reviewer.get("/office/checks?excepted=1")
    assert "省里统一补齐" in page.words
    (place,) = re.findall(r'action="(/office/checks/exceptions/\d+/end)"', page.html)
    page = reviewer.move(place)
    assert page is not None
    assert "省里统一补齐" not in page.words
    editor.get(f"/office/items/{subject}/edit")
