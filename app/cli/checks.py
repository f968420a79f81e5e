"""check: the checks over the whole catalogue."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.checks.catalogue import SEVERITIES, TITLES, rules_of
from app.checks.queries import Wanted, by_authority, by_code
from app.checks.sweeping import sweep
from app.cli.opening import open_registry, say
from app.db import run_by
from app.settings import Settings
from app.versions.names import NameBook
from app.versions.queries import today

console = Console()


def register(cli: typer.Typer) -> None:
    cli.command()(check)


def check(
    whole: Annotated[bool, typer.Option(help="检查全部事项，不只是有变动的")] = False,
    codes: Annotated[bool, typer.Option(help="只列出各项检查的代码")] = False,
    top: Annotated[int, typer.Option(help="列出得分最低的多少个机关")] = 20,
) -> None:
    """检查全部事项，按机关列出得分和发现的问题。"""
    if codes:
        for code, title in TITLES.items():
            say(f"{code}  {title}")
        return
    settings = Settings()
    rules, day = rules_of(settings), today()
    database = open_registry(settings)
    swept = sweep(database, day, rules, whole=whole)
    say(f"检查了 {swept.items} 个事项，用时 {swept.seconds:.1f} 秒。")
    with database.reading() as session:
        connection = session.connection()
        found = by_code(connection, Wanted())
        held, run, book = by_authority(connection), run_by(connection), NameBook()
        book.load(connection, [row["authority"] for row in held])
        names = {row["authority"]: book.name(run, row["authority"] or "", day) for row in held}
    table = Table("程度", "问题", "代码", "事项", "处")
    for row in found:
        table.add_row(
            SEVERITIES[row["severity"]], row["title"], row["code"], str(row["items"]), str(row["findings"])
        )
    console.print(table)
    table = Table("得分", "机关", "事项", "无问题", *SEVERITIES.values())
    for row in held[:top]:
        numbers = [str(row[name]) for name in ("items", "clean", "errors", "warnings", "notes")]
        table.add_row(f"{row['mean']:.1f}", names[row["authority"]] or row["authority"] or "", *numbers)
    console.print(table)
