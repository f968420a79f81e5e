"""Counts and times of requests, by route: in the memory of each process, told by /metrics.

Names of routes are templates, never addresses: their number is that of the doors, whatever is asked.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Iterator, Mapping
from typing import Any

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the histogram's buckets, in seconds."""
_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_SHORTENED = re.compile(r":[a-z_]+(?=\})")


class Measured:
    """How often and how long, by method, route and status."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str, int], int] = {}
        self._times: dict[tuple[str, str], list[float]] = {}

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        with self._lock:
            key = (method, route, status)
            self._counts[key] = self._counts.get(key, 0) + 1
            held = self._times.setdefault((method, route), [0.0] * (len(BOUNDS) + 2))
            for place, bound in enumerate(BOUNDS):
                if seconds <= bound:
                    held[place] += 1
                    break
            held[-2] += 1
            held[-1] += seconds

    def lines(self) -> Iterator[str]:
        """In the text format of Prometheus."""
        with self._lock:
            counts = sorted(self._counts.items())
            times = sorted((key, list(held)) for key, held in self._times.items())
        yield "# HELP qingdan_requests_total Requests answered, by route."
        yield "# TYPE qingdan_requests_total counter"
        for (method, route, status), count in counts:
            yield f'qingdan_requests_total{{method="{method}",route="{route}",status="{status}"}} {count}'
        yield "# HELP qingdan_request_seconds Time until an answer began, by route."
        yield "# TYPE qingdan_request_seconds histogram"
        for (method, route), held in times:
            named, total = f'method="{method}",route="{route}"', 0
            for bound, within in zip(BOUNDS, held, strict=False):
                total += int(within)
                yield f'qingdan_request_seconds_bucket{{{named},le="{bound}"}} {total}'
            yield f'qingdan_request_seconds_bucket{{{named},le="+Inf"}} {held[-2]:.0f}'
            yield f"qingdan_request_seconds_count{{{named}}} {held[-2]:.0f}"
            yield f"qingdan_request_seconds_sum{{{named}}} {held[-1]:.6f}"


API = "/api/v1"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def route_of(scope: Mapping[str, Any]) -> str:
    """The template of the route that answered, ``/api/v1/items/{item}``; ``other`` where none did."""
    path = getattr(scope.get("route"), "path", None)
    if path is None:
        return "other"
    if scope["path"].startswith(API) and not path.startswith(API):
        path = API + path  # a router knows its routes without what stands before all of them
    return _SHORTENED.sub("", path).replace('"', "")


def method_of(scope: Mapping[str, Any]) -> str:
    return scope["method"] if scope["method"] in METHODS else "other"


def request_id(headers: Mapping[bytes, bytes]) -> str:
    """The id a proxy gave the request, where it is plain; else a new one."""
    given = headers.get(b"x-request-id", b"")
    return given.decode() if _ID.fullmatch(given) else secrets.token_hex(8)
