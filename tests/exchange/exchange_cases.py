"""A small mapping, the real data where it is at hand, and short ways to ask a reading."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from app.exchange.mapping import Mapping
from app.exchange.reading import ImportReading
from app.exchange.records import Record

DATA = Path(__file__).parents[2].parent / "shared" / "data"
ATTESTED = date(2021, 6, 30)

FLAT = Mapping.model_validate(
    {
        "name": "flat",
        "title": "测试表",
        "kind": "item",
        "key": [["id"]],
        "region": {"code": "area", "name": "place"},
        "authority": {"name": ["organ"], "code": "organ_code"},
        "codes": [{"column": "code", "scheme": "guess", "implementation": True}],
        "day": {"columns": ["from"]},
        "fields": {
            "name": "name",
            "type": {"column": "type", "read": "code", "table": "item_type"},
            "level": {"column": "level", "read": "code", "table": "level"},
            "promised_limit.value": {"column": "days", "read": "int"},
        },
        "citations_from": "basis",
        "labels": {"remark": "备注"},
    }
)


def real_data(name: str) -> Path:
    """A file of real data, or a skip that names it."""
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"no real data beside the checkout: {name}")
    return path


def items(reading: ImportReading) -> list[Record]:
    return [record for record in reading if record.kind == "item"]


def problem_codes(reading: ImportReading) -> set[str]:
    return {problem.code for problem in reading.problems}
