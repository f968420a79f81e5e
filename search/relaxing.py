"""What is tried when nothing contains the text: its words, its sound, a slip of the pen.

The index proposes some candidates; each is then graded in Python, where the rules can be read:
a piece of the query found in a title counts 1, found elsewhere 0.7, by sound 0.85, with one slip 0.75,
and in parts by the weight of the bigrams that are there.
"""

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import NamedTuple

from search import pinyin, synonyms, tokens
from search.conditions import Condition, Phrase, Reader, Term, either, every, sequence
from search.engine import Highlight, Hit, Layer, SearchDocument, SearchQuery
from search.folding import fold
from search.highlighting import cut, explanation, highlights, hit_of
from search.matching import (
    in_title,
    in_title_text_or_region,
    reasons,
    synonym_tiers,
)

_CANDIDATES = 40  # of each kind
_LONGEST = 24  # characters of the query that are looked at
_SHORTEST_FOR_TYPO = 4  # below, one wrong character leaves too little
# Above, enough of the piece is left for its bigrams to propose the candidate, so slips need no queries.
_LONGEST_FOR_SLIPS = 6
_LEAST_GRADE = 0.25
_ORDER: tuple[Layer, ...] = ("words", "pinyin", "typo")


@dataclass(frozen=True, slots=True)
class Grade:
    layer: Layer
    value: float
    marked: tuple[str, ...]  # folded texts that stand in the document


class Texts(NamedTuple):
    """A document folded once for all grading."""

    titles: list[str]  # with and without what stands in brackets
    others: str  # values of every other kind, a line each


def guesses(
    reader: Reader,
    query: SearchQuery,
    filters: list[Condition],
    concepts: dict[str, synonyms.Concept],
    sounds: dict[str, tuple[str, synonyms.Concept]],
) -> list[Hit]:
    """The page of hits by grade; layers words, pinyin and typo. Only the best candidates are looked at.

    `sounds` are the concepts by the reading of their terms.
    """
    whole = fold(query.q)[:_LONGEST]
    reading = synonyms.read(whole, concepts)
    hits = _by_sound_of_term(reader, reading.rest or [whole], filters, sounds)
    if pinyin.is_latin(whole):
        hits += _by_latin(reader, whole, filters)
    else:
        hits += _by_pieces(reader, _pieces(query.q, reading), reading, filters)
    best: dict[str, Hit] = {}
    for hit in sorted(hits, key=lambda h: (-h.score, len(h.name), h.id)):
        best.setdefault(hit.subject, hit)
    page = list(best.values())[query.offset : query.offset + query.limit]
    for hit in page:
        hit.explain = explanation(hit, hit.explain) if query.explain else []
    return page


def _pieces(q: str, reading: synonyms.Reading) -> list[str]:
    """Content words of two characters and more; the whole query where nothing else is left."""
    if reading.terms:
        return reading.rest
    pieces = [piece for word in tokens.words(q) for piece in tokens.content_pieces(word) if len(piece) > 1]
    return [piece[:_LONGEST] for piece in dict.fromkeys(pieces)] or [fold(q)[:_LONGEST]]


def _by_sound_of_term(
    reader: Reader,
    pieces: list[str],
    filters: list[Condition],
    sounds: dict[str, tuple[str, synonyms.Concept]],
) -> list[Hit]:
    """yingyezhizhao, 养老今: an everyday word in pinyin or by a homophone."""
    heard = sounds.get("".join(syllable for piece in pieces for syllable in pinyin.syllables(piece)))
    if not heard:
        return []
    hits = []
    tiers = synonym_tiers(heard[0], dict([heard]), reader)
    found = reader.shortest([every([tier.condition, *filters]) for tier in tiers], _CANDIDATES)
    for rank, (tier, documents) in enumerate(zip(tiers, found, strict=True)):
        for document in documents:
            marked = highlights(document, tier.needles)
            hits.append(_guess(document, "pinyin", 0.8 - 0.05 * rank, marked, *tier.reasons))
    return hits


# -- Latin letters


