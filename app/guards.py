"""Published rows are never changed: triggers that refuse it on both databases, whatever a connection sets."""

from __future__ import annotations

from sqlalchemy import Connection, Table, UniqueConstraint, inspect
from sqlmodel import SQLModel

from app.db import TOMBSTONE


def guarded_tables() -> list[Table]:
    return [table for table in SQLModel.metadata.sorted_tables if table.info.get("guard")]


def install_guards(connection: Connection) -> None:
    """(Re)install the triggers that refuse changes to published rows. Idempotent; run after every migration,
    since Alembic's batch mode drops a table's triggers."""
    existing = set(inspect(connection).get_table_names())
    for table in guarded_tables():
        if table.name not in existing:
            continue  # a later migration brings it
        statements = _sqlite_guard(table) if connection.dialect.name == "sqlite" else _postgresql_guard(table)
        for statement in statements:
            connection.exec_driver_sql(statement)


def _unique_keys(table: Table) -> list[tuple[str, ...]]:
    keys = [tuple(column.name for column in table.primary_key.columns)]
    keys += [(column.name,) for column in table.columns if column.unique]
    several = [one for one in table.constraints if isinstance(one, UniqueConstraint)]
    keys += sorted(names for one in several if len(names := tuple(one.columns.keys())) > 1)
    return keys


def _sqlite_guard(table: Table) -> list[str]:
    name = table.name
    message = f"published rows are never changed: {name}"
    redaction = ""
    if table.info["guard"] == "content":
        redaction = (
            f"WHEN NOT (NEW.id = OLD.id AND NEW.hash = OLD.hash AND NEW.body = x'{TOMBSTONE.hex()}'"
            " AND EXISTS (SELECT 1 FROM redaction WHERE content = OLD.hash)) "
        )
    taken = " OR ".join(
        f"EXISTS (SELECT 1 FROM {name} WHERE " + " AND ".join(f"{c} = NEW.{c}" for c in key) + ")"
        for key in _unique_keys(table)
    )
    on_taken = "RAISE(IGNORE)" if table.info["guard"] == "content" else f"RAISE(ABORT, '{message}')"
    bodies = {
        "update": f"BEFORE UPDATE ON {name} {redaction}BEGIN SELECT RAISE(ABORT, '{message}'); END",
        "delete": f"BEFORE DELETE ON {name} BEGIN SELECT RAISE(ABORT, '{message}'); END",
        # INSERT OR REPLACE deletes without firing the delete trigger unless recursive_triggers is on.
        "insert": f"BEFORE INSERT ON {name} WHEN {taken} BEGIN SELECT {on_taken}; END",
    }
    statements = []
    for verb, body in bodies.items():
        statements.append(f"DROP TRIGGER IF EXISTS guard_{name}_{verb}")
        statements.append(f"CREATE TRIGGER guard_{name}_{verb} {body}")
    return statements


def _postgresql_guard(table: Table) -> list[str]:
    name = table.name
    condition = "TRUE"
    if table.info["guard"] == "content":
        condition = (
            "NOT (TG_OP = 'UPDATE' AND NEW.id = OLD.id AND NEW.hash = OLD.hash"
            f" AND NEW.body = '\\x{TOMBSTONE.hex()}'::bytea"
            " AND EXISTS (SELECT 1 FROM redaction r WHERE r.content = OLD.hash))"
        )
    row_function = (
        f"CREATE OR REPLACE FUNCTION guard_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {condition} THEN RAISE EXCEPTION 'published rows are never changed: {name}'; END IF; "
        "RETURN NEW; END $$"
    )
    whole_function = (
        f"CREATE OR REPLACE FUNCTION guard_{name}_whole() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION 'published rows are never changed: {name}'; END $$"
    )
    return [
        row_function.replace("%", "%%"),
        whole_function,
        f"DROP TRIGGER IF EXISTS guard_{name}_row ON {name}",
        f"CREATE TRIGGER guard_{name}_row BEFORE UPDATE OR DELETE ON {name}"
        f" FOR EACH ROW EXECUTE FUNCTION guard_{name}()",
        f"DROP TRIGGER IF EXISTS guard_{name}_truncate ON {name}",
        f"CREATE TRIGGER guard_{name}_truncate BEFORE TRUNCATE ON {name} EXECUTE FUNCTION guard_{name}_whole()",
        # ALWAYS: session_replication_role = replica does not switch them off.
        f"ALTER TABLE {name} ENABLE ALWAYS TRIGGER guard_{name}_row",
        f"ALTER TABLE {name} ENABLE ALWAYS TRIGGER guard_{name}_truncate",
    ]
