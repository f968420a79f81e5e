"""user add, change, lock, unlock, token, password, unpair, link, unlink, revoke, list."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlmodel import Session, select

from app import log
from app.auth import accounts, sign_on, signing_in
from app.auth.models import Account
from app.auth.passwords import POLICIES
from app.cli.opening import open_registry
from app.cli.speaking import CommandLine
from app.errors import Invalid
from app.settings import Settings
from app.versions.codes import subject_id
from app.versions.queries import kind_of_subject, moment, today

console = Console()
users = CommandLine(help="账号与令牌。")


def register(cli: typer.Typer) -> None:
    cli.add_typer(users, name="user")


ONLY_READS = "无（它的令牌只能读取公开的内容和订阅）"


@users.command("add")
def add(
    name: Annotated[str, typer.Argument(help="登录名")],
    right: Annotated[
        list[str] | None,
        typer.Option(
            help="权限：edit 起草、review 审核、publish 发布、audit 审计、administer 管理；可重复；不写则只能读取和订阅"
        ),
    ] = None,
    display_name: Annotated[str, typer.Option(help="显示的姓名")] = "",
    region: Annotated[str | None, typer.Option(help="范围：地区的标识或代码，含下级")] = None,
    authority: Annotated[str | None, typer.Option(help="范围：机关的标识或编码")] = None,
) -> None:
    """添加账号。"""
    with open_registry(Settings()).writing() as session:
        place, organ = _scope(session, region, authority)
        account = accounts.add_account(
            session, name, right or [], display_name=display_name, region=place, authority=organ
        )
        console.print(f"已添加账号 {account.name}（{account.id} 号），权限：{account.rights or ONLY_READS}")


def _scope(session: Session, region: str | None, authority: str | None) -> tuple[str | None, str | None]:
    """(region id, authority id) from ids or codes. Raises NotFound for what the registry does not have."""
    connection, day = session.connection(), today()
    place = subject_id(connection, "region", region, day) if region else None
    organ = subject_id(connection, "authority", authority, day) if authority else None
    for one in (place, organ):
        if one:
            kind_of_subject(connection, one)
    return place, organ


@users.command("change")
def change(
    name: Annotated[str, typer.Argument(help="账号")],
    right: Annotated[list[str] | None, typer.Option(help="此后的全部权限；可重复")] = None,
    no_rights: Annotated[bool, typer.Option("--no-rights", help="收回全部权限")] = False,
    region: Annotated[str | None, typer.Option(help="范围：地区的标识或代码，含下级")] = None,
    authority: Annotated[str | None, typer.Option(help="范围：机关的标识或编码")] = None,
    everywhere: Annotated[bool, typer.Option("--everywhere", help="不限范围：整个登记簿")] = False,
) -> None:
    """改变账号的权限或管理范围；没有写的保持不变，从下一次请求起生效。"""
    if (right and no_rights) or (everywhere and (region or authority)):
        raise Invalid("--right 与 --no-rights、范围与 --everywhere 不能同时写。", code="either-or")
    with open_registry(Settings()).writing() as session:
        account = accounts.find_account(session, name)
        scope = None
        if everywhere or region or authority:
            scope = _scope(session, region, authority)
        accounts.change_account(session, account, rights=[] if no_rights else right or None, scope=scope)
        console.print(f"已改变账号 {name}：权限 {account.rights or '无'}，范围 {_scope_words(account)}。")


def _scope_words(account: Account) -> str:
    return "、".join(one for one in (account.region, account.authority) if one) or "全部"


@users.command("lock")
def lock(
    name: Annotated[str, typer.Argument(help="账号")],
    reason: Annotated[str, typer.Option(help="理由：离任、令牌遗失等")],
) -> None:
    """锁定账号：令牌立即失效，登录全部退出；它做过的事和名称保留。"""
    with open_registry(Settings()).writing() as session:
        account = accounts.find_account(session, name)
        accounts.lock_account(session, account, reason)
        count = signing_in.end_sessions(session, account)
    console.print(f"已锁定账号 {name}，退出登录 {count} 处。")


@users.command("unlock")
def unlock(
    name: Annotated[str, typer.Argument(help="账号")], reason: Annotated[str, typer.Option(help="理由")]
) -> None:
    """解锁账号；没有撤销的令牌重新可用。"""
    with open_registry(Settings()).writing() as session:
        accounts.unlock_account(session, accounts.find_account(session, name), reason)
    console.print(f"已解锁账号 {name}；没有撤销的令牌重新可用（可用 qingdan user revoke 撤销）。")


@users.command("token")
def token(
    name: Annotated[str, typer.Argument(help="账号")],
    label: Annotated[str, typer.Option(help="用途")] = "",
    days: Annotated[int | None, typer.Option(help="多少天后失效")] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="只限账号的这项权限，或 subscribe 订阅；可重复"),
    ] = None,
    read_only: Annotated[bool, typer.Option(help="只限读取")] = False,
) -> None:
    """签发令牌（密钥）；只显示这一次。"""
    scopes = [] if read_only else scope
    with open_registry(Settings()).writing() as session:
        text = accounts.issue_token(session, accounts.find_account(session, name), label, days, scopes)
    print(text)


@users.command("tokens")
def tokens(name: Annotated[str, typer.Argument(help="账号")]) -> None:
    """列出某账号的令牌：用途、权限、到期、最近使用。"""
    table = Table("编号", "用途", "权限", "签发", "到期", "最近使用", "状态")
    now = log.now_microseconds()
    with open_registry(Settings()).reading() as session:
        for one in accounts.tokens_of(session, accounts.find_account(session, name).id):
            state = "已撤销" if one.revoked_at else "已到期" if (one.expires_at or now) < now else "有效"
            scopes = "同账号" if one.scopes is None else one.scopes or "只读"
            days = [moment(at)[:16] if at else "" for at in (one.created_at, one.expires_at, one.used_at)]
            table.add_row(str(one.id), one.label, scopes, *days, state)
    console.print(table)


@users.command("rotate")
def rotate(
    number: Annotated[int, typer.Argument(help="令牌的编号，见 user tokens")],
    grace: Annotated[int, typer.Option(help="旧令牌继续有效的天数", min=0)] = 7,
) -> None:
    """更换令牌：签发新的，旧的在宽限期后失效；只显示这一次。"""
    with open_registry(Settings()).writing() as session:
        text = accounts.rotate_token(session, accounts.find_token(session, number), grace)
    print(text)


@users.command("revoke")
def revoke(
    name: Annotated[str, typer.Argument(help="账号")],
    number: Annotated[int | None, typer.Option("--token", help="只停用这个编号的令牌")] = None,
) -> None:
    """撤销某账号的令牌：全部，或只一个。"""
    with open_registry(Settings()).writing() as session:
        if number is not None:
            account = accounts.find_account(session, name)
            accounts.revoke_token(session, accounts.find_token(session, number, account.id))
            console.print(f"已撤销 {number} 号令牌。")
            return
        count = accounts.revoke_tokens(session, accounts.find_account(session, name))
    console.print(f"已撤销 {count} 个令牌。")


@users.command("password")
def password(name: Annotated[str, typer.Argument(help="账号")]) -> None:
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
def unpair(name: Annotated[str, typer.Argument(help="账号")]) -> None:
    """停用某账号的验证器（验证器丢失时）。"""
    with open_registry(Settings()).writing() as session:
        account = accounts.find_account(session, name)
        signing_in.drop_totp(session, account)
        signing_in.end_sessions(session, account)
    console.print(f"已停用账号 {name} 的验证器，它的登录都已退出，下次登录只要密码。")


@users.command("link")
def link(
    name: Annotated[str, typer.Argument(help="账号")],
    subject: Annotated[str, typer.Argument(help="登录服务方所指的人：其 sub 值")],
) -> None:
    """把统一身份（OpenID Connect 的 sub）关联到账号；没有关联的人登录不进来。"""
    settings = Settings()
    with open_registry(settings).writing() as session:
        sign_on.link(session, accounts.find_account(session, name), settings.oidc_issuer, subject)
    console.print(f"已把统一身份 {subject} 关联到账号 {name}。")


@users.command("unlink")
def unlink(
    name: Annotated[str, typer.Argument(help="账号")],
    subject: Annotated[str, typer.Argument(help="登录服务方所指的人：其 sub 值")],
) -> None:
    """解除统一身份与账号的关联；账号的登录全部退出。"""
    with open_registry(Settings()).writing() as session:
        account = accounts.find_account(session, name)
        sign_on.unlink(session, account, subject)
        count = signing_in.end_sessions(session, account)
    console.print(f"已解除统一身份 {subject} 与账号 {name} 的关联，退出登录 {count} 处。")


@users.command("list")
def list_accounts() -> None:
    """列出账号。"""
    table = Table("编号", "账号", "名称", "权限", "范围", "状态")
    with open_registry(Settings()).reading() as session:
        for account in session.exec(select(Account).order_by(Account.id)):  # type: ignore[arg-type]
            state = "锁定" if account.locked else "正常"
            table.add_row(
                str(account.id),
                account.name,
                account.display_name,
                account.rights,
                _scope_words(account),
                state,
            )
    console.print(table)
