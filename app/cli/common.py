"""What commands share: opening the registry, showing progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.db import Database
from app.errors import Unavailable
from app.migrating import is_current
from app.settings import Settings


def open_registry(settings: Settings, *, checked: bool = True) -> Database:
    """The registry's database. Raises Unavailable where its schema is not the newest."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database, lock_timeout=settings.lock_timeout)
    if checked and not is_current(database):
        raise Unavailable("数据库结构不是最新，请先运行 qingdan migrate。", code="not-migrated")
    return database


@contextmanager
def tell_progress(title: str) -> Iterator[Callable[[str, int], None]]:
    """A progress line: ``tell(what, count)``."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, transient=False) as progress:
        task = progress.add_task(title, total=None)

        def tell(what: str, count: int) -> None:
            progress.update(task, description=f"{title}：{what}", completed=count)

        yield tell
