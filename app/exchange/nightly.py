"""The dump of each day, written at night by one process; what is old or withdrawn goes."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from app import log
from app.db import Database
from app.exchange.dumping import dumps_in, prune, remove_withdrawn, write_dump
from app.settings import Settings
from app.turns import Duty, Turn
from app.versions.queries import DAY_SECONDS, SHANGHAI_OFFSET, today

logger = logging.getLogger(__name__)

EVERY = 60.0
"""Seconds between looks."""
FIRST = 5.0
"""Seconds from the start to the first: what has been missed is written behind the first answers."""


def hour_now() -> int:
    """The hour of the day in Shanghai, 0 to 23."""
    return (log.now_microseconds() // 1_000_000 + SHANGHAI_OFFSET) % DAY_SECONDS // 3600


class Nightly(Duty):
    """Looks until it is stopped. ``hour``: of the day in Shanghai, from which the day's dump is
    written, once; a night that was missed is made up for. ``kept``: dumps that stay."""

    def __init__(
        self, database: Database, directory: Path, *, hour: int, kept: int, turn: Turn | None = None
    ) -> None:
        super().__init__("dumps", turn)
        self.database, self.directory = database, directory
        self.hour, self.kept = hour, kept
        self._looked_at: tuple[int, str] | None = None

    def run(self) -> None:
        pause = FIRST
        while not self._stop.wait(pause):
            pause = EVERY
            try:
                if self.has_turn():
                    self.look()
            except Exception:
                logger.exception("the dump of today is not written, trying again in %.0f s", EVERY)

    def look(self) -> dict[str, Any] | None:
        """Delete what is withdrawn, write the day's dump where its hour has come and it is not there, prune. Returns
        what is said of the dump that was written; None where none was."""
        day = today()
        with self.database.reading() as session:
            connection = session.connection()
            head = log.head(connection)
            if (head.seq, day) != self._looked_at:  # only what was recorded since withdraws any
                for name in remove_withdrawn(connection, self.directory):
                    logger.warning("dump %s is withdrawn and deleted", name)
            standing = {one["on"] for one in dumps_in(connection, self.directory)}
        told = None
        if head.seq and day not in standing and hour_now() >= self.hour:
            told = write_dump(self.database, self.directory, day, day)
            logger.info("dump %s is written: %d items", told["file"], told["items"])
        prune(self.directory, self.kept)
        self._looked_at = head.seq, day
        return told


def nightly_of(database: Database, settings: Settings) -> Nightly | None:
    """As the settings want it; none where they want no dumps."""
    if settings.dump_hour < 0:
        return None
    return Nightly(
        database,
        settings.dumps_dir,
        hour=settings.dump_hour,
        kept=settings.dumps_kept,
        turn=Turn(settings.dump_lock),
    )
