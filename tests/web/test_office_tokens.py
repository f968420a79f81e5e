"""Tokens in the office: one's own made with the password, shown once and revoked; an administrator sees what others'
may do and revokes them, and never sees one."""

from __future__ import annotations

import re
from typing import Any

import pytest
from browsing import PHRASE, POST, Browser
from seeded import Living
from test_office_doors import number_of

PLACE = "/office/account/tokens"


def asking(label: str = "审批系统", *scopes: str, **more: Any) -> dict[str, Any]:
    return {"label": label, "scope": [*scopes], "days": "90", "password": PHRASE} | more


def made(person: Browser, *scopes: str, label: str = "审批系统") -> str:
    """The text of a new token."""
    answer = person.client.post(PLACE, data=asking(label, *scopes), headers=POST)
    assert answer.status_code == 200, answer.text[:2000]
    assert "no-store" in answer.headers["cache-control"]
    (text,) = re.findall(r'<input id="token" class="code" value="(qdt_[^"]+)"', answer.text)
    assert f"TOKEN='{text}'" in answer.text
    return str(text)


def status(living: Living, token: str, path: str = "/changesets") -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return int(living.client.get(f"/api/v1{path}", headers=headers).status_code)


def events(living: Living, name: str) -> list[tuple[Any, ...]]:
    """(event, address, note) of an account's tokens and of what it was refused, in their order."""
    return living.rows(
        "SELECT event, address, note FROM access_log WHERE (event LIKE 'token%' OR event LIKE '%refused')"
        f" AND account = {number_of(living, name)} ORDER BY id"
    )


def test_a_token_is_made_with_the_password_shown_once_used_and_revoked(living: Living) -> None:
    editor = Browser(living, "bianji", ["edit", "review"])
    page = editor.get("/office/account")
    assert "没有有效的令牌" in page.words
    assert re.findall(r'name="scope" value="(\w+)"', page.html) == ["edit", "review", "subscribe"]
    token = made(editor, "edit")
    assert status(living, token) == 200
    page = editor.get("/office/account")
    assert token not in page.html
    assert "审批系统" in page.words
    assert "没有用过" not in page.words
    (number,) = re.findall(r'name="revoke" value="(\d+)"', page.html)
    editor.move(PLACE, revoke=number)
    assert status(living, token) == 401
    gone = editor.get("/office/account")
    assert "没有有效的令牌" in gone.words
    assert "已撤销和到期的（1）" in gone.words
    editor.move(PLACE, 404, revoke=number)
    address, note = "testclient", f"{number} 号 审批系统"
    assert events(living, "bianji") == [
        ("token-issued", address, note),
        ("tokens-revoked", address, note),
        ("token-refused", address, None),
    ]


def test_a_token_may_no_more_than_its_account(living: Living) -> None:
    editor = Browser(living, "bianji", ["edit"])
    refused = editor.client.post(PLACE, data=asking("发布", "publish"), headers=POST)
    assert refused.status_code == 403
    assert "没有“发布”权限，令牌也不能有" in refused.text
    assert 'value="发布"' in refused.text, "what was typed stays"
    assert PHRASE not in refused.text
    token, reading = made(editor, "edit"), made(editor, label="只读")
    clerk = Browser(living, "guanli", ["administer"])
    assert (status(living, token), status(living, reading)) == (200, 403)
    clerk.move(f"/office/accounts/{number_of(living, 'bianji')}", do="rights", right="review")
    assert status(living, token) == 403, "the right it was confined to is gone"
    assert "账号已没有的：编辑" in editor.get("/office/account").words
    assert ("refused", "testclient", "missing-right") in events(living, "bianji")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"password": "wrong"}, "密码不对，没有签发令牌"),
        ({"password": ""}, "密码不对"),
        ({"label": " "}, "请写明令牌的用途"),
        ({"label": "长" * 101}, "请写明令牌的用途"),
        ({"days": "36500"}, "请选择令牌用到什么时候"),
        ({"days": ""}, "请选择令牌用到什么时候"),
        ({"scope": ["rule"]}, "没有“rule”这种权限"),
    ],
)
def test_what_is_refused_makes_no_token(living_sqlite: Living, fields: dict[str, Any], said: str) -> None:
    editor = Browser(living_sqlite, "bianji", ["edit"])
    answer = editor.client.post(PLACE, data=asking() | fields, headers=POST)
    assert answer.status_code == 422
    assert said in answer.text
    own = number_of(living_sqlite, "bianji")
    assert living_sqlite.rows(f"SELECT count(*) FROM token WHERE account_id = {own}") == [(0,)]
    noted = [event for event, *_ in events(living_sqlite, "bianji")]
    assert noted == (["password-refused"] if "password" in fields else [])


def test_a_page_that_is_sent_again_makes_no_second_token(living_sqlite: Living) -> None:
    editor = Browser(living_sqlite, "bianji", ["edit"])
    made(editor)
    again = editor.client.post(PLACE, data=asking(), headers=POST)
    assert again.status_code == 409
    assert "已经有一个" in again.text
    assert 'id="token"' not in again.text


