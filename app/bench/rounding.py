"""A whole round: rehearsed, published while readers go on, reported; and its cost per decision against a small one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from app.auth.actor import Actor
from app.bench.figures import Plan, Row
from app.bench.publishing import people
from app.bench.registries import copy, items
from app.changes import drafts
from app.changes.models import ChangesetInput, DecisionInput
from app.db import Database
from app.rounds import publishing
from app.rounds.rehearsing import rehearse_round
from app.rounds.report import report
from app.versions.queries import known_at, today

DECISIONS, FEW = 10_000, 100
LEVEL = "9"
"""What every decision sets: readers count the items that have it, and must see none or all."""


@dataclass
class Timed:
    """Seconds that a round took."""

    rehearsed: float = 0.0
    prepared: float = 0.0
    locked: float = 0.0
    reported: float = 0.0
    seen: list[int] = field(default_factory=list)

    @property
    def published(self) -> float:
        return self.prepared + self.locked


def bench(plan: Plan) -> list[Row]:
    many, few = plan.count(DECISIONS, 20), plan.count(FEW, 5)
    registry = copy(items(plan, many + few), plan.directory / "rounding")
    database = registry.open()
    listed = registry.item_ids()
    who = people(database)
    small = run(database, who, listed[:few])
    large = run(database, who, listed[few : few + many])
    database.dispose()
    each = (large.published / many) / (small.published / few)
    whole = sum(count in (few, few + many) for count in large.seen) / len(large.seen)
    return [
        Row(f"rehearse a round of {many:,}", large.rehearsed, 5, "less", " s"),
        Row(f"publish a round of {many:,}", large.published, 10, "less", " s"),
        Row(
            f"lock held by a round of {many:,}",
            large.locked,
            2,
            "less",
            " s",
            f"prepared {large.prepared:.2f} s before",
        ),
        Row("reads that saw the round whole or not at all", whole, 1, beside=f"{len(large.seen)} reads"),
        Row(
            f"cost per decision, {many:,} against {few}",
            each,
            1.2,
            "less",
            beside=f"{large.published / many * 1000:.2f} ms each",
        ),
        Row(f"report of a round of {many:,}", large.reported, 2, "less", " s"),
    ]


def run(database: Database, who: tuple[Actor, Actor, Actor], subjects: Sequence[str]) -> Timed:
    """One round over these items, drafted and approved unmeasured."""
    editor, reviewer, publisher = who
    day = today()
    timed = Timed()
    with database.writing() as session:
        changeset = drafts.draft(session, editor, _round(subjects, day), day).id
        drafts.submit(session, editor, changeset, None, day)
        drafts.approve(session, reviewer, changeset)
    began = time.perf_counter()
    with database.reading() as session:
        rehearse_round(session, changeset, day)
    timed.rehearsed = time.perf_counter() - began
    with _reader(database, day, timed.seen):
        began = time.perf_counter()
        with database.reading() as session:
            prepared = publishing.prepare(session, publisher, changeset, day)
        timed.prepared = time.perf_counter() - began
        began = time.perf_counter()
        with database.writing() as session:
            publishing.publish(session, publisher, changeset, day, prepared=prepared)
        timed.locked = time.perf_counter() - began
    began = time.perf_counter()
    with database.reading() as session:
        connection = session.connection()
        report(connection, changeset, known_at(connection, None))
    timed.reported = time.perf_counter() - began
    return timed


def _round(subjects: Sequence[str], day: str) -> ChangesetInput:
    changes: list[dict[str, Any]] = [
        {"op": "set", "path": "promised_limit/value", "value": 1},
        {"op": "set", "path": "level", "value": LEVEL},
    ]
    decisions = [
        DecisionInput.model_validate(
            {
                "outcome": "adjust",
                "subject": subject,
                "effective_from": day,
                "changes": changes,
                "words": "压缩时限",
            }
        )
        for subject in subjects
    ]
    return ChangesetInput(title="合成轮次", kind="round", reason="测量", decisions=decisions)


@contextmanager
def _reader(database: Database, day: str, seen: list[int]) -> Iterator[None]:
    """A reader that goes on counting the decided items while the block runs."""
    done = threading.Event()
    query = text(
        "SELECT count(*) FROM timeline WHERE kind = 'item' AND level = :level"
        " AND valid_from <= :day AND valid_to > :day"
    )

    def read() -> None:
        while not done.is_set():
            with database.reading() as session:
                seen.append(session.connection().execute(query, {"level": LEVEL, "day": day}).scalar_one())
            done.wait(0.05)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
