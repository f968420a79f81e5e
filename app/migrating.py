"""Bringing a database to the current schema, and telling whether it has it.

Alembic takes a third of a second to load: it is asked only where there is something to do.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from app import tables  # noqa: F401  every table is known before guards are installed
from app.db import Database, lock_publishing

if TYPE_CHECKING:
    from alembic.config import Config

SCRIPTS = Path(__file__).resolve().parent.parent / "migrations"
_STEP = re.compile(r'^(revision|down_revision)(?:\s*:[^=]*)?\s*=\s*(?:"([^"]*)"|None)', re.MULTILINE)


def config() -> Config:
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(SCRIPTS))
    return made


def migrate(database: Database, revision: str = "head") -> None:
    """Up to a revision, guards included, and derived rows written anew by the code of today; one transaction.

    A code that derives something otherwise brings a migration with it, if only an empty one: what stands derived
    was derived by the code before, and may show what the code of today hides.
    """
    from alembic import command

    made = config()
    with database.writer.begin() as connection:
        lock_publishing(connection)  # of several that start at once the others find it done
        before = _revision(connection)
        made.attributes["connection"] = connection
        command.upgrade(made, revision)
        after = _revision(connection)
        if before is not None and before != after and after == newest_revision():
            _derive_again(connection)


def _derive_again(connection: Connection) -> None:
    from app.changes import duties, kinds  # not needed by whoever only asks which revision it is
    from app.versions import verifying

    verifying.rebuild(connection, kinds.describe)
    duties.rebuild(connection)


def current_revision(database: Database) -> str | None:
    """The schema revision that the database has; None where it has no schema."""
    with database.reader.connect() as connection:
        return _revision(connection)


def _revision(connection: Connection) -> str | None:
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def newest_revision() -> str:
    """The last of the migrations, by what their files say of themselves: one linear history."""
    steps = [
        {name: value or None for name, value in _STEP.findall(path.read_text("utf-8"))}
        for path in sorted((SCRIPTS / "versions").glob("[0-9]*.py"))
    ]
    before = {step["down_revision"] for step in steps}
    (newest,) = [step["revision"] for step in steps if step["revision"] not in before]
    return str(newest)


def is_current(database: Database) -> bool:
    """Whether the database has the newest schema."""
    return current_revision(database) == newest_revision()
