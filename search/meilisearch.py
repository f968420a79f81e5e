"""The engine on a Meilisearch server, for many workers and machines.

    <prefix>_v2          the index that answers, its name carrying the version of what is in it
    <prefix>_v2_<hex>    one that a rebuild fills, swapped with the first when it is whole

An apply is one task of the server, so it is seen wholly or not at all. The server has no lock: who wrote notices
afterwards that another wrote in between, and says EngineBusy, so that the work stays owed and is done again.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import islice
from typing import Any

from search import matching, meeting, relaxing, suggesting, synonyms
from search.conditions import KEYWORD_FIELDS, Condition, either, every, excluding, filters
from search.engine import EngineBusy, Hit, SearchDocument, SearchPage, SearchQuery, Suggestion
from search.folding import fold
from search.matching import Tier, hit_among, hit_in
from search.meili_documents import VERSION, key_of
from search.meili_filters import both, certain, neither, one_of, possible
from search.meili_reading import MeiliReader, Question, document_of, documents_of
from search.meili_server import NoIndex, Server
from search.meili_text import read
from search.meili_writing import Writer

_MOST_DOUBTFUL = 1000  # documents that only approximately match and are looked at one by one
_SORTS = {"name": ["spelled:asc"], "newest": ["valid_from:desc"]}
_MOST_REPEATED = 100
"""Hits of a first page that each tier is asked for whole. To leave out in every filter what earlier tiers have costs
the server more than to send some documents twice, as long as the page is no longer than that."""


class MeiliEngine:
    """Safe to share between threads; nothing is asked of the server before the first use."""

    def __init__(
        self,
        url: str,
        search_key: str = "",
        index_key: str | None = "",
        *,
        prefix: str = "qingdan",
        lock_timeout: float = 30.0,
        concepts: dict[str, synonyms.Concept] | None = None,
    ) -> None:
        """Empty keys are for a server without keys; with None as `index_key` the engine only reads.

        `prefix` begins the name of each index: letters, digits, `_`, `-`. `lock_timeout` in seconds; `concepts`
        replaces the shipped synonyms.
        """
        self._server = Server(url, search_key, index_key)
        self._index = f"{prefix}_v{VERSION}"
        self._reader = MeiliReader(self._server, self._index)
        self._writer = Writer(self._server, prefix, self._index)
        self._lock_timeout = lock_timeout
        self._concepts = synonyms.shipped() if concepts is None else concepts
        self._writing, self._rebuilding = threading.Lock(), threading.Lock()

    # -- reading

    @cached_property
    def _sounds(self) -> dict[str, tuple[str, synonyms.Concept]]:
        """Worked out when a query first needs it: readings take a dictionary that is long to load."""
        return synonyms.by_sound(self._concepts)

    def search(self, query: SearchQuery) -> SearchPage:
        conditions = filters(query)
        tiers = matching.exact_tiers(query.q) + matching.synonym_tiers(query.q, self._concepts, self._reader)
        try:
            total, facets, hits = self._answer(tiers, conditions, query)
        except NoIndex:
            return SearchPage(0, True, [], {facet: {} for facet in query.facets})
        if total:
            return SearchPage(total, False, hits, facets)
        if fold(query.q) and query.limit:
            hits = relaxing.guesses(self._reader, query, conditions, self._concepts, self._sounds)
        return SearchPage(0, True, hits, facets)

    def _answer(
        self, tiers: list[Tier], conditions: list[Condition], query: SearchQuery
    ) -> tuple[int, dict[str, dict[str, int]], list[Hit]]:
        matched = every([either(tier.condition for tier in tiers if tier.widest), *conditions])
        sure, perhaps = certain(matched), possible(matched)
        doubtful = neither(perhaps, [sure])
        overlapping = not query.offset and query.limit <= _MOST_REPEATED
        slices = [_tier(one, conditions) for one in tiers] if overlapping else _slices(tiers, conditions)
        asked = self._questions(perhaps, slices, query)
        if sure == perhaps:
            answers = self._reader.ask(asked)
        else:
            look = self._reader.page(doubtful, _MOST_DOUBTFUL + 1)
            *answers, doubted = self._reader.ask([*asked, look])
            wrong = _wrong(doubted, matched)
            if wrong:
                without = f"NOT {one_of('key', wrong)}"
                perhaps, slices = both(perhaps, without), [both(one, without) for one in slices]
                answers = self._reader.ask(self._questions(perhaps, slices, query))
        counted, *pages = answers
        if not query.limit:
            return counted["totalHits"], _facets(counted, query), []
        if query.sort != "relevance":
            hits = [hit_among(tiers, document, query.explain) for document in documents_of(pages[0])]
            return counted["totalHits"], _facets(counted, query), hits
        if query.offset:
            counts = [page["estimatedTotalHits"] for page in pages]
            places = _places(counts, query.offset, query.limit)
            asked = [self._reader.page(slices[at], size, offset) for at, offset, size in places]
            found = zip((at for at, _, _ in places), self._reader.ask(asked), strict=True)
        else:
            found = zip(range(len(pages)), pages, strict=True)
        ranked = ((tiers[at], one) for at, page in found for one in page["hits"])
        chosen = islice(_firsts(ranked), query.limit)
        hits = [hit_in(tier, document_of(one), query.explain) for tier, one in chosen]
        return counted["totalHits"], _facets(counted, query), hits

    def _questions(self, matched: str, slices: list[str], query: SearchQuery) -> list[Question]:
        """Total and facets, then the first hits of each slice, or the page of all of them in the order asked for."""
        counted = self._counted(matched, query)
        if not query.limit:
            return [counted]
        if query.sort != "relevance":
            return [counted, self._reader.page(matched, query.limit, query.offset, sort=_SORTS[query.sort])]
        return [counted, *(self._reader.page(one, 0 if query.offset else query.limit) for one in slices)]

    def _counted(self, condition: str, query: SearchQuery) -> Question:
        return self._reader.count(condition, facets=[KEYWORD_FIELDS[facet] for facet in query.facets])

    def suggest(self, q: str, on: str, limit: int = 10) -> list[Suggestion]:
        return suggesting.suggest(self._reader, q, on, limit, self._concepts, lambda: self._sounds)

    def state(self) -> object | None:
        return None  # others may write to the server; asking it would cost what searching does

    def applied_seq(self) -> int:
        try:
            return self._writer.state(self._server.reading).seq
        except NoIndex:
            return 0

    def documents(self) -> Iterator[SearchDocument]:
        return self._writer.documents()

    def close(self) -> None:
        """Nothing is kept open between calls."""

    # -- writing

    def apply(self, documents: Iterable[SearchDocument], removed_subjects: Iterable[str], seq: int) -> None:
        with self._locked(self._writing):
            self._writer.apply(list(documents), dict.fromkeys(removed_subjects, seq), seq)

    def rebuild(self, documents: Iterable[SearchDocument], seq: int) -> None:
        with self._locked(self._rebuilding):
            with self._locked(self._writing):
                began = self._writer.begin()
            building = self._writer.build(documents, seq, began)
            with self._locked(self._writing):
                self._writer.swap(building, began)

    @contextmanager
    def _locked(self, lock: threading.Lock) -> Iterator[None]:
        if not lock.acquire(timeout=self._lock_timeout):
            raise EngineBusy(f"another thread writes for over {self._lock_timeout:g} s")
        try:
            yield
        finally:
            lock.release()


def _tier(tier: Tier, conditions: list[Condition]) -> str:
    return possible(every([tier.condition, *conditions]))


def _firsts(ranked: Iterable[tuple[Tier, dict[str, Any]]]) -> Iterator[tuple[Tier, dict[str, Any]]]:
    """Each hit in the first of the tiers that have it."""
    seen: set[str] = set()
    for tier, hit in ranked:
        if hit["key"] not in seen:
            seen.add(hit["key"])
            yield tier, hit


def _slices(tiers: list[Tier], conditions: list[Condition]) -> list[str]:
    """A filter for each tier without those before it."""
    return [
        possible(every([excluding(tier.condition, [one.condition for one in tiers[:at]]), *conditions]))
        for at, tier in enumerate(tiers)
    ]


def _places(counts: list[int], offset: int, limit: int) -> list[tuple[int, int, int]]:
    """(number of the slice, offset in it, how many of it) that together make the page."""
    places, at = [], 0
    for number, count in enumerate(counts):
        first, last = max(offset, at), min(offset + limit, at + count)
        if first < last:
            places.append((number, first - at, last - first))
        at += count
    return places


def _wrong(doubted: dict[str, Any], matched: Condition) -> list[str]:
    """Keys of those that do not match after all; none where they are too many to look at."""
    if len(doubted["hits"]) > _MOST_DOUBTFUL:
        return []
    documents = documents_of(doubted)
    return [key_of("document", one.id) for one in documents if not meeting.meets(one, matched)]


def _facets(counted: dict[str, Any], query: SearchQuery) -> dict[str, dict[str, int]]:
    found = counted.get("facetDistribution") or {}
    facets = {}
    for facet in query.facets:
        values = found.get(KEYWORD_FIELDS[facet], {})
        common = sorted(values.items(), key=lambda item: (-item[1], item[0]))[: query.facet_values]
        facets[facet] = {read(value): count for value, count in common}
    return facets
