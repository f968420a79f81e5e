"""Mutated files: whatever the bytes, a reading ends, and ends in records or problems."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import xlsxwriter
from exchange_cases import ATTESTED, FLAT

from app.exchange.mapping import Mapping
from app.exchange.reading import read_records
from app.exchange.synthetic import write_synthetic

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
    for _ in range(40):
        path.write_bytes(mutated(chance, content))
        reading = read_records(path, mapping, ATTESTED)
        found = list(reading)
        assert found or reading.problems
        assert all(problem.message and problem.where for problem in reading.problems)
        assert reading.quality.text()
