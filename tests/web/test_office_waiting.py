"""What takes longer than a moment says so, goes on without the one who asked, and is found again where it was begun."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
from awaiting import wait_for
from browsing import POST, Browser, elsewhere
from reading import BROWSER, Page
from seeded import FELLING, Living, set_field
from test_office_rounds import XLSX, form, items_on

from app.auth.accounts import actor_of, find_account
from app.changes import drafts
from app.changes.models import ChangesetInput
from app.db import Database
from app.errors import Invalid
from app.rounds import proposing, reviewing
from app.rounds import recording as recording_rows
from app.web.office.forms import working
from app.web.office.many import one_change
from app.web.office.publishing import changesets, editions
from app.web.office.rounds import deciding, moves, opening, recording, worksheets
from app.web.office.upkeep import checks, law

PHONE = "0826-7654321"


@pytest.fixture
def living(living_sqlite: Living) -> Living:
    return living_sqlite


@contextmanager
def held_up(patch: pytest.MonkeyPatch, module: Any, name: str) -> Iterator[threading.Event]:
    """``module.name`` waits until the block's event is set; nobody waits for it."""
    go, before = threading.Event(), getattr(module, name)

    def slowly(*asked: Any, **more: Any) -> Any:
        assert go.wait(60)
        return before(*asked, **more)

    patch.setattr(module, name, slowly)
    patch.setattr(working, "AT_ONCE", 0)
    try:
        yield go
    finally:
        go.set()


def waits(browser: Browser, place: str, words: str) -> None:
    answer = browser.client.get(place, headers=BROWSER)
    assert int(answer.headers["refresh"]) < 5
    assert words in Page(answer.text).words
    assert "<progress" in answer.text


def drafted(editor: Browser) -> str:
    item = editor.living.item_called(FELLING)
    asked = {"title": "换号", "reason": "换号", "decisions": [set_field(item, "consult_phone", PHONE)]}
    made = editor.living.post("editor", "/changesets", asked)
    return f"/office/changesets/{made.json()['id']}"


