"""What came from what, through chains of several steps: voided acts and what is internal left out."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from app.db import Run, marks, run_by
from app.versions.visibility import not_internal, public_among

STEPS = 20
"""A chain longer than any history known; it ends a walk, not an answer."""

_STEP = (
    "SELECT l.{own}, l.{other}, l.relation, l.effective_from FROM lineage l WHERE l.{own} IN ({ids})"
    " AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = l.act{known_void}){known}{open}"
    " ORDER BY l.effective_from, l.seq"
)


def chain(
    run: Run, subject_id: str, *, forward: bool, seq: int | None = None, public: bool = True
) -> list[dict[str, Any]]:
    """What came from a subject (``forward``), or what it came from: ``{"id", "relation", "effective_from",
    "step", "via"}``, step 1 first; ``via`` is the one a step before, none at step 1. ``seq``: as known then.

    A subject that is reached twice is listed where it is nearest, once for each one a step before.
    """
    own, other = ("origin", "successor") if forward else ("successor", "origin")
    statement = _STEP.format(
        own=own,
        other=other,
        ids="{ids}",
        known="" if seq is None else f" AND l.seq <= {seq:d}",
        known_void="" if seq is None else f" AND v.seq <= {seq:d}",
        open=f" AND {not_internal('l.' + other)}" if public and seq is None else "",
    )
    found: list[dict[str, Any]] = []
    reached, here = {subject_id}, [subject_id]
    for step in range(1, STEPS + 1):
        rows = run(statement.format(ids=marks(here)), tuple(here)) if here else []
        if public and seq is not None:  # of some of them nothing may be left since
            shown = public_among(run, (row[1] for row in rows))
            rows = [row for row in rows if row[1] in shown]
        listed: set[tuple[str, ...]] = set()
        for via, one, relation, day in rows:
            if one in reached or (one, via, relation) in listed:
                continue
            listed.add((one, via, relation))
            found.append(
                {
                    "id": one,
                    "relation": relation,
                    "effective_from": day,
                    "step": step,
                    "via": via if step > 1 else None,
                }
            )
        here = sorted({one for one, *_ in listed})
        reached |= set(here)
    return found


def followers(connection: Connection, subject_id: str) -> list[str]:
    """All that came from a subject, through any number of steps."""
    return [row["id"] for row in chain(run_by(connection), subject_id, forward=True, public=False)]
