"""The check of a file, and its records laid aside: as lines of bytes, checked where there is room to.

Lines of native JSON stand alone, so of a large file another process looks at some while this one looks at
others. What concerns several lines (days that rise, names and codes that repeat) and every problem's place in
the order of the file stay here. A part of the file with an error in it is read again here, the ordinary way.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

import orjson

from app.canonical import digest, encode
from app.collecting import few_collections
from app.exchange.mapping import Mapping
from app.exchange.quality import Met, Quality, met
from app.exchange.readers import Line, read_lines
from app.exchange.reading import MAX_ERRORS, ImportReading
from app.exchange.readying import beginning, first_changes
from app.exchange.records import Problem, Record, Spooled, SpooledCode
from app.exchange.rows import Refused

LARGE = 8 * 1024 * 1024
"""Bytes of a file from which another process is worth starting: it takes a second."""
LINES = 250
"""Lines a part."""
AHEAD = 3
"""Parts that the other process is given in advance."""
WAITING = 16
"""Parts that may wait for the first of them."""
PIPE = 1 << 20
"""Bytes that the other process may hand over before this one looks up: more than a part usually has."""


class Looked(NamedTuple):
    """A part of a file without errors: what its records show by themselves, and the records laid aside."""

    told: list[Problem]
    quality: Quality
    met: bytes
    """JSON: the values of each record's ``Met``."""
    packed: bytes


def packed_records(reading: ImportReading) -> Iterator[tuple[int, bytes]]:
    """The records of a reading as lines for the spool, some at a time: how many, and the lines."""
    if reading.mapping.kind == "record" and _is_large(reading.path) and _cores() > 1:
        yield from _shared(reading)
        return
    records = iter(reading)
    while some := [packed(record) for record in islice(records, LINES)]:
        yield len(some), b"".join(some)


def packed(record: Record) -> bytes:
    """What the record says, what a first record says beside its content, and the rest of ``Spooled``: three times
    JSON, which writes no tab of its own, with tabs between."""
    codes = [(code.scheme, code.value, code.issuer) for code in record.codes]
    besides = [codes, record.day, record.start_unknown, record.status]
    opening, body = encode([record.kind, record.ref])[:-1] + b",", encode(record.content)
    said = opening + body + b"," + encode(besides)[1:]
    begins = beginning(record, body, len(opening)) if record.kind == "item" else None
    rest = [record.kind, record.ref, *besides, record.where, digest(said), begins and list(begins)]
    changes = encode(first_changes(record.codes, record.status))
    return b"\t".join((said, changes, orjson.dumps(rest))) + b"\n"


def unpacked(line: bytes) -> Spooled:
    said, changes, rest = line.split(b"\t")
    kind, ref, codes, day, start_unknown, status, where, of_said, begins = orjson.loads(rest)
    return Spooled(
        kind=kind,
        ref=ref,
        codes=[SpooledCode(*code) for code in codes],
        day=day,
        start_unknown=start_unknown,
        status=status,
        where=where,
        digest=of_said,
        said=said,
        changes=changes,
        begins=begins,
    )


def _is_large(path: Path) -> bool:
    try:
        return path.stat().st_size >= LARGE
    except OSError:
        return False


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


# --- two processes


@dataclass(slots=True, eq=False)
class Part:
    """Lines of a file, and where they follow."""

    lines: list[Line]
    number: int
    """Number of the line before them, and where it ends."""
    end: int
    looked: Looked | None = None
    """None where nobody could look at it."""
    seen: bool = False


def _parts(lines: Iterator[Line]) -> Iterator[Part]:
    number = end = 0
    while some := list(islice(lines, LINES)):
        yield Part(some, number, end)
        number, _, end = some[-1]


def _shared(reading: ImportReading) -> Iterator[tuple[int, bytes]]:
    """Parts in the order of the file. While the other process is busy with the first of those that wait, this
    one looks at the next; until the other is there, at all."""
    looker = Looker(reading.path, reading.mapping, reading.attested, reading.quality.every is not None)
    parts = _parts(reading.lines())
    waiting: deque[Part] = deque()
    with Helper(looker) as helper:
        while reading.errors < MAX_ERRORS:
            helper.listen()
            while helper.has_room() and (part := next(parts, None)):
                helper.ask(part)
                waiting.append(part)
            if waiting and waiting[0].seen:
                yield _taken(reading, waiting.popleft())
            elif len(waiting) < WAITING and (part := next(parts, None)):
                part.looked, part.seen = looker.look(part.lines), True
                waiting.append(part)
            elif waiting:
                helper.listen(wait=True)
            else:
                break
    reading.finish()


