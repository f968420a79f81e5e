"""Conditions turned into tantivy's queries, and what ranks asks of a tantivy index."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import tantivy
from tantivy import Occur, Query

from search import pinyin, schema, tokens
from search.conditions import (
    Condition,
    Either,
    Every,
    Everything,
    InOrder,
    OnDay,
    Phrase,
    Term,
    Without,
)
from search.engine import DEFAULT_STATUSES, SearchDocument

# A field of bigrams -> its grams of CODE_GRAM, in which a long code is far rarer.
_CODE_FIELDS = {"all": "ascii", "code": "code4"}
_TITLES = {"name", "alias", "short"}
_USUAL_STATUSES = tuple(Term("status", status) for status in DEFAULT_STATUSES)


@lru_cache(maxsize=4_000)  # the filters come again with every tier
def query_of(condition: Condition) -> Query:
    match condition:
        case Everything():
            return Query.all_query()
        case Term(field, value):
            return _term(field, value)
        case Phrase(field, text):
            if field in _CODE_FIELDS and tokens.is_code_like(text):
                return _in_order(_CODE_FIELDS[field], tokens.code_phrase_grams(text))
            return _in_order(field, tokens.phrase_grams(text))
        case InOrder(field, terms):
            return _in_order(field, [*terms])
        case Every() | OnDay():
            clauses = _musts(condition)
            if not any(occur is Occur.Must for occur, _ in clauses):
                clauses.append((Occur.Must, Query.all_query()))
            return clauses[0][1] if len(clauses) == 1 else Query.boolean_query(clauses)
        case Either(conditions):
            return _shortcut(conditions) or _combine(Occur.Should, map(query_of, conditions))
        case Without(wanted, others):
            not_these = [(Occur.MustNot, query_of(other)) for other in others]
            return Query.boolean_query([(Occur.Must, query_of(wanted)), *not_these])


def _musts(condition: Condition) -> list[tuple[Occur, Query]]:
    """Flat: a boolean query within another costs time."""
    match condition:
        case Every(conditions):
            return [clause for one in conditions for clause in _musts(one)]
        case OnDay(day):
            return _on_day(day)
        case _:
            return [(Occur.Must, query_of(condition))]


def _shortcut(conditions: tuple[Condition, ...]) -> Query | None:
    """One field or term of the index that stands for all of these."""
    if conditions == _USUAL_STATUSES:
        return _term("shortcut", schema.USUAL)
    fields = {condition.field for condition in conditions if isinstance(condition, Phrase)}
    texts = {condition.text if isinstance(condition, Phrase) else "" for condition in conditions}
    return query_of(Phrase("title", *texts)) if fields == _TITLES and len(texts) == 1 else None


def _term(field: str, value: str) -> Query:
    return Query.term_query(schema.build(), field, value, "basic")


def _in_order(field: str, terms: list[tuple[int, str]]) -> Query:
    if len(terms) == 1:
        return _term(field, terms[0][1])
    return Query.phrase_query(schema.build(), field, [*terms])


def _combine(occur: Occur, queries: Iterable[Query]) -> Query:
    clauses = [(occur, query) for query in queries]
    if len(clauses) == 1:
        return clauses[0][1]
    return Query.boolean_query(clauses) if clauses else Query.empty_query()


def _on_day(day: int) -> list[tuple[Occur, Query]]:
    """Said by what is left out, for that is little on the days that are asked most: what begins later, what has
    ended by then. An open end is not in the index."""
    unsigned = tantivy.FieldType.Unsigned
    later = Query.range_query(schema.build(), "valid_from", unsigned, lower_bound=day, include_lower=False)
    ended = Query.range_query(schema.build(), "valid_to", unsigned, upper_bound=day)
    return [(Occur.MustNot, later), (Occur.MustNot, ended)]


class EmbeddedReader:
    """A Reader (see conditions.py) of one state of the index."""

    def __init__(self, searcher: tantivy.Searcher) -> None:
        self.searcher = searcher

    def holds(self, conditions: Sequence[Condition]) -> list[bool]:
        return [bool(self.searcher.search(query_of(c), 1, count=False).hits) for c in conditions]

    def shortest(self, conditions: Sequence[Condition], limit: int) -> list[list[SearchDocument]]:
        return [self.page(condition, limit)[0] for condition in conditions]

    def page(
        self, condition: Condition, limit: int, offset: int = 0, *, count: bool = False
    ) -> tuple[list[SearchDocument], int]:
        """The documents by length of name, then id; and how many there are in all, 0 unless asked."""
        found = self.searcher.search(
            query_of(condition),
            limit=max(1, limit),
            count=count,
            offset=offset,
            order_by_field="order",
            order=tantivy.Order.Asc,
        )
        documents = [schema.stored(self.searcher, address) for _, address in found.hits[:limit]]
        return documents, found.count if count else 0  # type: ignore[attr-defined]

    def any_of(self, condition: Condition, limit: int) -> list[SearchDocument]:
        """Some documents, as the bare engine finds them first: what a search is measured against."""
        found = self.searcher.search(query_of(condition), limit, count=False)
        return [schema.stored(self.searcher, address) for _, address in found.hits]

    def likeliest(
        self,
        pieces: Sequence[str],
        frequencies: Mapping[str, int],
        conditions: Sequence[Condition],
        limit: int,
    ) -> list[list[SearchDocument]]:
        wanted = _combine(Occur.Should, map(_parts, pieces))
        found = []
        for condition in conditions:
            silent = Query.const_score_query(query_of(condition), 0.0)
            query = Query.boolean_query([(Occur.Must, wanted), (Occur.Must, silent)])
            found.append(self.searcher.search(query, limit, count=False).hits)
        return [[schema.stored(self.searcher, address) for _, address in hits] for hits in found]

    def frequencies(self, pairs: Iterable[str]) -> tuple[dict[str, int], int]:
        count = self.searcher.doc_freq
        return {pair: count("name", pair) + count("alias", pair) for pair in pairs}, self.searcher.num_docs

    def names(self, condition: Condition, limit: int) -> list[tuple[str, int]]:
        wanted = {"names": {"terms": {"field": "label", "size": limit, "segment_size": 1000 + limit}}}
        buckets = self.searcher.aggregate(query_of(condition), wanted)["names"]["buckets"]
        return [(bucket["key"], bucket["doc_count"]) for bucket in buckets]


def _parts(piece: str) -> Query:
    """Any two neighbouring characters, in titles before anything else, or their sound."""
    pairs = [piece[i : i + 2] for i in range(len(piece) - 1)]
    if not pairs:
        return _term("chars", piece)
    found: list[Query] = []
    for pair in pairs:
        found.append(Query.boost_query(_term("name", pair), 3.0))
        found.append(Query.boost_query(_term("alias", pair), 2.0))
        found.append(Query.boost_query(_term("short", pair), 2.0))
        found.append(Query.boost_query(_term("all", pair), 0.3))
        sound = _in_order("syllables", list(enumerate(pinyin.syllables(pair))))
        found.append(Query.const_score_query(sound, 1.0))
    return _combine(Occur.Should, found)
