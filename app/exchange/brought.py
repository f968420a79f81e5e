"""Workbooks that are brought back: what each came to lies beside its marked copy, so that who has left finds it
again, by another process of this machine too. After a day it goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from app.canonical import digest
from app.exchange.worksheet_files import CellProblem
from app.exchange.worksheet_reading import Filled
from app.files import write_whole
from app.turns import Turn, is_in_hand, take


@dataclass(frozen=True, slots=True)
class CameTo:
    """Rows that were filled in, and under what the marked copy lies; or why the file was refused whole."""

    filled: Filled | None = None
    marked: str = ""
    said: str = ""
    status: int = 200


class Left:
    """One piece of work of one account, by its key: what it comes to lies in a file."""

    def __init__(self, root: Path, account: int, key: str) -> None:
        self.key = key
        at = root / str(account) / (key if key.isalnum() and key.isascii() else "none")
        self._came, self._turn = at.with_suffix(".came"), at.with_suffix(".turn")

    def write(self, do: Callable[[], Any]) -> None:
        """Done by one process at a time; what it came to (a dataclass, or what is JSON) is written."""
        turn = Turn(self._turn)
        if not take(turn):
            return
        try:
            self._came.unlink(missing_ok=True)
            write_whole(self._came, orjson.dumps(do()))
        finally:
            turn.give_back()

    def is_in_hand(self) -> bool:
        return self._turn.is_file() and is_in_hand(self._turn)

    def told(self) -> dict[str, Any] | None:
        """None where it has not ended, or lies there no more."""
        try:
            return dict(orjson.loads(self._came.read_bytes()))
        except FileNotFoundError:
            return None


class Brought(Left):
    """One file for one round."""

    def work(self, do: Callable[[], CameTo]) -> None:
        self.write(do)

    def came_to(self) -> CameTo | None:
        """None where it has not ended, or lies there no more."""
        told = self.told()
        if told is None:
            return None
        filled = told.pop("filled")
        for name in ("problems", "kept", "findings") if filled else ():
            filled[name] = [CellProblem(**one) for one in filled[name]]
        return CameTo(filled and Filled(**filled), **told)


def key_of(round_id: str, body: bytes, reopen: bool) -> str:
    return digest(f"{round_id}\n{reopen}\n".encode() + body)
