"""The commands: what each does, and how each refuses."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from holding import fill
from seeded import FELLING, Living, set_field
from typer.testing import CliRunner

from app.auth import signing_in
from app.auth.accounts import find_account
from app.auth.passwords import POLICIES
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

        def run(*arguments: str, typed: str = "") -> Any:
            return CliRunner().invoke(cli, arguments, input=typed)

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


def test_a_database_of_a_later_version_is_told_as_such(run_empty: Run, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "data" / "qingdan.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    for command in (["migrate"], ["verify"], ["serve"], ["serve", "--setup"], ["seed"]):
        assert "更新版本的清单" in refused(run_empty(*command), "schema-unknown")


def test_seeding_an_empty_registry_and_again(run_empty: Run) -> None:
    assert "21 次发布" in done(run_empty("seed"))
    assert "没有变化" in done(run_empty("seed"))
    assert FELLING in done(run_empty("search", "砍树证"))
    assert "第一批清理" in done(run_empty("round", "list"))


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
    listed = Counter(one["code"] for one in orjson.loads(report.read_bytes())["problems"])
    assert (listed["new-authority"], listed["new-region"], listed["start-unknown"]) == (96, 12, 20)
    nowhere = str(tmp_path / "none" / "report.json")
    refused(run_empty("import", str(path), "--initial", "--report", nowhere), "no-folder")
    assert "0 条日志" in done(run_empty("verify"))
    counted = "共 128 条。事项：新增 20，无变化 0；实施机关：新增 96，无变化 0；行政区划：新增 12，无变化 0。"
    assert f"读入 128 行，{counted}" in done(run_empty("import", str(path), "--initial"))
    counted = "共 128 条。事项：新增 0，无变化 20；实施机关：新增 0，无变化 96；行政区划：新增 0，无变化 12。"
    assert f"读入 128 行，{counted}" in done(run_empty("import", str(path), "--initial"))
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


MAPPING = """
name = "table"
title = "事项表"
kind = "item"
key = [["编号"]]
[region]
code = "区划"
name = "地区"
[authority]
name = ["机关"]
[fields]
name = "名称"
"""


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., list[str]]:
    """Writes a table of items and its mapping; the arguments that import it."""
    (tmp_path / "table.toml").write_text(MAPPING, encoding="utf-8")

    def write(text: str, *more: str, attested: bool = True) -> list[str]:
        path = tmp_path / "表.csv"
        path.write_text(text, encoding="utf-8")
        day = ["--attested", "2025-06-30"] if attested else []
        return ["import", str(path), "--mapping", str(tmp_path / "table.toml"), *day, *more]

    return write


def test_a_slip_in_an_authoritys_name_is_told_before_it_founds_another(
    run: Run, living_sqlite: Living, table: Callable[..., list[str]]
) -> None:
    authority, region, code = living_sqlite.rows(
        "SELECT a.name, r.name, c.value FROM timeline a JOIN timeline r ON r.subject_id = a.region"
        " JOIN code_interval c ON c.subject_id = r.subject_id WHERE a.kind = 'authority'"
        " AND a.valid_to = '9999-12-31' AND r.valid_to = '9999-12-31' AND c.scheme = 'gb2260'"
        " AND length(a.name) > 5 ORDER BY a.name LIMIT 1"
    )[0]
    slip = authority[:-1] + "句"
    rows = [f"1,甲事项,{authority},{code},{region}", f"2,乙事项,{authority},{code},{region}"]
    rows.append(f"3,丙事项,{slip},{code},{region}")
    text = "编号,名称,机关,区划,地区\n" + "\n".join(rows) + "\n"
    warning = f"将新设实施机关“{slip}”（表.csv 第4行）；若为笔误请改正，登记簿中相近的有“{authority}”"
    trial = done(run(*table(text, "--dry-run")))
    assert warning in trial
    assert trial.count("将新设实施机关“") == 1
    assert "将新设行政区划" not in trial
    refused = run(*table(text, "--dry-run", "--initial"))
    assert refused.exit_code == 1, "as the first entry itself would be: the registry is past it"
    drafted = done(run(*table(text, "--as", "editor")))
    assert warning in drafted
    counted = "事项：新增 3，无变化 0；实施机关：新增 1，无变化 1；行政区划：新增 0，无变化 2。"
    assert counted in drafted


def test_a_trial_without_registry_says_that_it_compared_nothing(
    run_in: Callable[..., Run], tmp_path: Path, table: Callable[..., list[str]]
) -> None:
    run = run_in(tmp_path / "none")
    told = done(run(*table("编号,名称,机关,区划,地区\n1,甲,局,511602,广安区\n", "--dry-run")))
    assert "没有登记簿可以对照" in told
    assert "将新设" not in told
    assert not (tmp_path / "none" / "qingdan.db").exists()


def test_columns_that_the_mapping_needs_are_named_once(run: Run, table: Callable[..., list[str]]) -> None:
    rows = "".join(f"{number},甲,局\n" for number in range(300))
    result = run(*table("序号,事项名称,机关\n" + rows, "--dry-run"))
    assert result.exit_code == 1
    told = "文件没有“名称”“编号”列；文件中的列有：序号、事项名称、机关。请改正表头或映射。"
    assert result.output.count(told) == 1
    assert result.output.count("错误") == 2  # this line, and that the file was refused


def test_rows_without_a_day_are_told_once(run: Run, table: Callable[..., list[str]]) -> None:
    rows = "".join(f"{number},甲,局\n" for number in range(300))
    result = run(*table("编号,名称,机关\n" + rows, "--dry-run", attested=False))
    assert result.exit_code == 1
    assert result.output.count("--attested") == 1
    assert "表.csv 第2行（" not in result.output
    assert "共300行没有日期" in result.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "没有名为“nix”的映射"),
        ("kind = 'item'\nname ==", "第2行第7列不合 TOML 语法"),
        ("name = 'x'\nkind = 'item'", "“title”缺少这一项"),
        ("name = 'x'\ntitle = 't'\nkind = 'item'", "有误：事项映射要写明 authority 和 fields.name。"),
    ],
)
def test_a_bad_mapping_ends_with_one_line(tmp_path: Path, text: str | None, said: str) -> None:
    (tmp_path / "f.csv").write_text("a\n1\n")
    mapping = tmp_path / "m.toml"
    if text is not None:
        mapping.write_text(text)
    ended = from_shell(tmp_path, "import", str(tmp_path / "f.csv"), "--dry-run", "--mapping",
                       "nix" if text is None else str(mapping))  # fmt: skip
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)
    assert ended.stderr.startswith("未执行：")
    assert said in ended.stderr
    assert "Value error" not in ended.stderr


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


def test_a_search_without_any_result_says_what_to_try(run: Run) -> None:
    told = done(run("search", "qqzzxx"))
    assert "没有找到" in told
    assert "换个说法" in told
    assert "共 0 个" not in told


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
        seq = connection.exec_driver_sql("SELECT max(seq) FROM revision").scalar_one()
        connection.exec_driver_sql(f"UPDATE revision SET status = 'ended' WHERE seq = {seq}")
    result = run("verify")
    assert result.exit_code == 1
    assert f"核验不通过：revision {seq}: " in result.output


def test_nothing_is_served_where_there_is_no_registry(tmp_path: Path, run_in: Callable[..., Run]) -> None:
    refused(run_in(tmp_path)("serve"), "no-registry")
    (tmp_path / "qingdan.db").touch()
    refused(run_in(tmp_path)("serve"), "not-migrated")


# --- people


def test_accounts_and_tokens(run: Run, living_sqlite: Living) -> None:
    assert "editor2" in done(run("user", "add", "editor2", "--right", "edit", "--right", "review"))
    assert "只能读取公开的内容和订阅" in done(run("user", "add", "hall"))
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


def test_an_account_is_locked_unlocked_and_given_other_rights(run: Run, living_sqlite: Living) -> None:
    living = living_sqlite
    felling = living.get(f"/items/{living.item_called(FELLING)}").json()
    (other,) = living.rows(
        "SELECT min(subject_id) FROM timeline WHERE kind = 'authority'"
        f" AND subject_id <> '{felling['authority']['id']}'"
    )
    form = {"title": "x", "decisions": [set_field(felling["id"], "note", "x", "2026-12-01")]}

    def drafts() -> tuple[int, str | None]:
        answer = living.post("editor", "/changesets", form)
        return answer.status_code, answer.json().get("code")

    assert drafts()[0] == 201
    done(run("user", "lock", "editor", "--reason", "调离"))
    assert drafts() == (401, "bad-token")
    assert "锁定" in done(run("user", "list"))
    refused(run("user", "lock", "editor", "--reason", "调离"), "account-locked")
    refused(run("user", "unlock", "editor", "--reason", " "), "reason-needed")
    done(run("user", "unlock", "editor", "--reason", "调回"))
    refused(run("user", "unlock", "editor", "--reason", "调回"), "account-not-locked")
    refused(run("user", "unlock", "demo-drafter", "--reason", "x"), "demonstration-account")
    assert drafts()[0] == 201
    done(run("user", "change", "editor", "--authority", other[0]))
    assert drafts() == (403, "out-of-scope")
    done(run("user", "change", "editor", "--everywhere"))
    refused(run("user", "change", "editor", "--everywhere"), "nothing-changed")
    done(run("user", "change", "editor", "--region", "511602"))
    assert drafts()[0] == 201
    refused(run("user", "change", "editor", "--region", "999999"), "unknown-subject")
    refused(run("user", "change", "editor", "--right", "rule"), "unknown-right")
    refused(
        run("user", "change", "editor", "--right", "audit", "--right", "administer"), "incompatible-rights"
    )
    refused(run("user", "change", "editor", "--right", "edit", "--no-rights"), "either-or")
    done(run("user", "change", "editor", "--right", "review"))
    assert drafts() == (403, "missing-right")
    noted = living.rows(
        "SELECT event, note FROM access_log WHERE subject = 'editor' AND event <> 'account-added' ORDER BY id"
    )
    assert [row[0] for row in noted] == ["account-locked", "account-unlocked", *["account-changed"] * 4]
    assert noted[0][1] == "调离"
    assert noted[-1][1].endswith("权限 review，范围 " + noted[-2][1].rsplit(" ", 1)[1])


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
    said = refused(run_in(tmp_path / "third")("restore", str(tmp_path / "broken.tar.gz")), "not-a-backup")
    assert said.endswith(
        "broken.tar.gz 不是完整的备份文件，可能没有写完或没有复制完，请核对大小后换一份完整的再恢复。"
    )


def test_redaction_needs_two_people(run: Run, living_sqlite: Living) -> None:
    living_sqlite.hire("second", "publish")
    (row,) = living_sqlite.rows(
        f"SELECT content FROM timeline WHERE subject_id = '{living_sqlite.item_called(FELLING)}'"
        " AND valid_to = '2027-01-01'"
    )
    words = ["--order", "令1号", "--reason", "个人信息"]
    set_password(living_sqlite, "second", "Kunlun-Shanmai-8848")
    secrets = {**living_sqlite.tokens, "second": "Kunlun-Shanmai-8848", "nobody": "x"}

    def ask(second: str, /, **typed: str) -> Any:
        lines = [typed.get(who, secrets[who]) for who in ("publisher", second)]
        people = ("--first", "publisher", "--second", second)
        return run("redact", row[0], *words, *people, typed="\n".join(lines))

    refused(ask("publisher"), "two-people")
    refused(ask("editor"), "missing-right")
    refused(ask("nobody"), "unknown-account")
    refused(ask("second", second="Kunlun-Shanmai-8849"), "bad-password")
    refused(ask("second", second=""), "bad-password")
    refused(ask("second", second=secrets["publisher"]), "bad-token")
    refused(ask("second", publisher="qdt_x"), "bad-token")
    dumps = living_sqlite.settings.dumps_dir
    done(run("export", "--dump", str(dumps)))
    (file,) = (path.name for path in dumps.glob("*.gz"))
    said = done(ask("second"))
    assert f"已删改 {row[0]}" in said
    assert f"已删除数据目录中此前的导出文件：{file}" in said
    assert [path.suffixes[-2:] for path in dumps.iterdir()] == [[".withdrawn", ".json"]], "a note of it stays"
    assert "依令删改 1 份" in done(run("verify"))
    assert run("redact", row[0]).exit_code == 2


def set_password(living: Living, name: str, text: str) -> None:
    with living.database.writing() as session:
        signing_in.set_password(session, find_account(session, name), text, POLICIES["asvs"])


def test_an_attached_file_is_redacted_with_its_bytes(run: Run, living_sqlite: Living) -> None:
    living_sqlite.hire("second", "publish")
    headers = living_sqlite.headers("editor", **{"Content-Type": "application/pdf"})
    asked = {"params": {"name": "身份证.pdf"}, "content": b"%PDF-1.7 secret", "headers": headers}
    digest = living_sqlite.client.post("/api/v1/files", **asked).json()["digest"]
    words = ["--order", "令1号", "--reason", "个人信息", "--first", "publisher", "--second", "second"]
    both = "\n".join(living_sqlite.tokens[name] for name in ("publisher", "second"))
    said = done(run("redact", digest, *words, typed=both))
    assert f"已删改 {digest}" in said
    assert f"已删除附件 {digest} 的全部字节" in said
    assert not [path for path in living_sqlite.settings.files_dir.rglob("*") if path.is_file()]
    done(run("verify"))
    refused(run("redact", digest, *words, typed=both), "already-redacted")


def test_worker_and_reindex(run: Run, living_sqlite: Living) -> None:
    living_sqlite.publish(set_field(living_sqlite.item_called(FELLING), "aliases", ["伐树条"]))
    done(run("worker", "--once"))
    assert FELLING in done(run("search", "伐树条"))
    assert "个文档" in done(run("reindex"))
    assert FELLING in done(run("search", "伐树条"))


# --- from a shell


def from_shell(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    asked = [sys.executable, "-c", "from app.cli import main; main()", *arguments]
    environment = {**os.environ, "QINGDAN_DATA_DIR": str(data_dir), "QINGDAN_DATABASE_URL": ""}
    return subprocess.run(asked, env=environment, capture_output=True, text=True, check=False)


def test_a_refusal_is_one_line_and_exit_status_one(tmp_path: Path) -> None:
    ended = from_shell(tmp_path, "verify", "--head", "x")
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


# --- round


def test_past_rounds_are_loaded_recorded_and_matched(run: Run, tmp_path: Path) -> None:
    past = Path(__file__).parents[1] / "rounds" / "past"
    load = ("round", "load", str(past / "rounds.csv"), "--decisions", str(past / "rounds_decisions.csv"))
    door = ("--as", "editor", "--review-as", "reviewer", "--publish-as", "publisher")
    assert "补录 4 轮、3 行并发布" in done(run(*load, *door))
    assert "已有 4 轮，没有重复录入" in done(run(*load, "--as", "editor"))
    assert "甲市人民政府：合并和更名一批事项" in done(run("round", "list"))
    annex = tmp_path / "附件.csv"
    annex.write_text(f"序号,项目名称\n1,{FELLING}\n2,没有的事项\n", "utf-8")
    told = done(run("round", "record", str(annex), "--as", "editor", "--title", "决定", "--total", "3",
                    "--part", "取消=3", "--outcome", "取消"))  # fmt: skip
    assert "录入 2 行，其中 1 行可以一并确认" in told
    assert "与文件总数相差 1 项" in told
    changeset = re.search(r"qdx-\w+", told)[0]
    told = done(run("round", "match", changeset, "--as", "editor", "--certain", "--row", "2="))
    assert "（名称相同）" in told
    assert "2. 没有的事项 → 无对应（无对应）" in told
    refused(run("round", "record", str(annex), "--as", "editor"), "title-needed")
    refused(run("round", "record", str(annex), "--as", "editor", "--title", "甲", "--part", "三"), "bad-part")
    refused(run("round", "match", changeset, "--as", "editor", "--row", "一"), "bad-choice")


def test_worksheets_go_out_and_come_back(run: Run, living_sqlite: Living, tmp_path: Path) -> None:
    item = living_sqlite.item_called(FELLING)
    authority = living_sqlite.get(f"/items/{item}").json()["authority"]["id"]
    scope = {"authorities": [authority], "base_day": "2026-09-28"}
    document = {"title": "决定", "effective_on": "2026-10-01"}
    form = {"title": "第一批", "kind": "round", "document": document, "scope": scope}
    changeset = living_sqlite.post("editor", "/changesets", form).json()["id"]
    sheet, marked = tmp_path / "表.xlsx", tmp_path / "标注.xlsx"
    assert "未提" in done(run("round", "worksheet", "export", changeset, str(sheet)))
    fill(sheet, {item: {"outcome": "不知道"}})
    back = ("round", "worksheet", "import", changeset, str(sheet), "--as", "editor", "--marked", str(marked))
    result = run(*back)
    assert result.exit_code == 1
    assert "（unknown-outcome）" in result.output
    assert marked.exists()
    fill(sheet, {item: {"outcome": "保留"}})
    assert "已导入：新提 1" in done(run(*back))
    assert "新提 0，修改 0，重新提出 0" in done(run(*back))


def test_duties_at_the_command_line(run: Run) -> None:
    assert re.search(r"共 \d+ 项", done(run("round", "duties", "--kind", "expiry", "--due-within", "60")))
    refused(run("round", "duties", "--kind", "whatever"), "unknown-kind")
