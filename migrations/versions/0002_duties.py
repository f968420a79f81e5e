"""What decisions leave to be done: duties and their fulfilments, derived from published decisions.

Revision: 0002.
"""

import sqlalchemy as sa
from alembic import op

ASCII = sa.String().with_variant(sa.String(collation="C"), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "duty",
        sa.Column("act", BIG, autoincrement=False, nullable=False),
        sa.Column("key", ASCII, nullable=False),
        sa.Column("kind", ASCII, nullable=False),
        sa.Column("subject_id", ASCII, nullable=False),
        sa.Column("authority", ASCII, nullable=True),
        sa.Column("region", ASCII, nullable=True),
        sa.Column("words", sa.String(), nullable=True),
        sa.Column("opens", ASCII, nullable=False),
        sa.Column("lost_from", ASCII, nullable=True),
        sa.Column("due", ASCII, nullable=True),
        sa.Column("working_days", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("act", "key"),
    )
    op.create_index("ix_duty_subject", "duty", ["subject_id"])
    op.create_index("ix_duty_kind", "duty", ["kind", "act"])
    op.create_table(
        "fulfilment",
        sa.Column("duty_act", BIG, autoincrement=False, nullable=False),
        sa.Column("duty_key", ASCII, nullable=False),
        sa.Column("act", BIG, autoincrement=False, nullable=False),
        sa.Column("on_day", ASCII, nullable=False),
        sa.Column("subject_id", ASCII, nullable=False),
        sa.PrimaryKeyConstraint("duty_act", "duty_key", "act"),
    )
    op.create_index("ix_fulfilment_act", "fulfilment", ["act"])
