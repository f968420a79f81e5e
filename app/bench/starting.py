"""From the start of ``qingdan serve`` to its first answers, beside Python that only loads what it is built on."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from app.bench.driving import free_port, process, wait_for
from app.bench.figures import Plan, Row, median, median_ratio
from app.bench.registries import Registry, kept
from app.exchange import seeding
from app.indexing import rebuild
from app.migrating import migrate
from app.searching import open_engine
from app.versions.queries import today

SECONDS = 2.0
SERVE = "from app.cli import main; main()"
LIBRARIES = "import fastapi, sqlalchemy"


def bench(plan: Plan) -> list[Row]:
    registry = seeded(plan)
    item = registry.item_ids()[0]
    first_answer(registry, item)  # compiles and caches what a first start on a machine must
    ours, theirs = [], []
    for _ in range(plan.rounds):
        ours.append(first_answer(registry, item))
        theirs.append(libraries_alone())
    return [
        Row(
            "start to first answer",
            median(ours),
            SECONDS,
            "less",
            unit=" s",
            beside=f"slowest {max(ours):.2f} s; {LIBRARIES} takes {median(theirs):.2f} s:"
            f" {median_ratio(ours, theirs):.1f} times as long",
            numbers={"serve": ours, "libraries": theirs},
        )
    ]


def seeded(plan: Plan) -> Registry:
    """As ``qingdan serve --setup`` makes it."""
    return kept(plan, "seed", _seed)


def _seed(directory: Path) -> None:
    registry = Registry(directory)
    database = registry.open()
    migrate(database)
    seeding.seed(database, today())
    engine = open_engine(registry.settings)
    if engine is not None:
        rebuild(database, engine)
        engine.close()
    database.dispose()


def first_answer(registry: Registry, item: str) -> float:
    """Seconds until an item has been read and the health check answers."""
    port = free_port()
    began = time.perf_counter()
    with process(["-c", SERVE, "serve", "--port", str(port)], registry, quiet=True) as running:
        for path in (f"/api/v1/items/{item}", "/healthz"):
            wait_for(port, path, running)
        return time.perf_counter() - began


def libraries_alone() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", LIBRARIES], check=True)
    return time.perf_counter() - began
