"""The real files load whole, with the counts that are known of them. Skipped where they are not at hand."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import orjson
import pytest
from exchange_cases import real_data

from app.cli.data import _counted
from app.db import Database
from app.exchange.importing import import_initial
from app.exchange.reading import ImportReading, read_records
from app.exchange.records import Record

ATTESTED = date(2026, 11, 1)


def read_all(name: str, mapping: str) -> tuple[list[Record], ImportReading]:
    reading = read_records(real_data(name), mapping, ATTESTED)
    records = list(reading)
    assert not reading.refused, reading.problems
    return records, reading


def of_kind(records: list[Record], kind: str) -> list[Record]:
    return [record for record in records if record.kind == kind]


def counts(reading: ImportReading) -> dict[str, int]:
    return {code: one.count for code, one in reading.quality.findings.items()}


def leaves(value: Any) -> Iterator[str]:
    """Every text and number inside a value, as text."""
    if isinstance(value, dict):
        for one in value.values():
            yield from leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one)
    elif value is not None and not isinstance(value, bool) and str(value).strip():
        yield str(value)


def test_the_catalogue_loads_row_by_row() -> None:
    records, reading = read_all("catalogue_items.csv", "catalogue_items")
    found = of_kind(records, "item")
    assert len(found) == len({one.ref for one in found}) == 1378
    assert all(one.start_unknown and one.day == "2026-11-01" for one in found)
    assert sum(one.content["type"] == "unknown" for one in found) == 199
    seen = counts(reading)
    assert seen["no-implementation-code"] == 243
    assert seen["no-code"] == 241
    # 13 % of the 1,135 rows of one district: the organ's part of the code has not 18 characters.
    assert seen["bad-local-code"] == 146
    assert seen["half-width-brackets"] + seen["mixed-brackets"] == 51
    assert seen["duplicate-name"] == 2
    assert sum("citations" in one.content for one in found) == 44


def test_nothing_of_the_catalogue_is_lost() -> None:
    records, _ = read_all("catalogue_items.csv", "catalogue_items")
    organs = {f"@{one.kind}:{one.ref}": one for one in records if one.kind != "item"}
    with real_data("catalogue_items.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row, record in zip(rows, of_kind(records, "item"), strict=True):
        organ, region = organs[record.content["authority"]], organs[record.content["region"]]
        kept = set(leaves([record.model_dump(), organ.model_dump(), region.model_dump()]))
        lost = [value for value in row.values() if value and value not in kept]
        # These stand as citations and as a code.
        assert set(lost) <= {row["legal_basis"], row["level"]}, record.where


def test_the_guides_are_six_items_in_eleven_versions() -> None:
    records, reading = read_all("item_guides.jsonl", "item_guides")
    found = of_kind(records, "item")
    assert len(found) == 11
    assert sorted(Counter(one.ref for one in found).values()) == [1, 1, 2, 2, 2, 3]
    days: dict[str, list[str]] = {}
    for one in found:
        days.setdefault(one.ref, []).append(one.day)
    assert all(sorted(set(given)) == given for given in days.values())
    assert days["c0104ddb-22c8-43a0-a4e4-8d212d948d20"] == ["2020-05-29", "2020-06-03"]
    assert [one.start_unknown for one in found].count(True) == 6
    assert counts(reading)["source-flag"] == 181
    assert counts(reading)["limit-note-differs"] == 4


def test_three_live_items_share_one_code_and_load_as_three() -> None:
    records, reading = read_all("item_guides.jsonl", "item_guides")
    shared = "11450721MB155808114000141005000"
    holders: dict[str, set[str]] = {}
    for one in of_kind(records, "item"):
        if shared in [code.value for code in one.codes]:
            holders.setdefault(one.ref, set()).update(
                code.value for code in one.codes if code.scheme == "national-33"
            )
    assert sorted(sorted(further) for further in holders.values()) == [[], [shared + "01"], [shared + "02"]]
    assert counts(reading)["shared-code"] == 2


def test_elements_of_a_guide_keep_their_keys_over_its_versions() -> None:
    records, _ = read_all("item_guides.jsonl", "item_guides")
    versions = [one.content for one in of_kind(records, "item") if one.ref.startswith("ce55c007")]
    assert len(versions) == 3
    for name in ("materials", "citations", "windows", "questions"):
        assert len({tuple(element["key"] for element in one[name]) for one in versions}) == 1
    assert [one["promised_limit"]["value"] for one in versions] == [10, 8, 5]


@pytest.mark.parametrize("name", ["item_guides", "item_details"])
def test_nothing_of_the_guides_is_lost(name: str) -> None:
    records, _ = read_all(f"{name}.jsonl", name)
    with real_data(f"{name}.jsonl").open("rb") as file:
        rows = {row["id"]: row for row in map(orjson.loads, file)}
    others = [one.model_dump() for one in records if one.kind != "item"]
    for one in of_kind(records, "item"):
        row = next(row for key, row in rows.items() if f"（{key}）" in one.where)
        kept = "\n".join(leaves([one.model_dump(), *others]))
        for value in leaves(row):
            # Texts of a list stand one by one; a short label may stand as its code.
            pieces = value.replace("、", ",").split(",")
            assert value in kept or all(piece in kept or len(piece) < 9 for piece in pieces), (
                one.where,
                value,
            )


def test_the_details_load_and_say_what_the_guides_have_too() -> None:
    records, reading = read_all("item_details.jsonl", "item_details")
    found = of_kind(records, "item")
    assert len(found) == 17
    assert len({one.ref for one in found}) == 16
    assert {same.source for same in reading.same_as.values()} == {"item_guides"}
    guides, _ = read_all("item_guides.jsonl", "item_guides")
    assert {same.ref for same in reading.same_as.values()} <= {one.ref for one in guides}
    assert counts(reading)["missing-name"] == 1


def test_the_instruments_load_version_by_version() -> None:
    records, reading = read_all("legal_instruments.csv", "legal_instruments")
    rows = Counter(one.where for one in records)
    assert len(rows) == 3801
    assert len({one.ref for one in records}) == 3698  # 3,680 names, 8 repeated days, 10 undated namesakes
    last = {one.where: one.status for one in records}
    assert Counter(last.values()) == {"unknown": 3423, "in_force": 364, "ended": 14}
    by_ref: dict[str, list[str]] = {}
    for one in records:
        by_ref.setdefault(one.ref, []).append(one.day)
    assert all(sorted(set(days)) == days for days in by_ref.values())
    assert counts(reading)["repeated-row"] == 8


@pytest.mark.parametrize(
    ("name", "mapping"),
    [
        ("catalogue_items.csv", "catalogue_items"),
        ("item_details.jsonl", "item_details"),
        ("item_guides.jsonl", "item_guides"),
        ("legal_instruments.csv", "legal_instruments"),
    ],
)
def test_what_is_told_of_an_import_adds_up_to_what_was_read(
    sqlite: Database, name: str, mapping: str
) -> None:
    path = real_data(name)
    for _ in range(2):
        imported = import_initial(sqlite, path, mapping, ATTESTED)
        assert imported.records == imported.created + imported.changed + imported.same + imported.left
        told = _counted(imported)
        assert sum(
            int(number) for number in re.findall(r"(?:新增|变更|无变化|未采纳|尚未起草) (\d+)", told)
        ) == (imported.records)
        if (
            mapping != "legal_instruments"
        ):  # there, a repealed one is two records of one row: enacted, repealed
            counts_of = (imported.created_of, imported.changed_of, imported.same_of, imported.left_of)
            assert sum(one["item"] for one in counts_of) == imported.reading.quality.rows


def test_what_cannot_be_taken_over_is_counted_by_itself(sqlite: Database) -> None:
    """The details again as of a day before the registry knows their items: nothing is taken, nothing is lost."""
    path = real_data("item_details.jsonl")
    import_initial(sqlite, path, "item_details", ATTESTED)
    earlier = import_initial(sqlite, path, "item_details", date(2019, 1, 1))
    assert 10 < earlier.left_of["item"] <= earlier.reading.quality.rows  # some rows have days of their own
    assert earlier.left + earlier.created + earlier.changed + earlier.same == earlier.records
    assert f"未采纳 {earlier.left_of['item']}（原因见上）" in _counted(earlier)
