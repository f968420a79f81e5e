"""Mutated files: whatever the bytes, a reading ends, and ends in records or problems; an import is whole or nothing.

``QINGDAN_HYPOTHESIS=thorough`` reads two thousand of them and brings two hundred into a registry.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from exchange_cases import ATTESTED, FLAT

from app.changes import kinds
from app.db import Database
from app.errors import RegistryError
from app.exchange import importing
from app.exchange.importing import import_initial
from app.exchange.mapping import Mapping
from app.exchange.reading import read_records
from app.exchange.synthetic import write_synthetic
from app.versions import verifying

THOROUGH = os.environ.get("QINGDAN_HYPOTHESIS") == "thorough"
READ = 2000 if THOROUGH else 320
IMPORTED = 200 if THOROUGH else 24
CSV = (
    "id,name,organ,organ_code,area,place,code,type,level,days,basis,remark,from\r\n"
    '1,"食品经营许可（""新办""）",区市监局,11450721348531435D,511602,广安区,000104002000,行政许可,县级,5,《甲法》（令第1号）第一条,x,\r\n'
    '2,"林木采伐\n许可",区林业局,,511602,广安区,00016421300Y,行政许可,4 县级,20,,y,2020-01-01\r\n'
).encode()
BITS = [
    b'"',
    b",",
    b"\n",
    b"\x00",
    b"\xff",
    b"\xed\xa0\x80",
    b"{",
    b"]",
    b"\\u0000",
    b"\\ud800",
    b"1e999",
    b"null",
    b"\xef\xbb\xbf",
    b"9" * 30,
]

STRING = re.compile(rb'"[^"\\]*"(?=[,}\]])')
"""A text in a JSON line that is a value."""


def mutated(chance: random.Random, content: bytes) -> bytes:
    data = bytearray(content)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(4):
            case 0:
                data[at : at + chance.randint(1, 40)] = b""
            case 1:
                data[at:at] = chance.choice(BITS)
            case 2:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case _:
                data[at:at] = data[at // 2 : at]
    return bytes(data)


def rearranged(chance: random.Random, content: bytes) -> bytes:
    """Lines that still read: some gone, twice, in another order, or saying what another line says."""
    lines = content.splitlines()
    for _ in range(chance.randint(1, 3)):
        at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        match chance.randrange(4):
            case 0:
                del lines[at]
            case 1:
                lines.insert(other, lines[at])
            case 2:
                lines[at], lines[other] = lines[other], lines[at]
            case _:
                texts = STRING.findall(lines[other])
                lines[at] = STRING.sub(chance.choice(texts).replace(b"\\", rb"\\"), lines[at], count=1)
        if not lines:
            return content
    return b"\n".join(lines) + b"\n"


def native_lines(folder: Path) -> bytes:
    path = folder / "base.jsonl"
    write_synthetic(path, 4, regions=1, authorities=1)
    return path.read_bytes()


def sheet(folder: Path) -> bytes:
    path = folder / "base.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        page = book.add_worksheet()
        for at, line in enumerate(CSV.decode().replace('"', "").split("\r\n")[:2]):
            page.write_row(at, 0, line.split(","))
    return path.read_bytes()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["csv", "jsonl", "xlsx", "guides"])
def test_no_file_crashes_a_reading(tmp_path: Path, kind: str, seed: int) -> None:
    chance = random.Random(f"{kind}{seed}")
    mapping: Mapping | str = {"jsonl": "qingdan", "guides": "item_details"}.get(kind, FLAT)
    content = {"csv": lambda: CSV, "xlsx": lambda: sheet(tmp_path)}.get(
        kind, lambda: native_lines(tmp_path)
    )()
    path = tmp_path / ("f.jsonl" if kind == "guides" else f"f.{kind}")
    for _ in range(READ // 16):
        path.write_bytes(mutated(chance, content))
        reading = read_records(path, mapping, ATTESTED)
        found = list(reading)
        assert found or reading.problems
        assert all(problem.message and problem.where for problem in reading.problems)
        assert reading.quality.text()


WRITTEN = ("log_entry", "revision", "subject", "decision", "source_key", "source_seen", "timeline")


def count(database: Database, query: str) -> Any:
    with database.reading() as session:
        return session.connection().exec_driver_sql(query).scalar_one()


def written(database: Database) -> list[Any]:
    return [count(database, f"SELECT count(*) FROM {table}") for table in WRITTEN]


def test_what_a_mutated_file_brings_in_is_whole_or_nothing(
    make_sqlite: Callable[..., Database], tmp_path: Path, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With batches so small that every import has many: a file that is refused late has written nothing early."""
    clock.tick = 1
    monkeypatch.setattr(importing, "BATCH", 2)
    chance, content, path = random.Random("import"), native_lines(tmp_path), tmp_path / "f.jsonl"
    database, ended = make_sqlite(), dict.fromkeys(("refused", "raised", "taken"), 0)
    empty = written(database)
    for at in range(IMPORTED):
        path.write_bytes((mutated if at % 4 == 0 else rearranged)(chance, content))
        try:
            refused = import_initial(database, path, "qingdan").reading.refused
            outcome = "refused" if refused else "taken"
        except RegistryError:
            outcome = "raised"
        ended[outcome] += 1
        assert count(database, "SELECT count(*) FROM import_run WHERE state = 'running'") == 0, outcome
        if outcome == "taken":
            with database.reading() as session:
                proof = verifying.verify(session.connection(), kinds.describe, None)
            assert proof.ok, str(proof.finding)
            database.dispose()
            database = make_sqlite()
        else:
            assert written(database) == empty, (outcome, path.read_bytes())
    assert min(ended["refused"], ended["taken"]) > 0, ended
