"""The database refuses to change published rows, whatever a connection sets; and again after migrating."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from issuing_editions import issue, signer_in
from registry import make_office
from sqlalchemy import text
from tampering import REFUSED, assert_postgresql_refuses, assert_sqlite_refuses, dump, raw

from app.canonical import digest
from app.changes import kinds
from app.changes.redacting import redact
from app.db import TOMBSTONE
from app.guards import guarded_tables, install_guards
from app.migrating import migrate
from app.versions import verifying
from app.versions.orders import Order
from app.versions.recording import record

PUBLISHED = {
    "content",
    "log_entry",
    "entry_marks",
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
        redact(session, office.publisher, office.person("second", "publish"), content, "删除", "个人信息")
    with tempfile.TemporaryDirectory() as directory:
        issue(office, signer_in(Path(directory)), authority=office.traffic)
    return office


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


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_sqlite_refuses(sqlite, clock, again, name):
    full_office(sqlite, clock)
    again(sqlite)
    table = next(table for table in guarded_tables() if table.name == name)
    assert assert_sqlite_refuses(sqlite, table)


def test_sqlite_passes_over_other_bytes_under_a_known_hash(sqlite, clock):
    make_office(sqlite)
    sqlite.dispose()
    connection = raw(sqlite)
    before = dump(connection, "content")
    for _id, key, _body in before:
        connection.execute("INSERT OR REPLACE INTO content (hash, body) VALUES (?, ?)", (key, b"{}"))
    assert dump(connection, "content") == before


# --- PostgreSQL -------------------------------------------------------------------------------------------


def test_postgresql_refuses(postgresql, clock, again):
    full_office(postgresql, clock)
    again(postgresql)
    assert all(assert_postgresql_refuses(postgresql, guarded_tables()).values())


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
