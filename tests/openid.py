"""An OpenID provider on loopback, small and real: discovery, code flow with PKCE, RS256 tokens, its published keys.

What it says can be bent, one thing at a time: that is what the tests of the sign-on are about.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from loopback import Served

from app import log

CLIENT, SECRET = "qingdan", "agreed between the two"


class OpenIdProvider:
    """``person``: who is signed in there. ``claims``: what its tokens say instead; None leaves a claim out."""

    def __init__(self) -> None:
        self.key = self.make_key("k1")
        self.published = [self.key]
        self.person = {"sub": "zhang-3", "name": "张三"}
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.sign_with: Any = None
        self.algorithm = "RS256"
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        self.served = Served(self._app)

    def make_key(self, kid: str) -> RSAKey:
        return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})

    @property
    def issuer(self) -> str:
        return self.served.address

    def _app(self) -> FastAPI:
        app = FastAPI(openapi_url=None)
        app.add_api_route("/.well-known/openid-configuration", self.discovery)
        app.add_api_route("/authorize", self.authorize, response_model=None)
        app.add_api_route("/token", self.token, methods=["POST"], response_model=None)
        app.add_api_route("/keys", self.keys)
        return app

    def discovery(self) -> dict[str, Any]:
        self.asked.append("discovery")
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/end",
            "id_token_signing_alg_values_supported": ["RS256"],
            **self.metadata,
        }

    def keys(self) -> dict[str, Any]:
        self.asked.append("keys")
        return KeySet(self.published).as_dict(private=False)

    def authorize(self, request: Request) -> Response:
        """Whoever comes is signed in already: back at once, with a code."""
        asked = dict(request.query_params)
        wrong = asked.get("client_id") != CLIENT or asked.get("response_type") != "code"
        wrong = (
            wrong or asked.get("code_challenge_method") != "S256" or "openid" not in asked.get("scope", "")
        )
        if wrong or not all(asked.get(name) for name in ("state", "nonce", "code_challenge", "redirect_uri")):
            return JSONResponse({"error": "invalid_request"}, 400)
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        told = urlencode({"code": code, "state": asked["state"], "iss": self.issuer})
        return RedirectResponse(f"{asked['redirect_uri']}?{told}", 303)

    async def token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        basic = base64.b64encode(f"{CLIENT}:{SECRET.replace(' ', '%20')}".encode()).decode()
        plain = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        asked = self.codes.pop(form.get("code", ""), None)
        proof = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if request.headers.get("authorization") not in (f"Basic {basic}", f"Basic {plain}"):
            return JSONResponse({"error": "invalid_client"}, 401)
        if (
            asked is None
            or form.get("redirect_uri") != asked["redirect_uri"]
            or base64.urlsafe_b64encode(proof).rstrip(b"=").decode() != asked["code_challenge"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        answer = {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": 60}
        return JSONResponse(answer | {"id_token": self.id_token(asked["nonce"])})

    def id_token(self, nonce: str) -> str:
        now = log.now_microseconds() // 1_000_000
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce}
        claims |= self.person | self.claims
        key = self.sign_with or self.key
        header = {"alg": self.algorithm} | ({} if isinstance(key, OctKey) else {"kid": key.kid})
        said = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(header, said, key, algorithms=[self.algorithm])
