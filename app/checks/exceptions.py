"""Findings that are let stand: granted with a reason by a reviewer, ended again; who and when stays."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection
from sqlmodel import Session, col, select

from app import log
from app.auth.actor import Actor
from app.checks.catalogue import TITLES
from app.checks.models import CheckException
from app.db import chunks, fetch, lock_exceptions, marks
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.places.queries import ancestors


class Granted:
    """The exceptions that hold for some items: each excuses one place, as ``Finding.path`` writes it. One from before
    places were kept excuses the whole check for its item."""

    def __init__(self, rows: Iterable[tuple[str, str, str | None]]) -> None:
        self._held = set(rows)

    def __bool__(self) -> bool:
        return bool(self._held)

    def excuses(self, subject: str, code: str, path: str) -> bool:
        return (subject, code, path) in self._held or (subject, code, None) in self._held


def granted(connection: Connection, subjects: Iterable[str]) -> Granted:
    """The exceptions that hold for these items."""
    found: list[tuple[str, str, str | None]] = []
    for some in chunks(sorted(subjects)):
        rows = fetch(
            connection,
            "SELECT subject, code, path FROM check_exception"
            f" WHERE ended_at IS NULL AND subject IN ({marks(some)})",
            tuple(some),
        )
        found += [(row[0], row[1], row[2]) for row in rows]
    return Granted(found)


def grant(
    session: Session, actor: Actor, subject: str, code: str, path: str, reason: str, day: str
) -> CheckException:
    """Let what a check finds at one place of an item stand; what it finds at another, or at a place that comes later,
    is told as before. Raises Invalid without a place or a reason, Conflict where it stands already."""
    _require(session.connection(), actor, subject, day)
    if code not in TITLES:
        raise Invalid(f"没有“{code[:40]}”这项检查。", code="unknown-check")
    if not 1 <= len(path) <= 400:
        raise Invalid("请从检查结果中选一处准予例外。", code="path-needed", field="path")
    if not 2 <= len(reason.strip()) <= 2000:
        raise Invalid("准予例外须写明理由（2 至 2000 字）。", code="reason-needed", field="reason")
    lock_exceptions(session.connection())
    if granted(session.connection(), [subject]).excuses(subject, code, path):
        raise Conflict("这一处已经准予例外。", code="already-excepted")
    made = CheckException(
        subject=subject,
        code=code,
        path=path,
        reason=reason.strip(),
        account=actor.account,
        at=log.now_microseconds(),
    )
    session.add(made)
    session.flush()
    return made


def end(session: Session, actor: Actor, number: int, day: str) -> CheckException:
    """Take an exception back. Raises NotFound, Conflict."""
    lock_exceptions(session.connection())
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
