"""What departments propose in a round and what the office thinks of it; rows of a document that is recorded.

Revision: 0005.
"""

import sqlalchemy as sa
from alembic import op

ASCII = sa.String().with_variant(sa.String(collation="C"), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "proposal",
        sa.Column("changeset", ASCII, nullable=False),
        sa.Column("subject", ASCII, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=True),
        sa.Column("at", BIG, nullable=False),
        sa.Column("findings", sa.LargeBinary(), nullable=False),
        sa.Column("opinion", ASCII, nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("reviewer", sa.Integer(), nullable=True),
        sa.Column("reviewed_at", BIG, nullable=True),
        sa.Column("earlier", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["changeset"], ["changeset.id"]),
        sa.PrimaryKeyConstraint("changeset", "subject"),
    )
    op.create_table(
        "annex_row",
        sa.Column("changeset", ASCII, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("candidates", sa.LargeBinary(), nullable=False),
        sa.Column("item", ASCII, nullable=True),
        sa.Column("how", ASCII, nullable=True),
        sa.Column("account", sa.Integer(), nullable=True),
        sa.Column("at", BIG, nullable=True),
        sa.ForeignKeyConstraint(["changeset"], ["changeset.id"]),
        sa.PrimaryKeyConstraint("changeset", "position"),
    )
