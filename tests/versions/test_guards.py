"""The database refuses to change published rows, whatever a connection sets; and again after migrating."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path

import psycopg
import pytest
from issuing_editions import issue, signer_in
from registry import make_office
from sqlalchemy import text

from app.canonical import digest
from app.changes import kinds
from app.db import TOMBSTONE, guarded_tables, install_guards
from app.migrating import migrate
from app.versions import verifying
from app.versions.recording import Order, record

PUBLISHED = {
    "content",
    "log_entry",
    "publication",
    "subject",
    "decision",
    "void",
    "revision",
    "code",
    "lineage",
    "redaction",
    "signing_key",
    "edition",
}
REFUSED = "published rows are never changed"


def full_office(database, clock):
    """A registry with at least one row in every published table."""
    office = make_office(database)
    first, second, _ = office.items
    place = {"outcome": "adjust", "subject": second, "effective_from": "2026-12-01"}
    office.publish_change({**place, "changes": [{"op": "set", "path": "consult_phone", "value": "1"}]})
    office.publish_change(
        {"outcome": "void", "act": office.acts(second)[-1], "ground": "withdrawn", "reason": "文件改期"}
    )
    office.publish_change(
        {
            "outcome": "merge",
            "effective_from": "2026-10-01",
            "origins": [{"subject": first}, {"subject": second}],
            "results": [{"subject": first}],
        }
    )
    content = office.scalars(f"SELECT content FROM revision WHERE subject_id = '{second}' LIMIT 1")[0]
    with database.writing() as session:
        record(
            session.connection(),
            Order("redaction", redactions=[(content, {"order": "删除"})]),
            lambda *_: None,
        )
    with tempfile.TemporaryDirectory() as directory:
        issue(office, signer_in(Path(directory)), authority=office.traffic)
    return office


def keys_of(table):
    return [column.name for column in table.primary_key.columns]


def test_every_published_table_is_guarded():
    assert {table.name for table in guarded_tables()} == PUBLISHED


@pytest.fixture(params=["first", "migrated again", "guards again"])
def again(request):
    """What happens to the database before the guards are tried."""

    def prepare(database):
        if request.param == "migrated again":
            migrate(database)
        if request.param == "guards again":
            with database.writer.begin() as connection:
                install_guards(connection)

    return prepare


# --- SQLite ---------------------------------------------------------------------------------------------


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
    assert row is not None, f"nothing in {name} to try it on"
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


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_sqlite_refuses(sqlite, clock, again, name):
    full_office(sqlite, clock)
    again(sqlite)
    sqlite.dispose()
    table = next(table for table in guarded_tables() if table.name == name)
    connection = raw(sqlite)
    before = dump(connection, name)
    for pragma in (
        "",
        "PRAGMA recursive_triggers=OFF",
        "PRAGMA foreign_keys=OFF",
        "PRAGMA ignore_check_constraints=ON",
    ):
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


def test_sqlite_passes_over_other_bytes_under_a_known_hash(sqlite, clock):
    make_office(sqlite)
    sqlite.dispose()
    connection = raw(sqlite)
    before = dump(connection, "content")
    for _id, key, _body in before:
        connection.execute("INSERT OR REPLACE INTO content (hash, body) VALUES (?, ?)", (key, b"{}"))
    assert dump(connection, "content") == before


# --- PostgreSQL -------------------------------------------------------------------------------------------


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


def test_postgresql_refuses(postgresql, clock, again):
    full_office(postgresql, clock)
    again(postgresql)
    url = postgresql.writer.url.set(drivername="postgresql").render_as_string(hide_password=False)
    for role in ("origin", "replica", "local"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"SET session_replication_role = {role}")
            for table in guarded_tables():
                before = sorted(connection.execute(f"SELECT * FROM {table.name}").fetchall(), key=repr)
                assert before, f"nothing in {table.name} to try it on"
                for statement in postgresql_statements(table):
                    with pytest.raises(psycopg.errors.RaiseException, match=REFUSED):
                        connection.execute(statement)  # type: ignore[arg-type]
                after = sorted(connection.execute(f"SELECT * FROM {table.name}").fetchall(), key=repr)
                assert after == before


# --- the one update that is let through -----------------------------------------------------------------------


def tombstone(database, key, body=TOMBSTONE):
    with database.writer.begin() as connection:
        connection.execute(
            text("UPDATE content SET body = :body WHERE hash = :hash"), {"body": body, "hash": key}
        )


def test_content_becomes_the_tombstone_only_by_order(office):
    key = office.scalars(f"SELECT content FROM revision WHERE subject_id = '{office.items[2]}'")[0]
    with pytest.raises(Exception, match=REFUSED):
        tombstone(office.database, key)
    with office.database.writing() as session:
        record(
            session.connection(),
            Order("redaction", redactions=[(key, {"order": "依法删除"})]),
            lambda *_: None,
        )
    for other in (b"{}", TOMBSTONE + b" "):
        with pytest.raises(Exception, match=REFUSED):
            tombstone(office.database, key, other)
    with pytest.raises(Exception, match=REFUSED), office.database.writer.begin() as connection:
        connection.execute(
            text("UPDATE content SET body = :body, hash = :new WHERE hash = :hash"),
            {"body": TOMBSTONE, "new": digest(TOMBSTONE), "hash": key},
        )
    tombstone(office.database, key)
    with office.database.writing() as session:
        verifying.rebuild(session.connection(), kinds.describe)  # names and links go with the bytes
    proof = office.verify()
    assert (proof.ok, proof.redacted) == (True, 1)


def test_an_existing_content_is_passed_over_not_an_error(office):
    with office.database.writer.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO content (hash, body) SELECT hash, body FROM content WHERE true ON CONFLICT DO NOTHING"
        )
    office.assert_sound()


def test_readers_cannot_write(office):
    with pytest.raises(Exception, match=r"(?i)read.?only"), office.database.reading() as session:
        session.connection().exec_driver_sql("DELETE FROM outbox")
