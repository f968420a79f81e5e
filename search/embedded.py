"""The engine inside the process: a tantivy index in a directory of its own.

    <root>/CURRENT           the name of the generation that answers, replaced atomically
    <root>/lock              held (flock) by whoever writes
    <root>/v1-000001/        a generation: one index; a rebuild makes the next and swaps

Readers take no lock: they look at CURRENT and at the generation's meta file before each search.
"""

import fcntl
import json
import os
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

import tantivy

from search import matching, relaxing, schema, suggesting, synonyms
from search.conditions import Condition, Term, either, every, excluding, filters
from search.counting import Counting, Kept
from search.embedded_reading import EmbeddedReader, query_of
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
from search.matching import Tier, hit_in
from search.values import from_source

# Bytes a writer may fill before it writes a segment. A rebuild takes more: few large segments answer faster.
_HEAP = 32_000_000
_REBUILD_HEAP = 256_000_000
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
    ) -> None:
        """`lock_timeout` in seconds; `concepts` replaces the shipped synonyms."""
        self._root = Path(root)
        self._read_only = read_only
        self._lock_timeout = lock_timeout
        self._concepts = synonyms.shipped() if concepts is None else concepts
        self._counting = Counting()
        self._pages: Kept[SearchPage] = Kept()
        self._opening = threading.Lock()
        self._generation = ""
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
        reader, conditions = EmbeddedReader(searcher), filters(query)
        tiers = matching.exact_tiers(query.q) + matching.synonym_tiers(query.q, self._concepts, reader)
        matched = every([either(tier.condition for tier in tiers if tier.widest), *conditions])
        total, facets = self._counting.count(searcher, matched, query, state)
        if total:
            hits = _ranked_hits(reader, tiers, conditions, query)
            return SearchPage(total, False, hits, facets)
        hits = []
        if fold(query.q):
            hits = relaxing.guesses(reader, query, conditions, self._concepts, self._sounds)
        return SearchPage(0, True, hits, facets)

    def suggest(self, q: str, on: str, limit: int = 10) -> list[Suggestion]:
        return suggesting.suggest(EmbeddedReader(self.searcher()), q, on, limit)

    def state(self) -> object | None:
        return self._searcher_and_state()[1]

    def applied_seq(self) -> int:
        return _marker(self.searcher())["seq"]

    def documents(self) -> Iterator[SearchDocument]:
        searcher = self.searcher()
        for source in _sources(searcher, query_of(Term("role", "document"))):
            yield from_source(source)

    def close(self) -> None:
        with self._opening:
            self._index, self._generation, self._seen = None, "", ()

    # -- writing

    def apply(self, documents: Iterable[SearchDocument], removed_subjects: Iterable[str], seq: int) -> None:
        with self._locked("lock"):
            name = self._current()
            if not name:
                name = self._new_generation()
                self._point_to(name)
            index = tantivy.Index.open(str(self._root / name))
            _apply(index, list(documents), dict.fromkeys(removed_subjects, seq), seq)

    def rebuild(self, documents: Iterable[SearchDocument], seq: int) -> None:
        with self._locked("rebuild.lock"):
            with self._locked("lock"):
                batch = _marker(self.searcher())["batch"]
                name = self._new_generation()
            try:
                building = tantivy.Index.open(str(self._root / name))
                _fill(building, documents, seq, batch)
                with self._locked("lock"):
                    _carry_over(self.searcher(), building, after_batch=batch)
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
        self._root.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + self._lock_timeout
        with (self._root / name).open("a") as file:
            while not _try_lock(file.fileno()):
                if time.monotonic() > deadline:
                    raise EngineBusy(f"another writer holds {name} for over {self._lock_timeout:g} s")
                time.sleep(0.01)
            yield

    # -- opening

    def _current(self) -> str:
        """The generation in use, "" if there is none that this version can read."""
        pointer = self._root / "CURRENT"
        try:
            pointed = _fingerprint(pointer)
            if pointed != self._pointer[0]:
                self._pointer = (pointed, pointer.read_text("ascii").strip())
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
            if name:
                seen = _fingerprint(self._root / name / "meta.json")
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


