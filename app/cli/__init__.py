"""The command line: ``qingdan COMMAND``. One file per group of commands; they translate, as routes do."""

from __future__ import annotations

import sys

import typer

from app.cli import bench, data, running, users
from app.errors import RegistryError

cli = typer.Typer(
    name="qingdan",
    help="清单：行政审批事项目录与权力清单的登记簿。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (running, data, users, bench):
    group.register(cli)


def main() -> None:
    """The entry point; a refusal is one line on standard error and exit status 1."""
    try:
        cli()
    except RegistryError as error:
        print(f"未执行：{error.message}（{error.code}）", file=sys.stderr)
        raise SystemExit(1) from error


__all__ = ["cli", "main"]
