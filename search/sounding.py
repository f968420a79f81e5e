"""What is found by its sound: an everyday word by a homophone or in pinyin, a title in pinyin, whole or in part."""

from collections.abc import Mapping
from dataclasses import dataclass

from search import mixing, pinyin, synonyms
from search.conditions import Condition, Phrase, Reader, either, every, sequence
from search.engine import Highlight, Layer, SearchDocument
from search.folding import fold
from search.grading import find, titles_of
from search.highlighting import cut
from search.matching import synonym_tiers
from search.tokens import without_remarks

CANDIDATES = 40  # of each kind
TERMS = 4  # everyday words of one query that are looked up
Sounds = Mapping[str, tuple[str, synonyms.Concept]]
"""The concepts by the reading of their terms."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A candidate and why it may be meant; what is shown of it is worked out for one page only."""

    document: SearchDocument
    layer: Layer
    value: float
    reasons: tuple[str, ...]
    needles: tuple[str, ...] = ()  # folded texts to highlight
    marked: tuple[Highlight, ...] | None = None  # known already
    via: tuple[str, ...] = ()  # everyday words that led to it


def by_sound_of_term(
    reader: Reader,
    pieces: list[str],
    filters: list[Condition],
    sounds: Sounds,
    share: float,
) -> list[Guess]:
    """yingyezhizhao, 养老今: an everyday word in pinyin or by a homophone. ``share``: how much of the query it is."""
    if not pieces:
        return []
    heard = sounds.get("".join(syllable for piece in pieces for syllable in pinyin.syllables(piece)))
    return _by_heard(reader, heard, filters, 0.8 * share) if heard else []


def _by_heard(
    reader: Reader, heard: tuple[str, synonyms.Concept], filters: list[Condition], best: float
) -> list[Guess]:
    """What an everyday word leads to that was not typed as it is written."""
    hits = []
    tiers = synonym_tiers(heard[0], dict([heard]), reader)
    found = reader.shortest([every([tier.condition, *filters]) for tier in tiers], CANDIDATES)
    for rank, (tier, documents) in enumerate(zip(tiers, found, strict=True)):
        for document in documents:
            value = best - 0.05 * rank
            hits.append(Guess(document, "pinyin", value, tier.reasons, tier.needles, via=tier.via))
    return hits


def by_latin(reader: Reader, latin: str, filters: list[Condition]) -> list[Guess]:
    cuts = pinyin.readings(latin) or pinyin.unfinished_readings(latin)
    ways = [sequence("syllables", enumerate(cut)) for cut in cuts]
    ways.append(Phrase("initials", latin))
    hits = []
    for document in reader.shortest([every([either(ways), *filters])], CANDIDATES)[0]:
        found = _latin_span(document, latin, cuts)
        if found:
            field, title, start, end = found
            value = 0.85 if start == 0 else 0.8
            value += 0.1 * (end - start) / len(fold(title))
            marked = (cut(field, title, [(start, end)]),) if len(fold(title)) == len(title) else ()
            hits.append(Guess(document, "pinyin", value, (f"“{latin}”按拼音查找",), marked=marked))
    return hits


def _latin_span(
    document: SearchDocument, latin: str, cuts: list[list[str]]
) -> tuple[str, str, int, int] | None:
    """(field, title, start, end) of the first title that reads so; offsets in the folded title."""
    for field, title in _spoken(document):
        folded = fold(title)
        syllables = pinyin.syllables(folded)
        for way in cuts:
            at = find(syllables, tuple(way))
            if at >= 0:
                return field, title, at, at + len(way)
        at = pinyin.initials(folded).find(latin)
        if at >= 0:
            return field, title, at, at + len(latin)
    return None


def _spoken(document: SearchDocument) -> list[tuple[str, str]]:
    """Titles, then those with brackets without what stands in them, as the index has them: spjyxk is
    食品(含保健食品)经营许可."""
    titles = titles_of(document)
    folded = [(field, fold(title)) for field, title in titles]
    return titles + [(field, short) for field, title in folded if (short := without_remarks(title)) != title]


def by_mixture(
    reader: Reader,
    whole: str,
    filters: list[Condition],
    sounds: Sounds,
) -> list[Guess]:
    """jiehundj, 营业zz, in titles and in everyday words: below what is read as whole pinyin."""
    parts = mixing.parts_of(whole)
    if not parts:
        return []
    words = sorted(
        (one for one in sounds.values() if mixing.is_whole(one[0], parts)), key=lambda one: len(one[0])
    )
    hits = [guess for heard in words[:TERMS] for guess in _by_heard(reader, heard, filters, 0.75)]
    for document in reader.shortest([every([mixing.condition(parts), *filters])], CANDIDATES)[0]:
        for field, title in _spoken(document):
            folded = fold(title)
            spans = mixing.spans(folded, parts)
            if spans:
                value = 0.7 + 0.1 * sum(end - start for start, end in spans) / len(folded)
                marked = (cut(field, title, spans),) if len(folded) == len(title) else ()
                hits.append(Guess(document, "pinyin", value, (f"“{whole}”按拼音查找",), marked=marked))
                break
    return hits
