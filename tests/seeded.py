"""The seeded registry for tests: loaded once per process, copied for each test that writes.

``seeded_dir``   a data directory with the seed on SQLite, its index, and nothing else
``asking``       a client that only reads, on SQLite and again on PostgreSQL; one per process
``living``       a copy to write to, with its client and the people of the office; on both databases
``living_sqlite`` the same on SQLite alone
"""

from __future__ import annotations

import datetime as dt
import itertools
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from app import indexing, log
from app.auth import accounts
from app.auth.actor import Actor
from app.changes import kinds
from app.db import Database
from app.deps import Registry
from app.exchange import seeding
from app.main import create_app
from app.migrating import migrate
from app.searching import open_engine
from app.settings import Settings
from app.versions import verifying

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

TODAY = "2026-09-28"
SEEDED_AT = "2026-09-28T08:00:00+08:00"
"""Four hours before the clock of the tests stands."""
FELLING = "林木采伐许可证核发（县级权限）"
"""The item with most of a story: attested 2025-04-01, adjusted in June and October, a plan for 2027-01-01."""
RIGHTS = {"editor": "edit", "reviewer": "review", "publisher": "publish", "reader": ""}

_numbers = itertools.count(1)


def seeding_clock() -> int:
    return int(dt.datetime.fromisoformat(SEEDED_AT).timestamp()) * 1_000_000


def seed_into(database: Database) -> None:
    migrate(database)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "now_microseconds", seeding_clock)
        seeding.seed(database, TODAY)


@pytest.fixture(scope="session")
def seeded_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("seeded")
    settings = Settings(data_dir=directory, database_url="", drain_index=False)
    database = Database(settings.database)
    seed_into(database)
    with closing(open_engine(settings)) as engine:
        indexing.rebuild(database, engine)
    with database.writer.connect() as connection:
        connection.exec_driver_sql("COMMIT")  # a checkpoint runs outside a transaction
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    database.dispose()
    return directory


