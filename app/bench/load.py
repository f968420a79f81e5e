"""The load generator, a process of its own: ``python -m app.bench.load`` reads its orders as JSON from
standard input and writes what it measured as JSON to standard output.

It speaks just enough HTTP/1.1 for answers with a Content-Length, so that it is never the bottleneck; how
near it came is measured (``busy``: its processor time over the time that passed).
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from collections.abc import Iterator
from typing import Any, TypedDict

import orjson
import uvloop

from app.bench import machine
from app.bench.figures import percentile

EMPTY = "/empty"
"""The path of the empty route."""


class Target(TypedDict):
    name: str
    port: int
    pid: int
    paths: list[str]
    before: int
    """How many of the paths are asked before anything is measured; 0: as many as a warm-up of a second."""


class Orders(TypedDict):
    connections: int
    seconds: float
    rounds: int
    targets: list[Target]


class Answered(TypedDict):
    """One round of one target. ``cpu_us``: the server's processor time an answer, which other people's
    work on the machine disturbs least; 0 where the system does not say."""

    rate: float
    p50_ms: float
    p95_ms: float
    cpu_us: float
    busy: float
    bytes: float


class Line(asyncio.Protocol):
    """One keep-alive connection: asks, reads the whole answer, asks again until the time is over."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.buffer = b""
        self.needed = 0
        self.asked = 0.0
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def ask(self) -> None:
        self.buffer, self.needed = b"", 0
        self.asked = time.perf_counter()
        self.transport.write(next(self.turn.requests))

    def data_received(self, data: bytes) -> None:
        self.buffer = self.buffer + data if self.buffer else data
        if not self.needed:
            try:
                self.needed = _length(self.buffer)
            except ConnectionError as error:
                self.turn.lost(error)
                return
        if not self.needed or len(self.buffer) < self.needed:
            return
        now = time.perf_counter()
        self.turn.took(now - self.asked, len(self.buffer))
        if now < self.turn.ends:
            self.ask()
        else:
            self.turn.finished()

    def connection_lost(self, error: Exception | None) -> None:
        self.turn.lost(error)


def _length(head: bytes) -> int:
    """Bytes of the whole answer; 0 while the head is not complete. Raises for any status but 200."""
    end = head.find(b"\r\n\r\n")
    if end < 0:
        return 0
    if not head.startswith(b"HTTP/1.1 200"):
        raise ConnectionError(f"answered {head[:200]!r}")
    at = head.find(b"content-length: ") + 16
    return end + 4 + int(head[at : head.index(b"\r", at)])


class Turn:
    """What all connections to one target do in one round."""

    def __init__(self, requests: Iterator[bytes]) -> None:
        self.requests = requests
        self.waits: list[float] = []
        self.bytes = 0
        self.ends = 0.0
        self.running = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def took(self, seconds: float, size: int) -> None:
        self.waits.append(seconds)
        self.bytes += size

    def finished(self) -> None:
        self.running -= 1
        if not self.running and not self.done.done():
            self.done.set_result(None)

    def lost(self, error: Exception | None) -> None:
        if self.running and not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed a connection"))


class Client:
    """Asks one target; the paths go on from round to round, connections are kept within a round."""

    def __init__(self, target: Target) -> None:
        self.port, self.pid = target["port"], target["pid"]
        self.before, self.answered = target["before"], 0
        self.requests = itertools.cycle(
            [f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode() for path in target["paths"]]
        )

    async def run(self, connections: int, seconds: float) -> Answered:
        turn = Turn(self.requests)
        loop = asyncio.get_running_loop()
        made = [
            await loop.create_connection(lambda: Line(turn), "127.0.0.1", self.port)
            for _ in range(connections)
        ]
        began, used, spent = time.perf_counter(), time.process_time(), machine.processor_time(self.pid)
        turn.ends, turn.running = began + seconds, connections
        for _transport, line in made:
            line.ask()
        await asyncio.wait_for(turn.done, seconds + 30)
        passed = time.perf_counter() - began
        self.answered += len(turn.waits)
        for transport, _line in made:
            transport.close()
        return {
            "rate": len(turn.waits) / passed,
            "p50_ms": percentile(turn.waits, 0.5) * 1000,
            "p95_ms": percentile(turn.waits, 0.95) * 1000,
            "cpu_us": (machine.processor_time(self.pid) - spent) / len(turn.waits) * 1e6,
            "busy": (time.process_time() - used) / passed,
            "bytes": turn.bytes / len(turn.waits),
        }

    async def warm_up(self, connections: int, seconds: float) -> None:
        """One turn, and as many more as it takes until what is asked before is answered."""
        await self.run(connections, seconds)
        while self.answered < self.before:
            await self.run(connections, seconds)


async def carry_out(orders: Orders) -> dict[str, list[Answered]]:
    """A warm-up of each target, then the rounds, each target in its turn."""
    clients = {target["name"]: Client(target) for target in orders["targets"]}
    for client in clients.values():
        await client.warm_up(orders["connections"], min(1.0, orders["seconds"]))
    measured: dict[str, list[Answered]] = {name: [] for name in clients}
    for _ in range(orders["rounds"]):
        for name, client in clients.items():
            measured[name].append(await client.run(orders["connections"], orders["seconds"]))
    return measured


def main() -> None:
    machine.pin(machine.CLIENT_CORE)
    measured = uvloop.run(carry_out(orjson.loads(sys.stdin.buffer.read())))
    sys.stdout.buffer.write(orjson.dumps(measured))


if __name__ == "__main__":
    main()
