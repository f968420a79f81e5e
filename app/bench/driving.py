"""Starting processes, driving a server with the load generator, in turns."""

from __future__ import annotations

import gc
import http.client
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import orjson

from app.bench.figures import Plan, median, median_ratio
from app.bench.load import EMPTY, Answered, Orders, Target
from app.bench.registries import Registry, day_of

CONNECTIONS = 16
AT_REST = {"QINGDAN_DRAIN_INDEX": "false"}
"""What a worker would do beside is not done by the server: a registry that has just been made would be indexed and
dumped for a minute, in the time of those who read."""
UNLIMITED = {
    "QINGDAN_RATE_PER_MINUTE": "0",
    "QINGDAN_KEY_RATE_PER_MINUTE": "0",
    "QINGDAN_PAGE_RATE_PER_MINUTE": "0",
}
"""One address asks everything here."""
PATIENCE = 60.0
"""Seconds until a server that does not answer is given up."""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def environment(registry: Registry, **more: str) -> dict[str, str]:
    """The environment of a process that serves this registry, and no other setting but ``more``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QINGDAN_")}
    own = {"QINGDAN_DATA_DIR": str(registry.directory), "QINGDAN_DATABASE_URL": registry.url}
    return kept | own | UNLIMITED | more


@contextmanager
def nothing_collected() -> Iterator[None]:
    """What the bench itself holds is not looked through for cycles beside what it measures, as a server has frozen
    what it loaded."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def process(
    arguments: Sequence[str], registry: Registry, quiet: bool = False, **more: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process, ended on leaving. ``more``: settings in its environment."""
    running = subprocess.Popen(
        [sys.executable, *arguments],
        env=environment(registry, **more),
        stdout=subprocess.DEVNULL if quiet else None,
    )
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(timeout=15)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


@dataclass(frozen=True)
class Served:
    """A server that runs."""

    port: int
    pid: int

    def target(self, name: str, paths: list[str], before: int = 0) -> Target:
        return {"name": name, "port": self.port, "pid": self.pid, "paths": paths, "before": before}


@contextmanager
def serving(registry: Registry, factory: str = "served", **more: str) -> Iterator[Served]:
    """The server of ``app.bench.server`` on a free port."""
    port = free_port()
    with process(["-m", "app.bench.server", factory, str(port)], registry, quiet=False, **more) as running:
        wait_for(port, EMPTY, running)
        yield Served(port, running.pid)


def wait_for(port: int, path: str, running: subprocess.Popen[bytes]) -> None:
    """Return as soon as the path answers 200."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends and running.poll() is None:
        if answers(port, path):
            return
        time.sleep(0.005)
    raise RuntimeError(f"no answer from {path}")


def answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def drive(plan: Plan, targets: list[Target], connections: int = CONNECTIONS) -> dict[str, list[Answered]]:
    """Every target in its turn, round by round. One connection: the time of an answer, and none of a queue's."""
    orders: Orders = {
        "connections": connections,
        "seconds": plan.seconds,
        "rounds": plan.rounds,
        "targets": targets,
    }
    done = subprocess.run(
        [sys.executable, "-m", "app.bench.load"], input=orjson.dumps(orders), stdout=subprocess.PIPE
    )
    if done.returncode:
        raise RuntimeError("the load generator gave up; see above")
    measured: dict[str, list[Answered]] = orjson.loads(done.stdout)
    return measured


def rates(rounds: Sequence[Answered]) -> list[float]:
    return [one["rate"] for one in rounds]


def costs(rounds: Sequence[Answered]) -> list[float]:
    return [one["cpu_us"] for one in rounds]


def by_processor_time(over: Sequence[Answered], under: Sequence[Answered]) -> float:
    """The ratio that the rates would have if nothing else ran: of the server's processor time an answer."""
    return median_ratio(costs(under), costs(over)) if all(costs(over)) else 0.0


def shown(rounds: Sequence[Answered]) -> str:
    waits = median([one["p95_ms"] for one in rounds])
    return f"{median(rates(rounds)):,.0f}/s, p95 {waits:.1f} ms, {median(costs(rounds)):,.0f} µs of processor"


def item_paths(
    item_ids: Sequence[str], days: int = 0, seed: int = 1, least: int = 5_000, since: int = 0
) -> list[str]:
    """Every item, in a random order; ``days`` > 0: each asked on a random one of so many days, from ``since``."""
    chance = random.Random(seed)
    wanted = list(item_ids) * max(1, least // len(item_ids))
    chance.shuffle(wanted)
    if not days:
        return [f"/api/v1/items/{one}" for one in wanted]
    return [f"/api/v1/items/{one}?on={day_of(since + chance.randrange(days))}" for one in wanted]
