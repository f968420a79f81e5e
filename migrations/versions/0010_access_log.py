"""The access log is read by person, event, address and part of a subject, newest first.

Revision: 0010.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_access_log_at", "access_log")
    op.drop_index("ix_access_log_account", "access_log")
    op.create_index("ix_access_log_at", "access_log", ["at", "id", "subject"])
    for name in ("account", "event", "address"):
        op.create_index(f"ix_access_log_{name}", "access_log", [name, "at", "id"])
