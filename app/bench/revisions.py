"""Reading from a registry with very many revisions, against one with few; and one item with very many."""

from __future__ import annotations

import datetime as dt

from app.bench.driving import AT_REST, Served, by_processor_time, drive, item_paths, rates, serving, shown
from app.bench.figures import Plan, Row, median_ratio
from app.bench.load import EMPTY, Answered, Target
from app.bench.registries import FIRST_DAY, ITEMS, REVISIONS, Many, Registry, items, revisions
from app.exchange import synthetic

TARGET = 0.9
DAYS = 1500
"""``?on=`` asks about so many days: those on which the revisions of ``registries`` begin ..."""
SINCE = (dt.date.fromisoformat(synthetic.DAY) - FIRST_DAY).days
"""... and of the few, as many days on which they stand: an answer that nothing is known costs half as much."""


def bench(plan: Plan) -> list[Row]:
    few = items(plan, plan.count(ITEMS, 50))
    many = revisions(plan, plan.count(REVISIONS, 2_000))
    with serving(few, **AT_REST) as one, serving(many.registry, **AT_REST) as other:
        return [*_few_and_many(plan, (few, one), (many, other)), *_hot(plan, many, other)]


def _few_and_many(plan: Plan, few: tuple[Registry, Served], many: tuple[Many, Served]) -> list[Row]:
    few_ids, many_ids = few[0].item_ids(), many[0].registry.item_ids()
    targets = [many[1].target("empty", [EMPTY])]
    for name, days in (("item", 0), ("item?on=", DAYS)):
        targets += [
            _at_home(few[1], f"{name} few", item_paths(few_ids, days, since=SINCE)),
            _at_home(many[1], f"{name} many", item_paths(many_ids, days)),
        ]
    measured = drive(plan, targets)
    size = f"{many[0].items * many[0].per_item:,} revisions"
    return [
        _row(f"read {name}, {size}", measured, f"{name} many", f"{name} few") for name in ("item", "item?on=")
    ]


def _at_home(served: Served, name: str, paths: list[str]) -> Target:
    """Every path is asked once before anything is measured: what is weighed are the steps of an answer, and not the
    disk from which a file of gigabytes is read for the first time."""
    return served.target(name, paths, before=len(paths))


def _hot(plan: Plan, many: Many, served: Served) -> list[Row]:
    targets = [
        served.target(f"{name}{suffix}", item_paths([item], days))
        for suffix, days in (("", 0), ("?on=", many.hot_revisions))
        for name, item in (("single", many.single), ("hot", many.hot))
    ]
    measured = drive(plan, targets)
    size = f"{many.hot_revisions:,} revisions against 1"
    return [
        _row(f"one item{suffix}, {size}", measured, f"hot{suffix}", f"single{suffix}")
        for suffix in ("", "?on=")
    ]


def _row(figure: str, measured: dict[str, list[Answered]], many: str, few: str) -> Row:
    over, under = measured[many], measured[few]
    beside = f"{shown(over)}; few {shown(under)};"
    beside += f" by processor time {by_processor_time(over, under):.3f}"
    if "empty" in measured:
        against = median_ratio(rates(over), rates(measured["empty"]))
        beside += f"; {against:.2f} of empty"
    ratio = median_ratio(rates(over), rates(under))
    return Row(figure, ratio, TARGET, beside=beside, numbers={"many": over, "few": under})
