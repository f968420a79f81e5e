"""Read-only snapshots on the driver's own connections: for the busiest doors, where SQLAlchemy's way to a connection
takes longer than what they ask."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from app.db import MMAP, Database, Run, is_away
from app.errors import Unavailable

if TYPE_CHECKING:
    import psycopg

Found = TypeVar("Found")
logger = logging.getLogger(__name__)

KEPT = 262_144
"""KiB of pages that a connection to SQLite keeps of what it read beyond ``MMAP``: of a file of two gigabytes or less
none. They hold what the items of a large registry are asked for; with a quarter of it each answer copies three pages
anew."""


class Snapshots:
    """Those of one database: of SQLite a connection for each thread, of a server as many as ``Database`` allows."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._local = threading.local()
        self._opened: set[sqlite3.Connection] = set()
        self._lock = threading.Lock()

    def ask(self, ask: Callable[[Run], Found]) -> Found:
        """What ``ask`` finds in one snapshot. It may be asked again: to begin and to end takes as long as the one
        statement it mostly needs, and a connection that broke is opened anew, once. Raises Unavailable where the
        database is away."""
        try:
            return self._ask(ask)
        except Exception as error:
            if not is_away(error):
                raise
        self._drop()
        try:
            return self._ask(ask)
        except Exception as error:
            if not is_away(error):
                raise
            self._drop()
            logger.error("the database did not answer in time", exc_info=error)
            raise Unavailable(
                "数据库正忙，请稍后再试；没有写入任何内容。", code="busy", retry_after=10
            ) from error

    def close(self) -> None:
        """Close what threads have opened; who asks again opens it anew. Nobody may be asking meanwhile."""
        with self._lock:
            opened, self._opened, self._local = self._opened, set(), threading.local()
        for one in opened:
            one.close()

    def _drop(self) -> None:
        """What comes next opens its connection anew: this thread's own, or all of a server's that lie idle."""
        if not self._database.is_sqlite:
            self._database.drop_quick()
            return
        held = getattr(self._local, "connection", None)
        self._local.connection = None
        with self._lock:
            self._opened.discard(held)
        if held is not None:
            with suppress(Exception):
                held.close()

    def _ask(self, ask: Callable[[Run], Found]) -> Found:
        if self._database.is_sqlite:
            try:
                return ask(_Once(self._sqlite_reader().execute))
            except _Another:
                pass
        with self._run() as run:
            return ask(run)

    @contextmanager
    def _run(self) -> Iterator[Run]:
        if self._database.is_sqlite:
            local = self._sqlite_reader()
            local.execute("BEGIN")
            try:
                yield lambda statement, parameters: local.execute(statement, parameters).fetchall()
            finally:
                local.execute("COMMIT")
            return
        with self._server_reader() as server:
            yield lambda statement, parameters: server.execute(
                statement.replace("?", "%s"), parameters, prepare=True
            ).fetchall()

    def _sqlite_reader(self) -> sqlite3.Connection:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            path = self._database.path
            assert path is not None
            connection = sqlite3.connect(
                f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
            )
            connection.execute(f"PRAGMA mmap_size={MMAP}")
            connection.execute(f"PRAGMA cache_size=-{KEPT}")
            self._local.connection = connection
            with self._lock:
                self._opened.add(connection)
        return connection

    def _server_reader(self) -> AbstractContextManager[psycopg.Connection[Any]]:
        return self._database.quick()


class _Another(Exception):
    """A second statement: it would see another snapshot."""


class _Once:
    """Runs one statement, which is a snapshot by itself."""

    __slots__ = ("_asked", "_execute")

    def __init__(self, execute: Callable[[str, tuple[Any, ...]], sqlite3.Cursor]) -> None:
        self._execute = execute
        self._asked = False

    def __call__(self, statement: str, parameters: tuple[Any, ...]) -> list[Any]:
        if self._asked:
            raise _Another
        self._asked = True
        return self._execute(statement, parameters).fetchall()
