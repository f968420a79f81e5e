"""Engines, transactions, statements: where SQLite and PostgreSQL differ.

Three others tell them apart, since it is their subject: ``guards`` (triggers), ``backups`` (a file is copied, a server
is dumped) and ``snapshots`` (the busiest doors go through the driver's own connections); the benchmark names which it
measures.
"""

from __future__ import annotations

import sqlite3
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    String,
    Table,
    TextClause,
    bindparam,
    create_engine,
    event,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import Pool, QueuePool
from sqlmodel import Session

from app.errors import RegistryError

if TYPE_CHECKING:
    import psycopg

Ascii = String().with_variant(String(collation="C"), "postgresql")
"""Identifiers, days and digests: compared byte by byte on both databases."""
Text = String()
Big = BigInteger().with_variant(Integer(), "sqlite")
Bytes = LargeBinary()

PUBLISHING_LOCK = 0x51_49_4E_47
"""The PostgreSQL advisory lock of publishing ("QING"); nothing else takes it but migrations, beside which nobody
publishes."""

TOMBSTONE = b'{"redacted":true}'
"""What stands in the place of redacted content, under the same hash."""

APPEND_ONLY = {"guard": "append-only"}
"""``__table_args__`` info of a published table: inserts only."""
CONTENT_ONCE = {"guard": "content"}
"""As append-only, save that an existing hash is passed over and a published redaction may set the tombstone."""


MMAP = 0x7FFF0000
"""Bytes of the file that SQLite reads without copying: as many as it ever does. They take no memory of ours."""

COPIED_AFTER = 4000
"""Pages of SQLite's write-ahead log from which on a commit copies them back into the file. A publication writes some
35 pages, most of them of the same few dozen: they are copied back less often."""
LONGEST_LOG = 4 * COPIED_AFTER
"""Pages that may stand in the log while a thread copies."""


class Snapshot(Session):
    """A session over one connection and its one transaction, which ``reading`` or ``writing`` ends. Most statements
    go to the connection itself: the session's own transaction, which begins with the first object of a table class,
    costs as much as several of them."""

    def __init__(self, held: Connection) -> None:
        super().__init__(held, expire_on_commit=False)
        self._held = held

    def connection(self, *_args: Any, **_options: Any) -> Connection:
        if not self._held.in_transaction():
            self._held.begin()
        return self._held

    def commit(self) -> None:
        if self.in_transaction():
            super().commit()  # writes the objects that wait; the transaction is the connection's
        self._held.commit()

    def close(self) -> None:
        if self.in_transaction():  # else it never held an object
            super().close()


