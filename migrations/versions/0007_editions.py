"""Editions of lists and the keys they are signed with; what is prepared.

Revision: 0007.
"""

import sqlalchemy as sa
from alembic import op

ASCII = sa.String().with_variant(sa.String(collation="C"), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("log_entry", sa.Column("rows", ASCII, nullable=True))
    op.create_table(
        "signing_key",
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("publication", BIG, nullable=False),
        sa.Column("id", ASCII, nullable=False),
        sa.Column("public", ASCII, nullable=False),
        sa.Column("endorsed_by", ASCII, nullable=True),
        sa.Column("endorsement", ASCII, nullable=True),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
    )
    op.create_table(
        "edition",
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("publication", BIG, nullable=False),
        sa.Column("id", ASCII, nullable=False),
        sa.Column("kind", ASCII, nullable=False),
        sa.Column("owner", ASCII, nullable=False),
        sa.Column("on_day", ASCII, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", ASCII, nullable=False),
        sa.Column("statement", ASCII, nullable=False),
        sa.Column("previous", ASCII, nullable=True),
        sa.Column("key", ASCII, nullable=False),
        sa.Column("signature", ASCII, nullable=False),
        sa.ForeignKeyConstraint(["content"], ["content.hash"]),
        sa.ForeignKeyConstraint(["statement"], ["content.hash"]),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
        sa.UniqueConstraint("kind", "owner", "number"),
    )
    op.create_table(
        "edition_draft",
        sa.Column("id", ASCII, nullable=False),
        sa.Column("state", ASCII, nullable=False),
        sa.Column("kind", ASCII, nullable=False),
        sa.Column("owner", ASCII, nullable=False),
        sa.Column("on_day", ASCII, nullable=False),
        sa.Column("content", ASCII, nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.Column("author", sa.Integer(), nullable=False),
        sa.Column("reviewer", sa.Integer(), nullable=True),
        sa.Column("approved", ASCII, nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("updated_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_edition_draft_state", "edition_draft", ["state"])
    op.create_table(
        "edition_row",
        sa.Column("hash", ASCII, nullable=False),
        sa.Column("item", ASCII, nullable=False),
        sa.Column("source", ASCII, nullable=False),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_index("ix_edition_row_item", "edition_row", ["item"])
    op.create_index("ix_edition_row_source", "edition_row", ["source"])
