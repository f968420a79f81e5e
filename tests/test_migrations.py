"""Migrations run up from nothing and over a populated database of every revision; the proof stays the same."""

from __future__ import annotations

import dumping
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from registry import adjust, make_office
from sqlalchemy import inspect
from tampering import assert_postgresql_refuses, assert_sqlite_refuses

from app import log
from app.auth.accounts import actor_of, find_account
from app.changes import duties, kinds, publishing
from app.errors import Unavailable
from app.guards import guarded_tables
from app.migrating import config, is_current, migrate, newest_revision
from app.tables import METADATA
from app.versions import verifying

REVISIONS = [
    script.revision for script in reversed(list(ScriptDirectory.from_config(config()).walk_revisions()))
]


def triggers(database) -> list[str]:
    query = (
        "SELECT name || sql FROM sqlite_master WHERE type = 'trigger' ORDER BY 1"
        if database.is_sqlite
        else "SELECT tgname::text || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
    )
    with database.reading() as session:
        return list(session.connection().exec_driver_sql(query).scalars())


def verified(database, head=None) -> verifying.Proof:
    with database.reading() as session:
        return verifying.verify(session.connection(), kinds.describe, head)


def kept_head(database) -> log.Head:
    with database.reading() as session:
        return log.head(session.connection())


def test_one_linear_history():
    script = ScriptDirectory.from_config(config())
    assert script.get_heads() == [REVISIONS[-1]]
    assert script.get_bases() == [REVISIONS[0]]


def test_up_from_nothing(make_database):
    database = make_database(empty=True)
    assert not is_current(database)
    migrate(database)
    assert is_current(database)
    make_office(database)
    assert verified(database).ok


def test_a_schema_of_another_program_is_neither_current_nor_migrated(database):
    with database.writing() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for ask in (is_current, migrate):
        with pytest.raises(Unavailable, match="9999") as refused:
            ask(database)
        assert refused.value.code == "schema-unknown"
    with database.reading() as session:
        assert session.connection().exec_driver_sql("SELECT * FROM alembic_version").scalars().all() == [
            "9999"
        ]


def test_a_revision_that_there_is_none_of_is_not_migrated_to(make_database):
    with pytest.raises(Unavailable, match="9999"):
        migrate(make_database(empty=True), "9999")


def test_the_models_are_what_is_migrated(database):
    with database.writer.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_columns_keys_and_checks_are_those_of_the_models(database):
    """What Alembic does not compare: primary keys, nullability, uniqueness, on each table."""
    with database.writer.connect() as connection:
        found = inspect(connection)
        for table in METADATA.sorted_tables:
            columns = {column["name"]: column["nullable"] for column in found.get_columns(table.name)}
            assert columns == {column.name: bool(column.nullable) for column in table.columns}, table.name
            keys = found.get_pk_constraint(table.name)["constrained_columns"]
            assert keys == [column.name for column in table.primary_key.columns], table.name
            foreign = {key["constrained_columns"][0] for key in found.get_foreign_keys(table.name)}
            assert foreign == {key.parent.name for key in table.foreign_keys}, table.name
            unique = {tuple(key["column_names"]) for key in found.get_unique_constraints(table.name)}
            unique |= {
                tuple(index["column_names"]) for index in found.get_indexes(table.name) if index["unique"]
            }
            assert {(column.name,) for column in table.columns if column.unique} <= unique, table.name


def test_migrating_again_is_harmless(office):
    head, guards = kept_head(office.database), triggers(office.database)
    migrate(office.database)
    migrate(office.database)
    proof = verified(office.database, (head.seq, head.hash))
    assert proof.ok, proof.finding
    assert triggers(office.database) == guards
    office.publish_change(adjust(office.items[0], "2026-10-01", 5))


def test_every_published_table_has_its_guards(database):
    per_table = 3 if database.is_sqlite else 2
    names = triggers(database)
    for table in guarded_tables():
        assert sum(name.startswith(f"guard_{table.name}_") for name in names) == per_table, table.name


