"""Tables of regions: the shipped one, and one that goes deeper below what another source brought."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from exchange_cases import ATTESTED, problem_codes
from sqlalchemy import text

from app.db import Database
from app.exchange.importing import import_initial
from app.exchange.reading import ImportReading
from app.exchange.seeding import SEED_DIR
from app.places import provinces

Read = Callable[..., ImportReading]
OWN = """
name = "towns"
title = "乡镇表"
kind = "region"
[region]
code = "代码"
name = "名称"
"""


@pytest.fixture
def own(tmp_path: Path) -> str:
    """A mapping of one's own, of a table with nothing but codes and names."""
    mapping = tmp_path / "towns.toml"
    mapping.write_text(OWN, encoding="utf-8")
    return str(mapping)


def paths(database: Database) -> dict[str, str]:
    """Code -> the names from the country down."""
    query = text(
        "SELECT i.value, t.subject_id, t.name, t.parent FROM code_interval i"
        " JOIN timeline t ON t.subject_id = i.subject_id WHERE t.kind = 'region' AND t.status <> 'unknown'"
    )
    with database.reading() as session:
        rows = session.connection().execute(query).all()
    named = {subject: (name, parent) for _, subject, name, parent in rows}

    def path(subject: str) -> str:
        name, parent = named[subject]
        return f"{path(parent)}/{name}" if parent else str(name)

    return {code: path(subject) for code, subject, _, _ in rows}


def test_the_shipped_table_brings_every_province_and_changes_nothing_again(sqlite: Database) -> None:
    table = SEED_DIR / "regions.csv"
    first = import_initial(sqlite, table, "regions")
    again = import_initial(sqlite, table, "regions")
    found = paths(sqlite)
    assert (again.created, again.changed, again.same) == (0, 0, first.created)
    assert provinces.NAMES.keys() <= found.keys()
    assert found["511602"] == "中华人民共和国/四川省/广安市/广安区"
    assert len(found) == first.created


def test_a_deeper_table_goes_below_what_is_there(sqlite: Database, tmp_path: Path, own: str) -> None:
    import_initial(sqlite, SEED_DIR / "regions.csv", "regions")
    towns = tmp_path / "towns.csv"
    towns.write_text(
        "代码,名称,说明\n511602001,浓洄街道,城区\n511602101000,官盛镇,\n110101,东城区,\n", "utf-8"
    )
    done = import_initial(sqlite, towns, own, ATTESTED)
    assert not done.reading.refused
    found = paths(sqlite)
    above = "中华人民共和国/四川省/广安市/广安区/"
    assert (found["511602001"], found["511602101"]) == (above + "浓洄街道", above + "官盛镇")
    assert found["511602101000"] == found["511602101"]
    assert found["110101"] == "中华人民共和国/北京市/东城区"
    assert import_initial(sqlite, towns, own, ATTESTED).created == 0


def test_a_table_without_what_is_above_brings_the_province_alone(
    sqlite: Database, tmp_path: Path, own: str
) -> None:
    table = tmp_path / "cities.csv"
    table.write_text("代码,名称\n320100,南京市\n320104,秦淮区\n", "utf-8")
    import_initial(sqlite, table, own, ATTESTED)
    assert paths(sqlite)["320104"] == "中华人民共和国/江苏省/南京市/秦淮区"
    lost = tmp_path / "lost.csv"
    lost.write_text("代码,名称\n440305,南山区\n440605,南海区\n", "utf-8")
    imported = import_initial(sqlite, lost, own, ATTESTED)
    assert [
        (one.where, one.message[:14]) for one in imported.reading.problems if one.severity == "error"
    ] == [
        ("lost.csv 第2行“代码”", "引用的行政区划“440300"),
        ("lost.csv 第3行“代码”", "引用的行政区划“440600"),
    ]
    assert paths(sqlite).keys().isdisjoint({"440000", "440305", "440605"})


def test_what_a_row_says_beside_is_kept(read: Read) -> None:
    *_, region = read("code,name,parent,level,备考\n429021,神农架林区,420000,4,省直辖\n", mapping="regions")
    assert region.content == {
        "schema": 1,
        "name": "神农架林区",
        "level": "4",
        "parent": "@region:420000",
        "note": "备考：省直辖",
    }


@pytest.mark.parametrize(
    ("code", "stated", "level", "told"),
    [
        ("511602", "5", "5", True),
        ("511602", "镇（乡、街道）级", "5", True),
        ("511602", "4", "4", False),
        ("511602", "", "4", False),
        ("511602", "7", "4", True),
        ("5116", "4", "4", False),
    ],
)
def test_a_level_that_a_row_states_counts(read: Read, code: str, stated: str, level: str, told: bool) -> None:
    reading = read(f"code,name,parent,level\n{code},广安区,510000,{stated}\n", mapping="regions")
    *_, region = reading
    assert (region.content["level"], reading.refused) == (level, False)
    wrong = [one.where for one in reading.problems if one.code == "region-level-differs"]
    assert [where[-11:] for where in wrong] == (["第2行“level”列"] if told else [])


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("511602,广安区\n510000,四川省\n", "region-order"),
        ("511602,\n", "missing-name"),
        (",广安区\n", "missing-name"),
        ("511602,广安区\n511602,广安区\n", "repeated-ref"),
    ],
)
def test_a_table_that_cannot_be_read_so_is_refused(read: Read, rows: str, problem: str) -> None:
    reading = read("code,name\n" + rows, mapping="regions")
    list(reading)
    assert reading.refused
    assert problem in problem_codes(reading)


def test_a_malformed_code_is_kept_and_told(read: Read) -> None:
    reading = read("code,name\n5116,某地\n", mapping="regions")
    (region,) = list(reading)
    assert ("parent" in region.content, region.content["level"], reading.refused) == (False, "unknown", False)
    assert reading.quality.findings
