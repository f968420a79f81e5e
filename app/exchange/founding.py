"""Regions and authorities that a file would found: told before drafting, since a slip of the pen founds one too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import groupby

from sqlalchemy import Connection, text

from app.exchange.records import Admissible, Problem

CLOSE = 2
"""Existing names shown beside a new one."""
ALIKE = 0.6
"""How alike they are at least: of two names of five characters, three stand in the same order."""
_TITLES = {"authority": "实施机关", "region": "行政区划"}


def new_organs(connection: Connection, founded: Iterable[Admissible], today: str) -> Iterator[Problem]:
    """A warning for each, with names close to it that the registry has."""
    for kind, records in groupby(sorted(founded, key=lambda one: one.kind), key=lambda one: one.kind):
        known = _Names(connection, kind, today)
        for record in records:
            name = str(record.content.get("name", ""))
            close = "、".join(f"“{one}”" for one in known.close(name))
            yield Problem(
                severity="warning",
                code=f"new-{kind}",
                where=record.where,
                message=f"将新设{_TITLES[kind]}“{name}”（{record.where}）；若为笔误请改正"
                + (f"，登记簿中相近的有{close}" if close else ""),
            )


class _Names:
    """The names that the registry has of a kind."""

    def __init__(self, connection: Connection, kind: str, today: str) -> None:
        rows = connection.execute(
            text(
                "SELECT DISTINCT name FROM timeline WHERE kind = :kind AND status <> 'ended'"
                " AND valid_to > :today ORDER BY name"
            ),
            {"kind": kind, "today": today},
        )
        self.names = [(name, frozenset(name)) for (name,) in rows if name]

    def close(self, name: str) -> list[str]:
        """The closest, best first. Names that share few characters are passed over without comparing."""
        own = frozenset(name)
        likely = [
            other
            for other, chars in self.names
            if 2 * len(own & chars) >= ALIKE * (len(own) + len(chars)) - 1
        ]
        return get_close_matches(name, likely, n=CLOSE, cutoff=ALIKE)
