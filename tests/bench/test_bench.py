"""Every bench runs, at toy size. What it measures is not judged here."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from app.bench import meili_server
from app.bench.figures import Plan, Row
from app.bench.running import BENCHES, run


@pytest.mark.parametrize("name", BENCHES)
def test_bench_runs(name: str, tmp_path: Path) -> None:
    plan = Plan(tmp_path / "bench", scale=0.002, rounds=1, seconds=0.05, postgresql=False)
    rows = run(plan, [name], tmp_path / "figures.json")
    assert rows
    there = [row for row in rows if row.beside != meili_server.MISSING]
    assert there
    assert all(row.measured and row.measured > 0 for row in there)
    written = orjson.loads((tmp_path / "figures.json").read_bytes())
    assert [row["figure"] for row in written["rows"]] == [row.figure for row in rows]


def test_a_row_is_judged_by_its_target() -> None:
    assert Row("f", 0.51, 0.5).judged == "pass"
    assert Row("f", 0.49, 0.5).judged == "fail"
    assert Row("f", 1.9, 2.0, "less").judged == "pass"
    assert Row("f", 2.1, 2.0, "less").judged == "fail"
    assert Row("f", 2.1).judged == "shown"
    assert Row("f", None, 2.0).judged == "skipped"
