"""The office says in its own look what went wrong, why something came back, and who has to go on with it."""

from __future__ import annotations

from typing import Any

import pytest
from browsing import Browser, filled
from reading import BROWSER
from seeded import FELLING, TODAY, Living, set_field
from test_office_attaching import PDF, SCRIPT, bring

from app.changes import rows
from app.web.office import desk

EDITION = {
    "kind": "power",
    "on": TODAY,
    "number": "广区府发〔2026〕8号",
    "document": "",
    "issuer": "",
    "title": "",
}


@pytest.fixture
def living(living_sqlite: Living) -> Living:
    return living_sqlite


def prepared(editor: Browser) -> str:
    """Where a list of an authority stands that waits for a second person."""
    item = editor.living.item_called(FELLING)
    authority = editor.living.get(f"/items/{item}").json()["content"]["authority"]
    return str(editor.post("/office/editions", EDITION, authority=authority).headers["location"])


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/office/nothing", 404, "没有找到"),
        ("/office/changesets/nope", 404, "没有编号为 nope 的变更单"),
        ("/office/access-log", 403, "没有权限"),
        ("/office/editions?kind=" + "x" * 21, 422, "请求有误"),
    ],
)
def test_an_error_keeps_the_offices_look_and_a_way_back(
    editor: Browser, path: str, status: int, said: str
) -> None:
    page = editor.get(path, status)
    assert said in page.words
    assert "回到案头" in page.words
    assert "bianji" in page.words
    assert "要办什么事" not in page.words


def test_a_stranger_at_an_address_that_is_not_there_is_shown_where_to_sign_in(living_sqlite: Living) -> None:
    answer = living_sqlite.client.get("/office/nothing", headers=BROWSER)
    assert answer.status_code == 404
    assert 'href="/office/sign-in"' in answer.text
    assert "案头" not in answer.text


def test_the_desk_says_why_a_changeset_came_back(editor: Browser, living_sqlite: Living) -> None:
    reviewer = Browser(living_sqlite, "shenhe", ["review"])
    path = f"/office/items/{living_sqlite.item_called(FELLING)}/edit"
    form = filled(editor.get(path)) | {"consult_phone": "0826-1", "reason": "换号", "do": "save"}
    made = editor.post(path, form).headers["location"]
    editor.move(f"{made}/submit")
    reviewer.move(f"{made}/return", reason="请写明分机号")
    assert "已退回请写明分机号" in editor.get("/office").words


def test_what_waits_longest_is_on_the_desk_however_much_of_others_waits(
    living: Living, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "MOST", 2)
    monkeypatch.setattr(rows, "AT_ONCE", 2)
    items = living.rows(
        "SELECT min(subject_id), authority FROM timeline WHERE kind = 'item' AND status = 'in_force'"
        f" AND valid_from <= '{TODAY}' AND valid_to > '{TODAY}' GROUP BY authority ORDER BY authority"
    )
    (own, organ), (others, _) = items[:2]

    def submitted(item: str, title: str, minute: int) -> str:
        clock.set(f"2026-09-28T12:{minute:02}:00")
        asked = {"title": title, "reason": "改", "decisions": [set_field(item, "note", title)]}
        made = living.post("editor", "/changesets", asked).json()["id"]
        assert living.post("editor", f"/changesets/{made}/submit").status_code == 200
        return made

    first = submitted(own, "最早的", 1)
    for minute in range(2, 7):
        submitted(others, f"别的机关{minute}", minute)
    department = Browser(living, "benju", ["review", "publish"], authority=organ)
    assert "等我审核（1）" in department.get("/office").words
    assert "最早的" in department.get("/office").words
    reviewer = Browser(living, "shenhe", ["review"])
    words = reviewer.get("/office").words
    assert "等我审核（2 以上）" in words
    assert words.index("最早的") < words.index("别的机关2")
    assert "别的机关3" not in words
    assert living.post("reviewer", f"/changesets/{first}/approve").status_code == 200
    assert "最早的" in department.get("/office").words.partition("等我发布（1）")[2]


def test_lists_outside_the_scope_do_not_wait_on_the_desk(editor: Browser, living_sqlite: Living) -> None:
    place = prepared(editor)
    query = "SELECT min(subject_id) FROM timeline WHERE kind = 'authority' AND name LIKE '%自然资源%'"
    elsewhere = Browser(living_sqlite, "bieshen", ["review"], authority=living_sqlite.rows(query)[0][0])
    everywhere = Browser(living_sqlite, "shenhe", ["review"])
    waits = "清单，等您批准、签发或重新准备"
    assert waits in everywhere.get("/office").words
    assert waits not in elsewhere.get("/office").words
    assert "批准这一份" in everywhere.get(place).words
    assert "批准这一份" not in elsewhere.get(place).words


def test_whoever_prepares_a_list_is_told_that_another_approves_it(
    editor: Browser, living_sqlite: Living
) -> None:
    place = prepared(editor)
    assert "须由另一位有审核权限的人批准" in editor.get(place).words
    reviewer = Browser(living_sqlite, "shenhe", ["review"])
    assert "须由另一位" not in reviewer.get(place).words
    reviewer.move(f"{place}/approve", hash=living_sqlite.rows("SELECT content FROM edition_draft")[-1][0])
    assert "等待有发布权限的人签发" in editor.get(place).words


def test_the_same_bytes_again_are_answered_with_the_name_now_given(
    editor: Browser, living_sqlite: Living
) -> None:
    other = Browser(living_sqlite, "tongshi", ["edit"])
    for who, name in ((editor, "内部会议纪要.pdf"), (other, "申请表.pdf")):
        assert bring(who, name, PDF, SCRIPT).json()["name"] == name
    where = {"name": "通知.pdf"}
    headers = living_sqlite.headers("editor", **{"Content-Type": "application/pdf"})
    answer = living_sqlite.client.post("/api/v1/files", params=where, content=PDF, headers=headers)
    assert (answer.status_code, answer.json()["name"]) == (201, "通知.pdf")


def test_taking_a_decision_out_is_said_in_words(living_sqlite: Living) -> None:
    item = living_sqlite.item_called(FELLING)
    act = living_sqlite.rows(f"SELECT max(act) FROM decision WHERE subject_id = '{item}'")[0][0]
    void = {"outcome": "void", "act": act, "ground": "error", "reason": "录错了事项"}
    made = living_sqlite.post("editor", "/changesets", {"title": "撤出误录", "decisions": [void]}).json()[
        "id"
    ]
    page = Browser(living_sqlite, "shenhe", ["review"]).get(f"/office/changesets/{made}")
    assert f"撤除 登记序号 {act} 的决定（误录）" in page.words
    assert "void " not in page.words


def test_a_key_that_cannot_be_scanned_is_typed_in_groups_of_four(
    editor: Browser, living_sqlite: Living
) -> None:
    page = editor.move("/office/account/totp", status=200, do="begin")
    assert page is not None
    secret = living_sqlite.rows("SELECT totp_secret FROM credential WHERE totp_secret IS NOT NULL")[0][0]
    groups = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    assert f"<code>{groups}</code>" in page.html
    assert "otpauth:" not in page.html
