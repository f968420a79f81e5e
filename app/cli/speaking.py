"""The frames of the command line in Chinese: usage, headings and what is wrong with how a command was typed.

Typer's own words are English. Its headings are settings of its own; the rest is said by the two classes of commands
here, which every command of ``qingdan`` is made of (``CommandLine``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import typer
from pydantic import ValidationError
from typer import rich_utils
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from app.wording import reason

HEADINGS = {
    "ARGUMENTS_PANEL_TITLE": "参数",
    "OPTIONS_PANEL_TITLE": "选项",
    "COMMANDS_PANEL_TITLE": "命令",
    "ERRORS_PANEL_TITLE": "未执行",
    "REQUIRED_LONG_STRING": "[必填]",
    "DEFAULT_STRING": "[默认：{}]",
    "ENVVAR_STRING": "[环境变量：{}]",
    "DEPRECATED_STRING": "（已停用）",
    "ABORTED_TEXT": "已中止。",
    "RICH_HELP": "用法见 [blue]{command_path} {help_option}[/]。",
}
_KINDS = {
    "option": "选项",
    "argument": "参数",
    "parameter": "参数",
    "path": "路径",
    "file": "文件",
    "directory": "目录",
}


def _one_of(words: str) -> str:
    return words.replace("'", "").replace(", ", "、")


_Said = Callable[[re.Match[str]], str]
PHRASES: tuple[tuple[str, _Said], ...] = (
    (
        r"No such option: (\S+) \(Possible options: (.+)\)",
        lambda m: f"没有选项 {m[1]}，是不是 {_one_of(m[2])}？",
    ),
    (r"No such option: (\S+)", lambda m: f"没有选项 {m[1]}，请核对拼写。"),
    (r"No such command '(.*)'\. Did you mean (.+)\?", lambda m: f"没有命令 {m[1]}，是不是 {_one_of(m[2])}？"),
    (r"No such command '(.*)'\.", lambda m: f"没有命令 {m[1]}，请核对拼写。"),
    (r"Missing command\.", lambda _: "请写明要执行哪个命令。"),
    (r"Missing (option|argument|parameter) '(.+?)'\..*", lambda m: f"缺少{_KINDS[m[1]]} {m[2]}，请补上。"),
    (r"Option '(.+)' requires (?:an argument|\d+ arguments)\.", lambda m: f"选项 {m[1]} 后面要写值。"),
    (r"Option '(.+)' does not take a value\.", lambda m: f"选项 {m[1]} 后面不写值。"),
    (r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", lambda m: f"多写了 {m[1]}，请删去。"),
    (r"Argument '(.+)' takes (\d+) values\.", lambda m: f"参数 {m[1]} 要写 {m[2]} 个值。"),
)
"""What Typer says of a whole command -> how it is said here."""
VALUES: tuple[tuple[str, _Said], ...] = (
    (r"\w+ '(.*)' does not exist\.", lambda m: f"没有 {m[1]}，请核对路径"),
    (r"\w+ '(.*)' is a file\.", lambda m: f"{m[1]} 是文件，应为目录"),
    (r"\w+ '(.*)' is a directory\.", lambda m: f"{m[1]} 是目录，应为文件"),
    (r"\w+ '(.*)' is not readable\.", lambda m: f"{m[1]} 不能读取，请检查权限"),
    (r"\w+ '(.*)' is not writable\.", lambda m: f"{m[1]} 不能写入，请检查权限"),
    (r"'(.*)': .*", lambda m: f"文件 {m[1]} 打不开，请检查路径和权限"),
    (r"'(.*)' is not one of (.+)\.", lambda m: f"没有 {m[1]} 这个值，可用的有：{_one_of(m[2])}"),
    (r"Value '(.*)' is not a valid .*", lambda m: f"“{m[1]}”的写法不对"),
)
"""The same of a single value."""


def _said(message: str, phrases: tuple[tuple[str, _Said], ...]) -> str | None:
    for pattern, words in phrases:
        if found := re.fullmatch(pattern, message, re.DOTALL):
            return words(found)
    return None


def told(error: TyperException) -> str:
    """What is wrong, as a Chinese sentence; what is not known here stays as Typer says it."""
    message = error.format_message()
    value = re.fullmatch(r"Invalid value(?: for '?(.+?)'?)?: (.*)", message, re.DOTALL)
    if value is None:
        return _said(message, PHRASES) or message
    cause = error.__cause__
    wrong = reason(cause.errors()[0]) if isinstance(cause, ValidationError) else _said(value[2], VALUES)
    return f"{value[1] or '值'}：{wrong or value[2]}。"


@contextmanager
def in_chinese() -> Iterator[None]:
    """A refusal of how a command was typed is said in Chinese, once."""
    try:
        yield
    except TyperException as error:
        if not hasattr(error, "told"):
            words = told(error)
            vars(error)["told"] = vars(error)["message"] = words
            vars(error)["format_message"] = lambda: words
        raise


class _Speaking:
    """What a command and a group of commands have in common."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        pieces = self.collect_usage_pieces(ctx)  # type: ignore[attr-defined]
        formatter.write_usage(ctx.command_path, " ".join(pieces), prefix="用法：")

    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            option.help = "显示这段说明。"
        return option

    def make_context(self, *arguments: Any, **extra: Any) -> Any:
        with in_chinese():
            return super().make_context(*arguments, **extra)  # type: ignore[misc]


class Command(_Speaking, TyperCommand):
    """A command."""


class Group(_Speaking, TyperGroup):
    """A group of commands."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        with in_chinese():
            return super().resolve_command(ctx, args)


class CommandLine(typer.Typer):
    """Typer, whose commands speak Chinese."""

    def __init__(self, **settings: Any) -> None:
        for name, words in HEADINGS.items():
            setattr(rich_utils, name, words)
        super().__init__(
            cls=Group, no_args_is_help=True, options_metavar="[选项]", subcommand_metavar="命令 …", **settings
        )

    def command(self, name: str | None = None, **settings: Any) -> Any:
        spoken: dict[str, Any] = {"cls": Command, "options_metavar": "[选项]"}
        return super().command(name, **spoken | settings)
