"""serve, migrate, worker, reindex."""

from __future__ import annotations

import gc
import os
import time
from typing import Annotated

import typer
from sqlalchemy.exc import OperationalError

from app.checks.catalogue import rules_of
from app.cli.opening import index_what_is_owed, open_registry, say, tell_progress
from app.cli.refusing import refusal
from app.db import has_refused
from app.indexing import Drainer, catch_up, rebuild, tidy
from app.searching import open_engine
from app.settings import Settings
from app.turns import Turn
from app.versions.queries import today


def register(cli: typer.Typer) -> None:
    cli.command()(serve)
    cli.command()(migrate)
    cli.command()(worker)
    cli.command()(reindex)


def serve(
    host: Annotated[str, typer.Option(help="监听的地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="监听的端口")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="工作进程数；多于一个须用服务器数据库")] = 1,
    setup: Annotated[bool, typer.Option(help="先更新数据库结构，空的登记簿载入示范数据")] = False,
) -> None:
    """提供网页和接口服务。"""
    gc.disable()  # what is loaded stays: looking through it time and again is a tenth of a start
    settings = Settings()
    if setup:
        _set_up(settings)
    else:
        _look_at_registry(settings)
    if settings.synonyms:
        from app.searching import everyday_words

        everyday_words(settings)  # what is wrong with them is said here, not by every worker
    if not settings.signing_key:
        from app.lists.signing import ensure

        ensure(settings)
    if workers > 1:
        os.environ["QINGDAN_DRAIN_INDEX"] = "false"
        say("多个工作进程：请另行运行 qingdan worker 更新检索索引。")
    from app.cli.serving import serve_at

    serve_at(host, port, workers)


def _look_at_registry(settings: Settings) -> None:
    """Raises Unavailable where it cannot be served, OperationalError where the server refuses this account or has no
    such database. One that is away for a while may come back."""
    try:
        open_registry(settings).dispose()
    except OperationalError as error:
        told = refusal(error)
        if told is None or has_refused(error.orig):
            raise
        say(f"{told[0]}。服务先启动，数据库恢复后即可使用。")


def _set_up(settings: Settings) -> None:
    # Loaded for this alone: a registry that is there already starts without them.
    from app.exchange import seeding
    from app.lists import signing
    from app.migrating import is_current
    from app.migrating import migrate as migrate_database

    began = time.monotonic()
    database = open_registry(settings, checked=False)
    if not is_current(database):
        say("更新数据库结构 ...")
        migrate_database(database)
    with database.reading() as session:
        empty = seeding.is_empty(session) or seeding.is_half_done(session)
    if empty:
        with tell_progress("载入示范数据") as tell:
            signer = signing.load(signing.ensure(settings))
            seeding.seed(database, today(), tell=tell, signer=signer)
    say("更新检索索引 ...")
    index_what_is_owed(settings, database)
    database.dispose()
    say(f"准备完毕，用时 {time.monotonic() - began:.1f} 秒。")


def migrate() -> None:
    """把数据库结构更新到最新版本，并重新安装保护触发器。"""
    from app.migrating import migrate as migrate_database

    database = open_registry(Settings(), checked=False)
    migrate_database(database)
    say("数据库结构已是最新。")


def worker(
    once: Annotated[bool, typer.Option(help="办完积压的即停止")] = False,
    every: Annotated[float, typer.Option(help="隔几秒查看一次")] = 0.2,
) -> None:
    """更新检索索引、投递订阅通知、每日写出导出文件（多个工作进程或多台机器时单独运行）。"""
    from app.exchange.nightly import nightly_of  # with the feed: the others need them not
    from app.hooks.courier import Deliverer

    settings = Settings()
    database, engine = open_registry(settings), open_engine(settings)
    if engine is None:
        raise typer.Exit(1)
    nightly = nightly_of(database, settings)
    if once:
        catch_up(database, engine)
        tidy(database, settings.access_log_months, rules_of(settings))
        Deliverer(database, private=settings.webhooks_private).round()
        if nightly and nightly.has_turn():
            nightly.look()
        return
    turn = Turn(settings.drain_lock)
    if not turn.taken():
        say("另一个进程正在更新检索索引；本进程待命，在它停止后接替。")
    Deliverer(database, private=settings.webhooks_private, turn=Turn(settings.deliver_lock)).start()
    if nightly:
        nightly.start()
    Drainer(database, engine, every, settings.access_log_months, turn, rules_of(settings)).run()


def reindex() -> None:
    """重建检索索引，建好后替换，检索不中断。"""
    settings = Settings()
    database, engine = open_registry(settings), open_engine(settings)
    if engine is None:
        raise typer.Exit(1)
    began = time.monotonic()
    count = rebuild(database, engine)
    engine.close()
    say(f"已索引 {count} 个文档，用时 {time.monotonic() - began:.1f} 秒。")
