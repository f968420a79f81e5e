"""What one process at a time does beside answering, in a thread of its own: index, deliver, write dumps."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from pathlib import Path
from typing import IO


class Turn:
    """The right to do it, a lock on a file: the system gives it back when its holder dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def taken(self) -> bool:
        """Take it, or say that another has it."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = self._path.open("a")
            try:
                fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                return False
            if not os.fstat(file.fileno()).st_nlink:  # swept away between opening and locking it
                file.close()
                return self.taken()
            self._file = file
        return True

    def give_back(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def take(turn: Turn) -> bool:
    """Take it though somebody just looks whether it is taken, which holds it for a moment."""
    for _ in range(20):
        if turn.taken():
            return True
        time.sleep(0.05)
    return False


def is_in_hand(path: Path) -> bool:
    """Whether some process of this machine has the turn now. Those who look take it for no moment from each other."""
    try:
        with path.open() as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass
    return False


class Duty:
    """Done by ``run`` until it is stopped, in a thread that ``start`` makes or in the caller's."""

    patience = 10.0
    """Seconds that ``stop`` waits for what is in hand."""

    def __init__(self, name: str, turn: Turn | None) -> None:
        """``turn``: do it only while holding it, else stand by; none: there is no other."""
        self.turn = turn
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run_through, name=name, daemon=True)

    def has_turn(self) -> bool:
        return self.turn is None or self.turn.taken()

    def run(self) -> None:
        raise NotImplementedError

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Have it end. What takes longer than ``patience`` goes on, and keeps the turn until it is through: nobody
        else begins beside it."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=self.patience)
        if self.turn and not self._thread.is_alive():
            self.turn.give_back()

    def _run_through(self) -> None:
        try:
            self.run()
        finally:
            if self.turn:
                self.turn.give_back()
