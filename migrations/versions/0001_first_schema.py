"""The first schema: published rows, what is derived from them, drafts, accounts, logs of access and imports.

Revision: 0001.
"""

import sqlalchemy as sa
from alembic import op

ASCII = sa.String().with_variant(sa.String(collation="C"), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "access_log",
        sa.Column("id", BIG, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("account", sa.Integer(), nullable=True),
        sa.Column("event", ASCII, nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("access_log", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_access_log_account"), ["account"], unique=False)
        batch_op.create_index(batch_op.f("ix_access_log_at"), ["at"], unique=False)

    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("rights", ASCII, nullable=False),
        sa.Column("region", ASCII, nullable=True),
        sa.Column("authority", ASCII, nullable=True),
        sa.Column("locked", sa.Integer(), nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "answered",
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("key", ASCII, nullable=False),
        sa.Column("request", ASCII, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("account", "key"),
    )
    with op.batch_alter_table("answered", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_answered_at"), ["at"], unique=False)

    op.create_table(
        "changeset",
        sa.Column("id", ASCII, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", ASCII, nullable=False),
        sa.Column("kind", ASCII, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.Column("author", sa.Integer(), nullable=True),
        sa.Column("submitter", sa.Integer(), nullable=True),
        sa.Column("reviewer", sa.Integer(), nullable=True),
        sa.Column("approved", ASCII, nullable=True),
        sa.Column("publication", BIG, nullable=True),
        sa.Column("unconfirmed", sa.Integer(), nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("updated_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("changeset", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_changeset_author"), ["author"], unique=False)
        batch_op.create_index(batch_op.f("ix_changeset_publication"), ["publication"], unique=False)
        batch_op.create_index(batch_op.f("ix_changeset_state"), ["state"], unique=False)

    op.create_table(
        "changeset_event",
        sa.Column("id", BIG, nullable=False),
        sa.Column("changeset", ASCII, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("account", sa.Integer(), nullable=True),
        sa.Column("event", ASCII, nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("changeset_event", schema=None) as batch_op:
        batch_op.create_index("ix_changeset_event", ["changeset", "id"], unique=False)

    op.create_table(
        "code_interval",
        sa.Column("subject_id", ASCII, nullable=False),
        sa.Column("scheme", ASCII, nullable=False),
        sa.Column("issuer", ASCII, nullable=False),
        sa.Column("value", ASCII, nullable=False),
        sa.Column("valid_from", ASCII, nullable=False),
        sa.Column("valid_to", ASCII, nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "scheme", "issuer", "value", "valid_from"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("code_interval", schema=None) as batch_op:
        batch_op.create_index("ix_code_interval_value", ["value", "valid_from"], unique=False)

    op.create_table(
        "content",
        sa.Column("id", BIG, nullable=False),
        sa.Column("hash", ASCII, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("hash"),
        info={"guard": "content"},
    )
    op.create_table(
        "id_counter",
        sa.Column("kind", ASCII, nullable=False),
        sa.Column("next", BIG, nullable=False),
        sa.PrimaryKeyConstraint("kind"),
    )
    op.create_table(
        "import_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", ASCII, nullable=False),
        sa.Column("mapping", ASCII, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("mode", ASCII, nullable=False),
        sa.Column("state", ASCII, nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("started_at", BIG, nullable=False),
        sa.Column("ended_at", BIG, nullable=True),
        sa.Column("changesets", ASCII, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("import_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_import_run_digest"), ["digest"], unique=False)

    op.create_table(
        "lineage",
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("publication", BIG, nullable=False),
        sa.Column("act", BIG, nullable=False),
        sa.Column("origin", ASCII, nullable=False),
        sa.Column("successor", ASCII, nullable=False),
        sa.Column("relation", ASCII, nullable=False),
        sa.Column("effective_from", ASCII, nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        info={"guard": "append-only"},
    )
    with op.batch_alter_table("lineage", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lineage_act"), ["act"], unique=False)
        batch_op.create_index(batch_op.f("ix_lineage_origin"), ["origin"], unique=False)
        batch_op.create_index(batch_op.f("ix_lineage_successor"), ["successor"], unique=False)

    op.create_table(
        "link",
        sa.Column("subject_id", ASCII, nullable=False),
        sa.Column("valid_from", ASCII, nullable=False),
        sa.Column("role", ASCII, nullable=False),
        sa.Column("target", ASCII, nullable=False),
        sa.Column("locator", sa.String(), nullable=False),
        sa.Column("valid_to", ASCII, nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "valid_from", "role", "target", "locator"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.create_index("ix_link_target", ["target", "role", "subject_id"], unique=False)

    op.create_table(
        "log_entry",
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("recorded_at", BIG, nullable=False),
        sa.Column("format", ASCII, nullable=False),
        sa.Column("prev", ASCII, nullable=False),
        sa.Column("hash", ASCII, nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("recorded_at"),
        info={"guard": "append-only"},
    )
    op.create_table(
        "outbox",
        sa.Column("id", BIG, nullable=False),
        sa.Column("topic", ASCII, nullable=False),
        sa.Column("key", BIG, nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("topic", "key"),
    )
    op.create_table(
        "source_key",
        sa.Column("source", ASCII, nullable=False),
        sa.Column("kind", ASCII, nullable=False),
        sa.Column("ref", ASCII, nullable=False),
        sa.Column("subject_id", ASCII, nullable=False),
        sa.Column("owned", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", "kind", "ref"),
    )
    with op.batch_alter_table("source_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_source_key_subject_id"), ["subject_id"], unique=False)

    op.create_table(
        "source_seen",
        sa.Column("source", ASCII, nullable=False),
        sa.Column("kind", ASCII, nullable=False),
        sa.Column("ref", ASCII, nullable=False),
        sa.Column("digest", ASCII, nullable=False),
        sa.PrimaryKeyConstraint("source", "kind", "ref", "digest"),
    )
    op.create_table(
        "stored_file",
        sa.Column("digest", ASCII, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media_type", ASCII, nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("added_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "subject",
        sa.Column("id", ASCII, nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("kind", ASCII, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("seq"),
        info={"guard": "append-only"},
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("subject", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_subject_kind"), ["kind"], unique=False)

    op.create_table(
        "timeline",
        sa.Column("subject_id", ASCII, nullable=False),
        sa.Column("valid_from", ASCII, nullable=False),
        sa.Column("valid_to", ASCII, nullable=False),
        sa.Column("kind", ASCII, nullable=False),
        sa.Column("revision", BIG, nullable=True),
        sa.Column("status", ASCII, nullable=False),
        sa.Column("content", ASCII, nullable=True),
        sa.Column("codes", ASCII, nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("type", ASCII, nullable=True),
        sa.Column("level", ASCII, nullable=True),
        sa.Column("authority", ASCII, nullable=True),
        sa.Column("region", ASCII, nullable=True),
        sa.Column("parent", ASCII, nullable=True),
        sa.Column("visibility", ASCII, nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "valid_from"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("timeline", schema=None) as batch_op:
        batch_op.create_index(
            "ix_timeline_authority", ["authority", "subject_id", "valid_from"], unique=False
        )
        batch_op.create_index("ix_timeline_kind", ["kind", "subject_id", "valid_from"], unique=False)
        batch_op.create_index("ix_timeline_name", ["name", "kind"], unique=False)
        batch_op.create_index(
            "ix_timeline_parent",
            ["parent"],
            unique=False,
            sqlite_where=sa.text("parent IS NOT NULL"),
            postgresql_where=sa.text("parent IS NOT NULL"),
        )
        batch_op.create_index("ix_timeline_region", ["region", "subject_id", "valid_from"], unique=False)

    op.create_table(
        "code",
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("publication", BIG, nullable=False),
        sa.Column("subject_id", ASCII, nullable=False),
        sa.Column("scheme", ASCII, nullable=False),
        sa.Column("issuer", ASCII, nullable=False),
        sa.Column("value", ASCII, nullable=False),
        sa.Column("effective_from", ASCII, nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("cause", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subject.id"],
        ),
        sa.PrimaryKeyConstraint("seq"),
        info={"guard": "append-only"},
    )
    with op.batch_alter_table("code", schema=None) as batch_op:
        batch_op.create_index("ix_code_subject", ["subject_id", "effective_from", "seq"], unique=False)
        batch_op.create_index("ix_code_value", ["value", "subject_id"], unique=False)

    op.create_table(
        "decision",
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("publication", BIG, nullable=False),
        sa.Column("act", BIG, nullable=False),
        sa.Column("subject_id", ASCII, nullable=False),
        sa.Column("role", ASCII, nullable=False),
        sa.Column("outcome", ASCII, nullable=False),
        sa.Column("effective_from", ASCII, nullable=False),
        sa.Column("until", ASCII, nullable=True),
        sa.Column("start_unknown", sa.Integer(), nullable=False),
        sa.Column("creates", ASCII, nullable=True),
        sa.Column("changes", ASCII, nullable=True),
        sa.Column("statement", ASCII, nullable=True),
        sa.Column("base", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["changes"],
            ["content.hash"],
        ),
        sa.ForeignKeyConstraint(
            ["creates"],
            ["content.hash"],
        ),
        sa.ForeignKeyConstraint(
            ["statement"],
            ["content.hash"],
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subject.id"],
        ),
        sa.PrimaryKeyConstraint("seq"),
        info={"guard": "append-only"},
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decision_act"), ["act"], unique=False)
        batch_op.create_index("ix_decision_subject", ["subject_id", "effective_from", "seq"], unique=False)

    op.create_table(
        "draft_decision",
        sa.Column("changeset", ASCII, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("base", sa.LargeBinary(), nullable=False),
        sa.Column("approved", ASCII, nullable=True),
        sa.Column("stale", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["changeset"],
            ["changeset.id"],
        ),
        sa.PrimaryKeyConstraint("changeset", "position"),
    )
    op.create_table(
        "publication",
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("kind", ASCII, nullable=False),
        sa.Column("changeset", ASCII, nullable=True),
        sa.Column("author", sa.Integer(), nullable=True),
        sa.Column("reviewer", sa.Integer(), nullable=True),
        sa.Column("publisher", sa.Integer(), nullable=True),
        sa.Column("approved", ASCII, nullable=True),
        sa.Column("statement", ASCII, nullable=True),
        sa.ForeignKeyConstraint(
            ["statement"],
            ["content.hash"],
        ),
        sa.PrimaryKeyConstraint("seq"),
        info={"guard": "append-only"},
    )
    with op.batch_alter_table("publication", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_publication_changeset"), ["changeset"], unique=False)

    op.create_table(
        "redaction",
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("publication", BIG, nullable=False),
        sa.Column("content", ASCII, nullable=False),
        sa.Column("statement", ASCII, nullable=True),
        sa.ForeignKeyConstraint(
            ["statement"],
            ["content.hash"],
        ),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("content"),
        info={"guard": "append-only"},
    )
    op.create_table(
        "revision",
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("publication", BIG, nullable=False),
        sa.Column("subject_id", ASCII, nullable=False),
        sa.Column("effective_from", ASCII, nullable=False),
        sa.Column("status", ASCII, nullable=False),
        sa.Column("content", ASCII, nullable=True),
        sa.Column("start_unknown", sa.Integer(), nullable=False),
        sa.Column("cause", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["content"],
            ["content.hash"],
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subject.id"],
        ),
        sa.PrimaryKeyConstraint("seq"),
        info={"guard": "append-only"},
    )
    with op.batch_alter_table("revision", schema=None) as batch_op:
        batch_op.create_index("ix_revision_state", ["subject_id", "effective_from", "seq"], unique=False)

    op.create_table(
        "token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("hash", ASCII, nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("expires_at", BIG, nullable=True),
        sa.Column("revoked_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("hash"),
    )
    with op.batch_alter_table("token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_token_account_id"), ["account_id"], unique=False)

    op.create_table(
        "void",
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("publication", BIG, nullable=False),
        sa.Column("act", BIG, nullable=False),
        sa.Column("ground", ASCII, nullable=False),
        sa.Column("statement", ASCII, nullable=True),
        sa.ForeignKeyConstraint(
            ["statement"],
            ["content.hash"],
        ),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("act"),
        info={"guard": "append-only"},
    )
