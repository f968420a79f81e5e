"""A person's browser in the office, without script: signed in, and what it posts as a browser would."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from html import unescape
from typing import Any

from fastapi.testclient import TestClient
from reading import BROWSER, Page, assert_safe
from seeded import Living

from app.auth import signing_in
from app.auth.accounts import add_account
from app.auth.passwords import POLICIES
from app.main import create_app
from app.web.office.forms import working

PHRASE = "lamps under the old bridge"
POST = {**BROWSER, "Sec-Fetch-Site": "same-origin"}


class Browser:
    """One person's browser."""

    def __init__(self, living: Living, name: str, rights: list[str], **scope: Any) -> None:
        working.AT_ONCE = 300  # on a busy machine too what a test asks for is there when it is answered
        self.living = living
        self.client = TestClient(living.client.app, base_url="http://127.0.0.1", follow_redirects=False)
        with living.database.writing() as session:
            account = add_account(session, name, rights, **scope)
            signing_in.set_password(session, account, PHRASE, POLICIES["asvs"])
        answer = self.post("/office/sign-in", name=name, password=PHRASE)
        assert (answer.status_code, answer.headers["location"]) == (303, "/office")

    def get(self, path: str, status: int = 200) -> Page:
        """A page; one that says it is being worked out is asked again, as a browser does by itself."""
        for _ in range(100):
            answer = self.client.get(path, headers=BROWSER)
            if "refresh" not in answer.headers:
                break
            time.sleep(0.3)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:1500])
        assert "no-store" in answer.headers["cache-control"]
        page = Page(answer.text)
        assert_safe(page)
        return page

    def post(self, path: str, /, _fields: dict[str, str] | None = None, **fields: str) -> Any:
        return self.client.post(path, data={**(_fields or {}), **fields}, headers=POST)

    def move(self, path: str, /, status: int = 303, **fields: str) -> Page | None:
        """Post, and read what it leads to."""
        answer = self.post(path, fields)
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return self.get(answer.headers["location"]) if status == 303 else Page(answer.text)


@contextmanager
def elsewhere(browser: Browser) -> Iterator[Browser]:
    """The same person, asking another process of the same registry."""
    other = copy(browser)
    app = create_app(browser.living.settings)
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as other.client:
        other.client.cookies.update(browser.client.cookies)
        yield other


def filled(page: Page) -> dict[str, str]:
    """The fields of the edit form as a browser would send them unchanged."""
    found: dict[str, Any] = {}
    html = page.html[page.html.index('<form class="edit"') :]
    for tag in re.finditer(
        r'<input ([^>]*)>|<textarea [^>]*name="([^"]*)"[^>]*>\n?(.*?)</textarea>'
        r'|<select [^>]*name="([^"]*)"[^>]*>(.*?)</select>',
        html,
        re.S,
    ):
        if tag[1] is not None:
            given = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag[1]))
            checked = given.get("type") not in ("checkbox", "radio") or " checked" in tag[1]
            name, value = given.get("name", ""), given.get("value", "")
            if given.get("type") != "hidden":
                value = value.replace("\n", "")
            if not checked:
                continue
        elif tag[2] is not None:
            name, value = tag[2], tag[3]
        else:
            chosen = re.search(r'<option value="([^"]*)" selected', tag[5])
            name, value = tag[4], chosen[1] if chosen else ""
        found.setdefault(unescape(name), []).append(unescape(value).replace("\n", "\r\n"))
    return found
