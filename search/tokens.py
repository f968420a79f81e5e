"""How folded text becomes terms: grams, canonical article numbers, function words."""

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib import resources
from operator import add

from search.folding import Folded, fold

# Mark the two ends of a value. fold() lets no control character through, so no query can contain them and no
# phrase of a query can reach over the end of a value.
START, END = "\x02", "\x03"

# Values are indexed a second time in grams of this size: what bigrams of a code, or of a sentence that stands in every
# guide, have in common with every document makes phrases of them slow. Four characters are then one term.
LONG_GRAM = 4

_article = re.compile(r"第([0-9]{1,4})(?=[编章节条款项目])")
_has_article = re.compile(r"第[0-9零〇一二三四五六七八九十百千]{1,9}条")
_number = re.compile(r"\([0-9]{4}\)第?[0-9]+号")
_remark = re.compile(r"\([^()]*\)")
_title_marks = re.compile(r"[《》〈〉]")
_DIGITS = "零一二三四五六七八九"


def grams(folded_values: Iterable[str]) -> str:
    """Overlapping bigrams of each value with its end marks, as tokens separated by blanks."""
    return " ".join(_grams_of(value) for value in folded_values if value)


@lru_cache(maxsize=10_000)  # names and set phrases recur all over the country
def _grams_of(value: str) -> str:
    marked = START + value + END
    return " ".join(map(add, marked, marked[1:]))


def phrase_grams(text: str) -> list[tuple[int, str]]:
    """(position, gram) that together cover `text` (two characters or more).

    Every second gram is enough: positions are fixed, so covering each character once proves the whole text.
    """
    starts = list(range(0, len(text) - 1, 2))
    if len(text) % 2:
        starts.append(len(text) - 2)
    return [(start, text[start : start + 2]) for start in starts]


def long_grams(folded_values: Iterable[str]) -> str:
    """Overlapping grams of LONG_GRAM of each value, each value followed by as many tokens that no phrase has."""
    return " ".join(_long_grams_of(value) for value in folded_values if len(value) >= LONG_GRAM)


@lru_cache(maxsize=10_000)
def _long_grams_of(value: str) -> str:
    found = [value[i : i + LONG_GRAM] for i in range(len(value) - LONG_GRAM + 1)]
    return " ".join([*found, *([START] * LONG_GRAM)])


def long_phrase_grams(text: str) -> list[tuple[int, str]]:
    """As `phrase_grams`, for LONG_GRAM characters and more."""
    starts = list(range(0, len(text) - LONG_GRAM + 1, LONG_GRAM))
    if len(text) % LONG_GRAM:
        starts.append(len(text) - LONG_GRAM)
    return [(start, text[start : start + LONG_GRAM]) for start in starts]


def cites_article(folded: str) -> bool:
    """Whether the text names an article of law, 第12条 or 第十二条."""
    return _has_article.search(folded) is not None


def names_document(folded: str) -> bool:
    """Whether the text gives a document's number, 国发(2019)6号."""
    return _number.search(folded) is not None


def cited_title(folded: str) -> str:
    """What stands before the article: 行政许可法 of 《行政许可法》第12条."""
    return _title_marks.sub("", _has_article.split(folded, maxsplit=1)[0])


def canonical(folded: str) -> str:
    """Article numbers in Chinese numerals, no title marks: 《行政许可法》第12条 -> 行政许可法第十二条."""
    return canonical_with_origin(Folded(folded, list(range(len(folded))))).text


def canonical_with_origin(folded: Folded) -> Folded:
    return _replace(_replace(folded, _title_marks, _nothing), _article, _chinese_number)


def _nothing(match: re.Match[str]) -> str:
    return ""


def _chinese_number(match: re.Match[str]) -> str:
    return "第" + chinese_numeral(int(match[1]))


def _replace(folded: Folded, pattern: re.Pattern[str], replacement) -> Folded:  # type: ignore[no-untyped-def]
    if not pattern.search(folded.text):
        return folded
    text, at = "", 0
    origin: list[int] = []
    for match in pattern.finditer(folded.text):
        new = replacement(match)
        text += folded.text[at : match.start()] + new
        origin += folded.origin[at : match.start()]
        # A number of another length: the characters beyond the old end point at its last character.
        last = match.end() - 1
        origin += [folded.origin[min(match.start() + i, last)] for i in range(len(new))]
        at = match.end()
    return Folded(text + folded.text[at:], [*origin, *folded.origin[at:]])


def chinese_numeral(number: int) -> str:
    """As statutes number their articles, 0 to 9999: 12 -> 十二, 110 -> 一百一十, 1005 -> 一千零五."""
    if number == 0:
        return "零"
    text, gap = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // unit % 10
        if digit:
            text += ("零" if gap and text else "") + _DIGITS[digit] + name
        gap = not digit
    return text.removeprefix("一") if 10 <= number < 20 else text


def contains(query: str, value: str) -> bool:
    """The meaning of "contained" in the exact layer, for a query of two or more folded characters."""
    needle, text = fold(query), fold(value)
    return needle in text or (cites_article(needle) and canonical(needle) in canonical(text))


def without_remarks(folded: str) -> str:
    """A name without what stands in brackets: 食品(含保健食品)经营许可核发 -> 食品经营许可核发."""
    return _remark.sub("", folded) or folded


def words(text: str) -> list[str]:
    """The query's words as its writer separated them, folded."""
    return list(filter(None, map(fold, text.split())))


def listed(file: str) -> list[str]:
    """The folded lines of a file of search/data; # starts a comment."""
    lines = resources.files("search").joinpath(f"data/{file}").read_text("utf-8").splitlines()
    return [fold(line) for line in lines if line.strip() and not line.startswith("#")]


@cache
def function_words() -> tuple[frozenset[str], frozenset[str]]:
    """(stripped anywhere, stripped at the ends only): a single character is often part of a longer word."""
    found = listed("function_words.txt")
    return frozenset(w for w in found if len(w) > 1), frozenset(w for w in found if len(w) == 1)


@cache
def _follow_ups() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, listed("follow_ups.txt"))))


def is_follow_up(folded_name: str) -> bool:
    """Whether the name says that something granted before is changed, renewed, given up or asked about."""
    return _follow_ups().search(folded_name) is not None


@cache
def _inner_pattern() -> re.Pattern[str]:
    inner = sorted(function_words()[0], key=len, reverse=True)
    return re.compile("|".join(map(re.escape, inner)) + r"|[,。、;:!?.,·]+")


def content_pieces(folded: str) -> list[str]:
    """What is left without function words, in order: 我想开理发店怎么办 -> 理发店."""
    pieces = (_strip_ends(piece) for piece in _inner_pattern().split(folded))
    return list(dict.fromkeys(piece for piece in pieces if piece))


def _strip_ends(piece: str) -> str:
    """Single characters go from both ends, but never so far that fewer than two are left."""
    ends = function_words()[1]
    while len(piece) > 2 and piece[0] in ends:
        piece = piece[1:]
    while len(piece) > 2 and piece[-1] in ends:
        piece = piece[:-1]
    return "" if all(char in ends for char in piece) else piece
