"""Whether all that a file refers to is there, and nobody in it above itself, asked before anything of it is written:
what is published stays."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import IO

import orjson
from sqlalchemy import Connection

from app.changes import kinds
from app.changes.circles import PARENTED
from app.exchange.admitting import Admission
from app.exchange.circling import Key, WaysUp, closed_by, key_of
from app.exchange.foreseeing import Foresight
from app.exchange.mapping import Mapping
from app.exchange.reading import ImportReading
from app.exchange.recognising import NOT_YET
from app.exchange.records import Admissible, Problem
from app.exchange.regions import above_by_code
from app.exchange.spooling import unpacked

_REFERENCE = re.compile(rb'"@((?:[^"\\]|\\.)*)"')
_ITEM = b'["item",'


def require_sound(
    connection: Connection,
    reading: ImportReading,
    spool: IO[bytes],
    batch: int,
    foresight: Callable[[], Foresight],
) -> None:
    """Reports as errors what the file refers to and neither it nor the registry has, and each circle of parents.

    ``batch``: how many records are admitted together; they may refer to each other in any order, else to what comes
    before them. ``foresight`` is how the file would be admitted, asked where there may be a circle. Leaves the spool at
    its beginning.
    """
    looked = Admission(reading.mapping.name, trusted=True)
    ways, lost = WaysUp(), set[Key]()
    for record, field, asked in _missing(connection, looked, ways, spool, batch):
        reading.report(_unknown(reading.mapping, record, field, asked))
        lost.add(key_of(asked))
        if reading.is_full:
            break
    if not reading.is_full and (keys := ways.endless(connection, looked.refs)):
        trial = foresight()
        trial.refs = looked.refs | dict.fromkeys(lost, NOT_YET)
        _tell_circles(connection, reading, spool, keys, trial)
    if reading.is_full:
        reading.give_up()
    spool.seek(0)


def _missing(
    connection: Connection, looked: Admission, ways: WaysUp, spool: IO[bytes], batch: int
) -> Iterator[tuple[Admissible, str, str]]:
    """(record, field, reference) of each that leads nowhere. The bytes are looked at, not read: of twenty thousand
    items they name a few hundred subjects."""
    sound: set[bytes] = set()
    for lines in _batches(spool, batch):
        records = [unpacked(line) for line in lines if not line.startswith(_ITEM)]
        for record in records:
            looked.refs[record.kind, record.ref] = NOT_YET
            sound.add(f"{record.kind}:{record.ref}".encode())
            ways.add(record)
        looked.learn(connection, [record for record in records if record.kind in PARENTED])
        for line in lines:
            named = {_plain(one) for one in _REFERENCE.findall(line.split(b"\t", 1)[0])}
            if not named <= sound:
                record = unpacked(line)
                missing = looked.missing(connection, record)
                yield from ((record, field, asked) for field, asked in missing)
                sound |= named - {asked[1:].encode() for _, asked in missing}


def _unknown(mapping: Mapping, record: Admissible, field: str, asked: str) -> Problem:
    kind, ref = key_of(asked)
    named = f"{kinds.LABELS.get(kind, '')}“{ref}”（{asked}）"
    return Problem(
        severity="error",
        code="unknown-reference",
        where=f"{record.where}“{_column(mapping, record, field, ref)}”",
        message=f"引用的{named}在文件和登记簿中都没有，请在文件中补上，或先导入它",
    )


def _column(mapping: Mapping, record: Admissible, field: str, ref: str = "") -> str:
    """The column that names the subject; of a region that names none above it, the one with its code."""
    if mapping.kind == "record":
        return f"content.{field}"
    stated = mapping.fields.get(field)
    if record.kind == "region" and (stated is None or ref == above_by_code(record.ref)):
        return mapping.region.code or ""
    return "、".join(stated.columns()) if stated else field


def _tell_circles(
    connection: Connection, reading: ImportReading, spool: IO[bytes], keys: set[Key], foresight: Foresight
) -> None:
    spool.seek(0)
    read = (unpacked(line) for line in spool if not line.startswith(_ITEM))
    for one in closed_by(connection, foresight, [each for each in read if (each.kind, each.ref) in keys]):
        where = f"{one.record.where}“{_column(reading.mapping, one.record, 'parent')}”"
        reading.report(Problem(severity="error", code="circle-of-parents", where=where, message=one.message))
        if reading.is_full:
            break


def _batches(lines: Iterable[bytes], size: int) -> Iterator[list[bytes]]:
    left = iter(lines)
    while some := list(islice(left, size)):
        yield some


def _plain(found: bytes) -> bytes:
    return orjson.loads(b'"%b"' % found).encode() if b"\\" in found else found
