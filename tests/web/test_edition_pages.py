"""Editions in a browser and as files: issued by three people in the office, read by the public, proved offline."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import python_calamine
from browsing import Browser
from pypdf import PdfReader
from reading import read
from seeded import FELLING, TODAY, Living, set_field

from app.cli.proofs import checked
from app.errors import Invalid
from app.exchange.list_files import proof_in
from app.lists.signing import load, path_of

DOCUMENT = {"number": "广安区府办〔2026〕40号", "document": "关于公布权力清单的通知"}


def owner(living: Living) -> str:
    return living.get(f"/items/{living.item_called(FELLING)}").json()["authority"]["id"]


def moved(browser: Browser, path: str, **fields: str) -> Any:
    page = browser.move(path, **fields)
    assert page is not None
    return page


def issue(people: dict[str, Browser], authority: str, **more: str) -> str:
    """Through the office, by three people; the id."""
    answer = people["zhunbei"].post(
        "/office/editions", kind="power", authority=authority, on=TODAY, **{**DOCUMENT, **more}
    )
    assert answer.status_code == 303, answer.text
    place = answer.headers["location"]
    assert "等您批准、签发或重新准备（1）" in people["shenhe"].get("/office").words
    page = people["shenhe"].get(place)
    content = page.html.split('name="hash" value="')[1][:64]
    assert "已批准，待签发" in moved(people["shenhe"], f"{place}/approve", hash=content).words
    assert "看签发的这一版" in moved(people["qianfa"], f"{place}/issue").words
    return place.rsplit("/", 1)[1]


@pytest.fixture
def people(living_sqlite: Living) -> dict[str, Browser]:
    rights = {"zhunbei": ["edit"], "shenhe": ["review"], "qianfa": ["publish"]}
    return {name: Browser(living_sqlite, name, some) for name, some in rights.items()}


def test_from_the_office_to_the_public(living_sqlite: Living, people: dict[str, Browser]) -> None:
    authority = owner(living_sqlite)
    assert "还没有签发过" in read(living_sqlite, "/editions").words
    first = issue(people, authority)
    page = read(living_sqlite, f"/editions/{first}")
    assert "（第1版）" in page.words
    assert "这是第一版" in page.words
    assert FELLING in page.words
    assert "广安区府办〔2026〕40号" in page.words
    item = living_sqlite.item_called(FELLING)
    living_sqlite.publish(set_field(item, "promised_limit/value", 3, TODAY))
    second = issue(people, authority)
    page = read(living_sqlite, f"/editions/{second}")
    assert "新增 0 项，减少 0 项，变更 1 项" in page.words
    assert "3个工作日" in page.words
    told = living_sqlite.get(f"/editions/{second}").json()
    assert [one["after"] for one in told["changes"]["changed"]] == ["3个工作日"]
    listed = living_sqlite.get("/editions").json()["editions"]
    assert [(one["id"], one["number"], one["previous"]) for one in listed] == [
        (second, 2, first),
        (first, 1, None),
    ]
    assert "（第2版）" in read(living_sqlite, "/lists", authority=authority).words
    living_sqlite.assert_sound()


def test_refusals_are_told_on_the_page(living_sqlite: Living, people: dict[str, Browser]) -> None:
    authority, editor = owner(living_sqlite), people["zhunbei"]
    asked = {"kind": "power", "on": TODAY, **DOCUMENT}
    for wrong, said in (
        ({"authority": ""}, "两者取一"),
        ({"authority": authority, "number": "", "document": ""}, "文号或标题"),
        ({"authority": authority, "number": "号" * 300}, "文号"),
        ({"authority": authority, "on": "2026-02-30"}, "有效的日期"),
        ({"authority": authority, "kind": "service"}, "没有可以列入"),
    ):
        answer = editor.post("/office/editions", {**asked, **wrong})
        assert answer.status_code in (404, 422), wrong
        assert said in answer.text, (wrong, said)
    place = editor.post("/office/editions", {**asked, "authority": authority}).headers["location"]
    item = living_sqlite.item_called(FELLING)
    living_sqlite.publish(set_field(item, "promised_limit/value", 3, TODAY))
    page = people["shenhe"].get(place)
    assert "不能再批准或签发" in page.words
    assert 'name="hash"' not in page.html


def test_whose_list_is_said_by_name(living_sqlite: Living, people: dict[str, Browser]) -> None:
    """Names to choose from stand in the page; a part of one is answered by those that hold it."""
    organ = living_sqlite.get(f"/items/{living_sqlite.item_called(FELLING)}").json()["authority"]
    editor = people["zhunbei"]
    page = editor.get("/office/editions")
    assert f'<option value="{organ["name"]}"' in page.html
    assert '<option value="广安区"' in page.html
    asked = {"kind": "power", "on": TODAY, **DOCUMENT}
    answer = editor.post("/office/editions", {**asked, "authority": "区林业局"})
    assert answer.status_code == 404
    assert f"名称里有这几个字的有：{organ['name']}" in answer.text
    for whose, name in (({"authority": organ["name"]}, organ["name"]), ({"region": "广安区"}, "广安区")):
        place = editor.post("/office/editions", {**asked, **whose}).headers["location"]
        assert f"{name}权力清单" in editor.get(place).words


@pytest.fixture
def files(living_sqlite: Living, people: dict[str, Browser], tmp_path: Path) -> dict[str, Path]:
    """Every form of one edition, as downloaded."""
    edition = issue(people, owner(living_sqlite))
    found = {}
    for form in ("json", "xlsx", "csv", "docx", "pdf"):
        answer = living_sqlite.client.get(f"/editions/{edition}.{form}")
        assert answer.status_code == 200, answer.text
        assert "attachment" in answer.headers["content-disposition"]
        found[form] = tmp_path / f"list.{form}"
        found[form].write_bytes(answer.content)
    found["saved"] = tmp_path / "saved.json"
    found["saved"].write_bytes(living_sqlite.get(f"/editions/{edition}").content)
    return found


def test_downloads_are_proved_offline_and_changed_ones_refused(
    living_sqlite: Living, files: dict[str, Path], tmp_path: Path
) -> None:
    key = living_sqlite.get("/keys").json()["keys"][0]
    assert (key["id"], key["state"]) == (load(path_of(living_sqlite.settings)).id, "current")
    for form in ("json", "saved", "xlsx", "csv"):
        verdict = checked(files[form], files["json"], [key["id"]], None)
        assert verdict.proved, (form, verdict.wrong)
    head = living_sqlite.get("/log/head").json()
    assert checked(files["xlsx"], None, [], (head["seq"], head["hash"])).against_head
    altered = tmp_path / "altered.csv"
    altered.write_bytes(files["csv"].read_bytes().replace("个工作日".encode(), "个自然日".encode(), 1))
    assert "不符" in (checked(altered, files["json"], [key["id"]], None).wrong or "")
    told = json.loads(files["json"].read_bytes())
    for was, now in (
        ("个工作日", "个自然日"),
        (told["title"], "国务院权力清单（第9版）"),
        ("广安区府办〔2026〕40号", "国发〔2026〕1号"),
        (told["edition"]["content"], "0" * 64),
        (f"/editions/{told['edition']['id']}", "/editions/qdn-00000000"),
        ("说明", "备注"),
    ):
        altered = changed(files["xlsx"], "xl/sharedStrings.xml", was, now)
        assert "不符" in (checked(altered, None, [key["id"]], None).wrong or ""), was
    altered = changed(files["xlsx"], "xl/workbook.xml", 'name="清单"', 'name="国务院清单"')
    assert "工作表" in (checked(altered, None, [key["id"]], None).wrong or "")


def changed(file: Path, part: str, was: str, now: str) -> Path:
    """A workbook with words changed in one of its parts."""
    altered = file.with_name("altered.xlsx")
    with zipfile.ZipFile(file) as book, zipfile.ZipFile(altered, "w") as copy:
        for name in book.namelist():
            body = book.read(name)
            if name == part:
                assert was.encode() in body, was
                body = body.replace(was.encode(), now.encode(), 1)
            copy.writestr(name, body)
    return altered


def test_what_names_its_proof_says_so(files: dict[str, Path]) -> None:
    for form in ("pdf", "docx"):
        with pytest.raises(Invalid, match="不携带证明"):
            checked(files[form], None, [], None)
    with pytest.raises(Invalid, match="--proof"):
        checked(files["csv"], None, [], None)
    bare = files["csv"].with_suffix(".xlsx")
    bare.write_bytes(b"PK not a workbook")
    with pytest.raises(Invalid):
        proof_in(bare.read_bytes())


def test_every_file_says_the_same(files: dict[str, Path]) -> None:
    told = json.loads(files["json"].read_bytes())
    lines = [told["list"]["heads"], *(line for row in told["rows"] for line in row["lines"])]
    sheet = python_calamine.CalamineWorkbook.from_path(str(files["xlsx"])).get_sheet_by_index(0).to_python()
    assert [list(map(str, row)) for row in sheet] == lines
    words = "".join(page.extract_text() for page in PdfReader(io.BytesIO(files["pdf"].read_bytes())).pages)
    assert FELLING in words.replace("\n", "")
    assert told["edition"]["content"] in words.replace("\n", "")
    with zipfile.ZipFile(files["docx"]) as document:
        written = document.read("word/document.xml").decode()
    assert FELLING in written
    assert told["edition"]["content"] in written


def test_a_refused_key_file_is_no_matter_of_the_public(
    living_sqlite: Living, people: dict[str, Browser], caplog: pytest.LogCaptureFixture
) -> None:
    issue(people, owner(living_sqlite))
    path = path_of(living_sqlite.settings)
    recorded = living_sqlite.get("/keys").json()
    assert len(recorded["keys"]) == 1
    for refused in (lambda: path.chmod(0o644), lambda: path.write_text("no key")):
        refused()
        answer = living_sqlite.get("/keys")
        assert (answer.status_code, answer.json()) == (200, recorded)
        assert path.name not in answer.text
        path.chmod(0o600)
    assert str(path) in caplog.text


def test_a_page_of_an_edition_that_is_not_there(living_sqlite: Living) -> None:
    assert living_sqlite.client.get("/editions/qdn-00000000").status_code == 404
    assert living_sqlite.get("/editions/qdn-00000000").json()["code"] == "unknown-edition"
