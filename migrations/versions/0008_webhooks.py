"""Scopes and last use of tokens; webhooks and what is owed to them.

Revision: 0008.
"""

import sqlalchemy as sa
from alembic import op

ASCII = sa.String().with_variant(sa.String(collation="C"), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("token", sa.Column("scopes", ASCII, nullable=True))
    op.add_column("token", sa.Column("used_at", BIG, nullable=True))
    op.create_table(
        "webhook",
        sa.Column("id", ASCII, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("wanted", sa.String(), nullable=False),
        sa.Column("secret", ASCII, nullable=False),
        sa.Column("earlier_secret", ASCII, nullable=True),
        sa.Column("earlier_until", BIG, nullable=True),
        sa.Column("followed", BIG, nullable=False),
        sa.Column("paused_at", BIG, nullable=True),
        sa.Column("created_at", BIG, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_webhook_account_id", "webhook", ["account_id"])
    op.create_table(
        "webhook_delivery",
        sa.Column("id", BIG, nullable=False),
        sa.Column("webhook", ASCII, nullable=False),
        sa.Column("event", BIG, nullable=False),
        sa.Column("subject_id", ASCII, nullable=False),
        sa.Column("state", ASCII, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", BIG, nullable=False),
        sa.Column("done_at", BIG, nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["webhook"], ["webhook.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("webhook", "event"),
    )
    op.create_index("ix_webhook_delivery_due", "webhook_delivery", ["state", "next_at"])
    op.create_index("ix_webhook_delivery_subject", "webhook_delivery", ["webhook", "subject_id", "event"])
