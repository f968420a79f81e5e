"""How well a document answers a piece of the query that nothing contains: pure, so the rules can be read.

A piece found in a title counts 0.9 and more, found elsewhere 0.7, by sound 0.85, with one slip 0.75, and in
parts by the weight of the pairs of characters that are there.
"""

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from search import pinyin, tokens
from search.engine import Layer, SearchDocument
from search.folding import fold
from search.synonyms import Concept
from search.values import folded_lines

SHORTEST_FOR_TYPO = 4  # below, one wrong character leaves too little
# Above, enough of the piece is left for its bigrams to propose the candidate, so slips need no queries.
LONGEST_FOR_SLIPS = 6


@dataclass(frozen=True, slots=True)
class Grade:
    layer: Layer
    value: float
    marked: tuple[str, ...]  # folded texts that stand in the document


NOTHING = Grade("words", 0.0, ())


class Texts(NamedTuple):
    """A document folded once for all grading."""

    titles: list[str]  # with and without what stands in brackets
    others: str  # values of every other kind, a line each


class Piece(NamedTuple):
    """A piece of a query: its pairs of characters with their weights, and the words in it that titles have."""

    whole: str
    weights: dict[str, float]
    words: tuple[str, ...]


def pairs_of(piece: str) -> list[str]:
    """Its neighbouring characters, two by two."""
    return [piece[i : i + 2] for i in range(len(piece) - 1)]


def grade_term(found: Texts, concept: Concept) -> Grade:
    """The better, the earlier the official word stands in the list."""
    for rank, parts in enumerate(concept.official):
        if any(all(part in title for part in parts) for title in found.titles):
            return Grade("words", max(0.5, 0.95 - 0.08 * rank), parts)
    return NOTHING


def grade_piece(texts: Texts, piece: Piece) -> Grade:
    """As a whole, or by the words in it where these say more."""
    whole = _grade(texts, piece.whole, piece.weights)
    if whole.value >= 0.7 or not piece.words or piece.words == (piece.whole,):
        return whole
    held = [word for word in piece.words if any(word in title for title in texts.titles)]
    share = sum(map(len, held)) / sum(map(len, piece.words))
    return Grade("words", 0.7 * share, tuple(held)) if 0.7 * share > whole.value else whole


def _grade(texts: Texts, piece: str, weights: dict[str, float]) -> Grade:
    titles = texts.titles
    for title in titles:
        if piece in title:
            return Grade("words", 0.9 + 0.1 * len(piece) / len(title), (piece,))
    if piece in texts.others:
        return Grade("words", 0.7, (piece,))
    for title in titles:
        start, end = _heard(title, piece)
        if end:
            return Grade("pinyin", 0.85, (title[start:end],))
    for title in titles:
        halves = _halves(title, piece)
        if halves:
            return Grade("words", 0.75 + 0.1 * len(piece) / len(title), halves)
    for title in titles:
        start, end = misspelt(title, piece)
        if end:
            return Grade("typo", 0.75, (title[start:end],))
    return _grade_in_parts(texts, piece, weights)


def _grade_in_parts(texts: Texts, piece: str, weights: dict[str, float]) -> Grade:
    """The share of the piece's bigrams that are there, the rare ones weighing more."""
    titles = texts.titles
    in_title = [pair for pair in weights if any(pair in title for title in titles)]
    heard = [
        pair for pair in weights if pair not in in_title and any(_heard(title, pair)[1] for title in titles)
    ]
    elsewhere = [
        pair for pair in weights if pair not in in_title and pair not in heard and pair in texts.others
    ]
    got = sum(weights[pair] for pair in in_title)
    got += 0.7 * sum(weights[pair] for pair in heard)
    got += 0.4 * sum(weights[pair] for pair in elsewhere)
    share = got / (sum(weights.values()) or 1)
    in_order = max((_share_in_order(title, piece) for title in titles), default=0.0)
    layer: Layer = "pinyin" if heard and not in_title else "words"
    return Grade(layer, max(0.7 * share, 0.72 * in_order), tuple(in_title + elsewhere))


@lru_cache(maxsize=10_000)  # the same names occur all over the country
def _share_in_order(title: str, piece: str) -> float:
    """The share of the piece's characters that the title has in this order; 0 below three quarters.

    建筑施工证 is in order in 建筑工程施工许可证核发. Too little of a short piece is no sign of anything.
    """
    if len(piece) < SHORTEST_FOR_TYPO or _held(title, piece) < 0.75 * len(piece):
        return 0.0
    longest = [0] * (len(piece) + 1)
    for char in title:
        before = 0
        for i, other in enumerate(piece, 1):
            before, longest[i] = longest[i], before + 1 if char == other else max(longest[i], longest[i - 1])
    share = longest[-1] / len(piece)
    return share if share >= 0.75 else 0.0


@lru_cache(maxsize=10_000)
def _heard(title: str, piece: str) -> tuple[int, int]:
    """Where the title sounds like the piece, (0, 0) if nowhere."""
    if not 2 <= len(piece) <= len(title):
        return 0, 0
    wanted = sounds_of(piece)
    if not any(_may_sound(title, reading) for reading in wanted):
        return 0, 0
    syllables = pinyin.syllables(title)
    for reading in wanted:
        at = find(syllables, reading)
        if at >= 0:
            return at, at + len(piece)
    return 0, 0


