"""Access notes that anybody on the network can cause, written together: a bad token, an export without a token.

A row of its own for each costs a synced write, and the only writer's place on SQLite: whoever sends bad tokens by the
thousand would hold up the office. So these are kept in memory, bounded, and written at most a second later or when
a hundred wait, and at shutdown. A crash loses at most those: a second's worth, one hundred rows or what came while
the database was busy (``MOST_WAITING``). What a known account did is never noted here.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from sqlmodel import Session

from app import log
from app.db import Database
from app.limiting import place_of

logger = logging.getLogger(__name__)

WRITE_AFTER = 1.0
"""Seconds that a note waits at most, while the database can be written."""
WRITE_AT = 100
"""Notes that are written without waiting longer."""
MOST_WAITING = 1_000
"""Notes in memory while the database cannot be written."""
PER_ADDRESS = 30
"""Notes a minute from one address (of IPv6: one /64, which one subscriber has)."""
PER_MINUTE = 600
"""Notes a minute from everywhere, in each process: 864,000 a day at most."""
MINUTE = 60.0


class Noting:
    """A bounded, buffered writer of access notes. Starts its thread with the first note, so after any fork."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wake = threading.Condition()
        self._writing = threading.Lock()
        self._rows: list[dict[str, Any]] = []
        self._small: dict[str, Callable[[Session], None]] = {}
        self._in_hand = 0
        """Rows being written: they come back to those that wait when the database refuses them."""
        self._counted: Counter[str | None] = Counter()
        self._left_out: Counter[str | None] = Counter()
        self._minute = time.monotonic()
        self._thread: threading.Thread | None = None
        self._closed = False

    def note(self, event: str, *, subject: str | None, address: str | None, note: str | None = None) -> None:
        """Note it, or count it among those left out. Waits for nothing."""
        row = {"event": event, "subject": subject, "address": address, "note": note}
        with self._wake:
            self._begin_minute()
            place = place_of(address)
            total = self._counted.total()
            if self._counted[place] >= PER_ADDRESS:
                self._left_out[place] += 1
            elif total >= PER_MINUTE or self._is_full():
                self._left_out[None] += 1  # not by address: there may be as many of those as requests
            else:
                self._counted[place] += 1
                self._rows.append(row | {"at": log.now_microseconds(), "account": None})
            self._start()
            self._wake.notify()

    def with_them(self, name: str, work: Callable[[Session], None]) -> None:
        """Do a small write that no answer waits for when notes are written; of one name once. Where a thousand wait, or
        the database refuses it, it is left: it will be asked for again."""
        with self._wake:
            if len(self._small) < MOST_WAITING:
                self._small[name] = work
                self._start()
                self._wake.notify()

    def flush(self) -> None:
        """Write what waits."""
        with self._writing:
            with self._wake:
                rows, self._rows = self._rows, []
                small, self._small = self._small, {}
                self._in_hand = len(rows)
            if not rows and not small:
                return
            try:
                with self._database.writing() as session:
                    if rows:
                        session.connection().execute(log.ACCESS.insert(), rows)
                    for work in small.values():
                        work(session)
            except Exception:
                with self._wake:
                    self._rows = rows + self._rows
                raise
            finally:
                self._in_hand = 0

    def close(self) -> None:
        """Write what waits, how many were left out too, and end the thread."""
        with self._wake:
            self._closed = True
            self._wake.notify()
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(timeout=10)
        try:
            self.flush()
            with self._wake:
                self._say_left_out()
            self.flush()
        except Exception:
            logger.exception("%d access notes are lost", len(self._rows))
        self._closed = False

    # --- with the lock held

    def _is_full(self) -> bool:
        return len(self._rows) + self._in_hand >= MOST_WAITING

    def _begin_minute(self) -> None:
        if time.monotonic() - self._minute >= MINUTE:
            self._say_left_out()
            self._counted.clear()
            self._minute = time.monotonic()

    def _say_left_out(self) -> None:
        if self._is_full():
            return  # counted on, and said when there is room
        for place, count in self._left_out.items():
            self._rows.append(
                {
                    "event": "left-out",
                    "subject": None,
                    "address": place,
                    "note": str(count),
                    "at": log.now_microseconds(),
                    "account": None,
                }
            )
        self._left_out.clear()

    def _start(self) -> None:
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._run, name="access-notes", daemon=True)
            self._thread.start()

    # --- the thread

    def _run(self) -> None:
        while not self._closed:
            with self._wake:
                if not self._rows and not self._left_out and not self._small:
                    self._wake.wait()
                if len(self._rows) < WRITE_AT and not self._closed:
                    self._wake.wait_for(lambda: self._closed or len(self._rows) >= WRITE_AT, WRITE_AFTER)
                self._begin_minute()
            try:
                self.flush()
            except Exception:
                logger.exception("access notes not written, trying again")
                time.sleep(WRITE_AFTER)
