"""Limits by address and by key, cross-origin reads, keys with scopes and an end: at their boundaries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi.testclient import TestClient
from looping import on_a_loop
from seeded import FELLING, Living, set_field

from app import limiting, manners
from app.auth import accounts
from app.db import Database
from app.guarding import Guarded
from app.main import create_app
from app.web.assets import asset

DAY = 86_400_000_000


class Stopwatch:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    made = Stopwatch()
    monkeypatch.setattr(limiting, "clock", made)
    return made


@contextmanager
def limited(living: Living, **limits: int) -> Iterator[TestClient]:
    settings = living.settings.model_copy(update=limits)
    with TestClient(create_app(settings), follow_redirects=False) as client:
        yield client


def test_a_bucket_grants_its_minute_and_refills_evenly(watch: Stopwatch) -> None:
    buckets = limiting.Buckets(60)
    assert [buckets.take("a") for _ in range(60)][-1] == (60, 0, 0.0)
    refused = buckets.take("a")
    assert refused is not None
    assert (refused.left, refused.wait) == (0, 1.0)
    assert buckets.take("b") == (60, 59, 0.0)
    watch.now += 0.999
    assert buckets.take("a").wait == pytest.approx(0.001)  # type: ignore[union-attr]
    watch.now += 0.001
    assert buckets.take("a") == (60, 0, 0.0)
    watch.now += 3600
    assert buckets.take("a") == (60, 59, 0.0), "no more than a minute is saved up"
    assert limiting.Buckets(0).take("a") is None


@pytest.mark.parametrize("per_minute", [1, 3, 6, 7, 60, 1200])
def test_the_wait_that_is_named_ends_to_the_microsecond(watch: Stopwatch, per_minute: int) -> None:
    """However often one asks meanwhile: what was refused moves nothing."""
    buckets = limiting.Buckets(per_minute)
    assert all(buckets.take("a").wait == 0 for _ in range(per_minute))  # type: ignore[union-attr]
    began, wait = watch.now, buckets.take("a").wait  # type: ignore[union-attr]
    assert wait == pytest.approx(60 / per_minute)
    for tenth in range(1, 10):
        watch.now = began + wait * tenth / 10
        refused = buckets.take("a")
        assert refused is not None
        assert refused.wait == pytest.approx(began + wait - watch.now)
    watch.now = began + wait - 0.000_01 * wait
    refused = buckets.take("a")
    assert refused is not None
    assert refused.wait > 0
    assert dict(manners.limit_headers(refused))[b"retry-after"] == b"1"
    watch.now = began + wait
    assert buckets.take("a") == (per_minute, 0, 0.0)
    assert buckets.take("a").wait > 0  # type: ignore[union-attr]


def test_buckets_are_bounded(watch: Stopwatch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiting, "MOST_BUCKETS", 10)
    buckets = limiting.Buckets(60)
    for number in range(100):
        buckets.take(str(number))
    assert len(buckets._held) <= 11


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        (None, "unknown"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
    ],
)
def test_a_place_is_what_one_subscriber_has(address: str | None, place: str) -> None:
    assert limiting.place_of(address) == place


def test_a_key_is_one_however_it_is_spelt(watch: Stopwatch) -> None:
    manner = manners.Manners(100, 5, 0, 100, lambda token: token == "k")
    spelt = [b"Bearer k", b"bearer k", b"BEARER   k", b"Bearer k  ", b"bEARER k"]

    async def ask() -> list[int]:
        found = [await manner.granted("/api/v1/items", {b"authorization": one}, "192.0.2.1") for one in spelt]
        return [one.left for one in found if one]

    assert on_a_loop(ask()) == [4, 3, 2, 1, 0]


def test_the_limit_by_address_is_published_and_kept(living_sqlite: Living, watch: Stopwatch) -> None:
    with limited(living_sqlite, rate_per_minute=3, key_rate_per_minute=5) as client:
        seen = [client.get("/api/v1/log/head") for _ in range(3)]
        assert [one.headers["ratelimit"] for one in seen] == [f'"requests";r={n};t=1' for n in (2, 1, 0)]
        assert seen[0].headers["ratelimit-policy"] == '"requests";q=3;w=60'
        refused = client.get("/api/v1/log/head")
        assert (refused.status_code, refused.json()["code"]) == (429, "rate-limited")
        assert refused.headers["retry-after"] == "20"
        assert client.get("/healthz").status_code == 200, "what watches the registry has no limit"
        key = {"Authorization": f"Bearer {living_sqlite.tokens['reader']}"}
        with_key = client.get("/api/v1/log/head", headers=key)
        assert with_key.headers["ratelimit-policy"] == '"requests";q=5;w=60'
        made_up = {"Authorization": "Bearer qdt_invented"}
        assert client.get("/api/v1/log/head", headers=made_up).status_code == 429, "an invented key is no key"
        watch.now += 19.999
        assert client.get("/api/v1/log/head").headers["retry-after"] == "1"
        watch.now += 0.001
        assert client.get("/api/v1/log/head").status_code == 200
        assert client.get("/api/v1/log/head").status_code == 429


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_this_machine_has_a_limit_of_its_own(living_sqlite: Living, watch: Stopwatch, address: str) -> None:
    settings = {"rate_per_minute": 1, "key_rate_per_minute": 1, "local_rate_per_minute": 3}
    with limited(living_sqlite, **settings) as client:
        here = TestClient(client.app, client=(address, 50000))
        seen = [here.get("/api/v1/log/head") for _ in range(4)]
    assert [one.status_code for one in seen] == [200, 200, 200, 429]
    assert seen[0].headers["ratelimit-policy"] == '"requests";q=3;w=60'


PAGES = ("/", "/lists.pdf", "/search?q=a", "/office", "/nowhere", "/feed.atom")


def test_pages_are_limited_by_address_apart_from_the_api(living_sqlite: Living, watch: Stopwatch) -> None:
    html = {"Accept": "text/html"}
    with limited(living_sqlite, rate_per_minute=2, page_rate_per_minute=4) as client:
        seen = [client.get("/themes-of-nothing", headers=html).status_code for _ in range(5)]
        assert seen == [404] * 4 + [429]
        for page in PAGES:
            assert client.get(page, headers=html).status_code == 429, page
        refused = client.get("/", headers=html)
        assert (refused.headers["retry-after"], refused.headers["ratelimit-policy"]) == (
            "15",
            '"requests";q=4;w=60',
        )
        assert "请求太频繁" in refused.text
        assert client.get("/api/v1/log/head").status_code == 200, "the API's requests are counted apart"
        other = TestClient(client.app, client=("192.0.2.7", 50000))
        assert other.get("/themes-of-nothing", headers=html).status_code == 404
        for free in (asset("site.css"), "/healthz", "/readyz", "/metrics"):
            assert client.get(free).status_code == 200, free
        here = TestClient(client.app, client=("127.0.0.1", 50000))
        assert [here.get("/themes-of-nothing").status_code for _ in range(6)] == [404] * 6
        watch.now += 15
        assert client.get("/themes-of-nothing", headers=html).status_code == 404


def test_sign_ins_are_limited_by_address_apart_from_pages(living_sqlite: Living, watch: Stopwatch) -> None:
    html = {"Accept": "text/html", "Sec-Fetch-Site": "cross-site"}
    with limited(living_sqlite, sign_in_rate_per_minute=3, page_rate_per_minute=100) as client:
        doors = ("/office/sign-in", "/office/code", "/office/sign-on")
        assert [client.post(door, headers=html).status_code for door in doors] == [403] * 3
        for door in doors:
            refused = client.post(door, headers=html)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "20"), door
            assert refused.headers["ratelimit-policy"] == '"requests";q=3;w=60'
            assert "每分钟最多 3 次；请稍候再登录" in refused.text
        assert client.get("/office/sign-in", headers=html).status_code == 200, "a page is no sign-in"
        other = TestClient(client.app, client=("192.0.2.7", 50000))
        assert other.post("/office/sign-in", headers=html).status_code == 403
        watch.now += 20
        assert client.post("/office/sign-in", headers=html).status_code == 403


def test_a_refusal_for_too_many_pages_asks_nothing_of_the_database(
    living_sqlite: Living, watch: Stopwatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    with limited(living_sqlite, page_rate_per_minute=1) as client:
        client.get("/themes-of-nothing", headers={"Accept": "text/html"})

        def asked(_database: Database) -> Any:
            raise AssertionError("the database was asked")

        monkeypatch.setattr(Database, "reading", asked)
        assert client.get("/", headers={"Accept": "text/html"}).status_code == 429


def test_pages_of_other_sites_may_read_and_not_write(asking: Living) -> None:
    origin = {"Origin": "https://hall.example"}
    item = asking.item_called(FELLING)
    read = asking.client.get(f"/api/v1/items/{item}", headers=origin)
    assert read.headers["access-control-allow-origin"] == "*"
    assert "ETag" in read.headers["access-control-expose-headers"]
    looked_up = asking.client.post("/api/v1/items/lookup", json={"codes": ["x"]}, headers=origin)
    assert looked_up.headers["access-control-allow-origin"] == "*"
    asked = {
        **origin,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    preflight = asking.client.options("/api/v1/items", headers=asked)
    assert preflight.status_code == 204
    assert "Authorization" in preflight.headers["access-control-allow-headers"]
    write = asking.client.post("/api/v1/changesets", json={}, headers=origin)
    page = asking.client.get("/", headers=origin)
    assert not {"access-control-allow-origin"} & {*write.headers, *page.headers}


@pytest.mark.parametrize(
    "path",
    [
        *("/api/v1/items", "/api/v1/log/head", "/api/v1/catalog", "/api/v1/rounds/no", "/healthz", "/readyz"),
        *("/docs", "/redoc", "/openapi.json"),
    ],
)
def test_every_answer_can_be_asked_for_without_its_body(asking: Living, path: str) -> None:
    """Monitors and downloaders ask so; only the export does not write its lines for nothing."""
    bare, whole = asking.client.head(path), asking.client.get(path)
    assert (bare.status_code, bare.content) == (whole.status_code, b"")
    own = {"x-request-id", "ratelimit"}
    assert {k: v for k, v in bare.headers.items() if k not in own} == {
        k: v for k, v in whole.headers.items() if k not in own
    }
    assert asking.client.put(path).headers.get("allow", "GET, HEAD") == "GET, HEAD"
    assert asking.client.head("/api/v1/export.jsonl").headers["allow"] == "GET"


def test_what_goes_away_says_since_when_and_until_when(
    asking: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, until = "/api/v1/log/head", "Wed, 01 Dec 2027 00:00:00 GMT"
    assert "deprecation" not in asking.client.get(path).headers
    monkeypatch.setitem(manners.DEPRECATED, path, (1_790_000_000, until, "/api/v1/log"))
    answer = asking.client.get(path)
    assert (answer.headers["deprecation"], answer.headers["sunset"]) == ("@1790000000", until)
    assert '</api/v1/log>; rel="successor-version"' in answer.headers["link"]


def test_an_answer_says_when_it_last_changed(living_sqlite: Living, clock: Any) -> None:
    living, item = living_sqlite, living_sqlite.item_called(FELLING)
    first = living.get(f"/items/{item}")
    # Seeded at eight, Shanghai time; the day itself began at midnight.
    assert first.headers["last-modified"] == "Mon, 28 Sep 2026 00:00:00 GMT"
    since = {"If-Modified-Since": first.headers["last-modified"]}
    assert living.client.get(f"/api/v1/items/{item}", headers=since).status_code == 304
    clock.set("2026-09-29T00:00:01")
    turned = living.client.get(f"/api/v1/items/{item}", headers=since)
    assert (turned.status_code, turned.headers["last-modified"]) == (200, "Mon, 28 Sep 2026 16:00:00 GMT")
    clock.set("2026-09-29T23:59:50")
    assert living.get(f"/items/{item}").headers["cache-control"] == "public, max-age=10"
    living.publish(set_field(item, "note", "x", "2026-09-29"))
    changed = living.client.get(f"/api/v1/items/{item}", headers=since)
    assert changed.status_code == 200
    assert "last-modified" not in changed.headers, "more may come within the second"
    clock.set("2026-09-29T23:59:50.9")
    living.publish(set_field(item, "note", "y", "2026-09-29"))
    clock.set("2026-09-29T23:59:51")
    changed = living.client.get(f"/api/v1/items/{item}", headers=since)
    assert (changed.status_code, changed.headers["last-modified"]) == (200, "Tue, 29 Sep 2026 15:59:50 GMT")


def test_a_key_is_confined_to_its_scopes(living_sqlite: Living) -> None:
    living = living_sqlite
    with living.database.writing() as session:
        account = accounts.find_account(session, "editor")
        living.tokens["only-reads"] = accounts.issue_token(session, account, "大屏", scopes=[])
        living.tokens["only-reviews"] = accounts.issue_token(session, account, scopes=["review"])
    form = {"title": "调整", "decisions": [set_field(living.item_called(FELLING), "note", "x")]}
    for who in ("only-reads", "only-reviews"):
        refused = living.post(who, "/changesets", form)
        assert (refused.status_code, refused.json()["code"]) == (403, "missing-right")
    assert living.post("editor", "/changesets", form).status_code == 201


def test_a_key_is_rotated_with_days_of_grace(living_sqlite: Living, clock: Any) -> None:
    living, old = living_sqlite, living_sqlite.tokens["reader"]
    with living.database.writing() as session:
        (held,) = accounts.tokens_of(session, accounts.find_account(session, "reader").id)
        living.tokens["fresh"] = accounts.rotate_token(session, held, grace_days=2)
        assert len(accounts.tokens_of(session, held.account_id)) == 2
    for step, good in ((2 * DAY - 1, True), (1, False)):
        clock.step(step)
        assert living.registry.is_good_token(old) is good
    assert living.registry.is_good_token(living.tokens["fresh"])


def test_last_use_is_noted_but_not_each(living_sqlite: Living, clock: Any) -> None:
    living = living_sqlite

    def used() -> int | None:
        with living.database.reading() as session:
            account = accounts.find_account(session, "reader")
            return accounts.tokens_of(session, account.id)[0].used_at

    assert used() is None
    ask = lambda: living.client.get("/api/v1/webhooks", headers=living.headers("reader"))  # noqa: E731
    ask()
    first = used()
    assert first == clock.now
    clock.step(accounts.USED_EVERY)
    ask()
    assert used() == first
    clock.step(1)
    ask()
    assert used() == clock.now


def test_the_use_of_a_key_that_only_reads_is_noted_too(living_sqlite: Living, clock: Any) -> None:
    with limited(living_sqlite, key_rate_per_minute=5) as client:
        assert client.get("/api/v1/items?limit=1", headers=living_sqlite.headers("reader")).status_code == 200
        client.app.state.registry.noting.flush()
    with living_sqlite.database.reading() as session:
        account = accounts.find_account(session, "reader")
        assert accounts.tokens_of(session, account.id)[0].used_at == clock.now


def test_invented_keys_of_one_address_cost_no_more_questions_than_its_limit(
    living_sqlite: Living, watch: Stopwatch
) -> None:
    with limited(living_sqlite, rate_per_minute=3, key_rate_per_minute=5) as client:
        registry, asked = client.app.state.registry, []  # type: ignore[attr-defined]
        guarded = next(one for one in walk(client.app) if isinstance(one, Guarded))
        guarded.manners._check = lambda token: asked.append(token) or registry.is_good_token(token)  # type: ignore[func-returns-value]
        for number in range(8):
            client.get("/api/v1/log/head", headers={"Authorization": f"Bearer qdt_{number}"})
        assert len(asked) == 3
        watch.now += 20
        key = {"Authorization": f"Bearer {living_sqlite.tokens['reader']}"}
        assert client.get("/api/v1/log/head", headers=key).status_code == 200
        assert len(asked) == 4


def walk(app: Any) -> Iterator[Any]:
    app = app.middleware_stack
    while app is not None:
        yield app
        app = getattr(app, "app", None)


@pytest.mark.parametrize(
    ("asked", "taken"),
    [
        ("gzip", True),
        ("br, GZIP ; q=0.5", True),
        ("x-gzip", True),
        ("gzip;q=0.000", False),
        ("gzip;q=", False),
        ("gzip;q=much", False),
        ("*", False),
        ("identity, gzip-not", False),
        ("", False),
    ],
)
def test_gzip_is_sent_to_who_names_it(asked: str, taken: bool) -> None:
    assert manners.accepts_gzip(asked) is taken
