"""Filled 清理意见表 taken in: refused whole with row and column, or every touched row becomes a proposal."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path

from sqlmodel import Session

from app.auth.actor import Actor
from app.changes.models import DecisionInput
from app.changes.reviews import filed_under
from app.changes.rows import hold
from app.collecting import few_collections
from app.db import Database
from app.errors import Invalid
from app.exchange.worksheet_reading import Filled, Reading
from app.rounds.proposing import Standing, Weighed, propose
from app.versions.queries import SHANGHAI, microseconds


@dataclass(frozen=True, slots=True)
class Ready:
    """A file that was read and weighed: it needs the writer's place only to be written down."""

    filled: Filled
    asked: list[DecisionInput]
    standing: Standing
    weighed: Weighed | None

    @property
    def read(self) -> dict[str, str]:
        """What the file was held against, row by row: a proposal of another that it does not show is told as
        ``changed-meanwhile``, and what the office has reviewed is kept."""
        filed = {filed_under(one.model_dump(exclude_none=True)) for one in self.asked}
        return {item: row.hash for item, row in self.standing.stood.items() if item in filed}

    @property
    def writes(self) -> bool:
        return bool(self.asked) and not self.filled.problems


def looked_at(asked: str | None) -> int | None:
    """``seen`` as one writes it, an RFC 3339 moment, Shanghai's where it names no zone. Raises Invalid."""
    if not asked:
        return None
    try:
        instant = dt.datetime.fromisoformat(asked.replace(" ", "+"))  # what a query makes of a plus
        return microseconds(instant if instant.tzinfo else instant.replace(tzinfo=SHANGHAI))
    except (ValueError, OverflowError) as error:
        raise Invalid(
            f"看过审核意见的时刻“{asked[:40]}”无法识别，请写成 2026-09-28T15:00:00+08:00。",
            code="bad-moment",
            field="seen",
        ) from error


@few_collections()
def read_filled(
    session: Session,
    actor: Actor,
    round_id: str,
    path: Path,
    today: str,
    *,
    reopen: bool,
    seen: int | None = None,
) -> Ready:
    """What importing the file would come to; writes nothing, so a reading session does. ``seen``: when (UTC
    microseconds) whoever reopens looked at what is reviewed; what the office has reviewed since is kept."""
    reading = Reading(session, actor, round_id, today, reopen, seen)
    filled, wanted = reading.read(path)
    return Ready(filled, [one.decision for one in wanted], reading.standing, reading.weighed)


def import_filled(
    session: Session,
    actor: Actor,
    round_id: str,
    path: Path,
    today: str,
    *,
    reopen: bool,
    ready: Ready,
    seen: int | None = None,
) -> Filled:
    """The touched rows of a file as proposals, all or none. With problems, nothing is written.

    ``ready`` is what ``read_filled`` made of the same file for the same actor before the lock was taken. Where the
    round has moved since, the file is read once more under it: what others have proposed meanwhile is seen.
    """
    hold(session, round_id)
    if not ready.standing.holds(session):
        ready = read_filled(session, actor, round_id, path, today, reopen=reopen, seen=seen)
    if not ready.writes:
        return ready.filled
    done = propose(
        session,
        actor,
        round_id,
        ready.asked,
        today,
        reopen=reopen,
        read=ready.read,
        weighed=ready.weighed,
    )
    return replace(
        ready.filled,
        new=len(done.new),
        changed=len(done.changed),
        reopened=len(done.reopened),
        unchanged=ready.filled.unchanged + len(done.unchanged),
    )


def bring_in(
    database: Database,
    actor: Actor,
    round_id: str,
    path: Path,
    today: str,
    *,
    reopen: bool,
    seen: int | None = None,
) -> Filled:
    """Read the file beside all others, and take the writer's place only where it has something to write."""
    with database.reading() as session:
        ready = read_filled(session, actor, round_id, path, today, reopen=reopen, seen=seen)
    if not ready.writes:
        return ready.filled
    with database.writing() as session:
        return import_filled(session, actor, round_id, path, today, reopen=reopen, ready=ready, seen=seen)


def refuse_faulty(filled: Filled) -> None:
    """Raises Invalid with the first problem, and all as ``errors``."""
    if filled.problems:
        first = filled.problems[0]
        raise Invalid(
            f"文件有 {len(filled.problems)} 处错误，没有导入任何内容。{first.where}：{first.message}。",
            code="worksheet-errors",
            **filled.told(),
        )
