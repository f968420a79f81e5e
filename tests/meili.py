"""A real Meilisearch server for tests; where there is none, what needs it is skipped and says so.

``meili_server``   one server per test process
``make_meili``     makes engines over one and the same index, which is empty at first
``mortal_meili``   a server of the test's own, to be killed and started again
"""

from __future__ import annotations

import secrets
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.bench.meili_server import MISSING, MeiliServer, OwnServer, at_hand, program
from search.meilisearch import MeiliEngine


@pytest.fixture(scope="session")
def meili_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeiliServer]:
    with at_hand(tmp_path_factory.mktemp("meilisearch")) as server:
        if server is None:
            pytest.skip(MISSING)
        yield server


@pytest.fixture
def make_meili(meili_server: MeiliServer) -> Iterator[Callable[[], MeiliEngine]]:
    prefix = f"test-{secrets.token_hex(6)}"
    yield lambda: meili_server.engine(prefix)
    meili_server.forget(prefix)


@pytest.fixture
def mortal_meili(tmp_path: Path) -> Iterator[OwnServer]:
    found = program()
    if found is None:
        pytest.skip("no meilisearch is on the path: a server to kill must be the test's own")
    server = OwnServer(found, tmp_path / "meilisearch")
    server.start()
    yield server
    server.end(signal.SIGKILL)
