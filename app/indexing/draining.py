"""The engine brought up to the registry: what is owed, or everything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, text

from app import log, outbox
from app.db import Database, chunks
from app.indexing.documents import DocumentBuilder
from app.indexing.touching import touched_items
from search.engine import Engine, SearchDocument

PUBLICATIONS = 200
"""At most so many at once; each may touch many items."""
ITEMS = 2_000
"""Items whose documents are in memory at once, however many a publication touches."""


def drain(database: Database, engine: Engine) -> int:
    """Bring the index up to what is owed. Returns how many publications were done; raises EngineError.

    What is owed stays owed until all of it is in the index: killed at any moment, it is done again.
    """
    with database.reading() as session:
        connection = session.connection()
        pieces = outbox.owed(connection, outbox.INDEX, PUBLICATIONS)
        if not pieces:
            return 0
    if is_missing(database, engine):  # it went while we served: bit by bit it would never be whole
        rebuild(database, engine)
        return len(pieces)
    with database.reading() as session:
        connection = session.connection()
        seq = log.head(connection).seq
        touched = set[str]().union(*(touched_items(connection, piece.key) for piece in pieces))
        write(connection, engine, touched, seq)
    with database.writing() as session:
        outbox.done(session.connection(), outbox.INDEX, pieces)
    return len(pieces)


def write(connection: Connection, engine: Engine, items: Iterable[str], seq: int) -> None:
    """Write the documents of these items as of ``seq``; those that have none any more are removed.

    The index says that ``seq`` is applied only with the last of them.
    """
    builder = DocumentBuilder(connection, seq)
    gone: list[str] = []
    pages = list(chunks(sorted(items), ITEMS))
    for page in pages:
        documents = list(builder.documents(page))
        gone += sorted(set(page) - {document.subject for document in documents})
        last = page is pages[-1]
        engine.apply(documents, gone if last else [], seq if last else 0)
    if not pages:
        engine.apply([], [], seq)


def all_items(connection: Connection) -> Iterator[str]:
    """Every item id, in order, read in pages."""
    last = ""
    while True:
        page = connection.execute(
            text("SELECT id FROM subject WHERE kind = 'item' AND id > :last ORDER BY id LIMIT 5000"),
            {"last": last},
        ).all()
        if not page:
            return
        yield from (row[0] for row in page)
        last = page[-1][0]


def all_documents(connection: Connection, seq: int) -> Iterator[SearchDocument]:
    """The documents of every item, a page of items in memory at a time."""
    builder = DocumentBuilder(connection, seq)
    page: list[str] = []
    for item in all_items(connection):
        page.append(item)
        if len(page) == ITEMS:
            yield from builder.documents(page)
            page = []
    yield from builder.documents(page)


def rebuild(database: Database, engine: Engine) -> int:
    """Build the whole index beside the standing one and swap. Returns the number of documents."""
    counted = 0
    with database.reading() as session:
        connection = session.connection()
        pieces = outbox.owed(connection, outbox.INDEX, 1_000_000)
        seq = log.head(connection).seq

        def documents() -> Iterator[SearchDocument]:
            nonlocal counted
            for document in all_documents(connection, seq):
                counted += 1
                yield document

        engine.rebuild(documents(), seq)
    with database.writing() as session:
        if pieces:
            outbox.done(session.connection(), outbox.INDEX, pieces)
    return counted


def is_missing(database: Database, engine: Engine) -> bool:
    """Whether the registry holds something and the index nothing: a new machine, a restored backup."""
    return engine.applied_seq() == 0 and _head(database) > 0


def is_behind_index(database: Database, engine: Engine) -> bool:
    """Whether the index has applied what the registry does not know: the registry alone was restored."""
    return engine.applied_seq() > _head(database)


def _head(database: Database) -> int:
    with database.reading() as session:
        return log.head(session.connection()).seq


def catch_up(database: Database, engine: Engine) -> None:
    """Bring the index up to the registry, from nothing if need be. Raises EngineError."""
    if is_missing(database, engine) or is_behind_index(database, engine):
        rebuild(database, engine)
    while drain(database, engine):
        pass
