"""Sign-on with a government's own provider; forms being filled in; exceptions to checks bound to their place.

Revision: 0009.
"""

import sqlalchemy as sa
from alembic import op

ASCII = sa.String().with_variant(sa.String(collation="C"), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("signed_in", sa.Column("by", ASCII, nullable=False, server_default="password"))
    op.add_column("check_exception", sa.Column("path", sa.String(), nullable=True))
    op.create_table(
        "linked_identity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("issuer", "subject"),
    )
    op.create_index("ix_linked_identity_account_id", "linked_identity", ["account_id"])
    op.create_table(
        "sign_on",
        sa.Column("state", ASCII, nullable=False),
        sa.Column("browser", ASCII, nullable=False),
        sa.Column("nonce", ASCII, nullable=False),
        sa.Column("verifier", ASCII, nullable=False),
        sa.Column("back", sa.String(), nullable=False),
        sa.Column("onward", sa.String(), nullable=False),
        sa.Column("kept", sa.String(), nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("state"),
    )
    op.create_index("ix_sign_on_created_at", "sign_on", ["created_at"])
    op.create_table(
        "unsaved_form",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("subject", ASCII, nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("fields", sa.String(), nullable=False),
        sa.Column("saved_at", BIG, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", "place"),
    )
    op.create_index("ix_unsaved_form_subject", "unsaved_form", ["subject"])
