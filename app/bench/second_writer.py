"""Someone else who writes while an import runs: ``python -m app.bench.second_writer``, until standard input
ends; prints the seconds of each write, from asking for the transaction to its commit, as JSON."""

from __future__ import annotations

import select
import sys
import time

import orjson

from app import log
from app.db import Database
from app.settings import Settings

EVERY = 0.05


def write(database: Database) -> float:
    """One real, small write: a line of the access log."""
    asked = time.perf_counter()
    with database.writing() as session:
        log.record_access(session.connection(), "sign-in", note="bench")
    return time.perf_counter() - asked


def run() -> list[float]:
    database = Database(Settings().database)
    waits = []
    while not select.select([sys.stdin], [], [], EVERY)[0]:
        waits.append(write(database))
    database.dispose()
    return waits


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(run()))
