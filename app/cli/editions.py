"""edition prepare, approve, return, issue, list, save; key show, rotate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import orjson
import typer
from rich.console import Console
from sqlmodel import Session

from app.auth.accounts import actor_of, find_account
from app.auth.actor import Actor
from app.cli.opening import open_registry
from app.cli.speaking import CommandLine
from app.errors import Invalid
from app.lists import carrying, issuing, preparing, reading, rotating, signing
from app.lists.selecting import KINDS, Kind, Selection
from app.places.queries import region_id
from app.privacy import for_the_asker
from app.settings import Settings
from app.versions.codes import subject_id
from app.versions.queries import parse_day, today

console = Console()
editions = CommandLine(help="签发清单：准备、批准、签发、列出、取出。")
keys = CommandLine(help="签发清单的密钥。")

Who = Annotated[str, typer.Option("--as", help="由哪个账号办理")]
Which = Annotated[str, typer.Argument(help="清单版本的标识")]


def register(cli: typer.Typer) -> None:
    cli.add_typer(editions, name="edition")
    cli.add_typer(keys, name="key")


def _actor(session: Session, name: str) -> Actor:
    return actor_of(find_account(session, name))


@editions.command("prepare")
def prepare(
    kind: Annotated[str, typer.Argument(help="清单种类：power 权力、duty 责任、negative 负面、service 服务")],
    as_user: Who,
    authority: Annotated[str, typer.Option(help="哪个机关的清单：标识或编码")] = "",
    region: Annotated[str, typer.Option(help="或哪个地区（含下级）的清单：标识或编码")] = "",
    number: Annotated[str, typer.Option(help="印发文件的文号")] = "",
    document: Annotated[str, typer.Option(help="印发文件的标题")] = "",
    title: Annotated[str, typer.Option(help="清单的标题；不写则按所属机关")] = "",
    on: Annotated[str | None, typer.Option(help="截至哪一天；不写则为今天")] = None,
) -> None:
    """把一份清单按登记簿的现状冻结下来，等第二人批准。"""
    if kind not in KINDS:
        raise Invalid(f"没有“{kind}”这种清单，可用的有：{'、'.join(KINDS)}。", code="unknown-kind")
    if bool(authority) == bool(region):
        raise Invalid("请用 --authority 或 --region 写明是谁的清单，两者取一。", code="whose-list")
    day = parse_day(on) if on else today()
    paper = preparing.document_of(number=number, title=document)
    database = open_registry(Settings())
    with database.reading() as session:
        connection = session.connection()
        held = subject_id(connection, "authority", authority, day) if authority else None
        wanted = Selection(cast(Kind, kind), day, held, region_id(connection, region, day))
        ahead = preparing.compose_ahead(connection, wanted)
    with database.writing() as session:
        draft = preparing.prepare(session, _actor(session, as_user), wanted, paper, title, ahead)
        told = reading.list_of(session.connection(), draft.content) or {}
    console.print(
        f"已准备 {draft.id}：{told['title']}，{len(told['rows'])} 项，内容 {draft.content}", soft_wrap=True
    )
    console.print(f"请另一人批准：qingdan edition approve {draft.id} --as 账号", soft_wrap=True)


@editions.command("approve")
def approve(edition: Which, as_user: Who) -> None:
    """批准一份准备好的清单（不能是准备它的人）。"""
    with open_registry(Settings()).writing() as session:
        draft = preparing.approve(session, _actor(session, as_user), edition)
    console.print(f"已批准 {draft.id}，请签发：qingdan edition issue {draft.id} --as 账号", soft_wrap=True)


@editions.command("return")
def send_back(edition: Which, as_user: Who, reason: Annotated[str, typer.Option(help="理由")]) -> None:
    """退回一份清单。"""
    with open_registry(Settings()).writing() as session:
        preparing.send_back(session, _actor(session, as_user), edition, reason)
    console.print("已退回。")


@editions.command("issue")
def issue(edition: Which, as_user: Who) -> None:
    """签发一份已批准的清单：编号、签名、写入日志。"""
    settings = Settings()
    database = open_registry(settings)
    signer = signing.load(signing.ensure(settings))
    with database.reading() as session:
        checked = issuing.stands(session.connection(), preparing.find(session, edition))
    with database.writing() as session:
        receipt = issuing.issue(session, _actor(session, as_user), edition, signer, checked)
        issued = reading.find_issued(session.connection(), edition)
    console.print(
        f"已签发 {issued.title}（{issued.row['id']}），日志头 {receipt.seq}:{receipt.hash}", soft_wrap=True
    )


@editions.command("list")
def list_editions() -> None:
    """列出签发的清单，和还在准备的。"""
    with open_registry(Settings()).reading() as session:
        connection = session.connection()
        for draft in preparing.in_state(session, "prepared", "approved", "returned"):
            told = reading.list_of(connection, draft.content) or {}
            state = preparing.STATES[draft.state]
            console.print(f"{draft.id}  〔{state}〕 {told.get('title', '')}  {draft.on_day}", soft_wrap=True)
        for one in reading.issued(connection):
            number = one.document.get("number") or one.document.get("title") or ""
            console.print(f"{one.row['id']}  {one.title}  {one.row['on_day']}  {number}", soft_wrap=True)


@editions.command("save")
def save(
    edition: Which,
    file: Annotated[Path, typer.Argument(help="写到哪个 .json 文件")],
    until: Annotated[int | None, typer.Option(help="日志带到这个序号；不写则到日志头")] = None,
) -> None:
    """把签发的清单连同证明存成文件，供离线核验。"""
    with open_registry(Settings()).reading() as session:
        connection = session.connection()
        made = carrying.carried(connection, reading.find_issued(connection, edition), until)
    with for_the_asker():
        file.write_bytes(orjson.dumps(made, option=orjson.OPT_INDENT_2))
    console.print(f"已存为 {file}；核验：qingdan verify --edition {file}", soft_wrap=True)


@keys.command("show")
def show() -> None:
    """列出公钥：在用的、停用的，和本机的密钥文件。"""
    settings = Settings()
    signer = signing.load(signing.ensure(settings))
    with open_registry(settings).reading() as session:
        told = signing.told(session.connection(), signer)
    states = {"current": "在用", "retired": "停用", "unused": "还没有签发过"}
    for one in told:
        since = f"，{one['recorded_at'][:10]} 起" if one["recorded_at"] else ""
        until = f"，{one['retired_at'][:10]} 止" if one["retired_at"] else ""
        own = "，密钥文件在本机" if one["id"] == signer.id else ""
        print(f"{one['id']}  {states[one['state']]}{since}{until}{own}")
        print(f"  Ed25519 公钥 {one['public']}")
    print(f"密钥文件：{signing.path_of(settings)}")


@keys.command("rotate")
def rotate(reason: Annotated[str, typer.Option(help="理由")]) -> None:
    """换一个新的签名密钥；旧的公钥留在登记簿中，已签发的清单照样可以核验。"""
    settings = Settings()
    made = rotating.rotate(open_registry(settings), settings, reason)
    console.print(f"新的签名密钥 {made.id}，公钥 {made.public}", soft_wrap=True)
    console.print("旧的私钥文件已被替换；没有另存旧的私钥。")
