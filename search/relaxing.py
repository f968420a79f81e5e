"""What is tried when nothing contains the text: its words, its sound, a slip of the pen.

The index proposes some candidates; each is then graded (see grading.py). An everyday word weighs twice its length,
a word that no candidate has says nothing about which is meant and weighs a quarter.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from search import pinyin, synonyms, tokens
from search.conditions import Condition, Phrase, Reader, Term, either, every, sequence
from search.engine import Hit, Layer, SearchDocument, SearchQuery
from search.folding import fold
from search.grading import (
    Grade,
    Piece,
    grade_piece,
    grade_term,
    pairs_of,
    slips_of,
    sounds_of,
    texts_of,
)
from search.highlighting import explanation, highlights, hit_of
from search.matching import in_title_text_or_region, named, reasons
from search.sounding import CANDIDATES, TERMS, Guess, Sounds, by_latin, by_mixture, by_sound_of_term
from search.values import order

_OF_A_TERM = 16  # candidates for one official word
_LONGEST = 40  # characters of the query that are looked at
_LEAST_GRADE = 0.25
_ORDER: tuple[Layer, ...] = ("words", "pinyin", "typo")


def guesses(
    reader: Reader,
    query: SearchQuery,
    filters: list[Condition],
    concepts: dict[str, synonyms.Concept],
    sounds: Sounds,
) -> list[Hit]:
    """The page of hits by grade; layers words, pinyin and typo. Only the best candidates are looked at.

    `sounds` are the concepts by the reading of their terms.
    """
    whole = fold(query.q)[:_LONGEST]
    if tokens.names_document(whole) or tokens.cites_article(whole):
        return [_hit(guess, query.explain) for guess in _by_title_of_law(reader, whole, query, filters)]
    if whole.isascii() and any(map(str.isdigit, whole)):
        return []  # a code is right or wrong as well
    reading = synonyms.read(whole, concepts)
    misheard = _misheard(reader, reading.rest or [whole])
    found = by_sound_of_term(reader, misheard, filters, sounds, _share(misheard, reading))
    if pinyin.is_latin(whole):
        found += by_latin(reader, whole, filters)
    else:
        found += _by_pieces(reader, _pieces(query.q, reading), reading, filters)
    found += by_mixture(reader, whole, filters, sounds)
    best: dict[str, Guess] = {}
    for guess in sorted(found, key=_rank):
        best.setdefault(guess.document.subject, guess)
    page = list(best.values())[query.offset : query.offset + query.limit]
    return [_hit(guess, query.explain) for guess in page]


def _by_title_of_law(reader: Reader, whole: str, query: SearchQuery, filters: list[Condition]) -> list[Guess]:
    """Where nothing rests on the article, what rests on the law. Numbers of documents are right or wrong: one that is
    like another is no answer."""
    title = tokens.cited_title(whole)
    if tokens.names_document(whole) or len(title) < 2:
        return []
    found = reader.shortest([every([Phrase("citation", title), *filters])], query.offset + query.limit)[0]
    why = (f"没有依据“{whole}”的事项，以下依据“{title}”",)
    return [Guess(document, "words", 0.7, why, (title,)) for document in found[query.offset :]]


def _rank(guess: Guess) -> tuple[float, str]:
    return -round(guess.value, 4), order(guess.document)


def _hit(guess: Guess, explain: bool) -> Hit:
    marked = highlights(guess.document, guess.needles) if guess.marked is None else list(guess.marked)
    hit = hit_of(guess.document, guess.layer, round(guess.value, 4), marked)
    hit.via = [*guess.via]
    if explain:
        hit.explain = explanation(hit, list(guess.reasons))
    return hit


def _pieces(q: str, reading: synonyms.Reading) -> list[str]:
    """Content words of two characters and more; the whole query where nothing else is left."""
    if reading.terms:
        return reading.rest
    pieces = [piece for word in tokens.words(q) for piece in tokens.content_pieces(word) if len(piece) > 1]
    return [piece[:_LONGEST] for piece in dict.fromkeys(pieces)] or [fold(q)[:_LONGEST]]


def _misheard(reader: Reader, pieces: list[str]) -> list[str]:
    """Pieces that may be another word by its sound; none where titles have all their neighbouring characters."""
    pairs = [pair for piece in pieces if not pinyin.is_latin(piece) for pair in pairs_of(piece)]
    frequencies, _ = reader.frequencies(pairs)
    return [] if pairs and all(frequencies[pair] for pair in pairs) else pieces


def _share(pieces: list[str], reading: synonyms.Reading) -> float:
    """How much of the query the pieces are, beside the everyday words that were typed as they are written: 车证 of
    网约车车证 sounds like 扯证, and nobody means a wedding."""
    heard = sum(map(len, pieces))
    return heard / (heard + sum(2 * len(word) for word, _ in reading.things)) if heard else 0.0


@dataclass(frozen=True, slots=True)
class _Graded:
    """A candidate with the grade of each piece and each everyday word of the query, in their order."""

    document: SearchDocument
    pieces: list[Grade]
    terms: list[Grade]


def _by_pieces(
    reader: Reader, pieces: list[str], reading: synonyms.Reading, filters: list[Condition]
) -> list[Guess]:
    frequencies, documents = reader.frequencies({pair for piece in pieces for pair in pairs_of(piece)})
    asked = [_asked(piece, frequencies, documents) for piece in pieces]
    graded = []
    for document in _candidates(reader, pieces, frequencies, reading, filters):
        texts = texts_of(document)
        graded.append(
            _Graded(
                document,
                [grade_piece(texts, piece) for piece in asked],
                [grade_term(texts, concept) for _, concept in reading.terms],
            )
        )
    weighed = _weights(graded, pieces, reading)
    shown = f"按“{'、'.join([*pieces, *(word for word, _ in reading.terms)])}”放宽查找"
    why = (shown, *reasons(reading))
    found = (_guess_of(one, weighed, reading, why) for one in graded)
    return [guess for guess in found if guess]


def _candidates(
    reader: Reader,
    pieces: list[str],
    frequencies: Mapping[str, int],
    reading: synonyms.Reading,
    filters: list[Condition],
) -> list[SearchDocument]:
    meant = [either(map(named, concept.official)) for _, concept in reading.terms]
    exactly = every([*(either(_forms(piece, frequencies)) for piece in pieces), *meant])
    found = reader.shortest([every([exactly, *filters])], CANDIDATES)
    ways = [every([way, *filters]) for way in _term_ways(reading)]
    found += reader.shortest(ways, _OF_A_TERM) if ways else []
    if pieces:
        things = [way for (_, concept), way in zip(reading.terms, meant, strict=True) if not concept.action]
        likely = [every(filters), *(every([way, *filters]) for way in things)]
        found += reader.likeliest(pieces, frequencies, likely, CANDIDATES)
    return list({document.id: document for documents in found for document in documents}.values())


def _term_ways(reading: synonyms.Reading) -> Iterator[Condition]:
    """The best official word of each everyday word, then all of them; with what is to be done, and without."""
    actions = [either(map(named, concept.official)) for _, concept in reading.terms if concept.action]
    for _, concept in (reading.things or reading.terms)[:TERMS]:
        for most in (1, None):
            thing = either(map(named, concept.official[:most]))
            if actions and reading.things:
                yield every([thing, *actions])
            yield thing


def _weights(graded: Sequence[_Graded], pieces: list[str], reading: synonyms.Reading) -> list[float]:
    """How much each piece and then each everyday word counts."""
    found = []
    for at, piece in enumerate(pieces):
        known = max((one.pieces[at].value for one in graded), default=0.0) >= 0.5
        found.append(len(piece) * (1.0 if known else 0.25))
    for word, concept in reading.terms:
        found.append(len(word.replace(" ", "")) * (1.0 if concept.action else 2.0))
    return found


def _guess_of(
    one: _Graded, weights: list[float], reading: synonyms.Reading, why: tuple[str, ...]
) -> Guess | None:
    grades = one.pieces + one.terms
    value = sum(w * g.value for w, g in zip(weights, grades, strict=True)) / sum(weights)
    things = [g.value for g, (_, c) in zip(one.terms, reading.terms, strict=True) if not c.action]
    if value < _LEAST_GRADE and not any(things):
        return None
    said = max((g.value for g in one.pieces), default=0.0)
    if (things or one.pieces) and not any(things) and said < (0.7 if things else 0.25):
        return None  # 户口本丢了: something else that can be lost is no answer
    layer = max((g.layer for g in grades if g.value), key=_ORDER.index)
    needles = tuple(text for g in grades for text in g.marked)
    via = tuple(w for (w, _), grade in zip(reading.terms, one.terms, strict=True) if grade.value)
    return Guess(one.document, layer, 0.9 * value, why, needles, via=via)


def _forms(piece: str, frequencies: Mapping[str, int]) -> list[Condition]:
    """The piece as it is, as it sounds, as it may have been meant.

    A slip makes neighbours that no title has; where there are none such, the many ways to have slipped are not tried.
    """
    if len(piece) < 2:
        return [Term("chars", piece)]
    forms = [in_title_text_or_region(piece)]
    forms += [sequence("syllables", enumerate(reading)) for reading in sounds_of(piece)]
    if not all(frequencies[pair] for pair in pairs_of(piece)):
        forms += [sequence("letters", letters) for letters in slips_of(piece)]
    return forms


def _asked(whole: str, frequencies: dict[str, int], documents: int) -> Piece:
    """The piece with what is known of its pairs of characters."""
    pairs = dict.fromkeys(pairs_of(whole))
    # A pair that reaches over the edge of two words is rare as well, so rareness counts only up to a point.
    least = 1 + 0.003 * documents
    weights = {p: math.log(1 + documents / (n + least)) for p in pairs if (n := frequencies[p])}
    # A pair that occurs nowhere cannot tell one document from another; it only makes all less certain.
    unknown = sum(weights.values()) / (2 * len(weights)) if weights else 1.0
    # 发票被水泡 is cut where no title has the two characters beside each other.
    cut_up = "".join(pair[0] + ("" if frequencies[pair] else "\n") for pair in pairs_of(whole)) + whole[-1]
    words = tuple(word for word in cut_up.split("\n") if len(word) > 1)
    return Piece(whole, {pair: weights.get(pair, unknown) for pair in pairs}, words)
