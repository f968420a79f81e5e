"""axe-core finds nothing on any template in its main states, in light and dark, and nothing overflows at 320 px
(which is 1280 px at 400 %)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser_serving import served
from issuing_editions import issue, issue_in, signer_in
from playwright.sync_api import Browser, Page
from seeded import FELLING, TODAY, Living, new_item

from app.changes.redacting import redact
from app.lists.signing import Signer

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
MOST_BYTES = 60_000
"""Of a page, compressed."""
SAND = "从事营利性治沙活动新办许可（县级权限）"


@pytest.fixture(params=["light", "dark", "contrast"])
def measured(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A page that axe may run in; scripts are allowed for it alone."""
    scheme = "light" if request.param == "contrast" else request.param
    context = browser.new_context(
        viewport={"width": 320, "height": 640}, color_scheme=scheme, bypass_csp=True, locale="zh-CN"
    )
    if request.param == "contrast":
        cookie = {"name": "qingdan_display", "value": "large.contrast", "domain": "127.0.0.1", "path": "/"}
        context.add_cookies([cookie])  # type: ignore[list-item]
    yield context.new_page()
    context.close()


def check(page: Page, site: str, paths: list[str]) -> None:
    """All of the paths, so that one failure names every page that fails."""
    wrong: list[Any] = []
    for path in paths:
        answer = page.goto(site + path)
        assert answer is not None
        size = len(zlib.compress(answer.body()))
        if size > MOST_BYTES:
            wrong.append((path, "bytes", size))
        found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
        wrong += [(path, one["id"], one["nodes"][0]["html"][:200]) for one in found]
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if over > 0:
            wrong.append((path, "overflow", over, page.evaluate(WIDEST)))
    assert wrong == []


WIDEST = """() => [...document.querySelectorAll('body *')]
  .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll'))
  .slice(0, 3).map(e => e.outerHTML.slice(0, 120))"""


def test_every_page_of_a_seeded_registry(measured: Page, asking_sqlite: Living) -> None:
    item, ended = asking_sqlite.item_called(FELLING), asking_sqlite.item_called(SAND)
    law = asking_sqlite.rows("SELECT target FROM link WHERE target LIKE 'qdl-%' ORDER BY target")[0][0]
    round_id = asking_sqlite.rows("SELECT changeset FROM publication WHERE kind = 'round'")[0][0]
    bundle = asking_sqlite.rows("SELECT subject_id FROM timeline WHERE kind = 'bundle'")[0][0]
    authority = asking_sqlite.get(f"/items/{item}").json()["authority"]["id"]
    paths = [
        "/",
        "/?on=2025-05-01",
        "/search?q=许可",
        "/search?q=开饭馆&status=all",
        "/search?q=没有这样的事情的",
        f"/items/{item}?accepted=2026-12-20",
        f"/items/{item}?on=2020-01-01",
        f"/items/{item}?on=2027-01-01",
        f"/items/{item}?on=2025-07-01&known_at=1",
        f"/items/{ended}",
        f"/items/{item}/compare?from=2025-05-01&to=2027-01-01",
        f"/items/{item}/notice?have=m1",
        f"/items/{ended}/guide",
        "/rounds",
        f"/rounds/{round_id}",
        f"/rounds/{round_id}?by=type&q=许可",
        "/rounds/series",
        "/authorities",
        "/authorities?name=没有的",
        f"/authorities/{authority}",
        "/laws",
        "/laws/out-of-force",
        "/docs/integrating",
        "/docs/problems",
        f"/laws/{law}",
        "/bundles",
        "/lists",
        f"/lists?authority={authority}",
        f"/lists?authority={authority}&kind=duty",
        f"/lists?authority={authority}&kind=negative",
        "/editions",
        "/kiosk",
        f"/board?authority={authority}",
        f"/bundles/{bundle}",
        f"/feedback?item={item}",
        "/no-such-page",
        "/search?offset=-1",
        f"/items/{item}?accepted=昨天",
        f"/items/{ended}?accepted=2026-09-25",
        "/feedback/unknown0",
        "/feedback?number=unknown0",
    ]
    with served(asking_sqlite) as site:
        check(measured, site, paths)


def test_states_that_items_and_files_come_to(measured: Page, living_sqlite: Living) -> None:
    """Merged, devolved, suspended, planned, redacted; a file that went by order; feedback; an edition."""
    living = living_sqlite
    living.hire("second", "publish")
    states = after_everything(living)
    paths = [f"/items/{one}" for one in states["items"]]
    paths += [f"/items/{states['items'][0]}/notice", f"/api/v1/files/{states['file']}", states["feedback"]]
    paths += ["/editions", f"/editions/{issue_in(living).row['id']}", "/lists", "/"]
    with served(living) as site:
        check(measured, site, paths)
        assert measured.goto(f"{site}/api/v1/files/{states['file']}").status == 410  # type: ignore[union-attr]
        assert measured.locator("h1").inner_text() == "不再提供"


