"""Signing in by a government's own provider, which runs on loopback: who comes in, and what keeps one out."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from functools import partial
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pyotp
import pytest
from browsing import PHRASE, POST, Browser, filled
from fastapi.testclient import TestClient
from joserfc.jwk import OctKey
from openid import CLIENT, SECRET, OpenIdProvider
from reading import BROWSER, Page, assert_safe
from seeded import FELLING, KINDS, Living

from app import limiting
from app.auth import provider as module
from app.auth import sign_on, signing_in
from app.auth.accounts import add_account, find_account
from app.auth.passwords import DAY, POLICIES
from app.auth.provider import AWAY
from app.errors import Unavailable
from app.limiting import Places
from app.web.office.doors.sign_on import BEGUN, provider_of
from app.web.office.doors.visiting import COOKIE

MINUTE = 60_000_000
CLOCKS = (
    ("exp", -59, True),
    ("exp", -60, False),
    ("iat", 60, True),
    ("iat", 61, False),
    ("nbf", 60, True),
    ("nbf", 61, False),
)


@pytest.fixture(scope="module")
def running() -> Iterator[OpenIdProvider]:
    made = OpenIdProvider()
    yield made
    made.served.stop()


@pytest.fixture(scope="module", params=KINDS)
def opened(request: pytest.FixtureRequest, run_seeded: Callable[..., Living]) -> Iterator[Living]:
    """One registry of a kind for all: each test has people of its own."""
    with ExitStack() as stack:
        yield run_seeded(request.param, stack)


@pytest.fixture
def provider(running: OpenIdProvider) -> OpenIdProvider:
    """The running one, as it was at first."""
    running.person = {}
    running.claims, running.metadata, running.sign_with, running.algorithm = {}, {}, None, "RS256"
    running.published = [running.key]
    return running


class Way:
    """One browser, in a registry that has the provider set, and one person of it who is linked to an account."""

    numbers = count(1)

    def __init__(self, living: Living, provider: OpenIdProvider, clock: Any) -> None:
        self.living, self.provider, self.clock = living, provider, clock
        settings = living.registry.settings
        settings.oidc_issuer, settings.oidc_client_id = provider.issuer, CLIENT
        settings.oidc_client_secret, settings.password_policy = SECRET, "asvs"
        number = next(self.numbers)
        self.name, self.sub = f"zhang{number}", f"sub-of-zhang-{number}"
        provider.person = {"sub": self.sub, "name": "张三"}
        from app.web.office.doors.sign_on import _provider

        _provider.cache_clear()  # what was kept of it belongs to another test
        with living.database.writing() as session:
            account = add_account(session, self.name, ["edit"], display_name="张三")
            sign_on.link(session, account, provider.issuer, self.sub)
        self.client = TestClient(living.client.app, base_url="http://127.0.0.1", follow_redirects=False)

    def go(self, **fields: Any) -> Any:
        answer = self.client.post("/office/sign-on", data=fields, headers=POST)
        return answer

    def there(self, **fields: Any) -> str:
        """To the provider and what it sends the browser back to: path and query."""
        answer = self.go(**fields)
        assert answer.status_code == 200, Page(answer.text).words[:500]
        assert_safe(Page(answer.text))
        address = answer.headers["refresh"].partition("url=")[2]
        back = httpx.get(address, trust_env=False)
        assert back.status_code == 303, back.text
        return back.headers["location"].removeprefix("http://127.0.0.1")

    def back(self, path: str) -> Any:
        return self.client.get(path, headers={**BROWSER, "Sec-Fetch-Site": "cross-site"})

    def sign_in(self, **fields: Any) -> Any:
        return self.back(self.there(**fields))

    def refused(self, words: str, **fields: Any) -> None:
        """The whole way, and nobody in at the end of it; said, and noted."""
        noted = self.events("sign-in-refused")
        answer = self.sign_in(**fields)
        assert (answer.status_code, COOKIE in self.client.cookies) == (403, False), answer.text[:1500]
        assert words in Page(answer.text).words
        assert self.events("sign-in-refused") == noted + 1

    def events(self, event: str) -> int:
        return self.living.rows(f"SELECT count(*) FROM access_log WHERE event = '{event}'")[0][0]


@pytest.fixture
def way(opened: Living, provider: OpenIdProvider, clock: Any) -> Way:
    return Way(opened, provider, clock)


def test_a_linked_person_comes_in_as_the_account_and_goes_on(
    living: Living, provider: OpenIdProvider, clock: Any
) -> None:
    way = Way(living, provider, clock)
    page = Page(way.client.get("/office/sign-in?next=/office/changesets", headers=BROWSER).text)
    assert "用统一身份认证登录" in page.words
    answer = way.sign_in(next="/office/changesets")
    assert (answer.status_code, answer.headers["location"]) == (303, "/office/changesets")
    assert "张三" in way.client.get("/office", headers=BROWSER).text
    noted = living.rows("SELECT account, note FROM access_log WHERE event = 'signed-in' ORDER BY id DESC")[0]
    assert noted[1] == "oidc"
    assert "没有密码" in way.client.get("/office/account", headers=BROWSER).text


def test_without_the_setting_nothing_of_it_is_offered(living_sqlite: Living) -> None:
    client = TestClient(living_sqlite.client.app, base_url="http://127.0.0.1", follow_redirects=False)
    assert "/office/sign-on" not in client.get("/office/sign-in", headers=BROWSER).text
    assert client.post("/office/sign-on", headers=POST).status_code == 404
    assert client.get("/office/sign-on", headers=BROWSER).status_code == 404


def test_what_is_asked_of_the_provider(way: Way) -> None:
    answer = way.go()
    asked = parse_qs(urlsplit(answer.headers["refresh"].partition("url=")[2]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == ["http://127.0.0.1/office/sign-on"]
    assert {"state", "nonce", "code_challenge"} <= set(asked)
    assert SECRET not in answer.text
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(BEGUN)
    assert "httponly" in cookie
    assert "path=/office/sign-on" in cookie


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"nonce": "another"}, "nonce 不符"),
        ({"nonce": None}, "nonce 不符"),
        ({"aud": "another"}, "aud 不符"),
        ({"aud": [CLIENT, "another"]}, "azp 不符"),
        ({"azp": "another"}, "azp 不符"),
        ({"iss": "http://127.0.0.1:1"}, "iss 不符"),
        ({"sub": None}, "sub 不符"),
        ({"sub": ""}, "sub 不符"),
        ({"sub": 3}, "sub 不符"),
        ({"sub": "x" * 256}, "sub 不符"),
        ({"exp": None}, "exp 不符"),
        ({"at_hash": "bm90IGl0"}, "at_hash 不符"),
    ],
)
def test_a_token_that_is_not_the_answer_is_refused(way: Way, claims: dict[str, Any], words: str) -> None:
    way.provider.claims = claims
    way.refused(words)


@pytest.mark.parametrize(
    ("name", "seconds", "good"),
    CLOCKS,
)
def test_clocks_may_differ_by_a_minute_and_no_more(way: Way, name: str, seconds: int, good: bool) -> None:
    way.provider.claims = {name: way.clock.now // 1_000_000 + seconds}
    if good:
        assert way.sign_in().status_code == 303
    else:
        way.refused("已过期" if name == "exp" else f"{name} 不符")


def test_a_signature_by_no_published_key_is_refused(way: Way) -> None:
    way.provider.sign_with = way.provider.make_key("k1")
    way.refused("签名不对")


def test_the_shared_secret_signs_nothing(way: Way) -> None:
    """A token signed by what both know proves nothing of who wrote it."""
    way.provider.sign_with, way.provider.algorithm = OctKey.import_key(SECRET), "HS256"
    way.provider.metadata = {"id_token_signing_alg_values_supported": ["RS256", "HS256", "none"]}
    way.refused("签名不对")


def test_a_token_without_a_signature_is_refused(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    way.provider.metadata = {"id_token_signing_alg_values_supported": ["RS256", "none"]}
    signed = way.provider.id_token

    def bare(nonce: str) -> str:
        header = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()
        return f"{header}.{signed(nonce).split('.')[1]}."

    monkeypatch.setattr(way.provider, "id_token", bare)
    way.refused("签名不对")


def test_a_new_key_of_the_provider_is_found(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0)
    assert way.sign_in().status_code == 303
    way.client.cookies.clear()
    new = way.provider.make_key("k2")
    way.provider.published, way.provider.sign_with = [new], new
    assert way.sign_in().status_code == 303


def test_a_way_back_is_gone_once_and_by_its_own_browser(way: Way) -> None:
    path = way.there()
    other = TestClient(way.living.client.app, base_url="http://127.0.0.1", follow_redirects=False)
    stolen = other.get(path, headers=BROWSER)
    assert stolen.status_code == 403
    assert "不是从这个浏览器发起的" in stolen.text
    assert COOKIE not in other.cookies
    cookie = way.client.cookies[BEGUN]
    assert way.back(path).status_code == 303
    way.client.cookies.clear()
    way.client.cookies.set(BEGUN, cookie, path="/office/sign-on")
    again = way.back(path)
    assert again.status_code == 403
    assert "已经用过" in again.text
    assert COOKIE not in way.client.cookies


def test_a_state_that_nobody_was_given_is_refused(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the writer's lock: anybody can make one up, as often as he likes."""
    way.there()
    registry = way.living.registry
    registry.noting.flush()  # what other tests left to be noted
    noted = way.events("sign-in-refused")
    with monkeypatch.context() as patched:
        patched.setattr(registry.database, "writing", None)
        patched.setattr(registry.noting, "flush", lambda: None)  # its thread writes later, with others' notes
        answer = way.back("/office/sign-on?code=x&state=made-up")
    assert answer.status_code == 403
    assert COOKIE not in way.client.cookies
    registry.noting.flush()
    assert way.events("sign-in-refused") == noted + 1


