"""axe-core finds nothing on the office's pages, one state each, and nothing overflows at 320 px."""

from __future__ import annotations

import re

from browser_serving import served
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page
from seeded import FELLING, TODAY, Living
from test_accessible import check
from test_office import COOKIE, Browser
from test_office_rooms import law_of, published

from app.checks.catalogue import STANDARD
from app.checks.sweeping import sweep


def signed_in(browser: Chromium, person: Browser) -> Page:
    context = browser.new_context(viewport={"width": 320, "height": 640}, bypass_csp=True, locale="zh-CN")
    cookie = {
        "name": COOKIE,
        "value": person.client.cookies[COOKIE],
        "domain": "127.0.0.1",
        "path": "/office",
    }
    context.add_cookies([cookie])  # type: ignore[list-item]
    return context.new_page()


def amended(editor: Browser, reviewer: Browser) -> tuple[str, str]:
    """A law that items rest on, amended; its page and that of its case."""
    living = editor.living
    law, title = law_of(living)
    form = {
        "from": TODAY,
        "outcome": "amend",
        "title": title,
        "number": "第99号",
        "document/number": "令第99号",
    }
    published(editor, reviewer, editor.post(f"/office/law/{law}", form))
    case, *_ = re.findall(r'href="(/office/law-changes/\d+)"', editor.get("/office/law").html)
    return law, case


def test_pages_of_the_office(browser: Chromium, living_sqlite: Living) -> None:
    living = living_sqlite
    item = living.item_called(FELLING)
    editor, reviewer = Browser(living, "bianji", ["edit"]), Browser(living, "shenhe", ["review", "publish"])
    law, case = amended(editor, reviewer)
    sweep(living.database, TODAY, STANDARD)
    many = {"q": FELLING, "path": "consult_phone", "value": "0826-2345678", "from": TODAY}
    changeset = editor.post("/office/many", many | {"item": item, "reason": "换号"}).headers["location"]
    about, *_ = re.findall(r'name="about" value="([^"]+)"', reviewer.get(changeset).html)
    reviewer.move(f"{changeset}/comment", about=about, words="请附通知")
    asked = "&".join(f"{name}={value}" for name, value in many.items())
    code = living.rows("SELECT code FROM finding ORDER BY code LIMIT 1")[0][0]
    own = [
        "/office",
        "/office/law?q=法",
        f"/office/law/{law}",
        case,
        f"/office/checks?code={code}",
        f"/office/many?{asked}",
        "/office/calendar",
        "/office/overlaps",
        "/office/levels",
        f"/office/items/{item}/edit",
        changeset,
        "/office/account",
        "/office/items",
        "/office/items/new",
        f"/office/items/{item}/end",
        "/office/changesets",
        "/office/editions",
        "/office/feedback",
        "/office/files",
    ]
    clerk, auditor = Browser(living, "guanli", ["administer"]), Browser(living, "shenji", ["audit"])
    with served(living) as site:
        check(signed_in(browser, editor), site, own)
        check(signed_in(browser, reviewer), site, [f"/office/checks?code={code}", changeset])
        check(signed_in(browser, clerk), site, ["/office/accounts"])
        check(signed_in(browser, auditor), site, ["/office/access-log"])
