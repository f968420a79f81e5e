"""Search and suggestions through the API, with the engine there and away."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from seeded import FELLING, TODAY, Living, new_item

from app.api.finding import READINGS, SearchDoor
from app.kept import BESIDE, KeptAnswers
from app.plainly import plainly
from search import pinyin
from search.engine import EngineError
from search.folding import fold


class Away:
    """An engine whose server is gone."""

    def __getattr__(self, _name: str) -> Any:
        def gone(*_args: Any, **_more: Any) -> Any:
            raise EngineError("connection refused")

        return gone


def test_everyday_words_find_the_item(asking: Living) -> None:
    body = asking.get("/search", q="砍树证").json()
    assert body["hits"][0]["name"].startswith("林木采伐许可证核发")
    assert body["hits"][0]["authority"]["name"]
    assert body["hits"][0]["highlights"]
    assert body["total"] >= 1
    assert "degraded" not in body


def test_the_word_that_led_there_is_named(asking: Living) -> None:
    (hit, *_) = asking.get("/search", q="想领养老金").json()["hits"]
    assert (hit["layer"], hit["via"]) == ("synonym", ["领养老金"])
    assert asking.get("/search", q=FELLING).json()["hits"][0]["via"] == []
    suggested = asking.get("/suggest", q="想领养老金").json()["suggestions"]
    assert hit["name"] in [one["text"] for one in suggested if one["via"] == "领养老金"]
    assert {one["via"] for one in asking.get("/suggest", q="林木采").json()["suggestions"]} == {None}


def test_a_search_may_be_sorted(asking: Living) -> None:
    found = {
        sort: [hit["name"] for hit in asking.get("/search", q="许可", sort=sort, limit=100).json()["hits"]]
        for sort in ("relevance", "name", "newest")
    }
    assert len({frozenset(names) for names in found.values()}) == 1
    read = [pinyin.syllables(fold(name))[0] for name in found["name"]]
    assert read == sorted(read)
    assert asking.get("/search", q="许可", sort="code").status_code == 422


def test_filters_and_pages_of_a_search(asking: Living) -> None:
    county = asking.get("/regions/511602").json()["id"]
    found = asking.get("/search", q="林木采伐", region="511602").json()
    assert {asking.get(f"/items/{hit['id']}").json()["region"]["id"] for hit in found["hits"]} == {county}
    pages = [asking.get("/search", q="许可", limit=5, offset=offset).json()["hits"] for offset in (0, 5, 10)]
    ids = [hit["id"] for page in pages for hit in page]
    assert len(ids) == len(set(ids)) == 15
    ended = asking.get("/search", q="许可", status="ended").json()
    assert {hit["status"] for hit in ended["hits"]} == {"ended"}


def test_a_search_answers_for_its_day(asking: Living) -> None:
    name = "重点液态食品道路散装运输准运证核发"
    now = asking.get("/search", q=name).json()
    before = asking.get("/search", q=name, on="2025-11-30").json()
    assert now["hits"][0]["name"] == name
    assert name not in {hit["name"] for hit in before["hits"]}


@pytest.mark.parametrize("known", ["5", "2026-01-01T00:00:00Z", ""])
def test_search_refuses_known_at_by_name(asking: Living, known: str) -> None:
    answer = asking.get("/search", q="许可", known_at=known)
    assert (answer.status_code, answer.json()["code"]) == (422, "known-at-refused")
    assert "known_at" in answer.json()["detail"]


def test_an_unknown_status_is_refused_and_not_an_empty_answer(asking: Living) -> None:
    answer = asking.get("/search", q="许可", status="open")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown-status")


def test_suggestions_complete_a_name(asking: Living) -> None:
    body = asking.get("/suggest", q="林木采").json()
    assert FELLING in [one["text"] for one in body["suggestions"]]
    assert asking.get("/suggest", q="林木采", limit=1).json()["suggestions"][0]["count"] >= 1
    assert asking.get("/suggest").json()["code"] == "bad-request"


@pytest.mark.parametrize("engine", [Away(), None])
def test_without_the_engine_the_database_answers(living: Living, engine: Any) -> None:
    living.registry.engine = engine
    body = living.get("/search", q="林木采伐许可证核发", region="511602").json()
    assert body["degraded"] is True
    assert body["sort"] == "id", "it is said that hits do not stand as asked"
    assert [hit["name"] for hit in body["hits"]] == [FELLING]
    assert body["total"] == 1
    assert body["hits"][0]["authority"]["name"] == "广安市广安区林业局"
    assert len(living.get("/search", q="许可", limit=5, offset=5).json()["hits"]) == 5
    refused = living.get("/suggest", q="林")
    assert (refused.status_code, refused.json()["code"]) == (503, "search-away")
    ready = living.client.get("/readyz")
    assert (ready.status_code, ready.json()["search"]["ready"]) == (503, False)
    assert ready.json()["database"]["ready"] is True


def test_writes_do_not_notice_that_the_engine_is_away(living: Living) -> None:
    engine, living.registry.engine = living.registry.engine, Away()  # type: ignore[assignment]
    made = living.publish(new_item(living, "引擎不在时新增"))
    assert made["state"] == "published"
    living.registry.engine = engine
    assert living.get("/search", q="引擎不在时新增").json()["total"] == 0
    assert living.drain() == 1
    assert living.get("/search", q="引擎不在时新增").json()["total"] == 1


def test_a_broken_index_is_an_engine_that_is_away(living_sqlite: Living) -> None:
    (living_sqlite.settings.index_dir / "CURRENT").write_text("v999-000001")
    living_sqlite.get("/search", q="许可")
    directory = living_sqlite.settings.index_dir
    name = next(path.name for path in directory.glob("v*-*"))
    (directory / "CURRENT").write_text(name)
    (directory / name / "meta.json").write_text("{")
    answer = living_sqlite.get("/search", q="许可")
    assert (answer.status_code, answer.json().get("degraded")) == (200, True)
    assert living_sqlite.client.get("/readyz").json()["search"]["ready"] is False
    assert living_sqlite.get("/suggest", q="林").status_code == 503


PLAIN = (
    "", "q=许可", "q=许可&limit=3&offset=2&sort=name", "q=采伐&region=511602&explain=1", "q=卫牲许可&on=2026-10-08",
    "q=许可&status=ended&limit=5", "q=&type=01", "q=许可&level=nowhere", "q=许可&region=999999", "on=2026-13-01",
)  # fmt: skip
"""Asked plainly, though not all of it can be answered."""


@pytest.mark.parametrize("query", PLAIN)
def test_the_quick_door_answers_as_the_route_does(asking: Living, query: str) -> None:
    client, routes = asking.client, asking.client.app.router.routes  # type: ignore[attr-defined]
    doors = [one for one in routes if isinstance(one, SearchDoor)]
    assert plainly(quote(query, safe="=&").encode(), READINGS) is not None

    def asked() -> tuple[int, bytes, str | None]:
        asking.registry.kept_searches = KeptAnswers()
        found = client.get(f"/api/v1/search?{query}")
        return found.status_code, found.content, found.headers.get("etag")

    routes[:] = [one for one in routes if one not in doors]
    try:
        slow = asked()
    finally:
        routes[:0] = doors
    assert asked() == slow


@pytest.mark.parametrize(
    "query",
    ["q=a&q=b", "limit=0", "limit=101", "limit=%2B5", "limit=", "offset=-1", "sort=code", "explain=yes",
     "status=ended&status=unknown", "nonsense=1", "known_at=5", f"q={'长' * 201}"],
)  # fmt: skip
def test_what_is_not_plain_is_left_to_the_route(query: str) -> None:
    assert plainly(quote(query, safe="=&%").encode(), READINGS) is None


# --- answers that are kept


def test_what_is_asked_again_is_kept_longer_than_what_is_not() -> None:
    kept = KeptAnswers(most_bytes=2 * (BESIDE + 6))
    for asked in (b"a", b"b"):
        kept.put(asked, TODAY, 1, b"12345")
    assert kept.get(b"a", TODAY, 1) == b"12345"
    kept.put(b"c", TODAY, 1, b"12345")
    assert [kept.holds(asked, TODAY) for asked in (b"a", b"b", b"c")] == [True, False, True]
    assert kept.get(b"a", TODAY, 2) is None


def test_an_answer_asked_again_is_the_same_until_something_moves(living_sqlite: Living) -> None:
    living = living_sqlite
    item = living.item_called(FELLING)
    first = living.get("/search", q="林木采伐许可证核发")
    again = living.get("/search", q="林木采伐许可证核发")
    assert living.registry.kept_searches.holds(
        b"q=%E6%9E%97%E6%9C%A8%E9%87%87%E4%BC%90%E8%AE%B8%E5%8F%AF%E8%AF%81%E6%A0%B8%E5%8F%91", TODAY
    )
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    assert (
        living.client.get(
            "/api/v1/search",
            params={"q": "林木采伐许可证核发"},
            headers={"If-None-Match": first.headers["etag"]},
        ).status_code
        == 304
    )
    living.publish({"outcome": "cancel", "subject": item, "effective_from": TODAY, "reason": "试"})
    moved = living.get("/search", q="林木采伐许可证核发").json()  # the registry moved, the index not yet
    assert item not in {hit["id"] for hit in moved["hits"] if hit["status"] == "in_force"}
    living.drain()
    drained = living.get("/search", q="林木采伐许可证核发").json()
    assert item not in {hit["id"] for hit in drained["hits"]}


def test_an_unknown_parameter_is_refused_beside_a_kept_answer(living_sqlite: Living) -> None:
    living_sqlite.get("/search", q="许可")
    assert living_sqlite.client.get("/api/v1/search?q=%E8%AE%B8%E5%8F%AF&nonsense=1").status_code == 422
    assert living_sqlite.client.get("/api/v1/search?nonsense=1").status_code == 422
