"""Every way to change a published row, tried: UPDATE, DELETE, REPLACE, upsert, MERGE, TRUNCATE."""

from __future__ import annotations

import sqlite3

import psycopg
import pytest

REFUSED = "published rows are never changed"
PRAGMAS = (
    "",
    "PRAGMA recursive_triggers=OFF",
    "PRAGMA foreign_keys=OFF",
    "PRAGMA ignore_check_constraints=ON",
)
ROLES = ("origin", "replica", "local")


def keys_of(table):
    return [column.name for column in table.primary_key.columns]


def raw(database):
    """A connection as any program might open one: no pragmas, recursive_triggers off."""
    connection = sqlite3.connect(database.path, isolation_level=None)
    assert connection.execute("PRAGMA recursive_triggers").fetchone() == (0,)
    return connection


def dump(connection, table):
    return sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr)


def refused_statements(connection, table):
    """(what, statement, parameters) of every way to change the first row."""
    name, columns = table.name, [column.name for column in table.columns]
    row = connection.execute(f"SELECT {', '.join(columns)} FROM {name} LIMIT 1").fetchone()
    if row is None:
        return
    listed, marks = ", ".join(columns), ", ".join("?" for _ in columns)
    key = " AND ".join(f"{k} = ?" for k in keys_of(table))
    key_values = [row[columns.index(k)] for k in keys_of(table)]
    for column in columns:
        yield "update", f"UPDATE {name} SET {column} = {column}", []
        yield "update or replace", f"UPDATE OR REPLACE {name} SET {column} = 1 WHERE {key}", key_values
    yield "delete", f"DELETE FROM {name} WHERE {key}", key_values
    yield "delete all", f"DELETE FROM {name}", []
    yield "replace", f"REPLACE INTO {name} ({listed}) VALUES ({marks})", row
    yield "insert or replace", f"INSERT OR REPLACE INTO {name} ({listed}) VALUES ({marks})", row
    yield (
        "upsert",
        f"INSERT INTO {name} ({listed}) VALUES ({marks}) ON CONFLICT DO UPDATE SET {columns[-1]} = 1",
        row,
    )
    for column in table.columns:
        if column.unique:  # another primary key, the same unique value
            taken = list(row)
            for k in keys_of(table):
                taken[columns.index(k)] = (
                    10**9 if isinstance(taken[columns.index(k)], int) else "qdi-00000000"
                )
            yield (
                "insert or replace by a unique column",
                (f"INSERT OR REPLACE INTO {name} ({listed}) VALUES ({marks})"),
                taken,
            )
    if table.dialect_options["sqlite"]["with_rowid"] and keys_of(table) in (["seq"], ["id"]):
        (number,) = keys_of(table)
        others = [c for c in columns if c != number]
        values = [row[columns.index(c)] for c in others]
        for alias in ("rowid", "_rowid_", "oid"):
            yield (
                f"insert or replace by {alias}",
                f"INSERT OR REPLACE INTO {name} ({alias}, {', '.join(others)})"
                f" VALUES (?, {', '.join('?' for _ in others)})",
                [row[columns.index(number)], *values],
            )


def assert_sqlite_refuses(database, table, pragmas=PRAGMAS):
    """Each statement by itself, by a connection that set nothing or anything. Whether there was a row to try."""
    database.dispose()
    name, connection = table.name, raw(database)
    before = dump(connection, name)
    for pragma in pragmas:
        connection.execute(pragma)
        for what, statement, values in list(refused_statements(connection, table)):
            try:
                connection.execute(statement, values)
            except sqlite3.DatabaseError as error:
                assert REFUSED in str(error) or "UNIQUE" in str(error), (what, statement)  # noqa: PT017
            else:  # content passes an existing hash over
                assert name == "content", (what, statement)
                assert what == "upsert" or "replace" in what, (what, statement)
            assert dump(connection, name) == before, (what, statement)
    connection.close()
    return bool(before)


def postgresql_statements(table):
    name, columns = table.name, [column.name for column in table.columns]
    listed, keys = ", ".join(columns), keys_of(table)
    for column in columns:
        yield f"UPDATE {name} SET {column} = {column}"
    yield f"DELETE FROM {name}"
    yield f"TRUNCATE {name} CASCADE"
    yield (
        f"INSERT INTO {name} ({listed}) SELECT {listed} FROM {name} LIMIT 1"
        f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {columns[-1]} = EXCLUDED.{columns[-1]}"
    )
    on = " AND ".join(f"t.{k} = s.{k}" for k in keys)
    yield (
        f"MERGE INTO {name} t USING {name} s ON {on}"
        f" WHEN MATCHED THEN UPDATE SET {columns[-1]} = s.{columns[-1]}"
    )
    yield f"MERGE INTO {name} t USING {name} s ON {on} WHEN MATCHED THEN DELETE"


def assert_postgresql_refuses(database, tables, roles=ROLES):
    """By table, whether there was a row to try."""
    url = database.writer.url.set(drivername="postgresql").render_as_string(hide_password=False)
    tried = {}
    for role in roles:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"SET session_replication_role = {role}")
            for table in tables:
                before = sorted(connection.execute(f"SELECT * FROM {table.name}").fetchall(), key=repr)
                tried[table.name] = bool(before)
                for statement in postgresql_statements(table) if before else ():
                    with pytest.raises(psycopg.errors.RaiseException, match=REFUSED):
                        connection.execute(statement)
                after = sorted(connection.execute(f"SELECT * FROM {table.name}").fetchall(), key=repr)
                assert after == before
    return tried
