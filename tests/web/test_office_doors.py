"""Doors of the office: signing in and going on where one was, one's own sessions, accounts that others manage."""

from __future__ import annotations

import re
from typing import Any

import pyotp
import pytest
from browsing import PHRASE, POST, Browser, filled
from fastapi.testclient import TestClient
from reading import BROWSER, Page, assert_safe
from seeded import FELLING, Living
from test_office_hidden import hidden_item
from test_office_rooms import carried

from app.auth.accounts import change_account, find_account
from app.web.office.doors.visiting import own_address

GIVEN, OWN = "seven grey geese flew", "eight white geese flew"


@pytest.fixture
def clerk(living_sqlite: Living) -> Browser:
    return Browser(living_sqlite, "guanli", ["administer"])


def number_of(living: Living, name: str) -> int:
    return int(living.rows(f"SELECT id FROM account WHERE name = '{name}'")[0][0])


def stranger(living: Living) -> TestClient:
    return TestClient(living.client.app, base_url="http://127.0.0.1", follow_redirects=False)


def paired(person: Browser, clock: Any) -> str:
    """With an authenticator; its secret."""
    shown = person.post("/office/account/totp", do="begin")
    secret = re.findall(r"<code>([A-Z2-7 ]+)</code>", shown.text)[0].replace(" ", "")
    wrong = person.post("/office/account/totp", do="confirm", code="000000")
    assert wrong.status_code == 422
    assert secret in wrong.text.replace(" ", ""), "a wrong code takes the secret away from nobody"
    assert '<svg class="qr"' in wrong.text
    code = pyotp.TOTP(secret).generate_otp(clock.now // 30_000_000)
    assert person.post("/office/account/totp", do="confirm", code=code).status_code == 303
    return secret


def test_who_gives_a_code_goes_on_where_he_wanted_to(living_sqlite: Living, clock: Any) -> None:
    secret = paired(Browser(living_sqlite, "bianji", ["edit"]), clock)
    clock.step(60_000_000)
    browser, wanted = stranger(living_sqlite), "/office/changesets?state=draft"
    form = {"name": "bianji", "password": PHRASE, "next": wanted}
    browser.post("/office/sign-in", data=form, headers=POST)
    place = browser.get(wanted, headers=BROWSER).headers["location"]
    assert place == "/office/code?next=/office/changesets%3Fstate%3Ddraft"
    (onward,) = carried(browser.get(place, headers=BROWSER).text, 'action="/office/code"')["next"]
    wrong = browser.post("/office/code", data={"code": "1", "next": onward}, headers=POST)
    (onward,) = carried(wrong.text, 'action="/office/code"')["next"]
    code = pyotp.TOTP(secret).generate_otp(clock.now // 30_000_000)
    done = browser.post("/office/code", data={"code": code, "next": onward}, headers=POST)
    assert (done.status_code, done.headers["location"]) == (303, wanted)
    away = browser.post(
        "/office/code", data={"code": code, "next": "https://evil.example/office"}, headers=POST
    )
    assert "evil" not in away.headers.get("location", "") + away.text


def test_an_address_too_long_to_go_on_to_keeps_nobody_from_signing_in(living_sqlite: Living) -> None:
    browser = stranger(living_sqlite)
    for long, onward in ((484, True), (485, False)):  # with the address before it 500 and 501
        wanted = "/office/items?q=" + "a" * long
        place = browser.get(wanted, headers=BROWSER).headers["location"]
        page = browser.get(place, headers=BROWSER)
        assert page.status_code == 200
        assert (f'value="{wanted}"' in page.text) == onward


def test_a_password_that_an_administrator_set_is_changed_first(clerk: Browser) -> None:
    living = clerk.living
    form = {"name": "xinren", "password": GIVEN, "right": "edit"}
    added = clerk.post("/office/accounts", form)
    number = number_of(living, "xinren")
    assert added.headers["location"] == f"/office/accounts?number={number}#account-{number}"
    browser = stranger(living)
    signed = browser.post(
        "/office/sign-in", data={"name": "xinren", "password": GIVEN, "next": "/office/items"}, headers=POST
    )
    place = browser.get(signed.headers["location"], headers=BROWSER).headers["location"]
    assert place == "/office/account?next=/office/items"
    page = browser.get(place, headers=BROWSER)
    assert "现在的密码是管理员设的" in page.text
    change = {"old": GIVEN, "new": OWN, "again": OWN, "next": "/office/items"}
    same = browser.post(
        "/office/account/password", data=change | {"new": GIVEN, "again": GIVEN}, headers=POST
    )
    assert "不能与管理员设的一样" in same.text
    done = browser.post("/office/account/password", data=change, headers=POST)
    assert done.headers["location"] == "/office/sign-in?over=2&next=/office/items"
    assert "密码已改，请用新密码登录" in browser.get(done.headers["location"], headers=BROWSER).text
    browser.post("/office/sign-in", data={"name": "xinren", "password": OWN}, headers=POST)
    assert browser.get("/office/items", headers=BROWSER).status_code == 200
    assert clerk.post(f"/office/accounts/{number}", {"do": "password", "password": GIVEN}).status_code == 303
    assert browser.get("/office/items", headers=BROWSER).status_code == 303


def test_own_sessions_are_ended_one_by_one(living_sqlite: Living) -> None:
    here = Browser(living_sqlite, "bianji", ["edit"])
    others = [stranger(living_sqlite) for _ in range(2)]
    for one in others:
        one.post("/office/sign-in", data={"name": "bianji", "password": PHRASE}, headers=POST)
    page = here.get("/office/account")
    numbers = re.findall(r'name="session" value="(\d+)"', page.html)
    assert len(numbers) == 2, "not this one"
    first = min(numbers, key=int)
    here.move("/office/account/sessions", session=first)
    assert [one.get("/office", headers=BROWSER).status_code for one in others] == [303, 200]
    for number in (first, "99999", "x"):
        assert "已经退出" in (here.move("/office/account/sessions", 422, session=number) or page).words
    neighbour = Browser(living_sqlite, "linju", ["edit"])
    neighbour.move("/office/account/sessions", 422, session=max(numbers, key=int))
    assert others[1].get("/office", headers=BROWSER).status_code == 200


def test_a_right_that_is_taken_meanwhile_takes_nothing_that_was_typed(living_sqlite: Living) -> None:
    living, editor = living_sqlite, Browser(living_sqlite, "bianji", ["edit"])
    path = f"/office/items/{living.item_called(FELLING)}/edit"
    fields = filled(editor.get(path)) | {
        "consult_phone": ["0826-1112223"],
        "reason": ["换号"],
        "do": ["save"],
    }

    def given(*rights: str) -> None:
        with living.database.writing() as session:
            change_account(session, find_account(session, "bianji"), rights=[*rights])

    given("review")
    refused = editor.client.post(path, data=fields, headers=POST)
    assert refused.status_code == 403
    words = Page(refused.text).words
    assert "没有“编辑”权限" in words
    assert "填的内容还在这一页里" in words
    kept = carried(refused.text, f'action="{path}"')
    as_script = {**POST, "Accept": "application/json"}
    told = editor.client.post(path, data=fields | {"do": ["keep"]}, headers=as_script)
    assert (told.status_code, told.json()["code"]) == (403, "missing-right")
    given("edit")
    saved = editor.client.post(path, data=kept, headers=POST)
    assert saved.status_code == 303, Page(saved.text).words[:500]
    assert "0826-1112223" in editor.get(saved.headers["location"]).words


def test_a_change_that_is_refused_stays_with_its_account(clerk: Browser) -> None:
    number = number_of(clerk.living, "editor")
    place, added = f"/office/accounts/{number}", 'action="/office/accounts" method'
    organ = clerk.living.rows("SELECT id FROM subject WHERE kind = 'authority' LIMIT 1")[0][0]
    for typed, status in (("没有这里", 404), ("qdr-99999999", 404), (organ, 422)):
        form = {"do": "rights", "right": "review", "region": typed}
        page = clerk.move(place, status, **form)
        assert page is not None
        own = page.html[page.html.index(f'id="account-{number}"') :].split("</article>")[0]
        assert f'name="region" value="{typed}"' in own
        assert 'value="review" checked' in own
        assert "<details open>" in own
        first = page.html[page.html.index(added) :].split("</form>")[0]
        assert typed not in first
        assert "checked" not in first
    assert clerk.living.rows(f"SELECT region FROM account WHERE id = {number}") == [(None,)]


def test_an_account_gets_another_name_and_the_log_says_so(clerk: Browser) -> None:
    place = f"/office/accounts/{number_of(clerk.living, 'editor')}"
    clerk.move(place, 422, do="name", display_name="editor")
    page = clerk.move(place, do="name", display_name="周编辑")
    assert page is not None
    assert "周编辑" in page.words
    noted = clerk.living.rows("SELECT note FROM access_log WHERE event = 'account-renamed'")
    assert [row[0].endswith(" → 周编辑") for row in noted] == [True]


def test_a_session_in_use_goes_on_however_short_its_idle_limit_is(living_sqlite: Living, clock: Any) -> None:
    editor = Browser(living_sqlite, "bianji", ["edit"])
    living_sqlite.registry.settings.session_idle_minutes = 1
    for _ in range(4):
        clock.step(59_000_000)
        editor.get("/office/account")
    clock.step(60_000_000)
    assert "over=1" in editor.client.get("/office/account", headers=BROWSER).headers["location"]


def test_a_post_from_elsewhere_is_in_the_access_log(living_sqlite: Living) -> None:
    editor = Browser(living_sqlite, "bianji", ["edit"])
    answer = editor.client.post("/office/sign-out", headers={**BROWSER, "Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    living_sqlite.registry.noting.flush()
    noted = living_sqlite.rows("SELECT subject, note FROM access_log WHERE event = 'refused'")
    assert noted == [("/office/sign-out", "cross-site")]


def test_what_waits_of_an_account_says_that_its_password_does_not(clerk: Browser) -> None:
    with clerk.living.database.writing() as session:
        session.connection().exec_driver_sql("UPDATE signed_in SET seen_at = 0")
    form = {"name": "xinren", "password": GIVEN}
    waiting = clerk.post("/office/accounts", form)
    kept = carried(waiting.text, 'action="/office/sign-in"') | {"name": "guanli", "password": PHRASE}
    page = clerk.client.post("/office/sign-in", data=kept, headers=POST).text
    assert "密码和验证码不会带着走" in page
    assert GIVEN not in page


def test_a_scope_that_is_taken_in_the_middle_of_an_edit_takes_nothing_that_was_typed(
    living_sqlite: Living,
) -> None:
    living, editor = living_sqlite, Browser(living_sqlite, "bianji", ["edit"])
    item = hidden_item(living)
    path = f"/office/items/{item}/edit"
    fields = filled(editor.get(path)) | {"note": ["写到一半"], "reason": ["换号"], "do": ["save"]}
    (organ,) = living.rows(
        "SELECT DISTINCT authority FROM timeline WHERE kind = 'item' AND authority IS NOT NULL"
        f" AND authority NOT IN (SELECT authority FROM timeline WHERE subject_id = '{item}') LIMIT 1"
    )

    def manages(authority: str | None) -> None:
        with living.database.writing() as session:
            change_account(session, find_account(session, "bianji"), scope=(None, authority))

    manages(organ[0])
    refused = editor.client.post(path, data=fields, headers=POST)
    assert refused.status_code == 404
    page = Page(refused.text)
    assert_safe(page)
    assert "填的内容还在这一页里" in page.words
    assert "写到一半" in page.words, "it can be copied"
    assert page.link("回到案头") == "/office"
    kept = carried(refused.text, f'action="{path}"')
    manages(None)
    assert editor.client.post(path, data=kept, headers=POST).status_code == 303


def test_what_is_wrong_with_a_form_that_no_page_shows_again_gives_it_back(living_sqlite: Living) -> None:
    editor = Browser(living_sqlite, "bianji", ["edit"])
    path = f"/office/items/{living_sqlite.item_called(FELLING)}/edit"
    fields = filled(editor.get(path)) | {"from": ["1990-01-01"], "reason": ["写到一半"], "do": ["save"]}
    refused = editor.client.post(path, data=fields, headers=POST)
    assert refused.status_code == 422
    words = Page(refused.text).words
    assert "在 1990-01-01 还没有内容" in words
    assert "填的内容还在这一页里" in words
    assert carried(refused.text, f'action="{path}"')["reason"] == ["写到一半"]
    bound = editor.post("/office/changesets/chg-none/publish", text="写到一半")
    assert "写到一半" not in bound.text, "what binds is asked for anew"


@pytest.mark.parametrize(
    ("asked", "onward"),
    [
        ("/office/items?q=A%26B%2B", "/office/items?q=A%26B%2B"),
        ("/office/items?q=A+B&state=all", "/office/items?q=A%20B&state=all"),
        ("/office/items?q=%E6%9E%97%E6%9C%A8", "/office/items?q=%E6%9E%97%E6%9C%A8"),
        ("/office/items?q=100%2525", "/office/items?q=100%2525"),
    ],
)
def test_what_is_coded_in_an_address_is_still_so_after_signing_in(
    living_sqlite: Living, asked: str, onward: str
) -> None:
    Browser(living_sqlite, "bianji", ["edit"])
    browser = stranger(living_sqlite)
    page = browser.get(browser.get(asked, headers=BROWSER).headers["location"], headers=BROWSER)
    kept = carried(page.text, 'action="/office/sign-in"') | {"name": "bianji", "password": PHRASE}
    assert browser.post("/office/sign-in", data=kept, headers=POST).headers["location"] == onward


@pytest.mark.parametrize(
    "address",
    [
        "//evil.com/office",
        "https://evil.com",
        "/office%5Cevil",
        "/office%0d%0aX:1",
        "/evil",
        "/office/sign-in?x=1",
        "%2F%2Fevil",
    ],
)
def test_no_other_address_is_gone_on_to(address: str) -> None:
    assert own_address(address) == ""
