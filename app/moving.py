"""Every row of a registry as JSON lines: what moves between a server's databases, and from one kind into another."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, Table, text

from app import log
from app.db import Database, insert_rows
from app.tables import METADATA


def dump_tables(database: Database, into: Path) -> tuple[Path, log.Head]:
    """Write all tables as one snapshot has them; the file and the log's head."""
    with database.reading() as session, into.open("wb") as stream:
        connection = session.connection()
        head = log.head(connection)
        for table in METADATA.sorted_tables:
            columns = [column.name for column in table.columns]
            stream.write(orjson.dumps({"table": table.name, "columns": columns}) + b"\n")
            names = ", ".join(f'"{column}"' for column in columns)
            rows = connection.execution_options(stream_results=True, yield_per=2000).execute(
                text(f'SELECT {names} FROM "{table.name}"')
            )
            for row in rows:
                stream.write(orjson.dumps([_plain(value) for value in row]) + b"\n")
    return into, head


def _plain(value: Any) -> Any:
    if isinstance(value, (bytes, memoryview)):
        return {"base64": base64.b64encode(bytes(value)).decode()}
    return value


def _rich(value: Any) -> Any:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value


def load_tables(database: Database, saved: Path) -> None:
    """Into empty tables of the same schema, all or nothing."""
    with database.writer.begin() as connection:
        for table, columns, rows in _tables(saved):
            insert_rows(connection, table, columns, rows)
        _advance_sequences(connection)


def _tables(saved: Path) -> Iterator[tuple[Table, tuple[str, ...], list[tuple[Any, ...]]]]:
    table: Table | None = None
    columns: tuple[str, ...] = ()
    rows: list[tuple[Any, ...]] = []
    with saved.open("rb") as stream:
        for line in stream:
            value = orjson.loads(line)
            if isinstance(value, dict):
                if table is not None:
                    yield table, columns, rows
                table, columns, rows = METADATA.tables[value["table"]], tuple(value["columns"]), []
            else:
                rows.append(tuple(_rich(part) for part in value))
                if len(rows) == 5000 and table is not None:
                    yield table, columns, rows
                    rows = []
    if table is not None:
        yield table, columns, rows


def _advance_sequences(connection: Connection) -> None:
    """Serial columns go on after the restored rows."""
    if connection.dialect.name != "postgresql":
        return
    for table in METADATA.sorted_tables:
        key = table.autoincrement_column
        if key is not None:
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('\"{table.name}\"', '{key.name}'),"
                    f' coalesce((SELECT max("{key.name}") FROM "{table.name}"), 0) + 1, false)'
                    f" WHERE pg_get_serial_sequence('\"{table.name}\"', '{key.name}') IS NOT NULL"
                )
            )
