"""Alembic environment: runs on the connection it is handed, and reinstalls the guards after every run."""

from alembic import context
from sqlmodel.sql.sqltypes import AutoString

from app.guards import install_guards
from app.tables import METADATA


def render_item(kind, value, autogen_context):  # type: ignore[no-untyped-def]
    """SQLModel's own string type is a plain String; autogenerate would emit it without an import."""
    if kind == "type" and isinstance(value, AutoString):
        return "sa.String()"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    render_item=render_item,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
    install_guards(connection)
