"""A text turned into conditions: what matches, and in which tiers it is ranked."""

from dataclasses import dataclass

from search import synonyms, tokens
from search.conditions import Condition, Everything, Phrase, Reader, Term, either, every
from search.engine import Hit, Layer, SearchDocument
from search.folding import fold
from search.highlighting import explanation, highlights, hit_of
from search.meeting import meets


@dataclass(frozen=True, slots=True)
class Tier:
    """Hits of one rank. Tiers overlap: a hit belongs to the first that it matches."""

    name: str
    layer: Layer
    condition: Condition
    score: float
    needles: tuple[str, ...]  # folded texts to highlight
    reasons: tuple[str, ...] = ()
    widest: bool = False  # not contained in a later tier
    via: tuple[str, ...] = ()  # everyday words that led to the condition


def hit_in(tier: Tier, document: SearchDocument, explain: bool) -> Hit:
    hit = hit_of(document, tier.layer, tier.score, highlights(document, tier.needles))
    hit.via = [*tier.via]
    if explain:
        hit.explain = explanation(hit, [tier.name, *tier.reasons])
    return hit


def hit_among(tiers: list[Tier], document: SearchDocument, explain: bool) -> Hit:
    """A hit that was not found tier by tier, told by the first that it matches."""
    tier = next((one for one in tiers if meets(document, one.condition)), tiers[-1])
    return hit_in(tier, document, explain)


def exact_tiers(q: str) -> list[Tier]:
    """What contains the text, best first; the last tier matches all that match. Empty text matches all."""
    whole, words = fold(q), tokens.words(q)
    if not whole:
        return [Tier("全部", "exact", Everything(), 0.0, (), widest=True)]
    if len(whole) == 1:
        return _beginning_with(whole)
    tiers = _whole_tiers(whole)
    contained = [contains(whole)]
    if len(words) > 1:
        words = list(dict.fromkeys(words))
        tiers += _all_words_tiers(words)
        contained.append(every(map(contains, words)))
    return [*tiers, Tier("正文", "exact", either(contained), 0.55, (whole, *words), widest=True)]


def _beginning_with(char: str) -> list[Tier]:
    return [
        Tier("名称", "exact", Phrase("name", tokens.START + char), 0.9, (char,), widest=True),
        Tier("别名", "exact", Phrase("alias", tokens.START + char), 0.8, (char,), widest=True),
    ]


def _whole_tiers(whole: str) -> list[Tier]:
    ranked = [
        ("名称相同", Phrase("name", tokens.START + whole + tokens.END)),
        ("名称开头", Phrase("name", tokens.START + whole)),
        ("名称", Phrase("name", whole)),
        ("别名", Phrase("alias", whole)),
        ("编码", Phrase("code", whole)),
        ("机关", Phrase("authority", whole)),
        ("依据", _as_written_or_cited("citation", "canon_citation", whole)),
    ]
    return [
        Tier(name, "exact", query, 1 - 0.05 * rank, (whole,)) for rank, (name, query) in enumerate(ranked)
    ]


def _all_words_tiers(words: list[str]) -> list[Tier]:
    """All words in the name, then all in names of any kind; one character counts as a letter of these."""
    in_name = every(Phrase("name", word) if len(word) > 1 else Term("letters", word) for word in words)
    in_titles = every(
        either([Phrase("name", word), Phrase("alias", word)]) if len(word) > 1 else Term("letters", word)
        for word in words
    )
    return [
        Tier("名称含各词", "exact", in_name, 0.65, tuple(words)),
        Tier("别名含各词", "exact", in_titles, 0.6, tuple(words)),
    ]


def contains(word: str) -> Condition:
    """Some value contains the folded word (see tokens.contains), whichever it is."""
    if len(word) == 1:
        return Term("chars", word)
    return _as_written_or_cited("all", "canon", word)


def _as_written_or_cited(field: str, canonical_field: str, word: str) -> Condition:
    if not tokens.cites_article(word):
        return Phrase(field, word)
    canonical = tokens.canonical(word)
    cited = Phrase(canonical_field, canonical)
    # With every figure turned into a numeral, whatever contains the word as written contains it so as well;
    # a figure that is left may be the end or the beginning of a longer one.
    return cited if canonical.isalpha() else either([Phrase(field, word), cited])


def synonym_tiers(q: str, concepts: dict[str, synonyms.Concept], reader: Reader) -> list[Tier]:
    """Items named by the official words for what was typed, if each other word of the query fits too."""
    reading = synonyms.read(fold(q), concepts)
    tiers = _remarkless_tiers(fold(q))
    if not reading.terms:
        return [*tiers, *_region_tiers(q, reader)]
    others = [in_title_text_or_region(word) for word in reading.rest]
    for most, name, score in ((1, "首选官方用语", 0.5), (2, "次选官方用语", 0.48), (None, "官方用语", 0.45)):
        chosen = [concept.official[:most] for _, concept in reading.terms]
        official = [either(named(parts) for parts in phrases) for phrases in chosen]
        needles = [part for phrases in chosen for parts in phrases for part in parts]
        tiers.append(
            Tier(
                name,
                "synonym",
                every([*official, *others]),
                score,
                (*needles, *reading.rest),
                reasons(reading),
                widest=most is None,
                via=tuple(word for word, _ in reading.terms),
            )
        )
    return tiers


def reasons(reading: synonyms.Reading) -> tuple[str, ...]:
    return tuple(
        f"“{word}”按“{'、'.join(dict.fromkeys(map(''.join, concept.official)))}”查找"
        for word, concept in reading.terms
    )


def named(parts: tuple[str, ...]) -> Condition:
    return every(in_title(part) for part in parts)


def in_title(part: str) -> Condition:
    return either([Phrase("name", part), Phrase("alias", part), Phrase("short", part)])


def _remarkless_tiers(whole: str) -> list[Tier]:
    """食品经营许可: named 食品(含保健食品)经营许可核发."""
    if len(whole) < 3:
        return []
    return [
        Tier(
            "略去括号",
            "synonym",
            Phrase("short", whole),
            0.52,
            (whole,),
            ("略去名称中括号内的文字",),
            widest=True,
        )
    ]


def _region_tiers(q: str, reader: Reader) -> list[Tier]:
    """广安 施工许可: the words are in the item or in its region's name."""
    words = [word for word in tokens.words(q) if len(word) > 1]
    if len(words) < 2:
        return []
    found = reader.holds([Phrase("region", word) for word in words])
    places = {word for word, holds in zip(words, found, strict=True) if holds}
    if not places:
        return []
    query = every(in_title_text_or_region(word) if word in places else contains(word) for word in words)
    return [
        Tier("地区名", "synonym", query, 0.4, tuple(words), ("词语见于事项或其所在地区名称",), widest=True)
    ]


def in_title_text_or_region(word: str) -> Condition:
    return either([contains(word), Phrase("region", word), Phrase("short", word)])
