"""A rendered item page is kept while nothing it says can have changed, and not a moment longer."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from reading import BROWSER, read
from seeded import FELLING, TODAY, Living, set_field

from app.changes.redacting import redact
from app.kept import BESIDE, KeptAnswers, KeptPages, Page
from app.web import rendering
from app.web.assets import FILES, asset
from app.web.keeping import KeptPageRoute
from app.web.public.items import QuickItemPage
from app.web.public.search import QuickResultsPage


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The templates of whole pages that were rendered."""
    found: list[str] = []
    respond = rendering.render

    def noting(*arguments: Any, **more: Any) -> Any:
        found.append(arguments[3])
        return respond(*arguments, **more)

    monkeypatch.setattr("app.web.public.items.render", noting)
    return found


def test_a_page_is_rendered_once_until_something_is_published(
    living_sqlite: Living, rendered: list[str]
) -> None:
    item = living_sqlite.item_called(FELLING)
    first = living_sqlite.client.get(f"/items/{item}", headers=BROWSER)
    again = living_sqlite.client.get(f"/items/{item}", headers=BROWSER)
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    assert rendered == ["item.html"]
    tagged = {**BROWSER, "If-None-Match": first.headers["etag"]}
    assert living_sqlite.client.get(f"/items/{item}", headers=tagged).status_code == 304
    living_sqlite.publish(set_field(item, "promised_limit/value", 3, TODAY))
    assert "3个工作日" in read(living_sqlite, f"/items/{item}").words
    assert len(rendered) == 2


def test_day_display_address_and_midnight_are_told_apart(
    living_sqlite: Living, rendered: list[str], clock: Any
) -> None:
    item = living_sqlite.item_called(FELLING)
    large = {**BROWSER, "Cookie": "qingdan_display=large"}
    for headers in (BROWSER, large):
        for query in ("", "?on=2025-05-01", "?accepted=2026-10-08"):
            page = living_sqlite.client.get(f"/items/{item}{query}", headers=headers)
            assert ('class="large"' in page.text) == (headers is large)
    assert len(rendered) == 6
    other = {**BROWSER, "Host": "other.example"}
    assert "http://other.example/items/" in living_sqlite.client.get(f"/items/{item}", headers=other).text
    clock.set("2026-09-29T00:00:00")
    assert "2026年9月29日（今天）" in read(living_sqlite, f"/items/{item}").words
    assert len(rendered) == 8


ENDED = "从事营利性治沙活动新办许可（县级权限）"
OWN = {"x-request-id", "date"}
"""Headers that no two answers share."""


def answers(living: Living, path: str, cookie: str = "") -> list[tuple[int, bytes, dict[str, str]]]:
    """The same page by the way that all pages go, by the quick one, as it is kept, and not modified."""
    client, routes = living.client, living.client.app.router.routes  # type: ignore[attr-defined]
    quick = [one for one in routes if isinstance(one, KeptPageRoute | QuickItemPage | QuickResultsPage)]
    assert len(quick) == 3
    headers = {**BROWSER, "Cookie": cookie} if cookie else BROWSER

    def asked(**more: str) -> tuple[int, bytes, dict[str, str]]:
        found = client.get(path, headers={**headers, **more})
        told = {name: value for name, value in found.headers.items() if name not in OWN}
        return found.status_code, found.content, told

    living.registry.kept_pages = KeptPages()
    routes[:] = [one for one in routes if one not in quick]
    try:
        slow = asked()
    finally:
        routes[:0] = quick
    living.registry.kept_pages = KeptPages()
    fresh, kept = asked(), asked()
    return [slow, fresh, kept, asked(**{"If-None-Match": slow[2]["etag"]})]


