"""Citations written as one text: ``《甲法》（国务院令第1号）第二条;《乙办法》`` -> title, number, article."""

from __future__ import annotations

import re
from typing import Any

from app.exchange.keys import element_key, numbered

_CITATION = re.compile(
    r"《(?P<title>[^《》]+(?:《[^《》]*》[^《》]*)*)》"
    r"(?:[（(](?P<number>[^（）()]{1,80})[）)])?"
    r"(?P<article>(?:附件)?第[^《》;；。，,（）()]{1,200})?"
)
_BETWEEN = re.compile(r"[;；、，,。\s和及]*")
MAX_CITATIONS = 200


def parse_citations(text: str) -> tuple[list[dict[str, Any]], bool]:
    """The citations in a text, and whether they say all that the text says."""
    found: list[dict[str, Any]] = []
    end, whole = 0, True
    for match in _CITATION.finditer(text):
        whole = whole and _BETWEEN.fullmatch(text[end : match.start()]) is not None
        end = match.end()
        if len(found) >= MAX_CITATIONS:
            return found, False
        found.append(_element(match, [one["key"] for one in found]))
    return found, whole and bool(found) and _BETWEEN.fullmatch(text[end:]) is not None


def _element(match: re.Match[str], taken: list[str]) -> dict[str, Any]:
    parts = {name: value for name, value in match.groupdict().items() if value}
    key = element_key(None, parts.get("title"), parts.get("number"), parts.get("article"))
    return {"key": numbered(key, taken), "role": "setting", **parts}
