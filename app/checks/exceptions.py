"""Findings that are let stand: granted with a reason by a reviewer, ended again; who and when stays."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection
from sqlmodel import Session, col, select

from app import log
from app.auth.actor import Actor
from app.checks.catalogue import TITLES
from app.checks.models import CheckException
from app.db import chunks, fetch, marks
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.places.queries import ancestors


def granted(connection: Connection, subjects: Iterable[str]) -> dict[tuple[str, str], str]:
    """(subject, code) -> the reason, of the exceptions that hold."""
    found: dict[tuple[str, str], str] = {}
    for some in chunks(sorted(subjects)):
        rows = fetch(
            connection,
            "SELECT subject, code, reason FROM check_exception"
            f" WHERE ended_at IS NULL AND subject IN ({marks(some)})",
            tuple(some),
        )
        found |= {(row[0], row[1]): row[2] for row in rows}
    return found


def grant(session: Session, actor: Actor, subject: str, code: str, reason: str, day: str) -> CheckException:
    """Let a finding stand. Raises Invalid without a reason, Conflict where it stands already."""
    _require(session.connection(), actor, subject, day)
    if code not in TITLES:
        raise Invalid(f"没有“{code[:40]}”这项检查。", code="unknown-check")
    if not 2 <= len(reason.strip()) <= 2000:
        raise Invalid("准予例外须写明理由（2 至 2000 字）。", code="reason-needed", field="reason")
    if (subject, code) in granted(session.connection(), [subject]):
        raise Conflict("这项发现已经准予例外。", code="already-excepted")
    made = CheckException(
        subject=subject, code=code, reason=reason.strip(), account=actor.account, at=log.now_microseconds()
    )
    session.add(made)
    session.flush()
    return made


def end(session: Session, actor: Actor, number: int, day: str) -> CheckException:
    """Take an exception back. Raises NotFound, Conflict."""
    found = session.get(CheckException, number)
    if found is None:
        raise NotFound("没有这项例外。", code="unknown-exception")
    _require(session.connection(), actor, found.subject, day)
    if found.ended_at is not None:
        raise Conflict("这项例外已经收回。", code="already-ended")
    found.ended_by, found.ended_at = actor.account, log.now_microseconds()
    session.add(found)
    session.flush()
    return found


def exceptions(session: Session, limit: int, subject: str | None = None) -> list[CheckException]:
    """Those that hold, the newest first."""
    query = select(CheckException).where(col(CheckException.ended_at).is_(None))
    if subject:
        query = query.where(CheckException.subject == subject)
    return list(session.exec(query.order_by(col(CheckException.id).desc()).limit(limit)))


def _require(connection: Connection, actor: Actor, subject: str, day: str) -> None:
    """Raises Forbidden without the right to review, or where the item is outside the actor's scope."""
    actor.require("review")
    rows = fetch(
        connection,
        "SELECT authority, region FROM timeline"
        " WHERE subject_id = ? AND kind = 'item' AND valid_from <= ? AND valid_to > ?",
        (subject, day, day),
    )
    if not rows:
        raise NotFound("这一天没有这个事项。", code="unknown-subject")
    authority, region = rows[0]
    if not actor.covers(authority, frozenset(ancestors(connection, region, day) if region else ())):
        raise Forbidden("这个事项不在您的管辖范围内。", code="out-of-scope")