class Database:
    """One registry's database: ``reading()`` for a consistent snapshot, ``writing()`` for a change.

    Engines are opened lazily, so handles open after a fork.
    """

    def __init__(self, url: str, *, lock_timeout: float = 30.0, connections: int = 30) -> None:
        """``connections``: to a server, all together; a fifth of them for writers, who wait for one another, and a
        fourth for the busiest doors, which have theirs back in no time. SQLite's are files that are open."""
        self.url = url
        writers, quick = max(2, connections // 5), max(2, connections // 4)
        self._shares = {"writer": writers, "quick": quick, "reader": max(2, connections - writers - quick)}
        self.is_sqlite = url.startswith("sqlite")
        self.lock_timeout = lock_timeout
        self._engines: dict[str, Engine] = {}
        self._quick: Pool | None = None
        self._copied_aside = False
        self._opening = threading.Lock()

    @property
    def path(self) -> Path | None:
        """The SQLite file; None on a server."""
        name = make_url(self.url).database
        return Path(name) if self.is_sqlite and name else None

    @property
    def reader(self) -> Engine:
        return self._engine("reader")

    @property
    def door(self) -> Engine:
        """Of SQLite, for reads on the event loop itself: it must not wait for a connection that a thread holds."""
        return self._engine("door")

    @property
    def writer(self) -> Engine:
        return self._engine("writer")

    def _engine(self, role: str) -> Engine:
        if role not in self._engines:
            build = self._sqlite_engine if self.is_sqlite else self._postgresql_engine
            with self._opening:
                if role not in self._engines:
                    self._engines[role] = build(role)
        return self._engines[role]

    def _sqlite_engine(self, role: str) -> Engine:
        if self.path:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(
            self.url,
            connect_args={"timeout": self.lock_timeout, "check_same_thread": False},
            pool_size=8,
            max_overflow=32,
        )

        @event.listens_for(engine, "connect")
        def prepare(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # BEGIN is said below, not by the driver
            cursor = connection.cursor()
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")  # an acknowledged write survives a power failure
            cursor.execute("PRAGMA foreign_keys=ON")
            cursor.execute("PRAGMA recursive_triggers=ON")
            cursor.execute("PRAGMA cache_size=-65536")
            cursor.execute(f"PRAGMA wal_autocheckpoint={COPIED_AFTER}")
            cursor.execute(f"PRAGMA mmap_size={MMAP}")
            if role != "writer":
                cursor.execute("PRAGMA query_only=ON")
            else:
                # What is deleted or replaced is overwritten: what an order redacts shall not stand in free space.
                cursor.execute("PRAGMA secure_delete=ON")
            cursor.close()

        @event.listens_for(engine, "checkout")
        def leave_copying(connection: Any, record: Any, _proxy: Any) -> None:
            if role == "writer" and record.info.get("copied_aside", False) != self._copied_aside:
                pages = 0 if self._copied_aside else COPIED_AFTER
                connection.execute(f"PRAGMA wal_autocheckpoint={pages}")
                record.info["copied_aside"] = self._copied_aside

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            # A plain BEGIN that reads and then writes fails at once when another wrote in between.
            _run(connection, "BEGIN IMMEDIATE" if role == "writer" else "BEGIN", ()).close()

        return engine

    def _postgresql_engine(self, role: str) -> Engine:
        options = (
            {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if role == "reader" else {}
        )
        most = self._shares[role]
        kept = min(most, 8)
        engine = create_engine(
            self.url,
            pool_size=kept,
            max_overflow=most - kept,
            pool_pre_ping=True,
            execution_options=options,
        )
        if role == "writer":
            patience = f"SET LOCAL lock_timeout = {max(1, int(self.lock_timeout * 1000))}"

            @event.listens_for(engine, "begin")
            def begin(connection: Connection) -> None:
                # For the advisory lock of publishing too. By transaction: a pooler may hand on the session.
                connection.exec_driver_sql(patience)

        return engine

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A read-only snapshot: every query inside sees the same state."""
        with self.reader.connect() as connection, Snapshot(connection) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction: committed on leaving, rolled back on any error but one that says to keep it."""
        with self.writer.connect() as connection, Snapshot(connection) as session:
            try:
                yield session
            except RegistryError as error:
                if error.keep:
                    session.commit()
                raise
            session.commit()

    def empty_log(self) -> bool:
        """Copy SQLite's write-ahead log into the database and empty it, so that nothing replaced stands in it. False
        where a reader or writer held it back for as long as ``lock_timeout``. A server's log is its own."""
        if not self.is_sqlite:
            return True
        connection = self.writer.raw_connection()
        try:
            busy, _, _ = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            connection.close()
        return not busy

    @contextmanager
    def copying_aside(self) -> Iterator[Callable[[], None]]:
        """For one large write after another: a thread copies SQLite's write-ahead log back into the file while the next
        write is made ready, and no commit waits for that. What is yielded starts it, after a commit; where the writes
        come faster than it copies, it is waited for, so that the log stays short. A server copies by itself."""
        if not self.is_sqlite:
            yield lambda: None
            return
        under_way: list[Future[int]] = []

        def copy() -> None:
            if under_way and under_way.pop().result() > LONGEST_LOG:
                self._copy_log("RESTART")  # the next writer begins it anew, whoever that is
            else:
                under_way.append(thread.submit(self._copy_log))

        self._copied_aside = True
        try:
            with ThreadPoolExecutor(1, "copying") as thread:
                yield copy
        finally:
            self._copied_aside = False

    def _copy_log(self, how: str = "PASSIVE") -> int:
        """As far as no reader or writer holds it back, for none of which it waits. Returns the pages in the log."""
        connection = self.writer.raw_connection()
        cursor = connection.cursor()
        try:
            cursor.execute("PRAGMA busy_timeout=0")
            _, pages, _ = cursor.execute(f"PRAGMA wal_checkpoint({how})").fetchone()
        finally:
            cursor.execute(f"PRAGMA busy_timeout={int(self.lock_timeout * 1000)}")
            connection.close()
        return int(pages)

    @contextmanager
    def quick(self) -> Iterator[psycopg.Connection[Any]]:
        """A server's connection as its driver has it, for one read-only snapshot."""
        with self._opening:
            if self._quick is None:
                most = self._shares["quick"]
                self._quick = QueuePool(self._connect_quickly, pool_size=most, max_overflow=0, use_lifo=True)
            pool = self._quick
        held = pool.connect()
        connection: Any = held.dbapi_connection
        try:
            yield connection
        finally:
            if connection.closed:
                held.invalidate()
            held.close()  # rolled back by the pool
            if pool is not self._quick:  # dropped meanwhile
                pool.dispose()

    def _connect_quickly(self) -> Any:
        import psycopg

        connection = psycopg.connect(self.url.replace("+psycopg", "", 1))
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        return connection

    def drop_quick(self) -> None:
        """Those of ``quick`` that lie idle are closed; what comes next opens its own."""
        with self._opening:
            pool, self._quick = self._quick, None
        if pool is not None:
            pool.dispose()

    def dispose(self) -> None:
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()
        self.drop_quick()


def lock_publishing(connection: Connection) -> None:
    """Publishing is serial. On SQLite ``BEGIN IMMEDIATE`` already holds the only writer's place."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": PUBLISHING_LOCK})


@contextmanager
def writing_alone(database: Database) -> Iterator[Session]:
    """``writing`` that publishes after it has looked at what is there: nobody else publishes from the first look on."""
    with database.writing() as session:
        lock_publishing(session.connection())
        yield session


def lock_findings(connection: Connection) -> None:
    """What the checks found is written by one at a time, who sees what the one before wrote."""
    _lock_table(connection, "checked_item")


def lock_exceptions(connection: Connection) -> None:
    """Exceptions are granted and ended by one at a time, likewise; whoever locks the findings too does so after."""
    _lock_table(connection, "check_exception")


def lock_said(connection: Connection, table: str) -> None:
    """What the office says of what it found (``law_case``, ``overlap_decision``) is said by one at a time, so that ids
    follow the order in which it became known."""
    _lock_table(connection, table)


def _lock_table(connection: Connection, table: str) -> None:
    """Against other writers; it is read meanwhile. On SQLite there is one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"))


def _driven(connection: Connection, statement: str, parameters: Any, *, many: bool = False) -> Any:
    """A driver's cursor on which a statement with ``?`` marks has run, in SQLAlchemy's transaction."""
    if connection.dialect.name == "postgresql":
        statement = statement.replace("?", "%s")
    if not connection.in_transaction():
        connection.begin()  # SQLAlchemy would not begin by itself
    return _run(connection, statement, parameters, many=many)


def _run(connection: Connection, statement: str, parameters: Any, *, many: bool = False) -> Any:
    """A driver's cursor on which a statement has run, with SQLAlchemy's errors and the engine's
    ``before_cursor_execute``: its own way there takes ten times as long as a short statement."""
    cursor = connection.connection.cursor()
    if listeners := connection.engine.dispatch.before_cursor_execute:
        for listener in listeners:
            listener(connection, cursor, statement, parameters, None, many)
    try:
        (cursor.executemany if many else cursor.execute)(statement, parameters)
    except Exception as error:
        cursor.close()
        errors = connection.dialect.loaded_dbapi.Error
        if not isinstance(error, errors):
            raise
        told = DBAPIError.instance(statement, parameters, error, errors, dialect=connection.dialect)
        raise told from error
    return cursor


def fetch(connection: Connection, statement: str, parameters: tuple[Any, ...] = ()) -> list[Any]:
    """Rows of a statement with ``?`` marks, straight through the driver: what the busiest doors use."""
    cursor = _driven(connection, statement, parameters)
    try:
        return list(cursor.fetchall())
    finally:
        cursor.close()


def change(connection: Connection, statement: str, parameters: tuple[Any, ...]) -> int:
    """Run a writing statement with ``?`` marks, straight through the driver; how many rows it touched."""
    cursor = _driven(connection, statement, parameters)
    touched = int(cursor.rowcount)
    cursor.close()
    return touched


_SQLITE_AWAY = frozenset(
    {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR}
)
_SERVER_AWAY = ("08", "57", "53300", "55P03")
"""SQLSTATEs: the connection, what an operator ended or a time limit, too many connections, a lock not to be had."""


def is_away(error: BaseException | None) -> bool:
    """Whether a driver's error says that the database did not answer: its file or its server is away, or busy for too
    long. Everything else, a table that is missing among it, is a fault of ours."""
    if isinstance(error, sqlite3.OperationalError):
        return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _SQLITE_AWAY
    if "psycopg" not in sys.modules:  # only where the database is a server: it takes long to load
        return False
    from psycopg import InterfaceError, OperationalError

    if isinstance(error, InterfaceError):
        return True
    if not isinstance(error, OperationalError):
        return False
    return error.sqlstate is None or error.sqlstate.startswith(_SERVER_AWAY)


_REFUSED = ("does not exist", "authentication failed", "no pg_hba.conf entry", "不存在", "认证失败")
"""What a server's words for it hold, in the two languages that are met here: of a connection that it refuses the driver
knows no code."""


def has_refused(error: BaseException | None) -> bool:
    """Whether a server answered and will not have us: no such database or account, another password. Waiting does not
    help."""
    words = str(error)
    return any(one in words for one in _REFUSED)


Run = Callable[[str, tuple[Any, ...]], list[Any]]
"""Run SQL with ``?`` marks and return the rows: what a driver's own connection can serve as well."""


def run_by(connection: Connection) -> Run:
    """A Run over SQLAlchemy's connection."""
    return partial(fetch, connection)


def among(statement: str, *names: str, numbers: bool = False) -> TextClause:
    """SQL whose named parameters are lists of texts, or of numbers, for ``IN``.

    Typed, since an empty list of no type is one of integers to PostgreSQL.
    """
    kind = BigInteger() if numbers else String()
    return text(statement).bindparams(*(bindparam(name, expanding=True, type_=kind) for name in names))


def holds_bytes(connection: Connection, column: str, name: str) -> str:
    """SQL: whether the bytes of a column hold those of the parameter ``:name``."""
    if connection.dialect.name == "postgresql":
        return f"position(:{name} IN {column}) > 0"
    return f"instr({column}, :{name}) > 0"


def execute_many(connection: Connection, statement: str, parameters: list[tuple[Any, ...]]) -> None:
    """Run a statement with ``?`` marks for each row of parameters."""
    if parameters:
        _driven(connection, statement, parameters, many=True).close()


def marks(values: Sequence[Any]) -> str:
    """``?, ?, ?`` for an IN list."""
    return ", ".join("?" * len(values))


CHUNK = 500
"""Values per query; SQLite takes 32,766 parameters, PostgreSQL 65,535."""

STREAMED = {"stream_results": True, "yield_per": 2000}
"""For one statement that reads a whole table: set on the connection it would outlive it, and break a rebuild after."""


def chunks(values: Iterable[str], size: int = CHUNK) -> Iterator[list[str]]:
    listed = list(values)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


PAGE = 200
"""Rows in memory at a time of a table that is walked through."""


def walk(
    connection: Connection,
    table: str,
    key: Sequence[str],
    fields: Sequence[str],
    where: str = "TRUE",
    asked: Mapping[str, Any] | None = None,
) -> Iterator[Any]:
    """The rows of a table, by its key, a page in memory at a time: its key, then the fields. A row in hand may be
    changed or deleted. ``where`` takes ``:name`` parameters."""
    begin = f"SELECT {', '.join([*key, *fields])} FROM {table} WHERE ({where})"
    order = f" ORDER BY {', '.join(key)} LIMIT {PAGE}"
    beyond = f" AND ({', '.join(key)}) > ({', '.join(f':after_{name}' for name in key)})"
    page = connection.execute(text(begin + order), asked or {}).all()
    while page:
        yield from page
        after = {f"after_{name}": value for name, value in zip(key, page[-1], strict=False)}
        page = connection.execute(text(begin + beyond + order), {**(asked or {}), **after}).all()


def insert_rows(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: list[tuple[Any, ...]]
) -> None:
    """Insert in bulk through the driver; an existing content hash is passed over, any other key is an error."""
    if not rows:
        return
    once = table.info.get("guard") == "content"
    if connection.dialect.name == "postgresql" and len(rows) > 200 and not once:
        cursor = connection.connection.cursor()
        with cursor.copy(f"COPY {_into(table.name, columns)} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    execute_many(connection, _insert(table.name, columns, once), rows)


@lru_cache(maxsize=200)
def _insert(table: str, columns: tuple[str, ...], once: bool) -> str:
    statement = f"INSERT INTO {_into(table, columns)} VALUES ({marks(columns)})"
    return statement + (" ON CONFLICT DO NOTHING" if once else "")


def _into(table: str, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    return f'"{table}" ({names})'
