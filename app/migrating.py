"""Bringing a database to the current schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from app import tables  # noqa: F401  every table is known before guards are installed
from app.db import Database

SCRIPTS = Path(__file__).resolve().parent.parent / "migrations"


def config() -> Config:
    made = Config()
    made.set_main_option("script_location", str(SCRIPTS))
    return made


def migrate(database: Database, revision: str = "head") -> None:
    """Up to a revision, guards included; one transaction."""
    made = config()
    with database.writer.begin() as connection:
        made.attributes["connection"] = connection
        command.upgrade(made, revision)


def current_revision(database: Database) -> str | None:
    """The schema revision that the database has."""
    with database.reader.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_current(database: Database) -> bool:
    """Whether the database has the newest schema."""
    newest = ScriptDirectory.from_config(config()).get_current_head()
    return current_revision(database) == newest