def test_an_account_has_so_many_good_tokens(living_sqlite: Living) -> None:
    editor = Browser(living_sqlite, "bianji", ["edit"])
    own = number_of(living_sqlite, "bianji")
    with living_sqlite.database.writing() as session:
        for at in range(20):
            session.connection().exec_driver_sql(
                "INSERT INTO token (account_id, label, hash, created_at, expires_at) VALUES"
                f" ({own}, '第{at}', 'h{at}', 0, {'1' if at == 0 else 'NULL'})"
            )
    made(editor)
    answer = editor.client.post(PLACE, data=asking("再一个"), headers=POST)
    assert answer.status_code == 409
    assert "已经有 20 个有效的令牌" in answer.text


def test_who_has_no_password_makes_one_soon_after_signing_in(living_sqlite: Living, clock: Any) -> None:
    editor = Browser(living_sqlite, "bianji", ["edit"])
    with living_sqlite.database.writing() as session:
        session.connection().exec_driver_sql("DELETE FROM credential")
    assert "10 分钟之内" in editor.get("/office/account").words
    assert "qdt_" in editor.client.post(PLACE, data=asking(), headers=POST).text
    clock.step(600_000_001)
    late = editor.client.post(PLACE, data=asking("晚了"), headers=POST)
    assert late.status_code == 403
    assert "请退出，重新登录" in late.text


def test_nobody_revokes_anothers_and_nobody_makes_one_before_the_password_is_changed(
    living_sqlite: Living,
) -> None:
    editor, other = Browser(living_sqlite, "bianji", ["edit"]), Browser(living_sqlite, "linju", ["edit"])
    token = made(editor, "edit")
    number = living_sqlite.rows("SELECT max(id) FROM token")[0][0]
    other.move(PLACE, 404, revoke=str(number))
    assert status(living_sqlite, token) == 200
    with living_sqlite.database.writing() as session:
        session.connection().exec_driver_sql("UPDATE credential SET changed_at = 0")
    assert "qdt_" not in editor.client.post(PLACE, data=asking("又一个"), headers=POST).text


def test_an_administrator_sees_and_revokes_tokens_and_never_their_text(living_sqlite: Living) -> None:
    living = living_sqlite
    editor, clerk = Browser(living, "bianji", ["edit"]), Browser(living, "guanli", ["administer"])
    first, second, third = (made(editor, "edit", label=f"系统{at}") for at in "一二三")
    own = made(clerk, label="巡检")
    page = clerk.get("/office/accounts")
    assert all(token not in page.html for token in (first, second, third, own))
    number = number_of(living, "bianji")
    article = page.html[page.html.index(f'id="account-{number}"') :].split("</article>")[0]
    assert "系统二" in article
    (revoked,) = re.findall(r'name="token" value="(\d+)"(?:(?!<tr>).)*系统二', article, re.S)
    place = f"/office/accounts/{number}"
    clerk.move(place, do="token", token=revoked)
    assert [status(living, one) for one in (first, second, third)] == [200, 401, 200]
    clerk.move(place, 404, do="token", token=revoked)
    mine = living.rows("SELECT max(id) FROM token")[0][0]
    clerk.move(place, 404, do="token", token=str(mine))
    assert status(living, own, "/items") == 200
    clerk.move(place, do="tokens")
    assert [status(living, one) for one in (first, second, third)] == [401, 401, 401]
    noted = living.rows("SELECT note FROM access_log WHERE event = 'account-managed' ORDER BY id")
    assert [row[0] for row in noted] == ["token", "tokens"]


def test_the_tokens_of_a_locked_account_do_nothing(living: Living) -> None:
    editor, clerk = Browser(living, "bianji", ["edit"]), Browser(living, "guanli", ["administer"])
    token, reading = made(editor, "edit"), made(editor, label="只读")
    place = f"/office/accounts/{number_of(living, 'bianji')}"
    assert living.registry.is_good_token(reading)
    clerk.move(place, do="lock", reason="离岗")
    draft = {"title": "换号", "decisions": []}
    for one in (token, reading):
        headers = {"Authorization": f"Bearer {one}"}
        assert status(living, one) == 401
        assert living.client.post("/api/v1/changesets", json=draft, headers=headers).status_code == 401
        assert living.client.get("/api/v1/webhooks", headers=headers).status_code == 401
        assert not living.registry.is_good_token(one), "not the higher limit either"
    assert "令牌现在都不能用" in clerk.get("/office/accounts").words
    clerk.move(place, do="unlock", reason="回岗")
    assert status(living, token) == 200


def test_password_forms_say_whose_password_it_is(living_sqlite: Living) -> None:
    editor, clerk = (
        Browser(living_sqlite, "bianji", ["edit"]),
        Browser(living_sqlite, "guanli", ["administer"]),
    )
    for html in (editor.get("/office/account").html, clerk.get("/office/accounts").html):
        forms = re.findall(r"<form .*?</form>", html, re.S)
        asked = [one for one in forms if 'type="password"' in one]
        assert asked
        assert all(one.count('autocomplete="username"') == 1 for one in asked)
    reset = [one for one in asked if 'value="password"' in one]
    assert any('value="bianji" autocomplete="username"' in one for one in reset)
