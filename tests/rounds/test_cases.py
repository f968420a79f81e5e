"""The worked cases come out to the digit: the generator gets totals and a seed, the report adds up."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from app.exchange.case_items import draw
from app.exchange.cases import CASES, seed_case
from app.exchange.seeding import is_empty
from app.rounds.report import report
from app.versions.queries import known_at

TODAY = "2026-09-28"


def load(database, name):
    seed_case(database, name, TODAY)
    return reports(database)


def reports(database):
    """The reports of the registry's rounds, the first first."""
    with database.reading() as session:
        connection = session.connection()
        known = known_at(connection, None)
        found = connection.exec_driver_sql(
            "SELECT changeset FROM publication WHERE kind = 'round' ORDER BY seq"
        ).all()
        return [report(connection, row[0], known) for row in found]


def test_yizhang_432_items_of_48_units(sqlite):
    (found,) = load(sqlite, "yizhang")
    assert (found["before"], found["after"], found["ended"], found["started"]) == (432, 370, 62, 0)
    assert (found["outcomes"]["retain"], found["outcomes"]["cancel"]) == (370, 62)
    assert found["hall"]["after"]["in"] == {"items": 328, "authorities": 30}
    assert found["hall"]["after"]["entrusted"] == {"items": 42, "authorities": 18}
    assert found["retained"]["entrust"] == found["entrusted"] == 0
    assert len(found["by_authority"]) == 48
    assert sum(row["before"] for row in found["by_authority"]) == 432
    assert "进驻政务服务大厅 328 项（30 个单位），委托进驻 42 项（18 个单位）" in found["summary"]
    assert found["scope"]["frozen"]["count"] == 432
    assert found["recomputed"] is None
    line = found["reconciliation"]
    assert (line["base"], line["ended"], line["after"], line["came_otherwise"]) == (432, 62, 370, 0)


def test_ningxia_673_of_791_shortened(sqlite):
    (found,) = load(sqlite, "ningxia")
    promised = found["limits"]["promised"]
    assert (found["before"], found["after"]) == (791, 791)
    assert (promised["shortened"], promised["days_saved"], promised["lengthened"]) == (673, 10_346, 0)
    assert found["steps"]["dropped"] == 242
    assert found["materials"]["dropped"] == 105
    assert found["fees"]["dropped"] == 36
    assert found["handling"]["promised_to_immediate"] == 48
    assert "673 项缩短了承诺时限（占保留事项的 85%），共减少 10,346 个工作日" in found["summary"]
    assert found["retained"]["adjust"] == 673


def test_shizuishan_230_to_67_and_86_received_as_31(sqlite):
    found, received = load(sqlite, "shizuishan")
    assert (found["before"], found["after"], found["ended"], found["started"]) == (230, 67, 163, 0)
    assert found["percent"]["shown"] == "71"
    assert found["limits"]["promised"]["percent"]["shown"] == "52"
    assert (received["before"], received["started"], received["new"]["receive"]) == (0, 31, 31)
    assert received["received"] == {"origins": 86, "results": 31}
    assert "由 86 项承接为 31 项" in received["summary"]


def test_lianhu_17_to_6_1_days(sqlite):
    (found,) = load(sqlite, "lianhu")
    promised = found["limits"]["promised"]
    assert found["before"] == found["after"] == 155
    assert len(found["by_authority"]) == 30
    assert promised["average_before"] == {"numerator": 17, "denominator": 1, "shown": "17.0"}
    assert promised["average_after"]["shown"] == "6.1"
    assert promised["percent"]["shown"] == "64"
    assert (found["steps"]["before"], found["steps"]["after"]) == (282, 177)
    drawn = draw(CASES["lianhu"])
    assert max(one.before - one.saved for one in drawn) == 7


