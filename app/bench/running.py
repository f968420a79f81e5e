"""Runs the benches that are asked for, in order, and writes down what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from app import tables  # noqa: F401  every table is known before guards are installed
from app.bench import (
    following,
    importing,
    judging,
    pages,
    publishing,
    read,
    reporting,
    revisions,
    rounding,
    searching,
    starting,
)
from app.bench.figures import Plan, Row

BENCHES: dict[str, Callable[[Plan], list[Row]]] = {
    "read": read.bench,
    "publish": publishing.bench,
    "round": rounding.bench,
    "start": starting.bench,
    "import": importing.bench,
    "revisions": revisions.bench,
    "search": searching.bench,
    "search-large": searching.bench_large,
    "pages": pages.bench,
    "pages-large": pages.bench_large,
    "follow": following.bench,
    "judged": judging.bench,
}


def run(plan: Plan, only: Sequence[str] = (), json: Path | None = None) -> list[Row]:
    """Every row, told as soon as it is known. The JSON file is complete after each bench."""
    rows: list[Row] = []
    plan.directory.mkdir(parents=True, exist_ok=True)
    for line in reporting.heading(plan):
        plan.say(line)
    for name in _chosen(only):
        found = BENCHES[name](plan)
        rows += found
        for row in found:
            plan.say(reporting.line(row))
        if json is not None:
            reporting.write_json(json, plan, rows)
    return rows


def _chosen(only: Sequence[str]) -> Iterator[str]:
    unknown = [name for name in only if name not in BENCHES]
    if unknown:
        raise KeyError(unknown[0])
    return (name for name in BENCHES if not only or name in only)