def _may_sound(title: str, reading: tuple[str, ...]) -> bool:
    """Whether its characters have these syllables in whatever words: reading it in context takes a hundred times as
    long."""
    possible = _possible_sounds(title)
    first, size = reading[0], len(reading)
    return any(
        first in possible[at] and all(map(frozenset.__contains__, possible[at : at + size], reading))
        for at in range(len(possible) - size + 1)
    )


@lru_cache(maxsize=10_000)
def _possible_sounds(title: str) -> tuple[frozenset[str], ...]:
    return tuple(map(pinyin.all_readings, title))


def _held(title: str, piece: str) -> int:
    """How many characters of the piece the title has anywhere: no more of them can be there in order."""
    return sum(char in title for char in piece)


def _halves(title: str, piece: str) -> tuple[str, ...]:
    """The piece cut in two that the title has in this order with something between: 建筑(工程)施工许可证."""
    for cut_at in range(len(piece) - 2, 1, -1):
        at = title.find(piece[:cut_at])
        if at >= 0 and title.find(piece[cut_at:], at + cut_at) >= 0:
            return piece[:cut_at], piece[cut_at:]
    return ()


@lru_cache(maxsize=10_000)
def misspelt(title: str, piece: str) -> tuple[int, int]:
    """Where the title is the piece but for one slip (see _slips), (0, 0) if nowhere."""
    if len(piece) < SHORTEST_FOR_TYPO:
        found = [(title.find(other), len(other)) for other in lookalikes(piece)]
        return next(((at, at + size) for at, size in found if at >= 0), (0, 0))
    if _held(title, piece) < len(piece) - 1:
        return 0, 0
    for at in range(len(title) - len(piece) + 2):
        length = _length_but_for_one_slip(title[at : at + len(piece) + 1], piece)
        if length:
            return at, at + length
    return 0, 0


def _length_but_for_one_slip(text: str, piece: str) -> int:
    """How many characters at the start of the text are the piece with one slip, 0 if they are not."""
    same = next((i for i, (a, b) in enumerate(zip(text, piece, strict=False)) if a != b), len(text))
    rest = piece[same + 1 :]
    if text[same + 1 : len(piece)] == rest:  # one wrong
        return len(piece)
    if text[same : len(piece) - 1] == rest:  # one too many
        return len(piece) - 1
    if text[same + 1 :] == piece[same:]:  # one missing
        return len(piece) + 1
    if text[same : same + 2] == piece[same : same + 2][::-1] and text[same + 2 : len(piece)] == rest[1:]:
        return len(piece)  # two changed round
    return 0


def find(sequence_: tuple[str, ...], wanted: tuple[str, ...]) -> int:
    size = len(wanted)
    return next((i for i in range(len(sequence_) - size + 1) if sequence_[i : i + size] == wanted), -1)


def texts_of(document: SearchDocument) -> Texts:
    folded = [fold(title) for _, title in titles_of(document)]
    others = (
        document.authority_names,
        document.region_names,
        document.citations,
        document.codes,
        document.texts,
    )
    shortened = map(tokens.without_remarks, folded)
    together = "\n".join(folded_lines(texts).together for texts in others if texts)
    return Texts(list(dict.fromkeys([*folded, *shortened])), together)


def titles_of(document: SearchDocument) -> list[tuple[str, str]]:
    return [
        ("name", document.name),
        *(("alias", alias) for alias in document.aliases),
        *(("former_name", name) for name in document.former_names),
    ]


@lru_cache(maxsize=2_000)
def sounds_of(piece: str) -> list[tuple[str, ...]]:
    """The reading in context and the one of each character by itself."""
    alone = tuple(pinyin.syllables(char)[0] for char in piece)
    return list(dict.fromkeys((pinyin.syllables(piece), alone)))


def slips_of(piece: str) -> list[list[tuple[int, str]]]:
    """The piece with one character wrong, too many or missing, or two changed round: letters at positions."""
    if len(piece) < SHORTEST_FOR_TYPO:
        return [list(enumerate(other)) for other in lookalikes(piece)]
    if len(piece) > LONGEST_FOR_SLIPS:
        return []
    placed = list(enumerate(piece))
    size = len(piece)
    wrong = [[pair for pair in placed if pair[0] != i] for i in range(size)]
    too_many = [list(enumerate(piece[:i] + piece[i + 1 :])) for i in range(1, size - 1)]
    missing = [[(at + (at >= i), char) for at, char in placed] for i in range(1, size)]
    changed = [list(enumerate(piece[:i] + piece[i + 1] + piece[i] + piece[i + 2 :])) for i in range(size - 1)]
    return [[(at - way[0][0], char) for at, char in way] for way in wrong + too_many + missing + changed]


@cache
def _lookalike_table() -> dict[str, str]:
    table: dict[str, str] = {}
    for group in tokens.listed("lookalikes.txt"):
        for char in group:
            table[char] = table.get(char, "") + group.replace(char, "")
    return table


def lookalikes(piece: str) -> list[str]:
    """The piece with one character replaced by one that looks like it."""
    table = _lookalike_table()
    return [
        piece[:i] + other + piece[i + 1 :] for i, char in enumerate(piece) for other in table.get(char, "")
    ]
