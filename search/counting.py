"""Exact totals and facets, in one pass over what matches."""

from collections.abc import Callable
from dataclasses import replace
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

_KEPT = (
    256  # answers of one state of the index: whoever pages, or asks what many ask, is not counted for anew
)
Answer = TypeVar("Answer")


class Kept(Generic[Answer]):
    """Answers to the questions asked last, of one state of the index: those of another are forgotten."""

    def __init__(self) -> None:
        self._of: tuple[object, dict[SearchQuery, Answer]] = (None, {})

    def answer(self, state: object, query: SearchQuery, work_out: Callable[[], Answer]) -> Answer:
        """``state`` names the state of the index that ``work_out`` asks."""
        if state != self._of[0]:
            self._of = (state, {})
        kept = self._of[1]
        found = kept.get(query)
        if found is None:
            found = work_out()
            if len(kept) >= _KEPT:
                kept.clear()
            kept[query] = found
        return found


class Counting:
    """Remembers which value each facet number stands for; a number always stands for the same value."""

    def __init__(self) -> None:
        self._values: dict[str, dict[int, str]] = {facet: {} for facet in KEYWORD_FIELDS}
        self._kept: Kept[Counts] = Kept()

    def count(
        self, searcher: tantivy.Searcher, matched: Condition, query: SearchQuery, state: object
    ) -> Counts:
        """`state` names the state of the index; what was counted in another is forgotten."""
        asked = replace(query, limit=0, offset=0, explain=False)
        return self._kept.answer(state, asked, lambda: self._count(searcher, query_of(matched), query))

    def _count(self, searcher: tantivy.Searcher, matched: Query, query: SearchQuery) -> Counts:
        wanted: dict[str, Any] = {"total": {"value_count": {"field": "seq"}}}
        for facet in query.facets:
            field = schema.facet_field(KEYWORD_FIELDS[facet])
            wanted[facet] = _terms(field, query.facet_values)
        found = searcher.aggregate(matched, wanted)
        facets = {facet: self._named(searcher, facet, found[facet]["buckets"]) for facet in query.facets}
        return int(found["total"]["value"]), facets

    def _named(self, searcher: tantivy.Searcher, facet: str, buckets: list[dict[str, Any]]) -> dict[str, int]:
        known = self._values[facet]
        try:
            return {known[int(bucket["key"])]: bucket["doc_count"] for bucket in buckets}
        except KeyError:
            known = self._values[facet] = _values(searcher, KEYWORD_FIELDS[facet])
        return {known[int(bucket["key"])]: bucket["doc_count"] for bucket in buckets}


def _values(searcher: tantivy.Searcher, field: str) -> dict[int, str]:
    """Every value of the field in the whole index, by its number."""
    found = searcher.aggregate(Query.all_query(), {"values": _terms(field, _ALL_VALUES)})
    return {schema.facet_number(bucket["key"]): bucket["key"] for bucket in found["values"]["buckets"]}


def _terms(field: str, most: int) -> dict[str, Any]:
    return {"terms": {"field": field, "size": most, "segment_size": _ALL_VALUES}}