@pytest.fixture(scope="session")
def seeded_template(postgresql_server: Any) -> str:
    """The name of a PostgreSQL database with the seed; nobody stays connected to it."""
    with psycopg.connect(postgresql_server.get_uri(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE template_seeded TEMPLATE template_qingdan")
    database = Database(postgresql_server.get_uri(database="template_seeded", driver="psycopg"))
    seed_into(database)
    with database.writing() as session:
        session.connection().exec_driver_sql("DELETE FROM outbox")  # the index that is copied has it all
    database.dispose()
    return "template_seeded"


@dataclass
class Living:
    """A running registry: its settings, its client, its people's tokens."""

    settings: Settings
    client: TestClient
    registry: Registry
    tokens: dict[str, str] = field(default_factory=dict)
    people: dict[str, Actor] = field(default_factory=dict)

    @property
    def database(self) -> Database:
        return self.registry.database

    def headers(self, who: str, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[who]}", **more}

    def post(self, who: str, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.post(f"/api/v1{path}", json=body, headers=self.headers(who, **headers))

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/v1{path}", params=query)

    def hire(self, name: str, *rights: str, **more: Any) -> str:
        """A new account with a token; the token."""
        with self.database.writing() as session:
            account = accounts.add_account(session, name, [r for r in rights if r], **more)
            self.people[name] = accounts.actor_of(account)
            self.tokens[name] = accounts.issue_token(session, account)
        return self.tokens[name]

    def publish(self, *decisions: dict[str, Any], **asked: Any) -> dict[str, Any]:
        """The whole way through HTTP; the published changeset."""
        form = {"title": asked.pop("title", "调整"), "reason": "依职责调整", "decisions": list(decisions)}
        if any(one.get("ground") == "withdrawn" for one in decisions):  # a document says so
            form["document"] = {"number": "广安区府办〔2026〕31号"}
        form |= asked
        made = self.post("editor", "/changesets", form)
        assert made.status_code == 201, made.text
        place = f"/changesets/{made.json()['id']}"
        for who, move in (("editor", "submit"), ("reviewer", "approve"), ("publisher", "publish")):
            answer = self.post(who, f"{place}/{move}")
            assert answer.status_code == 200, answer.text
        return answer.json()

    def drain(self) -> int:
        assert self.registry.engine is not None
        return indexing.drain(self.database, self.registry.engine)

    def item_called(self, name: str, on: str = TODAY) -> str:
        """The id of the one item of this name on a day."""
        query = "SELECT subject_id FROM timeline WHERE kind = 'item' AND name = '{}' AND valid_from <= '{}'"
        found = self.rows(query.format(name, on) + f" AND valid_to > '{on}'")
        assert len(found) == 1, (name, found)
        return found[0][0]

    def rows(self, query: str) -> list[Any]:
        with self.database.reading() as session:
            return list(session.connection().execute(text(query)).fetchall())

    def assert_sound(self, head: tuple[int, str] | None = None) -> None:
        with self.database.reading() as session:
            proof = verifying.verify(session.connection(), kinds.describe, head)
        assert proof.ok, str(proof.finding)


@pytest.fixture(scope="session")
def run_seeded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, ExitStack], Living]:
    """Starts a registry on a copy of the seed, on a kind of database, until the stack is closed."""

    def run(kind: str, stack: ExitStack) -> Living:
        directory = tmp_path_factory.mktemp("living") / "data"
        shutil.copytree(request.getfixturevalue("seeded_dir"), directory)
        url = ""
        if kind == "postgresql":
            (directory / "qingdan.db").unlink()
            url = stack.enter_context(_copied(request))
        settings = Settings(data_dir=directory, database_url=url, drain_index=False, lock_timeout=10)
        app = create_app(settings)
        client = stack.enter_context(TestClient(app, follow_redirects=False))
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        return Living(settings, client, app.state.registry)

    return run


@contextmanager
def _copied(request: pytest.FixtureRequest) -> Iterator[str]:
    """A copy of the seeded PostgreSQL database; its URL."""
    server = request.getfixturevalue("postgresql_server")
    template = request.getfixturevalue("seeded_template")
    name = f"seeded_{next(_numbers)}"
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server.get_uri(database=name)
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture(scope="session", params=KINDS)
def asking_session(request: pytest.FixtureRequest, run_seeded: Callable[..., Living]) -> Iterator[Living]:
    with ExitStack() as stack:
        yield run_seeded(request.param, stack)


@pytest.fixture
def asking(asking_session: Living, clock: Any) -> Living:
    """The seeded registry, only to be read."""
    return asking_session


@pytest.fixture(params=KINDS)
def living(request: pytest.FixtureRequest, run_seeded: Callable[..., Living], clock: Any) -> Iterator[Living]:
    with ExitStack() as stack:
        yield _with_people(run_seeded(request.param, stack))


@pytest.fixture
def living_sqlite(run_seeded: Callable[..., Living], clock: Any) -> Iterator[Living]:
    with ExitStack() as stack:
        yield _with_people(run_seeded("sqlite", stack))


def _with_people(living: Living) -> Living:
    for name, right in RIGHTS.items():
        living.hire(name, right)
    return living


def new_item(living: Living, name: str, day: str = TODAY, **more: Any) -> dict[str, Any]:
    """A decision that adds an item to the seeded county, held by its forestry bureau."""
    authority, region = living.rows(
        f"SELECT authority, region FROM timeline WHERE kind = 'item' AND name = '{FELLING}'"
        f" AND valid_from <= '{TODAY}' AND valid_to > '{TODAY}'"
    )[0]
    content = {"name": name, "type": "01", "authority": authority, "region": region, "level": "4"}
    codes = more.pop("codes", [])
    return {
        "outcome": "add",
        "effective_from": day,
        "content": content | more.pop("content", {}),
        "codes": codes,
        **more,
    }


def set_field(subject: str, path: str, value: Any, day: str = TODAY, **more: Any) -> dict[str, Any]:
    """A decision that sets one field."""
    return {
        "outcome": "adjust",
        "subject": subject,
        "effective_from": day,
        "changes": [{"op": "set", "path": path, "value": value}],
        **more,
    }


def calendar(year: int, days_off: list[str], make_up: list[str] | None = None, **more: Any) -> dict[str, Any]:
    """A decision that sets a year's arrangement."""
    content = {"year": year, "days_off": days_off, "make_up": make_up or []}
    return {
        "kind": "calendar",
        "outcome": "set",
        "effective_from": f"{year}-01-01",
        "content": content,
        **more,
    }
