"""Conditions turned into tantivy's queries, and what ranks asks of a tantivy index."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache

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

# A field of bigrams -> its grams of LONG_GRAM, for texts that are long enough.
_LONG_FIELDS = {"all": "all4", "code": "code4", "name": "name4", "short": "short4", "title": "title4"}
_TITLES = frozenset(("name", "alias", "short"))
_AMONG_ALL = frozenset(("all", "name", "alias", "code", "authority", "citation"))
_USUAL_STATUSES = tuple(Term("status", status) for status in DEFAULT_STATUSES)


@lru_cache(maxsize=4_000)  # the filters come again with every tier
def query_of(condition: Condition) -> Query:
    match condition:
        case Everything():
            return Query.all_query()
        case Term(field, value):
            return _term(field, value)
        case Phrase(field, text):
            if field in _LONG_FIELDS and len(text) >= tokens.LONG_GRAM and text[0] != tokens.START:
                return _in_order(_LONG_FIELDS[field], tokens.long_phrase_grams(text))
            return _in_order(field, tokens.phrase_grams(text))
        case InOrder("syllables", ((_, syllable),)):
            return _term("syllables", syllable)
        case InOrder("syllables", terms):
            return _sounding([syllable for _, syllable in terms])
        case InOrder(field, terms):
            return _in_order(field, [*terms])
        case Every() | OnDay():
            clauses = _musts(condition)
            if not any(occur is Occur.Must for occur, _ in clauses):
                clauses.append((Occur.Must, Query.all_query()))
            return clauses[0][1] if len(clauses) == 1 else Query.boolean_query(clauses)
        case Either(conditions):
            return _shortcut(conditions) or _combine(Occur.Should, map(query_of, needed(conditions)))
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
    title = _title_of(conditions)
    return query_of(Phrase("title", title)) if title else None


def needed(conditions: Iterable[Condition]) -> list[Condition]:
    """Of these, those that find what no other of them does: whatever has 食品经营许可 in its name has it among all its
    values, and whatever has 食品经营许可证 has 食品经营许可. The longer an index, the more each costs."""
    asked = [(one, list(_having(one)), _sought(one)) for one in dict.fromkeys(_flat(conditions))]
    found: list[_Asked] = []
    for one in asked:
        if not any(_implies(one, other) for other in found):
            found = [other for other in found if not _implies(other, one)]
            found.append(one)
    return [condition for condition, _, _ in found]


def _flat(conditions: Iterable[Condition]) -> Iterator[Condition]:
    for one in conditions:
        match one:
            case Either(inner) if not _title_of(inner) and inner != _USUAL_STATUSES:
                yield from _flat(inner)
            case _:
                yield one


Text = tuple[frozenset[str], str]
"""Fields, and a text in them."""
_Asked = tuple[Condition, list[Text], Text | None]
"""A condition, the texts that all that meets it has in some of the fields, and the one text that is enough to meet it,
in any of the fields."""


def _implies(one: _Asked, other: _Asked) -> bool:
    """Whether all that meets one is known to meet the other."""
    if other[2] is None:
        return isinstance(one[0], Every) and other[0] in one[0].of
    fields, wanted = other[2]
    return any(wanted in text and within <= fields for within, text in one[1])


def _having(condition: Condition) -> Iterator[Text]:
    match condition:
        case Every(parts):
            for part in parts:
                yield from _having(part)
        case Phrase(field, text):
            yield _alone(field), text
        case Either(inner) if text := _title_of(inner):
            yield _TITLES, text


def _sought(condition: Condition) -> Text | None:
    match condition:
        case Phrase("all", text):
            return _AMONG_ALL, text
        case Phrase(field, text):
            return _alone(field), text
        case Either(inner) if text := _title_of(inner):
            return _TITLES, text
        case _:
            return None


@cache
def _alone(field: str) -> frozenset[str]:
    return frozenset((field,))


def _title_of(conditions: tuple[Condition, ...]) -> str:
    """The text that is looked for in titles of any kind; "" where it is something else."""
    if len(conditions) != len(_TITLES):
        return ""
    fields = {condition.field for condition in conditions if isinstance(condition, Phrase)}
    texts = {condition.text if isinstance(condition, Phrase) else "" for condition in conditions}
    return texts.pop() if fields == _TITLES and len(texts) == 1 else ""


def _term(field: str, value: str) -> Query:
    return Query.term_query(schema.build(), field, value, "basic")


def _in_order(field: str, terms: list[tuple[int, str]]) -> Query:
    if len(terms) == 1:
        return _term(field, terms[0][1])
    return Query.phrase_query(schema.build(), field, [*terms])


def _sounding(syllables: Sequence[str]) -> Query:
    """Syllables one after the other: every second pair of them covers each, as with characters."""
    pairs = schema.sound_pairs(syllables)
    starts = dict.fromkeys([*range(0, len(pairs), 2), len(pairs) - 1])
    return _in_order("sounds", [(start, pairs[start]) for start in starts])


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


Place = tuple[int, int]
"""Where a document stands in one state of an index: its segment, and its number there."""


class ReadLately:
    """Documents of one state of an index, for the questions to come: those of another are forgotten."""

    def __init__(self, most: int) -> None:
        """``most``: documents that are kept from one question to the next; 0: none."""
        self._most = most
        self._of: tuple[object, dict[Place, SearchDocument]] = (None, {})

    def of(self, state: object) -> dict[Place, SearchDocument]:
        """``state`` names the state in which the places are."""
        if state != self._of[0] or len(self._of[1]) > self._most:
            self._of = (state, {})
        return self._of[1]


class EmbeddedReader:
    """A Reader (see conditions.py) of one state of the index."""

    def __init__(self, searcher: tantivy.Searcher, read: dict[Place, SearchDocument] | None = None) -> None:
        """`read`: documents of this state that were read before; what is read is put there."""
        self.searcher = searcher
        self._read = {} if read is None else read

    def _documents(self, hits: Sequence[tuple[object, tantivy.DocAddress]]) -> list[SearchDocument]:
        return [self._document(address) for _, address in hits]

    def _document(self, address: tantivy.DocAddress) -> SearchDocument:
        place = (address.segment_ord, address.doc)
        document = self._read.get(place)
        if document is None:
            document = self._read[place] = schema.stored(self.searcher, address)
        return document

    def holds(self, conditions: Sequence[Condition]) -> list[bool]:
        return [bool(self.searcher.search(query_of(c), 1, count=False).hits) for c in conditions]

    def shortest(self, conditions: Sequence[Condition], limit: int) -> list[list[SearchDocument]]:
        return [self.page(condition, limit)[0] for condition in conditions]

    def page(
        self,
        condition: Condition,
        limit: int,
        offset: int = 0,
        *,
        count: bool = False,
        order: str = "order",
        last_first: bool = False,
    ) -> tuple[list[SearchDocument], int]:
        """The documents by a field of numbers, `order` being length of name, then id; and how many there are in
        all, 0 unless asked."""
        found = self.searcher.search(
            query_of(condition),
            limit=max(1, limit),
            count=count,
            offset=offset,
            order_by_field=order,
            order=tantivy.Order.Desc if last_first else tantivy.Order.Asc,
        )
        return self._documents(found.hits[:limit]), found.count if count else 0  # type: ignore[attr-defined]

    def any_of(self, condition: Condition, limit: int) -> list[SearchDocument]:
        """Some documents, as the bare engine finds them first: what a search is measured against."""
        found = self.searcher.search(query_of(condition), limit, count=False)
        return self._documents(found.hits)

    def likeliest(
        self,
        pieces: Sequence[str],
        frequencies: Mapping[str, int],
        conditions: Sequence[Condition],
        limit: int,
    ) -> list[list[SearchDocument]]:
        wanted = _likely(pieces, frequencies, self.searcher.num_docs)
        found = []
        for condition in conditions:
            silent = Query.const_score_query(query_of(condition), 0.0)
            query = Query.boolean_query([(Occur.Must, wanted), (Occur.Must, silent)])
            found.append(self.searcher.search(query, limit, count=False).hits)
        return list(map(self._documents, found))

    def frequencies(self, pairs: Iterable[str]) -> tuple[dict[str, int], int]:
        count = self.searcher.doc_freq
        return {pair: count("name", pair) + count("alias", pair) for pair in pairs}, self.searcher.num_docs

    def names(self, conditions: Sequence[Condition], limit: int) -> list[list[tuple[str, int]]]:
        wanted = {"names": {"terms": {"field": "label", "size": limit, "segment_size": 1000 + limit}}}
        found = [self.searcher.aggregate(query_of(one), wanted)["names"]["buckets"] for one in conditions]
        return [[(bucket["key"], bucket["doc_count"]) for bucket in buckets] for buckets in found]


_COMMON = 0.05  # share of the documents from which on a pair of characters proposes none by itself
_RARE, _FEW = 0.001, 3  # share, or number, up to which it may be a slip or stand in guides only


def _likely(pieces: Sequence[str], frequencies: Mapping[str, int], documents: int) -> Query:
    """What has neighbouring characters of the pieces in its titles. Common pairs only rank what a rarer one proposes,
    if there is any."""
    pairs = dict.fromkeys(piece[i : i + 2] for piece in pieces for i in range(len(piece) - 1))
    common = [pair for pair in pairs if frequencies[pair] > _COMMON * documents]
    rarer = [pair for pair in pairs if pair not in common]
    singles = [_term("chars", piece) for piece in pieces if len(piece) == 1]
    proposing = [*singles, *(clause for pair in rarer for clause in _pair(pair, frequencies, documents))]
    ranking = [_in_title(pair) for pair in common]
    if not any(frequencies[pair] for pair in rarer):
        return _combine(Occur.Should, proposing + ranking)
    must = (Occur.Must, _combine(Occur.Should, proposing))
    return Query.boolean_query([must, *((Occur.Should, query) for query in ranking)])


def _pair(pair: str, frequencies: Mapping[str, int], documents: int) -> Iterator[Query]:
    """Two neighbouring characters in titles; where these hardly have them, anywhere, or their sound."""
    yield _in_title(pair)
    if frequencies[pair] <= max(_FEW, _RARE * documents):
        yield Query.boost_query(_term("all", pair), 0.3)
        yield Query.const_score_query(_sounding(pinyin.syllables(pair)), 1.0)


def _in_title(pair: str) -> Query:
    return Query.boost_query(_term("title", pair), 3.0)
