"""fold(): the one meaning of "the same text", used by every engine for documents and queries alike.

It works character by character, so fold(a + b) == fold(a) + fold(b): NFKC of each character, casefold, one
bracket form, white space and control characters out, traditional to simplified by OpenCC's single-character
table (its phrase table would make the result depend on the neighbours).
"""

import threading
import unicodedata
from functools import cache
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
    origin: list[int]


class _Table(dict[int, str]):
    """A str.translate table that works out each character the first time it is met."""

    def __missing__(self, codepoint: int) -> str:
        folded = _fold_until_stable(chr(codepoint))
        self[codepoint] = folded
        return folded


_table = _Table()


def fold(text: str) -> str:
    return text.translate(_table)


def fold_with_origin(text: str) -> Folded:
    parts = [_table[codepoint] for codepoint in map(ord, text)]
    lengths = list(map(len, parts))
    if set(lengths) == {1}:
        origin = list(range(len(parts)))
    else:
        origin = [index for index, length in enumerate(lengths) for _ in range(length)]
    return Folded("".join(parts), origin)


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
