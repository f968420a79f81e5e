"""What cannot be taken back is asked once, in words that say what will happen, on every page that offers it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any

import pytest
from browsing import Browser
from reading import BROWSER
from seeded import FELLING, TODAY, Living

from app.auth import passwords
from app.checks.catalogue import STANDARD
from app.checks.sweeping import sweep
from app.db import Database

BINDING = ("/publish", "/confirm", "/issue", "/withdraw", "/end")


class Asked(HTMLParser):
    """Of each button that posts: where to, the words of the fold that it stands in, what it says itself."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.buttons: list[tuple[str, str, str]] = []
        self._action, self._folds, self._is_button = "", list[str](), False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._action = (given.get("action") or "") if given.get("method") == "post" else ""
        elif tag == "details" and "open" not in given:
            self._folds.append("")
        elif tag == "button" and self._action:
            self._is_button = True
            self.buttons.append((self._action, "".join(self._folds), ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "details" and self._folds:
            self._folds.pop()
        elif tag == "button":
            self._is_button = False

    def handle_data(self, data: str) -> None:
        if self._is_button:
            action, told, words = self.buttons[-1]
            self.buttons[-1] = (action, told, words + data)
        elif self._folds:
            self._folds[-1] += data

    def to(self, end: str) -> list[tuple[str, str]]:
        return [(told, words) for action, told, words in self.buttons if action.endswith(end)]


@pytest.fixture
def living(living_sqlite: Living) -> Living:
    return living_sqlite


def asked(browser: Browser, place: str) -> Asked:
    found = Asked(browser.get(place).html)
    for action, told, words in found.buttons:
        assert not action.endswith(BINDING) or "不能" in told or "须" in told, (place, action, words)
    return found


def drafted(editor: Browser) -> str:
    item = editor.living.item_called(FELLING)
    form = {"q": FELLING, "path": "consult_phone", "value": "0826-2345678", "from": TODAY, "item": item}
    return str(editor.post("/office/many", form | {"reason": "换号"}).headers["location"])


def test_a_changeset(editor: Browser, reviewer: Browser) -> None:
    place = drafted(editor)
    ((told, _),) = asked(editor, place).to("/withdraw")
    assert "不能恢复" in told
    editor.move(f"{place}/submit")
    found = asked(reviewer, place)
    hash_ = reviewer.get(place).html.split('name="hash" value="')[1].split('"')[0]
    assert found.to("/approve") == [("", "批准")], "not asked: what is approved can be returned"
    assert [told.count("不能收回") for told, _ in found.to("/publish")] == [1], "an emergency says so too"
    reviewer.move(f"{place}/approve", hash=hash_)
    ((told, words),) = asked(reviewer, place).to("/publish")
    assert words == "确定发布"
    assert "1 项决定" in told
    assert "不能收回" in told
    assert reviewer.move(f"{place}/return", reason="再想想") is not None


def test_an_emergency_is_confirmed_after_being_asked(editor: Browser) -> None:
    living, place = editor.living, drafted(editor)
    alone = Browser(living, "jinji", ["publish"])
    alone.move(f"{place}/publish", emergency="1", reason="台风")
    ((told, words),) = asked(Browser(living, "erren", ["review"]), place).to("/confirm")
    assert "第二人" in told
    assert words.startswith("确认")


def test_a_list(editor: Browser, reviewer: Browser) -> None:
    authority = editor.living.get(f"/items/{editor.living.item_called(FELLING)}").json()["authority"]["id"]
    form = {"kind": "power", "authority": authority, "on": TODAY, "number": "1号", "document": "通知"}
    place = editor.post("/office/editions", form).headers["location"]
    ((told, _),) = asked(editor, place).to("/withdraw")
    assert "不能恢复" in told
    hash_ = reviewer.get(place).html.split('name="hash" value="')[1].split('"')[0]
    reviewer.move(f"{place}/approve", hash=hash_)
    ((told, _),) = asked(reviewer, place).to("/issue")
    assert "不能收回" in told


def test_an_exception_and_what_is_not_saved(editor: Browser, reviewer: Browser) -> None:
    living = editor.living
    sweep(living.database, TODAY, STANDARD)
    subject, code, path = living.rows("SELECT subject, code, path FROM finding ORDER BY code LIMIT 1")[0]
    given = {"subject": subject, "code": code, "path": path or "", "reason": "经核对无误", "back": ""}
    reviewer.post("/office/checks/exceptions", given)
    ((told, _),) = asked(reviewer, f"/office/checks?excepted=1&code={code}").to("/end")
    assert "重写理由" in told
    edit = f"/office/items/{living.item_called(FELLING)}/edit"
    editor.post(edit, {"consult_phone": "0826-7654321", "from": TODAY, "do": "keep"})
    (told,) = [told for told, words in asked(editor, edit).to("/edit") if words == "放弃这些，重新填"]
    assert "不能找回" in told


def test_passwords_are_worked_out_beside_the_writers_lock(
    living_sqlite: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    """argon2 takes long on purpose: nobody who publishes waits for it."""
    clerk = Browser(living_sqlite, "guanli", ["administer"])
    at, hash_of, writing = {"lock": 0, "hashed": 0}, passwords.hash_of, Database.writing

    @contextmanager
    def watched(own: Database) -> Iterator[Any]:
        with writing(own) as session:
            at["lock"] += 1
            try:
                yield session
            finally:
                at["lock"] -= 1

    def counted(text: str) -> str:
        assert at["lock"] == 0
        at["hashed"] += 1
        return hash_of(text)

    monkeypatch.setattr(Database, "writing", watched)
    monkeypatch.setattr(passwords, "hash_of", counted)
    clerk.move("/office/accounts", name="xinren", password="lamps under the old bridge", right="edit")
    number = living_sqlite.rows("SELECT id FROM account WHERE name = 'xinren'")[0][0]
    clerk.move(f"/office/accounts/{number}", do="password", password="ferries beyond the new pier")
    assert at["hashed"] == 2
    fresh = clerk.client.post(
        "/office/sign-in",
        data={"name": "xinren", "password": "ferries beyond the new pier"},
        headers=BROWSER | {"Sec-Fetch-Site": "same-origin"},
    )
    assert fresh.status_code == 303
