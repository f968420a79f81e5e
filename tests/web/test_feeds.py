"""Feeds, sitemap, robots, and what search engines read of an item."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from xml.etree import ElementTree as ET

from issuing_editions import issue_in
from reading import BROWSER, read
from seeded import FELLING, TODAY, Living, new_item, set_field

SAND = "从事营利性治沙活动新办许可（县级权限）"
ATOM = "{http://www.w3.org/2005/Atom}"
MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def xml(living: Living, path: str) -> ET.Element:
    answer = living.client.get(path)
    assert answer.status_code == 200, answer.text
    assert "xml" in answer.headers["content-type"]
    return ET.fromstring(answer.content)


def entries(living: Living, path: str) -> list[dict[str, str]]:
    found = []
    for entry in xml(living, path).iter(f"{ATOM}entry"):
        one = {part.tag.removeprefix(ATOM): part.text or "" for part in entry}
        link = entry.find(f"{ATOM}link")
        assert link is not None
        found.append(one | {"link": link.get("href", "")})
    return found


def test_the_feed_of_an_item_has_what_was_decided_about_it(asking: Living) -> None:
    item = asking.item_called(FELLING)
    found = entries(asking, f"/items/{item}/feed.atom")
    assert len(found) == 3, "first entry is no change"
    assert all(FELLING in one["summary"] for one in found)
    assert any("演示〔2026〕10号" in one["summary"] for one in found)
    assert "2027年1月1日起施行" in "".join(one["summary"] for one in found)


def test_an_entry_keeps_its_id_in_every_feed_and_whatever_the_address(asking: Living) -> None:
    item = asking.item_called(FELLING)
    own = {one["id"] for one in entries(asking, f"/items/{item}/feed.atom")}
    every = {one["id"] for one in entries(asking, "/feed.atom")}
    assert own <= every
    asking.client.base_url, before = "https://elsewhere.example", asking.client.base_url
    try:
        moved = entries(asking, "/feed.atom")
    finally:
        asking.client.base_url = before
    assert {one["id"] for one in moved} == every
    assert all(one["link"].startswith("https://elsewhere.example/") for one in moved)


def test_every_feed_has_what_rfc_4287_asks(asking: Living) -> None:
    item = asking.item_called(FELLING)
    found = asking.get(f"/items/{item}").json()
    authority, region = found["authority"]["id"], found["region"]["id"]
    paths = ["/feed.atom", f"/feed.atom?region={region}", f"/authorities/{authority}/feed.atom"]
    ids = set()
    for path in [*paths, f"/items/{item}/feed.atom"]:
        feed = xml(asking, path)
        assert feed.tag == f"{ATOM}feed"
        parts = [feed, *feed.findall(f"{ATOM}entry")]
        assert len(parts) > 1, path
        for part in parts:
            for name in ("id", "title", "updated"):
                (one,) = part.findall(f"{ATOM}{name}")
                assert (one.text or "").strip(), (path, name)
            assert re.fullmatch(r"[a-z]+:\S+", part.findtext(f"{ATOM}id", "")), path
            moment = dt.datetime.fromisoformat(part.findtext(f"{ATOM}updated", ""))
            assert moment.tzinfo is not None, path
            assert part.find(f"{ATOM}link") is not None, path
        own = [link.get("href", "") for link in feed.findall(f"{ATOM}link") if link.get("rel") == "self"]
        assert own == [f"http://testserver{path}"]
        assert feed.findtext(f"{ATOM}author/{ATOM}name"), path
        entries_ = [part.findtext(f"{ATOM}id") for part in parts[1:]]
        assert len(set(entries_)) == len(entries_), path
        ids.add(feed.findtext(f"{ATOM}id"))
    assert len(ids) == 4, "each feed is another"


def test_feeds_of_a_region_and_an_authority_have_their_own_changes_only(asking: Living) -> None:
    item = asking.item_called(FELLING)
    answer = asking.get(f"/items/{item}").json()
    authority, region = answer["authority"]["id"], answer["region"]["id"]
    for path in (f"/authorities/{authority}/feed.atom", f"/feed.atom?region={region}"):
        found = entries(asking, path)
        assert any(FELLING in one["summary"] for one in found), path
    other = asking.get(f"/items/{asking.item_called('通航水域岸线安全使用许可')}").json()["authority"]["id"]
    assert other != authority
    assert all(FELLING not in one["summary"] for one in entries(asking, f"/authorities/{other}/feed.atom"))


def test_a_voided_decision_leaves_the_feed_and_its_taking_out_enters(living_sqlite: Living) -> None:
    living_sqlite.publish(new_item(living_sqlite, "误录的事项"), title="新增一项")
    item = living_sqlite.item_called("误录的事项")
    living_sqlite.publish(set_field(item, "consult_phone", "0826-1111111"), title="录入电话")
    assert [one["title"] for one in entries(living_sqlite, f"/items/{item}/feed.atom")] == [
        "录入电话",
        "新增一项",
    ]
    act = living_sqlite.get(f"/items/{item}/revisions").json()["decisions"][-1]["act"]
    void = {"outcome": "void", "act": act, "ground": "error", "reason": "电话录错了"}
    living_sqlite.publish(void, title="撤出误录")
    found = entries(living_sqlite, f"/items/{item}/feed.atom")
    assert [one["title"] for one in found] == ["撤出误录", "新增一项"]
    assert "误录的事项：撤出" in found[0]["summary"]
    home = read(living_sqlite, "/")
    assert "录入电话" not in home.words
    assert "撤出误录" in home.words


def test_internal_items_are_in_no_feed_and_no_sitemap(hostile_registry) -> None:
    secret = hostile_registry.secret
    assert hostile_registry.client.get(f"/items/{secret}/feed.atom").status_code == 404
    for path in ("/feed.atom", "/sitemap.xml?page=1"):
        assert secret not in hostile_registry.client.get(path).text
        assert "机密的壬号事项" not in hostile_registry.client.get(path).text


def test_hostile_words_are_words_in_a_feed(hostile_registry) -> None:
    found = entries(hostile_registry, f"/items/{hostile_registry.ended}/feed.atom")
    assert "<script>alert(1)</script>" in found[0]["title"]


def test_the_sitemap_has_every_public_page(asking: Living) -> None:
    parts = [one.text or "" for one in xml(asking, "/sitemap.xml").iter(f"{MAP}loc")]
    assert parts == ["http://testserver/sitemap.xml?page=1"]
    found = [one.text for one in xml(asking, "/sitemap.xml?page=1").iter(f"{MAP}loc")]
    items = asking.rows("SELECT id FROM subject WHERE kind = 'item'")
    assert {f"http://testserver/items/{row[0]}" for row in items} <= set(found)
    assert f"http://testserver/items/{asking.item_called(SAND)}" in found, "an ended item keeps its page"


def test_every_address_of_the_sitemap_answers(living: Living) -> None:
    """Of items, authorities, laws two each: all are made the same way."""
    issue_in(living)
    found = [one.text or "" for one in xml(living, "/sitemap.xml?page=1").iter(f"{MAP}loc")]
    paths = [one.removeprefix("http://testserver") for one in found]
    assert len(paths) == len(set(paths))
    for start in ("/lists?region=", "/editions/qdn-", "/rounds/qdx-", "/bundles/qdb-"):
        assert [one for one in paths if one.startswith(start)], start
    assert {"/", "/lists", "/editions", "/bundles", "/rounds", "/authorities", "/laws"} <= set(paths)
    kinds: dict[str, list[str]] = {}
    for path in paths:
        kinds.setdefault(path.split("qd")[0], []).append(path)
    for some in kinds.values():
        for path in {some[0], some[-1]}:
            assert living.client.get(path, headers=BROWSER, follow_redirects=False).status_code == 200, path


def test_an_entry_about_one_thing_leads_to_its_page(living_sqlite: Living) -> None:
    (bundle,) = living_sqlite.rows("SELECT DISTINCT subject_id FROM timeline WHERE kind = 'bundle'")
    living_sqlite.publish(set_field(bundle[0], "note", "周三下午不受理", kind="bundle"), title="一件事的说明")
    (entry,) = [one for one in entries(living_sqlite, "/feed.atom") if one["title"] == "一件事的说明"]
    assert entry["link"] == f"http://testserver/bundles/{bundle[0]}"


def test_robots_leads_to_the_sitemap(asking: Living) -> None:
    words = asking.client.get("/robots.txt").text
    assert "Sitemap: http://testserver/sitemap.xml" in words
    assert "Disallow: /items" not in words


def linked(living: Living, item: str) -> dict[str, Any]:
    found = read(living, f"/items/{item}").data
    assert len(found) == 1
    return found[0]


def test_an_item_is_a_government_service_to_search_engines(asking: Living) -> None:
    found = linked(asking, asking.item_called(FELLING))
    assert found["@type"] == "GovernmentService"
    assert found["name"] == FELLING
    assert found["provider"]["name"] == "广安市广安区林业局"
    assert "termsOfService" not in found, "what is not known is absent"


def test_a_hostile_item_does_not_break_out_of_its_data(hostile_registry) -> None:
    found = linked(hostile_registry, hostile_registry.item)
    assert "<script>alert(1)</script>" in found["name"]
    html = hostile_registry.client.get(f"/items/{hostile_registry.item}", headers=BROWSER).text
    block = html[html.index("application/ld+json") :]
    assert "<" not in block[: block.index("</script>")]


def test_an_old_code_leads_to_the_item_that_held_it(asking: Living) -> None:
    item = asking.item_called(SAND)
    code = asking.get(f"/items/{item}", on="2025-09-01").json()["codes"][0]["value"]
    answer = asking.client.get(f"/items/{code}", params={"on": TODAY}, headers=BROWSER)
    assert answer.status_code == 307
    assert answer.headers["location"].startswith(f"/items/{item}")
    assert "已取消" in read(asking, answer.headers["location"]).words
