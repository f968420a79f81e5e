"""A writer waits for another as long as the setting says, and no longer; on both databases."""

from __future__ import annotations

import time

import pytest
from sqlalchemy.exc import OperationalError

from app.db import Database, lock_publishing


def test_a_writer_gives_up_after_its_time(database):
    hasty = Database(database.url, lock_timeout=0.3)
    with database.writing() as session:
        lock_publishing(session.connection())
        began = time.monotonic()
        with pytest.raises(OperationalError), hasty.writing() as other:
            lock_publishing(other.connection())
        assert 0.2 < time.monotonic() - began < 5
    with hasty.writing() as other:
        lock_publishing(other.connection())
    hasty.dispose()