@pytest.mark.parametrize(("later", "good"), [(10 * MINUTE, True), (10 * MINUTE + 1, False)])
def test_a_way_back_is_open_for_ten_minutes(way: Way, later: int, good: bool) -> None:
    path = way.there()
    way.clock.step(later)
    answer = way.back(path)
    assert (answer.status_code == 303) == good
    assert good or "十分钟" in answer.text


def test_a_code_of_another_way_is_refused(way: Way) -> None:
    """PKCE: a code that was taken from another browser's way does not fit this one's proof."""
    other = TestClient(way.living.client.app, base_url="http://127.0.0.1", follow_redirects=False)
    mine, way.client = way.client, other
    stolen = parse_qs(urlsplit(way.there()).query)["code"][0]
    way.client = mine
    path = way.there()
    own = parse_qs(urlsplit(path).query)["code"][0]
    answer = way.back(path.replace(own, stolen))
    assert answer.status_code == 403
    assert "没有换得身份" in answer.text


def test_an_answer_of_another_issuer_is_refused(way: Way) -> None:
    path = way.there()
    answer = way.back(path.partition("&iss=")[0] + "&iss=https%3A%2F%2Fevil.example")
    assert answer.status_code == 403
    assert "不是所设置的那一家" in answer.text


def test_a_refusal_of_the_provider_is_said(way: Way) -> None:
    state = parse_qs(urlsplit(way.there()).query)["state"][0]
    answer = way.back(f"/office/sign-on?error=access_denied&state={state}")
    assert answer.status_code == 403
    assert "没有同意登录" in answer.text


