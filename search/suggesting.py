"""Names to complete to while someone types: by what is typed, and by the everyday words in it or begun with it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from search import pinyin, synonyms, tokens
from search.conditions import Condition, Phrase, Reader, either, every, filters, sequence
from search.engine import DEFAULT_STATUSES, Layer, SearchQuery, Suggestion
from search.folding import fold
from search.matching import in_title_text_or_region, named
from search.synonyms import Concept
from search.tokens import content_pieces, is_follow_up

_LONGEST = 40  # characters of the input that are looked at
_LOOKED_AT = 200  # names of each kind, so that of equally common ones the simplest are taken
_BEGUN = 4  # everyday words begun so far that are followed
_OF_A_WORD = 3  # names that each of these leads to
_LEAST_CODE = 4  # characters of a code
_LEAST_LATIN = 3  # letters of an everyday word in pinyin

Named = tuple[str, Concept]
Sounds = Callable[[], dict[str, Named]]
"""The concepts by the reading of their terms; worked out only when something is typed in pinyin."""


@dataclass(frozen=True, slots=True)
class _Way:
    layer: Layer
    condition: Condition
    via: str = ""
    most: int | None = None  # names it may lead to


def suggest(
    reader: Reader, q: str, on: str, limit: int, concepts: dict[str, Concept], sounds: Sounds
) -> list[Suggestion]:
    """Names that begin so, that contain it, that are read so, in this order; then what everyday words lead to."""
    typed = fold(q)[:_LONGEST]
    if not typed:
        return []
    conditions = filters(SearchQuery(q="", on=on, status=DEFAULT_STATUSES))
    found: dict[str, Suggestion] = {}
    for ways in ([way] for way in _ways(typed)):
        if len(found) < limit:
            _add(reader, ways, conditions, found, limit)
    if len(found) < limit:
        _add(reader, _everyday(typed, concepts, sounds), conditions, found, limit)
    if not found and len(typed) > 1 and not typed.isascii():
        heard = sequence("syllables", enumerate(pinyin.syllables(typed)))
        _add(reader, [_Way("pinyin", heard)], conditions, found, limit)
    return list(found.values())[:limit]


def _add(
    reader: Reader,
    ways: Sequence[_Way],
    conditions: list[Condition],
    found: dict[str, Suggestion],
    limit: int,
) -> None:
    """The names of each way, the commonest first; of equally common ones first-time items, then the shortest."""
    asked = [every([way.condition, *conditions]) for way in ways]
    for way, names in zip(ways, reader.names(asked, _LOOKED_AT) if asked else (), strict=True):
        fresh = [name for name in sorted(names, key=_rank) if name[0] not in found]
        for text, count in fresh[: limit if way.most is None else way.most]:
            found[text] = Suggestion(text, count, way.layer, way.via)


def _rank(name: tuple[str, int]) -> tuple[int, bool, int, str]:
    text, count = name
    return -count, is_follow_up(fold(text)), len(text), text


def _ways(typed: str) -> Iterator[_Way]:
    start = tokens.START + typed
    yield _Way("exact", Phrase("name", start))
    yield _Way("exact", Phrase("alias", start))
    if len(typed) >= _LEAST_CODE and typed.isascii() and any(map(str.isdigit, typed)):
        yield _Way("exact", Phrase("code", start))
    if len(typed) > 1:
        yield _Way("exact", either([Phrase("name", typed), Phrase("alias", typed)]))
    if pinyin.is_latin(typed):
        cuts = pinyin.readings(typed) + pinyin.unfinished_readings(typed)
        begun = [(tokens.START, *cut) for cut in cuts]
        yield _Way("pinyin", Phrase("initials", start))
        yield _Way("pinyin", either(sequence("syllables", enumerate(cut)) for cut in begun))
        yield _Way("pinyin", either(sequence("syllables", enumerate(cut)) for cut in cuts))
        yield _Way("pinyin", Phrase("initials", typed))
    elif typed.isascii() and typed.isalpha():
        yield _Way("pinyin", Phrase("initials", start))


# -- everyday words


def _everyday(typed: str, concepts: dict[str, Concept], sounds: Sounds) -> list[_Way]:
    """The everyday words in what is typed, and those that it may become."""
    if pinyin.is_latin(typed):
        heard = _begun_in_pinyin(typed, sounds()) if len(typed) >= _LEAST_LATIN else []
        return [way for one in heard for way in _preferred("pinyin", [one], [])]
    reading = synonyms.read(typed, concepts)
    whole = _preferred("synonym", reading.terms, reading.rest) if reading.terms else []
    begun = [way for one, rest in _begun(typed, concepts) for way in _preferred("synonym", [one], rest)]
    ends_whole = any(typed.endswith(word.split()[-1]) for word, _ in reading.terms)
    return whole + begun if ends_whole else begun + whole  # 领养老: nobody is being adopted


def _preferred(layer: Layer, terms: Sequence[Named], others: Sequence[str]) -> list[_Way]:
    """By the best official word, then by any."""
    return [_leading(layer, terms, others, most) for most in (1, None)]


def _leading(layer: Layer, terms: Sequence[Named], others: Sequence[str], most: int | None) -> _Way:
    official = [either(map(named, concept.official[:most])) for _, concept in terms]
    condition = every([*official, *map(in_title_text_or_region, others)])
    return _Way(
        layer, condition, "、".join(word for word, _ in terms), _OF_A_WORD if len(terms) == 1 else None
    )


def _begun(typed: str, concepts: dict[str, Concept]) -> list[tuple[Named, list[str]]]:
    """The words that begin with the end of what is typed, the longest end first, each with what stands before it."""
    begun = synonyms.terms_of(concepts).begun
    for start in range(len(typed) - 1):
        end = typed[start:]
        words = [word for word in begun.get(end[:2], ()) if word.startswith(end) and word != end]
        if words:
            before = [piece for piece in content_pieces(typed[:start]) if len(piece) > 1] if start else []
            return [(one, before) for one in _shortest(words, concepts)]
    return []


def _shortest(words: list[str], concepts: dict[str, Concept]) -> list[Named]:
    """The shortest word of each concept."""
    by_concept: dict[Concept, str] = {}
    for word in sorted(words, key=len):
        by_concept.setdefault(concepts[word], word)
    return [(word, concept) for concept, word in by_concept.items()][:_BEGUN]


def _begun_in_pinyin(typed: str, sounds: dict[str, Named]) -> list[Named]:
    heard = sorted((letters for letters in sounds if letters.startswith(typed)), key=len)
    by_concept = {sounds[letters][1]: sounds[letters][0] for letters in reversed(heard)}
    found = [(word, concept) for concept, word in by_concept.items()]
    return sorted(found, key=lambda one: len(one[0]))[:_BEGUN]
