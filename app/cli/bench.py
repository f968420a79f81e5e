"""bench."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.errors import Invalid

console = Console(soft_wrap=True)


def register(cli: typer.Typer) -> None:
    cli.command()(bench)


def bench(
    only: Annotated[list[str] | None, typer.Option(help="只测这一项；可重复")] = None,
    quick: Annotated[bool, typer.Option(help="数量为二十分之一，轮数少而短")] = False,
    scale: Annotated[float, typer.Option(min=0.0001, max=1, help="数量缩小到这个比例")] = 1.0,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="每项几轮")] = 7,
    seconds: Annotated[float, typer.Option(min=0.05, max=60, help="每轮请求几秒")] = 1.5,
    postgresql: Annotated[bool, typer.Option(help="同时测 PostgreSQL 的读取")] = True,
    data: Annotated[
        Path | None,
        typer.Option(envvar="QINGDAN_DATA_DIR", help="合成的登记簿存放在其下的 bench 目录"),
    ] = None,
    json: Annotated[Path | None, typer.Option(help="全部数字以 JSON 写到这里")] = None,
) -> None:
    """测量：与同一次运行中的基准相比，在合成数据上。"""
    from app.bench.figures import Plan  # only here: other commands start without it
    from app.bench.running import BENCHES, run

    for name in only or ():
        if name not in BENCHES:
            raise Invalid(f"没有名为“{name}”的测量，可用的有：{'、'.join(BENCHES)}。", code="unknown-bench")
    if quick:
        scale, rounds, seconds = min(scale, 0.05), min(rounds, 3), min(seconds, 0.5)
    with tempfile.TemporaryDirectory(prefix="qingdan-bench-") as temporary:
        plan = Plan(
            directory=(data.resolve() / "bench") if data else Path(temporary),
            scale=scale,
            rounds=rounds,
            seconds=seconds,
            postgresql=postgresql,
            say=console.print,
        )
        rows = run(plan, only or (), json)
    from app.bench.reporting import table

    console.print(table(rows))
