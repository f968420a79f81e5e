"""What verify stops at: the first row that is not as it should be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Finding:
    """The first thing that is wrong: which row, and how."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class Wrong(Exception):
    """Raised at the first bad row."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.finding = Finding(where, what)
