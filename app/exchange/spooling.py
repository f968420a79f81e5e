"""The check of a file, and its records laid aside: as lines of bytes, checked where there is room to.

Lines of native JSON stand alone, so of a large file another process looks at some while this one looks at
others. What concerns several lines (days that rise, names and codes that repeat) and every problem's place in
the order of the file stay here. A part of the file with an error in it is read again here, the ordinary way.
"""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

import orjson

from app.canonical import digest, encode
from app.exchange.mapping import Mapping
from app.exchange.quality import Met, Quality, met
from app.exchange.reading import MAX_ERRORS, ImportReading
from app.exchange.records import Problem, Record, Spooled, SpooledCode

LARGE = 8 * 1024 * 1024
"""Bytes of a file from which another process is worth starting: it takes a second."""
LINES = 250
"""Lines a part."""
AHEAD = 4
"""Parts that the other process is given in advance."""

Lines = list[tuple[int, bytes]]


class Looked(NamedTuple):
    """A part of a file without errors: what its records show by themselves, and the records laid aside."""

    told: list[Problem]
    quality: Quality
    met: bytes
    """JSON: the values of each record's ``Met``."""
    packed: list[bytes]


def packed_records(reading: ImportReading) -> Iterator[tuple[int, bytes]]:
    """The records of a reading as lines for the spool, some at a time: how many, and the lines."""
    if reading.mapping.kind == "record" and _is_large(reading.path) and _cores() > 1:
        yield from _shared(reading)
        return
    records = iter(reading)
    while some := [packed(record) for record in islice(records, LINES)]:
        yield len(some), b"".join(some)


def packed(record: Record) -> bytes:
    """What the record says, a tab, and where it stands; JSON writes no tab of its own."""
    said = (
        record.kind,
        record.ref,
        record.content,
        [(code.scheme, code.value, code.issuer) for code in record.codes],
        record.day,
        record.start_unknown,
        record.status,
    )
    return encode(said) + b"\t" + orjson.dumps(record.where) + b"\n"


def unpacked(line: bytes) -> Spooled:
    said, _, where = line.partition(b"\t")
    kind, ref, content, codes, day, start_unknown, status = orjson.loads(said)
    return Spooled(
        kind=kind,
        ref=ref,
        content=content,
        codes=[SpooledCode(*code) for code in codes],
        day=day,
        start_unknown=start_unknown,
        status=status,
        where=orjson.loads(where),
        digest=digest(said),
    )


def _is_large(path: Path) -> bool:
    try:
        return path.stat().st_size >= LARGE
    except OSError:
        return False


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


# --- two processes


def _shared(reading: ImportReading) -> Iterator[tuple[int, bytes]]:
    """Parts in the order of the file. While the other process is busy with the first of those that wait, this
    one looks at the next."""
    looker = Looker(reading.path, reading.mapping, reading.attested)
    lines = reading.lines()
    parts = iter(lambda: list(islice(lines, LINES)), [])
    waiting: deque[tuple[Lines, Future[Looked | None] | Looked | None]] = deque()
    with Helper(looker) as helper, ThreadPoolExecutor(1) as asking:
        while reading.errors < MAX_ERRORS:
            given = sum(isinstance(looked, Future) and not looked.done() for _, looked in waiting)
            for part in islice(parts, max(0, AHEAD - given)):
                waiting.append((part, asking.submit(helper.look, part)))
            if not waiting:
                break
            first = waiting[0][1]
            if isinstance(first, Future) and not first.done() and len(waiting) < 4 * AHEAD:
                part = next(parts, [])
                if part:
                    waiting.append((part, looker.look(part)))
                    continue
            part, looked = waiting.popleft()
            yield _taken(reading, part, looked.result() if isinstance(looked, Future) else looked)
        asking.shutdown(cancel_futures=True)
    reading.finish()


def _taken(reading: ImportReading, part: Lines, looked: Looked | None) -> tuple[int, bytes]:
    """One part into the reading; read here where nobody could look at it, or it has errors."""
    if looked is None:
        lines = [packed(record) for record in reading.natively(part) if reading.takes(record)]
        return len(lines), b"".join(lines)
    for problem in looked.told:
        reading.report(problem)
    reading.quality.add(looked.quality)
    values = orjson.loads(looked.met)
    lines = [line for one, line in zip(values, looked.packed, strict=True) if reading.follows(Met(*one))]
    return len(lines), b"".join(lines)


@dataclass
class Looker(ImportReading):
    """Looks at lines by themselves, here or in the other process."""

    told: list[Problem] = field(default_factory=list)

    def __init__(self, path: Path, mapping: Mapping, attested: date | None) -> None:
        super().__init__(path, mapping, attested)
        self.told = []

    def report(self, problem: Problem) -> None:
        self.told.append(problem)

    def look(self, part: Lines) -> Looked | None:
        """None where some line has an error."""
        self.told, quality = [], Quality(rows=len(part))
        seen: list[Met] = []
        lines: list[bytes] = []
        for number, line in part:
            record = self.native_record(number, line)
            if record is None or any(problem.severity == "error" for problem in self.told):
                return None
            quality.alone(record)
            seen.append(met(record))
            lines.append(packed(record))
        return Looked(self.told, quality, orjson.dumps([tuple(one) for one in seen]), lines)


class Helper:
    """The other process. Where it fails, its parts come back as None and are read here."""

    def __init__(self, looker: Looker) -> None:
        self.looker = looker

    def __enter__(self) -> Helper:
        command = [sys.executable, "-m", "app.exchange.spooling"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.kill()
        self.process.communicate()

    def look(self, part: Lines) -> Looked | None:
        assert self.process.stdin
        assert self.process.stdout
        try:
            send(self.process.stdin, (self.looker.path, self.looker.mapping, self.looker.attested, part))
            looked: Looked | None = receive(self.process.stdout)
        except (OSError, EOFError):
            return None
        return looked


def send(stream: IO[bytes], value: Any) -> None:
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    stream.write(struct.pack("!I", len(data)) + data)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """What the other end sent. Raises EOFError where it is gone."""
    head = stream.read(4)
    if len(head) < 4:
        raise EOFError
    data = stream.read(size := struct.unpack("!I", head)[0])
    if len(data) < size:
        raise EOFError
    return pickle.loads(data)  # our own process wrote it


def help_out() -> None:
    """The other process: looks at one part after the other until its input ends."""
    looker: Looker | None = None
    while True:
        try:
            path, mapping, attested, part = receive(sys.stdin.buffer)
        except EOFError:
            return
        if looker is None:
            looker = Looker(path, mapping, attested)
        send(sys.stdout.buffer, looker.look(part))


if __name__ == "__main__":
    from app.exchange.spooling import (
        help_out as help_out_by_name,  # so that Looked is the same class at both ends
    )

    help_out_by_name()
