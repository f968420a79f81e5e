"""A file imported in the browser: tried first, drafted then, left and found again; nobody else's, nothing half-done."""

from __future__ import annotations

import io
import re
import threading
from typing import Any

import pytest
from browsing import POST, Browser
from python_calamine import CalamineWorkbook
from reading import BROWSER, Page
from seeded import FELLING, Living

from app.exchange import arrivals
from app.web.office.forms import working
from app.web.office.many import imports

HEAD = "name,item_type,legal_basis,department,jurisdiction_code,jurisdiction_name,url\n"
ROWS = HEAD + (
    "夜市摊位登记（导入）,行政确认,,区城管局,511602,广安区,https://example.org/1\n"
    "=1+1 公式名,行政许可,,区城管局,511602,广安区,https://example.org/2\n"
)
OWN = """name = "yeshi"
title = "夜市表"
kind = "item"
key = [["id"]]
[region]
code = "region"
[authority]
name = ["organ"]
[fields]
name = "name"
type = {column = "type", read = "code", table = "item_type"}
"""
OWN_ROWS = "id,name,type,organ,region\n1,夜市巡查（自带映射）,行政检查,区城管局,511602\n"
TRIED = {"mapping": "catalogue_items", "attested": "2026年9月28日"}


def bring(
    browser: Browser,
    text: str | bytes,
    name: str = "事项.csv",
    own: str = "",
    status: int = 303,
    **given: str,
) -> Any:
    """Upload; where it leads, or the page of the refusal."""
    files = {"file": (name, text.encode() if isinstance(text, str) else text)}
    files |= {"own": ("m.toml", own.encode())} if own else {}
    answer = browser.client.post("/office/imports", files=files, data=TRIED | given, headers=POST)
    assert answer.status_code == status, (answer.status_code, Page(answer.text).words[:800])
    return answer.headers["location"] if status == 303 else Page(answer.text)


def count(living: Living) -> int:
    return int(living.rows("SELECT count(*) FROM changeset")[0][0])


def test_tried_reported_drafted_and_found_again(living: Living, editor: Browser) -> None:
    before = count(living)
    place = bring(editor, ROWS)
    page = editor.get(place)
    assert "核对通过" in page.words
    assert "将新设实施机关" in page.words or "没有设定依据" in page.words
    assert count(living) == before, "nothing is written by trying"
    assert "核对通过，没有起草" in editor.get("/office/imports").words
    report = editor.client.get(f"{place}/report.xlsx", headers=BROWSER)
    with CalamineWorkbook.from_filelike(io.BytesIO(report.content)) as book:
        assert book.sheet_names == ["概况", "问题"]
    drafted = editor.move(f"{place}/draft")
    assert drafted is not None
    assert "已起草：新增 2" in drafted.words
    assert count(living) == before + 1
    changeset = drafted.link("导入：事项.csv")
    shown = editor.get(changeset)
    assert "夜市摊位登记（导入）" in shown.words
    assert "=1+1 公式名" in shown.words, "text is data"
    assert bring(editor, ROWS) == place, "the same file is the one that lies there"
    assert "已起草" in editor.get("/office/imports").words
    assert changeset in editor.get(place).html
    noted = living.rows(f"SELECT event FROM access_log WHERE subject = '{place}/report.xlsx'")
    assert noted == [("export",)]


@pytest.mark.parametrize("is_written", [True, False])
def test_asked_twice_it_is_drafted_once_and_the_page_leads_there(
    living: Living, editor: Browser, is_written: bool
) -> None:
    """Also where whoever drafted it was ended between the changeset and its being written down."""
    before = count(living)
    place = bring(editor, ROWS.replace("夜市", f"早市{is_written}"))
    drafted = editor.move(f"{place}/draft")
    assert drafted is not None
    changeset = drafted.link("导入：事项.csv")
    if not is_written:
        for path in living.settings.arrivals_dir.glob(f"**/{place.rpartition('/')[2]}/{arrivals.DRAFTED}"):
            path.unlink()
        assert "起草变更单" in editor.get(place).words
    again = editor.move(f"{place}/draft")
    assert again is not None
    assert again.link("导入：事项.csv") == changeset
    assert "已起草：新增 2" in again.words
    assert "共读取 2 行" in again.words
    assert count(living) == before + 1


