"""``qingdan seed --case``: worked cases whose figures must come out to the digit.

The figures are those that places published about their cleanup rounds, and about what is handled together; everything
else is synthetic and labelled so. A case of a round is totals and a seed: what each item has and what is decided about
it is drawn, published through the normal door, and added up again by the report, which knows none of the totals.
"""

from __future__ import annotations

from typing import Any

from app.db import Database
from app.exchange import case_bundles, case_devolution
from app.exchange.case_bundles import CONSTRUCTION, RESTAURANT, Together
from app.exchange.case_items import Drawn, draw, received_by, records_of, round_of
from app.exchange.case_totals import Case, Devolution
from app.exchange.importing import Tell, quiet
from app.exchange.seeding import load

CASES: dict[str, Case | Devolution | Together] = {
    "yizhang": Case(
        "宜章案例",
        "合成县",
        "4",
        units=48,
        items=432,
        cancelled=62,
        halls=(("in", 328, 30), ("entrusted", 42, 18)),
    ),
    "ningxia": Case(
        "宁夏案例",
        "合成自治区",
        "2",
        units=29,
        items=791,
        shortened=673,
        days_saved=10_346,
        steps=242,
        materials=105,
        fees=36,
        immediate=48,
    ),
    "shizuishan": Case(
        "石嘴山案例",
        "合成市",
        "3",
        units=34,
        items=230,
        cancelled=163,
        shortened=67,
        days_saved=871,  # 67 items from 25 to 12 working days on average
        days_after=804,
        received=(86, 31),
    ),
    "lianhu": Case(
        "莲湖案例",
        "合成区",
        "4",
        units=30,
        items=155,
        shortened=155,
        days_saved=1689,  # 155 items from 17 working days on average: 2,635 in all
        days_after=946,
        longest=7,
        steps=105,
        steps_after=177,
    ),
    "devolution": Devolution("下放案例", "合成省", counties=27, accepting=24),
    "bundles": Together("联办案例", "合成市", (RESTAURANT, CONSTRUCTION)),
}


def source_of(name: str) -> str:
    return f"case-{name}"


def where_to_look(name: str) -> str:
    """In which pages the figures of a case are seen, in words."""
    return "联办的总时间和材料见 /bundles" if isinstance(CASES[name], Together) else "轮次及其报告见 /rounds"


def seed_case(database: Database, name: str, today: str, tell: Tell = quiet) -> int:
    """Load a case into an empty registry. Returns the number of publications."""
    case = CASES[name]
    if isinstance(case, Devolution):
        records, changes = case_devolution.records_of(case), case_devolution.changes_of(case)
    elif isinstance(case, Together):
        records, changes = case_bundles.records_of(case), case_bundles.changes_of(case)
    else:
        drawn = draw(case)
        records, changes = records_of(case, drawn), changes_of(case, drawn)
    return load(database, today, source_of(name), records, changes, tell)


def changes_of(case: Case, drawn: list[Drawn]) -> list[dict[str, Any]]:
    """The changesets of a case: its round, and what is received beside it."""
    changes = [round_of(case, drawn)]
    if case.received is not None:
        changes.append(received_by(case, *case.received))
    return changes
