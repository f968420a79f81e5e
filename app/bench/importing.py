"""Initial import from file to published, while another process writes."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson

from app.bench.driving import environment
from app.bench.figures import Plan, Row, percentile
from app.bench.registries import Registry
from app.exchange.synthetic import write_synthetic
from app.migrating import migrate

ITEMS = 100_000
RATE, WAIT, FLAT = 3_000, 2.0, 1.25
"""Items a second; seconds the second writer may wait (p95); memory at the whole against a quarter."""


def bench(plan: Plan) -> list[Row]:
    count = plan.count(ITEMS, 100)
    quarter = _import(plan, max(50, count // 4))
    whole = _import(plan, count)
    rate = count / whole["seconds"]
    waits = whole["waits"]
    return [
        Row(
            f"import of {count:,} items, items/s",
            rate,
            RATE,
            unit="/s",
            beside=(
                f"{whole['seconds']:.1f} s, of which check {whole['check_seconds']:.1f} s;"
                f" {whole['publications']} publications; a quarter: {count / 4 / quarter['seconds']:,.0f}/s;"
                f" generating the file took {whole['generated']:.1f} s"
            ),
            numbers={"quarter": quarter, "whole": whole},
        ),
        Row(
            "import, memory at 100% against 25%",
            whole["anonymous"] / quarter["anonymous"] if quarter["anonymous"] else None,
            FLAT,
            "less",
            beside=f"own {_mb(quarter, 'anonymous')} to {_mb(whole, 'anonymous')};"
            f" peak resident, the mapped database included, {_mb(quarter, 'peak')} to {_mb(whole, 'peak')}",
        ),
        Row(
            "import, second writer's p95 wait",
            percentile(waits, 0.95),
            WAIT,
            "less",
            unit=" s",
            beside=f"{len(waits)} writes; median {percentile(waits, 0.5):.3f} s, longest {max(waits):.2f} s",
        ),
    ]


def _mb(run: dict[str, Any], name: str) -> str:
    return f"{run[name] / 2**20:,.0f} MB"


def _import(plan: Plan, count: int) -> dict[str, Any]:
    """What ``import_run`` says of an import of so many items; ``waits`` of the second writer."""
    directory = plan.directory / f"importing-{count}"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    registry, file = Registry(directory), directory / "synthetic.jsonl"
    began = time.perf_counter()
    write_synthetic(file, count)
    generated = time.perf_counter() - began
    database = registry.open()
    migrate(database)
    database.dispose()
    plan.say(f"importing {count} items ...")
    with second_writer(registry) as waits:
        done = subprocess.run(
            [sys.executable, "-m", "app.bench.import_run", str(file)],
            env=environment(registry),
            stdout=subprocess.PIPE,
            check=True,
        )
    shutil.rmtree(directory)
    return orjson.loads(done.stdout) | {"generated": generated, "waits": waits}


@contextmanager
def second_writer(registry: Registry) -> Iterator[list[float]]:
    """It writes until the block ends; then the list holds its waits."""
    waits: list[float] = []
    writer = subprocess.Popen(
        [sys.executable, "-m", "app.bench.second_writer"],
        env=environment(registry),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        yield waits
        waits += orjson.loads(writer.communicate(timeout=90)[0])
    finally:
        writer.kill()
        writer.wait()
