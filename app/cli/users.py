"""user add, token, password, unpair, revoke, list."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlmodel import select

from app.auth import accounts, signing_in
from app.auth.models import Account
from app.auth.passwords import POLICIES
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


@users.command("password")
def password(name: Annotated[str, typer.Argument(help="account")]) -> None:
    """设置办公室登录密码；从终端输入两次，或从标准输入读一行。"""
    settings = Settings()
    text = (
        typer.prompt("新密码", hide_input=True, confirmation_prompt="再输入一次")
        if sys.stdin.isatty()
        else sys.stdin.readline().rstrip("\n")
    )
    with open_registry(settings).writing() as session:
        account = accounts.find_account(session, name)
        signing_in.set_password(session, account, text, POLICIES[settings.password_policy])
    console.print(f"已设置账号 {name} 的密码；它的登录都已退出。")


@users.command("unpair")
def unpair(name: Annotated[str, typer.Argument(help="account")]) -> None:
    """停用某账号的验证器（验证器丢失时）。"""
    with open_registry(Settings()).writing() as session:
        signing_in.drop_totp(session, accounts.find_account(session, name))
    console.print(f"已停用账号 {name} 的验证器，下次登录只要密码。")


@users.command("list")
def list_accounts() -> None:
    """列出账号。"""
    table = Table("编号", "账号", "名称", "权限", "状态")
    with open_registry(Settings()).reading() as session:
        for account in session.exec(select(Account).order_by(Account.id)):  # type: ignore[arg-type]
            state = "锁定" if account.locked else "正常"
            table.add_row(str(account.id), account.name, account.display_name, account.rights, state)
    console.print(table)
