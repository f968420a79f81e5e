"""Exact totals and facets, in one pass over what matches."""

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import lru_cache
from typing import Any, Generic, TypeVar

import tantivy
from tantivy import Query

from search import schema
from search.conditions import KEYWORD_FIELDS, Condition
from search.embedded_reading import query_of
from search.engine import SearchQuery

_ALL_VALUES = 1_000_000  # more than any facet has: what each segment counts must be whole to be exact


Counts = tuple[int, dict[str, dict[str, int]]]
"""(how many match, {facet: {value: how many}})"""

_KEPT = 512
"""Answers of one state of the index: whoever pages, or asks what many ask, is not counted for anew."""
Question = TypeVar("Question", bound=Hashable)
Answer = TypeVar("Answer")


class Kept(Generic[Question, Answer]):
    """Answers to the questions asked last, of one state of the index: those of another are forgotten."""

    def __init__(self) -> None:
        self._of: tuple[object, dict[Question, Answer]] = (None, {})

    def answer(self, state: object, query: Question, work_out: Callable[[], Answer]) -> Answer:
        """``state`` names the state of the index that ``work_out`` asks."""
        if state != self._of[0]:
            self._of = (state, {})
        kept = self._of[1]
        found = kept.pop(query, None)
        if found is None:
            found = work_out()
        kept[query] = found  # asked for last: the last to go
        while len(kept) > _KEPT:
            kept.pop(next(iter(kept), query), None)
        return found


class Counting:
    """Remembers which value each facet number stands for; a number always stands for the same value."""

    def __init__(self) -> None:
        self._said: dict[str, dict[int, str]] = {name: {} for name in schema.COUNTED}
        self._kept: Kept[SearchQuery, Counts] = Kept()

    def count(
        self, searcher: tantivy.Searcher, matched: Condition, query: SearchQuery, state: object
    ) -> Counts:
        """`state` names the state of the index; what was counted in another is forgotten."""
        asked = replace(query, limit=0, offset=0, explain=False)
        return self._kept.answer(state, asked, lambda: self._count(searcher, query_of(matched), query))

    def _count(self, searcher: tantivy.Searcher, matched: Query, query: SearchQuery) -> Counts:
        wanted = {name: _terms(name, *_most(name, searcher, query)) for name in _counted(query)}
        if not wanted:
            found = searcher.aggregate(matched, {"total": {"value_count": {"field": "seq"}}})
            return int(found["total"]["value"]), {}
        found = searcher.aggregate(matched, wanted)
        facets: dict[str, dict[str, int]] = {facet: {} for facet in query.facets}
        total = 0
        for name in wanted:
            counts = self._named(searcher, name, found[name]["buckets"])
            if name == _OF_ALL:
                total = sum(counts.values())
            facets |= _facets(name, counts, query)
        return total, facets

    def _named(self, searcher: tantivy.Searcher, name: str, buckets: list[dict[str, Any]]) -> dict[str, int]:
        """{what was counted: how often}, the commonest first."""
        said = self._said[name]
        try:
            return {said[int(bucket["key"])]: bucket["doc_count"] for bucket in buckets}
        except KeyError:
            said = self._said[name] = _said(searcher, name)
        return {said[int(bucket["key"])]: bucket["doc_count"] for bucket in buckets}


_OF_ALL = "sorts"  # every document has one, so these add up to the total
_NAMES = {field: facet for facet, field in KEYWORD_FIELDS.items()}


def _counted(query: SearchQuery) -> list[str]:
    """What has to be counted for the facets, and for the total beside them."""
    if not query.facets:
        return []
    fields = {KEYWORD_FIELDS[facet] for facet in query.facets}
    return [name for name, of in schema.COUNTED.items() if name == _OF_ALL or fields.intersection(of)]


def _most(name: str, searcher: tantivy.Searcher, query: SearchQuery) -> tuple[int, int]:
    """How many values are wanted, and of each segment. The commonest of a single segment are the commonest of all;
    of several, each has to be counted whole. What is added up afterwards is wanted whole in any case."""
    if schema.COUNTED[name] != (name,):
        return _ALL_VALUES, _ALL_VALUES
    return query.facet_values, query.facet_values if searcher.num_segments == 1 else _ALL_VALUES


def _facets(name: str, counted: dict[str, int], query: SearchQuery) -> dict[str, dict[str, int]]:
    """{facet: {value: how many}} of what was counted together, each facet by itself, the commonest first."""
    fields = schema.COUNTED[name]
    if fields == (name,):
        return {_NAMES[name]: counted}
    split = [(_apart(said), count) for said, count in counted.items()]
    found: dict[str, dict[str, int]] = {}
    for at, facet in enumerate(_NAMES[field] for field in fields):
        if facet not in query.facets:
            continue
        counts: Counter[str] = Counter()
        for values, count in split:
            for value in values if len(fields) == 1 else values[at : at + 1]:
                counts[value] += count
        counts.pop("", None)
        found[facet] = dict(sorted(counts.items(), key=lambda one: (-one[1], one[0]))[: query.facet_values])
    return found


@lru_cache(maxsize=20_000)  # the same places are counted for every question
def _apart(said: str) -> tuple[str, ...]:
    return tuple(said.split(schema.TOGETHER))


def _said(searcher: tantivy.Searcher, name: str) -> dict[int, str]:
    """Everything counted under the name in the whole index, by its number."""
    wanted = {"values": _aggregation(schema.said_field(name), _ALL_VALUES, _ALL_VALUES)}
    found = searcher.aggregate(Query.all_query(), wanted)
    return {schema.counted_number(bucket["key"]): bucket["key"] for bucket in found["values"]["buckets"]}


def _terms(name: str, most: int, of_a_segment: int) -> dict[str, Any]:
    return _aggregation(schema.counted_field(name), most, of_a_segment)


def _aggregation(field: str, most: int, of_a_segment: int) -> dict[str, Any]:
    return {"terms": {"field": field, "size": most, "segment_size": of_a_segment}}