def test_a_person_whom_nobody_linked_is_told_what_to_tell(way: Way) -> None:
    way.provider.person = {"sub": "<b>wang-5</b>", "name": "王五"}
    before = way.living.rows("SELECT count(*) FROM account")
    way.refused("“<b>wang-5</b>（王五）”还没有关联本系统的账号")
    assert way.living.rows("SELECT count(*) FROM account") == before


def test_a_locked_account_stays_out_and_a_link_that_is_taken_away(way: Way) -> None:
    with way.living.database.writing() as session:
        account = find_account(session, way.name)
        account.locked = 1
        session.add(account)
    way.refused("已锁定")
    with way.living.database.writing() as session:
        account = find_account(session, way.name)
        account.locked = 0
        session.add(account)
        sign_on.unlink(session, account, way.sub)
    way.refused("还没有关联")


def test_the_accounts_own_second_factor_is_still_asked_for(way: Way) -> None:
    with way.living.database.writing() as session:
        account = find_account(session, way.name)
        signing_in.set_password(session, account, PHRASE, POLICIES["asvs"])
    text, _ = signing_in.sign_in(way.living.database, way.name, PHRASE)
    with way.living.database.writing() as session:
        present = signing_in.who(session, text, POLICIES["asvs"], signing_in.Limits())
        secret = pyotp.parse_uri(signing_in.begin_totp(session, present)).secret
        code = pyotp.TOTP(secret).generate_otp(way.clock.now // 30_000_000)
        signing_in.confirm_totp(session, present, code)
    assert way.sign_in().status_code == 303
    assert way.client.get("/office", headers=BROWSER).headers["location"] == "/office/code?next=/office"


def test_the_age_of_a_password_keeps_nobody_out_who_came_without_it(way: Way) -> None:
    way.living.registry.settings.password_policy = "djbh3"
    with way.living.database.writing() as session:
        signing_in.set_password(session, find_account(session, way.name), "Lamps-under-9", POLICIES["djbh3"])
    way.clock.step(91 * DAY)
    assert way.sign_in().status_code == 303
    assert way.client.get("/office", headers=BROWSER).status_code == 200


def test_a_provider_that_is_away_is_said_and_the_local_door_stays(way: Way) -> None:
    path = way.there()
    way.provider.served.stop()
    try:
        from app.web.office.doors.sign_on import _provider

        assert "现在连不上" in way.back(path).text
        _provider.cache_clear()
        answer = way.go()
        assert answer.status_code == 503
        assert "现在连不上" in answer.text
        assert 'name="password"' in answer.text
    finally:
        way.provider.served.start()


def test_a_provider_that_did_not_answer_is_let_be_for_a_while(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    now = [1000.0]

    def nobody(address: str, _ca: str) -> Any:
        asked.append(address)
        raise Unavailable(AWAY, code="provider-away")

    with monkeypatch.context() as patched:
        patched.setattr(limiting, "clock", lambda: now[0])
        patched.setattr(module, "_fetched", nobody)
        answers = [way.go() for _ in range(3)]
        assert len(asked) == 1, "the second is refused at once"
        assert {(one.status_code, one.headers["retry-after"]) for one in answers} == {(503, "10")}
        assert all("现在连不上" in one.text for one in answers)
        now[0] += module.AWAY_SECONDS
        way.go()
        assert len(asked) == 2
        patched.undo()
        patched.setattr(limiting, "clock", lambda: now[0] + module.AWAY_SECONDS)
        assert way.sign_in().status_code == 303


@pytest.mark.parametrize("hangs", ["discovery", "token"])
def test_a_provider_that_hangs_is_waited_for_no_longer_than_is_said(
    way: Way, monkeypatch: pytest.MonkeyPatch, hangs: str
) -> None:
    """However slowly it answers: each byte may come in time, and all of them never."""
    over = threading.Event()
    asking = way.go if hangs == "discovery" else partial(way.back, way.there())
    name = "_fetched" if hangs == "discovery" else "OAuth2Session.fetch_token"
    with monkeypatch.context() as patched:
        patched.setattr(f"app.auth.provider.{name}", lambda *_asked, **_more: over.wait(30) and {})
        patched.setattr(module, "SECONDS", 0.01)
        patched.setattr(module, "AWAY_SECONDS", 0)
        try:
            assert asking().status_code == 503
            provider = provider_of(way.living.registry.settings)
            assert provider._places.held == 1, "what hangs keeps its place"
            for _ in range(module.AT_ONCE - 1):
                assert provider._places.take()
            with pytest.raises(Unavailable, match="同时登录的人太多"):
                provider.person("code", "back", "nonce", "verifier")
        finally:
            over.set()


def test_all_that_is_asked_for_one_sign_on_has_one_limit(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float | None] = []

    class Waited(Future[Any]):
        def result(self, timeout: float | None = None) -> Any:
            waited.append(timeout)
            return super().result(timeout)

    path = way.there()
    provider_of(way.living.registry.settings)._kept.clear()  # an hour later
    way.provider.asked.clear()
    monkeypatch.setattr(module, "Future", Waited)
    assert way.back(path).status_code == 303
    assert way.provider.asked == ["discovery", "keys"], "and the token between them"
    assert waited == [module.SECONDS]


def test_whoever_waited_for_the_provider_does_not_wait_for_the_writer_as_well(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, registry = way.there(), way.living.registry
    registry.noting.flush()
    noted = way.events("sign-in-refused")
    with monkeypatch.context() as patched:

        def silent(*_asked: str) -> Any:
            patched.setattr(registry.database, "writing", None)  # another has it by now
            raise Unavailable(AWAY, code="provider-away")

        patched.setattr(module.Provider, "person", silent)
        patched.setattr(registry.noting, "flush", lambda: None)  # its thread writes later
        answer = way.back(path)
    assert (answer.status_code, AWAY in answer.text) == (503, True)
    registry.noting.flush()
    assert way.events("sign-in-refused") == noted + 1


def test_a_sign_on_waits_for_a_place_in_no_thread(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    path = way.there()
    registry = way.living.registry
    with monkeypatch.context() as patched:
        patched.setattr(registry, "sign_ons", Places(0))
        for answer in (way.go(), way.back(path)):
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            assert "同时登录的人太多" in answer.text
    assert way.back(path).status_code == 303, "the way is as it was"
    assert registry.sign_ons.held == 0


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"issuer": "https://evil.example"}, "issuer 与设置的不一致"),
        ({"token_endpoint": "http://sso.example/token"}, "https://"),
        ({"jwks_uri": "file:///etc/passwd"}, "https://"),
    ],
)
def test_a_discovery_document_that_is_wrong_is_refused(
    way: Way, metadata: dict[str, Any], words: str
) -> None:
    way.provider.metadata = metadata
    answer = way.go()
    assert answer.status_code == 422
    assert words in answer.text