def _taken(reading: ImportReading, part: Part) -> tuple[int, bytes]:
    """One part into the reading; read here where nobody could look at it, or it has errors."""
    looked = part.looked
    if looked is None:
        lines = [packed(record) for record in reading.natively(part.lines) if reading.takes(record)]
        return len(lines), b"".join(lines)
    for problem in looked.told:
        reading.report(problem)
    reading.quality.add(looked.quality)
    follows = [reading.follows(Met(*one)) for one in orjson.loads(looked.met)]
    if all(follows):
        return len(follows), looked.packed
    lines = looked.packed.splitlines(keepends=True)
    return sum(follows), b"".join(line for line, one in zip(lines, follows, strict=True) if one)


@dataclass
class Looker(ImportReading):
    """Looks at lines by themselves, here or in the other process."""

    told: list[Problem] = field(default_factory=list)
    all_told: bool = False
    """Whether every finding is asked for."""

    def __init__(self, path: Path, mapping: Mapping, attested: date | None, all_told: bool = False) -> None:
        super().__init__(path, mapping, attested)
        self.told, self.all_told = [], all_told

    def report(self, problem: Problem) -> None:
        self.told.append(problem)

    def look_after(self, number: int, end: int, count: int) -> Looked | None:
        """At so many lines after a place in the file."""
        try:
            return self.look(islice(read_lines(self.path, number, end), count))
        except (Refused, OSError):
            return None

    def look(self, lines: Iterable[Line]) -> Looked | None:
        """None where some line has an error."""
        self.told, quality = [], Quality(every=[] if self.all_told else None)
        seen: list[Met] = []
        found: list[bytes] = []
        for number, line, _ in lines:
            quality.rows += 1
            record = self.native_record(number, line)
            if record is None or any(problem.severity == "error" for problem in self.told):
                return None
            quality.alone(record)
            seen.append(met(record))
            found.append(packed(record))
        return Looked(self.told, quality, orjson.dumps([tuple(one) for one in seen]), b"".join(found))


class Helper:
    """The other process. It reads its parts of the file itself; where it fails, they come back without an answer."""

    def __init__(self, looker: Looker) -> None:
        self.looker = looker
        self.there = False
        self.asked: deque[Part] = deque()

    def __enter__(self) -> Helper:
        self.process = _started([sys.executable, "-m", "app.exchange.spooling"])
        self.answers = self.process.stdout
        with suppress(OSError):
            looker = self.looker
            self._say((looker.path, looker.mapping, looker.attested, looker.all_told))
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.kill()
        self.process.communicate()

    def has_room(self) -> bool:
        return self.there and len(self.asked) < AHEAD

    def ask(self, part: Part) -> None:
        """To look at a part; ``listen`` gets the answer."""
        self.asked.append(part)
        try:
            self._say((part.number, part.end, len(part.lines)))
        except OSError:
            self._give_up()

    def listen(self, *, wait: bool = False) -> None:
        """Takes in what it has answered; waits for an answer where told to, and one is to come."""
        try:
            while self.answers and select.select([self.answers], [], [], None if wait else 0)[0]:
                said = receive(self.answers)
                if self.there:
                    part = self.asked.popleft()
                    part.looked, part.seen = said, True
                self.there, wait = True, False
        except (OSError, EOFError):
            self._give_up()

    def _give_up(self) -> None:
        """Without it: what it has not answered is looked at here."""
        self.there = False
        for part in self.asked:
            part.seen = True
        self.asked.clear()
        self.answers = None

    def _say(self, value: Any) -> None:
        assert self.process.stdin
        send(self.process.stdin, value)


def _started(command: list[str]) -> subprocess.Popen[bytes]:
    for size in (PIPE, -1):  # where the system grants no pipes of this size, smaller ones do, more slowly
        with suppress(PermissionError):
            return subprocess.Popen(
                command, bufsize=0, pipesize=size, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
    raise PermissionError(command[0])


def send(stream: IO[bytes], value: Any) -> None:
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    stream.write(struct.pack("!I", len(data)) + data)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """What the other end sent. Raises EOFError where it is gone."""
    (size,) = struct.unpack("!I", _exactly(stream, 4))
    return pickle.loads(_exactly(stream, size))  # our own process wrote it


def _exactly(stream: IO[bytes], size: int) -> bytes:
    pieces = []
    while size:
        piece = stream.read(size)
        if not piece:
            raise EOFError
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def help_out() -> None:
    """The other process: looks at one part after the other until its input ends, as it does where the first is
    killed. An interrupt from the keyboard is the first one's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with few_collections(), suppress(EOFError, BrokenPipeError):
        looker = Looker(*receive(sys.stdin.buffer))
        send(sys.stdout.buffer, True)
        while True:
            send(sys.stdout.buffer, looker.look_after(*receive(sys.stdin.buffer)))


if __name__ == "__main__":
    from app.exchange.spooling import (
        help_out as help_out_by_name,  # so that Looked is the same class at both ends
    )

    help_out_by_name()
