"""How many connections a process has to its database, and that none is left when it ends."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from typing import Any

import pytest
from fastapi.testclient import TestClient
from seeded import FELLING, Living
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.db import Database
from app.main import create_app


def backends(database: Database) -> int:
    """Connections to the database that are not ours."""
    with database.reading() as session:
        found = session.connection().exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return int(found.scalar_one())


def none_left(database: Database) -> bool:
    """A server's process ends a moment after its connection."""
    until = time.monotonic() + 60
    while backends(database) and time.monotonic() < until:
        time.sleep(0.01)
    return not backends(database)


@pytest.mark.parametrize("most", [10, 13, 30, 97])
def test_all_pools_together_have_as_many_as_are_set(most: int) -> None:
    database = Database("postgresql+psycopg://nowhere/nothing", connections=most)
    pools = [database.reader.pool, database.writer.pool]
    sizes = [pool.size() + pool._max_overflow for pool in pools]  # type: ignore[attr-defined]
    assert sum(sizes) + database._shares["quick"] == most
    assert min(*sizes, database._shares["quick"]) >= 2


def test_the_busiest_doors_wait_for_a_connection_and_take_no_more(
    postgresql: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(postgresql.url, connections=10)
    with ExitStack() as held:
        for _ in range(database._shares["quick"]):
            held.enter_context(database.quick())
        assert database._quick is not None
        monkeypatch.setattr(database._quick, "_timeout", 0)
        with pytest.raises(PoolTimeout), database.quick():
            pass
        assert backends(postgresql) == database._shares["quick"]
        database.drop_quick()  # while they are in use
    assert none_left(postgresql)
    with database.quick() as one:
        assert one.execute("SELECT 1").fetchone() == (1,)
    with database.quick() as again:
        assert again is one
        assert again.info.transaction_status == 0, "rolled back in between"
    database.dispose()
    assert none_left(postgresql)


def test_a_registry_that_ends_leaves_no_connection(living: Living) -> None:
    app = create_app(living.settings)
    item = living.item_called(FELLING)
    with TestClient(app) as client:
        assert client.get(f"/api/v1/items/{item}").status_code == 200
        registry = app.state.registry
        opened: list[Any] = []

        def other() -> None:
            registry.quickly(lambda run: run("SELECT 1", ()))
            opened.append(getattr(registry.snapshots._local, "connection", None))

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    if living.database.is_sqlite:
        with pytest.raises(Exception, match="closed"):
            opened[0].execute("SELECT 1")
    else:
        living.registry.close()
        assert none_left(living.database)
