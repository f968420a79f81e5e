"""What was redacted stands in no file: not in free pages, the write-ahead log, the index or kept answers."""

from __future__ import annotations

import json
import os
import threading
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pytest
import xlsxwriter
from awaiting import wait_for
from seeded import FELLING, TODAY, Living, new_item, set_field
from typer.testing import CliRunner

from app.cli import build
from app.db import Database
from app.exchange import arrivals, marked
from app.exchange.brought import CameTo
from app.exchange.dumping import write_dump
from app.exchange.worksheet_files import CellProblem
from app.exchange.worksheet_reading import Filled
from app.files import place
from app.turns import is_in_hand
from app.works import Tell, Works

PRIVATE = "张三身份证五一二九零一不慎写入"
PIECES = [PRIVATE.encode(), "身份证五一二九".encode(), PRIVATE[:6].encode()]
LONG = PRIVATE + "，" + "经办人将当事人的情况一并录入了办理条件。" * 400
"""Several pages of SQLite."""


def files_with(directory: Path) -> list[str]:
    return sorted(
        str(path.relative_to(directory))
        for path in directory.rglob("*")
        if path.is_file() and any(piece in path.read_bytes() for piece in PIECES)
    )


def hashes(living: Living) -> list[str]:
    rows = living.rows("SELECT hash, body FROM content ORDER BY hash")
    return [row[0] for row in rows if PRIVATE.encode() in bytes(row[1])]


def redact(living: Living, monkeypatch: pytest.MonkeyPatch, *contents: str, status: int = 0) -> str:
    monkeypatch.setenv("QINGDAN_DATA_DIR", str(living.settings.data_dir))
    asked = ["redact", *contents, "--order", "川网信令〔2026〕1号", "--reason", "个人信息"]
    asked += ["--first", "publisher", "--second", "second"]
    both = "\n".join(living.tokens[name] for name in ("publisher", "second"))
    done = CliRunner().invoke(build(), asked, input=both)
    assert done.exit_code == status, done.output
    return done.output


@pytest.fixture
def full(living_sqlite: Living) -> Living:
    """The words in names, long texts, drafts, notes, kept answers, intervals that were written again, the index."""
    living = living_sqlite
    living.hire("second", "publish")
    content = {"conditions": LONG, "materials": [{"key": "m1", "name": PRIVATE}]}
    item = living.publish(new_item(living, f"事项{PRIVATE}", content=content))["decisions"][0]["subject"]
    living.publish(set_field(item, "note", LONG, "2026-11-01"))
    living.publish(set_field(item, "consult_phone", "1", "2026-10-01"))  # writes the intervals again
    form: dict[str, Any] = {
        "title": f"再改{PRIVATE}",
        "decisions": [set_field(item, "conditions", f"{LONG}补", "2026-11-02")],
    }
    made = living.post("editor", "/changesets", form, **{"Idempotency-Key": "k"}).json()
    for note in range(3):  # rows that are replaced and deleted
        form["title"] = f"第{note}稿{PRIVATE}"
        headers = {"If-Match": f'"{made["version"]}"', **living.headers("editor")}
        made = living.client.put(f"/api/v1/changesets/{made['id']}", json=form, headers=headers).json()
    living.drain()
    living.publish(set_field(item, "name", "改正后的事项"))
    living.drain()
    assert "qingdan.db" in " ".join(files_with(Path(living.settings.data_dir)))
    return living


def test_the_words_stand_in_no_file(full: Living, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = Path(full.settings.data_dir)
    found = hashes(full)
    assert len(found) > 3
    said = redact(full, monkeypatch, *found)
    assert "此前的备份" in said
    assert "还没有清空" not in said
    assert files_with(directory) == []
    assert os.path.getsize(directory / "qingdan.db-wal") == 0
    full.assert_sound()
    assert full.get("/search", q=FELLING).json()["total"] >= 1


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("arrivals.forget", "没有清理完"),
        ("rebuild", "请运行 qingdan reindex"),
        ("Database.empty_log", "预写日志没有清空"),
        ("remove_withdrawn", "此前的导出文件没有删除"),
        ("erase_redacted", "附件的字节没有删除"),
    ],
)
def test_each_step_is_done_whatever_another_fails_with(
    full: Living, monkeypatch: pytest.MonkeyPatch, step: str, told: str
) -> None:
    form = {"params": {"name": "表.pdf"}, "content": f"%PDF-1.7 {PRIVATE}".encode()}
    headers = full.headers("editor", **{"Content-Type": "application/pdf"})
    digest = full.client.post("/api/v1/files", headers=headers, **form).json()["digest"]
    arrival = lay(full.settings.arrivals_dir, "一.csv", f"name,item_type\n事项{PRIVATE},行政许可\n".encode())
    dump = full.settings.dumps_dir / write_dump(full.database, full.settings.dumps_dir, TODAY, TODAY)["file"]

    def fails(*_asked: object) -> None:
        raise TypeError("坏了")

    monkeypatch.setattr(f"app.cli.erasing.{step}", fails)
    said = redact(full, monkeypatch, *hashes(full), digest, status=1)
    assert told in said
    assert "坏了" in said
    done = {
        "arrivals.forget": not arrival.file.exists(),
        "rebuild": full.registry.engine.applied_seq() == full.get("/log/head").json()["seq"],
        "Database.empty_log": os.path.getsize(Path(full.settings.data_dir) / "qingdan.db-wal") == 0,
        "remove_withdrawn": not dump.exists(),
        "erase_redacted": not place(full.settings.files_dir, digest).exists(),
    }
    assert {name for name, is_done in done.items() if not is_done} == {step}


