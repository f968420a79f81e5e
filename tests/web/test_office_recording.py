"""A round of the past recorded in the office; and long publishing that is left and found again."""

from __future__ import annotations

import re
import threading
from typing import Any
from urllib.parse import urlencode

import pytest
from awaiting import wait_for
from browsing import POST, Browser
from reading import Page, read
from seeded import FELLING, Living
from test_office_rounds import agree_all, form, propose_all

from app.web.office.forms import working
from app.web.office.rounds import moves

ANNEX = f"序号,项目名称,实施机关,处理决定\n1,{FELLING},区林业局,取消\n2,没有登记过的事项,区林业局,下放\n"


@pytest.fixture
def living(living_sqlite: Living) -> Living:
    return living_sqlite


@pytest.fixture
def rows(editor: Browser) -> str:
    """Where the rows of a document of 2015 are recorded."""
    stated = [
        ("total", "3"),
        ("part", "取消"),
        ("count", "2"),
        ("part", "下放"),
        ("count", "1"),
        ("undisclosed", ""),
    ]
    head = [
        ("title", "2015年清理"),
        ("document/number", "广区府〔2015〕3号"),
        ("document/effective_on", "2015-03-01"),
    ]
    body = urlencode([*head, *stated])
    headers = {**POST, "Content-Type": "application/x-www-form-urlencoded"}
    answer = editor.client.post("/office/rounds/record", content=body, headers=headers)
    assert answer.status_code == 303, Page(answer.text).words[:500]
    return answer.headers["location"]


def take(editor: Browser, rows: str, name: str, text: str, **fields: str) -> Any:
    return editor.client.post(rows, files={"file": (name, text.encode())}, data=fields, headers=POST)


def test_rows_are_taken_in_matched_confirmed_and_published(
    editor: Browser, reviewer: Browser, rows: str
) -> None:
    assert take(editor, rows, "附件.csv", ANNEX).status_code == 303
    page = editor.get(rows)
    assert "文件写明共 3 项，所列各数之和 3 项，相符。" in page.words
    assert "确认有把握的 1 行" in page.words
    editor.move(f"{rows}/match", do="certain")
    page = editor.move(f"{rows}/match", do="rows", **{"m:2": "none"})
    assert page is not None
    assert "1 行对应到登记簿的事项，1 行照原样保留" in page.words
    place = rows.removesuffix("/rows")
    editor.post(f"{place}/submit")
    (hash_,) = re.findall(r'name="hash" value="([0-9a-f]+)"', reviewer.get(rows).html)
    reviewer.post(f"{place}/approve", hash=hash_)
    reviewer.post(f"{place}/publish")
    assert "文件写明共 3 项" in reviewer.get(f"{place}/report").words
    public = read(editor.living, place.removeprefix("/office"))
    assert "与文件总数相差 1 项" in public.words
    assert "没有登记过的事项" in public.words
    assert "纳入清理的事项" not in public.words, "nothing was decided about items"


def test_a_recorded_round_gets_its_number_and_its_day_after_its_rows(editor: Browser, rows: str) -> None:
    take(editor, rows, "附件.csv", ANNEX)
    head = {
        "title": "2015年清理",
        "version": str(_version(editor, rows)),
        "document/number": "广区府〔2015〕4号",
        "document/effective_on": "2015-04-01",
    }
    assert editor.post(f"{rows.removesuffix('/rows')}/head", head).status_code == 303
    assert "广区府〔2015〕4号" in editor.get(rows).words
    assert "没有登记过的事项" in editor.get(rows).words, "the rows stay"


def test_a_typed_id_is_enough_and_confirmed_rows_are_not_replaced_unasked(editor: Browser, rows: str) -> None:
    take(editor, rows, "附件.csv", ANNEX)
    item = editor.living.item_called(FELLING)
    editor.move(f"{rows}/match", do="rows", **{"m:2": "", "id:2": item})
    assert "人工指定" in editor.get(f"{rows}?state=linked").words
    refused = take(editor, rows, "附件.csv", ANNEX)
    assert (refused.status_code, "已有 1 行确认过" in refused.text) == (409, True)
    assert take(editor, rows, "附件.csv", ANNEX, sure="1").status_code == 303


def test_a_row_is_matched_by_hand_or_refused_in_words(editor: Browser, rows: str) -> None:
    take(editor, rows, "附件.csv", ANNEX)
    refused = editor.move(f"{rows}/match", status=404, do="rows", **{"m:2": "other", "id:2": "qdi-zzzzzzzz"})
    assert refused is not None
    assert "没有编号为 qdi-zzzzzzzz 的事项" in refused.words
    item = editor.living.item_called(FELLING)
    editor.move(f"{rows}/match", do="rows", **{"m:2": "other", "id:2": item})
    assert "人工指定" in editor.get(f"{rows}?state=linked").words
    nothing = editor.move(f"{rows}/match", status=422, do="rows")
    assert nothing is not None
    assert "没有选择任何一行" in nothing.words


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("附件.pdf", "x", "请选择文件的附件"),
        ("附件.csv", "甲,乙\n1,2\n", "没有录入任何一行"),
        ("附件.docx", "x", "没有录入"),
    ],
)
def test_what_is_no_annex_is_said(editor: Browser, rows: str, name: str, text: str, says: str) -> None:
    answer = take(editor, rows, name, text)
    assert answer.status_code == 422
    assert says in Page(answer.text).words


def test_a_form_that_is_wrong_keeps_what_was_filled_in(editor: Browser) -> None:
    answer = editor.post(
        "/office/rounds/record", {"title": "", "total": "很多", "document/number": "〔2015〕3号"}
    )
    assert answer.status_code == 422
    assert 'value="〔2015〕3号"' in answer.text


# --- publishing takes its time


def test_a_long_publication_is_left_and_found_again(
    editor: Browser, reviewer: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = editor.post("/office/rounds/new", form(editor.living)).headers["location"]
    propose_all(editor, opened)
    agree_all(reviewer, opened)
    editor.move(
        f"{opened}/head", title="第三批", version=str(_version(editor, opened)), **{"document/title": "决定"}
    )
    editor.move(f"{opened}/submit")
    (hash_,) = re.findall(r'name="hash" value="([0-9a-f]+)"', reviewer.get(opened).html)
    reviewer.move(f"{opened}/approve", hash=hash_)
    monkeypatch.setattr(working, "AT_ONCE", 0)
    go, prepare = threading.Event(), moves.publishing.prepare

    def slow(*asked: Any, **more: Any) -> Any:
        go.wait(20)
        return prepare(*asked, **more)

    monkeypatch.setattr(moves.publishing, "prepare", slow)
    assert reviewer.post(f"{opened}/publish").headers["location"] == opened
    waiting = reviewer.client.get(opened, headers=POST)
    assert waiting.headers["refresh"] == "2"
    assert "正在处理" in waiting.text
    go.set()
    wait_for(lambda: "refresh" not in reviewer.client.get(opened, headers=POST).headers)
    answer = reviewer.client.get(opened, headers=POST)
    assert answer.headers["location"] == f"{opened}/report"
    editor.living.assert_sound()


def _version(editor: Browser, opened: str) -> int:
    found = re.search(r'name="version" value="(\d+)"', editor.get(opened).html)
    assert found
    return int(found[1])
