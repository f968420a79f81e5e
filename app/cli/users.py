"""user add, user token, user revoke, user list."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlmodel import select

from app.auth import accounts
from app.auth.models import Account
from app.cli.opening import open_registry
from app.settings import Settings

console = Console()
users = typer.Typer(help="账号与令牌。", no_args_is_help=True)


def register(cli: typer.Typer) -> None:
    cli.add_typer(users, name="user")


@users.command("add")
def add(
    name: Annotated[str, typer.Argument(help="sign-in name")],
    right: Annotated[list[str], typer.Option(help="edit, review, publish, audit, administer; repeat")],
    display_name: Annotated[str, typer.Option(help="name shown to people")] = "",
    region: Annotated[str | None, typer.Option(help="scope: region id, with all below it")] = None,
    authority: Annotated[str | None, typer.Option(help="scope: authority id")] = None,
) -> None:
    """添加账号。"""
    with open_registry(Settings()).writing() as session:
        account = accounts.add_account(
            session, name, right, display_name=display_name, region=region, authority=authority
        )
        console.print(f"已添加账号 {account.name}（{account.id} 号），权限：{account.rights}")


@users.command("token")
def token(
    name: Annotated[str, typer.Argument(help="account")],
    label: Annotated[str, typer.Option(help="what it is for")] = "",
    days: Annotated[int | None, typer.Option(help="days until it expires")] = None,
) -> None:
    """签发令牌；只显示这一次。"""
    with open_registry(Settings()).writing() as session:
        text = accounts.issue_token(session, accounts.find_account(session, name), label, days)
    print(text)


@users.command("revoke")
def revoke(name: Annotated[str, typer.Argument(help="account")]) -> None:
    """撤销某账号的全部令牌。"""
    with open_registry(Settings()).writing() as session:
        count = accounts.revoke_tokens(session, accounts.find_account(session, name))
    console.print(f"已撤销 {count} 个令牌。")


@users.command("list")
def list_accounts() -> None:
    """列出账号。"""
    table = Table("编号", "账号", "名称", "权限", "状态")
    with open_registry(Settings()).reading() as session:
        for account in session.exec(select(Account).order_by(Account.id)):  # type: ignore[arg-type]
            state = "锁定" if account.locked else "正常"
            table.add_row(str(account.id), account.name, account.display_name, account.rights, state)
    console.print(table)
