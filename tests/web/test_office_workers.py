"""With several workers each click may meet another: what one is at, every other tells, and so what it came to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from browsing import POST, Browser, elsewhere
from reading import BROWSER, Page
from seeded import FELLING, set_field
from test_office_imports import ROWS, bring
from test_office_rounds import XLSX, form, items_on
from test_office_waiting import found_in_the_end, held_up, waits

from app.exchange import arrivals
from app.rounds import recording as recording_rows
from app.turns import Turn
from app.web.office.forms import working
from app.web.office.publishing import effects
from app.web.office.rounds import deciding, opening
from app.web.office.upkeep import checks
from app.works import Works


@pytest.fixture
def another(editor: Browser) -> Iterator[Browser]:
    with elsewhere(editor) as other:
        yield other


def test_opening_a_round(editor: Browser, another: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    place, asked = "/office/rounds/new", form(editor.living)
    with held_up(monkeypatch, opening.drafts, "draft") as go:
        assert editor.post(place, asked).headers["location"] == place
        waits(another, place, "立项：第三批清理")
        assert another.post(place, asked).headers["location"] == place, "asked twice"
        go.set()
        desk = found_in_the_end(another, place).headers["location"]
    assert "第三批清理" in editor.get(desk).words
    assert (
        editor.living.rows("SELECT count(*) FROM changeset WHERE kind = 'round' AND state = 'draft'")[0][0]
        == 1
    )
    assert "第三批清理" not in editor.get(place).html, "told once"


def test_deciding_many_items(editor: Browser, another: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    place = editor.post("/office/rounds/new", form(editor.living)).headers["location"]
    bad = {"outcome": "保留", "day": "明年", "do": "selected", "item": items_on(editor.get(place))[0]}
    with held_up(monkeypatch, deciding, "_written") as go:
        assert editor.post(f"{place}/proposals", bad).headers["location"] == place
        waits(another, place, "保存、提交：")
        again = another.client.post(f"{place}/proposals", data=bad, headers=POST)
        assert "上一次保存还在进行" in Page(again.text).words
        assert "上一次保存还在进行" in Page(another.post(f"{place}/submit").text).words, "nor is it handed in"
        stranger = Browser(editor.living, "lingyige", ["edit"])
        assert "refresh" not in stranger.client.get(place, headers=BROWSER).headers
        go.set()
        page = Page(found_in_the_end(another, place).text)
    assert "施行日期“明年”不是有效的日期" in page.words
    assert 'value="明年"' in page.html, "what was typed stands"


def test_recording_the_rows_of_a_document(
    editor: Browser, another: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = {"title": "2015年清理", "document/number": "广区府〔2015〕3号", "total": "1"}
    place = editor.post("/office/rounds/record", head).headers["location"]
    file = {"file": ("附件.csv", f"项目名称,处理决定\n{FELLING},取消\n".encode())}
    with held_up(monkeypatch, recording_rows, "match") as go:
        editor.client.post(place, files=file, headers=POST)
        waits(another, place, "录入、匹配各行：2015年清理")
        go.set()
        assert "确认有把握的 1 行" in Page(found_in_the_end(another, place).text).words


def test_what_a_changeset_would_write_is_worked_out_by_one(
    editor: Browser, another: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    living = editor.living
    asked = {"title": "换号", "reason": "换号"}
    asked["decisions"] = [set_field(living.item_called(FELLING), "consult_phone", "0826-7654321")]
    place = f"/office/changesets/{living.post('editor', '/changesets', asked).json()['id']}"
    before, times = effects.rehearsing.rehearse, []

    def counted(*args: Any, **more: Any) -> Any:
        times.append(1)
        return before(*args, **more)

    monkeypatch.setattr(effects.rehearsing, "rehearse", counted)
    with held_up(monkeypatch, effects.rehearsing, "rehearse") as go:
        waits(editor, place, "核对会写入什么")
        waits(another, place, "核对会写入什么")
        go.set()
        assert "0826-7654321" in another.get(place).words
    assert "0826-7654321" in editor.get(place).words
    assert len(times) == 1


def test_the_checks_over_all(editor: Browser, another: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    with held_up(monkeypatch, checks, "sweep") as go:
        editor.post("/office/checks/run")
        waits(another, "/office/checks", "正在检查")
        go.set()
        assert "最近一次检查：" in another.get("/office/checks").words


def test_an_import_is_tried_and_drafted(
    editor: Browser, another: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    with held_up(monkeypatch, arrivals.importing, "rehearse") as go:
        place = bring(editor, ROWS)
        waits(another, place, "核对：事项.csv")
        assert "refresh" not in another.client.get("/office/imports", headers=BROWSER).headers
        go.set()
        assert "核对通过" in another.get(place).words
    with held_up(monkeypatch, arrivals.drafting, "import_draft") as go:
        for one in (editor, another):
            assert one.post(f"{place}/draft").headers["location"] == place
        waits(another, place, "起草：事项.csv")
        assert bring(another, ROWS) == place, "brought again meanwhile, it shows what is under way"
        go.set()
        assert "已起草：新增 2" in another.get(place).words
    drafted = "SELECT count(*) FROM changeset WHERE title LIKE '导入：事项.csv%'"
    assert editor.living.rows(drafted)[0][0] == 1


# --- a worker that dies


@contextmanager
def dying(patch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The process dies at what is begun once the event is set: the system gives its turn back, and that is all."""
    death = threading.Event()

    def die(_works: Works, _name: str, turn: Turn, *_more: Any) -> None:
        assert death.wait(60)
        turn.give_back()

    with patch.context() as within:
        within.setattr(Works, "_do", die)
        within.setattr(working, "AT_ONCE", 0)
        try:
            yield death
        finally:
            death.set()


