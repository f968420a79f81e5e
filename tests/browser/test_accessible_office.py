"""axe-core finds nothing on the office's pages, one state each, and nothing overflows at 320 px. Every template of the
office is among them, or among those of ``test_accessible_rounds``: the list is read from the folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
from browser_serving import served
from browsing import PHRASE, POST, Browser
from fastapi.testclient import TestClient
from handed import hand_down
from openid import CLIENT, SECRET, OpenIdProvider
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page
from reading import BROWSER
from seeded import FELLING, TODAY, Living, set_field
from test_accessible import check
from test_office_duties import address, entrusted, told, waiting
from test_office_imports import ROWS, bring
from test_office_rooms import carried, ended, law_of, published
from test_office_sheets import ITEMS, bytes_of, cell, exported
from test_office_waiting import held_up
from test_office_webhooks import given_up

from app import log
from app.auth import signing_in
from app.auth.passwords import POLICIES
from app.checks.catalogue import STANDARD
from app.checks.sweeping import sweep
from app.web.office.doors import pages, sign_on
from app.web.office.doors.visiting import COOKIE
from app.web.office.forms import working
from app.web.office.publishing import effects


def signed_in(browser: Chromium, person: Browser, wide: int = 320) -> Page:
    context = browser.new_context(viewport={"width": wide, "height": 640}, bypass_csp=True, locale="zh-CN")
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


def let_stand(living: Living, reviewer: Browser) -> str:
    """A draft with one finding that is let stand, and one that may be; its page."""
    materials = [
        {"op": "add", "path": "materials", "value": {"key": key, "name": "其他相关证明材料"}}
        for key in ("m8", "m9")
    ]
    change = {"outcome": "adjust", "subject": living.item_called(FELLING), "effective_from": TODAY}
    asked = {"title": "补材料", "reason": "依规章", "decisions": [change | {"changes": materials}]}
    place = f"/office/changesets/{living.post('editor', '/changesets', asked).json()['id']}"
    given = {"subject": change["subject"], "code": "vague-material", "path": "materials/m8/name"}
    page = reviewer.move(f"{place}/exceptions", **given, reason="规章原文如此")
    assert page is not None
    assert "收回例外" in page.words
    assert "准予这一处例外" in page.words
    return place


OFFICE = Path(pages.__file__).parents[2] / "templates" / "office"
ON_THE_WAY = frozenset(
    f"{name}.html"
    for name in [
        "doors/error",
        "doors/sign-in",
        "doors/code",
        "doors/leaving",
        "doors/continue",
        "forms/working",
        "many/imports",
        "many/import",
        "many/workbook",
        "publishing/edition",
        "items/form",
        "upkeep/duties",
        "upkeep/duty-fulfil",
        "upkeep/duty-renew",
    ]
)
"""Templates of the pages that one meets on the way to others."""
ROOMS = frozenset(
    f"{name}.html"
    for name in [
        "desk",
        "upkeep/law",
        "upkeep/law-change",
        "upkeep/checks",
        "many/one-change",
        "upkeep/calendar",
        "upkeep/overlaps",
        "upkeep/levels",
        "items/form",
        "publishing/changeset",
        "doors/account",
        "organs/list",
        "organs/new",
        "organs/change",
        "items/list",
        "items/end",
        "items/decisions",
        "items/void",
        "publishing/changesets",
        "publishing/editions",
        "upkeep/feedback",
        "forms/files",
        "administering/webhooks",
        "administering/webhook",
        "administering/accounts",
        "administering/access-log",
    ]
)
"""Templates of the office's rooms."""
ROUNDS = frozenset(
    f"{name}.html"
    for name in [
        "rounds/list",
        "rounds/new",
        "rounds/record",
        "rounds/rows",
        "rounds/desk",
        "rounds/sure",
        "rounds/item",
        "rounds/worksheets",
        "rounds/rehearsal",
        "rounds/report",
    ]
)
"""Templates of cleanup rounds, walked in ``test_accessible_rounds``."""


def test_no_page_of_the_office_is_forgotten() -> None:
    """A template that extends the office's frame and that no walk names is found here."""
    framed = (one for one in OFFICE.rglob("*.html") if "office/frame.html" in one.read_text("utf-8"))
    found = {one.relative_to(OFFICE).as_posix() for one in framed}
    assert found == ON_THE_WAY | ROOMS | ROUNDS


class Rendered:
    """Notes which templates are rendered."""

    def __init__(self, environment: Any) -> None:
        self.environment, self.names = environment, set[str]()

    def get_template(self, name: str) -> Any:
        self.names.add(name.removeprefix("office/"))
        return self.environment.get_template(name)


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> Rendered:
    made = Rendered(pages.environment)
    monkeypatch.setattr(pages, "environment", made)
    return made


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    made = OpenIdProvider()
    yield made
    made.served.stop()


def fulfilling(body: str) -> Any:
    return lambda route: route.fulfill(body=body, content_type="text/html; charset=utf-8")


def check_answers(page: Page, site: str, answers: dict[str, Any]) -> None:
    """Pages that only a post is answered with, or that go on by themselves: shown as they were answered."""
    for path, answer in answers.items():
        page.route(f"{site}{path}", fulfilling(answer.text))
    check(page, site, [*answers])


def owed_in_every_way(living: Living) -> tuple[str, list[str]]:
    """Where a delegation is renewed, and where a follow-up duty and what waits for a law are done."""
    delegation, follow_up, law = entrusted(living), told(living), waiting(living)
    return address(delegation, "renew"), [address(follow_up), address(law)]


