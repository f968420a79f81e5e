"""Wrong tries to sign in under names that nobody has: counted once for all processes.

Revision: 0013.
"""

import sqlalchemy as sa
from alembic import op

ASCII = sa.String().with_variant(sa.String(collation="C"), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stranger",
        sa.Column("name", ASCII, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("blocked_until", BIG, nullable=True),
        sa.Column("tried_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_index("ix_stranger_tried_at", "stranger", ["tried_at"])
