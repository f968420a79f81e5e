"""A registry of its first days: nothing in it yet, then items and no round, law, list or bundle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from reading import read
from registry import Office, make_office
from seeded import Living

from app.db import Database
from app.main import create_app
from app.migrating import migrate
from app.settings import Settings

PAGES = (
    "/",
    "/search",
    "/rounds",
    "/rounds/series",
    "/authorities",
    "/laws",
    "/lists",
    "/editions",
    "/bundles",
)
FILES = ("/kiosk", "/board", "/feedback", "/feed.atom", "/sitemap.xml")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("first"), search_url="")
    database = Database(settings.database)
    migrate(database)
    yield database
    database.dispose()


def served(database: Database) -> Iterator[Living]:
    assert database.path is not None
    settings = Settings(data_dir=Path(database.path).parent, search_url="", drain_index=False)
    app = create_app(settings)
    with TestClient(app, follow_redirects=False) as client:
        yield Living(settings, client, app.state.registry)


def test_every_page_answers_while_nothing_is_published(database: Database) -> None:
    for living in served(database):
        for path in (*PAGES, *FILES):
            answer = living.client.get(path, headers={"accept": "text/html"})
            assert answer.status_code == 200, (path, answer.text[-300:])
        assert "在用" in read(living, "/").words


def test_every_page_answers_before_the_first_round(database: Database) -> None:
    office: Office = make_office(database)
    for living in served(database):
        for path in (*PAGES, *FILES, f"/items/{office.items[0]}", f"/authorities/{office.water}"):
            answer = living.client.get(path, headers={"accept": "text/html"})
            assert answer.status_code == 200, (path, answer.text[-300:])
        home = read(living, "/").words
        assert "最近一轮清理" not in home
        assert "首次录入之后还没有变更" in home
