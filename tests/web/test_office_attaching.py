"""What the item form takes from elsewhere: files by fingerprint, articles of instruments; and where it goes on."""

from __future__ import annotations

import re
from typing import Any

import pytest
from browsing import POST, Browser, filled
from reading import BROWSER, Page
from seeded import FELLING, Living

from app.web.office.doors.visiting import Posted
from app.web.office.forms import row_buttons
from app.web.office.forms.citing import text_of
from app.web.office.forms.fields import item_fields

PDF = b"%PDF-1.7 \xe8\xa1\xa8"
SCRIPT = {**POST, "Accept": "application/json"}
LAW = {
    "title": "夜市管理条例",
    "rank": "local_regulation",
    "articles": [
        {"key": "a9", "number": "第九条", "text": "设立夜市应当登记。"},
        {"key": "a9-1", "number": "第九条之一", "text": "登记不收费。"},
    ],
}
ENACT = {
    "kind": "instrument",
    "outcome": "enact",
    "effective_from": "2020-01-01",
    "ref": "law",
    "content": LAW,
}


@pytest.fixture
def living(living_sqlite: Living) -> Living:
    return living_sqlite


def bring(editor: Browser, name: str, body: bytes, headers: dict[str, str] = POST) -> Any:
    return editor.client.post("/office/files", files={"file": (name, body)}, headers=headers)


def saved(editor: Browser, path: str, fields: dict[str, Any], status: int = 303) -> Any:
    answer = editor.client.post(path, data={**fields, "reason": ["x"], "do": ["save"]}, headers=POST)
    assert answer.status_code == status, Page(answer.text).words[:800]
    return answer


def test_a_blank_form_is_uploaded_named_and_replaced_by_naming_another(editor: Browser) -> None:
    living, item = editor.living, editor.living.item_called(FELLING)
    page = Page(bring(editor, "空白表.pdf", PDF).text)
    assert "已存入：空白表.pdf" in page.words
    digest = re.search(r"文件指纹 ([0-9a-f]{64})", page.words)[1]  # type: ignore[index]
    assert f'<a href="/office/files/{digest}">空白表.pdf</a>' in page.html
    assert living.client.get(f"/api/v1/files/{digest}").status_code == 404, "nothing public names it yet"
    assert editor.client.get(f"/office/files/{digest}").content == PDF
    again = bring(editor, "同一份.pdf", PDF, SCRIPT).json()
    assert (again["digest"], again["name"]) == (digest, "同一份.pdf"), "the same bytes are one file"
    path = f"/office/items/{item}/edit"
    fields = filled(editor.get(path))
    field = next(name for name in fields if name.endswith("/blank_form"))
    refused = Page(saved(editor, path, {**fields, field: ["0" * 64]}, 422).text)
    assert "没有这份附件" in refused.words
    place = saved(editor, path, {**fields, field: [digest]}).headers["location"]
    assert f'<a href="/office/files/{digest}">空白表.pdf</a>' in editor.get(place).html, (
        "for whoever reviews it"
    )
    for who, move in (("editor", "submit"), ("reviewer", "approve"), ("publisher", "publish")):
        answer = living.post(who, f"/changesets/{place.rsplit('/', 1)[1]}/{move}")
        assert answer.status_code == 200, answer.text
    materials = living.get(f"/items/{item}").json()["content"]["materials"]
    assert digest in {one.get("blank_form") for one in materials}
    form = editor.get(path)
    assert f'<a href="/office/files/{digest}">空白表.pdf</a>' in form.html
    newer = bring(editor, "空白表.pdf", PDF + b"2", SCRIPT).json()["digest"]
    assert newer != digest
    assert living.client.get(f"/api/v1/files/{digest}").content == PDF


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("表.pdf", b"<html><script>", "和它的类型不符"),
        ("表.png", PDF, "和它的类型不符"),
        ("表.txt", b"a\0b", "和它的类型不符"),
        ("表.html", b"<p>", "不接受"),
        ("表.exe", b"MZ", "不接受"),
        ("表", PDF, "不接受"),
        ("表.pdf", b"", "空的"),
    ],
)
def test_what_is_no_attachment_is_refused(editor: Browser, name: str, body: bytes, said: str) -> None:
    answer = bring(editor, name, body)
    assert answer.status_code == 422
    assert said in Page(answer.text).words
    assert said in bring(editor, name, body, SCRIPT).json()["said"]
    assert editor.living.rows("SELECT count(*) FROM stored_file")[0][0] == 0


def test_a_file_that_is_too_large_is_refused(editor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editor.living.settings, "max_upload_mb", 1)
    answer = bring(editor, "大.pdf", PDF + b"0" * 2**20)
    assert answer.status_code == 422
    assert "超过 1 MB" in Page(answer.text).words