def _by_latin(reader: Reader, latin: str, filters: list[Condition]) -> list[Hit]:
    cuts = pinyin.readings(latin) or pinyin.unfinished_readings(latin)
    ways = [sequence("syllables", enumerate(cut)) for cut in cuts]
    ways.append(Phrase("initials", latin))
    hits = []
    for document in reader.shortest([every([either(ways), *filters])], _CANDIDATES)[0]:
        found = _latin_span(document, latin, cuts)
        if found:
            field, title, start, end = found
            value = 0.85 if start == 0 else 0.8
            value += 0.1 * (end - start) / len(fold(title))
            marked = [cut(field, title, [(start, end)])] if len(fold(title)) == len(title) else []
            hits.append(_guess(document, "pinyin", value, marked, f"“{latin}”按拼音查找"))
    return hits


def _latin_span(
    document: SearchDocument, latin: str, cuts: list[list[str]]
) -> tuple[str, str, int, int] | None:
    """(field, title, start, end) of the first title that reads so; offsets in the folded title."""
    for field, title in _titles(document):
        folded = fold(title)
        syllables = pinyin.syllables(folded)
        for way in cuts:
            at = _find(syllables, tuple(way))
            if at >= 0:
                return field, title, at, at + len(way)
        at = pinyin.initials(folded).find(latin)
        if at >= 0:
            return field, title, at, at + len(latin)
    return None


# -- Chinese


def _by_pieces(
    reader: Reader, pieces: list[str], reading: synonyms.Reading, filters: list[Condition]
) -> list[Hit]:
    """Each piece of the query and each everyday term in it is graded; a hit's grade is their mean."""
    weights = {piece: _gram_weights(reader, piece) for piece in pieces}
    terms = [term_query(concept) for _, concept in reading.terms]
    exactly = every([*map(either, map(_forms, pieces)), *terms])
    candidates = reader.shortest([every([way, *filters]) for way in (exactly, *terms)], _CANDIDATES)
    if pieces:
        ways = [every(filters), *(every([way, *filters]) for way in terms)]
        candidates += reader.likeliest(pieces, ways, _CANDIDATES)
    found = {document.id: document for documents in candidates for document in documents}
    shown = "、".join([*pieces, *(word for word, _ in reading.terms)])
    hits = []
    for document in found.values():
        texts = _texts(document)
        grades = [(len(piece), _grade(texts, piece, weights[piece])) for piece in pieces]
        grades += [(len(word), _grade_term(texts.titles, concept)) for word, concept in reading.terms]
        value = sum(length * grade.value for length, grade in grades) / sum(length for length, _ in grades)
        if pieces and not any(grade.value for _, grade in grades[: len(pieces)]):
            value /= 2  # 户口本丢了: something else that can be lost is no answer
        if value >= _LEAST_GRADE:
            layer = max((grade.layer for _, grade in grades), key=_ORDER.index)
            needles = tuple(text for _, grade in grades for text in grade.marked)
            marked = highlights(document, needles)
            hits.append(
                _guess(document, layer, 0.9 * value, marked, f"按“{shown}”放宽查找", *reasons(reading))
            )
    return hits


def term_query(concept: synonyms.Concept) -> Condition:
    return either(every(map(in_title, parts)) for parts in concept.official)


def _grade_term(titles: list[str], concept: synonyms.Concept) -> Grade:
    """The better, the earlier the official word stands in the list."""
    for rank, parts in enumerate(concept.official):
        if any(all(part in title for part in parts) for title in titles):
            return Grade("words", 0.9 if rank == 0 else 0.75, parts)
    return Grade("words", 0.0, ())


def _forms(piece: str) -> list[Condition]:
    """The piece as it is, as it sounds, as it may have been meant."""
    if len(piece) < 2:
        return [Term("chars", piece)]
    forms = [in_title_text_or_region(piece)]
    forms += [sequence("syllables", enumerate(reading)) for reading in _sounds(piece)]
    forms += [sequence("letters", letters) for letters in _slips(piece)]
    return forms


def _sounds(piece: str) -> list[tuple[str, ...]]:
    """The reading in context and the one of each character by itself."""
    alone = tuple(pinyin.syllables(char)[0] for char in piece)
    return list(dict.fromkeys((pinyin.syllables(piece), alone)))


