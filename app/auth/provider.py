"""The government's own sign-on: an OpenID provider, by its discovery document (OpenID Connect Core 1.0, code flow).

Everything the provider says is checked before it counts: who issued the ID token and for whom, with which of the
published keys it is signed, until when it is good, and that it answers the very question that was asked (nonce,
PKCE). Clocks may differ by ``LEEWAY``. Nothing here touches the database.

A provider that hangs holds up nothing but sign-ons: few ask it at once, none longer than ``SECONDS``, and for
``AWAY_SECONDS`` after a failure nobody does.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import KeySet

from app import limiting, log
from app.auth.trying import crowded
from app.errors import Forbidden, Invalid, Unavailable

LEEWAY = 60
"""Seconds that the provider's clock may be off, either way."""
TIMEOUT = (5.0, 10.0)
"""Seconds to connect, and for each part of an answer."""
SECONDS, AT_ONCE = 12.0, 6
"""Seconds that all of a question takes at most, however slowly the answer comes, and how many ask at once."""
AWAY_SECONDS = 10
"""For so long a provider that did not answer is not asked again."""
MOST_BYTES = 1_000_000
KEPT_SECONDS, AGAIN_SECONDS = 3600, 30
"""How long the provider's documents are kept, and how soon they are asked for anew where a key is not among them."""
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a published key alone: never none, never one by a secret that is shared."""
LONGEST_SUBJECT = 255
"""OpenID Connect Core 2: sub is at most 255 ASCII characters."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")
AWAY = "统一身份认证现在连不上，请稍后再试，或用本系统的账号登录。"
Learnt = TypeVar("Learnt")


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed with the provider, by settings."""

    issuer: str
    client_id: str
    client_secret: str = ""
    ca: str = ""
    """A file of the certificates that sign the provider's, on a network with its own."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the provider vouches for. ``name`` is told to people, never decided by."""

    issuer: str
    subject: str
    name: str = ""


