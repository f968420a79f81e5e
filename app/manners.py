"""What every answer of the API says around its body: limits, cross-origin reads, what is going away."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool

from app.limiting import Buckets, Granted, is_local, place_of

API = "/api/v1/"
HEALTH = ("/healthz", "/readyz", "/metrics")
DOCUMENTS = ("/docs", "/redoc", "/openapi.json")
NEVER_BARE = f"{API}export.jsonl"
"""To say its length every line would be written; what else its headers say, ``/log/head`` does."""
FREE = ("/static/", "/static-docs", "/healthz", "/readyz", "/metrics")
"""Of no limit: what browsers keep, and what watches the registry."""
SIGN_INS = frozenset({"/office/sign-in", "/office/code", "/office/sign-on"})
"""Where who one is is tried: POSTs that take long on purpose, or ask another system."""
OPEN_POSTS = frozenset({"/api/v1/items/lookup"})
"""POSTs that only read: other sites' pages may send them too."""
CROSS_ORIGIN = [(b"access-control-allow-origin", b"*")]
EXPOSED = (
    b"access-control-expose-headers",
    b"ETag, Last-Modified, Link, Location, X-Log-Seq, X-Log-Hash, X-Known-At, X-On, X-Request-Id, RateLimit,"
    b" RateLimit-Policy, Retry-After, Deprecation, Sunset",
)
PREFLIGHT = [
    *CROSS_ORIGIN,
    (b"access-control-allow-methods", b"GET, HEAD, POST, OPTIONS"),
    (
        b"access-control-allow-headers",
        b"Accept, Authorization, Content-Type, If-None-Match, If-Modified-Since",
    ),
    (b"access-control-max-age", b"86400"),
]
KNOWN_SECONDS = 60.0
"""For so long a key that was found good is taken for good by the limits; what it may do is asked each time."""

DEPRECATED: dict[str, tuple[int, str, str]] = {}
"""Path -> (since, as seconds of Unix time; the day it is switched off, as an HTTP date; what to use instead).
The promise in docs/integrating.md: twelve months between the two at least."""

Headers = list[tuple[bytes, bytes]]


def weights_in(header: str) -> dict[str, float]:
    """What an ``Accept`` or ``Accept-Encoding`` names -> how much it is preferred, 0 to 1 (RFC 9110 12.4.2); what has
    a weight that is no number is not asked for."""
    found: dict[str, float] = {}
    for part in header.split(",")[:50]:
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        found[name] = quality
    return found


def accepts_gzip(header: str) -> bool:
    """Whether an ``Accept-Encoding`` names gzip, by either of its names (RFC 9110 8.4.1.3), and not to refuse it. What
    a wildcard alone covers is not asked for."""
    weights = weights_in(header)
    return any(weights.get(name, 0.0) > 0 for name in ("gzip", "x-gzip"))


class Manners:
    """``check`` says whether a token is good; it may ask the database, so it runs in a thread."""

    def __init__(
        self,
        by_address: int,
        by_key: int,
        local: int,
        pages: int,
        check: Callable[[str], bool],
        sign_ins: int = 0,
    ) -> None:
        """Requests a minute: of the API by address and by key, of this machine itself, of pages by address; tries to
        sign in by address."""
        self.addresses, self.keys, self.local = Buckets(by_address), Buckets(by_key), Buckets(local)
        self.pages, self.sign_ins = Buckets(pages), Buckets(sign_ins)
        self._unknown = Buckets(by_address)
        """Keys that are not known to be good, by address: the database is asked for no more of them."""
        self._check = check
        self._good: dict[str, float] = {}

    async def granted(
        self, path: str, headers: Mapping[bytes, bytes], address: str | None, method: str = "GET"
    ) -> Granted | None:
        """The limit that a request counts against: its key's where it has a good one, else its address's; a page's is
        its own, so that programs and readers of one address are not in each other's way, and a sign-in's too."""
        if not path.startswith(API):
            if path.startswith(FREE):
                return None
            if is_local(address):
                return self.local.take("local")
            signs_in = method == "POST" and path in SIGN_INS
            return (self.sign_ins if signs_in else self.pages).take(place_of(address))
        token = _token_in(headers.get(b"authorization", b""))
        if token and self.keys.per_minute:
            key = hashlib.sha256(token.encode()).hexdigest()
            if await self._is_good(key, token, address):
                return self.keys.take(key)
        if is_local(address):
            return self.local.take("local")
        return self.addresses.take(place_of(address))

    async def _is_good(self, key: str, token: str, address: str | None) -> bool:
        from app.limiting import clock

        if self._good.get(key, 0) > clock():
            return True
        asked = None if is_local(address) else self._unknown.take(place_of(address))
        if (asked is not None and asked.wait) or not await run_in_threadpool(self._check, token):
            return False
        if len(self._good) > 10_000:
            self._good.clear()
        self._good[key] = clock() + KNOWN_SECONDS
        return True


def _token_in(header: bytes) -> str:
    """The bearer token of an ``Authorization``, however it is spelt: a key is one, its spellings are many."""
    scheme, _, token = header.decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def limit_headers(granted: Granted) -> Headers:
    """``RateLimit-Policy`` and ``RateLimit`` as the IETF draft has them; ``Retry-After`` where refused."""
    found = [
        (b"ratelimit-policy", b'"requests";q=%d;w=60' % granted.limit),
        (b"ratelimit", b'"requests";r=%d;t=%d' % (granted.left, math.ceil(granted.wait) or 1)),
    ]
    if granted.wait:
        found.append((b"retry-after", b"%d" % max(1, math.ceil(granted.wait))))
    return found


def unkept(*, replayed: bool = False) -> dict[str, str]:
    """Of answers that are for one reader alone; ``replayed``: the first answer to an ``Idempotency-Key`` again."""
    return {"Cache-Control": "private, no-store"} | ({"Idempotent-Replay": "true"} if replayed else {})


def is_held(wanted: str, tag: str) -> bool:
    """Whether an ``If-None-Match`` names what would be answered."""
    return wanted == "*" or tag in [part.strip().removeprefix("W/") for part in wanted.split(",")]


def saved_as(name: str) -> dict[str, str]:
    """Of a file that is to be kept under a name, whatever its letters."""
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}


def read_headers(scope: Mapping[str, Any]) -> Headers:
    """Of what other sites' pages may read: answers to reads, never to writes."""
    path = scope["path"]
    if not path.startswith(API) or not (scope["method"] in ("GET", "HEAD") or path in OPEN_POSTS):
        return []
    found = [*CROSS_ORIGIN, EXPOSED]
    if path in DEPRECATED:
        since, sunset, instead = DEPRECATED[path]
        found += [
            (b"deprecation", b"@%d" % since),
            (b"sunset", sunset.encode()),
            (b"link", f'<{instead}>; rel="successor-version"'.encode()),
        ]
    return found


def is_bare(scope: Mapping[str, Any]) -> bool:
    """Whether an answer for programs, or of how they are answered, is asked for without its body: its route knows GET
    alone."""
    if scope["method"] != "HEAD":
        return False
    path = scope["path"]
    return (path.startswith(API) or path in HEALTH or path in DOCUMENTS) and path != NEVER_BARE


def is_preflight(scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> bool:
    return (
        scope["method"] == "OPTIONS"
        and scope["path"].startswith(API)
        and b"access-control-request-method" in headers
    )
