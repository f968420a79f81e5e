"""keys: two keys of a Meilisearch server with no more rights than they need."""

from __future__ import annotations

import typer
from rich.console import Console

from app.errors import Invalid
from app.settings import Settings

console = Console()


def register(cli: typer.Typer) -> None:
    cli.command()(keys)


def keys() -> None:
    """用检索服务器的主密钥生成查询和索引两个最小权限密钥；主密钥只在此时用一次，不保存。"""
    from search.meili_keys import make

    settings = Settings()
    if not settings.search_url:
        raise Invalid("请先用 QINGDAN_SEARCH_URL 指明 Meilisearch 服务器的地址。", code="no-search-server")
    master = typer.prompt("主密钥（输入时不显示）", hide_input=True, err=True)
    made = make(settings.search_url, master, settings.search_index)
    console.print(f"QINGDAN_SEARCH_KEY={made.search}", soft_wrap=True, highlight=False)
    console.print(f"QINGDAN_INDEX_KEY={made.writing}", soft_wrap=True, highlight=False)