def test_an_error_refuses_the_whole_and_says_where(living: Living, editor: Browser) -> None:
    before = count(living)
    place = bring(editor, ROWS + ',行政许可,,区城管局,511602,广安区,"没有完\n')
    page = editor.get(place)
    assert "没有导入任何内容" in page.words
    assert "第4行" in page.words
    assert "起草变更单" not in page.words
    refused = editor.move(f"{place}/draft", status=409)
    assert refused is not None
    assert "还没有核对通过" in refused.words
    assert count(living) == before


@pytest.mark.parametrize(
    ("name", "text", "given", "words"),
    [
        ("表.pdf", "%PDF-", {}, "请选择 CSV"),
        ("表.xls", "旧", {}, "另存为 .xlsx"),
        ("表.csv", "", {}, "文件“表.csv”是空的"),
        ("表.csv", ROWS, {"mapping": "../../etc/passwd"}, "没有这个映射"),
        ("表.csv", ROWS, {"attested": "明天"}, "日期"),
    ],
)
def test_what_cannot_be_tried_is_said_at_once(
    editor: Browser, name: str, text: str, given: dict[str, str], words: str
) -> None:
    assert words in bring(editor, text, name, status=422, **given).words
    assert "我导入过的（0）" in editor.get("/office/imports").words


def test_what_is_no_table_is_an_error_of_the_file(editor: Browser) -> None:
    place = bring(editor, b"PK\x03\x04 no workbook", "表.xlsx")
    assert "没有导入任何内容" in editor.get(place).words


def test_a_trial_says_what_a_draft_would_change_and_takes_no_id(living: Living, editor: Browser) -> None:
    reserved = living.rows("SELECT * FROM source_key"), count(living)
    page = editor.get(bring(editor, ROWS))
    assert "起草后会有：新增 2" in page.words
    assert re.search(r"会改什么.*新增\s*事项\s*夜市摊位登记（导入）", page.words)
    assert (living.rows("SELECT * FROM source_key"), count(living)) == reserved
    drafted = editor.move(f"{bring(editor, ROWS)}/draft")
    assert drafted is not None
    changeset = drafted.link("导入：事项.csv").rsplit("/", 1)[1]
    for who, move in (("editor", "submit"), ("reviewer", "approve"), ("publisher", "publish")):
        assert living.post(who, f"/changesets/{changeset}/{move}").status_code == 200
    changed = editor.get(
        bring(editor, ROWS.replace("夜市摊位登记（导入）", "夜市摊位登记（改名）"), "再次.csv")
    )
    assert "起草后会有：调整 1" in changed.words
    assert re.search(r"调整\s*事项\s*夜市摊位登记（改名）\s*名称", changed.words)
    same = editor.get(bring(editor, ROWS, "同一.csv"))
    assert "与登记簿没有不同，不需要起草" in same.words
    assert "起草变更单" not in same.words


def test_a_draft_that_was_withdrawn_can_be_made_anew(living: Living, editor: Browser) -> None:
    place = bring(editor, ROWS)
    drafted = editor.move(f"{place}/draft")
    assert drafted is not None
    assert "起草变更单" not in drafted.words
    first = drafted.link("导入：事项.csv")
    editor.move(f"{first}/withdraw", reason="先不办了")
    assert "都已办结" in editor.get(place).words
    again = editor.move(f"{place}/draft")
    assert again is not None
    assert "已起草：新增 2" in again.words
    assert again.link("导入：事项.csv") != first


def test_a_file_brought_again_is_tried_on_what_stands_now(living: Living, editor: Browser) -> None:
    place = bring(editor, ROWS, "甲.csv")
    assert "起草后会有：新增 2" in editor.get(place).words
    other = editor.move(f"{bring(editor, ROWS, '乙.csv')}/draft")
    assert other is not None
    changeset = other.link("导入：乙.csv").rsplit("/", 1)[1]
    for who, move in (("editor", "submit"), ("reviewer", "approve"), ("publisher", "publish")):
        assert living.post(who, f"/changesets/{changeset}/{move}").status_code == 200
    assert bring(editor, ROWS, "甲.csv") == place
    assert "与登记簿没有不同" in editor.get(place).words


