"""The quality report counts everything, shows a few, repairs nothing."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from exchange_cases import items

import app.exchange
from app.exchange.quality import TITLES, Quality
from app.exchange.reading import ImportReading

Read = Callable[..., ImportReading]


def finding(read: Read, *contents: dict[str, Any]) -> dict[str, int]:
    """Counts by finding of native items that hold these contents; ``code`` and ``authority`` may be given."""
    lines = []
    for number, given in enumerate(contents):
        content = {
            "name": f"事项{number}",
            "type": "01",
            "authority": "@authority:a",
            "region": "@region:r",
            **given,
        }
        codes = (
            [{"scheme": content.pop("scheme", "national-31"), "value": content.pop("code")}]
            if "code" in content
            else []
        )
        lines.append(
            orjson.dumps(
                {"kind": "item", "ref": str(number), "day": "2020-01-01", "content": content, "codes": codes}
            )
        )
    reading = read(b"\n".join(lines), "f.jsonl", "qingdan", None)
    assert len(items(reading)) == len(contents)
    return {code: one.count for code, one in reading.quality.findings.items()}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"name": "许可(新办)"}, "half-width-brackets"),
        ({"name": "许可(新办）"}, "mixed-brackets"),
        ({"name": "许可（新办"}, "unbalanced-brackets"),
        ({"type": "unknown"}, "unknown-type"),
        ({"online": True, "online_address": "无"}, "online-without-address"),
        ({"materials": [{"key": "m", "name": "其他材料", "basis": "《条例》"}]}, "vague-material"),
        ({"materials": [{"key": "m", "name": "法律规定的其他有关材料", "basis": "办法"}]}, "vague-material"),
        ({"statutory_limit": {"value": 66, "unit": "workday", "note": "受理之日起20个工作日。"}}, "limit-note-differs"),
        ({"statutory_limit": {"value": 10, "note": "十五日内"}}, "limit-note-differs"),
        (
            {"statutory_limit": {"value": 5, "unit": "workday"}, "promised_limit": {"value": 9, "unit": "workday"}},
            "promised-above-statutory",
        ),
        (
            {"statutory_limit": {"value": 5, "unit": "workday"}, "promised_limit": {"value": 9, "unit": "hour"}},
            "limit-units-differ",
        ),
        ({"code": "11450721MB155808114000104002"}, "bad-national-31"),
    ],
)  # fmt: skip
def test_each_fault_is_found(read: Read, content: dict[str, Any], code: str) -> None:
    assert finding(read, content) == {code: 1}


@pytest.mark.parametrize(
    "content",
    [
        {"name": "许可（新办）"},
        {
            "statutory_limit": {
                "value": 20,
                "unit": "workday",
                "note": "应当自受理之日起二十日内决定，可以延长十日",
            }
        },
        {"statutory_limit": {"value": 1, "unit": "workday", "note": "可以延长10个工作日"}},
        {"statutory_limit": {"value": 20, "unit": "workday", "note": "《条例》规定"}},
        {"materials": [{"key": "m", "name": "其他印刷品印制许可证", "basis": "《条例》"}]},
        {
            "statutory_limit": {"value": 5, "unit": "workday"},
            "promised_limit": {"value": 5, "unit": "workday"},
        },
    ],
)
def test_what_is_right_is_left_alone(read: Read, content: dict[str, Any]) -> None:
    assert finding(read, content) == {}


def test_names_and_codes_held_twice(read: Read) -> None:
    code = "11450721MB155808114000104002000"
    found = finding(
        read,
        {"name": "甲", "code": code},
        {"name": "甲"},
        {"code": code},
        {"name": "甲", "authority": "@authority:b"},
    )
    assert found == {"duplicate-name": 1, "shared-code": 1}


def test_a_catalogue_code_may_be_held_by_many(read: Read) -> None:
    base = {"code": "000104002000", "scheme": "national-12"}
    assert finding(read, base, {**base, "authority": "@authority:b"}) == {}


def test_the_report_counts_all_and_shows_a_few(read: Read) -> None:
    contents = (
        {"name": f"甲({at})", "type": "01", "authority": "@authority:a", "region": "@region:r"}
        for at in range(1000)
    )
    lines = b"\n".join(
        orjson.dumps({"kind": "item", "ref": content["name"], "day": "2020-01-01", "content": content})
        for content in contents
    )
    reading = read(lines, "f.jsonl", "qingdan", None)
    list(reading)
    report = orjson.loads(orjson.dumps(reading.quality.report()))
    assert (report["rows"], report["subjects"]) == (1000, {"item": 1000})
    assert report["findings"]["half-width-brackets"]["count"] == 1000
    assert len(report["findings"]["half-width-brackets"]["examples"]) == 5
    assert report["missing"]["materials"] == 1000
    text = reading.quality.text()
    assert "[提示] 名称用半角括号：1000处" in text
    assert "……另有995处" in text


def test_an_empty_report_has_words_too() -> None:
    assert Quality().text() == "共读取 0 行数据（表头、空行和读不出来的行不计）。\n"


NAMED = {"Problem": 0, "Refused": 0, "Wrong": 0, "_error": 0, "_find": 1}
"""What tells of a problem, and which of its arguments is the code."""


def test_every_problem_of_a_file_has_a_title() -> None:
    """A report that says broken-xlsx says nothing."""
    found = set()
    for path in Path(app.exchange.__file__).parent.glob("*.py"):
        for call in (one for one in ast.walk(ast.parse(path.read_text())) if isinstance(one, ast.Call)):
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            if name in NAMED:
                given = [one.value for one in call.keywords if one.arg == "code"]
                given += call.args[NAMED[name] :][:1]
                found |= {one.value for one in given if isinstance(one, ast.Constant)}
    assert len(found) > 40
    assert found <= set(TITLES)