def test_signing_out_goes_on_to_the_provider(way: Way) -> None:
    way.sign_in()
    before = way.events("signed-out")
    answer = way.client.post("/office/sign-out", headers=POST)
    assert answer.status_code == 200
    there = answer.headers["refresh"].partition("url=")[2]
    assert there.startswith(f"{way.provider.issuer}/end?client_id={CLIENT}&post_logout_redirect_uri=")
    assert way.client.get("/office", headers=BROWSER).status_code == 303
    assert way.events("signed-out") == before + 1


def test_a_form_that_waited_for_the_sign_in_is_still_there(way: Way) -> None:
    way.sign_in()
    item = way.living.item_called(FELLING)
    place = f"/office/items/{item}/edit"
    fields = filled(Page(way.client.get(place, headers=BROWSER).text)) | {"consult_phone": ["0826-7654321"]}
    way.clock.step(31 * MINUTE)
    over = way.client.post(place, data={**fields, "do": "save"}, headers=POST)
    assert "登录已过期" in over.text
    waiting = filled_in(over.text)
    answer = way.sign_in(**waiting)
    assert answer.status_code == 200, answer.text[:1000]
    page = Page(answer.text)
    assert "已经登录，继续保存" in page.words
    assert 'value="0826-7654321"' in page.html


