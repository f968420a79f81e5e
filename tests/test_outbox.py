"""Work owed after commit."""

from __future__ import annotations

from app import outbox
from app.db import Database


def test_what_is_owed_anew_while_it_is_done_stays_owed(database: Database, clock) -> None:
    """A redaction owes an old publication again: whoever had just read the words must not settle it."""
    for key in (7, 9):
        with database.writing() as session:
            outbox.enqueue(session.connection(), outbox.INDEX, key)
    with database.reading() as session:
        claimed = outbox.owed(session.connection(), outbox.INDEX)
    assert [piece.key for piece in claimed] == [7, 9]
    clock.step(-60)
    with database.writing() as session:
        outbox.enqueue(session.connection(), outbox.INDEX, 7)
    with database.writing() as session:
        outbox.done(session.connection(), outbox.INDEX, claimed)
        (left,) = outbox.owed(session.connection(), outbox.INDEX)
        assert left.key == 7
        assert left.created_at > claimed[0].created_at, "by whatever the clock says"
        outbox.done(session.connection(), outbox.INDEX, [left])
        assert outbox.owed(session.connection(), outbox.INDEX) == []
