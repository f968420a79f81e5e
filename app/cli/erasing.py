"""What an order to redact leaves to be done once it stands: that the words are in no file of the registry any more."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial

from rich.console import Console

from app.db import Database
from app.exchange import arrivals, marked
from app.exchange.dumping import remove_withdrawn
from app.files import erase_redacted
from app.indexing import rebuild
from app.searching import open_engine
from app.settings import Settings
from app.works import Works
from search.engine import EngineError

console = Console()
_say = partial(console.print, soft_wrap=True)
Step = tuple[Callable[[], None], str, str]
"""What is done, what did not come about where it fails, what the operator does then."""


def erase(settings: Settings, database: Database, quoted: Callable[[str], bool]) -> bool:
    """Do every step, whatever another one fails with, and say plainly where the words may still be. ``quoted``: whether
    a text holds words that went. False where a step failed."""
    is_done = True
    for step, failed, remedy in _steps(settings, database, quoted):
        try:
            step()
        except Exception as error:
            is_done = False
            reason = str(error) or type(error).__name__
            print(f"{failed}，原文可能仍在其中：{reason}。{remedy}", file=sys.stderr)
    _say("此前的备份和别处的导出文件里仍有原文，请按保管规定一并处理。")
    return is_done


def _steps(settings: Settings, database: Database, quoted: Callable[[str], bool]) -> Iterator[Step]:
    yield (
        partial(_forget_uploads, settings, quoted),
        "上传了等待导入或等待取回的文件没有清理完",
        f"请查看 {settings.arrivals_dir}、{settings.marked_dir} 和 {settings.works_dir}，删去其中有原文的文件。",
    )
    yield partial(_rebuild_index, settings, database), "检索索引没有重建", "请运行 qingdan reindex。"
    yield (
        partial(_empty_log, database),
        "预写日志没有清空",
        "请停下服务再启动，最后一个连接关闭时即清空。",
    )
    yield (
        partial(_remove_dumps, settings, database),
        "此前的导出文件没有删除",
        f"请删去 {settings.dumps_dir} 中的导出文件，再用 qingdan export --dump 重新写出。",
    )
    yield (
        partial(_erase_files, settings, database),
        "附件的字节没有删除",
        "请运行 qingdan verify，删去所报的文件。",
    )


def _forget_uploads(settings: Settings, quoted: Callable[[str], bool]) -> None:
    brought = arrivals.forget(settings.arrivals_dir, quoted) + marked.forget(settings.marked_dir, quoted)
    if brought:
        console.print(f"已删除 {brought} 个上传了等待导入或等待取回、其中有这些文字的文件。")
    if told := marked.forget(settings.works_dir, quoted):
        console.print(f"已删除 {told} 份后台办理的记录，其中有这些文字。")
    Works(settings.works_dir).forget_unfinished()


def _rebuild_index(settings: Settings, database: Database) -> None:
    """An index keeps what was replaced until its parts are merged."""
    engine = open_engine(settings)
    if engine is None:
        return
    try:
        rebuild(database, engine)
    except EngineError as error:
        _say(f"检索索引还没有重建，原文可能仍在其中：{error}。请稍后运行 qingdan reindex。")
    finally:
        engine.close()


def _empty_log(database: Database) -> None:
    if not database.is_sqlite:
        _say("数据库服务器的文件由其管理员清理：请对各表执行 VACUUM FULL，并处理预写日志的归档。")
    elif not database.empty_log():
        _say(
            f"有程序正在读取，预写日志（{database.path}-wal）还没有清空，原文可能仍在其中；"
            "请停下服务再启动，最后一个连接关闭时即清空。"
        )


def _remove_dumps(settings: Settings, database: Database) -> None:
    with database.reading() as session:
        gone = remove_withdrawn(session.connection(), settings.dumps_dir)
    if gone:
        _say(f"已删除数据目录中此前的导出文件：{'、'.join(gone)}。请用 qingdan export --dump 重新写出。")


def _erase_files(settings: Settings, database: Database) -> None:
    with database.reading() as session:
        erased = erase_redacted(session.connection(), settings.files_dir)
    if erased:
        _say(f"已删除附件 {'、'.join(erased)} 的全部字节。")
