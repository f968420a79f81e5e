"""Migrations run up from nothing and over a populated database of every revision; the proof stays the same."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from registry import adjust, make_office
from sqlalchemy import inspect

from app import log
from app.changes import kinds
from app.db import guarded_tables
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


@pytest.mark.parametrize("revision", REVISIONS)
def test_over_a_populated_database_of_every_revision(make_database, clock, revision):
    """Populated as the tests populate today; a revision whose schema today's code cannot fill
    brings its own dump here, taken when it was the newest."""
    database = make_database(empty=True)
    migrate(database, revision)
    office = make_office(database)
    if revision == REVISIONS[-1]:
        office.publish_change(adjust(office.items[0], "2026-10-01", 5))
    head, before = kept_head(database), verified(database)
    assert before.ok, before.finding
    migrate(database)
    assert is_current(database)
    after = verified(database, (head.seq, head.hash))
    assert after.ok, after.finding
    assert (after.entries, after.rows, after.contents) == (before.entries, before.rows, before.contents)
    assert kept_head(database) == head


def test_the_files_say_which_revision_is_the_newest() -> None:
    assert newest_revision() == ScriptDirectory.from_config(config()).get_current_head()
