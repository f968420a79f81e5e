"""Trying passwords: a few at a time, outside any transaction, wrong ones counted, and every one of them recorded.

Names that nobody has are counted as accounts' wrong tries are, for all processes together, and answered alike: how
long one must wait tells nobody which names there are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection, text
from sqlmodel import Session, select

from app import log
from app.auth import passwords
from app.auth.delays import blocked_until, seconds_left
from app.auth.models import Account, Credential, Stranger
from app.db import Database
from app.errors import Invalid, TooMany, Unavailable
from app.limiting import Queue

QUEUE = Queue(at_once=2, places=12, patience=5.0)
"""Passwords worked on at once, and those that wait beside them."""
MOST_NAMES = 20_000
"""Names that nobody has, of which wrong tries are kept; those tried longest ago go first."""
_HOLD = text(
    "UPDATE credential SET failures = failures WHERE account_id = (SELECT id FROM account WHERE name = :name)"
)
_HOLD_STRANGER = text("UPDATE stranger SET failures = failures WHERE name = :name")
"""Of tries at once each sees what the one before came to: a row that is written is locked on both databases."""
Done = TypeVar("Done")


@contextmanager
def in_turn() -> Iterator[None]:
    """While passwords are worked on, which takes long on purpose. Raises Unavailable where too many wait."""
    with QUEUE.turn(crowded()):
        yield


def crowded() -> Unavailable:
    return Unavailable("同时登录的人太多，请稍后再试。", code="too-many-at-once", retry_after=5)


def known(session: Session, name: str) -> tuple[Account | None, Credential | None]:
    """The account of this name, and how it signs in."""
    account = session.exec(select(Account).where(Account.name == name)).first()
    return account, session.get(Credential, account.id) if account else None


def hold(session: Session, name: str) -> None:
    """In a writing session, before its credential is read: other tries under this name are waited for."""
    connection = session.connection()
    if not connection.execute(_HOLD, {"name": name}).rowcount:
        connection.execute(_HOLD_STRANGER, {"name": _hash(name)})


def admit(
    database: Database,
    name: str,
    password: str,
    address: str,
    event: str,
    wrong: Invalid,
    work: Callable[[Session, Account, Credential], Done],
) -> Done:
    """Do the work in a transaction, where this is the password of the account of this name; asked again there, since
    it may have been changed meanwhile, and other tries may have used up those that are free. ``event``: what the
    access log calls a refusal.

    Raises ``wrong``, TooMany after too many wrong tries in a row, Unavailable where too many are trying.
    """
    with database.reading() as session:
        account, credential = known(session, name)
        hashed = credential.password if credential else None
        wait = _wait(session, name, credential, log.now_microseconds())
    with in_turn():  # while one must wait too: the time an answer takes tells nothing
        right = passwords.matches(password, hashed)
    with database.writing() as session:
        hold(session, name)
        now, (account, credential) = log.now_microseconds(), known(session, name)
        wait = wait or _wait(session, name, credential, now)
        if wait:
            refused(session, event, account, name, address, "blocked")
        elif account and credential and not account.locked and right and credential.password == hashed:
            return work(session, account, credential)
        else:
            if credential:
                count_failure(session, credential, now)
            else:
                _count_stranger(session, name, now)
            refused(session, event, account, name, address, "wrong-password")
    if wait:
        raise TooMany(f"密码连续输错太多次，请 {duration(wait)}后再试。", code="too-many-tries", seconds=wait)
    raise wrong


def _wait(session: Session, name: str, credential: Credential | None, now: int) -> int:
    """Seconds until a try under this name counts."""
    counted = credential or session.get(Stranger, _hash(name))
    return seconds_left(counted.blocked_until, now) if counted else 0


def _count_stranger(session: Session, name: str, now: int) -> None:
    """As ``count_failure``, for a name that nobody has."""
    connection, asked = session.connection(), {"name": _hash(name), "now": now}
    connection.execute(_COUNT_STRANGER, asked)
    failures = connection.execute(_FAILURES_OF_STRANGER, asked).scalar_one()
    connection.execute(_BLOCK_STRANGER, {**asked, "until": blocked_until(failures, now)})


_COUNT_STRANGER = text(
    "INSERT INTO stranger (name, failures, tried_at) VALUES (:name, 1, :now)"
    " ON CONFLICT (name) DO UPDATE SET failures = stranger.failures + 1, tried_at = excluded.tried_at"
)
_FAILURES_OF_STRANGER = text("SELECT failures FROM stranger WHERE name = :name")
_BLOCK_STRANGER = text("UPDATE stranger SET blocked_until = :until WHERE name = :name")


def forget_strangers(connection: Connection) -> None:
    """But for the ``MOST_NAMES`` that were tried last."""
    connection.execute(_FORGET_STRANGERS, {"most": MOST_NAMES})


_FORGET_STRANGERS = text(
    "DELETE FROM stranger WHERE tried_at <= (SELECT tried_at FROM stranger ORDER BY tried_at DESC LIMIT 1 OFFSET :most)"
)


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()


def count_failure(session: Session, credential: Credential, now: int) -> None:
    """Counted in the database: of two wrong tries at once, both count."""
    connection, asked = session.connection(), {"id": credential.account_id}
    connection.execute(text("UPDATE credential SET failures = failures + 1 WHERE account_id = :id"), asked)
    failures = connection.execute(
        text("SELECT failures FROM credential WHERE account_id = :id"), asked
    ).scalar_one()
    connection.execute(
        text("UPDATE credential SET blocked_until = :until WHERE account_id = :id"),
        {**asked, "until": blocked_until(failures, now)},
    )


def forgive(session: Session, credential: Credential) -> None:
    """The right one came: wrong tries are counted anew."""
    credential.failures, credential.blocked_until = 0, None
    session.add(credential)


def refused(session: Session, event: str, account: Account | None, name: str, address: str, why: str) -> None:
    log.record_access(
        session.connection(),
        event,
        account=account.id if account else None,
        subject=name[:100],
        address=address,
        note=why,
    )


def duration(seconds: int) -> str:
    return f"{seconds} 秒" if seconds < 120 else f"{-(-seconds // 60)} 分钟"
