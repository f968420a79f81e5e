"""Names to complete to while someone types."""

import tantivy
from tantivy import Query

from search import pinyin, tokens
from search.engine import DEFAULT_STATUSES, Layer, SearchQuery, Suggestion
from search.folding import fold
from search.matching import either, every, filters, phrase, sequence, term

_LONGEST = 40  # characters of the input that are looked at


def suggest(searcher: tantivy.Searcher, q: str, on: str, limit: int) -> list[Suggestion]:
    """Names that begin so, that contain it, that are read so, in this order; each the commonest first."""
    typed = fold(q)[:_LONGEST]
    conditions = filters(SearchQuery(q="", on=on, status=DEFAULT_STATUSES))
    found: dict[str, Suggestion] = {}
    for layer, way in _ways(typed):
        if len(found) >= limit:
            break
        for text, count in _names(searcher, every([way, *conditions]), limit):
            found.setdefault(text, Suggestion(text, count, layer))
    return list(found.values())[:limit]


def _ways(typed: str) -> list[tuple[Layer, Query]]:
    if not typed:
        return []
    start = tokens.START + typed
    ways: list[tuple[Layer, Query]] = [("exact", phrase("name", start)), ("exact", phrase("alias", start))]
    if len(typed) > 1:
        ways.append(("exact", either([phrase("name", typed), phrase("alias", typed)])))
    if pinyin.is_latin(typed):
        cuts = pinyin.readings(typed) + pinyin.unfinished_readings(typed)
        begun = [(tokens.START, *cut) for cut in cuts]
        ways.append(("pinyin", phrase("initials", start)))
        ways.append(("pinyin", either(sequence("syllables", list(enumerate(cut))) for cut in begun)))
        ways.append(("pinyin", either(sequence("syllables", list(enumerate(cut))) for cut in cuts)))
        ways.append(("pinyin", phrase("initials", typed)))
    elif typed.isascii() and typed.isalpha():
        ways.append(("pinyin", term("initials", start)))
    return ways


def _names(searcher: tantivy.Searcher, query: Query, limit: int) -> list[tuple[str, int]]:
    """[(name, subjects that bear it)], the commonest first."""
    wanted = {"names": {"terms": {"field": "label", "size": limit, "segment_size": 1000 + limit}}}
    buckets = searcher.aggregate(query, wanted)["names"]["buckets"]
    return [(bucket["key"], bucket["doc_count"]) for bucket in buckets]
