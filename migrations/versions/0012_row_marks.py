"""A mark for each row that a log entry covers, so that a row that was changed can be named.

Those of entries that are there already are written by whoever upgrades, where their digest proves the rows.

Revision: 0012.
"""

import sqlalchemy as sa
from alembic import op

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "entry_marks",
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("marks", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
