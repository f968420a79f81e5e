"""What was redacted stands in no file: not in free pages, the write-ahead log, the index or kept answers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from seeded import FELLING, Living, new_item, set_field
from typer.testing import CliRunner

from app.cli import build
from app.db import Database

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


def redact(living: Living, monkeypatch: pytest.MonkeyPatch, *contents: str) -> str:
    monkeypatch.setenv("QINGDAN_DATA_DIR", str(living.settings.data_dir))
    asked = ["redact", *contents, "--order", "川网信令〔2026〕1号", "--reason", "个人信息"]
    asked += ["--first", "publisher", "--second", "second"]
    both = "\n".join(living.tokens[name] for name in ("publisher", "second"))
    done = CliRunner().invoke(build(), asked, input=both)
    assert done.exit_code == 0, done.output
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