def test_opening_a_round_is_broken_off(
    editor: Browser, another: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, asked = "/office/rounds/new", form(editor.living)
    with dying(monkeypatch) as death:
        assert editor.post(place, asked).headers["location"] == place
        waits(another, place, "立项：第三批清理")
        death.set()
        page = Page(found_in_the_end(another, place).text)
    assert "进程中断了" in page.words
    assert "请先看看是否已经办成" in page.words
    assert 'value="第三批清理"' in page.html, "what was typed stands"
    assert "进程中断了" not in editor.get(place).words, "told once"
    assert "/office/rounds/" in editor.post(place, asked).headers["location"], "and done again"


def test_deciding_is_broken_off(editor: Browser, another: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    place = editor.post("/office/rounds/new", form(editor.living)).headers["location"]
    asked = {"outcome": "保留", "day": "2027-03-01", "do": "selected", "item": items_on(editor.get(place))[0]}
    with dying(monkeypatch) as death:
        assert editor.post(f"{place}/proposals", asked).headers["location"] == place
        death.set()
        page = Page(found_in_the_end(another, place).text)
    assert "进程中断了" in page.words
    assert "没有保存" not in page.words, "nobody knows"
    assert 'value="2027-03-01"' in page.html


def test_drafting_an_import_is_broken_off(
    editor: Browser, another: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = bring(editor, ROWS)
    assert "核对通过" in editor.get(place).words
    with dying(monkeypatch) as death:
        editor.post(f"{place}/draft")
        death.set()
        page = Page(found_in_the_end(another, place).text)
    assert "进程中断了" in page.words
    drafted = another.move(f"{place}/draft")
    assert drafted is not None
    assert "已起草：新增 2" in drafted.words


def test_what_lies_at_an_address_is_broken_off(
    editor: Browser, another: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that was being prepared, a worksheet, a workbook of items."""
    living = editor.living
    authority = living.get(f"/items/{living.item_called(FELLING)}").json()["authority"]["id"]
    asked = {
        "kind": "power",
        "authority": authority,
        "on": "2026-09-28",
        "number": "九号",
        "document": "通知",
    }
    desk = editor.post("/office/rounds/new", form(living)).headers["location"]
    file = {"file": ("表.xlsx", b"PK", XLSX)}
    with dying(monkeypatch) as death:
        left = [editor.post("/office/editions", asked).headers["location"]]
        for place in (f"{desk}/worksheets", "/office/many/file"):
            left.append(editor.client.post(place, files=file, headers=POST).headers["location"])
        death.set()
        pages = [Page(found_in_the_end(another, place).text) for place in left]
    assert all("进程中断了" in page.words for page in pages)
    assert 'value="九号"' in pages[0].html, "what was typed stands"
