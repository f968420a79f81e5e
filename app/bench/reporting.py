"""What was measured, as lines to read and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson
from rich.table import Table

from app.bench import machine
from app.bench.figures import Plan, Row


def heading(plan: Plan) -> Iterator[str]:
    found = machine.facts()
    yield (
        f"{found['cores']} cores, {found['system']}, Python {found['python']}, SQLite {found['sqlite']},"
        f" load {' '.join(map(str, found['load']))}"
    )
    if plan.scale != 1:
        yield f"shrunk to {plan.scale:g} of the counts: not the figures to reach"


def line(row: Row) -> str:
    return f"{row.judged:>7}  {row.figure}: {_value(row, row.measured)} (target {_target(row)}); {row.beside}"


def table(rows: Sequence[Row]) -> Table:
    made = Table(show_lines=True)
    for title in ("figure", "target", "measured", "", "beside"):
        made.add_column(title, overflow="fold")
    for row in rows:
        made.add_row(row.figure, _target(row), _value(row, row.measured), row.judged, row.beside)
    return made


def _value(row: Row, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}{row.unit}" if value >= 100 else f"{value:.3f}{row.unit}"


def _target(row: Row) -> str:
    if row.target is None:
        return "-"
    return ("at least " if row.better == "more" else "at most ") + _value(row, row.target)


def write_json(path: Path, plan: Plan, rows: Sequence[Row]) -> None:
    document = {
        "machine": machine.facts(),
        "scale": plan.scale,
        "rounds": plan.rounds,
        "seconds": plan.seconds,
        "rows": [row.as_json() for row in rows],
    }
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
