"""One subject on a day, as every door answers it: what stands, its names over time, its kin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.db import run_by
from app.versions.lineage import chain
from app.versions.names import Name, name_on, names_of, own_name
from app.versions.queries import Known, Standing, state_on


@dataclass(frozen=True, slots=True)
class Described:
    """A subject on a day, as known at a time."""

    standing: Standing
    content: dict[str, Any]
    names: list[Name]
    predecessors: list[dict[str, Any]]
    successors: list[dict[str, Any]]

    @property
    def name(self) -> str | None:
        """Its name on the day; in the unknown time before, that of what follows. None before it began."""
        return own_name(self.standing.described())

    def nearest_name(self, day: str) -> str:
        """Its name on a day, or the nearest known, or its id."""
        return name_on(self.names, day) or self.standing.subject_id


def describe_on(connection: Connection, subject_id: str, day: str, known: Known) -> Described:
    """Raises NotFound for one that was never known (at that time)."""
    standing = state_on(connection, subject_id, day, known)
    run = run_by(connection)
    return Described(
        standing=standing,
        content=standing.document(),
        names=names_of(connection, subject_id, known),
        predecessors=chain(run, subject_id, forward=False, seq=known.seq),
        successors=chain(run, subject_id, forward=True, seq=known.seq),
    )
