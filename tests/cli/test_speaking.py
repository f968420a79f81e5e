"""The frames of the command line are Chinese: headings, usage, and what is wrong with how a command was typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from app.cli import build

CLI = build()
ENGLISH = re.compile(
    r"\b(Usage|Options?|Arguments?|Commands?|COMMAND|OPTIONS|ARGS|Error|Missing|No such|Possible|Invalid|Try|for help"
    r"|Show this|default|required|env var|requires|unexpected|does not|should be|Did you)\b"
)


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*path, name))


def said(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(CLI, arguments, env={"COLUMNS": "300"})
    return done.exit_code, done.output


@pytest.mark.parametrize("path", list(commands(typer.main.get_command(CLI))), ids=" ".join)
def test_no_frame_is_english(path: tuple[str, ...]) -> None:
    code, words = said(*path, "--help")
    assert (code, ENGLISH.findall(words)) == (0, []), words
    assert "用法：" in words
    code, words = said(*path, "--hepl")
    assert (code, ENGLISH.findall(words)) == (2, []), words
    assert "没有选项 --hepl" in words


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("--hel", "没有选项 --hel，是不是 --help？"),
        ("verify --wwwww", "没有选项 --wwwww，请核对拼写。"),
        ("serv", "没有命令 serv，是不是 serve"),
        ("无", "没有命令 无，请核对拼写。"),
        ("redact", "缺少参数 content，请补上。"),
        ("redact 0", "缺少选项 --order，请补上。"),
        ("redact 0 --order", "选项 --order 后面要写值。"),
        ("verify --help=1", "选项 --help 后面不写值。"),
        ("user tokens 甲 乙 丙", "多写了 乙 丙，请删去。"),
        ("user revoke 甲 --token x", "--token：“x”应为整数。"),
        ("user rotate 3 --grace -1", "--grace：“-1”过小，不得小于 0。"),
        ("restore nowhere.tar.gz", "没有 nowhere.tar.gz，请核对路径。"),
        ("serve --port 99999999", "--port：“99999999”过大，不得大于 65535。"),
        ("serve --workers 0", "--workers：“0”过小，不得小于 1。"),
        ("search 树 --limit 100000000000000000000", "“100000000000000000000”过大，不得大于 1000。"),
        (f"export --dump {__file__}", f"{__file__} 是文件，应为目录。"),
        ("export .", "file：. 是目录，应为文件。"),
        ("import .", "file：. 是目录，应为文件。"),
    ],
)
def test_a_mistake_is_told_in_chinese(
    typed: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, words = said(*typed.split())
    assert code == 2
    assert told in words, words
    assert ENGLISH.findall(words) == []
