"""``verify --search``: whether the index holds exactly the documents that follow from the registry."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from app import log
from app.db import Database
from app.indexing.documents import DocumentBuilder
from app.indexing.draining import all_documents, catch_up, rebuild, write
from search.engine import Engine, SearchDocument


@dataclass
class Difference:
    """Items whose documents differ, by how: an item is named once."""

    documents: int = 0  # compared
    missing: set[str] = field(default_factory=set)  # in the registry, not in the index
    differing: set[str] = field(default_factory=set)
    extra: set[str] = field(default_factory=set)  # in the index, not in the registry

    @property
    def items(self) -> set[str]:
        return self.missing | self.differing | self.extra


def compare(database: Database, engine: Engine) -> Difference:
    """Drain, then compare all. What is published meanwhile is looked at again. Raises EngineError."""
    catch_up(database, engine)
    with database.reading() as session:
        connection = session.connection()
        found = _compare(all_documents(connection, log.head(connection).seq), engine.documents())
    if found.items:
        catch_up(database, engine)
        found = _again(database, engine, found)
    return found


def repair(database: Database, engine: Engine, found: Difference) -> None:
    """Write the documents of the items that differ; where some still do, held under a seq that never was, build the
    index anew. Raises EngineError."""
    with database.reading() as session:
        connection = session.connection()
        write(connection, engine, found.items, log.head(connection).seq)
    if _again(database, engine, found).items:
        rebuild(database, engine)


def _again(database: Database, engine: Engine, first: Difference) -> Difference:
    suspects = first.items
    with database.reading() as session:
        connection = session.connection()
        expected = _of_items(connection, suspects)
        found = _compare(expected, (one for one in engine.documents() if one.subject in suspects))
    found.documents = first.documents
    return found


def _of_items(connection: Connection, items: Iterable[str]) -> Iterable[SearchDocument]:
    return DocumentBuilder(connection, log.head(connection).seq).documents(sorted(items))


def _compare(expected: Iterable[SearchDocument], held: Iterable[SearchDocument]) -> Difference:
    """Sixteen bytes a document are kept in memory, whatever its length."""
    known = {document.id: (document.subject, _digest(document)) for document in held}
    found = Difference()
    for document in expected:
        found.documents += 1
        subject, digest = known.pop(document.id, ("", b""))
        if not subject:
            found.missing.add(document.subject)
        elif digest != _digest(document):
            found.differing.add(document.subject)
    extra = {subject for subject, _ in known.values()}
    found.differing |= extra & found.missing
    found.missing -= found.differing
    found.extra = extra - found.differing
    return found


def _digest(document: SearchDocument) -> bytes:
    """Of everything but the seq under which it was written."""
    return hashlib.blake2b(repr(replace(document, seq=0)).encode(), digest_size=16).digest()
