"""Every test of the contract runs on each engine; an engine that is not at hand is a named skip."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from search.embedded import EmbeddedEngine
from search.engine import Engine


@pytest.fixture
def make_embedded(tmp_path: Path) -> Iterator[Callable[[], Engine]]:
    made: list[Engine] = []

    def make() -> Engine:
        made.append(EmbeddedEngine(tmp_path / "index"))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


@pytest.fixture(params=["embedded", "meilisearch"])
def make_engine(request: pytest.FixtureRequest) -> Callable[[], Engine]:
    """Makes engines over one and the same index, which is empty at first."""
    name = "make_meili" if request.param == "meilisearch" else "make_embedded"
    made: Callable[[], Engine] = request.getfixturevalue(name)
    return made


@pytest.fixture
def engine(make_engine: Callable[[], Engine]) -> Engine:
    return make_engine()
