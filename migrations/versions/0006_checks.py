"""What the checks find over all items, exceptions, overlaps, and what rests on changed law: ordinary rows.

Revision: 0006.
"""

import sqlalchemy as sa
from alembic import op

ASCII = sa.String().with_variant(sa.String(collation="C"), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "finding",
        sa.Column("subject", ASCII, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", ASCII, nullable=False),
        sa.Column("severity", ASCII, nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("about", ASCII, nullable=True),
        sa.Column("excepted", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "position"),
    )
    op.create_index("ix_finding_code", "finding", ["code", "subject"])
    op.create_table(
        "checked_item",
        sa.Column("subject", ASCII, nullable=False),
        sa.Column("content", ASCII, nullable=False),
        sa.Column("day", ASCII, nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("authority", ASCII, nullable=True),
        sa.Column("region", ASCII, nullable=True),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("warnings", sa.Integer(), nullable=False),
        sa.Column("notes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("subject"),
    )
    op.create_index("ix_checked_item_authority", "checked_item", ["authority"])
    op.create_index("ix_checked_item_region", "checked_item", ["region"])
    op.create_table(
        "check_run",
        sa.Column("id", BIG, nullable=False),
        sa.Column("day", ASCII, nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("rules", ASCII, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "check_exception",
        sa.Column("id", BIG, nullable=False),
        sa.Column("subject", ASCII, nullable=False),
        sa.Column("code", ASCII, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=True),
        sa.Column("at", BIG, nullable=False),
        sa.Column("ended_by", sa.Integer(), nullable=True),
        sa.Column("ended_at", BIG, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_check_exception_subject", "check_exception", ["subject", "code"])
    op.create_table(
        "overlap_decision",
        sa.Column("id", BIG, nullable=False),
        sa.Column("first", ASCII, nullable=False),
        sa.Column("second", ASCII, nullable=False),
        sa.Column("decision", ASCII, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("changeset", ASCII, nullable=True),
        sa.Column("account", sa.Integer(), nullable=True),
        sa.Column("at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_overlap_decision_pair", "overlap_decision", ["first", "second"])
    op.create_table(
        "law_case",
        sa.Column("id", BIG, nullable=False),
        sa.Column("act", BIG, nullable=False),
        sa.Column("subject", ASCII, nullable=False),
        sa.Column("outcome", ASCII, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("changeset", ASCII, nullable=True),
        sa.Column("account", sa.Integer(), nullable=True),
        sa.Column("at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_law_case_pair", "law_case", ["act", "subject"])