class Provider:
    """One provider; its documents are kept for an hour. Safe for threads."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}
        self._places, self._away_until = limiting.Places(AT_ONCE), 0.0

    def metadata(self) -> dict[str, Any]:
        """The discovery document. Raises Unavailable, Invalid where it is another issuer's."""
        kept = self._fresh(self._discovery, KEPT_SECONDS)
        return self._checked_metadata(kept) if kept else self._asked(self._metadata)

    def address(self, metadata: Mapping[str, Any], back: str, state: str, nonce: str, verifier: str) -> str:
        """Where the browser is sent to sign in; asks nobody. ``back``: the address that it comes back to."""
        with self._session(back) as session:
            address, _ = session.create_authorization_url(
                metadata["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
            )
        return str(address)

    def end_address(self, back: str) -> str:
        """Where the browser is sent to sign out of the provider too; empty where that is not offered."""
        end = self.metadata().get("end_session_endpoint")
        if not end:
            return ""
        _require_safe(end)
        asked = urlencode({"client_id": self.terms.client_id, "post_logout_redirect_uri": back})
        return f"{end}{'&' if urlsplit(end).query else '?'}{asked}"

    def person(self, code: str, back: str, nonce: str, verifier: str) -> Person:
        """Whom the code stands for. Raises Forbidden where anything is not as it must be, Unavailable."""
        return self._asked(partial(self._person, code, back, nonce, verifier))

    # --- inner --------------------------------------------------------------------------------------------

    def _asked(self, ask: Callable[[], Learnt]) -> Learnt:
        """What is learnt in a thread of its own, which holds its place until it ends; whoever waits for it does so no
        longer than ``SECONDS``: a socket's own timeout begins anew with every byte."""
        if limiting.clock() < self._away_until:
            raise _away()
        if not self._places.take():
            raise crowded()
        learnt: Future[Learnt] = Future()
        threading.Thread(target=self._learn, args=(ask, learnt), name="sign-on", daemon=True).start()
        try:
            return learnt.result(SECONDS)
        except (TimeoutError, Unavailable) as error:
            self._away_until = limiting.clock() + AWAY_SECONDS
            raise _away() from error

    def _learn(self, ask: Callable[[], Learnt], learnt: Future[Learnt]) -> None:
        try:
            learnt.set_result(ask())
        except Exception as error:
            learnt.set_exception(error)
        finally:
            self._places.give_back()

    @property
    def _discovery(self) -> str:
        return self.terms.issuer.rstrip("/") + "/.well-known/openid-configuration"

    def _metadata(self) -> dict[str, Any]:
        return self._checked_metadata(self._document(self._discovery))

    def _checked_metadata(self, found: dict[str, Any]) -> dict[str, Any]:
        if found.get("issuer") != self.terms.issuer:
            raise _set_wrong("发现文档中的 issuer 与设置的不一致")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            _require_safe(found.get(name))
        return found

    def _person(self, code: str, back: str, nonce: str, verifier: str) -> Person:
        metadata = self._metadata()
        try:
            with self._session(back, metadata) as session:
                answer = session.fetch_token(
                    metadata["token_endpoint"],
                    code=code,
                    code_verifier=verifier,
                    timeout=TIMEOUT,
                    allow_redirects=False,
                )
        except requests.RequestException as error:
            raise _away() from error
        except (AuthlibBaseError, ValueError, TypeError) as error:
            raise _refused("授权码没有换得身份，可能已经用过或过期") from error
        return self._checked(answer, nonce, metadata)

    def _checked(self, answer: Mapping[str, Any], nonce: str, metadata: Mapping[str, Any]) -> Person:
        text = answer.get("id_token")
        if not isinstance(text, str):
            raise _refused("没有给出身份令牌")
        token = self._signed(text, metadata)
        terms = self.terms
        claims = CodeIDToken(
            token.claims,
            token.header,
            {
                "iss": {"essential": True, "value": terms.issuer},
                "aud": {"essential": True, "value": terms.client_id},
                "sub": {"essential": True},
            },
            {"nonce": nonce, "client_id": terms.client_id, "access_token": answer.get("access_token")},
        )
        try:
            claims.validate(now=log.now_microseconds() // 1_000_000, leeway=LEEWAY)
        except ExpiredTokenError as error:
            raise _refused("身份令牌已过期，请核对两边服务器的时间") from error
        except (JoseError, ValueError, TypeError) as error:
            raise _refused(f"身份令牌的 {getattr(error, 'claim', None) or '内容'} 不符") from error
        subject = claims["sub"]
        if not (isinstance(subject, str) and 0 < len(subject) <= LONGEST_SUBJECT and subject.isprintable()):
            raise _refused("身份令牌的 sub 不符")
        name = claims.get("name") or claims.get("preferred_username") or ""
        return Person(terms.issuer, subject, str(name)[:100])

    def _signed(self, text: str, metadata: Mapping[str, Any]) -> jwt.Token:
        """The ID token, once its signature is found good with a key that stands now."""
        offered = metadata.get("id_token_signing_alg_values_supported")
        algorithms = [one for one in ALGORITHMS if not isinstance(offered, list) or one in offered]
        for soonest in (KEPT_SECONDS, AGAIN_SECONDS):  # a key may be new
            keys = self._document(metadata["jwks_uri"], soonest)
            try:
                return jwt.decode(text, KeySet.import_key_set(keys), algorithms=algorithms)  # type: ignore[arg-type]
            except (JoseError, ValueError, TypeError, KeyError) as error:
                failed = error
        raise _refused("身份令牌的签名不对") from failed

    def _document(self, address: str, seconds: float = KEPT_SECONDS) -> dict[str, Any]:
        """A JSON document of the provider, kept for so long."""
        _require_safe(address)
        kept = self._fresh(address, seconds)
        if not kept:
            kept = _fetched(address, self.terms.ca)
            self._kept[address] = (limiting.clock(), kept)
        return kept

    def _fresh(self, address: str, seconds: float) -> dict[str, Any]:
        """A document that was fetched within so many seconds; empty where none was."""
        at, kept = self._kept.get(address, (0.0, {}))
        return kept if limiting.clock() - at < seconds else {}

    def _session(self, back: str, metadata: Mapping[str, Any] | None = None) -> OAuth2Session:
        session = OAuth2Session(
            self.terms.client_id,
            self.terms.client_secret or None,
            token_endpoint_auth_method=self._method(metadata or {}),
            redirect_uri=back,
            scope="openid profile",
            code_challenge_method="S256",
        )
        _bind(session, self.terms.ca)
        return session

    def _method(self, metadata: Mapping[str, Any]) -> str:
        if not self.terms.client_secret:
            return "none"
        offered = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return "client_secret_basic" if "client_secret_basic" in offered else "client_secret_post"


def challenge_of(text: str) -> str:
    """What of a secret is kept here: its digest."""
    return hashlib.sha256(text.encode()).hexdigest()


def _bind(session: requests.Session, ca: str) -> None:
    """By our settings alone: no proxy, password file or certificates of the environment."""
    session.trust_env = False
    session.verify = ca or True


def _fetched(address: str, ca: str) -> dict[str, Any]:
    try:
        with requests.Session() as session:
            _bind(session, ca)
            with session.get(address, timeout=TIMEOUT, allow_redirects=False, stream=True) as answer:
                if answer.status_code != 200:
                    raise _away()
                body = answer.raw.read(MOST_BYTES + 1, decode_content=True)
                answer._content = body
                found = answer.json() if len(body) <= MOST_BYTES else None
    except (requests.RequestException, OSError, ValueError) as error:
        raise _away() from error
    if not isinstance(found, dict):
        raise _away()
    return found


def _require_safe(address: object) -> None:
    """Encrypted, save on this very machine. Raises Invalid."""
    parts = urlsplit(address) if isinstance(address, str) else urlsplit("")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise _set_wrong("地址须以 https:// 开头")


def _away() -> Unavailable:
    return Unavailable(AWAY, code="provider-away", retry_after=AWAY_SECONDS)


def _set_wrong(why: str) -> Invalid:
    return Invalid(
        f"统一身份认证的设置不对：{why}，请联系管理员；可先用本系统的账号登录。", code="provider-set-wrong"
    )


def _refused(why: str) -> Forbidden:
    return Forbidden(f"统一身份认证没有通过：{why}。请重新登录。", code="provider-refused")
