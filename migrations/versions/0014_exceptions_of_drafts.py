"""Exceptions to checks that are granted for what a changeset brings in.

Revision: 0014.
"""

import sqlalchemy as sa
from alembic import op

ASCII = sa.String().with_variant(sa.String(collation="C"), "postgresql")

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("check_exception", sa.Column("changeset", ASCII, nullable=True))