def test_a_workbook_under_a_password_is_told_as_such(editor: Browser) -> None:
    body = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2000)
    page = editor.get(bring(editor, body, "加密.xlsx"))
    assert "设了打开密码" in page.words
    assert "表格打不开：1 处" in page.words
    assert "broken-xlsx" not in page.words


def test_a_mapping_of_ones_own(living: Living, editor: Browser) -> None:
    place = bring(editor, OWN_ROWS, own=OWN)
    assert "自带的映射文件" in editor.get(place).words
    drafted = editor.move(f"{place}/draft")
    assert drafted is not None
    assert "夜市巡查（自带映射）" in editor.get(drafted.link("导入：事项.csv")).words
    for own, words in (
        (OWN + '[[codes]]\ncolumn = "id"\npattern = "(a+)+$"\n', "不能写 pattern"),
        ("kind = 1\n", "有误"),
        ("\xff", "映射"),
    ):
        assert words in bring(editor, OWN_ROWS, own=own, status=422).words
    assert "我导入过的（1）" in editor.get("/office/imports").words


def test_it_is_its_owners_alone(living: Living, editor: Browser) -> None:
    place = bring(editor, ROWS)
    other = Browser(living, "lingyige", ["edit"])
    for path in (place, f"{place}/report.xlsx"):
        other.get(path, status=404)
    assert other.post(f"{place}/draft").status_code == 404
    assert "我导入过的（0）" in other.get("/office/imports").words
    editor.get(place.rsplit("/", 1)[0] + "/..%2f1", status=404)


def test_a_trial_under_way_is_left_and_found_again(
    living_sqlite: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = Browser(living_sqlite, "bianji", ["edit"])
    monkeypatch.setattr(working, "AT_ONCE", 0)
    told, go = threading.Event(), threading.Event()
    before = arrivals.try_out

    def slowly(arrival: Any, database: Any, actor: Any, day: str, tell: Any) -> None:
        tell("核对", 12_000)
        told.set()
        assert go.wait(60)
        before(arrival, database, actor, day, tell)

    monkeypatch.setattr(arrivals, "try_out", slowly)
    place = bring(editor, ROWS)
    assert told.wait(60)
    answer = editor.client.get(place, headers=BROWSER)
    assert answer.headers["refresh"] == "2"
    assert "核对 12000 条" in Page(answer.text).words
    assert "正在核对" in editor.get("/office/imports").words
    go.set()
    assert "核对通过" in editor.get(place).words


def test_a_trial_that_its_process_did_not_outlive_is_begun_anew(
    living_sqlite: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = Browser(living_sqlite, "bianji", ["edit"])
    with monkeypatch.context() as patch:
        patch.setattr(imports, "_ask", lambda *_: None)  # it died before it began
        place = bring(editor, ROWS)
    assert "核对通过" in editor.get(place).words


def test_a_file_of_another_part_tells_nothing_of_it(living_sqlite: Living) -> None:
    """What a file no longer lists is told within the account's scope: elsewhere it may be internal."""
    living = living_sqlite
    editor = Browser(living, "bianji", ["edit"])
    ((authority, region),) = living.rows(
        "SELECT DISTINCT t.authority, t.region FROM timeline t"
        f" WHERE t.subject_id = '{living.item_called(FELLING)}' LIMIT 1"
    )
    first = editor.move(f"{bring(editor, ROWS)}/draft")
    assert first is not None
    changeset = first.link("导入：事项.csv").rsplit("/", 1)[1]
    for who, move in (("editor", "submit"), ("reviewer", "approve"), ("publisher", "publish")):
        answer = living.post(who, f"/changesets/{changeset}/{move}")
        assert answer.status_code == 200, answer.text
    fewer = ROWS[: ROWS.index("=1+1")]
    assert "=1+1 公式名" in editor.get(bring(editor, fewer)).words
    elsewhere = Browser(living, "bieju", ["edit"], authority=authority)
    assert "公式名" not in elsewhere.get(bring(elsewhere, fewer)).words
    differing = bring(elsewhere, ROWS.replace("行政确认", "行政检查"), "别的.csv")
    page = elsewhere.get(differing).words
    assert "核对通过" in page
    assert not re.search("会改什么|起草后会有|没有不同", page), "nor what of another's would change"
    assert region
