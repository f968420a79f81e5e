"""Filled worksheets that are brought back: what each came to lies beside its marked copy, so that who has left finds it
again, by another process of this machine too. After a day it goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

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


class Brought:
    """One file for one round, of one account."""

    def __init__(self, root: Path, account: int, key: str) -> None:
        self.key = key
        self._at = root / str(account) / key
        self._came, self._turn = self._at.with_suffix(".came"), self._at.with_suffix(".turn")

    def work(self, do: Callable[[], CameTo]) -> None:
        """Done by one process at a time; what it came to is written."""
        turn = Turn(self._turn)
        if not take(turn):
            return
        try:
            self._came.unlink(missing_ok=True)
            write_whole(self._came, orjson.dumps(asdict(do())))
        finally:
            turn.give_back()

    def is_in_hand(self) -> bool:
        return self._turn.is_file() and is_in_hand(self._turn)

    def came_to(self) -> CameTo | None:
        """None where it has not ended, or lies there no more."""
        try:
            told = orjson.loads(self._came.read_bytes())
        except FileNotFoundError:
            return None
        filled = told.pop("filled")
        for name in ("problems", "kept", "findings") if filled else ():
            filled[name] = [CellProblem(**one) for one in filled[name]]
        return CameTo(filled and Filled(**filled), **told)


def key_of(round_id: str, body: bytes, reopen: bool) -> str:
    return digest(f"{round_id}\n{reopen}\n".encode() + body)
