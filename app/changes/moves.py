"""What may be done with a changeset on its way: which right a move asks for, and in which states it is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from app.auth.actor import Actor
from app.changes.models import STATE_PHRASES, Changeset
from app.errors import Conflict

DRAFTED = ("draft", "returned")
"""In the hands of those who write it."""
OPEN = (*DRAFTED, "submitted", "approved")
"""On its way: neither published nor withdrawn."""


class Move(NamedTuple):
    verb: str
    """As a refusal goes on: 变更单还是草稿，不能批准。"""
    rights: tuple[str, ...]
    """One of them is asked for."""
    states: tuple[str, ...]
    """Those it is made in."""
    event: str
    """What it leaves in the course of the changeset."""


MOVES: Mapping[str, Move] = {
    "redraft": Move("修改", ("edit",), DRAFTED, "redrafted"),
    "submit": Move("提交", ("edit",), DRAFTED, "submitted"),
    "take-back": Move("取回", ("edit",), ("submitted",), "taken-back"),
    "withdraw": Move("撤回", ("edit",), OPEN, "withdrawn"),
    "approve": Move("批准", ("review",), ("submitted",), "approved"),
    "return": Move("退回", ("review",), ("submitted", "approved"), "returned"),
    "publish": Move("发布", ("publish",), ("approved",), "published"),
    "emergency": Move("紧急发布", ("publish",), OPEN, "published"),
    "comment": Move("批注", ("edit", "review"), OPEN, "commented"),
    "except": Move("准予例外", ("review",), OPEN, "excepted"),
}
"""``emergency`` is ``publish`` with a reason and without approval; ``comment`` and ``except`` leave the state as it is.
"""


def require_state(changeset: Changeset, name: str) -> None:
    """Raises Conflict where the changeset's state is none of those that the move is made in."""
    move = MOVES[name]
    if changeset.state not in move.states:
        raise Conflict(
            f"变更单{STATE_PHRASES[changeset.state]}，不能{move.verb}。",
            code="wrong-state",
            state=changeset.state,
        )


def may_move(actor: Actor, changeset: Changeset, name: str) -> bool:
    """Whether right and state allow it. Scope and the second person are asked by the move itself."""
    move = MOVES[name]
    return not actor.rights.isdisjoint(move.rights) and changeset.state in move.states