def after_everything(living: Living) -> dict[str, Any]:
    """``items``, one for each state; a ``file`` of which only the hash stands; the page of some ``feedback``."""
    made = {name: living.publish(new_item(living, name))["decisions"][0]["subject"] for name in "甲乙丙丁戊"}
    until = {"effective_from": TODAY, "words": "不再办理"}
    results = [{"content": new_item(living, "甲乙合一")["content"]}]
    origins = [{"subject": made["甲"]}, {"subject": made["乙"]}]
    living.publish({"outcome": "merge", "effective_from": TODAY, "origins": origins, "results": results})
    receivers = [{"words": "各乡镇人民政府"}]
    living.publish({"outcome": "devolve", "subject": made["丙"], "receivers": receivers, **until})
    living.publish({"outcome": "suspend", "subject": made["丁"], **until})
    planned = living.publish(new_item(living, "明年新增", "2027-05-01"))["decisions"][0]["subject"]
    file = living.client.post(
        "/api/v1/files",
        params={"name": "表.pdf"},
        content=b"%PDF-1.7 Zhang San",
        headers=living.headers("editor", **{"Content-Type": "application/pdf"}),
    ).json()["digest"]
    attached = {"op": "add", "path": "files", "value": {"key": "a", "name": "表", "digest": file}}
    # One by one: a file that only redacted words named is not told of.
    for change in (attached, {"op": "set", "path": "note", "value": "张三"}):
        living.publish(
            {"outcome": "adjust", "subject": made["戊"], "effective_from": TODAY, "changes": [change]}
        )
    held = living.rows("SELECT hash, body FROM content ORDER BY hash")
    words = [row[0] for row in held if "张三".encode() in bytes(row[1])]
    for digest in [*words, file]:
        with living.database.writing() as session:
            people = living.people["publisher"], living.people["second"]
            redact(session, *people, digest, "川网信令〔2026〕1号", "个人信息")
    sent = living.client.post(
        "/feedback", data={"kind": "wrong", "words": "指南写错了电话"}, follow_redirects=False
    )
    return {"items": [*made.values(), planned], "file": file, "feedback": sent.headers["location"]}


@pytest.mark.parametrize(("width", "display"), [(768, ""), (768, "large"), (1024, "large.contrast")])
def test_nothing_is_wider_than_a_tablet(
    browser: Browser, asking_sqlite: Living, width: int, display: str
) -> None:
    """Where a table has room on the screen, but not for all of its columns."""
    item = asking_sqlite.item_called(FELLING)
    authority = asking_sqlite.get(f"/items/{item}").json()["authority"]["id"]
    round_id = asking_sqlite.rows("SELECT changeset FROM publication WHERE kind = 'round'")[0][0]
    lists = [f"/lists?authority={authority}&kind={kind}" for kind in ("power", "duty")]
    context = browser.new_context(viewport={"width": width, "height": 800})
    if display:
        cookie = {"name": "qingdan_display", "value": display, "domain": "127.0.0.1", "path": "/"}
        context.add_cookies([cookie])  # type: ignore[list-item]
    page, over = context.new_page(), {}
    with served(asking_sqlite) as site:
        for path in ("/", "/lists", *lists, f"/rounds/{round_id}", f"/items/{item}", f"/items/{item}/notice"):
            page.goto(site + path)
            by = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            over |= {path: by} if by > 0 else {}
    context.close()
    assert over == {}


def test_a_handed_out_sheet_fits_a_phone(browser: Browser, asking_sqlite: Living) -> None:
    """The QR code stands beside the name at 390 px, and within the page."""
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    with served(asking_sqlite) as site:
        page.goto(f"{site}/items/{asking_sqlite.item_called(FELLING)}/notice")
        box = page.locator(".sheet svg.qr").bounding_box()
        wide = page.evaluate("document.documentElement.scrollWidth")
    context.close()
    assert wide == 390
    assert box is not None
    assert box["x"] + box["width"] <= 390


@pytest.fixture(scope="session")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    """One for all: the registry is held from test to test, and knows the key that signed its first edition."""
    return signer_in(tmp_path_factory.mktemp("key"))


def test_pages_that_are_hostile_empty_or_huge(measured: Page, hostile_registry: Any, signer: Signer) -> None:
    held = hostile_registry
    edition = issue(held.office, signer, region=held.office.district, kind="negative").row["id"]
    paths = [f"/items/{one}" for one in (held.item, held.ended, held.bare, held.huge, held.linked)]
    paths += [f"/items/{held.huge}/notice", f"/items/{held.item}/guide", f"/items/{held.item}/compare"]
    paths += [f"/rounds/{held.round}", f"/authorities/{held.authority}", f"/laws/{held.law}"]
    paths += [f"/editions/{edition}", f"/editions/{edition}?page=2"]
    paths += ["/", "/search?q=许可", "/rounds", "/authorities", "/laws"]
    with served(held) as site:
        check(measured, site, paths)
