"""Every field of a content says what it means, and every field of the standard's table has its place."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.changes.kinds import MODELS
from app.items.codes import NATIONAL_12, NATIONAL_31
from app.items.content import ItemContent

TABLE = Path(__file__).parents[3] / "shared" / "data" / "gb39046_item_fields.csv"
FIELDS = 64
"""Item fields of GB/T 39046-2020 table 4."""
CODES = {"2": NATIONAL_12, "3": NATIONAL_31}
"""基本编码 and 实施编码: dated rows beside the content, each in a scheme of its own."""


def properties(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for model, one in [(schema["title"], schema), *schema.get("$defs", {}).items()]:
        for name, said in one.get("properties", {}).items():
            yield f"{model}.{name}", said


@pytest.mark.parametrize("kind", MODELS)
def test_every_field_says_what_it_means(kind: str) -> None:
    found = dict(properties(MODELS[kind].model_json_schema()))
    assert found
    assert [name for name, said in found.items() if not said.get("description", "").strip()] == []


def placed() -> dict[str, list[str]]:
    """Number of a field of the table -> what its place here says of itself."""
    found: dict[str, list[str]] = {}
    for name, said in properties(ItemContent.model_json_schema()):
        for numbers in re.findall(r"\(([0-9, -]+)\)", said["description"]):
            first, dash, last = numbers.partition("-")
            listed = map(str, range(int(first), int(last) + 1)) if dash else numbers.split(", ")
            for number in listed:
                found.setdefault(number, []).append(f"{name} {said['description']}")
    return found


def test_every_field_of_the_standard_has_a_place() -> None:
    assert placed().keys() | CODES.keys() == {str(number) for number in range(1, FIELDS + 1)}


@pytest.mark.skipif(not TABLE.exists(), reason=f"the standard's fields are not here: {TABLE.name}")
def test_the_places_are_those_of_its_fields() -> None:
    """By a word of the field's name, less what all of them share."""
    with TABLE.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["seq"] not in CODES]
    assert len(rows) == FIELDS - len(CODES)
    places = placed()
    for row in rows:
        name = re.sub("代码|名称|是否|支持|单位$|说明$|受理|法定|承诺", "", row["field"]) or row["field"]
        pieces = {name[at : at + 2] for at in range(len(name) - 1)} or {name}
        said = " ".join(places[row["seq"]])
        assert any(piece in said for piece in pieces), (row["field"], said)