def test_the_names_of_files_are_for_those_without_a_narrower_scope(editor: Browser) -> None:
    bring(editor, "草案.pdf", PDF)
    assert "草案.pdf" in editor.get("/office/files").words
    (authority,) = editor.living.rows("SELECT authority FROM timeline WHERE kind = 'item' LIMIT 1")
    other = Browser(editor.living, "bieju", ["edit"], authority=authority[0])
    assert "草案.pdf" not in other.get("/office/files").words


def test_the_office_hands_out_files_to_whoever_may_read_them(editor: Browser) -> None:
    living = editor.living
    digest = bring(editor, "草案.pdf", PDF, SCRIPT).json()["digest"]
    ((authority,),) = living.rows("SELECT max(authority) FROM timeline WHERE kind = 'item'")
    other = Browser(living, "bieju", ["edit"], authority=authority)
    path = f"/office/files/{digest}"
    answer = editor.client.get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-store")
    assert "attachment" in answer.headers["content-disposition"]
    assert "没有这份附件" in other.get(path, 404).words
    assert "没有这份附件" in other.get(f"/office/files/{'0' * 64}", 404).words
    assert living.client.get(path).headers["location"].startswith("/office/sign-in")
    item = living.rows(f"SELECT subject_id FROM timeline WHERE kind = 'item' AND authority = '{authority}'")[
        0
    ][0]
    form = filled(other.get(f"/office/items/{item}/edit"))
    form |= {"files:row": ["+1"], "files:shown": ["1"], "files/+1/digest": [digest], "files/+1/name": ["x"]}
    answer = other.client.post(f"/office/items/{item}/edit", data={**form, "do": ["check"]}, headers=POST)
    assert digest in answer.text
    assert "草案.pdf" not in answer.text, "nor is its name told"
    noted = living.rows(f"SELECT count(*) FROM access_log WHERE event = 'staff-read' AND subject = '{path}'")
    assert noted[0][0] == 2


def test_the_picker_completes_the_instrument_and_shows_the_article(editor: Browser) -> None:
    living = editor.living
    living.publish(ENACT | {"timing": "late_entry", "reason": "补录"})

    def pick(**asked: str) -> Any:
        return editor.client.get("/office/citation", params=asked, headers=BROWSER).json()

    begun = pick(law="夜市")
    assert (begun["laws"], begun["id"]) == (["夜市管理条例"], None)
    named = pick(law="《夜市管理条例》", article="第九条第一款")
    assert named["articles"] == ["第九条", "第九条之一"]
    assert named["text"] == "设立夜市应当登记。"
    assert pick(law=named["id"], article="第九条之一")["text"] == "登记不收费。"
    assert pick(law=named["id"], article="第9条")["text"] == "设立夜市应当登记。"
    assert pick(law=named["id"], article="第十条")["text"] is None
    assert pick(law="夜市管理条例", **{"from": "2019-01-01"})["id"] is None
    assert pick(law="没有的")["laws"] == []
    fields = filled(editor.get("/office/items/new"))
    fields |= {"citations:row": ["+1"], "citations:shown": ["1"], "citations/+1/instrument": ["夜市管理条例"]}
    fields |= {"citations/+1/article": ["第九条"], "do": ["check"]}
    answer = editor.client.post("/office/items/new", data=fields, headers=POST)
    assert "设立夜市应当登记。" in Page(answer.text).words, "without script, as the form is checked"


@pytest.mark.parametrize(
    ("asked", "text"),
    [("第十二条", "甲"), ("第十二条之一第二款", "乙"), ("第１２条", "甲"), ("第一条", None)],
)
def test_an_article_is_found_as_it_is_written(asked: str, text: str | None) -> None:
    held = [{"number": "第十二条", "text": "甲"}, {"number": "第十二条之一", "text": "乙"}]
    assert text_of({"articles": held}, asked) == text


def test_a_button_leads_on_to_where_one_types(editor: Browser) -> None:
    path = f"/office/items/{editor.living.item_called(FELLING)}/edit"
    fields = filled(editor.get(path))

    def focused(act: str) -> str:
        page = editor.client.post(path, data={**fields, "do": [act]}, headers=POST).text
        (found,) = re.findall(r"<\w+ ([^>]*) autofocus", page)
        return str(found)

    assert re.search(r'name="materials/\+\w+/name"', focused("add:materials"))
    first, second, *_ = fields["materials:row"]
    assert len(fields["materials:row"]) == 2
    assert f'value="down:materials/{second}"' in focused(f"up:materials/{second}"), "it can go no further up"
    assert f'value="up:materials/{first}"' in focused(f"down:materials/{first}")
    assert f'value="restore:materials/{first}"' in focused(f"remove:materials/{first}")


def test_where_one_goes_on_in_a_list_of_a_list() -> None:
    made = row_buttons.acted(
        {"variants": [{"key": "v"}]}, Posted([]), tuple(item_fields()), "add:variants/v/steps", {}
    )[0]
    assert row_buttons.focus(made, tuple(item_fields()), "add:variants/v/steps").startswith(
        "variants/v/steps/+"
    )
    assert row_buttons.focus({}, tuple(item_fields()), "save") == ""
