"""Who drains: one at a time on a data directory, for as long as it lives; what falls is started again."""

from __future__ import annotations

import logging
import threading
import time

from app import log
from app.auth import trying
from app.checks.catalogue import STANDARD, Rules
from app.checks.sweeping import sweep
from app.db import Database
from app.indexing.draining import catch_up, drain
from app.turns import Duty, Turn
from app.versions.queries import today
from search import pinyin
from search.engine import Engine, EngineError

logger = logging.getLogger(__name__)

TIDY_SECONDS = 3600
"""How often whoever drains also tidies; at midnight in any case, when laws end and begin."""
STAND_BY = 1.0
"""Seconds between looks whether the turn is free."""
LONGEST_PAUSE = 30.0
"""Seconds to which the pause after failures grows."""


def tidy(database: Database, access_log_months: int, rules: Rules = STANDARD) -> None:
    """The access log keeps its months, and no more; of names that nobody has the latest are kept; what the day or a
    publication has moved is checked again."""
    with database.writing() as session:
        log.prune_access(session.connection(), access_log_months)
        trying.forget_strangers(session.connection())
    sweep(database, today(), rules)


SETTLING = 1.0
"""Seconds from the start on in which what can wait would hold up the first answers."""


class Drainer(Duty):
    """Drains until it is stopped. A failure is logged and tried again with back-off; whatever would end the thread
    starts it anew."""

    def __init__(
        self,
        database: Database,
        engine: Engine,
        every: float = 0.2,
        access_log_months: int = 6,
        turn: Turn | None = None,
        rules: Rules = STANDARD,
    ) -> None:
        super().__init__("index-drainer", turn)
        self.database, self.engine, self.every = database, engine, every
        self.access_log_months = access_log_months
        self.rules = rules
        self._tidied, self._tidied_on = 0.0, ""

    def run(self) -> None:
        while not self._stop.is_set():
            try:
                self._drain_on()
            except BaseException:
                if threading.current_thread() is threading.main_thread():
                    raise  # a worker process: whoever started it sees to it
                logger.exception("the index drainer ended and is started again")

    def _drain_on(self) -> None:
        pause, begun, settled = self.every, False, 0.0
        while not self._stop.wait(pause):
            try:
                if not self.has_turn():
                    begun, pause = False, max(self.every, STAND_BY)
                    continue
                if not begun:
                    catch_up(self.database, self.engine)
                    begun, settled = True, time.monotonic() + SETTLING
                drain(self.database, self.engine)
                if time.monotonic() > settled:
                    pinyin.load()  # not while a publication waits to be found
                    self._tidy()
                pause = self.every
            except EngineError as error:
                pause = min(pause * 2, LONGEST_PAUSE)
                logger.warning("index not drained, trying again in %.1f s: %s", pause, error)
            except Exception:
                pause = min(pause * 2, LONGEST_PAUSE)
                logger.exception("index drainer failed, trying again in %.1f s", pause)

    def _tidy(self) -> None:
        if self._tidied and time.monotonic() - self._tidied < TIDY_SECONDS and self._tidied_on == today():
            return
        self._tidied, self._tidied_on = time.monotonic(), today()
        tidy(self.database, self.access_log_months, self.rules)