def filled_in(html: str) -> dict[str, Any]:
    """The hidden fields of the page on which to sign in again."""
    return filled(Page(html.replace('<form class="stack narrow"', '<form class="edit"', 1)))


def test_a_form_of_nobody_is_not_kept(way: Way) -> None:
    with way.living.database.writing() as session:
        session.connection().exec_driver_sql("DELETE FROM sign_on")
    way.there(**{"kept:/": "/office/items/new", "kept:@": "1", "kept:name": "x" * 1000})
    assert {row[0] for row in way.living.rows("SELECT kept FROM sign_on")} == {"[]"}


def test_the_administrator_links_and_takes_away(way: Way) -> None:
    clerk = Browser(way.living, "guanli", ["administer"])
    before = way.events("identity-linked"), way.events("identity-unlinked")
    number = way.living.rows(f"SELECT id FROM account WHERE name = '{way.name}'")[0][0]
    way.sign_in()
    page = clerk.get("/office/accounts")
    assert way.sub in page.words
    clerk.move(f"/office/accounts/{number}", do="unlink", subject=way.sub)
    assert way.client.get("/office", headers=BROWSER).status_code == 303  # signed out at once
    clerk.move(f"/office/accounts/{number}", do="link", subject=" li-4 ")
    refused = clerk.move(f"/office/accounts/{number}", do="link", subject="li-4", status=409)
    assert refused is not None
    assert f"已经关联账号“{way.name}”" in refused.words
    way.provider.person = {"sub": "li-4"}
    way.client.cookies.clear()
    assert way.sign_in().status_code == 303
    assert (way.events("identity-linked"), way.events("identity-unlinked")) == (before[0] + 1, before[1] + 1)
