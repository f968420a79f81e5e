"""Which files published rows name: derived as the timeline is, so that what names a file is found by its hash.

A subject names each file that a revision of it names, also one that is known by ``known_at`` alone. A publication
names the file that its document is a scan of, by address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, text

from app.canonical import decode
from app.db import execute_many, fetch, holds_bytes

ADDRESS = "/api/v1/files/"
"""Where a file is read, before its digest: what a document says of its scan."""
_SCAN = re.compile(rf"(?:https?://[^/\s]+)?{ADDRESS}([0-9a-f]{{64}})")
_ADDRESS = ADDRESS.encode()
_MARKS = (b'_form"', b'sample"', b'digest"', _ADDRESS)
"""One of them stands in whatever names a file: the ends of fields and paths, and the address."""
_NAMED = re.compile(rb'["/]([0-9a-f]{64})"')
SUBJECT_COLUMNS = "subject_id, digest, visibility"
DOCUMENT_COLUMNS = "digest, publication"


def scan_of(statement: Mapping[str, Any]) -> str | None:
    """The digest of the file that the document of a publication or an edition is a scan of."""
    found = _SCAN.fullmatch((statement.get("document") or {}).get("url") or "")
    return found[1] if found else None


def drafted_in(body: bytes) -> set[str]:
    """The digests that canonical JSON of a draft may name files by; of most drafts none, which costs little to see."""
    if not any(mark in body for mark in _MARKS):
        return set()
    return {one.decode() for one in _NAMED.findall(body)}


def may_name(bodies: Iterable[bytes]) -> bool:
    """Whether a document among these contents may say that it is a scan kept here; of most publications none."""
    return any(_ADDRESS in body for body in bodies)


def write_named(connection: Connection, rows: Iterable[tuple[str, str, str]]) -> None:
    """(subject, digest, visibility); what is there already is passed over."""
    insert = f"INSERT INTO named_file ({SUBJECT_COLUMNS}) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
    execute_many(connection, insert, list(rows))


def write_documents(connection: Connection, publication: int | None = None) -> None:
    """Of one publication that has just been written, or of all."""
    insert = f"INSERT INTO document_file ({DOCUMENT_COLUMNS}) VALUES (?, ?) ON CONFLICT DO NOTHING"
    execute_many(connection, insert, sorted(documents_in(connection, publication)))


def documents_in(connection: Connection, publication: int | None = None) -> set[tuple[str, int]]:
    """(digest, publication) as the statements of publications and of editions say; one whose words an order took away
    says nothing."""
    one = "" if publication is None else " AND t.{0} = :publication"
    holds = holds_bytes(connection, "c.body", "address")
    asked = " UNION ALL ".join(
        f"SELECT t.{seq}, c.body FROM {table} t JOIN content c ON c.hash = t.statement WHERE {holds}{one.format(seq)}"
        for table, seq in (("publication", "seq"), ("edition", "publication"))
    )
    given = {"address": _ADDRESS} | ({} if publication is None else {"publication": publication})
    found = connection.execute(text(asked), given)
    return {(digest, row[0]) for row in found if (digest := scan_of(decode(bytes(row[1]))))}


def stored_documents(connection: Connection) -> set[tuple[str, int]]:
    return {(row[0], row[1]) for row in fetch(connection, f"SELECT {DOCUMENT_COLUMNS} FROM document_file")}


def rewrite_documents(connection: Connection) -> None:
    """All of them anew."""
    connection.exec_driver_sql("DELETE FROM document_file")
    write_documents(connection)
