"""What is no fault of ours ends a command with one line and exit status 1, whatever library met it first."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import app.cli
from app.db import Database
from app.migrating import migrate

Shell = Callable[..., str]


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Shell:
    """Runs a command as its entry point does and returns the one line that it is refused with."""
    monkeypatch.setenv("QINGDAN_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("QINGDAN_DATABASE_URL", "")
    monkeypatch.setattr(app.cli, "keep_private", lambda: None)  # of this process

    def run(*arguments: str, **settings: str) -> str:
        for name, value in settings.items():
            monkeypatch.setenv(f"QINGDAN_{name}", value)
        monkeypatch.setattr(sys, "argv", ["qingdan", *arguments])
        with pytest.raises(SystemExit) as ended:
            app.cli.main()
        told = capsys.readouterr()
        assert (ended.value.code, told.out) == (1, "")
        assert told.err.count("\n") == 1, told.err
        return told.err

    return run


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"LOCK_TIMEOUT": "abc"}, "设置 QINGDAN_LOCK_TIMEOUT：“abc”应为数字（bad-setting）"),
        ({"DUMP_HOUR": "99"}, "设置 QINGDAN_DUMP_HOUR：“99”过大，不得大于 23（bad-setting）"),
        ({"ACCESS_LOG_MONTHS": "1"}, "设置 QINGDAN_ACCESS_LOG_MONTHS：“1”过小，不得小于 6（bad-setting）"),
        ({"DATABASE_URL": "nonsense"}, "设置 QINGDAN_DATABASE_URL：应写成 postgresql://"),
        ({"DATABASE_URL": "mysql://x"}, "设置 QINGDAN_DATABASE_URL：应写成 postgresql://"),
        ({"DATABASE_URL": "postgresql://127.0.0.1:1/x"}, "数据库没有应答（"),
        ({"DATA_DIR": "/dev/null"}, "处没有登记簿"),
    ],
)
def test_a_setting_that_cannot_be_is_named(shell: Shell, settings: dict[str, str], told: str) -> None:
    assert told in shell("verify", **settings)


def test_a_file_that_cannot_be_is_named(shell: Shell, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "none" / "x.tar.gz")
    assert "没有登记簿可备份" in shell("backup", str(tmp_path / "x.tar.gz"))
    database = Database(f"sqlite:///{tmp_path / 'data' / 'qingdan.db'}")
    migrate(database)
    database.dispose()
    assert "没有这个文件或文件夹，请检查路径（file-error）" in shell("backup", nowhere)
    assert f"{nowhere} 没有这个文件或文件夹" in shell("export", nowhere)
    assert "不是文件夹" in shell("migrate", DATA_DIR="/dev/null")


def test_a_file_that_is_no_database_is_named(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "qingdan.db").write_bytes(b"no database" * 1000)
    assert "不是数据库" in shell("verify")


def test_a_fault_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch, shell: Shell) -> None:
    def fails(*_groups: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr(app.cli, "build", fails)
    monkeypatch.setattr(sys, "argv", ["qingdan", "verify"])
    with pytest.raises(KeyError):
        app.cli.main()
