"""Calling the API: one connection kept open, refusals as errors, waiting where the server says so."""

from __future__ import annotations

import gzip
import http.client
import json
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast
from urllib.parse import quote, urlencode, urlsplit

from .shapes import Changes, Event, Found, Item, LookedUp, Row

BULK = 1_000
"""Codes that one look-up takes."""
RETRIES = 3
LONGEST_PAUSE = 30.0
"""Seconds that a ``Retry-After`` is followed for; a longer one is an error at once."""

Query = Mapping[str, Any]


class Problem(Exception):
    """A refusal (RFC 9457): ``status``, the stable ``code``, the sentence in ``detail``, and ``facts``."""

    def __init__(self, status: int, document: Mapping[str, Any]) -> None:
        super().__init__(document.get("detail") or f"HTTP {status}")
        self.status = status
        self.code = str(document.get("code", "http"))
        self.detail = str(document.get("detail", ""))
        self.facts: dict[str, Any] = dict(document.get("facts") or {})


class Gone(Exception):
    """The server did not answer; nothing is known of what it did."""


class Client:
    """A registry at an address. Not to be shared between threads; each has its own.

    ``key``: a token or key, sent as Bearer; reads need none, but have more room with one. Reads that the server is
    too busy for (429, 503) or that a broken connection cut off are tried again, after the pause it asks for.
    """

    def __init__(self, address: str, key: str | None = None, *, timeout: float = 90.0) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not an address of a registry: {address!r}")
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._base = parts.path.rstrip("/") + "/api/v1"
        self._key, self._timeout = key, timeout
        self._connection: http.client.HTTPConnection | None = None

    # --- items

    def item(self, asked: str, on: str | None = None, known_at: str | int | None = None) -> Item:
        """An item by id or code, on a day, as known at a time. Raises Problem: 404, or 300 for several holders."""
        path = f"/items/{quote(asked, safe='')}" if asked.startswith("qdi-") else "/items"
        query = {"on": on, "known_at": known_at, "code": None if path != "/items" else asked}
        return cast(Item, self.get(path, query))

    def items(self, **filters: Any) -> Iterator[Row]:
        """The rows of a list, all its pages: ``on``, ``region``, ``authority``, ``type``, ``level``, ``status``."""
        after: str | None = None
        while True:
            page = self.get("/items", {"limit": 500, **filters, "after": after})
            yield from page["items"]
            after = page["next"]
            if after is None:
                return

    def look_up(self, codes: Sequence[str], on: str | None = None) -> list[LookedUp]:
        """Codes or ids, any number of them, each answered in the order asked."""
        found: list[LookedUp] = []
        for start in range(0, len(codes), BULK):
            asked = {"codes": list(codes[start : start + BULK]), **({"on": on} if on else {})}
            found += self._json("POST", "/items/lookup", body=asked, again=True)["results"]
        return found

    def search(self, words: str, **filters: Any) -> Found:
        return cast(Found, self.get("/search", {"q": words, **filters}))

    # --- following

    def changes(self, since: int, *, wait: int = 0, **filters: Any) -> Changes:
        """A page of the feed; ``wait``: seconds to wait for something where there is nothing yet."""
        return cast(Changes, self.get("/changes", {"since": since, "wait": wait or None, **filters}))

    def all_changes(self, since: int, **filters: Any) -> Iterator[Event]:
        """Every event recorded after a seq, up to now."""
        following: int | None = since
        while following is not None:
            page = self.changes(following, **filters)
            yield from page["changes"]
            following = page["next"]

    def head(self) -> dict[str, Any]:
        """Seq and hash of the last log entry: keep them, to prove later what was there."""
        return self.get("/log/head")

    def export(self, **query: Any) -> tuple[dict[str, str], Iterator[bytes]]:
        """(headers in lower case, the lines without their ends) of an export, streamed. Read them to the end before the
        next call. Raises Gone where the connection breaks among them."""
        answer = self._send(
            "GET", self._address("/export.jsonl", query), None, {"Accept-Encoding": "gzip"}, True
        )
        if answer.status != 200:
            raise self._problem(answer)
        return {name.lower(): value for name, value in answer.getheaders()}, _lines_of(answer)

    # --- the rest

    def get(self, path: str, query: Query | None = None) -> Any:
        """Any read under /api/v1. Redirects from a code to the item's own address are followed."""
        return self._json("GET", path, query)

    def post(self, path: str, body: Any = None, *, idempotency_key: str | None = None) -> Any:
        """Any write. With an ``idempotency_key`` it may be repeated, and is where the connection breaks."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self._json("POST", path, body=body, headers=headers, again=idempotency_key is not None)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- how

    def _json(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        again: bool | None = None,
    ) -> Any:
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        sent = {"Accept-Encoding": "gzip", **(headers or {})}
        if data is not None:
            sent["Content-Type"] = "application/json"
        repeatable = method == "GET" if again is None else again
        answer = self._send(method, self._address(path, query), data, sent, repeatable)
        if answer.status in (307, 308) and (target := answer.getheader("Location")):
            answer.read()
            answer = self._send(method, target, data, sent, repeatable)
        if answer.status >= 300:
            raise self._problem(answer)
        return json.loads(_whole(answer))

    def _address(self, path: str, query: Query | None = None) -> str:
        asked = [(name, value) for name, value in (query or {}).items() if value is not None]
        return self._base + path + (f"?{urlencode(asked, doseq=True)}" if asked else "")

    def _send(
        self, method: str, address: str, data: bytes | None, headers: dict[str, str], again: bool
    ) -> http.client.HTTPResponse:
        if self._key:
            headers = {**headers, "Authorization": f"Bearer {self._key}"}
        for attempt in range(RETRIES + 1):
            last = attempt == RETRIES or not again
            try:
                answer = self._once(method, address, data, headers)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if last:
                    raise Gone(f"{method} {address}: {error!r}") from error
                time.sleep(0.1 * 2**attempt)
                continue
            pause = _pause(answer)
            if last or pause is None:
                return answer
            answer.read()
            time.sleep(pause)
        raise AssertionError("unreachable")

    def _once(
        self, method: str, address: str, data: bytes | None, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        if self._connection is None:
            kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
            self._connection = kind(self._host, self._port, timeout=self._timeout)
        self._connection.request(method, address, body=data, headers=headers)
        return self._connection.getresponse()

    @staticmethod
    def _problem(answer: http.client.HTTPResponse) -> Problem:
        try:
            document = json.loads(_whole(answer))
        except ValueError:
            document = {}
        return Problem(answer.status, document if isinstance(document, dict) else {})


def _pause(answer: http.client.HTTPResponse) -> float | None:
    """Seconds after which to ask again; None where the answer is one."""
    if answer.status not in (429, 503):
        return None
    told = answer.getheader("Retry-After", "1")
    seconds = float(told) if told.isdigit() else 1.0
    return seconds if seconds <= LONGEST_PAUSE else None


def _whole(answer: http.client.HTTPResponse) -> bytes:
    data = answer.read()
    return gzip.decompress(data) if answer.getheader("Content-Encoding") == "gzip" else data


def _lines_of(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    """The lines of a streamed answer; a stream that is cut off raises Gone, it does not just end."""
    packed = answer.getheader("Content-Encoding") == "gzip"
    unpack = zlib.decompressobj(47) if packed else None
    held = b""
    try:
        while block := answer.read(1 << 18):
            held += unpack.decompress(block) if unpack else block
            *lines, held = held.split(b"\n")
            yield from lines
    except (OSError, http.client.HTTPException, zlib.error) as error:
        raise Gone(f"the export was cut off: {error!r}") from error
    if held or (unpack and not unpack.eof):
        raise Gone("the export was cut off")