def test_the_checks_over_all(editor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Browser(editor.living, "shenhe", ["review"])
    with held_up(monkeypatch, checks, "sweep") as go:
        editor.post("/office/checks/run")
        waits(editor, "/office/checks", "正在检查")
        waits(other, "/office/checks", "正在检查")
        go.set()
        assert "最近一次检查：" in editor.get("/office/checks").words


def test_how_far_the_checks_are(editor: Browser) -> None:
    told: list[tuple[int, int]] = []
    registry = editor.living.registry
    done = checks.sweep(registry.database, "2026-09-28", registry.rules, tell=lambda *how: told.append(how))
    assert told[0] == (0, done.items)
    assert all(of == done.items for _, of in told)


def test_handing_in_goes_on_and_a_refusal_is_said_where_it_was_begun(
    editor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = drafted(editor)
    with monkeypatch.context() as patch, held_up(patch, changesets.drafts, "submit") as go:
        assert editor.post(f"{place}/submit").headers["location"] == place
        waits(editor, place, "正在处理")
        go.set()
        page = editor.get(place)
    assert "待审核" in page.words
    reviewer = Browser(editor.living, "shenhe", ["review", "publish"])
    (hash_,) = re.findall(r'name="hash" value="([0-9a-f]+)"', reviewer.get(place).html)
    reviewer.move(f"{place}/approve", hash=hash_)

    def refuse(*_asked: Any, **_more: Any) -> None:
        raise Invalid("照规定不能发布。", code="not-today")

    monkeypatch.setattr(changesets.rounds, "publish", refuse)
    with held_up(monkeypatch, changesets.rounds, "publish") as go:
        reviewer.post(f"{place}/publish")
        waits(reviewer, place, "正在处理")
        go.set()
        page = reviewer.get(place)
    assert "照规定不能发布。" in page.words
    assert "照规定不能发布。" not in reviewer.get(place).words, "told once"
    assert "待发布" in page.words


def test_what_a_changeset_would_write(editor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    place = drafted(editor)
    from app.web.office.publishing import effects

    with held_up(monkeypatch, effects.rehearsing, "rehearse") as go:
        waits(editor, place, "核对会写入什么")
        go.set()
        assert PHONE in editor.get(place).words


def test_all_of_a_long_changeset_is_read_page_by_page(
    editor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who approves has been shown every revision, not the first of them."""
    many = editor.get("/office/many?q=许可&path=consult_phone&value=0826-1")
    items = re.findall(r'name="item" value="([^"]+)"', many.html)
    assert len(items) > 40
    form = {"q": "许可", "path": "consult_phone", "value": "0826-1", "from": "2026-09-28", "reason": "换号"}
    place = editor.client.post(
        "/office/many", data=form | {"item": items}, headers={**BROWSER, "Sec-Fetch-Site": "same-origin"}
    ).headers["location"]
    monkeypatch.setattr(changesets, "PAGE", 20)
    seen: list[str] = []
    page, last = editor.get(place), ""
    while True:
        found = re.findall(r'<article class="effect"><h3>(.*?) <small>', page.html)
        assert 0 < len(found) <= 20
        seen += found
        following = [href for href, words in page.links if words == "下一页"]
        if not following or following[0] == last:
            break
        last = following[0]
        page = editor.get(last)
    assert len(seen) >= len(items)
    assert f"发布后会写下的（{len(seen)}）" in page.words


def test_preparing_a_list(editor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    living = editor.living
    authority = living.get(f"/items/{living.item_called(FELLING)}").json()["authority"]["id"]
    form = {"kind": "power", "authority": authority, "on": "2026-09-28", "number": "广区府发〔2026〕9号"}
    with held_up(monkeypatch, editions, "_prepare") as go:
        place = editor.post("/office/editions", form, document="关于公布清单的通知").headers["location"]
        waits(editor, place, "准备清单")
        other = Browser(living, "lingyige", ["edit"])
        assert "准备一版" in other.get(place, status=404).words, "another's is not shown"
        go.set()
        wait_for(lambda: "refresh" not in editor.client.get(place, headers=BROWSER).headers)
    assert "广区府发〔2026〕9号" in editor.get("/office/editions").words
    assert len(living.rows("SELECT id FROM edition_draft")) == 1


def test_a_list_that_cannot_be_prepared_is_told_with_the_form(
    editor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    with held_up(monkeypatch, editions, "_prepare") as go:
        form = {"kind": "power", "authority": "没有这个机关", "on": "2026-09-28", "number": "九号"}
        place = editor.post("/office/editions", form, document="通知").headers["location"]
        go.set()
    page = editor.get(place, status=404)
    assert "没有这个机关" in page.html
    assert 'value="九号"' in page.html
    with elsewhere(editor) as another:
        page = another.get(place, status=404)
    assert "没有这个机关" in page.html
    assert 'value="九号"' in page.html
    assert "结果已经不在" in editor.get("/office/editions?preparing=0123", status=404).words
    other = Browser(editor.living, "lingyige", ["edit"])
    assert "没有这个机关" not in other.get(place, status=404).html


def test_bringing_a_worksheet_back(editor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    place = editor.post("/office/rounds/new", form(editor.living)).headers["location"]
    sheet = editor.client.get(f"{place}/worksheets.xlsx", headers=BROWSER).content
    file = {"file": ("表.xlsx", sheet, XLSX)}

    def bring() -> Any:
        return editor.client.post(f"{place}/worksheets", files=file, headers=POST)

    with held_up(monkeypatch, worksheets, "bring_in") as go:
        left = bring().headers["location"]
        waits(editor, left, "导入清理意见表")
        assert bring().headers["location"] == left, "the same file is the same work"
        go.set()
        wait_for(lambda: "refresh" not in editor.client.get(left, headers=BROWSER).headers)
        assert "已导入" in editor.get(left).words
    with elsewhere(editor) as another:
        assert "已导入" in another.get(left).words, "any process finds it"
    other = Browser(editor.living, "lingyige", ["edit"])
    assert "再导入一次" in other.get(left).words


def test_opening_a_round(editor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opened once, however often it is clicked; a refusal is told with the form as it was."""
    place, opened = (
        "/office/rounds/new",
        "SELECT count(*) FROM changeset WHERE kind = 'round' AND state = 'draft'",
    )
    with held_up(monkeypatch, opening.drafts, "draft") as go:
        for _ in range(2):
            assert editor.post(place, form(editor.living)).headers["location"] == place
        waits(editor, place, "立项：第三批清理")
        go.set()
        desk = found_in_the_end(editor, place).headers["location"]
    assert "第三批清理" in editor.get(desk).words
    assert editor.living.rows(opened)[0][0] == 1
    with held_up(monkeypatch, opening.drafts, "draft") as go:
        editor.post(place, form(editor.living) | {"title": "另一轮", "types": "没有这个类型"})
        go.set()
        page = Page(found_in_the_end(editor, place).text)
    assert "没有代码为“没有这个类型”的事项类型" in page.words
    assert 'value="另一轮"' in page.html
    assert 'value="另一轮"' not in editor.get(place).html, "told once"


def test_recording_the_rows_of_a_document(editor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken in, matched and refused behind the page that says so; no other writer waits for the matching."""
    head = {"title": "2015年清理", "document/number": "广区府〔2015〕3号", "total": "1"}
    place = editor.post("/office/rounds/record", head).headers["location"]

    def take(text: str) -> Any:
        file = {"file": ("附件.csv", text.encode())}
        return editor.client.post(place, files=file, headers=POST)

    with held_up(monkeypatch, recording_rows, "match") as go:
        assert take(f"项目名称,处理决定\n{FELLING},取消\n").headers["location"] == place
        waits(editor, place, "录入、匹配各行：2015年清理")
        with closing(Database(editor.living.database.url, lock_timeout=0.05).writer.connect()) as other:
            other.exec_driver_sql("UPDATE outbox SET topic = topic")
        go.set()
        assert "确认有把握的 1 行" in Page(found_in_the_end(editor, place).text).words
    with held_up(monkeypatch, recording_rows, "match") as go:
        assert editor.post(f"{place}/match", do="again").headers["location"] == place
        waits(editor, place, "录入、匹配各行：2015年清理")
        go.set()
        assert "确认有把握的 1 行" in Page(found_in_the_end(editor, place).text).words
    with held_up(monkeypatch, recording, "read_annex") as go:
        take("项目名称,处理决定\n,取消\n,保留\n")
        go.set()
        page = Page(found_in_the_end(editor, place).text)
    assert "第 1 行没有项目名称" in page.words
    with held_up(monkeypatch, recording, "confirm") as go:
        editor.post(f"{place}/match", {"do": "rows", "m:1": "other", "id:1": "qdi-0000000"})
        go.set()
        page = Page(found_in_the_end(editor, place).text)
    assert "登记簿中没有编号为 qdi-0000000 的事项" in page.words
    assert 'value="qdi-0000000"' in page.html, "what was typed stands"


def found_in_the_end(browser: Browser, place: str) -> Any:
    """What the page answers once the work is done."""
    answers: list[Any] = []

    def done() -> bool:
        answers.append(browser.client.get(place, headers=BROWSER))
        return "refresh" not in answers[-1].headers

    wait_for(done)
    return answers[-1]


def test_handing_a_round_in(editor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    place = editor.post("/office/rounds/new", form(editor.living)).headers["location"]
    with held_up(monkeypatch, moves.drafts, "submit") as go:
        assert editor.post(f"{place}/submit").headers["location"] == place
        waits(editor, place, "提交：")
        go.set()
        wait_for(lambda: "refresh" not in editor.client.get(place, headers=BROWSER).headers)


def test_issuing_a_list(editor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    living = editor.living
    reviewer = Browser(living, "shenhe", ["review", "publish"])
    authority = living.get(f"/items/{living.item_called(FELLING)}").json()["authority"]["id"]
    form = {"kind": "power", "authority": authority, "on": "2026-09-28", "number": "广区府发〔2026〕9号"}
    place = editor.post("/office/editions", form, document="关于公布清单的通知").headers["location"]
    (hash_,) = re.findall(r'name="hash" value="([0-9a-f]+)"', reviewer.get(place).html)
    reviewer.move(f"{place}/approve", hash=hash_)
    with held_up(monkeypatch, editions.issuing, "issue") as go:
        reviewer.post(f"{place}/issue")
        waits(reviewer, place, "签发：")
        go.set()
        assert "已签发" in reviewer.get(place).words


def test_deciding_many_items_of_a_round(editor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    place = editor.post("/office/rounds/new", form(editor.living)).headers["location"]
    asked = {"outcome": "保留", "day": "2027-03-01", "do": "matching", "sure": "1"}
    proposed = "SELECT count(*) FROM proposal"
    with held_up(monkeypatch, deciding, "_written") as go:
        assert editor.post(f"{place}/proposals", asked).headers["location"] == place
        waits(editor, place, "保存、提交：")
        again = editor.client.post(f"{place}/proposals", data=asked, headers=POST)
        assert again.status_code == 409
        assert "上一次保存还在进行" in Page(again.text).words
        assert editor.living.rows(proposed)[0][0] == 0
        go.set()
        wait_for(lambda: editor.living.rows(proposed)[0][0] > 0)
    wait_for(lambda: "refresh" not in editor.client.get(place, headers=BROWSER).headers)
    bad = asked | {"day": "明年", "do": "selected", "item": items_on(editor.get(place))[0]}
    with held_up(monkeypatch, deciding, "_written") as go:
        assert editor.post(f"{place}/proposals", bad).headers["location"] == place
        go.set()
        page = Page(found_in_the_end(editor, place).text)
    assert "施行日期“明年”不是有效的日期" in page.words
    assert 'value="明年"' in page.html, "what was typed stands"
    assert 'role="alert">施行日期' in page.html, "by its row"


@pytest.mark.parametrize("asked", [{"do": "matching", "sure": "1"}, {"do": "rows"}])
def test_deciding_takes_the_writers_place_to_write_alone(
    editor: Browser, monkeypatch: pytest.MonkeyPatch, asked: dict[str, str]
) -> None:
    """Whoever weighs proposals or an opinion holds up no other writer meanwhile, however many they are."""
    place = editor.post("/office/rounds/new", form(editor.living)).headers["location"]
    reviewer = Browser(editor.living, "shenhe", ["review"])
    item, weighed = items_on(editor.get(place))[0], []

    def beside(module: Any, name: str) -> None:
        plain = getattr(module, name)

        def noted(*args: Any, **more: Any) -> Any:
            with closing(Database(editor.living.database.url, lock_timeout=0.05).writer.connect()) as other:
                other.exec_driver_sql("UPDATE outbox SET topic = topic")
            weighed.append(name)
            return plain(*args, **more)

        monkeypatch.setattr(module, name, noted)

    beside(proposing, "weigh")
    beside(reviewing, "judge")
    said = {"outcome": "保留", f"o:{item}": "保留", "day": "2027-03-01"}
    assert editor.post(f"{place}/proposals", asked | said).status_code == 303
    opinion = {"opinion": "return", f"v:{item}": "return", "why": "再议"}
    assert reviewer.post(f"{place}/opinions", asked | opinion).status_code == 303
    one = {"outcome": "保留", "day": "2027-03-01", "reason": "仍需办理"}
    assert editor.post(f"{place}/items/{item}/proposal", one).status_code == 303
    assert reviewer.post(f"{place}/items/{item}/opinion", {"opinion": "agree"}).status_code == 303
    assert weighed == ["weigh", "judge"] * 2


MANY = {"q": FELLING, "path": "consult_phone", "value": PHONE, "from": "2026-09-28"}
MANY_AT = "/office/many?" + urlencode(MANY)


def of_many(editor: Browser, **more: str) -> dict[str, str]:
    return MANY | {"item": editor.living.item_called(FELLING), "reason": "换号"} | more


def of_a_law(editor: Browser) -> tuple[str, dict[str, str]]:
    """Where what rests on a repealed law is dealt with, and a form that takes it out of one item."""
    living = editor.living
    item = living.item_called(FELLING)
    ((target,),) = living.rows(
        f"SELECT min(l.target) FROM link l JOIN subject s ON s.id = l.target"
        f" WHERE l.subject_id = '{item}' AND s.kind = 'instrument'"
    )
    repeal = {"kind": "instrument", "outcome": "repeal", "subject": target, "effective_from": "2026-09-28"}
    living.publish(repeal, title="废止")
    act = living.rows("SELECT max(act) FROM decision WHERE outcome = 'repeal'")[0][0]
    return f"/office/law-changes/{act}", {"do": "draft", "way": "remove", "subject": item, "reason": "废止"}


def test_drafting_over_many_items(editor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    with held_up(monkeypatch, one_change, "_drafted") as go:
        place = editor.post("/office/many", of_many(editor)).headers["location"]
        waits(editor, place, "正在处理")
        go.set()
        assert found_in_the_end(editor, place).headers["location"].startswith("/office/changesets/qdx-")
    with held_up(monkeypatch, one_change, "_drafted") as go:
        assert editor.post("/office/many", of_many(editor, item="qdi-0")).headers["location"] == place
        go.set()
        assert "没有什么可改" in Page(found_in_the_end(editor, place).text).words


def test_drafting_from_a_change_of_law(editor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    place, asked = of_a_law(editor)
    with held_up(monkeypatch, law, "_dealt_with") as go:
        assert editor.post(place, asked).headers["location"] == place
        waits(editor, place, "正在处理")
        go.set()
        assert found_in_the_end(editor, place).headers["location"].startswith("/office/changesets/qdx-")
    with held_up(monkeypatch, law, "_dealt_with") as go:
        assert editor.post(place, asked | {"way": "renumber", "old": "第1万条"}).headers["location"] == place
        go.set()
        page = Page(found_in_the_end(editor, place).text)
    assert 'value="第1万条"' in page.html, "what was typed stands"
    assert 'role="alert"' in page.html


def test_drafting_takes_the_writers_place_to_write_alone(
    editor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, asked = of_a_law(editor)
    plain, tried = drafts._tried, []

    def noted(*some: Any) -> Any:
        with closing(Database(editor.living.database.url, lock_timeout=0.05).writer.connect()) as other:
            other.exec_driver_sql("UPDATE outbox SET topic = topic")
        tried.append(place)
        return plain(*some)

    monkeypatch.setattr(drafts, "_tried", noted)
    assert editor.post(place, asked).status_code == 303
    assert editor.post("/office/many", of_many(editor)).status_code == 303
    assert len(tried) == 2


def test_what_was_tried_before_another_published_is_tried_again(editor: Browser) -> None:
    living, item = editor.living, editor.living.item_called(FELLING)
    asked = ChangesetInput.model_validate(
        {"title": "换号", "reason": "换号", "decisions": [set_field(item, "consult_phone", PHONE)]}
    )
    with living.database.reading() as session:
        actor = actor_of(find_account(session, "editor"))
        write = drafts.draft_from(session, actor, asked, "2026-09-28")
    base = living.rows(f"SELECT max(seq) FROM revision WHERE subject_id = '{item}'")[0][0]
    living.publish(set_field(item, "aliases", ["伐树条"]))
    with living.database.writing() as session:
        made = write(session).id
    ((kept,),) = living.rows(f"SELECT base FROM draft_decision WHERE changeset = '{made}'")
    assert str(base) not in bytes(kept).decode()
