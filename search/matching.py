"""A text turned into queries: what matches, and in which tiers it is ranked."""

from collections.abc import Iterable
from dataclasses import dataclass

import tantivy
from tantivy import Occur, Query

from search import schema, synonyms, tokens
from search.engine import Layer, SearchQuery
from search.folding import fold

# Facet or filter of the contract -> field of the index.
KEYWORD_FIELDS = {
    "type": "type",
    "authority": "authority_id",
    "level": "level",
    "region": "region_path",
    "status": "status",
    "theme": "theme",
}


@dataclass(frozen=True, slots=True)
class Tier:
    """Hits of one rank. Tiers overlap: a hit belongs to the first that it matches."""

    name: str
    layer: Layer
    query: Query
    score: float
    needles: tuple[str, ...]  # folded texts to highlight
    reasons: tuple[str, ...] = ()
    widest: bool = False  # not contained in a later tier


def term(field: str, value: str) -> Query:
    return Query.term_query(schema.build(), field, value, "basic")


def phrase(field: str, text: str) -> Query:
    """`text`, two characters or more, within one value of a field of bigrams."""
    return sequence(field, tokens.phrase_grams(text))


def sequence(field: str, terms: list[tuple[int, str]]) -> Query:
    """Terms at these distances from each other."""
    if len(terms) == 1:
        return term(field, terms[0][1])
    return Query.phrase_query(schema.build(), field, [*terms])


def every(queries: Iterable[Query]) -> Query:
    return _combine(Occur.Must, list(queries))


def either(queries: Iterable[Query]) -> Query:
    return _combine(Occur.Should, list(queries))


def _combine(occur: Occur, queries: list[Query]) -> Query:
    if len(queries) == 1:
        return queries[0]
    return Query.boolean_query([(occur, query) for query in queries]) if queries else Query.empty_query()


def excluding(query: Query, without: list[Query]) -> Query:
    if not without:
        return query
    return Query.boolean_query([(Occur.Must, query), *((Occur.MustNot, other) for other in without)])


def filters(query: SearchQuery) -> list[Query]:
    """The day and every filter that is set."""
    found = on_day(query.on)
    for name in ("region", "authority", "type", "level", "theme"):
        value = getattr(query, name)
        if value:
            found.append(term(KEYWORD_FIELDS[name], value))
    statuses = (query.status,) if isinstance(query.status, str) else query.status
    if statuses:
        found.append(either(term("status", status) for status in dict.fromkeys(statuses)))
    return found


def on_day(day: str) -> list[Query]:
    number = schema.day_number(day)
    unsigned = tantivy.FieldType.Unsigned
    return [
        Query.range_query(schema.build(), "valid_from", unsigned, upper_bound=number),
        Query.range_query(schema.build(), "valid_to", unsigned, lower_bound=number, include_lower=False),
    ]


def exact_tiers(q: str) -> list[Tier]:
    """What contains the text, best first; the last tier matches all that match. Empty text matches all."""
    whole, words = fold(q), tokens.words(q)
    if not whole:
        return [Tier("全部", "exact", Query.all_query(), 0.0, (), widest=True)]
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
        Tier("名称", "exact", term("name", tokens.START + char), 0.9, (char,), widest=True),
        Tier("别名", "exact", term("alias", tokens.START + char), 0.8, (char,), widest=True),
    ]


def _whole_tiers(whole: str) -> list[Tier]:
    code = sequence("code4", tokens.code_phrase_grams(whole)) if tokens.is_code_like(whole) else None
    ranked = [
        ("名称相同", phrase("name", tokens.START + whole + tokens.END)),
        ("名称开头", phrase("name", tokens.START + whole)),
        ("名称", phrase("name", whole)),
        ("别名", phrase("alias", whole)),
        ("编码", code or phrase("code", whole)),
        ("机关", phrase("authority", whole)),
        ("依据", _as_written_or_cited("citation", "canon_citation", whole)),
    ]
    return [
        Tier(name, "exact", query, 1 - 0.05 * rank, (whole,)) for rank, (name, query) in enumerate(ranked)
    ]


def _all_words_tiers(words: list[str]) -> list[Tier]:
    """All words in the name, then all in names of any kind; one character counts as a letter of these."""
    in_name = every(phrase("name", word) if len(word) > 1 else term("letters", word) for word in words)
    in_titles = every(
        either([phrase("name", word), phrase("alias", word)]) if len(word) > 1 else term("letters", word)
        for word in words
    )
    return [
        Tier("名称含各词", "exact", in_name, 0.65, tuple(words)),
        Tier("别名含各词", "exact", in_titles, 0.6, tuple(words)),
    ]


def contains(word: str) -> Query:
    """Some value contains the folded word (see tokens.contains), whichever it is."""
    if len(word) == 1:
        return term("chars", word)
    if tokens.is_code_like(word):
        return sequence("ascii", tokens.code_phrase_grams(word))
    return _as_written_or_cited("all", "canon", word)


def _as_written_or_cited(field: str, canonical_field: str, word: str) -> Query:
    if not tokens.cites_article(word):
        return phrase(field, word)
    canonical = tokens.canonical(word)
    cited = phrase(canonical_field, canonical)
    # With every figure turned into a numeral, whatever contains the word as written contains it so as well;
    # a figure that is left may be the end or the beginning of a longer one.
    return cited if canonical.isalpha() else either([phrase(field, word), cited])


def synonym_tiers(q: str, concepts: dict[str, synonyms.Concept], searcher: tantivy.Searcher) -> list[Tier]:
    """Items named by the official words for what was typed, if each other word of the query fits too."""
    reading = synonyms.read(fold(q), concepts)
    tiers = _remarkless_tiers(fold(q))
    if not reading.terms:
        return [*tiers, *_region_tiers(q, searcher)]
    others = [in_title_text_or_region(word) for word in reading.rest]
    for most, name, score in ((1, "首选官方用语", 0.5), (None, "官方用语", 0.45)):
        chosen = [concept.official[:most] for _, concept in reading.terms]
        official = [either(_named(parts) for parts in phrases) for phrases in chosen]
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
            )
        )
    return tiers


def reasons(reading: synonyms.Reading) -> tuple[str, ...]:
    return tuple(
        f"“{word}”按“{'、'.join(''.join(parts) for parts in concept.official)}”查找"
        for word, concept in reading.terms
    )


def _named(parts: tuple[str, ...]) -> Query:
    return every(in_title(part) for part in parts)


def in_title(part: str) -> Query:
    return either([phrase("name", part), phrase("alias", part), phrase("short", part)])


def _remarkless_tiers(whole: str) -> list[Tier]:
    """食品经营许可: named 食品(含保健食品)经营许可核发."""
    if len(whole) < 3:
        return []
    return [
        Tier(
            "略去括号",
            "synonym",
            phrase("short", whole),
            0.52,
            (whole,),
            ("略去名称中括号内的文字",),
            widest=True,
        )
    ]


def _region_tiers(q: str, searcher: tantivy.Searcher) -> list[Tier]:
    """广安 施工许可: the words are in the item or in its region's name."""
    words = [word for word in tokens.words(q) if len(word) > 1]
    places = {word for word in words if searcher.search(phrase("region", word), 1, count=False).hits}
    if len(words) < 2 or not places:
        return []
    query = every(in_title_text_or_region(word) if word in places else contains(word) for word in words)
    return [
        Tier("地区名", "synonym", query, 0.4, tuple(words), ("词语见于事项或其所在地区名称",), widest=True)
    ]


def in_title_text_or_region(word: str) -> Query:
    return either([contains(word), phrase("region", word), phrase("short", word)])