def half_signed_in(living: Living, name: str) -> TestClient:
    """A browser whose person still owes the second factor."""
    policy = POLICIES["asvs"]
    text, _ = signing_in.sign_in(living.database, name, PHRASE)
    with living.database.writing() as session:
        present = signing_in.who(session, text, policy, signing_in.Limits())
        secret = pyotp.parse_uri(signing_in.begin_totp(session, present)).secret
        code = pyotp.TOTP(secret).generate_otp(log.now_microseconds() // 30_000_000)
        signing_in.confirm_totp(session, present, code)
    client = TestClient(living.client.app, base_url="http://127.0.0.1", follow_redirects=False)
    client.post("/office/sign-in", data={"name": name, "password": PHRASE}, headers=POST)
    return client


def test_pages_that_are_met_on_the_way(
    browser: Chromium,
    living_sqlite: Living,
    rendered: Rendered,
    provider: OpenIdProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Signing in and on, the code, what waits, workbooks and files as they were read, a list, what is owed."""
    living = living_sqlite
    renewal, fulfilments = owed_in_every_way(living)
    hand_down(living)
    (duty, *_) = living.get("/duties", kind="acceptance", state="open", on="2026-11-01").json()["duties"]
    item = living.item_called(FELLING)
    editor = Browser(living, "bianji", ["edit"])
    authority = living.get(f"/items/{item}").json()["authority"]["id"]
    form = {"kind": "power", "authority": authority, "on": TODAY, "number": "广区府发〔2026〕9号"}
    edition = editor.post("/office/editions", form, document="关于公布清单的通知").headers["location"]
    book = exported(editor, authority)
    cell(book, ITEMS, item, "咨询电话", "0826-7654321")
    changed = editor.client.post(
        "/office/many/file", files={"file": ("表.xlsx", bytes_of(book))}, headers=POST
    )
    cell(book, ITEMS, item, "事项类型", "行政魔法")
    wrong = editor.client.post("/office/many/file", files={"file": ("表.xlsx", bytes_of(book))}, headers=POST)
    for answer, status in ((changed, 200), (wrong, 422)):  # read by now: what is under way goes on by itself
        editor.get(answer.headers["location"], status)
    brought = bring(editor, ROWS)
    editor.move(f"{brought}/draft")
    refused = bring(editor, ROWS + ',行政许可,,区城管局,511602,广安区,"没有完\n')
    own = [
        "/office/imports",
        brought,
        refused,
        changed.headers["location"],
        wrong.headers["location"],
        edition,
        f"/office/duties/{duty['decision']}/{duty['key']}/accept",
        "/office/duties",
        renewal,
        *fulfilments,
        "/office/nothing-is-here",
    ]
    Browser(living, "liangbu", ["edit"])
    code = half_signed_in(living, "liangbu")
    second = browser.new_context(viewport={"width": 320, "height": 640}, bypass_csp=True, locale="zh-CN")
    settings = living.registry.settings
    with served(living) as site:
        check(second.new_page(), site, ["/office/sign-in"])
        check(signed_in(browser, editor), site, own)
        settings.oidc_issuer, settings.oidc_client_id = provider.issuer, CLIENT
        settings.oidc_client_secret = SECRET
        sign_on._provider.cache_clear()
        monkeypatch.setattr(working, "AT_ONCE", 0)
        edit = f"/office/items/{item}/edit"
        fields = {"note": "改", "do": "save"}
        answers = {
            "/office/code": code.get("/office/code", headers=BROWSER),
            "/office/leaving": code.post("/office/sign-on", headers=POST),
        }
        with held_up(monkeypatch, effects.rehearsing, "rehearse"):
            draft = living.post(
                "editor", "/changesets", {"title": "换号", "decisions": [set_field(item, "note", "换")]}
            ).json()["id"]
            answers["/office/working"] = editor.client.get(f"/office/changesets/{draft}", headers=BROWSER)
        ended(living)
        kept = editor.client.post(edit, data=fields, headers=POST)
        answers["/office/over"] = kept
        sign = carried(kept.text, 'action="/office/sign-in"') | {"name": "bianji", "password": PHRASE}
        answers["/office/continue"] = editor.client.post("/office/sign-in", data=sign, headers=POST)
        check_answers(second.new_page(), site, answers)
    sign_on._provider.cache_clear()
    assert rendered.names >= ON_THE_WAY


def test_pages_of_the_office(browser: Chromium, living_sqlite: Living, rendered: Rendered) -> None:
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
    planned = living.rows(f"SELECT max(act) FROM decision WHERE subject_id = '{item}'")[0][0]
    organ = living.get(f"/items/{item}").json()["authority"]["id"]
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
        "/office/authorities",
        "/office/authorities/new",
        *(
            f"/office/authorities/{organ}?change={change}"
            for change in ("merge", "split", "rename", "dissolve")
        ),
        "/office/items",
        "/office/items/new",
        f"/office/items/{item}/end",
        f"/office/items/{item}/void",
        f"/office/items/{item}/void/{planned}",
        "/office/changesets",
        "/office/editions",
        "/office/feedback",
        "/office/files",
    ]
    clerk, auditor = Browser(living, "guanli", ["administer"]), Browser(living, "shenji", ["audit"])
    with served(living) as site:
        check(signed_in(browser, editor), site, own)
        check(signed_in(browser, reviewer), site, [f"/office/checks?code={code}", changeset])
        check(signed_in(browser, reviewer, 390), site, [let_stand(living, reviewer)])
        hooks = ["/office/webhooks", f"/office/webhooks/{given_up(living)}"]
        check(signed_in(browser, clerk), site, ["/office/accounts", *hooks])
        check(signed_in(browser, auditor), site, ["/office/access-log"])
    assert rendered.names >= ROOMS
