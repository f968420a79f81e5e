"""Every refusal that the round doors can give is met by a test: its code, and so its sentence."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import app
from app.changes import freezing
from app.exchange import annex_reading, past_rounds, worksheet_files, worksheet_rows, worksheets
from app.rounds import (
    matching,
    opened,
    placing,
    proposing,
    publishing,
    recording,
    rehearsing,
    reviewing,
    stated,
)
from app.rounds import worksheets as lines

DOORS = (
    annex_reading, freezing, lines, matching, opened, past_rounds, placing, proposing, publishing, recording,
    rehearsing, reviewing, stated, worksheet_files, worksheet_rows, worksheets,
)  # fmt: skip
TESTS = Path(__file__).resolve().parents[1]
TOLD_BY = ("Problem", "CellProblem", "Faulty", "Refused", "_problem", "_wrong", "problem")
"""Calls whose code is given by place: the only argument of the form ``word-word``."""


def codes(module) -> set[str]:
    """The codes that a module raises or reports with."""
    found = set()
    for node in ast.walk(ast.parse(Path(module.__file__).read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        for keyword in node.keywords:
            if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                found.add(keyword.value.value)
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name in TOLD_BY:
            texts = [
                one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)
            ]
            found |= {text for text in texts if "-" in text and text.isascii()}
    return found


EVERY = sorted({code for door in DOORS for code in codes(door)})
SPOKEN = "\n".join(
    path.read_text("utf-8") for path in TESTS.rglob("test_*.py") if path.name != Path(__file__).name
)


def test_the_doors_are_those_of_rounds():
    assert Path(app.__file__).parent / "rounds" == Path(opened.__file__).parent
    assert len(EVERY) > 40


@pytest.mark.parametrize("code", EVERY)
def test_a_test_meets_it(code):
    assert f'"{code}"' in SPOKEN, f"no test meets the refusal {code}"
