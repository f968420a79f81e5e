"""Writing to an index inside the process: a commit, all of it or nothing, and a rebuild's filling and carrying over."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

import tantivy

from search import schema
from search.conditions import Term
from search.embedded_reading import query_of
from search.engine import EngineError, SearchDocument
from search.values import from_source

# Bytes a writer may fill before it writes a segment. A rebuild takes more: few large segments answer faster.
_HEAP = 32_000_000
_REBUILD_HEAP = 256_000_000


@contextmanager
def told_as_ours() -> Iterator[None]:
    """What the index or the disk refuses as an EngineError: tantivy says ValueError of all that may go wrong."""
    try:
        yield
    except EngineError:
        raise
    except (ValueError, OSError) as error:
        raise EngineError(f"the index cannot be written: {error}") from error


def apply(index: tantivy.Index, documents: list[SearchDocument], removed: dict[str, int], seq: int) -> None:
    """`removed` says at which seq each subject was removed."""
    newest = _newest(documents)
    removed = {subject: at for subject, at in removed.items() if subject not in newest}
    with told_as_ours():
        index.reload()
        searcher = index.searcher()
        state = marker(searcher)
        seqs = {subject: _stored_seq(searcher, subject) for subject in removed | newest}
    batch = state["batch"] + 1
    written = {subject for subject, at in (removed | newest).items() if seqs[subject] <= at}
    added = [schema.to_index(document, batch) for document in documents if document.subject in written]
    added += [schema.tombstone(subject, removed[subject], batch) for subject in written & removed.keys()]
    with told_as_ours():
        _commit(index, written, added, schema.marker(max(seq, state["seq"]), batch))


def _commit(
    index: tantivy.Index, replaced: Iterable[str], added: Iterable[tantivy.Document], marker: tantivy.Document
) -> None:
    """All of it or nothing; what a failed write leaves lying is removed."""
    writer = index.writer(_HEAP, 1)
    try:
        for subject in replaced:
            writer.delete_documents_by_term("subject", subject)
        for document in added:
            writer.add_document(document)
        _writemarker(writer, marker)
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


def fill(index: tantivy.Index, documents: Iterable[SearchDocument], seq: int, batch: int) -> None:
    with told_as_ours():
        writer = index.writer(_REBUILD_HEAP, 1)
    try:
        for document in documents:  # what the registry fails with is told as it is
            made = schema.to_index(document, batch)
            with told_as_ours():
                writer.add_document(made)
        with told_as_ours():
            _writemarker(writer, schema.marker(seq, batch))
            writer.commit()
    except BaseException:
        with suppress(ValueError):
            writer.rollback()
            writer.wait_merging_threads()
        raise
    with told_as_ours():
        writer.wait_merging_threads()


def carry_over(old: tantivy.Searcher, new: tantivy.Index, after_batch: int) -> None:
    """Bring what was applied to the old index while the new one was built."""
    state = marker(old)
    if state["batch"] == after_batch:
        return
    later = tantivy.Query.range_query(
        schema.build(), "batch", tantivy.FieldType.Unsigned, lower_bound=after_batch, include_lower=False
    )
    documents: list[SearchDocument] = []
    removed: dict[str, int] = {}
    for source in sources(old, later):
        values = json.loads(source)
        if "removed" in values:
            removed[values["removed"]] = values["seq"]
        elif "subject" in values:
            documents.append(from_source(source))
    apply(new, documents, removed, state["seq"])


def _writemarker(writer: tantivy.IndexWriter, marker: tantivy.Document) -> None:
    writer.delete_documents_by_term("role", schema.MARKER)
    writer.add_document(marker)


def marker(searcher: tantivy.Searcher) -> dict[str, int]:
    found = searcher.search(query_of(Term("role", schema.MARKER)), 1).hits
    if not found:
        return {"seq": 0, "batch": 0}
    state: dict[str, int] = json.loads(schema.stored_source(searcher, found[0][1]))
    return state


def sources(searcher: tantivy.Searcher, query: tantivy.Query) -> Iterator[bytes]:
    """Stored source of everything that matches; addresses are kept in memory, documents are not."""
    limit = max(1, searcher.num_docs)
    for _, address in searcher.search(query, limit, count=False).hits:
        yield schema.stored_source(searcher, address)