def tampered_with(database) -> set[str]:
    """The published tables in which every way to change a row was tried, and refused."""
    if not database.is_sqlite:
        tried = assert_postgresql_refuses(database, guarded_tables(), roles=("replica",))
        return {name for name, had_rows in tried.items() if had_rows}
    return {
        table.name
        for table in guarded_tables()
        if assert_sqlite_refuses(database, table, pragmas=("PRAGMA recursive_triggers=OFF",))
    }


def test_every_revision_has_its_dump():
    """Taken before the next migration lands, by the code that had it as its newest."""
    missing = [revision for revision in REVISIONS[:-1] if not dumping.path_of(revision).exists()]
    assert not missing, f"{missing}: see tests/dumping.py"


@pytest.mark.parametrize(
    "revision", [revision for revision in REVISIONS if dumping.path_of(revision).exists()]
)
def test_over_a_database_that_earlier_code_left(make_database, clock, revision):
    """The rows were written by the code of that revision, and so were the figures they are held against."""
    clock.set("2027-07-01T12:00:00")
    database, dump = make_database(empty=True), dumping.read(revision)
    migrate(database, revision)
    dumping.load(database, dump)
    kept = {
        table.name: dump["tables"][table.name]["columns"]
        for table in guarded_tables()
        if table.name in dump["tables"]
    }
    before = {name: rows_of(database, name, columns) for name, columns in kept.items()}
    assert all(before.values()), "nothing to migrate"
    migrate(database)
    assert is_current(database)
    proof = verified(database, tuple(dump["head"]))
    assert proof.ok, proof.finding
    assert {name: getattr(proof, name) for name in dump["proof"]} == dump["proof"]
    with database.reading() as session:
        assert duties.differs(session.connection()) is None
    assert tampered_with(database) >= kept.keys()
    assert {name: rows_of(database, name, columns) for name, columns in kept.items()} == before
    works_on(database, dump)


def test_what_names_a_file_is_known_after_the_upgrade(make_database, clock):
    """Of what was published and drafted while nobody noted it; who brought a file was not noted either."""
    clock.set("2027-07-01T12:00:00")
    database, dump = make_database(empty=True), dumping.read("0009")
    migrate(database, "0009")
    dumping.load(database, dump)
    migrate(database)
    digests = {row[1]: row[0] for row in rows_of(database, "stored_file", ["digest", "name"])}
    blank, scan, drafted = (digests[name] for name in ("空白表.pdf", "扫描件.pdf", "新表.pdf"))
    assert set(scalars(database, "SELECT digest FROM named_file")) == {blank}
    assert scalars(database, "SELECT digest FROM document_file") == [scan]
    places = rows_of(database, "draft_file", ["digest", "place"])
    assert set(places) == {(blank, "decision"), (scan, "head"), (drafted, "decision")}
    assert scalars(database, "SELECT account FROM file_upload") == []


def works_on(database, dump) -> None:
    """What was approved then is published now, and the log goes on from the kept head."""
    approved = scalars(database, "SELECT id FROM changeset WHERE state = 'approved'")
    assert approved, "the dump has nothing that waits to be published"
    with database.writing() as session:
        publisher = actor_of(find_account(session, "publisher"))
        publishing.publish(session, publisher, approved[0], "2026-09-28")
    proof = verified(database, tuple(dump["head"]))
    assert proof.ok, proof.finding
    assert proof.entries == dump["proof"]["entries"] + 1


def rows_of(database, table, columns) -> list[tuple]:
    """As the dump has them: a column that came later is not asked for."""
    with database.reading() as session:
        found = session.connection().exec_driver_sql(f"SELECT {', '.join(columns)} FROM {table}").all()
    return sorted((tuple(row) for row in found), key=repr)


def scalars(database, query) -> list:
    with database.reading() as session:
        return list(session.connection().exec_driver_sql(query).scalars())


def test_the_files_say_which_revision_is_the_newest() -> None:
    assert newest_revision() == ScriptDirectory.from_config(config()).get_current_head()
