"""Which files content, documents and drafts name, and who has brought them: a file is read where something names it.

What published rows name is derived by whoever upgrades; what drafts name is looked up here.

Revision: 0011.
"""

import re

import sqlalchemy as sa
from alembic import op

ASCII = sa.String().with_variant(sa.String(collation="C"), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "named_file",
        sa.Column("subject_id", ASCII, nullable=False),
        sa.Column("digest", ASCII, nullable=False),
        sa.Column("visibility", ASCII, nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "digest", "visibility"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_named_file_digest", "named_file", ["digest", "visibility", "subject_id"])
    op.create_table(
        "document_file",
        sa.Column("digest", ASCII, nullable=False),
        sa.Column("publication", BIG, nullable=False),
        sa.PrimaryKeyConstraint("digest", "publication"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "file_upload",
        sa.Column("digest", ASCII, nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("digest", "account"),
    )
    draft_file = op.create_table(
        "draft_file",
        sa.Column("digest", ASCII, nullable=False),
        sa.Column("changeset", ASCII, nullable=False),
        sa.Column("place", ASCII, nullable=False),
        sa.PrimaryKeyConstraint("digest", "changeset", "place"),
        sqlite_with_rowid=False,
    )
    found = set()
    for place, asked in _DRAFTED.items():
        for changeset, subject, body in op.get_bind().exec_driver_sql(asked):
            data = body.encode() if isinstance(body, str) else bytes(body)
            found |= {(one, changeset, subject or place) for one in _NAMED.findall(data.decode())}
    rows = [dict(zip(("digest", "changeset", "place"), row, strict=True)) for row in sorted(found)]
    op.bulk_insert(draft_file, rows)


_NAMED = re.compile(r'["/]([0-9a-f]{64})"')
_DRAFTED = {
    "head": "SELECT id, NULL, head FROM changeset",
    "decision": "SELECT changeset, NULL, body FROM draft_decision",
    "proposal": "SELECT changeset, subject, body FROM proposal",
}
