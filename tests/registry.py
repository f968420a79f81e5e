"""A small registry to test with: one district, two authorities, three items, and the people of the office."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.auth.accounts import actor_of, add_account
from app.auth.actor import Actor
from app.canonical import decode
from app.changes import drafts, kinds, publishing, rows
from app.changes.models import Changeset, ChangesetInput, DecisionInput
from app.changes.publishing import Published
from app.db import Database, run_by
from app.versions import ids, queries, verifying
from app.versions.lineage import chain
from app.versions.orders import Act, Part, Receipt, add_code
from app.versions.queries import Known, Standing

TODAY = "2026-09-28"
STARTED = "2024-01-01"
"""The day from which the three items are attested."""


@dataclass
class Office:
    """The registry, who works in it, and the ids of what it holds."""

    database: Database
    district: str
    town: str
    water: str
    traffic: str
    items: list[str]
    editor: Actor
    reviewer: Actor
    publisher: Actor
    initial: Receipt

    # --- the way in

    def draft(self, *decisions: dict[str, Any], actor: Actor | None = None, **asked: Any) -> Changeset:
        day = asked.pop("today", TODAY)
        asked.setdefault("reason", "依职责调整")  # what ends something rests on a document or a reason
        if any(one.get("ground") == "withdrawn" for one in decisions):  # a document says so
            asked.setdefault("document", {"number": "广安区府办〔2026〕31号"})
        form = ChangesetInput(
            title=asked.pop("title", "调整"), decisions=[DecisionInput(**d) for d in decisions], **asked
        )
        with self.database.writing() as session:
            return drafts.draft(session, actor or self.editor, form, day)

    def submitted(self, *decisions: dict[str, Any], **asked: Any) -> str:
        changeset = self.draft(*decisions, **asked)
        actor = asked.get("actor") or self.editor
        with self.database.writing() as session:
            drafts.submit(session, actor, changeset.id, None, asked.get("today", TODAY))
        return changeset.id

    def approved(self, *decisions: dict[str, Any], **asked: Any) -> str:
        """Drafted, submitted and approved; the changeset's id."""
        changeset = self.submitted(*decisions, **asked)
        with self.database.writing() as session:
            drafts.approve(session, self.reviewer, changeset)
        return changeset

    def publish(self, changeset: str, today: str = TODAY, **more: Any) -> Published:
        with self.database.writing() as session:
            return publishing.publish(session, self.publisher, changeset, today, **more)

    def publish_change(self, *decisions: dict[str, Any], **asked: Any) -> Receipt:
        """The whole way: drafted, submitted, approved, published."""
        today = asked.get("today", TODAY)
        return self.publish(self.approved(*decisions, **asked), today).receipt

    def person(self, name: str, *rights: str, **scope: Any) -> Actor:
        with self.database.writing() as session:
            return actor_of(add_account(session, name, list(rights), **scope))

    # --- asking

    def on(self, subject: str, day: str, known_at: str | None = None) -> Standing:
        with self.database.reading() as session:
            connection = session.connection()
            return queries.state_on(connection, subject, day, queries.known_at(connection, known_at))

    def days(self, subject: str) -> list[tuple[str, str, str]]:
        """The timeline as (from, to, status)."""
        with self.database.reading() as session:
            connection = session.connection()
            spans = queries.timeline(connection, subject, queries.known_at(connection, None))
        return [(span.valid_from, span.valid_to, span.status) for span in spans]

    def kin(self, subject: str) -> tuple[list[str], list[str]]:
        """(what it came from, what came from it)."""
        with self.database.reading() as session:
            run = run_by(session.connection())
            before, after = (chain(run, subject, forward=forward, public=False) for forward in (False, True))
        return _nearest(before), _nearest(after)

    def known(self, asked: str | None = None) -> Known:
        with self.database.reading() as session:
            return queries.known_at(session.connection(), asked)

    def changeset(self, changeset_id: str) -> Changeset:
        with self.database.reading() as session:
            return rows.find(session, changeset_id)

    def draft_rows(self, changeset_id: str) -> list[dict[str, Any]]:
        """The decisions of a changeset: body, approved hash, three-way comparison."""
        with self.database.reading() as session:
            drafted = rows.decisions(session, rows.find(session, changeset_id))
            return [
                {
                    "body": decode(row.body),
                    "approved": row.approved,
                    "stale": decode(row.stale) if row.stale else None,
                }
                for row in drafted
            ]

    def acts(self, subject: str) -> list[int]:
        """The seqs of the acts about a subject, in the order of publication."""
        return self.scalars(f"SELECT DISTINCT act FROM decision WHERE subject_id = '{subject}' ORDER BY act")

    def scalars(self, query: str) -> list[Any]:
        with self.database.reading() as session:
            return [row[0] for row in session.connection().exec_driver_sql(query)]

    def count(self, table: str) -> int:
        return self.scalars(f"SELECT count(*) FROM {table}")[0]

    def verify(self, head: tuple[int, str] | None = None) -> verifying.Proof:
        with self.database.reading() as session:
            return verifying.verify(session.connection(), kinds.describe, head)

    def assert_sound(self) -> None:
        proof = self.verify()
        assert proof.ok, str(proof.finding)


def adjust(
    subject: str, day: str, value: Any, path: str = "promised_limit/value", **more: Any
) -> dict[str, Any]:
    """A decision that sets one field."""
    return {
        "outcome": "adjust",
        "subject": subject,
        "effective_from": day,
        "changes": [{"op": "set", "path": path, "value": value}],
        **more,
    }


def item_content(name: str, authority: str, region: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "type": "01",
        "authority": authority,
        "region": region,
        "promised_limit": {"value": 20, "unit": "workday"},
        "materials": [
            {"key": "m1", "name": "申请书", "copies": 2},
            {"key": "m2", "name": "营业执照", "copies": 1},
        ],
        **more,
    }


def make_office(database: Database) -> Office:
    with database.writing() as session:
        connection = session.connection()
        district, town = ids.allocate(connection, "region", 2)
        water, traffic = ids.allocate(connection, "authority", 2)
        items = ids.allocate(connection, "item", 3)
        owners = [water, water, traffic]
        acts = [
            _found("region", district, {"name": "广安区", "level": "4"}),
            _found("region", town, {"name": "协兴镇", "level": "5", "parent": district}),
            _found("authority", water, {"name": "广安区水务局", "region": district}),
            _found("authority", traffic, {"name": "广安区交通运输局", "region": district}),
        ]
        for number, (item, owner) in enumerate(zip(items, owners, strict=True), start=1):
            content = kinds.validate("item", item_content(f"取水许可{number}", owner, district))
            part = Part(
                item, STARTED, start_unknown=True, creates=content, changes=[add_code("local", f"X{number}")]
            )
            acts.append(Act("add", [part]))
        initial = publishing.publish_initial(session, acts, {"title": "首次录入"})
        people = {
            name: actor_of(add_account(session, name, rights))
            for name, rights in {
                "editor": ["edit"],
                "reviewer": ["review"],
                "publisher": ["publish"],
            }.items()
        }
    return Office(database, district, town, water, traffic, items, initial=initial, **people)


def _found(kind: str, subject: str, content: dict[str, Any]) -> Act:
    return Act("found", [Part(subject, "2000-01-01", creates=kinds.validate(kind, content))])


def _nearest(chained: list[dict[str, Any]]) -> list[str]:
    return [one["id"] for one in chained if one["step"] == 1]
