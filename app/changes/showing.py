"""Which drafts an account may read: those it had a hand in, and those about nothing but what is in its scope."""

from __future__ import annotations

from sqlmodel import Session

from app.auth.actor import Actor
from app.canonical import decode
from app.changes import rows
from app.changes.deciding import Decider
from app.changes.drafts import hands_in
from app.changes.models import Changeset
from app.errors import Forbidden


def require_readable(session: Session, actor: Actor, changeset: Changeset) -> None:
    """Raises Forbidden where a decision of it is about something outside the actor's scope, as every move of it
    does: a draft shows what is not public yet, internal items too."""
    decider = Decider(session.connection(), "", actor)
    if decider.scope.is_everything or actor.account in hands_in(session, changeset):
        return
    decider.require_scope([decode(row.body) for row in rows.decisions(session, changeset)])


def is_readable(session: Session, actor: Actor, changeset: Changeset) -> bool:
    try:
        require_readable(session, actor, changeset)
    except Forbidden:
        return False
    return True
