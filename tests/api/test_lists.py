"""Lists of items: filters, counts, keyset pages, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from issuing_editions import issue_in
from seeded import FELLING, TODAY, Living, new_item, set_field
from sqlalchemy import event


def walk(living: Living, path: str, **query: Any) -> list[dict[str, Any]]:
    """Every row of every page, by the Link header."""
    answer = living.get(path, **query)
    rows = answer.json()["items"]
    while "link" in answer.headers:
        following, _, rel = answer.headers["link"].partition("; ")
        assert rel == 'rel="next"'
        answer = living.client.get(following.strip("<>"))
        assert answer.status_code == 200
        rows += answer.json()["items"]
    assert answer.json()["next"] is None
    return rows


@pytest.mark.parametrize("limit", [7, 100, 500])
def test_pages_hold_every_item_once(asking: Living, limit: int) -> None:
    rows = walk(asking, "/items", limit=limit)
    ids = [row["id"] for row in rows]
    assert ids == sorted(set(ids))
    assert len(ids) == 259


@pytest.mark.parametrize("path", ["/authorities", "/regions", "/instruments", "/catalogue-entries"])
def test_the_other_lists_page_as_well(asking: Living, path: str) -> None:
    kind = {"/catalogue-entries": "entry"}.get(path, path[1:-1].replace("authoritie", "authority"))
    (total,) = asking.rows(
        f"SELECT count(*) FROM timeline WHERE kind = '{kind}' AND valid_from <= '{TODAY}' AND valid_to > '{TODAY}'"
    )
    assert len(walk(asking, path, limit=20)) == total[0] > 20


def test_a_page_that_ends_exactly_has_no_next(asking: Living) -> None:
    answer = asking.get("/items", limit=259)
    assert (len(answer.json()["items"]), answer.json()["next"]) == (259, None)
    assert "link" not in answer.headers


def test_the_next_page_keeps_filter_and_day(asking: Living) -> None:
    rows = walk(asking, "/items", limit=3, type="01", on="2025-05-01", status=["in_force", "suspended"])
    assert {row["type"] for row in rows} == {"01"}
    assert {row["status"] for row in rows} == {"in_force"}
    assert len(rows) == asking.get("/items/counts", type="01", on="2025-05-01").json()["status"]["in_force"]


# --- filters


def naive(living: Living, condition: str, day: str = TODAY) -> int:
    query = f"SELECT count(*) FROM timeline t WHERE kind = 'item' AND valid_from <= '{day}' AND valid_to > '{day}'"
    return living.rows(f"{query} AND {condition}")[0][0]


def test_by_authority_type_level_and_status(asking: Living) -> None:
    authority = asking.get("/items", limit=1).json()["items"][0]["authority"]["id"]
    for filters, condition in (
        ({"authority": authority}, f"authority = '{authority}'"),
        ({"type": "02"}, "type = '02'"),
        ({"level": "3"}, "level = '3'"),
        ({"status": "ended"}, "status = 'ended'"),
        ({"status": ["ended", "in_force"]}, "status IN ('ended', 'in_force')"),
        ({"authority": authority, "status": "ended"}, f"authority = '{authority}' AND status = 'ended'"),
    ):
        assert len(walk(asking, "/items", **filters)) == naive(asking, condition), filters


def test_a_region_is_asked_for_with_all_below_it(asking: Living) -> None:
    province, city, county = (
        {row["id"] for row in walk(asking, "/items", region=code)} for code in ("510000", "511600", "511602")
    )
    assert county < city < province
    assert len(province) == 259
    region = asking.get("/regions/511602").json()["id"]
    for same in (region, region.upper()):
        assert {row["id"] for row in walk(asking, "/items", region=same)} == county
    assert asking.get("/items", region="999999").json()["code"] == "unknown-subject"


def test_a_list_speaks_of_its_day(asking: Living) -> None:
    def merged(day: str) -> dict[str, str]:
        rows = walk(asking, "/authorities", on=day, name="税务局", region="510000")
        return {row["name"]: row["status"] for row in rows}

    assert merged("2018-06-14")["四川省国家税务局"] == "in_force"
    assert "国家税务总局四川省税务局" not in merged("2018-06-14")
    assert merged("2018-06-15")["四川省国家税务局"] == "ended"
    assert merged("2018-06-15")["国家税务总局四川省税务局"] == "in_force"


def test_names_that_contain_a_wildcard_are_taken_as_written(asking: Living) -> None:
    for name in ("%", "_", "!"):
        assert asking.get("/authorities", name=name).json()["items"] == []
        assert asking.get("/instruments", title=name).json()["items"] == []


def test_unknown_has_a_count_of_its_own(asking: Living) -> None:
    now = asking.get("/items/counts").json()["status"]
    past = asking.get("/items/counts", on="2024-01-01").json()["status"]
    assert now == {"ended": 2, "in_force": 257}
    assert set(past) == {"unknown"}
    assert past["unknown"] == naive(asking, "status = 'unknown'", "2024-01-01") > 200


@pytest.mark.parametrize("column", ["type", "level", "authority"])
def test_counts_agree_with_the_list(asking: Living, column: str) -> None:
    counts = asking.get("/items/counts").json()[column]
    assert sum(counts.values()) == 259
    for value, count in counts.items():
        if value:
            assert len(walk(asking, "/items", limit=500, **{column: value})) == count


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"status": "open"}, "unknown-status"),
        ({"limit": 0}, "bad-request"),
        ({"limit": 501}, "bad-request"),
        ({"limit": "many"}, "bad-request"),
        ({"on": "gestern"}, "bad-day"),
    ],
)
def test_a_bad_question_is_refused_in_chinese(asking: Living, query: dict[str, Any], code: str) -> None:
    answer = asking.get("/items", **query)
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (422, 422, code)
    assert problem["type"] == f"/problems/{code}"
    assert any("一" <= char <= "鿿" for char in problem["detail"])


# --- what it costs


@contextmanager
def counted(living: Living) -> Iterator[list[str]]:
    """The statements that the readers run meanwhile."""
    statements: list[str] = []

    def note(_c: Any, _k: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            statements.append(statement)

    event.listen(living.database.reader, "before_cursor_execute", note)
    yield statements
    event.remove(living.database.reader, "before_cursor_execute", note)


@pytest.mark.parametrize(
    "path",
    ["/items", "/authorities", "/regions", "/instruments", "/catalogue-entries", "/changes", "/search"],
)
def test_a_list_of_one_and_of_three_cost_the_same(asking: Living, path: str) -> None:
    costs = []
    for limit in (1, 3, 50):
        with counted(asking) as statements:
            answer = (
                asking.get(path, limit=limit, q="许可")
                if path == "/search"
                else asking.get(path, limit=limit)
            )
        assert len(next(v for v in answer.json().values() if isinstance(v, list))) == limit
        costs.append(len(statements))
    # An event says before and after, by the names of their day, and the decision that governs it: asked for all of a
    # page at once.
    assert costs[0] == costs[1] == costs[2] <= (17 if path == "/changes" else 5)


def test_lookup_and_revisions_cost_the_same_however_many(living_sqlite: Living) -> None:
    living = living_sqlite
    item = new_item(living, "常改的事项", "2026-01-01", timing="late_entry", reason="补录")
    subject = living.publish(item)["decisions"][0]["subject"]

    def cost() -> tuple[int, int]:
        with counted(living) as statements:
            intervals = living.get(f"/items/{subject}/revisions").json()["intervals"]
        return len(intervals), len(statements)

    one = cost()
    living.publish(
        *(
            {
                "outcome": "adjust",
                "subject": subject,
                "effective_from": f"2027-0{month}-01",
                "changes": [{"op": "set", "path": "note", "value": f"第{month}月"}],
            }
            for month in range(1, 7)
        )
    )
    many = cost()
    assert (one[0], many[0]) == (1, 7)
    assert one[1] == many[1]
    with counted(living) as first:
        living.client.post("/api/v1/items/lookup", json={"codes": [subject]})
    with counted(living) as second:
        ids = [row["id"] for row in living.get("/items", limit=100).json()["items"]]
        second.clear()
        living.client.post("/api/v1/items/lookup", json={"codes": ids})
    assert len(first) == len(second)


@pytest.mark.parametrize("what", ["rounds", "editions"])
def test_what_was_published_is_read_page_by_page(living: Living, what: str) -> None:
    for number in "二三":
        if what == "rounds":
            decision = set_field(living.item_called(FELLING), "note", number)
            living.publish(decision, kind="round", title="清理", number=f"第{number}批")
        else:
            issue_in(living)
    every = [one["id"] for one in living.get(f"/{what}").json()[what]]
    assert len(every) > 1
    address, seen = f"/api/v1/{what}?limit=1", list[str]()
    for _ in every:
        answer = living.client.get(address)
        (one,) = answer.json()[what]
        seen.append(one["id"])
        address = answer.headers.get("link", "").split(">")[0].removeprefix("<")
    assert (seen, address, answer.json()["next"]) == (every, "", None)
