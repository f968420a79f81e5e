"""axe-core finds nothing on the pages of a cleanup round in the states that people meet, in light and dark, and nothing
overflows on a phone or a desk."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from browser_serving import served
from browsing import POST, Browser
from holding import fill
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page
from reading import BROWSER
from seeded import FELLING, Living
from test_accessible import check
from test_accessible_office import ROUNDS, Rendered, check_answers, signed_in
from test_office_rounds import DAY, XLSX, agree_all, form, items_on

from app.web.office.doors import pages

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
ANNEX = f"序号,项目名称,实施机关,处理决定\n1,{FELLING},区林业局,取消\n2,没有登记过的事项,区林业局,下放\n"


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> Rendered:
    made = Rendered(pages.environment)
    monkeypatch.setattr(pages, "environment", made)
    return made


class Round:
    """A round as an editor and a reviewer bring it on, and the pages that each has before them."""

    def __init__(self, living: Living, browser: Chromium, site: str, wide: int) -> None:
        self.site = site
        self.editor = Browser(living, "bianji", ["edit"])
        self.reviewer = Browser(living, "shenhe", ["review", "publish"])
        self.theirs = {who: signed_in(browser, who, wide) for who in (self.editor, self.reviewer)}
        self.desk = self.editor.post("/office/rounds/new", form(living)).headers["location"]
        self.items = items_on(self.editor.get(self.desk))

    def look(self, who: Browser, *paths: str) -> None:
        self._each(who, lambda page: check(page, self.site, list(paths)))

    def answered(self, who: Browser, path: str, answer: Any) -> None:
        """What only a post is answered with."""
        assert answer.headers.get("location") is None, answer.headers["location"]
        self._each(who, lambda page: check_answers(page, self.site, {path: answer}))

    def _each(self, who: Browser, do: Any) -> None:
        page: Page = self.theirs[who]
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            do(page)

    def post(self, who: Browser, path: str, **fields: str) -> Any:
        return who.client.post(path, data=fields, headers=POST)


@pytest.mark.parametrize("wide", [320, 1280])
def test_pages_of_a_round(
    browser: Chromium, living_sqlite: Living, rendered: Rendered, wide: int, tmp_path: Path
) -> None:
    with served(living_sqlite) as site:
        made = Round(living_sqlite, browser, site, wide)
        opening(made)
        proposing(made)
        worksheets(made, tmp_path / "表.xlsx")
        reviewing(made)
        publishing(made)
        recording(made)
    assert rendered.names >= ROUNDS


def opening(made: Round) -> None:
    editor = made.editor
    made.look(editor, "/office/rounds", "/office/rounds/new", "/office/rounds/record")
    made.answered(editor, "/office/rounds/new/", made.post(editor, "/office/rounds/new", do="open"))
    made.answered(editor, "/office/rounds/record/", made.post(editor, "/office/rounds/record", total="三"))
    made.post(editor, "/office/rounds/new", title="第四批", base_day="2026-09-01", do="keep")
    made.look(editor, "/office/rounds/new")


def proposing(made: Round) -> None:
    editor, desk, item = made.editor, made.desk, made.items[0]
    made.look(
        editor, desk, f"{desk}?q=没有", f"{desk}/items/{item}", f"{desk}/items/{item}/form", f"{desk}/new"
    )
    made.answered(editor, f"{desk}/none", made.post(editor, f"{desk}/proposals", do="rows"))
    bad = made.post(
        editor, f"{desk}/proposals", do="selected", item=item, outcome="调整", day=DAY, limit="很快"
    )
    made.answered(editor, f"{desk}/bad", bad)
    sure = {"outcome": "保留", "day": DAY, "do": "matching"}
    made.answered(editor, f"{desk}/sure", made.post(editor, f"{desk}/proposals", **sure))
    place = f"{desk}/items/{item}"
    made.post(editor, f"{place}/proposal", outcome="下放", day=DAY, do="keep")
    made.look(editor, place)
    made.answered(editor, f"{place}/", made.post(editor, f"{place}/proposal", outcome="下放", day="明年"))
    assert editor.post(f"{desk}/proposals", sure | {"sure": "1"}).status_code == 303
    made.look(editor, desk, f"{desk}/rehearsal")


def worksheets(made: Round, sheet: Path) -> None:
    editor, place = made.editor, f"{made.desk}/worksheets"
    sheet.write_bytes(editor.client.get(f"{place}.xlsx", headers=BROWSER).content)
    made.look(editor, place)
    for limit in ("很快", "6个工作日"):
        fill(sheet, {made.items[0]: {"outcome": "调整", "limit": limit}})
        file = {"file": ("表.xlsx", sheet.read_bytes(), XLSX)}
        made.answered(editor, f"{place}/{limit}", editor.client.post(place, files=file, headers=POST))


def reviewing(made: Round) -> None:
    reviewer, desk, place = made.reviewer, made.desk, f"{made.desk}/items/{made.items[0]}"
    made.look(reviewer, desk, place)
    made.answered(reviewer, f"{place}/", made.post(reviewer, f"{place}/opinion", opinion="return"))
    reviewer.post(f"{place}/opinion", {"opinion": "return", "why": "请再议"})
    made.look(made.editor, desk, place)
    again = {"outcome": "调整", "limit": "6个工作日", "day": DAY}
    assert made.editor.post(f"{place}/proposal", again).status_code == 303
    agree_all(reviewer, desk)
    made.look(reviewer, f"{desk}?state=reviewed", place)


def publishing(made: Round) -> None:
    editor, reviewer, desk = made.editor, made.reviewer, made.desk
    head = {
        "title": "第三批清理",
        "version": version_of(editor, desk),
        "document/number": "广区府发〔2027〕1号",
    }
    editor.post(f"{desk}/head", head | {"document/effective_on": DAY, "document/title": "关于清理的决定"})
    editor.post(f"{desk}/submit")
    made.look(reviewer, desk, f"{desk}/rehearsal")
    reviewer.post(
        f"{desk}/approve", hash=reviewer.get(desk).html.split('name="hash" value="')[1].split('"')[0]
    )
    made.look(reviewer, desk)
    reviewer.post(f"{desk}/publish")
    made.look(reviewer, f"{desk}/report", "/office/rounds", "/office/duties")


def recording(made: Round) -> None:
    editor = made.editor
    head = {"title": "2015年清理", "total": "3", "document/number": "广区府〔2015〕3号"}
    place = editor.post("/office/rounds/record", head).headers["location"]
    made.look(editor, place)
    file = {"file": ("附件.csv", ANNEX.encode())}
    assert editor.client.post(place, files=file, headers=POST).status_code == 303
    made.look(editor, place)
    made.answered(editor, f"{place}/", made.post(editor, f"{place}/match", do="rows"))


def version_of(editor: Browser, desk: str) -> str:
    return editor.get(desk).html.split('name="version" value="')[1].split('"')[0]
