"""The publish step of single-item changesets, against bare one-row commits of the same durability."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from app.auth.accounts import actor_of, add_account
from app.auth.actor import Actor
from app.bench.figures import Plan, Row, median, median_ratio
from app.bench.registries import ITEMS, copy, items
from app.changes import drafts, publishing
from app.changes.models import ChangesetInput, DecisionInput
from app.db import Database
from app.versions.queries import today

GROUP = 40
"""Publications a round; ten times as many bare commits."""


def bench(plan: Plan) -> list[Row]:
    registry = copy(items(plan, plan.count(ITEMS, 50)), plan.directory / "publishing")
    database = registry.open()
    group = min(GROUP, len(registry.item_ids()) // (plan.rounds + 1))
    editor, reviewer, publisher = people(database)
    waiting = iter(approved(database, editor, reviewer, registry.item_ids()[: group * (plan.rounds + 1)]))
    bare = bare_commits(registry.directory / "bare.db")
    ours, theirs = [], []
    for number in range(plan.rounds + 1):
        published = rate_of_publishing(database, publisher, [next(waiting) for _ in range(group)])
        committed = rate_of_commits(bare, group * 10)
        if number:  # the first round warms up
            ours.append(published)
            theirs.append(committed)
    bare.close()
    database.dispose()
    ratio = median_ratio(ours, theirs)
    beside = (
        f"{median(ours):,.0f} publications/s ({1000 / median(ours):.2f} ms each) against"
        f" {median(theirs):,.0f} bare commits/s ({1000 / median(theirs):.2f} ms): 1/{1 / ratio:.1f}"
    )
    return [
        Row(
            "publish, synchronous=FULL",
            ratio,
            1 / 15,
            beside=beside,
            numbers={"publications": ours, "commits": theirs},
        )
    ]


def people(database: Database) -> tuple[Actor, Actor, Actor]:
    with database.writing() as session:
        rights = {"editor": "edit", "reviewer": "review", "publisher": "publish"}
        made = [actor_of(add_account(session, f"bench-{name}", [right])) for name, right in rights.items()]
    return made[0], made[1], made[2]


def approved(database: Database, editor: Actor, reviewer: Actor, subjects: Sequence[str]) -> list[str]:
    """A changeset an item: drafted, submitted, approved."""
    day = today()
    made = []
    with database.writing() as session:
        for number, subject in enumerate(subjects):
            decision = DecisionInput.model_validate(
                {
                    "outcome": "adjust",
                    "subject": subject,
                    "effective_from": day,
                    "changes": [
                        {"op": "set", "path": "consult_phone", "value": f"0998-{1_000_000 + number}"}
                    ],
                }
            )
            asked = ChangesetInput(title=f"合成变更 {number}", decisions=[decision])
            changeset = drafts.draft(session, editor, asked, day)
            drafts.submit(session, editor, changeset.id, None, day)
            drafts.approve(session, reviewer, changeset.id)
            made.append(changeset.id)
    return made


def rate_of_publishing(database: Database, publisher: Actor, changesets: Sequence[str]) -> float:
    day = today()
    began = time.perf_counter()
    for changeset in changesets:
        with database.writing() as session:
            publishing.publish(session, publisher, changeset, day)
    return len(changesets) / (time.perf_counter() - began)


def bare_commits(path: Path) -> sqlite3.Connection:
    """A table beside, journalled and synchronous as the registry is."""
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE one (id INTEGER PRIMARY KEY, value TEXT)")
    return connection


def rate_of_commits(connection: sqlite3.Connection, count: int) -> float:
    began = time.perf_counter()
    for number in range(count):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO one (value) VALUES (?)", (str(number),))
        connection.execute("COMMIT")
    return count / (time.perf_counter() - began)
