"""A round that is being worked out: which it is, what its scope holds, and what may still be done to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from app.canonical import decode
from app.changes import rows
from app.changes.freezing import frozen_items
from app.changes.models import OVER, STATE_PHRASES, Changeset
from app.errors import Conflict

WORKED_ON = ("draft", "returned")
"""States in which departments propose and the office says what it thinks."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A round held here, drafted or published, with the list its scope was frozen to."""

    changeset: Changeset
    head: dict[str, Any]
    items: list[str]

    @property
    def day(self) -> str | None:
        """施行日期 of its document: the day of decisions that do not say their own."""
        day: str | None = (self.head.get("document") or {}).get("effective_on")
        return day


def held_here(session: Session, round_id: str) -> Opened:
    """Raises NotFound; Conflict where it is no round, or one whose scope is not frozen."""
    changeset = rows.find(session, round_id)
    if changeset.kind != "round":
        raise Conflict("这份变更单不是清理轮次，没有清理意见表。", code="not-a-round")
    head = decode(changeset.head.encode())
    items = frozen_items(session.connection(), head.get("scope"))
    if not items:
        raise Conflict(
            "这一轮没有冻结的范围，没有清理意见表；由本机关举行的轮次须写明基准日（scope.base_day）。",
            code="no-frozen-scope",
        )
    return Opened(changeset, head, items)


def require_worked_on(changeset: Changeset, verb: str) -> None:
    """Raises Conflict where the round has been handed in, published or withdrawn."""
    if changeset.state not in WORKED_ON:
        raise Conflict(
            f"这一轮{STATE_PHRASES[changeset.state]}，不能{verb}"
            f"{'' if changeset.state in OVER else '；退回之后才能再改'}。",
            code="wrong-state",
            state=changeset.state,
        )
