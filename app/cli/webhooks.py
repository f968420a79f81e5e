"""webhook list, resend."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.auth.actor import COMMAND_LINE
from app.cli.opening import open_registry
from app.cli.speaking import CommandLine
from app.hooks import subscribing
from app.settings import Settings

console = Console()
webhooks = CommandLine(help="事件订阅。")


def register(cli: typer.Typer) -> None:
    cli.add_typer(webhooks, name="webhook")


@webhooks.command("list")
def list_webhooks() -> None:
    """列出全部订阅：投递到哪里，欠多少，放弃了多少。"""
    table = Table("编号", "账号", "网址", "状态", "待投递", "已放弃", "最近送达")
    with open_registry(Settings()).reading() as session:
        for one in subscribing.webhooks_of(session, COMMAND_LINE):
            told = subscribing.described(session, one)
            state = "暂停" if told["paused"] else "正常"
            counts = (str(told["owed"]), str(told["dead"]), (told["last_delivered_at"] or "")[:16])
            table.add_row(one.id, str(one.account_id), one.url, state, *counts)
    console.print(table)


@webhooks.command("resend")
def resend(
    webhook: Annotated[str, typer.Argument(help="订阅的标识")],
    since: Annotated[int | None, typer.Option(help="连同此序号之后已送达的")] = None,
) -> None:
    """把放弃的（或某序号之后的全部）事件重新投递。"""
    with open_registry(Settings()).writing() as session:
        count = subscribing.resend(session, COMMAND_LINE, webhook, since)
    console.print(f"将重新投递 {count} 个事件。")
