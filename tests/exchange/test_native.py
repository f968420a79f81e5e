"""Native JSON lines and synthetic items: parsed once, checked once, the same every time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from exchange_cases import problem_codes

from app.exchange import validation
from app.exchange.reading import ImportReading, read_records
from app.exchange.synthetic import SOURCE, synthetic_items, write_synthetic
from app.exchange.validation import MODELS, ValidationError, checked

Read = Callable[..., ImportReading]
ITEM: dict[str, Any] = {
    "kind": "item",
    "ref": "a",
    "day": "2020-01-01",
    "content": {
        "name": "甲",
        "type": "01",
        "authority": "@authority:很长很长的机关引用/11450721348531435D",
        "region": "@region:511602",
    },
}


def line(**changes: Any) -> bytes:
    return orjson.dumps({**ITEM, **changes}) + b"\n"


def law(**content: Any) -> bytes:
    return line(kind="instrument", content={"title": "某办法", **content})


def with_content(**changes: Any) -> bytes:
    return line(content={**ITEM["content"], **changes})


def test_a_line_is_a_record(read: Read) -> None:
    reading = read(line(codes=[{"scheme": "local", "value": "x"}]), "f.jsonl", "qingdan", None)
    (record,) = list(reading)
    assert record.content == {**ITEM["content"], "schema": 1, "visibility": "public"}
    assert record.where == "f.jsonl 第1行"
    assert reading.problems == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{}\n", "invalid-content"),
        (line(kind="horse"), "invalid-content"),
        (line(colour=1), "invalid-content"),
        (line(day="2020-02-30"), "bad-day"),
        (line(day="2020-1-1"), "bad-day"),
        (line(codes=[{"scheme": "local", "value": "qdi-0abcdef1"}]), "registry-id-as-code"),
        (with_content(name=""), "invalid-content"),
        (with_content(colour="red"), "invalid-content"),
        (with_content(statutory_limit={"value": -1}), "invalid-content"),
        (with_content(materials=[{"name": "x"}]), "invalid-content"),
        (law(published_on="下周一"), "bad-day"),
        (law(effective_on="2026年1月5日"), "bad-day"),
        (line() + line(), "repeated-ref"),
        (line() + line(day="2019-01-01"), "days-not-rising"),
    ],
)
def test_a_wrong_line_refuses_the_file(read: Read, content: bytes, code: str) -> None:
    reading = read(content, "f.jsonl", "qingdan", None)
    list(reading)
    assert reading.refused
    assert code in problem_codes(reading)
    assert all("第" in problem.where for problem in reading.problems)


def test_a_line_without_day_takes_the_attested_one(read: Read) -> None:
    undated = orjson.dumps({key: value for key, value in ITEM.items() if key != "day"})
    (record,) = list(read(undated, "f.jsonl", "qingdan"))
    assert (record.day, record.start_unknown) == ("2021-06-30", True)
    reading = read(undated, "f.jsonl", "qingdan", None)
    assert list(reading) == []
    assert reading.refused


def test_versions_are_records_of_one_ref(read: Read) -> None:
    reading = read(line() + line(day="2021-01-01"), "f.jsonl", "qingdan", None)
    assert [record.day for record in reading] == ["2020-01-01", "2021-01-01"]
    assert reading.quality.subjects["item"] == 1


def test_references_of_every_kind_come_through() -> None:
    content = {
        **ITEM["content"],
        "entry": "@entry:0001",
        "co_authority_ids": ["@authority:" + "乙" * 40, "qda-1234567"],
        "citations": [
            {"key": "a", "instrument": "@instrument:" + "法" * 60},
            {"key": "b", "instrument": "qdl-1234567", "role": "fee"},
        ],
    }
    document = checked("item", content)
    assert document["citations"][0] == {**content["citations"][0], "role": "setting"}
    assert {**document, "citations": 0} == {**content, "schema": 1, "visibility": "public", "citations": 0}


def test_an_id_too_long_is_still_refused() -> None:
    with pytest.raises(ValidationError):
        checked("item", {**ITEM["content"], "authority": "qda-" + "1" * 40})


VARIANTS: list[dict[str, Any]] = [
    {},
    {"aliases": None, "note": "x"},
    {"statutory_limit": {"value": "20", "unit": "workday"}},
    {"statutory_limit": {"value": 20.0, "unit": None}},
    {"citations": [{"key": "a"}, {"key": "b", "role": "fee"}]},
    {"variants": [{"key": "v", "name": "n", "materials": [{"key": "m", "name": "x", "copies": None}]}]},
    {"translations": [{"key": "en", "name": "License"}], "hall": "in", "charged": "yes"},
]


@pytest.mark.parametrize("changes", VARIANTS)
def test_the_plain_reading_and_the_model_give_one_answer(changes: dict[str, Any]) -> None:
    """What the fast way takes, it takes as the model would; what it does not take, the model decides."""
    content = {**ITEM["content"], "authority": "qda-1234567", "region": "qdr-1234567", **changes}
    by_model = (
        MODELS["item"].model_validate(content).model_dump(mode="json", by_alias=True, exclude_none=True)
    )
    assert checked("item", content) == by_model


def test_every_kind_has_a_plain_reading() -> None:
    """A model that checks more than its fields is read by itself alone: a year's days are held against each other."""
    assert set(MODELS) - set(validation._PLAIN) == {"calendar"}


def test_the_plain_reading_agrees_on_synthetic_items() -> None:
    for record in synthetic_items(200):
        content = {
            name: "qdx-1234567" if name in ("authority", "region") else one
            for name, one in record.content.items()
        }
        model = MODELS[record.kind].model_validate(content)
        assert checked(record.kind, content) == model.model_dump(
            mode="json", by_alias=True, exclude_none=True
        )


def test_synthetic_items_are_the_same_every_time_and_say_what_they_are(tmp_path: Path) -> None:
    one, two = tmp_path / "1.jsonl", tmp_path / "2.jsonl"
    assert write_synthetic(one, 300, seed=7) == write_synthetic(two, 300, seed=7)
    assert one.read_bytes() == two.read_bytes()
    write_synthetic(two, 300, seed=8)
    assert one.read_bytes() != two.read_bytes()
    reading = read_records(one, "qingdan")
    records = list(reading)
    assert [problem for problem in reading.problems if problem.severity != "note"] == []
    found = [record for record in records if record.kind == "item"]
    assert len(found) == len({record.ref for record in found}) == 300
    for record in found:
        assert record.content["source"]["name"] == SOURCE
        assert record.content["name"].startswith("合成")
        assert 3 <= len(record.content["materials"]) <= 8
        assert 1 <= len(record.content["citations"]) <= 4


def test_what_a_record_refers_to_comes_before_it() -> None:
    known: set[str] = set()
    for record in synthetic_items(50, regions=3, authorities=2):
        for name in ("authority", "region"):
            if name in record.content:
                assert record.content[name] in known
        known.add(f"@{record.kind}:{record.ref}")


@pytest.mark.parametrize("content", ["", "\n\n \n", "\ufeff"])
def test_a_file_without_records_is_refused(read: Callable[..., ImportReading], content: str) -> None:
    reading = read(content, "f.jsonl", "qingdan")
    assert list(reading) == []
    assert reading.refused
    assert [problem.code for problem in reading.problems] == ["no-rows"]
