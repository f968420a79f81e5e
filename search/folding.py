"""fold(): the one meaning of "the same text", used by every engine for documents and queries alike.

It works character by character, so fold(a + b) == fold(a) + fold(b): NFKC of each character, casefold, one
bracket form, white space and control characters out, traditional to simplified by OpenCC's single-character
table (its phrase table would make the result depend on the neighbours).
"""

import threading
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import opencc

# The brackets documents use for numbers, notes and quotations: 国发〔2019〕6号, 国发[2019]6号.
# Book title marks 《》 stay: they are part of how an instrument is named, not of how a number is written.
_OPENING = "([{〔【〖〘〚「『﹝"
_CLOSING = ")]}〕】〗〙〛」』﹞"
_BRACKETS = {**dict.fromkeys(_OPENING, "("), **dict.fromkeys(_CLOSING, ")")}

# Characters that show nothing and come along with pasted text.
_INVISIBLE = frozenset("\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")

_converter_lock = threading.Lock()


class Folded(NamedTuple):
    """Folded text, and for each of its characters the index of the original character it came from."""

    text: str
    origin: Sequence[int]


class _Table(dict[int, str]):
    """A str.translate table that works out each character the first time it is met."""

    def __missing__(self, codepoint: int) -> str:
        folded = _fold_until_stable(chr(codepoint))
        self[codepoint] = folded
        if len(folded) != 1:
            _uneven.add(chr(codepoint))
        return folded


_uneven: set[str] = set()  # characters met so far that do not fold to one character
_table = _Table()
_SHORT = 80  # characters; names recur in every answer, guide texts do not


def fold(text: str) -> str:
    return _fold_short(text) if len(text) <= _SHORT else text.translate(_table)


@lru_cache(maxsize=20_000)
def _fold_short(text: str) -> str:
    return text.translate(_table)


def fold_with_origin(text: str) -> Folded:
    folded = fold(text)  # from here on every character of it has been met
    if _uneven.isdisjoint(text):
        return Folded(folded, range(len(text)))
    return Folded(folded, [index for index, char in enumerate(text) for _ in _table[ord(char)]])


def _fold_until_stable(char: str) -> str:
    """Folding twice changes nothing more: some characters need a second round (casefold undoes NFKC)."""
    before, after = char, "".join(map(_fold_once, char))
    while after != before:
        before, after = after, "".join(map(_fold_once, after))
    return after


def _fold_once(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Cs":  # a lone surrogate cannot be written as UTF-8
        return "\ufffd"
    if category == "Cc" or char in _INVISIBLE or char.isspace():
        return ""
    normal = unicodedata.normalize("NFKC", char).casefold()
    return "".join(_BRACKETS.get(c) or _simplify(c) for c in normal if not c.isspace())


def _simplify(char: str) -> str:
    if ord(char) < 0x2E80:  # no Chinese character lies below
        return char
    with _converter_lock:
        return str(_converter().convert(char))


@cache
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")
