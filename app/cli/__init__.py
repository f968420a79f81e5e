"""The command line: ``qingdan COMMAND``. One file per group of commands; they translate, as routes do.

A group is imported when one of its commands is asked for: ``serve`` need not load the importer first.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Any

from app.cli.refusing import refusal
from app.cli.speaking import CommandLine
from app.privacy import keep_private

GROUPS = {
    "running": ("serve", "migrate", "worker", "reindex"),
    "keys": ("keys",),
    "data": ("import", "export", "seed", "search", "verify", "backup", "restore", "redact"),
    "rounds": ("round",),
    "editions": ("edition", "key"),
    "users": ("user",),
    "checks": ("check",),
    "webhooks": ("webhook",),
    "bench": ("bench",),
}
"""Module -> its commands."""


def build(groups: Iterable[str] = tuple(GROUPS)) -> CommandLine:
    """The command line with these groups."""
    made = CommandLine(
        name="qingdan",
        help="清单：行政审批事项目录与权力清单的登记簿。",
        add_completion=False,
        pretty_exceptions_enable=False,
    )

    @made.callback()
    def whole() -> None:
        """清单：行政审批事项目录与权力清单的登记簿。"""

    for name in groups:
        import_module(f"app.cli.{name}").register(made)
    return made


def __getattr__(name: str) -> Any:
    if name == "cli":
        return build()
    raise AttributeError(name)


def main() -> None:
    """The entry point; a refusal is one line on standard error and exit status 1."""
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    keep_private()
    groups = [module for module, commands in GROUPS.items() if asked in commands]
    try:
        build(groups or GROUPS)()
    except Exception as error:
        told = refusal(error)
        if told is None:
            raise
        words, code = told
        print(f"未执行：{words}（{code}）", file=sys.stderr)
        raise SystemExit(1) from error
