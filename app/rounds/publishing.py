"""Publishing with what rounds add to it: the door that the edges and the seed go through."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from sqlmodel import Session

from app.auth.actor import Actor
from app.changes import publishing
from app.changes.deciding import Decided, Decider
from app.changes.models import Changeset
from app.changes.publishing import Prepared, Published
from app.checks.catalogue import STANDARD, Rules
from app.collecting import few_collections
from app.rounds import report
from app.rounds.recording import rows_content


def attach(
    connection: Connection, changeset: Changeset, head: dict[str, Any], decider: Decider, decided: Decided
) -> tuple[dict[str, Any], list[bytes]]:
    """What publishing adds to a round: its sums, and the rows of the document it was recorded from."""
    said, contents = report.attach(connection, changeset, head, decider, decided)
    return said, [*contents, *rows_content(connection, changeset, head)]


@few_collections()
def publish(
    session: Session,
    actor: Actor,
    changeset_id: str,
    today: str | None = None,
    *,
    emergency: str | None = None,
    rules: Rules = STANDARD,
    prepared: Prepared | None = None,
) -> Published:
    """As ``changes.publishing.publish``; a round's sums are stored with it, under the hash its statement names."""
    return publishing.publish(
        session,
        actor,
        changeset_id,
        today,
        emergency=emergency,
        rules=rules,
        attach=attach,
        prepared=prepared,
    )


@few_collections()
def prepare(
    session: Session,
    actor: Actor,
    changeset_id: str,
    today: str,
    *,
    emergency: str | None = None,
    rules: Rules = STANDARD,
) -> Prepared | None:
    """As ``changes.publishing.prepare``, in a reading session: the lock of ``publish`` is then held to write alone."""
    return publishing.prepare(
        session, actor, changeset_id, today, emergency=emergency, rules=rules, attach=attach
    )
