"""The public site's pages: an item's against its JSON, results against an empty route, over HTTP on one worker.

An item's page is timed on one connection, so that what is compared is the time of an answer and none of a queue's. It
is fresh where its item was not asked before, and kept where it was: pages are kept by what was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from app.bench.driving import drive, item_paths, serving, shown
from app.bench.figures import Plan, Row, median, median_ratio
from app.bench.load import Answered
from app.bench.registries import ITEMS, Registry
from app.bench.searching import SMALL, as_asked, indexed

AGAIN = 60
"""Items whose pages are asked again and again; all of them fit among the kept ones."""


def bench(plan: Plan) -> list[Row]:
    """Both on the registry that the other benches read."""
    return _over(
        plan, plan.count(ITEMS, 50), lambda registry: [*_items(plan, registry), *_results(plan, registry)]
    )


def bench_large(plan: Plan) -> list[Row]:
    """Results at 100,000 items."""
    return _over(plan, plan.count(SMALL, 100), partial(_results, plan))


def _over(plan: Plan, count: int, measure: Callable[[Registry], list[Row]]) -> list[Row]:
    registry = indexed(plan, count, "pages")
    return [Row("pages", None, beside="no engine")] if registry is None else measure(registry)


def _items(plan: Plan, registry: Registry) -> list[Row]:
    """Every item in a random order, each asked once, and a few asked again and again; of either, page and JSON."""
    wanted = item_paths(registry.item_ids())
    few = wanted[:AGAIN]
    asked = {"fresh": wanted[AGAIN:] or wanted, "kept": few}
    with serving(registry) as ours:
        targets = []
        for name, paths in asked.items():
            targets.append(ours.target(f"{name} JSON", paths))
            targets.append(ours.target(f"{name} page", [path.removeprefix("/api/v1") for path in paths]))
        measured = drive(plan, targets, connections=1)
    return [
        _against(name, part, target, measured[f"{name} page"], measured[f"{name} JSON"])
        for name, target in (("fresh", 8.0), ("kept", 2.0))
        for part in ("p95", "p50")
    ]


def _against(name: str, part: str, target: float, page: Sequence[Answered], json: Sequence[Answered]) -> Row:
    key = "p95_ms" if part == "p95" else "p50_ms"
    ours, theirs = ([one[key] for one in found] for found in (page, json))  # type: ignore[literal-required]
    beside = (
        f"{median(ours):.2f} ms against {median(theirs):.2f} ms; page {shown(page)}; JSON {shown(json)};"
        f" {median([one['bytes'] for one in page]):,.0f} bytes"
    )
    return Row(
        f"item page {name}, {part} against its JSON",
        median_ratio(ours, theirs),
        target,
        "less",
        beside=beside,
        numbers={"page": list(page), "JSON": list(json)} if part == "p95" else {},
    )


def _results(plan: Plan, registry: Registry) -> list[Row]:
    return as_asked(plan, registry, f"results page of {len(registry.item_ids()):,} items", "/search", 0.1)
