"""Whether all that a file refers to is there, asked before anything of it is written: what is published stays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO

import orjson
from sqlalchemy import Connection

from app.exchange.admitting import Admission
from app.exchange.recognising import NOT_YET
from app.exchange.spooling import unpacked

_REFERENCE = re.compile(rb'"@((?:[^"\\]|\\.)*)"')
_ITEM = b'["item",'


def require_references(connection: Connection, admission: Admission, spool: IO[bytes], batch: int) -> None:
    """``batch``: how many records are admitted together; they may refer to each other in any order, else to what comes
    before them. Leaves the spool at its beginning. Raises Invalid, with the place of the record.

    The bytes are looked at, not read: of twenty thousand items they name a few hundred subjects.
    """
    sound: set[bytes] = set()
    for lines in _batches(spool, batch):
        for line in lines:
            if not line.startswith(_ITEM):
                record = unpacked(line)
                admission.refs[record.kind, record.ref] = NOT_YET
                sound.add(f"{record.kind}:{record.ref}".encode())
        for line in lines:
            named = {_plain(one) for one in _REFERENCE.findall(line.split(b"\t", 1)[0])}
            if not named <= sound:
                admission.require_references(connection, unpacked(line))
                sound |= named
    spool.seek(0)


def _batches(lines: Iterable[bytes], size: int) -> Iterator[list[bytes]]:
    left = iter(lines)
    while some := list(islice(left, size)):
        yield some


def _plain(found: bytes) -> bytes:
    return orjson.loads(b'"%b"' % found).encode() if b"\\" in found else found
