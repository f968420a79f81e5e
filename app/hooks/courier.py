"""Sends what is owed, in threads of its own: few letters of one webhook at a time, each settled as it ends.

No receiver holds up another: a webhook has at most ``OF_ONE`` letters under way, a letter has a deadline, and a webhook
that does not answer rests for longer and longer. Nothing waits for a letter under way when the registry stops: it is
owed still, and comes again.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque

from sqlalchemy import text

from app import log
from app.db import Database
from app.hooks.delivering import (
    SECOND,
    Letter,
    Owed,
    Sent,
    deliver,
    due,
    follow,
    forget,
    made_up,
    settle,
)
from app.turns import Duty, Turn

logger = logging.getLogger(__name__)

SENDERS = 32
"""Letters under way together."""
OF_ONE = 2
"""Letters of one webhook under way together; one while it does not answer in time."""
SILENT = 3
"""Letters in a row without an answer in time, after which a webhook rests."""
REST_SECONDS, LONGEST_REST = 60, 3600
"""The first rest; each further one is twice as long."""
FORGET_EVERY = 20_000
"""Looks between two clearings of what was taken long ago."""


class Deliverer(Duty):
    """Delivers until it is stopped, which waits for no letter that is under way."""

    patience = 15.0

    def __init__(
        self, database: Database, *, private: bool = False, every: float = 0.2, turn: Turn | None = None
    ) -> None:
        super().__init__("webhooks", turn)
        self.database, self.private, self.every = database, private, every
        self._in_hand: dict[str, deque[Owed]] = {}
        self._under_way: dict[str, int] = {}
        self._ended: queue.SimpleQueue[Sent] = queue.SimpleQueue()
        self._silent: dict[str, int] = {}
        self._rests: dict[str, int] = {}
        self._looked = -1
        self._rounds = 0

    def run(self) -> None:
        pause = self.every
        while not self._stop.wait(pause):
            pause = self.every
            try:
                if not self.has_turn():
                    pause = 1.0
                    continue
                self.look()
                while self._under_way and not self._stop.is_set():
                    self._settle(self.every)
                    self.look()
            except Exception:
                pause = min(max(pause, 1.0) * 2, 30.0)
                logger.exception("webhooks are not delivered, trying again in %.0f s", pause)

    def round(self) -> int:
        """Follow the log, then send all that is due, and wait for it. Returns how many letters were sent."""
        count = self.look()
        while self._under_way and not self._stop.is_set():
            self._settle(self.every)
            count += self.look()
        return count

    def look(self) -> int:
        """Follow the log, and send of what is due as much as may be under way. Returns how many letters."""
        with self.database.reading() as session:
            connection = session.connection()
            head = log.head(connection).seq
            any_hook = connection.execute(text("SELECT 1 FROM webhook LIMIT 1")).first()
        if any_hook is None:
            return 0
        if head != self._looked:
            follow(self.database)
            self._looked = head
        self._rounds += 1
        if self._rounds % FORGET_EVERY == 1:
            forget(self.database)
        self._take_up()
        return self._send()

    def _take_up(self) -> None:
        """What is due, of webhooks of which nothing is in hand and that do not rest."""
        now = log.now_microseconds()
        self._rests = {webhook: until for webhook, until in self._rests.items() if until > now}
        with self.database.reading() as session:
            connection = session.connection()
            while found := due(connection, {*self._in_hand, *self._under_way, *self._rests}):
                for owed in found:
                    self._in_hand.setdefault(owed.webhook, deque()).append(owed)

    def _send(self) -> int:
        """One letter of each webhook in turn, while there is room."""
        count = 0
        while next_ones := [one for one in self._in_hand if self._has_room(one)]:
            for webhook in next_ones:
                if sum(self._under_way.values()) >= SENDERS:
                    return count
                count += self._send_one(webhook)
        return count

    def _has_room(self, webhook: str) -> bool:
        most = 1 if self._silent.get(webhook) else OF_ONE
        return self._under_way.get(webhook, 0) < most

    def _send_one(self, webhook: str) -> int:
        waiting = self._in_hand[webhook]
        owed = waiting[0]
        with self.database.reading() as session:
            letter = made_up(session.connection(), owed)
        waiting.popleft()
        if not waiting:
            del self._in_hand[webhook]
        if letter is None:
            return 0
        self._under_way[webhook] = self._under_way.get(webhook, 0) + 1
        threading.Thread(target=self._carry, args=(letter,), name="webhook", daemon=True).start()
        return 1

    def _carry(self, letter: Letter) -> None:
        try:
            self._ended.put(deliver(letter, self.private))
        except Exception as error:  # a letter that is never settled would keep its webhook's place for ever
            logger.exception("a letter of webhook %s could not be sent", letter.webhook)
            self._ended.put(Sent(letter, None, f"没有送达：{type(error).__name__}"))

    def _settle(self, seconds: float) -> None:
        """Write down what has ended; waits so long for the first."""
        ended = []
        try:
            ended.append(self._ended.get(timeout=seconds))
            while True:
                ended.append(self._ended.get_nowait())
        except queue.Empty:
            pass
        for one in ended:
            self._count(one)
        if ended:
            settle(self.database, ended)
        for webhook in {one.letter.webhook for one in ended}:
            if self._silent.get(webhook, 0) >= SILENT and not self._under_way.get(webhook):
                self._rest(webhook)

    def _count(self, sent: Sent) -> None:
        webhook = sent.letter.webhook
        self._under_way[webhook] -= 1
        if not self._under_way[webhook]:
            del self._under_way[webhook]
        if sent.timed_out:
            self._silent[webhook] = self._silent.get(webhook, 0) + 1
        else:
            self._silent.pop(webhook, None)

    def _rest(self, webhook: str) -> None:
        times = min(self._silent[webhook] - SILENT, 10)
        seconds = min(REST_SECONDS * 2**times, LONGEST_REST)
        logger.warning("webhook %s does not answer: nothing is sent to it for %d s", webhook, seconds)
        self._rests[webhook] = log.now_microseconds() + seconds * SECOND
        self._in_hand.pop(webhook, None)