def test_a_devolution_to_27_counties_of_which_24_accept(sqlite):
    found, received = load(sqlite, "devolution")
    assert (found["before"], found["after"], found["outcomes"]["devolve"]) == (1, 0, 1)
    owed = found["acceptances"]
    assert (owed["owed"], owed["done"], owed["gaps"]) == (27, 24, 3)
    names = [one["name"] for one in owed["missing"]]
    assert len(names) == 3
    assert all(re.fullmatch(r"合成县\d\d", name) for name in names)
    assert (received["started"], received["new"]["receive"]) == (24, 24)
    assert received["received"] == {"origins": 1, "results": 24}
    taken = {row["name"].removesuffix("水利局") for row in received["by_authority"]}
    assert len(taken) == 24
    assert not taken & set(names)


@pytest.mark.parametrize("name", ["yizhang", "ningxia", "shizuishan", "lianhu"])
@pytest.mark.parametrize("seed", [2, 77])
def test_any_seed_draws_the_same_totals(name, seed):
    case = replace(CASES[name], seed=seed)
    drawn = draw(case)
    assert drawn != draw(CASES[name])
    assert drawn == draw(case)
    assert sum(one.cancelled for one in drawn) == case.cancelled
    assert sum(one.saved for one in drawn) == case.days_saved
    assert sum(one.steps_dropped for one in drawn) == case.steps
    assert {one.unit for one in drawn} == set(range(case.units))


def flat(value, path=""):
    if isinstance(value, dict):
        for name, part in value.items():
            yield from flat(part, f"{path}/{name}")
    elif not isinstance(value, list):
        yield path, value


def test_changing_one_decision_of_a_case_moves_the_right_figures_and_no_other(make_sqlite, monkeypatch):
    """The same case with its first retained item cancelled instead."""
    (kept,) = load(make_sqlite(), "yizhang")
    item = next(one for one in draw(CASES["yizhang"]) if not one.cancelled)

    def cancelled_too(case):
        drawn = draw(case)
        drawn[0].cancelled = True
        return drawn

    monkeypatch.setattr("app.exchange.cases.draw", cancelled_too)
    (found,) = load(make_sqlite(), "yizhang")
    before, after = dict(flat(kept)), dict(flat(found))
    moved = {path for path in before if before[path] != after[path]}
    told = {"id", "hash", "publication", "seq", "known_at", "recorded_at", "summary", "items"}
    figures = {path for path in moved if path.split("/")[-1] not in told or path.startswith("/hall")}
    assert {
        (p, after[p] - before[p])
        for p in figures
        if isinstance(before[p], int) and "limits" not in p and "percent" not in p
    } == {
        ("/after", -1),
        ("/ended", 1),
        ("/outcomes/retain", -1),
        ("/outcomes/cancel", 1),
        ("/retained/retain", -1),
        ("/handling/after/2", -1),
        ("/hall/after/in/items", -1),
        ("/steps/before", -item.steps),
        ("/steps/after", -item.steps),
        ("/materials/before", -item.materials),
        ("/materials/after", -item.materials),
        ("/reconciliation/ended", 1),
        ("/reconciliation/after", -1),
    }
    assert {p.split("/")[1] for p in figures} == {
        "after", "ended", "outcomes", "retained", "percent", "handling", "hall", "steps", "materials",
        "reconciliation", "limits",
    }  # fmt: skip


def test_a_case_goes_through_the_normal_door(sqlite):
    load(sqlite, "yizhang")
    with sqlite.reading() as session:
        connection = session.connection()
        kinds = connection.exec_driver_sql(
            "SELECT kind, author, reviewer FROM publication ORDER BY seq"
        ).all()
        accounts = connection.exec_driver_sql("SELECT name, locked FROM account ORDER BY name").all()
        assert not is_empty(session)
    assert {row[0] for row in kinds} == {"initial", "round"}
    author, reviewer = next((row[1], row[2]) for row in kinds if row[0] == "round")
    assert author != reviewer
    assert [tuple(row) for row in accounts] == [("demo-drafter", 1), ("demo-reviewer", 1)]
