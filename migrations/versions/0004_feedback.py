"""Reports of the public about items: ordinary rows.

Revision: 0004.
"""

import sqlalchemy as sa
from alembic import op

ASCII = sa.String().with_variant(sa.String(collation="C"), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feedback",
        sa.Column("number", ASCII, nullable=False),
        sa.Column("item", ASCII, nullable=True),
        sa.Column("kind", ASCII, nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("contact", sa.String(), nullable=True),
        sa.Column("origin", ASCII, nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("state", ASCII, nullable=False),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("answered_at", BIG, nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_feedback_item", "feedback", ["item"])
    op.create_index("ix_feedback_created_at", "feedback", ["created_at"])
