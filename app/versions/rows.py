"""What a publication writes: contents by hash, and rows numbered in the order of the log."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import Connection
from sqlmodel import SQLModel

from app import log
from app.canonical import digest, encode
from app.db import insert_rows
from app.versions.fold import State
from app.versions.orders import Act, Part


class Contents:
    """Documents by hash, gathered for one bulk insert."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.documents: dict[str, State] = {}
        """Some of them as they were before they were encoded. Shared: not to be altered."""

    def put(self, document: Any) -> str:
        return self.put_bytes(encode(document))

    def put_bytes(self, body: bytes) -> str:
        key = digest(body)
        self.bodies[key] = body
        return key

    def write(self, connection: Connection) -> None:
        table = SQLModel.metadata.tables["content"]
        insert_rows(connection, table, ("hash", "body"), sorted(self.bodies.items()))


class Rows:
    """Published rows with their seqs, table by table, in the order of seq."""

    def __init__(self, last: int) -> None:
        self.seq = last
        self.tables: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self.order: list[tuple[str, tuple[Any, ...]]] = []

    def add(self, table: str, *values: Any) -> int:
        self.seq += 1
        row = (self.seq, *values)
        self.tables[table].append(row)
        self.order.append((table, row))
        return self.seq

    def add_decision(
        self,
        publication: int,
        act: Act,
        part: Part,
        creates: str | None,
        changes: str | None,
        statement: str | None,
    ) -> int:
        """What an act that has its seq does to one subject; the contents by hash."""
        return self.add(
            "decision",
            publication,
            act.seq,
            part.subject_id,
            part.role,
            act.outcome,
            part.effective_from,
            part.until,
            int(part.start_unknown),
            creates,
            changes,
            statement,
            part.base,
        )

    def write(self, connection: Connection) -> None:
        for table in WRITING_ORDER:
            if rows := self.tables.get(table):
                insert_rows(connection, SQLModel.metadata.tables[table], log.columns_of(table), rows)


WRITING_ORDER = (
    "publication",
    "subject",
    "decision",
    "void",
    "lineage",
    "revision",
    "code",
    "redaction",
    "signing_key",
    "edition",
)
"""Parents before children, for the foreign keys."""
