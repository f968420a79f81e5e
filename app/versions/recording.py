"""Writing a publication: the one place that inserts published rows.

Everything a publication does is in its ``Order``. ``lay_out`` works out the revisions by the fold, numbers every
row and derives the timeline, reading only; ``write`` writes it all in bulk and closes with the chained log entry.
Who writes holds the publishing lock and one transaction; ``record`` does both under it.
"""

from __future__ import annotations

from sqlalchemy import Connection
from sqlmodel import SQLModel

from app import log
from app.db import insert_rows
from app.versions.histories import History
from app.versions.laying_out import Laid, lay_out
from app.versions.named_files import may_name, write_documents
from app.versions.orders import Order, Receipt
from app.versions.row_marks import write_marks
from app.versions.timeline import Describe


def record(
    connection: Connection, order: Order, describe: Describe, histories: dict[str, History] | None = None
) -> Receipt:
    """Write one publication. The caller holds the lock; ``histories`` are those it loaded under it.

    Raises Refused where an act creates a subject that exists, or changes one that does not.
    """
    return write(connection, lay_out(connection, order, describe, histories))


def write(connection: Connection, laid: Laid) -> Receipt:
    """Write a publication that was laid out. The caller holds the lock, under which the log has not moved since: the
    keys of its rows follow that entry, and where they are taken the database refuses them."""
    laid.contents.write(connection)
    laid.rows.write(connection)
    laid.derived.write(connection)
    if may_name(laid.contents.bodies.values()):
        write_documents(connection, laid.publication)
    entry = _close(connection, laid)
    return Receipt(*entry, laid.publication, laid.revisions, laid.subjects)


def _close(connection: Connection, laid: Laid) -> tuple[int, str, int]:
    recorded_at = log.next_moment(laid.after.recorded_at)
    seq = laid.rows.seq + 1
    chain = log.Chain(laid.after.hash, seq, recorded_at)
    chain.add_lines(laid.lines)
    entry = chain.digest()
    insert_rows(
        connection,
        SQLModel.metadata.tables["log_entry"],
        ("seq", "recorded_at", "format", "prev", "hash", "rows"),
        [(seq, recorded_at, log.ENTRY_FORMAT, laid.after.hash, entry, chain.rows())],
    )
    write_marks(connection, seq, laid.marks)
    return seq, entry, recorded_at