def _ranked_hits(
    reader: EmbeddedReader, tiers: list[Tier], conditions: list[Condition], query: SearchQuery
) -> list[Hit]:
    """Tier after tier until the page is full; within a tier by length of name, then id."""
    hits: list[Hit] = []
    skip = query.offset
    earlier: list[Condition] = []
    for tier in tiers:
        if len(hits) >= query.limit:
            break
        wanted = every([excluding(tier.condition, earlier), *conditions])
        documents, count = reader.page(wanted, query.limit - len(hits), skip, count=True)
        hits.extend(hit_in(tier, document, query.explain) for document in documents)
        skip = max(0, skip - count)
        if count:
            earlier.append(tier.condition)
    return hits


def _apply(index: tantivy.Index, documents: list[SearchDocument], removed: dict[str, int], seq: int) -> None:
    """`removed` says at which seq each subject was removed."""
    index.reload()
    searcher = index.searcher()
    state = _marker(searcher)
    batch = state["batch"] + 1
    newest = _newest(documents)
    removed = {subject: at for subject, at in removed.items() if subject not in newest}
    written = {subject for subject, at in (removed | newest).items() if _stored_seq(searcher, subject) <= at}
    writer = index.writer(_HEAP, 1)
    try:
        for subject in written:
            writer.delete_documents_by_term("subject", subject)
        for subject in written & removed.keys():
            writer.add_document(schema.tombstone(subject, removed[subject], batch))
        for document in documents:
            if document.subject in written:
                writer.add_document(schema.to_index(document, batch))
        _write_marker(writer, max(seq, state["seq"]), batch)
        writer.commit()
    except BaseException:
        with suppress(ValueError):  # of a writer whose thread has died
            writer.rollback()
            writer.wait_merging_threads()
        del writer  # it holds the lock of the index
        _give_room_back(index)
        raise
    writer.wait_merging_threads()


def _give_room_back(index: tantivy.Index) -> None:
    """Remove the files of what was not committed: where the disk is full, the registry's too, they keep it so."""
    with suppress(ValueError, OSError):
        writer = index.writer(_HEAP, 1)
        writer.garbage_collect_files()
        writer.wait_merging_threads()


def _newest(documents: list[SearchDocument]) -> dict[str, int]:
    """{subject: the highest seq of its documents}."""
    newest: dict[str, int] = {}
    for document in documents:
        newest[document.subject] = max(document.seq, newest.get(document.subject, 0))
    return newest


def _stored_seq(searcher: tantivy.Searcher, subject: str) -> int:
    found = searcher.search(query_of(Term("subject", subject)), 1, count=False, order_by_field="seq")
    return int(found.hits[0][0]) if found.hits else -1


def _fill(index: tantivy.Index, documents: Iterable[SearchDocument], seq: int, batch: int) -> None:
    writer = index.writer(_REBUILD_HEAP, 1)
    try:
        for document in documents:
            writer.add_document(schema.to_index(document, batch))
        _write_marker(writer, seq, batch)
        writer.commit()
    except BaseException:
        with suppress(ValueError):
            writer.rollback()
            writer.wait_merging_threads()
        raise
    writer.wait_merging_threads()


def _carry_over(old: tantivy.Searcher, new: tantivy.Index, after_batch: int) -> None:
    """Bring what was applied to the old index while the new one was built."""
    state = _marker(old)
    if state["batch"] == after_batch:
        return
    later = tantivy.Query.range_query(
        schema.build(), "batch", tantivy.FieldType.Unsigned, lower_bound=after_batch, include_lower=False
    )
    documents: list[SearchDocument] = []
    removed: dict[str, int] = {}
    for source in _sources(old, later):
        values = json.loads(source)
        if "removed" in values:
            removed[values["removed"]] = values["seq"]
        elif "subject" in values:
            documents.append(from_source(source))
    _apply(new, documents, removed, state["seq"])


def _write_marker(writer: tantivy.IndexWriter, seq: int, batch: int) -> None:
    writer.delete_documents_by_term("role", schema.MARKER)
    writer.add_document(schema.marker(seq, batch))


def _marker(searcher: tantivy.Searcher) -> dict[str, int]:
    found = searcher.search(query_of(Term("role", schema.MARKER)), 1).hits
    if not found:
        return {"seq": 0, "batch": 0}
    state: dict[str, int] = json.loads(schema.stored_source(searcher, found[0][1]))
    return state


def _sources(searcher: tantivy.Searcher, query: tantivy.Query) -> Iterator[bytes]:
    """Stored source of everything that matches; addresses are kept in memory, documents are not."""
    limit = max(1, searcher.num_docs)
    for _, address in searcher.search(query, limit, count=False).hits:
        yield schema.stored_source(searcher, address)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _fingerprint(path: Path) -> tuple[int, ...]:
    stat = path.stat()
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
