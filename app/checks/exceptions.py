"""Findings that are let stand: granted with a reason by a reviewer, ended again; who and when stays.

One that is granted for what a changeset brings in holds for that changeset alone until it is published, and for the
item from then on. Of a changeset that is withdrawn nothing holds: its state says so, and no row has to be written.
"""

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

HOLDS = (
    "ended_at IS NULL AND (changeset IS NULL OR changeset = ? OR EXISTS"
    " (SELECT 1 FROM changeset c WHERE c.id = check_exception.changeset AND c.state = 'published'))"
)
"""What holds for what is published, and for one changeset that is on its way (empty: for none)."""


class Granted:
    """The exceptions that hold for some items: each excuses one place, as ``Finding.path`` writes it. One from before
    places were kept excuses the whole check for its item."""

    def __init__(self, rows: Iterable[tuple[str, str, str | None]]) -> None:
        self._held = set(rows)

    def __bool__(self) -> bool:
        return bool(self._held)

    def excuses(self, subject: str, code: str, path: str) -> bool:
        return (subject, code, path) in self._held or (subject, code, None) in self._held


def granted(connection: Connection, subjects: Iterable[str], changeset: str = "") -> Granted:
    """The exceptions that hold for these items; with those that a changeset on its way was granted."""
    found: list[tuple[str, str, str | None]] = []
    for some in chunks(sorted(subjects)):
        rows = fetch(
            connection,
            f"SELECT subject, code, path FROM check_exception WHERE {HOLDS} AND subject IN ({marks(some)})",
            (changeset, *some),
        )
        found += [(row[0], row[1], row[2]) for row in rows]
    return Granted(found)


def grant(
    session: Session, actor: Actor, subject: str, code: str, path: str, reason: str, day: str
) -> CheckException:
    """Let what a check finds at one place of an item stand; what it finds at another, or at a place that comes later,
    is told as before. Raises Invalid without a place or a reason, Conflict where it stands already and where the
    checks have found nothing there: what only a draft holds is let stand there, by somebody other than who wrote it."""
    _require(session.connection(), actor, subject, day)
    made = let_stand(session, actor, subject, code, path, reason)
    place = (subject, code, path)
    if not fetch(
        session.connection(), "SELECT 1 FROM finding WHERE subject = ? AND code = ? AND path = ?", place
    ):
        raise nothing_found()
    return made


def nothing_found() -> Conflict:
    return Conflict("检查结果中没有这一处，可能已经改好；请刷新再看。", code="nothing-found")


def let_stand(
    session: Session,
    actor: Actor,
    subject: str,
    code: str,
    path: str,
    reason: str,
    changeset: str | None = None,
) -> CheckException:
    """``grant`` by whoever was asked already; ``changeset``: for what it brings in. Raises the same."""
    if code not in TITLES:
        raise Invalid(f"没有“{code[:40]}”这项检查。", code="unknown-check")
    if not 1 <= len(path) <= 400:
        raise Invalid("请从检查结果中选一处准予例外。", code="path-needed", field="path")
    if not 2 <= len(reason.strip()) <= 2000:
        raise Invalid("准予例外须写明理由（2 至 2000 字）。", code="reason-needed", field="reason")
    lock_exceptions(session.connection())
    if granted(session.connection(), [subject], changeset or "").excuses(subject, code, path):
        raise Conflict("这一处已经准予例外。", code="already-excepted")
    made = CheckException(
        subject=subject,
        code=code,
        path=path,
        reason=reason.strip(),
        account=actor.account,
        at=log.now_microseconds(),
        changeset=changeset,
    )
    session.add(made)
    session.flush()
    return made


def end(session: Session, actor: Actor, number: int, day: str) -> CheckException:
    """Take an exception back. Raises NotFound, Conflict."""
    found = held(session, number)
    _require(session.connection(), actor, found.subject, day)
    return take_back(session, actor, found)


def held(session: Session, number: int) -> CheckException:
    """An exception that nobody else ends until the transaction does. Raises NotFound."""
    lock_exceptions(session.connection())
    found = session.get(CheckException, number)
    if found is None:
        raise NotFound("没有这项例外。", code="unknown-exception")
    return found


def take_back(session: Session, actor: Actor, found: CheckException) -> CheckException:
    """``end`` by whoever was asked already. Raises Conflict."""
    if found.ended_at is not None:
        raise Conflict("这项例外已经收回。", code="already-ended")
    found.ended_by, found.ended_at = actor.account, log.now_microseconds()
    session.add(found)
    session.flush()
    return found


def exceptions(session: Session, limit: int) -> list[CheckException]:
    """Those that hold for what is published, the newest first."""
    return _found(session, [(f"{HOLDS} ORDER BY id DESC LIMIT {limit:d}", ("",))])


def of_changeset(session: Session, changeset: str, subjects: Iterable[str]) -> list[CheckException]:
    """Those that a changeset was granted, and those that hold for these items of it; the oldest first."""
    asked: list[tuple[str, tuple[str, ...]]] = [("ended_at IS NULL AND changeset = ?", (changeset,))]
    for some in chunks(sorted(subjects)):
        asked.append((f"{HOLDS} AND subject IN ({marks(some)})", (changeset, *some)))
    return sorted({one.id: one for one in _found(session, asked)}.values(), key=lambda one: one.id or 0)


def _found(session: Session, asked: Iterable[tuple[str, tuple[str, ...]]]) -> list[CheckException]:
    ids = [
        row[0]
        for where, values in asked
        for row in fetch(session.connection(), f"SELECT id FROM check_exception WHERE {where}", values)
    ]
    found = session.exec(select(CheckException).where(col(CheckException.id).in_(ids)))
    return sorted(found, key=lambda one: ids.index(one.id))


def last_moved(connection: Connection) -> tuple[int, int]:
    """What changes with every exception that is granted or ended, in any changeset."""
    query = "SELECT coalesce(max(id), 0), coalesce(max(ended_at), 0) FROM check_exception"
    return tuple(fetch(connection, query, ())[0])


def _require(connection: Connection, actor: Actor, subject: str, day: str) -> None:
    """Raises Forbidden without the right to review, or where the item is outside the actor's scope: as it stands on
    the day, else last, which may be on a day to come."""
    actor.require("review")
    rows = fetch(
        connection,
        "SELECT authority, region FROM timeline WHERE subject_id = ? AND kind = 'item'"
        " ORDER BY (valid_from <= ? AND valid_to > ?) DESC, valid_from DESC LIMIT 1",
        (subject, day, day),
    )
    if not rows:
        raise NotFound("没有这个事项。", code="unknown-subject")
    authority, region = rows[0]
    if not actor.covers(authority, frozenset(ancestors(connection, region, day) if region else ())):
        raise Forbidden("这个事项不在您的管辖范围内。", code="out-of-scope")
