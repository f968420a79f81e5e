"""Publishing with what rounds add to it: the door that the edges and the seed go through."""

from __future__ import annotations

from sqlmodel import Session

from app.auth.actor import Actor
from app.changes import publishing
from app.changes.publishing import Prepared, Published
from app.checks.catalogue import STANDARD, Rules
from app.rounds.report import attach


def publish(
    session: Session,
    actor: Actor,
    changeset_id: str,
    today: str,
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