def test_a_reader_that_holds_the_log_back_is_told_of(full: Living, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QINGDAN_LOCK_TIMEOUT", "0.2")
    other = Database(full.database.url)
    with other.reading() as session:
        session.connection().exec_driver_sql("SELECT count(*) FROM content").scalar()
        assert "还没有清空" in redact(full, monkeypatch, *hashes(full))
        assert any("-wal" in name for name in files_with(Path(full.settings.data_dir)))
    other.dispose()
    assert full.database.empty_log()
    assert files_with(Path(full.settings.data_dir)) == []


def test_the_command_says_what_it_leaves(full: Living, monkeypatch: pytest.MonkeyPatch) -> None:
    found = hashes(full)
    said = redact(full, monkeypatch, found[0])
    assert "没有删改" in said
    assert all(one in said for one in found[1:])
    assert PRIVATE not in said
    left = redact(full, monkeypatch, *found[1:]).partition("没有删改")[2]
    assert not any(one in left for one in found), "the corrected name alone stands elsewhere"


def test_uploads_that_wait_go_too(full: Living, monkeypatch: pytest.MonkeyPatch) -> None:
    root, word = full.settings.arrivals_dir, PRIVATE
    head = "name,item_type\n"
    bring = partial(lay, root)
    bring("一.csv", f"{head}事项{word},行政许可\n".encode())
    bring("二.csv", f"{head}事项{word},行政许可\n".encode("gb18030"), account=2)
    bring("三.jsonl", json.dumps({"name": word}).encode())
    bring("四.xlsx", workbook("一张表", f"经办{word}"))
    bring("五.xlsx", workbook("名单" + word[:8], "不相干"))
    bring("六.xlsx", b"PK\x03\x04 and no more")
    bring(f"{word}.csv", head.encode())
    kept = bring("七.csv", f"{head}不相干的事项,行政许可\n".encode())
    told = bring("八.csv", f"{head}不相干,行政许可\n".encode())
    (told.folder / arrivals.TRIED).write_bytes(orjson.dumps({"said": f"“{word}”有误"}))
    mapping = root / "mappings" / f"{arrivals.OWN}x.toml"
    mapping.parent.mkdir()
    mapping.write_text(f'title = "{word}"\n', "utf-8")
    wrong = [CellProblem("表", 2, "", "x", f"“{word}”不在可选之列")]
    marked.lay_aside(full.settings.marked_dir, 1, "轮次", workbook("表", "不相干"), wrong)
    works, came = Works(full.settings.works_dir), CameTo(Filled(problems=wrong))
    works.ask(("brought",), lambda _tell: came, wait=60)
    under_way, go = threading.Event(), threading.Event()

    def slowly(tell: Tell) -> str:
        tell(word)
        under_way.set()
        go.wait(60)
        return word

    works.ask(("slowly",), slowly)
    works.ask(("other",), lambda _tell: "不相干", wait=60)
    assert under_way.wait(60)
    said = redact(full, monkeypatch, *hashes(full))
    assert "已删除 10 个上传" in said
    assert "已删除 2 份后台办理的记录" in said
    go.set()
    wait_for(lambda: not any(is_in_hand(one) for one in full.settings.works_dir.glob("turns/*")))
    assert word not in said
    assert files_with(root.parent) == []
    assert works.look(("brought",)) is None
    assert works.look(("slowly",)) is None, "nor is it written when it ends"
    assert works.look(("other",)) is not None
    assert [one.key for account in (1, 2) for one in arrivals.lying(root, account)] == [kept.key]
    assert kept.file.read_text("utf-8").endswith("不相干的事项,行政许可\n")


def lay(root: Path, name: str, body: bytes, account: int = 1) -> arrivals.Arrival:
    return arrivals.lay_aside(root, account, arrivals.Asked(name, "catalogue_items", "", ""), body)


def workbook(sheet: str, cell: str) -> bytes:
    """The cell is set in two faces, on a sheet that is hidden."""
    out = BytesIO()
    book = xlsxwriter.Workbook(out)
    book.add_worksheet("另一张").write("A1", "name")
    hidden, bold = book.add_worksheet(sheet), book.add_format({"bold": True})
    hidden.write_rich_string("A1", cell[:2], bold, cell[2:])
    hidden.hide()
    book.close()
    return out.getvalue()
