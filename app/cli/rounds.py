"""round list; round worksheet export, import."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.auth.accounts import actor_of, find_account
from app.changes.queries import rounds
from app.cli.opening import open_registry
from app.exchange.sheets import every_sheet
from app.exchange.worksheet_files import CellProblem, write_marked, write_worksheets
from app.exchange.worksheets import import_filled
from app.privacy import for_the_asker
from app.rounds.worksheets import progress, worksheets
from app.settings import Settings
from app.versions.queries import known_at, today

console = Console()
rounds_of = typer.Typer(help="清理轮次。", no_args_is_help=True)
sheets_of = typer.Typer(help="清理意见表：导出、填好后导入。", no_args_is_help=True)


def register(cli: typer.Typer) -> None:
    rounds_of.add_typer(sheets_of, name="worksheet")
    cli.add_typer(rounds_of, name="round")


RoundName = Annotated[str, typer.Argument(help="changeset id of the round")]
AsUser = Annotated[str, typer.Option("--as", help="account in whose name this is done")]


@rounds_of.command("list")
def list_rounds() -> None:
    """列出已发布的清理轮次。"""
    with open_registry(Settings()).reading() as session:
        connection = session.connection()
        for found in rounds(connection, known_at(connection, None)):
            outcomes = "、".join(f"{name} {count}" for name, count in found["outcomes"].items())
            console.print(f"{found['id']}  {found['title']}：{outcomes}", soft_wrap=True)


@sheets_of.command("export")
def export_worksheet(
    round_id: RoundName,
    file: Annotated[Path, typer.Argument(help="XLSX to write")],
    authority: Annotated[str | None, typer.Option(help="this authority's sheet alone: its id")] = None,
) -> None:
    """把一个轮次的清理意见表写成表格，每个机关一张工作表。"""
    with open_registry(Settings()).reading() as session:
        found = worksheets(session, round_id, today(), authority)
        with for_the_asker():
            file.write_bytes(write_worksheets(found))
        counts = progress(found)
    for one in counts["authorities"]:
        told = (
            f"未提 {one['open']}，待审核 {one['proposed']}，退回 {one['returned']}，已审核 {one['reviewed']}"
        )
        console.print(f"{one['name']}：{one['items']} 项（{told}）", soft_wrap=True)
    console.print(f"已写入 {file}。", soft_wrap=True)


@sheets_of.command("import")
def import_worksheet(
    round_id: RoundName,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="the filled XLSX")],
    as_user: AsUser,
    reopen: Annotated[bool, typer.Option(help="replace what the office has reviewed")] = False,
    marked: Annotated[Path | None, typer.Option(help="write a copy with the errors marked here")] = None,
) -> None:
    """导入填好的清理意见表；有错误则整份退回，逐格说明。"""
    with open_registry(Settings()).writing() as session:
        actor = actor_of(find_account(session, as_user))
        filled = import_filled(session, actor, round_id, file, today(), reopen=reopen)
    if marked is not None and (filled.problems or filled.kept):
        with for_the_asker():
            marked.write_bytes(write_marked(every_sheet(file), [*filled.problems, *filled.kept]))
    for problem in filled.problems:
        _tell("错误", problem)
    for problem in filled.kept:
        _tell("未改", problem)
    for problem in filled.findings:
        _tell("核对", problem)
    if filled.problems:
        console.print("文件有错误，没有导入任何内容；请改正后重试。")
        raise typer.Exit(1)
    counts = (
        f"新提 {filled.new}，修改 {filled.changed}，重新提出 {filled.reopened}，没有变化 {filled.unchanged}"
    )
    console.print(f"已导入：{counts}。", soft_wrap=True)


def _tell(word: str, problem: CellProblem) -> None:
    print(f"{word} {problem.where}：{problem.message}（{problem.code}）", file=sys.stderr)