def _slips(piece: str) -> list[list[tuple[int, str]]]:
    """The piece with one character wrong, too many or missing, or two changed round: letters at positions."""
    if len(piece) < _SHORTEST_FOR_TYPO:
        return [list(enumerate(other)) for other in lookalikes(piece)]
    if len(piece) > _LONGEST_FOR_SLIPS:
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
    lines = resources.files("search").joinpath("data/lookalikes.txt").read_text("utf-8").splitlines()
    table: dict[str, str] = {}
    for group in (line.strip() for line in lines if line.strip() and not line.startswith("#")):
        for char in group:
            table[char] = table.get(char, "") + group.replace(char, "")
    return table


def lookalikes(piece: str) -> list[str]:
    """The piece with one character replaced by one that looks like it."""
    table = _lookalike_table()
    return [
        piece[:i] + other + piece[i + 1 :] for i, char in enumerate(piece) for other in table.get(char, "")
    ]


# -- grading


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
        start, end = _misspelt(title, piece)
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
    if len(piece) < _SHORTEST_FOR_TYPO:
        return 0.0
    longest = [0] * (len(piece) + 1)
    for char in title:
        before = 0
        for i, other in enumerate(piece, 1):
            before, longest[i] = longest[i], before + 1 if char == other else max(longest[i], longest[i - 1])
    share = longest[-1] / len(piece)
    return share if share >= 0.75 else 0.0


def _gram_weights(reader: Reader, piece: str) -> dict[str, float]:
    pairs = dict.fromkeys(piece[i : i + 2] for i in range(len(piece) - 1))
    frequencies, documents = reader.frequencies(pairs)
    # A pair that reaches over the edge of two words is rare as well, so rareness counts only up to a point.
    least = 1 + 0.003 * documents
    weights = {pair: math.log(1 + documents / (n + least)) for pair, n in frequencies.items() if n}
    # A pair that occurs nowhere cannot tell one document from another; it only makes all less certain.
    unknown = sum(weights.values()) / (2 * len(weights)) if weights else 1.0
    return {pair: weights.get(pair, unknown) for pair in pairs}


@lru_cache(maxsize=10_000)
def _heard(title: str, piece: str) -> tuple[int, int]:
    """Where the title sounds like the piece, (0, 0) if nowhere."""
    if len(piece) < 2:
        return 0, 0
    syllables = pinyin.syllables(title)
    for reading in _sounds(piece):
        at = _find(syllables, reading)
        if at >= 0:
            return at, at + len(piece)
    return 0, 0


def _halves(title: str, piece: str) -> tuple[str, ...]:
    """The piece cut in two that the title has in this order with something between: 建筑(工程)施工许可证."""
    for cut_at in range(len(piece) - 2, 1, -1):
        at = title.find(piece[:cut_at])
        if at >= 0 and title.find(piece[cut_at:], at + cut_at) >= 0:
            return piece[:cut_at], piece[cut_at:]
    return ()


@lru_cache(maxsize=10_000)
def _misspelt(title: str, piece: str) -> tuple[int, int]:
    """Where the title is the piece but for one slip (see _slips), (0, 0) if nowhere."""
    if len(piece) < _SHORTEST_FOR_TYPO:
        found = [(title.find(other), len(other)) for other in lookalikes(piece)]
        return next(((at, at + size) for at, size in found if at >= 0), (0, 0))
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


def _find(sequence_: tuple[str, ...], wanted: tuple[str, ...]) -> int:
    size = len(wanted)
    return next((i for i in range(len(sequence_) - size + 1) if sequence_[i : i + size] == wanted), -1)


def _texts(document: SearchDocument) -> Texts:
    titles = [fold(title) for _, title in _titles(document)]
    others = (
        *document.authority_names,
        *document.region_names,
        *document.citations,
        *document.codes,
        *document.texts,
    )
    shortened = map(tokens.without_remarks, titles)
    return Texts(list(dict.fromkeys([*titles, *shortened])), "\n".join(map(fold, others)))


def _titles(document: SearchDocument) -> list[tuple[str, str]]:
    return [
        ("name", document.name),
        *(("alias", alias) for alias in document.aliases),
        *(("former_name", name) for name in document.former_names),
    ]


def _guess(
    document: SearchDocument, layer: Layer, value: float, marked: list[Highlight], *reasons_: str
) -> Hit:
    hit = hit_of(document, layer, round(value, 4), marked)
    hit.explain = list(reasons_)
    return hit
