"""Authorities, regions, instruments, catalogue entries, calendars, code tables, rounds."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from seeded import Living, set_field

PROVINCIAL_TAX = "国家税务总局四川省税务局"


def named(living: Living, kind: str, name: str) -> str:
    found = living.rows(
        f"SELECT DISTINCT subject_id FROM timeline WHERE kind = '{kind}' AND name = '{name}' AND status = 'in_force'"
    )
    assert len(found) == 1, found
    return found[0][0]


# --- authorities


def test_a_merged_authority_names_what_it_came_from(asking: Living) -> None:
    merged = asking.get(f"/authorities/{named(asking, 'authority', PROVINCIAL_TAX)}").json()
    assert merged["names"] == [{"name": PROVINCIAL_TAX, "valid_from": "2018-06-15", "valid_to": None}]
    assert {kin["relation"] for kin in merged["predecessors"]} == {"merge"}
    before = [asking.get(f"/authorities/{kin['id']}").json() for kin in merged["predecessors"]]
    assert {one["name"] for one in before} == {"四川省国家税务局", "四川省地方税务局"}
    for one in before:
        assert one["status"] == "ended"
        assert [kin["id"] for kin in one["successors"]] == [merged["id"]]
        earlier = asking.get(f"/authorities/{one['id']}", on="2018-06-14").json()
        assert (earlier["status"], earlier["planned"]) == ("in_force", False)


def test_a_renamed_authority_keeps_its_items(living: Living) -> None:
    old, new = "广安市广安区林业局", "广安市广安区林业和草原局"
    bureau = named(living, "authority", old)
    rename = {"kind": "authority", "outcome": "rename", **set_field(bureau, "name", new, "2026-11-01")}
    revisions = "SELECT count(*) FROM revision r JOIN subject s ON s.id = r.subject_id WHERE s.kind = 'item'"
    before = living.rows(revisions)
    living.publish({**rename, "outcome": "rename"})
    assert living.rows(revisions) == before
    (item, *_) = living.get("/items", authority=bureau).json()["items"]
    for on, name in (("2026-10-31", old), ("2026-11-01", new)):
        assert living.get(f"/items/{item['id']}", on=on).json()["authority"]["name"] == name
        (row, *_) = living.get("/items", authority=bureau, on=on).json()["items"]
        assert row["authority"]["name"] == name
        assert living.get(f"/authorities/{bureau}", on=on).json()["name"] == name
    names = living.get(f"/authorities/{bureau}").json()["names"]
    assert [one["name"] for one in names] == [old, new]


def test_an_authority_is_found_by_its_code(asking: Living) -> None:
    bureau = asking.get("/authorities/11511301MB1P96705T").json()
    assert bureau["name"] == "广安市广安区林业局"
    assert bureau["codes"] == [{"scheme": "uscc", "value": "11511301MB1P96705T"}]


@pytest.mark.parametrize("path", ["/authorities", "/regions", "/instruments", "/catalogue-entries"])
def test_what_is_of_another_kind_or_unknown_is_404(asking: Living, path: str) -> None:
    item = asking.get("/items", limit=1).json()["items"][0]["id"]
    codes = set()
    for asked in (item, "没有", "qda-9999999k", f"qd{'rael'[len(path) % 4]}-00zzzzz8"):
        answer = asking.get(f"{path}/{asked}")
        assert answer.status_code == 404, asked
        codes.add(answer.json()["code"])
    assert codes == {"unknown-subject"}


def test_as_known_before_a_correction(living: Living) -> None:
    head = living.get("/log/head").json()["seq"]
    bureau = named(living, "authority", "广安市广安区林业局")
    living.publish({"kind": "authority", **set_field(bureau, "phone", "0826-1234567")})
    assert living.get(f"/authorities/{bureau}").json()["content"]["phone"] == "0826-1234567"
    then = living.get(f"/authorities/{bureau}", known_at=head).json()
    assert ("phone" in then["content"], then["seq"]) == (False, head)


# --- regions


def test_regions_are_a_tree(asking: Living) -> None:
    (country,) = asking.rows("SELECT subject_id FROM timeline WHERE kind = 'region' AND level = '1' LIMIT 1")
    provinces = asking.get("/regions", parent=country[0], limit=500).json()["items"]
    assert len(provinces) == 34
    sichuan = next(one for one in provinces if one["name"] == "四川省")
    cities = asking.get("/regions", parent=sichuan["id"]).json()["items"]
    assert len(cities) == 21
    assert asking.get("/regions", parent="510000").json()["items"] == cities
    county = asking.get("/regions/511602").json()
    assert (county["name"], county["content"]["level"], county["code"]) == ("广安区", "4", "511602")


# --- instruments


@pytest.mark.parametrize(
    ("title", "on", "in_force"),
    [
        ("中华人民共和国外资企业法", "2019-12-31", "yes"),
        ("中华人民共和国外资企业法", "2020-01-01", "no"),
        ("中华人民共和国环境影响评价法", "2026-08-14", "yes"),
        ("中华人民共和国环境影响评价法", "2026-08-15", "no"),
        ("中华人民共和国森林法", "2026-09-28", "yes"),
        ("中华人民共和国森林法", "1950-01-01", "unknown"),
    ],
)
def test_an_instrument_is_in_force_yes_no_or_unknown(
    asking: Living, title: str, on: str, in_force: str
) -> None:
    (found,) = asking.rows(
        f"SELECT DISTINCT subject_id FROM timeline WHERE kind = 'instrument' AND name IN ('{title}', '{title[7:]}')"
    )
    assert asking.get(f"/instruments/{found[0]}", on=on).json()["in_force"] == in_force


def test_what_rests_on_an_instrument_and_on_one_article(asking: Living) -> None:
    (law,) = asking.rows(
        "SELECT DISTINCT subject_id FROM timeline WHERE kind = 'instrument' AND name LIKE '%森林法'"
    )
    every = asking.get(f"/instruments/{law[0]}/items", limit=500).json()
    assert every["instrument"] == law[0]
    assert {row["kind"] for row in every["items"]} <= {"item", "entry"}
    article = "第五十七条"
    some = asking.get(f"/instruments/{law[0]}/items", article=article, limit=500).json()["items"]
    assert some == [row for row in every["items"] if (row["article"] or "").startswith(article)]
    assert "林木采伐许可证核发（县级权限）" in {row["name"] for row in some}
    for nothing in ("%", "第五十七条之一", "第五%"):
        assert asking.get(f"/instruments/{law[0]}/items", article=nothing).json()["items"] == []
    assert asking.get(f"/instruments/{law[0]}/items", on="1980-01-01").json()["items"] == []


def test_an_article_is_not_the_one_inserted_after_it(living: Living) -> None:
    item = living.item_called("林木采伐许可证核发（县级权限）")
    (law,) = living.rows(
        "SELECT DISTINCT subject_id FROM timeline WHERE kind = 'instrument' AND name LIKE '%森林法'"
    )

    def cite(key: str, article: str) -> dict[str, Any]:
        value = {"key": key, "role": "implementing", "instrument": law[0], "article": article}
        return {"op": "add", "path": "citations", "value": value}

    changes = [cite("z1", "第九百条第一款"), cite("z2", "第九百条之一"), cite("z3", "第九百条")]
    living.publish({"outcome": "adjust", "subject": item, "effective_from": "2026-09-28", "changes": changes})

    def articles(asked: str) -> list[str]:
        rows = living.get(f"/instruments/{law[0]}/items", article=asked).json()["items"]
        return [row["article"] for row in rows]

    assert sorted(articles("第九百条")) == ["第九百条", "第九百条第一款"]
    assert articles("第九百条之一") == ["第九百条之一"]


def test_what_rests_on_an_instrument_comes_in_pages_that_lose_nothing(asking: Living) -> None:
    (law,) = asking.rows(
        "SELECT target FROM link WHERE role LIKE 'cites-%' GROUP BY target ORDER BY count(*) DESC LIMIT 1"
    )
    whole = asking.get(f"/instruments/{law[0]}/items", limit=500).json()
    assert whole["next"] is None
    rows: list[Any] = []
    after: dict[str, str] = {}
    while True:
        page = asking.get(f"/instruments/{law[0]}/items", limit=2, **after).json()
        rows += page["items"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert rows == whole["items"]
    assert len({row["id"] for row in rows}) > 5


def test_items_in_force_that_cite_what_is_not(asking: Living) -> None:
    found = asking.get("/instruments/out-of-force").json()["citations"]
    assert {row["status"] for row in found} == {"ended"}
    assert "中华人民共和国固体废物污染环境防治法" in {row["title"] for row in found}
    assert {row["since"] for row in found} == {"2026-08-15"}
    assert asking.get("/instruments/out-of-force", on="2026-08-14").json()["citations"] == []
    assert len(asking.get("/instruments/out-of-force", limit=1).json()["citations"]) == 1


# --- catalogue, calendar, tables


def test_a_catalogue_entry_names_the_items_of_every_level(asking: Living) -> None:
    (entry,) = asking.rows(
        "SELECT target FROM link WHERE role = 'entry' AND valid_to > '2026-09-28'"
        " GROUP BY target ORDER BY count(DISTINCT subject_id) DESC, target LIMIT 1"
    )
    body = asking.get(f"/catalogue-entries/{entry[0]}").json()
    assert len(body["items"]) >= 2
    for row in body["items"]:
        assert asking.get(f"/items/{row['id']}").json()["content"]["entry"] == entry[0]
    assert asking.get(f"/catalogue-entries/{entry[0]}", on="1990-01-01").json()["items"] == []


def test_a_year_of_holidays(asking: Living) -> None:
    body = asking.get("/calendar/2025").json()
    assert (body["kind"], body["content"]["year"]) == ("calendar", 2025)
    assert "2025-10-01" in orjson.dumps(body["content"]).decode()
    missing = asking.get("/calendar/2100")
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown-year")
    assert "2100" in missing.json()["detail"]
    assert asking.get("/calendar/20260").json()["code"] == "bad-request"


def test_code_tables_name_their_source(asking: Living) -> None:
    tables = asking.get("/code-tables").json()
    (first, *_) = tables["item_type"]
    assert first["values"]["01"] == "行政许可"
    assert all(version["source"] for versions in tables.values() for version in versions)


def test_the_schema_of_every_kind(asking: Living) -> None:
    schemas = asking.get("/schema/content").json()
    assert set(schemas) == {"item", "entry", "authority", "region", "instrument", "calendar", "bundle"}
    assert "申请材料" in schemas["item"]["properties"]["materials"]["description"]


# --- rounds


def test_a_published_round_with_every_decision(asking: Living) -> None:
    (row,) = asking.get("/rounds").json()["rounds"]
    assert row["outcomes"] == {"adjust": 6, "cancel": 2, "retain": 9}
    assert (row["number"], row["synthetic"]) == ("第一批", True)
    whole = asking.get(f"/rounds/{row['id']}").json()
    assert len(whole["decisions"]) == 17
    assert {key: whole[key] for key in row} == row
    assert all(decision["name"] for decision in whole["decisions"])
    assert asking.get("/rounds/qdx-0000000x").json()["code"] == "unknown-round"


def test_a_round_was_not_known_before_it_was_recorded(asking: Living) -> None:
    (row,) = asking.get("/rounds").json()["rounds"]
    earlier = row["publication"] - 1
    assert asking.get("/rounds", known_at=earlier).json()["rounds"] == []
    assert asking.get(f"/rounds/{row['id']}", known_at=earlier).status_code == 404
