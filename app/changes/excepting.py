"""Findings of a changeset on its way that are let stand, with a reason: what a ministry's regulation words so is to be
published as it stands. Whose items they are is judged by what the changeset makes of them, for what it adds is not
published yet."""

from __future__ import annotations

from sqlmodel import Session

from app.auth.actor import Actor
from app.canonical import decode
from app.changes.ahead import subjects_of
from app.changes.deciding import Decider
from app.changes.drafts import require_second_person
from app.changes.models import Changeset
from app.changes.moves import require_state
from app.changes.rehearsing import rehearse
from app.changes.rows import decisions, find, leave_event
from app.checks import exceptions
from app.checks.catalogue import STANDARD, TITLES, Rules
from app.checks.models import CheckException
from app.errors import NotFound


def let_stand(
    session: Session,
    actor: Actor,
    changeset_id: str,
    subject: str,
    code: str,
    path: str,
    reason: str,
    today: str,
    rules: Rules = STANDARD,
) -> CheckException:
    """Let what a check finds at one place of an item stand, as the changeset leaves it.

    Raises Forbidden for whoever wrote, changed or submitted it, and out of scope; NotFound for an item that it is not
    about; else what ``exceptions.grant`` raises, of what the changeset brings in, and what publishing it would raise.
    """
    actor.require("review")
    changeset = find(session, changeset_id)
    require_state(changeset, "except")
    require_second_person(session, actor, changeset, "准予例外，请由另一位审核人准予")
    _require_scope(session, actor, changeset, subject)
    found = rehearse(session, changeset_id, today, rules=rules)["findings"]
    made = exceptions.let_stand(session, actor, subject, code, path, reason, changeset.id)
    if (subject, code, path) not in {(one["subject"], one["code"], one.get("path")) for one in found}:
        raise exceptions.nothing_found()
    leave_event(session, changeset, actor, "excepted", TITLES[code])
    return made


def end(session: Session, actor: Actor, changeset_id: str, number: int) -> CheckException:
    """Take back what the changeset was granted, while it is on its way. Raises NotFound, Forbidden, Conflict."""
    actor.require("review")
    changeset = find(session, changeset_id)
    require_state(changeset, "except")
    found = exceptions.held(session, number)
    if found.changeset != changeset.id:
        raise NotFound("没有这项例外。", code="unknown-exception")
    _require_scope(session, actor, changeset, found.subject)
    ended = exceptions.take_back(session, actor, found)
    leave_event(session, changeset, actor, "exception-ended", TITLES.get(found.code, found.code))
    return ended


def _require_scope(session: Session, actor: Actor, changeset: Changeset, subject: str) -> None:
    """Every decision of it about the item is in the actor's scope, before and after it."""
    bodies = [decode(row.body) for row in decisions(session, changeset)]
    about = [body for body in bodies if subject in subjects_of(body)]
    if not about:
        raise NotFound("这份变更单没有改动这个事项。", code="unknown-subject")
    Decider(session.connection(), "", actor).require_scope(about)
