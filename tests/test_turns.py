"""A turn is held for as long as its holder is at it."""

from __future__ import annotations

import threading
from pathlib import Path

from app.turns import Duty, Turn


class Long(Duty):
    """In the middle of something when it is stopped."""

    patience = 0.0

    def __init__(self, path: Path) -> None:
        super().__init__("long", Turn(path))
        self.begun, self.through = threading.Event(), threading.Event()

    def run(self) -> None:
        assert self.has_turn()
        self.begun.set()
        self.through.wait(60)

    def join(self) -> None:
        self._thread.join(60)


def test_who_goes_on_after_being_stopped_keeps_the_turn_until_it_is_through(tmp_path: Path) -> None:
    path = tmp_path / "drain.lock"
    duty, other = Long(path), Turn(path)
    duty.start()
    assert duty.begun.wait(60)
    duty.stop()
    assert not other.taken(), "another would be at it beside the first"
    duty.through.set()
    duty.join()
    assert other.taken(), "given back without anybody stopping it again"


def test_what_was_done_in_the_callers_thread_is_given_back_by_stopping(tmp_path: Path) -> None:
    duty, other = Long(tmp_path / "drain.lock"), Turn(tmp_path / "drain.lock")
    duty.through.set()
    duty.run()
    assert not other.taken()
    duty.stop()
    assert other.taken()
