"""The engine inside the process: a tantivy index in a directory of its own.

    <root>/CURRENT           the name of the generation that answers, replaced atomically
    <root>/lock              held (flock) by whoever writes
    <root>/v1-000001/        a generation: one index; a rebuild makes the next and swaps

Readers take no lock: they look at CURRENT and at the generation's meta file before each search.
"""

import fcntl
import os
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import tantivy

from search import matching, relaxing, schema, suggesting, synonyms
from search.conditions import Condition, Term, either, every, excluding, filters
from search.counting import Counting, Kept
from search.embedded_reading import EmbeddedReader, ReadLately, query_of
from search.embedded_writing import apply, carry_over, fill, marker, sources, told_as_ours
from search.engine import (
    EngineBusy,
    EngineError,
    EngineReadOnly,
    Hit,
    SearchDocument,
    SearchPage,
    SearchQuery,
    Suggestion,
)
from search.folding import fold
from search.matching import Tier, hit_among, hit_in
from search.values import from_source

_OPEN_TRIES = 20  # a generation may be swapped away between reading CURRENT and opening it


class EmbeddedEngine:
    """One per process is enough; it opens nothing before the first use, so it may be made before a fork."""

    def __init__(
        self,
        root: str | Path,
        *,
        read_only: bool = False,
        lock_timeout: float = 30.0,
        concepts: dict[str, synonyms.Concept] | None = None,
        documents_kept: int = 2_000,
    ) -> None:
        """`lock_timeout` in seconds; `concepts` replaces the shipped synonyms; `documents_kept`: how many documents,
        read lately, need not be read again."""
        self._root = Path(root)
        self._pointing = str(self._root / "CURRENT")  # put together once: looked at before each answer
        self._read_only = read_only
        self._lock_timeout = lock_timeout
        self._concepts = synonyms.shipped() if concepts is None else concepts
        self._counting = Counting()
        self._pages: Kept[SearchQuery, SearchPage] = Kept()
        self._tiers: Kept[str, list[matching.Tier]] = Kept()
        self._read = ReadLately(documents_kept)
        self._opening = threading.Lock()
        self._generation = ""
        self._meta = ""  # the file of the generation that every commit writes
        self._index: tantivy.Index | None = None
        self._seen: tuple[int, ...] = ()
        # How CURRENT looked when it was last read, and what it said.
        self._pointer: tuple[tuple[int, ...], str] = ((), "")

    # -- reading

    @cached_property
    def _sounds(self) -> dict[str, tuple[str, synonyms.Concept]]:
        """Worked out when a query first needs it: readings take a dictionary that is long to load."""
        return synonyms.by_sound(self._concepts)

    def search(self, query: SearchQuery) -> SearchPage:
        searcher, state = self._searcher_and_state()
        page = self._pages.answer(state, query, lambda: self._search(searcher, state, query))
        facets = {facet: dict(values) for facet, values in page.facets.items()}
        return SearchPage(page.total, page.relaxed, list(page.hits), facets)

    def _search(self, searcher: tantivy.Searcher, state: object, query: SearchQuery) -> SearchPage:
        reader, conditions = EmbeddedReader(searcher, self._read.of(state)), filters(query)
        tiers = self._tiers.answer(state, query.q, lambda: self._tiers_of(query.q, reader))
        matched = every([either(tier.condition for tier in tiers if tier.widest), *conditions])
        total, facets = self._counting.count(searcher, matched, query, state)
        if total:
            if query.sort == "relevance":
                hits = _ranked_hits(reader, tiers, conditions, query, total)
            else:
                by, last_first = _SORTS[query.sort]
                found, _ = reader.page(matched, query.limit, query.offset, order=by, last_first=last_first)
                hits = [hit_among(tiers, document, query.explain) for document in found]
            return SearchPage(total, False, hits, facets)
        hits = []
        if fold(query.q) and query.limit:
            hits = relaxing.guesses(reader, query, conditions, self._concepts, self._sounds)
        return SearchPage(0, True, hits, facets)

    def _tiers_of(self, q: str, reader: EmbeddedReader) -> list[matching.Tier]:
        """The same wherever and of whichever status it is asked for."""
        return matching.exact_tiers(q) + matching.synonym_tiers(q, self._concepts, reader)

    def suggest(self, q: str, on: str, limit: int = 10) -> list[Suggestion]:
        reader = EmbeddedReader(self.searcher())
        return suggesting.suggest(reader, q, on, limit, self._concepts, lambda: self._sounds)

    def state(self) -> object | None:
        return self._searcher_and_state()[1]

    def applied_seq(self) -> int:
        return marker(self.searcher())["seq"]

    def documents(self) -> Iterator[SearchDocument]:
        searcher = self.searcher()
        for source in sources(searcher, query_of(Term("role", "document"))):
            yield from_source(source)

    def close(self) -> None:
        with self._opening:
            self._index, self._generation, self._seen = None, "", ()

    # -- writing

    def apply(self, documents: Iterable[SearchDocument], removed_subjects: Iterable[str], seq: int) -> None:
        given = list(documents)
        with self._locked("lock"):
            with told_as_ours():
                name = self._current()
                if not name:
                    name = self._new_generation()
                    self._point_to(name)
                index = tantivy.Index.open(str(self._root / name))
            apply(index, given, dict.fromkeys(removed_subjects, seq), seq)

    def rebuild(self, documents: Iterable[SearchDocument], seq: int) -> None:
        with self._locked("rebuild.lock"):
            with self._locked("lock"), told_as_ours():
                batch = marker(self.searcher())["batch"]
                name = self._new_generation()
            try:
                with told_as_ours():
                    building = tantivy.Index.open(str(self._root / name))
                fill(building, documents, seq, batch)
                with self._locked("lock"):
                    carry_over(self.searcher(), building, after_batch=batch)
                    with told_as_ours():
                        self._point_to(name)
            except BaseException:
                if self._current() != name:  # where there was no room for it, it gives back what it took
                    shutil.rmtree(self._root / name, ignore_errors=True)
                raise
            self._remove_generations_but(name)

    def _new_generation(self) -> str:
        numbers = [int(p.name.split("-")[1]) for p in self._root.glob("v*-*") if p.is_dir()]
        name = f"v{schema.VERSION}-{max(numbers, default=0) + 1:06d}"
        (self._root / name).mkdir()
        tantivy.Index(schema.build(), str(self._root / name))
        return name

    def _point_to(self, name: str) -> None:
        fresh = self._root / "CURRENT.new"
        with fresh.open("w", encoding="ascii") as file:
            file.write(name)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._root / "CURRENT")
        _sync_directory(self._root)

    def _remove_generations_but(self, name: str) -> None:
        """What was swapped away and what killed rebuilds left. Readers keep the files they have open."""
        for path in self._root.glob("v*-*"):
            if path.name != name:
                shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        """Raises EngineBusy after `lock_timeout` seconds. The system frees the lock of a killed process."""
        if self._read_only:
            raise EngineReadOnly("opened for reading only")
        with told_as_ours():
            self._root.mkdir(parents=True, exist_ok=True)
            file = (self._root / name).open("a")
        deadline = time.monotonic() + self._lock_timeout
        with file:
            while not _try_lock(file.fileno()):
                if time.monotonic() > deadline:
                    raise EngineBusy(f"another writer holds {name} for over {self._lock_timeout:g} s")
                time.sleep(0.01)
            yield

    # -- opening

    def _current(self) -> str:
        """The generation in use, "" if there is none that this version can read."""
        try:
            pointed = _fingerprint(self._pointing)
            if pointed != self._pointer[0]:
                self._pointer = (pointed, Path(self._pointing).read_text("ascii").strip())
        except FileNotFoundError:
            return ""
        name = self._pointer[1]
        return name if name.startswith(f"v{schema.VERSION}-") else ""

    def searcher(self) -> tantivy.Searcher:
        """The bare engine, for measuring beside it."""
        return self._searcher_and_state()[0]

    def _searcher_and_state(self) -> tuple[tantivy.Searcher, object]:
        """The newest searcher, and what names the state it sees."""
        for _ in range(_OPEN_TRIES):
            try:
                return self._refreshed()
            except (FileNotFoundError, ValueError, OSError):
                time.sleep(0.01)
                self.close()
        try:
            return self._refreshed()
        except (OSError, ValueError) as error:
            raise EngineError(f"the index cannot be opened: {error}") from error

    def _refreshed(self) -> tuple[tantivy.Searcher, object]:
        with self._opening:
            name = self._current()
            if self._index is None or name != self._generation:
                self._index, self._generation, self._seen = self._open(name), name, ()
                self._meta = str(self._root / name / "meta.json")
            if name:
                seen = _fingerprint(self._meta)
                if seen != self._seen:
                    self._index.reload()
                    self._seen = seen
            return self._index.searcher(), (self._generation, self._seen)

    def _open(self, name: str) -> tantivy.Index:
        if not name:
            return tantivy.Index(schema.build())  # in memory and empty
        index = tantivy.Index.open(str(self._root / name))
        index.config_reader("manual")
        return index


# Field of the index, and whether the highest comes first.
_SORTS = {"name": ("spelled", False), "newest": ("begun", True)}


def _ranked_hits(
    reader: EmbeddedReader, tiers: list[Tier], conditions: list[Condition], query: SearchQuery, total: int
) -> list[Hit]:
    """Tier after tier until the page is full, or all are found; within a tier by length of name, then id."""
    hits: list[Hit] = []
    skip = query.offset
    earlier: list[Condition] = []
    left = total
    for tier in tiers:
        if len(hits) >= query.limit or not left:
            break
        wanted = every([excluding(tier.condition, earlier), *conditions])
        documents, count = reader.page(wanted, query.limit - len(hits), skip, count=True)
        hits.extend(hit_in(tier, document, query.explain) for document in documents)
        skip = max(0, skip - count)
        left -= count
        if count:
            earlier.append(tier.condition)
    return hits


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _fingerprint(path: str) -> tuple[int, ...]:
    stat = os.stat(path)
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
