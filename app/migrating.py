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
from app.errors import Unavailable

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
    was derived by the code before, and may show what the code of today hides. Raises Unavailable where the database,
    or the revision, is of no step that this program has.
    """
    from alembic import command

    made = config()
    with database.writer.begin() as connection:
        lock_publishing(connection)  # of several that start at once the others find it done
        before = _revision(connection)
        for one in (before, None if revision == "head" else revision):
            _require_known(one)
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
    before = _steps()
    (newest,) = before.keys() - set(before.values())
    return newest


def _steps() -> dict[str, str | None]:
    """Each revision that there is a migration to, and the one before it."""
    told = [dict(_STEP.findall(path.read_text("utf-8"))) for path in (SCRIPTS / "versions").glob("[0-9]*.py")]
    return {step["revision"]: step["down_revision"] or None for step in told}


def is_current(database: Database) -> bool:
    """Whether the database has the newest schema. Raises Unavailable where it has one that this program does not
    know: a later version of it wrote the database, or another program."""
    found = current_revision(database)
    _require_known(found)
    return found == newest_revision()


def _require_known(revision: str | None) -> None:
    if revision is not None and revision not in _steps():
        raise Unavailable(
            f"数据库结构的版本“{revision}”不是本程序所有的，多半由更新版本的清单写成：请换用写它的那个版本，"
            "或检查 QINGDAN_DATA_DIR、QINGDAN_DATABASE_URL。",
            code="schema-unknown",
        )
