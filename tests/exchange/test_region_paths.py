"""Where an import puts its regions: below what code and name say, and what it tells of that."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from exchange_cases import ATTESTED, real_data
from sqlalchemy import text

from app.db import Database
from app.exchange.importing import import_initial
from app.exchange.mapping import Place
from app.exchange.reading import ImportReading
from app.exchange.region_paths import RegionPaths
from app.exchange.seeding import SEED_DIR
from app.places import provinces
from app.places.queries import subtree

Read = Callable[..., ImportReading]
HEAD = "id,name,organ,area,place\n"
NANJING = Place(code="320100", name="江苏省南京市")


@pytest.mark.parametrize(
    ("name", "code", "path"),
    [
        ("四川省广安市广安区", "511602", "中华人民共和国/四川省/广安市/广安区"),
        ("四川省内江市市中区", "511002", "中华人民共和国/四川省/内江市/市中区"),
        ("吉林省吉林市昌邑区", "220202", "中华人民共和国/吉林省/吉林市/昌邑区"),
        ("湖南省湘西土家族苗族自治州吉首市", "433101", "中华人民共和国/湖南省/湘西土家族苗族自治州/吉首市"),
        ("湖南省长沙市市辖区", "430101", "中华人民共和国/湖南省/长沙市/长沙市市辖区"),
        ("重庆市渝中区", "500103", "中华人民共和国/重庆市/渝中区"),
        ("湖北省仙桃市", "429004", "中华人民共和国/湖北省/仙桃市"),
        ("四川省广安市广安区大安镇", "511602106", "中华人民共和国/四川省/广安市/广安区/大安镇"),
        ("四川省", "510000", "中华人民共和国/四川省"),
        ("广安区", "511602", "中华人民共和国/四川省/广安区"),
        ("江苏省南京市江北新区", "", "中华人民共和国/江苏省/南京市/江北新区"),
        ("江苏省某开发区", "", "中华人民共和国/江苏省/某开发区"),
        ("国家", "000000", "国家"),
        ("未注明地区", "", "未注明地区"),
        ("四川省某区", "5116", "中华人民共和国/四川省/某区"),
    ],
)
def test_the_path_of_a_region(name: str, code: str, path: str) -> None:
    found = RegionPaths([NANJING]).stand(name, code)
    assert "/".join([*(known for _, known in found.above), found.name]) == path


def test_a_name_of_another_province_stands_nowhere(read: Read) -> None:
    reading = read(HEAD + "1,甲许可,甲局,511602,广东省广州市\n")
    region, *_ = list(reading)
    assert (region.content["name"], "parent" in region.content) == ("广东省广州市", False)
    assert reading.quality.findings["region-code-differs"].count == 1


def test_what_nobody_names_is_left_out_and_told(read: Read) -> None:
    reading = read(HEAD + "1,甲许可,甲局,511602,广安区\n")
    *above, region = [one for one in reading if one.kind == "region"]
    assert ([one.ref for one in above], region.content["parent"]) == (["000000", "510000"], "@region:510000")
    assert "511600" in reading.quality.findings["region-above-unnamed"].examples[0]["message"]


def test_a_level_comes_once_and_two_ways_of_writing_are_one(read: Read) -> None:
    rows = "1,甲许可,甲局,511602,四川省广安市广安区\n2,乙许可,甲局,511600,四川省广安市\n3,丙许可,甲局,511602,广安区\n"
    reading = read(HEAD + rows)
    assert [one.ref for one in reading if one.kind == "region"] == ["000000", "510000", "511600", "511602"]
    assert "region-named-twice" not in reading.quality.findings


def test_the_provinces_are_those_of_the_seed() -> None:
    with (SEED_DIR / "regions.csv").open(encoding="utf-8", newline="") as stream:
        rows = {row["code"]: row["name"] for row in csv.DictReader(stream) if row["level"] in "12"}
    assert rows == provinces.NAMES


def test_the_real_catalogue_founds_a_tree_once(sqlite: Database) -> None:
    source: Path = real_data("catalogue_items.csv")
    import_initial(sqlite, source, "catalogue_items", ATTESTED)
    again = import_initial(sqlite, source, "catalogue_items", ATTESTED)
    assert (again.created, again.changed) == (0, 0)
    with sqlite.reading() as session:
        connection = session.connection()
        loose = connection.execute(
            text("SELECT DISTINCT subject_id, name FROM timeline WHERE kind = 'region' AND parent IS NULL")
        ).all()
        assert [name for _, name in loose] == ["国家"]
        province = connection.execute(
            text("SELECT DISTINCT subject_id FROM timeline WHERE kind = 'region' AND name = '四川省'")
        ).scalar_one()
        below = subtree(connection, province, ATTESTED.isoformat())
        items = connection.execute(
            text(
                "SELECT count(DISTINCT subject_id) FROM timeline WHERE kind = 'item'"
                " AND region IN (SELECT value FROM json_each(:r))"
            ),
            {"r": "[" + ",".join(f'"{one}"' for one in below) + "]"},
        ).scalar_one()
    assert (len(below), items) == (3, 1135)
