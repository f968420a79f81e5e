"""The commands: what each does, and how each refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from seeded import FELLING, Living, set_field
from typer.testing import CliRunner

from app.cli import cli
from app.db import Database
from app.errors import RegistryError
from app.exchange.synthetic import write_synthetic
from app.migrating import migrate

Run = Callable[..., Any]


@pytest.fixture
def run_in(monkeypatch: pytest.MonkeyPatch, clock: Any) -> Callable[[Path, str], Run]:
    """Runs commands on a data directory, as from a shell with a wide terminal."""
    clock.tick = 1

    def place(data_dir: Path, url: str = "") -> Run:
        monkeypatch.setenv("QINGDAN_DATA_DIR", str(data_dir))
        monkeypatch.setenv("QINGDAN_DATABASE_URL", url)
        monkeypatch.setenv("COLUMNS", "300")

        def run(*arguments: str) -> Any:
            return CliRunner().invoke(cli, arguments)

        return run

    return place


@pytest.fixture
def run(living_sqlite: Living, run_in: Callable[..., Run]) -> Run:
    """On a copy of the seed."""
    return run_in(living_sqlite.settings.data_dir)


@pytest.fixture
def run_empty(tmp_path: Path, run_in: Callable[..., Run]) -> Run:
    """On a migrated registry without anything."""
    data = tmp_path / "data"
    data.mkdir()
    database = Database(f"sqlite:///{data / 'qingdan.db'}")
    migrate(database)
    database.dispose()
    return run_in(data)


def done(result: Any) -> str:
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def refused(result: Any, code: str) -> str:
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, RegistryError), result.exception
    assert result.exception.code == code
    return result.exception.message


# --- setting up


def test_nothing_runs_before_the_schema_is_current(tmp_path: Path, run_in: Callable[..., Run]) -> None:
    run = run_in(tmp_path / "new")
    for command in (["verify"], ["seed"], ["search", "x"], ["reindex"], ["user", "list"], ["export"]):
        result = run(*command)
        assert result.exit_code == 1
        assert isinstance(result.exception, RegistryError), command
        assert "migrate" in result.exception.message
    assert "已是最新" in done(run("migrate"))
    assert "已是最新" in done(run("migrate"))
    assert "0 条日志" in done(run("verify"))


def test_seeding_an_empty_registry_and_again(run_empty: Run) -> None:
    assert "18 次发布" in done(run_empty("seed"))
    assert "没有变化" in done(run_empty("seed"))
    assert FELLING in done(run_empty("search", "砍树证"))
    assert "第一批清理" in done(run_empty("round"))


def test_a_registry_with_other_data_is_not_seeded(run_empty: Run, tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    write_synthetic(path, 5)
    done(run_empty("import", str(path), "--initial"))
    refused(run_empty("seed"), "not-empty")


# --- import


def test_an_import_from_trial_to_entry(run_empty: Run, tmp_path: Path) -> None:
    path, report = tmp_path / "s.jsonl", tmp_path / "report.json"
    write_synthetic(path, 20)
    refused(run_empty("import", str(path)), "no-mode")
    assert "没有写入任何内容" in done(run_empty("import", str(path), "--dry-run", "--report", str(report)))
    assert orjson.loads(report.read_bytes())
    assert "0 条日志" in done(run_empty("verify"))
    assert "新增 128，变更 0，无变化 0" in done(run_empty("import", str(path), "--initial"))
    assert "新增 0，变更 0，无变化 128" in done(run_empty("import", str(path), "--initial"))
    assert "20 个事项" in done(run_empty("export", str(tmp_path / "out.jsonl")))
    assert len((tmp_path / "out.jsonl").read_bytes().splitlines()) == 20


def test_a_bad_file_is_refused_with_its_places(run_empty: Run, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"kind": "item"}\n{\n')
    result = run_empty("import", str(path), "--initial")
    assert result.exit_code == 1
    assert "bad.jsonl 第1行" in result.output
    assert "第2行" in result.output
    assert "没有导入任何内容" in result.output
    assert "0 条日志" in done(run_empty("verify"))
    assert run_empty("import", str(tmp_path / "none.csv"), "--initial").exit_code == 2
    refused(run_empty("import", str(path), "--initial", "--attested", "gestern"), "bad-day")


def test_an_import_into_a_living_registry_is_drafted_by_an_account(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    write_synthetic(path, 3, regions=1, authorities=1)
    refused(run("import", str(path), "--initial"), "not-initial")
    refused(run("import", str(path), "--as", "nobody"), "unknown-account")
    assert "已起草变更单 qdx-" in done(run("import", str(path), "--as", "editor"))
    refused(run("import", str(path), "--as", "editor"), "already-drafted")
    refused(run("import", str(path), "--as", "reader"), "already-drafted")


# --- reading


def test_export_is_the_apis(run: Run, living_sqlite: Living, tmp_path: Path) -> None:
    target = tmp_path / "e.jsonl"
    done(run("export", str(target), "--on", "2025-05-01"))
    assert target.read_bytes() == living_sqlite.get("/export.jsonl", on="2025-05-01").content
    refused(run("export", "--on", "2025-05-32"), "bad-day")


def test_search_on_a_day(run: Run) -> None:
    name = "重点液态食品道路散装运输准运证核发"
    assert name in done(run("search", name))
    assert name not in done(run("search", name, "--on", "2025-01-01"))


def test_verify_against_a_head(run: Run, living_sqlite: Living) -> None:
    head = living_sqlite.get("/log/head").json()
    assert "不能断言未被改动" in done(run("verify"))
    assert "未被改动：" in done(run("verify", "--head", f"{head['seq']}:{head['hash']}"))
    assert "已重建" in done(run("verify", "--rebuild"))
    wrong = run("verify", "--head", f"{head['seq']}:{'0' * 64}")
    assert (wrong.exit_code, "核验不通过" in wrong.output) == (1, True)
    beyond = run("verify", "--head", f"{head['seq'] + 9}:{head['hash']}")
    assert (beyond.exit_code, "截短" in beyond.output) == (1, True)
    for bad in ("x", "²:" + "0" * 64, "1:abc"):
        refused(run("verify", "--head", bad), "bad-head")


def test_verify_finds_a_byte_that_was_turned(run: Run, living_sqlite: Living) -> None:
    with living_sqlite.database.writing() as session:
        connection = session.connection()
        connection.exec_driver_sql("DROP TRIGGER guard_revision_update")
        connection.exec_driver_sql(
            "UPDATE revision SET status = 'ended' WHERE seq = (SELECT max(seq) FROM revision)"
        )
    result = run("verify")
    assert result.exit_code == 1
    assert "核验不通过：log_entry" in result.output


# --- people


def test_accounts_and_tokens(run: Run, living_sqlite: Living) -> None:
    assert "editor2" in done(run("user", "add", "editor2", "--right", "edit", "--right", "review"))
    refused(run("user", "add", "editor2", "--right", "edit"), "account-exists")
    refused(run("user", "add", "x", "--right", "rule"), "unknown-right")
    refused(run("user", "add", "x", "--right", "audit", "--right", "administer"), "incompatible-rights")
    token = done(run("user", "token", "editor2", "--days", "2")).strip()
    assert token.startswith("qdt_")
    living_sqlite.tokens["editor2"] = token
    item = living_sqlite.item_called(FELLING)
    form = {"title": "x", "decisions": [set_field(item, "note", "x", "2026-12-01")]}
    assert living_sqlite.post("editor2", "/changesets", form).status_code == 201
    assert "editor2" in done(run("user", "list"))
    assert "1 个令牌" in done(run("user", "revoke", "editor2"))
    assert living_sqlite.post("editor2", "/changesets", form).status_code == 401
    refused(run("user", "token", "nobody"), "unknown-account")
    refused(run("user", "token", "demo-drafter"), "account-locked")
    assert token not in Path(living_sqlite.settings.data_dir / "qingdan.db").read_bytes().decode("latin-1")


# --- keeping


def test_backup_and_restore(
    run: Run, living_sqlite: Living, run_in: Callable[..., Run], tmp_path: Path
) -> None:
    head = living_sqlite.get("/log/head").json()
    target = tmp_path / "b.tar.gz"
    assert f"{head['seq']}:{head['hash']}" in done(run("backup", str(target)))
    refused(run("backup", str(target)), "target-exists")
    refused(run("restore", str(target)), "not-empty")
    elsewhere = run_in(tmp_path / "else")
    assert head["hash"] in done(elsewhere("restore", str(target)))
    assert FELLING in done(elsewhere("search", "砍树证"))
    (tmp_path / "broken.tar.gz").write_bytes(target.read_bytes()[:1000])
    refused(run_in(tmp_path / "third")("restore", str(tmp_path / "broken.tar.gz")), "not-a-backup")


def test_redaction_needs_two_people(run: Run, living_sqlite: Living) -> None:
    living_sqlite.hire("second", "publish")
    (row,) = living_sqlite.rows(
        f"SELECT content FROM timeline WHERE subject_id = '{living_sqlite.item_called(FELLING)}'"
        " AND valid_to = '2027-01-01'"
    )
    words = ["--order", "令1号", "--reason", "个人信息"]
    refused(run("redact", row[0], *words, "--first", "publisher", "--second", "publisher"), "two-people")
    refused(run("redact", row[0], *words, "--first", "publisher", "--second", "editor"), "missing-right")
    refused(run("redact", row[0], *words, "--first", "publisher", "--second", "nobody"), "unknown-account")
    assert "已删改" in done(run("redact", row[0], *words, "--first", "publisher", "--second", "second"))
    assert "依令删改 1 份" in done(run("verify"))
    assert run("redact", row[0]).exit_code == 2


def test_worker_and_reindex(run: Run, living_sqlite: Living) -> None:
    living_sqlite.publish(set_field(living_sqlite.item_called(FELLING), "aliases", ["伐树条"]))
    done(run("worker", "--once"))
    assert FELLING in done(run("search", "伐树条"))
    assert "个文档" in done(run("reindex"))
    assert FELLING in done(run("search", "伐树条"))


# --- from a shell


def test_a_refusal_is_one_line_and_exit_status_one(tmp_path: Path) -> None:
    asked = [sys.executable, "-c", "from app.cli import main; main()", "verify", "--head", "x"]
    environment = {**os.environ, "QINGDAN_DATA_DIR": str(tmp_path), "QINGDAN_DATABASE_URL": ""}
    ended = subprocess.run(asked, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("未执行：")
    assert ended.stderr.count("\n") == 1
    assert "Traceback" not in ended.stderr


COMMANDS = (
    *("serve", "migrate", "seed", "import", "export", "search", "reindex", "verify"),
    *("backup", "restore", "redact", "round", "worker", "user"),
)


def test_every_command_says_what_it_does(run_in: Callable[..., Run], tmp_path: Path) -> None:
    run = run_in(tmp_path)
    text = done(run("--help"))
    for command in COMMANDS:
        assert command in text
        assert done(run(command, "--help"))
