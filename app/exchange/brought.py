"""Workbooks that are brought back: what each came to is written down beside the work itself, so that who has left it
finds it again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.canonical import digest
from app.exchange.worksheet_files import CellProblem
from app.exchange.worksheet_reading import Filled


@dataclass(frozen=True, slots=True)
class CameTo:
    """Rows that were filled in, and under what the marked copy lies; or why the file was refused whole."""

    filled: Filled | None = None
    marked: str = ""
    said: str = ""
    status: int = 200
    at: int = 0
    """When it was read, in UTC microseconds; 0: it was not."""


def came_again(told: dict[str, Any]) -> CameTo:
    """What was written of it, read again."""
    filled = told["filled"]
    if filled:
        lists = {
            name: [CellProblem(**one) for one in filled[name]] for name in ("problems", "kept", "findings")
        }
        filled = Filled(**{**filled, **lists})
    return CameTo(**{**told, "filled": filled})


def key_of(round_id: str, body: bytes, reopen: bool) -> str:
    return digest(f"{round_id}\n{reopen}\n".encode() + body)
