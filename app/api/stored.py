"""A stored file as it is sent, whole or in ranges."""

from __future__ import annotations

import os
import re

from fastapi.responses import FileResponse
from starlette.types import Receive, Scope, Send

from app.errors import NotInFile

_SPAN = r"\d{0,18}-\d{0,18}"  # no file is longer, and Python reads no number of thousands of digits
_SPANS = re.compile(rf"bytes=\s*({_SPAN}(?:\s*,\s*{_SPAN})*)\s*", re.ASCII | re.IGNORECASE)


class StoredFile(FileResponse):
    """Ranges are answered. A header that gives none is passed over (RFC 9110, 14.2), and ranges of which no byte is
    there are refused as everything is."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = next((value for name, value in scope["headers"] if name == b"range"), None)
        if asked is not None:
            size = os.stat(self.path).st_size
            starts = starts_of(asked.decode("latin-1"), size)
            if starts and min(starts) >= size:
                raise NotInFile(f"这个文件只有 {size} 字节，没有所要的部分。", code="not-in-file", size=size)
            if not starts or max(starts) >= size:  # the whole holds what is there of them
                headers = [(name, value) for name, value in scope["headers"] if name != b"range"]
                scope = {**scope, "headers": headers}
        await super().__call__(scope, receive, send)


def starts_of(asked: str, size: int) -> list[int]:
    """Where each range of the header begins; none where it is no list of ranges of bytes."""
    spans = _SPANS.fullmatch(asked)
    starts = []
    for span in spans[1].split(",") if spans else ():
        first, last = span.strip().split("-")
        if (not first and not last) or (first and last and int(first) > int(last)):
            return []
        starts.append(int(first) if first else max(0, size - int(last)))
    return starts
