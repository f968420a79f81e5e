"""Logs for machines: one JSON object a line, each with the id of the request it belongs to.

Of a request: when, id, method, path without its query (people search for their troubles), route, status, time. Of
whom it came from only the address; what a person did stands in the access log.
"""

from __future__ import annotations

import contextvars
import datetime as dt
import logging
import sys
import traceback

import orjson

REQUEST: contextvars.ContextVar[str | None] = contextvars.ContextVar("request", default=None)
requests = logging.getLogger("app.requests")


class JsonLines(logging.Formatter):
    """``{"at", "level", "logger", "message", "request", ...}``; what a record brings as ``told`` stands beside."""

    def format(self, record: logging.LogRecord) -> str:
        at = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
        line = {
            "at": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request": REQUEST.get(),
            **getattr(record, "told", {}),
        }
        if record.exc_info:
            line["error"] = "".join(traceback.format_exception(*record.exc_info))
        return orjson.dumps({name: part for name, part in line.items() if part is not None}).decode(
            "utf-8", "replace"
        )


def write_json() -> None:
    """Everything logged in this process goes to standard error in this form, requests among it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    requests.setLevel(logging.INFO)
