"""Text as a Meilisearch server can hold it without reading anything into it.

The server lower-cases and decomposes what filters compare, cuts searchable text into words of its own dictionary
and trims blanks. So whatever it would change is written as %xxxxxx; then "contains" is "one of the value's endings
begins with", which its STARTS WITH answers exactly.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

from search import tokens

_MARKS = {tokens.START: "^", tokens.END: "$"}
_KEPT_BY_NO_ONE = frozenset("%^$\"'\\")
_written = re.compile("%([0-9a-f]{6})")
_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")

# Characters of an ending that are kept. A longer text is asked for in windows of this size. Titles are short and
# asked for whole; the server's own limit is 468 bytes.
_LONG, _SHORT = 60, 16
WINDOWS = {
    **dict.fromkeys(("name", "alias", "short", "initials"), _LONG),
    **dict.fromkeys(("authority", "region", "code"), 32),
    **dict.fromkeys(("citation", "text", "canon_citation", "canon_other"), _SHORT),
}


@lru_cache(maxsize=100_000)
def _char(char: str) -> str:
    if char in _MARKS:
        return _MARKS[char]
    plain = (
        char not in _KEPT_BY_NO_ONE
        and not char.isspace()
        and unicodedata.normalize("NFKD", char).lower() == char
        and not unicodedata.combining(char)
        and unicodedata.category(char) not in ("Cn", "Cc", "Cf", "Cs", "Co")
    )
    return char if plain else f"%{ord(char):06x}"


def written(text: str) -> str:
    return "".join(map(_char, text))


def read(text: str) -> str:
    """The inverse of `written`, for values without marks."""
    return _written.sub(lambda match: chr(int(match[1], 16)), text)


def endings(folded_values: Iterable[str], window: int) -> list[str]:
    """Every ending of each value with its marks, cut to the window."""
    found: dict[str, None] = {}
    for value in folded_values:
        if value:
            marked = [*map(_char, tokens.START + value + tokens.END)]
            for start in range(len(marked) - 1):
                found["".join(marked[start : start + window])] = None
    return list(found)


def windows(text: str, window: int, most: int) -> Iterator[str]:
    """The text whole where it fits; else pieces of it, overlapping by half, `most` at the most."""
    if len(text) <= window:
        yield written(text)
        return
    last = len(text) - window
    for start in sorted({*list(range(0, last, max(1, window // 2)))[: most - 1], last}):
        yield written(text[start : start + window])


def sounds(readings: Iterable[Iterable[str]]) -> list[str]:
    """Every ending of each sequence of syllables, each syllable closed by a dot."""
    found: dict[str, None] = {}
    for syllables in readings:
        parts = [sound(syllable) for syllable in (tokens.START, *syllables)]
        for start in range(len(parts)):
            found["".join(parts[start : start + 20])] = None
    return list(found)


def sound(syllable: str) -> str:
    return written(syllable).replace(".", "%00002e") + "."


def word(text: str) -> str:
    """The text as one word of plain letters, which no segmenter cuts: a pair of characters, a pair of sounds."""
    return "z".join(f"{ord(char):x}".translate(_LETTERS) for char in text)


def pairs(folded: str) -> list[str]:
    return [folded[i : i + 2] for i in range(len(folded) - 1)]


def sound_pairs(syllables: tuple[str, ...]) -> list[str]:
    """Two neighbouring readings, written together."""
    return [f"{a}.{b}" for a, b in pairwise(syllables)]
