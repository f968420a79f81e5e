"""Whether every content that the log names is there, byte for byte, and nothing that an order took away.

A content is named by a column of a published row, by the statement of a round (its sums, the frozen list of its
scope, the rows of its document), or by the list of an edition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection

from app.canonical import decode, digest
from app.db import STREAMED, TOMBSTONE, chunks, fetch, marks
from app.versions.wrong import Wrong


def check(connection: Connection) -> tuple[int, int]:
    """Returns how many contents there are, and how many of them an order redacted. Raises Wrong."""
    counted = _check_bytes(connection)
    _check_references(connection)
    _check_rounds(connection)
    _check_editions(connection)
    return counted


def _check_bytes(connection: Connection) -> tuple[int, int]:
    ordered = {row[0] for row in connection.exec_driver_sql("SELECT content FROM redaction")}
    result = connection.exec_driver_sql("SELECT hash, body FROM content", execution_options=STREAMED)
    contents = redacted = 0
    for key, body in result:
        data = bytes(body)
        contents += 1
        if key in ordered:
            redacted += 1
            if data != TOMBSTONE:
                raise Wrong(f"content {key}", "已依令删改，却还有内容")
        elif digest(data) != key:
            raise Wrong(f"content {key}", "内容与其哈希不符")
    return contents, redacted


_REFERENCES = (
    ("decision", "creates"),
    ("decision", "changes"),
    ("decision", "statement"),
    ("revision", "content"),
    ("publication", "statement"),
    ("void", "statement"),
    ("redaction", "statement"),
    ("edition", "content"),
    ("edition", "statement"),
)


def _check_references(connection: Connection) -> None:
    for table, column in _REFERENCES:
        row = connection.exec_driver_sql(
            f"SELECT t.seq, t.{column} FROM {table} t LEFT JOIN content c ON c.hash = t.{column}"
            f" WHERE t.{column} IS NOT NULL AND c.hash IS NULL ORDER BY t.seq LIMIT 1"
        ).one_or_none()
        if row is not None:
            raise Wrong(f"{table} {row[0]}", f"它引用的内容 {row[1]} 不存在")


def _check_rounds(connection: Connection) -> None:
    """The sums that were published, the items that the scope was frozen to, the rows of a recorded document."""
    query = (
        "SELECT p.seq, c.body FROM publication p JOIN content c ON c.hash = p.statement"
        " WHERE p.kind = 'round' ORDER BY p.seq"
    )
    for seq, body in connection.exec_driver_sql(query).all():
        if bytes(body) != TOMBSTONE:
            _require_there(connection, f"publication {seq}", _named_by(decode(bytes(body))))


def _named_by(statement: dict[str, Any]) -> Iterator[str]:
    frozen = (statement.get("scope") or {}).get("frozen") or {}
    for named in (
        statement.get("report"),
        frozen.get("items"),
        (statement.get("rows") or {}).get("hash"),
    ):
        if named:
            yield named


def _check_editions(connection: Connection) -> None:
    """A list names its rows by hash. Which item a row tells of stands beside it too, where readers and orders ask."""
    query = "SELECT e.seq, c.body FROM edition e JOIN content c ON c.hash = e.content ORDER BY e.seq"
    for seq, body in connection.exec_driver_sql(query).all():
        if bytes(body) == TOMBSTONE:
            continue
        rows = sorted(set(decode(bytes(body))["rows"]))
        _require_there(connection, f"edition {seq}", rows)
        for some in chunks(rows):
            _check_edition_rows(connection, seq, some)


def _check_edition_rows(connection: Connection, seq: int, rows: list[str]) -> None:
    asked = (
        "SELECT c.hash, c.body, r.item, r.source FROM content c LEFT JOIN edition_row r ON r.hash = c.hash"
        f" WHERE c.hash IN ({marks(rows)})"
    )
    for key, body, item, source in fetch(connection, asked, tuple(rows)):
        told = {} if bytes(body) == TOMBSTONE else decode(bytes(body))
        if item is None or (told and (item, source) != (told["item"], told["source"])):
            raise Wrong(f"edition_row {key}", f"与清单（edition {seq}）中这一行所写的事项不符")


def _require_there(connection: Connection, where: str, named: Iterable[str]) -> None:
    for some in chunks(sorted(set(named))):
        asked = f"SELECT hash FROM content WHERE hash IN ({marks(some)})"
        there = {row[0] for row in fetch(connection, asked, tuple(some))}
        missing = next((one for one in some if one not in there), None)
        if missing is not None:
            raise Wrong(where, f"它所列的内容 {missing} 不存在")