def test_a_kept_page_is_the_fresh_one_to_the_byte_and_header(
    living_sqlite: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Items in force, planned, in a past that is not known, ended, adjusted; results; large type."""
    sent: list[str] = []
    handle = KeptPageRoute.handle

    async def noted(self: KeptPageRoute, scope: Any, receive: Any, send: Any) -> None:
        sent.append(scope["path"])
        await handle(self, scope, receive, send)

    monkeypatch.setattr(KeptPageRoute, "handle", noted)
    item, ended = living_sqlite.item_called(FELLING), living_sqlite.item_called(ENDED)
    days = ("", "?on=2027-01-01", "?on=2025-07-01", "?on=2020-01-01")
    paths = [f"/items/{one}{day}" for one in (item, ended) for day in days]
    paths += [f"/items/{item}?accepted=2026-10-08", "/search?q=采伐", "/search?q=没有这样的事情的"]
    paths += [
        "/search?q=许可&offset=20&sort=name&status=all&on=2026-10-08",
        "/search?q=采伐&region=511602&explain=1",
    ]
    for path in paths:
        for cookie in ("", "qingdan_display=large.kiosk"):
            sent.clear()
            slow, fresh, kept, same = answers(living_sqlite, path, cookie)
            assert slow[0] == 200, path
            assert fresh == slow, path
            assert kept == slow, path
            assert len(sent) == 2, path
            assert (same[0], same[1]) == (304, b"")
            left_out = {"content-length", "content-type", "content-encoding"}
            assert same[2] == {name: value for name, value in slow[2].items() if name not in left_out}


def test_what_a_kept_page_rests_on_makes_it_stale(living_sqlite: Living) -> None:
    """A new name of the authority, a redaction, what became internal, an import that runs: none is told late."""
    living, item = living_sqlite, living_sqlite.item_called(FELLING)
    authority = living.get(f"/items/{item}").json()["authority"]
    assert authority["name"] in read(living, f"/items/{item}").words
    rename = {
        "outcome": "rename",
        "kind": "authority",
        "subject": authority["id"],
        "effective_from": TODAY,
        "changes": [{"op": "set", "path": "name", "value": "广安市广安区绿化局"}],
    }
    living.publish(rename)
    assert "广安市广安区绿化局" in read(living, f"/items/{item}").words
    living.publish(set_field(item, "complaint", "电话转张三", TODAY))
    assert "电话转张三" in read(living, f"/items/{item}").words
    living.hire("second", "publish")
    bodies = living.rows("SELECT hash, body FROM content ORDER BY hash")
    for (content,) in [(row[0],) for row in bodies if "电话转张三".encode() in bytes(row[1])]:
        with living.database.writing() as session:
            people = living.people["publisher"], living.people["second"]
            redact(session, *people, content, "川网信令〔2026〕1号", "个人信息")
    assert "电话转张三" not in living.client.get(f"/items/{item}", headers=BROWSER).text
    with living.database.writing() as session:
        session.connection().exec_driver_sql(
            "INSERT INTO import_run (digest, mapping, name, mode, state, records, changesets, started_at)"
            " VALUES ('x', 'x', '补充的目录', 'initial', 'running', 0, '', 0)"
        )
    assert "登记簿尚不完整" in read(living, f"/items/{item}").words


def test_what_became_internal_is_not_kept(living_sqlite: Living) -> None:
    living, item = living_sqlite, living_sqlite.item_called(FELLING)
    for path in (f"/items/{item}", "/search?q=林木采伐"):
        assert living.client.get(path, headers=BROWSER).status_code == 200
    living.publish(set_field(item, "visibility", "internal", TODAY))
    assert living.client.get(f"/items/{item}", headers=BROWSER).status_code == 404
    assert item not in living.client.get("/search?q=林木采伐", headers=BROWSER).text


def test_results_are_kept_until_the_index_moves(
    living_sqlite: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    search = living_sqlite.registry.engine.search  # type: ignore[union-attr]

    def noted(query: Any) -> Any:
        asked.append(query.q)
        return search(query)

    monkeypatch.setattr(living_sqlite.registry.engine, "search", noted)
    item = living_sqlite.item_called(FELLING)
    for _ in range(2):
        assert item in living_sqlite.client.get("/search?q=林木采伐", headers=BROWSER).text
    first = len(asked)
    assert first <= 2
    living_sqlite.publish(set_field(item, "name", "林木采伐许可新名", TODAY))
    living_sqlite.drain()
    assert "许可新名" in read(living_sqlite, "/search?q=林木采伐").words
    assert len(asked) > first


@pytest.mark.parametrize("path", ["/rounds", "/search?q=许可", "item"])
def test_pages_are_compressed_for_those_who_take_it(living_sqlite: Living, path: str) -> None:
    address = f"/items/{living_sqlite.item_called(FELLING)}" if path == "item" else path
    found = {}
    for encoding in ("gzip", "identity", "gzip;q=0, identity", "br, GZIP;q=0.5"):
        with living_sqlite.client.stream(
            "GET", address, headers={**BROWSER, "Accept-Encoding": encoding}
        ) as answer:
            found[encoding] = answer, b"".join(answer.iter_raw())
    plain, packed = found["identity"], found["gzip"]
    assert "content-encoding" not in plain[0].headers
    assert packed[0].headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed[1]) == plain[1]
    assert len(packed[1]) < len(plain[1])
    assert found["gzip;q=0, identity"][1] == plain[1]
    assert found["br, GZIP;q=0.5"][1] == packed[1]
    assert packed[0].headers["etag"] != plain[0].headers["etag"], "a strong tag names bytes"
    assert "Accept-Encoding" in packed[0].headers["vary"]
    assert "Accept-Encoding" in plain[0].headers["vary"]
    for encoding, (answer, _) in found.items():
        held = {**BROWSER, "Accept-Encoding": encoding, "If-None-Match": answer.headers["etag"]}
        again = living_sqlite.client.get(address, headers=held)
        assert (again.status_code, again.content) == (304, b"")
    other = {**BROWSER, "Accept-Encoding": "identity", "If-None-Match": packed[0].headers["etag"]}
    assert living_sqlite.client.get(address, headers=other).status_code == 200


def test_our_own_files_are_compressed_and_pages_of_the_office_are_not(living_sqlite: Living) -> None:
    sheet = living_sqlite.client.get(asset("site.css"), headers={"Accept-Encoding": "gzip"})
    assert sheet.headers["content-encoding"] == "gzip"
    assert sheet.content == FILES["site.css"]
    plain = living_sqlite.client.get(asset("site.css"), headers={"Accept-Encoding": "identity"})
    assert (plain.content, plain.headers.get("content-encoding")) == (FILES["site.css"], None)
    office = living_sqlite.client.get("/office/sign-in", headers={**BROWSER, "Accept-Encoding": "gzip"})
    assert office.status_code == 200
    assert "content-encoding" not in office.headers, "what is secret there is not told by a length"


def test_kept_pages_are_bounded_by_their_bytes() -> None:
    kept = KeptPages(most_bytes=130 + 3 * BESIDE)
    for number in range(5):
        kept.put(b"%d" % number, TODAY, 1, Page.of(b"x" * 30, {}))
    assert [kept.holds(b"%d" % number, TODAY) for number in range(5)] == [False, False, True, True, True]
    kept.put(b"2", TODAY, 2, Page.of(b"y" * 40, {}))
    assert kept.get(b"2", TODAY, 1) is None
    assert kept.holds(b"3", TODAY)
    kept.put(b"9", TODAY, 1, Page.of(b"x" * (106 + 2 * BESIDE), {}))
    assert not kept.holds(b"9", TODAY)


def test_kept_answers_are_bounded_by_bytes_of_bodies_and_of_what_was_asked() -> None:
    kept = KeptAnswers(most_bytes=20_000)
    for number in range(100):
        kept.put(b"%d" % number + b"q" * 4000, TODAY, 1, b"{}")
    assert sum(kept.holds(b"%d" % number + b"q" * 4000, TODAY) for number in range(100)) == 3
    for number in range(100):
        kept.put(b"%d" % number, TODAY, 1, b"x" * 8900)
    assert [kept.holds(b"%d" % number, TODAY) for number in (97, 98, 99)] == [False, True, True]
    for number in range(100):
        kept.put(b"%d" % number, TODAY, 1, b"")
    assert sum(kept.holds(b"%d" % number, TODAY) for number in range(100)) < 20, "nothing is kept for nothing"
    kept.put(b"99", TODAY, 1, b"x" * 30_000)
    kept.put(b"a", TODAY, 1, b"{}")
    assert kept.get(b"a", TODAY, 1) == b"{}", "what left took its weight along"
