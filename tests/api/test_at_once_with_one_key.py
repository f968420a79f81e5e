"""Two requests with one Idempotency-Key at the same time: one works, the other waits and gets the same answer."""

from __future__ import annotations

import threading

from awaiting import wait_for
from sqlalchemy import text

from app import idempotency
from app.db import Database


def test_the_second_waits_for_the_answer_of_the_first(postgresql: Database) -> None:
    got: list[bytes | None] = []

    def second() -> None:
        with postgresql.writing() as session:
            idempotency.hold(session, 1, "k")
            before = idempotency.recall(session, 1, "k", b"asked")
            got.append(None if before is None else before.body)

    def waiting() -> bool:
        with postgresql.reading() as session:
            asked = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            return bool(session.connection().execute(text(asked)).scalar())

    thread = threading.Thread(target=second)
    with postgresql.writing() as session:
        idempotency.hold(session, 1, "k")
        assert idempotency.recall(session, 1, "k", b"asked") is None
        thread.start()
        wait_for(waiting)
        idempotency.remember(session, 1, "k", b"asked", 201, b"the answer")
    thread.join(30)
    assert got == [b"the answer"]
