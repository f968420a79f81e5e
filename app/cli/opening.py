"""What commands share: opening the registry, showing progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import OperationalError

from app.db import Database
from app.errors import Unavailable
from app.indexing import catch_up
from app.migrating import is_current
from app.searching import open_engine
from app.settings import Settings
from search.engine import EngineBusy, EngineError


def say(text: str) -> None:
    """One line for people, at once even where it goes to a file."""
    print(text, flush=True)


def open_registry(settings: Settings, *, checked: bool = True) -> Database:
    """The registry's database. Raises Unavailable where there is none, or its schema is not the newest.

    ``checked`` False is for the commands that make or migrate one.
    """
    database = Database(
        settings.database, lock_timeout=settings.lock_timeout, connections=settings.database_connections
    )
    if checked and database.path is not None and not database.path.exists():
        raise Unavailable(
            f"{database.path} 处没有登记簿；请检查 QINGDAN_DATA_DIR，或先运行 qingdan migrate。",
            code="no-registry",
        )
    if checked and not is_current(database):
        raise Unavailable("数据库结构不是最新，请先运行 qingdan migrate。", code="not-migrated")
    return database


def find_registry(settings: Settings) -> Database | None:
    """The registry's database; None where there is none to be read: for commands that can do without."""
    try:
        return open_registry(settings)
    except (Unavailable, OperationalError):
        return None


@contextmanager
def tell_progress(title: str) -> Iterator[Callable[[str, int], None]]:
    """A progress line: ``tell(what, count)``."""
    from rich.progress import (  # only where one is shown
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description} {task.completed} 条"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, transient=False) as progress:
        task = progress.add_task(title, total=None)

        def tell(what: str, count: int) -> None:
            progress.update(task, description=f"{title}：{what}", completed=count)

        yield tell


def index_what_is_owed(settings: Settings, database: Database) -> None:
    """Bring the search index up; where a running server holds it, or the engine is away, that is done later."""
    engine = open_engine(settings)
    if engine is None:
        return
    try:
        catch_up(database, engine)
    except EngineBusy:
        say("检索索引由正在运行的服务更新。")
    except EngineError as error:
        say(f"检索引擎暂时不可用，数据已经保存，恢复后由服务补上索引：{error}")
    finally:
        engine.close()
