"""Characters that nobody sees, as their codes: what is compared is read by eye, or read out. Pure."""

from __future__ import annotations

import re
import unicodedata

Spans = list[tuple[int, int]]

TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""They turn the direction of what follows, so that it is read in another order than it stands in."""
BLANK = " \t\r\n\u3000"
"""Seen between words; by themselves they are not."""
_IGNORED = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks that are drawn as nothing."""


def turned(text: str) -> str:
    """A text with what turns its direction as codes."""
    return TURNING.sub(lambda found: _code(found[0]), text)


def coded(text: str, spans: Spans) -> tuple[str, Spans]:
    """A text, in the spans of which nothing is unseen any more, and the spans as they are then: a line break stays one
    behind its code."""
    parts, made, at, length = [], [], 0, 0
    for start, end in spans:
        span = _coded(text[start:end])
        length += start - at
        parts += [text[at:start], span]
        made.append((length, length + len(span)))
        at, length = end, length + len(span)
    return "".join([*parts, text[at:]]), made


def _coded(span: str) -> str:
    nothing_seen = all(one in BLANK or _is_unseen(one) for one in span)
    return "".join(_code(one) if _is_unseen(one) or (nothing_seen and one in BLANK) else one for one in span)


def _is_unseen(one: str) -> bool:
    if one in BLANK:
        return False
    return unicodedata.category(one) in ("Cc", "Cf", "Zl", "Zp", "Zs") or _IGNORED.match(one) is not None


def _code(one: str) -> str:
    return f"〈U+{ord(one):04X}〉" + ("\n" if one == "\n" else "")
