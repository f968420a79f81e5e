"""SQLite's FTS5 with its trigram tokenizer over the same documents, asked the same questions: to compare with."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence

from app.bench.corpora import documents
from app.bench.figures import Plan
from search.engine import SearchDocument, SearchQuery
from search.folding import fold
from search.values import VALUES, folded_values

_SCHEMA = """
CREATE VIRTUAL TABLE texts USING fts5(body, content='', columnsize=0, detail=full, tokenize='trigram');
CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, type TEXT, status TEXT, province TEXT, valid_from TEXT,
  valid_to TEXT);
"""
_WHERE = "i.province = ? AND i.valid_from <= ? AND i.valid_to > ? AND i.status <> 'ended'"
_LONG = f"FROM texts JOIN items i ON i.id = texts.rowid WHERE texts MATCH ? AND {_WHERE}"
# A trigram index cannot find two characters; the names are read instead.
_SHORT = f"FROM items i WHERE i.name LIKE ? AND {_WHERE}"


def measure(plan: Plan, size: int, queries: Sequence[SearchQuery]) -> list[float]:
    """Milliseconds of each: twenty rows, the total, and one facet."""
    path = plan.directory / f"fulltext-{size}.db"
    fresh = not path.exists()
    with sqlite3.connect(path) as connection:
        if fresh:
            connection.executescript(_SCHEMA)
            for number, document in enumerate(documents(size)):
                connection.execute("INSERT INTO texts (rowid, body) VALUES (?, ?)", (number, _body(document)))
                connection.execute(
                    "INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?)", (number, *_row(document))
                )
        return list(_waits(connection, queries))


def _waits(connection: sqlite3.Connection, queries: Sequence[SearchQuery]) -> Iterator[float]:
    for query in queries:
        text = fold(query.q)
        matched, wanted = (_LONG, f'"{text}"') if len(text) > 2 else (_SHORT, f"%{text}%")
        asked = (wanted, query.region, query.on, query.on)
        began = time.perf_counter()
        connection.execute(f"SELECT i.id, i.name {matched} LIMIT {query.limit}", asked).fetchall()
        connection.execute(f"SELECT i.type, count(*) {matched} GROUP BY i.type", asked).fetchall()
        yield (time.perf_counter() - began) * 1000


def _body(document: SearchDocument) -> str:
    return "\n".join(value for attribute in VALUES for value in folded_values(document, attribute))


def _row(document: SearchDocument) -> tuple[str, ...]:
    province = document.region_path[1]
    return document.name, document.type, document.status, province, document.valid_from, document.valid_to
