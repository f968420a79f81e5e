"""The actor: who asks for a write, with which rights, over which part of the catalogue. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.errors import Forbidden

RIGHTS = {
    "edit": "编辑",
    "review": "审核",
    "publish": "发布",
    "audit": "审计",
    "administer": "管理",
}
"""Rights beyond reading, which is open. Administer and audit are never held by one account."""


@dataclass(frozen=True, slots=True)
class Actor:
    """An account as it acts now. ``account`` None is the command line of the machine itself."""

    account: int | None
    name: str
    rights: frozenset[str] = field(default_factory=frozenset)
    region: str | None = None
    authority: str | None = None

    def require(self, right: str) -> None:
        """Raises Forbidden without the right."""
        if right not in self.rights:
            raise Forbidden(
                f"账号“{self.name}”没有“{RIGHTS[right]}”权限，请联系管理员。",
                code="missing-right",
                right=right,
            )

    def covers(self, authority: str | None, regions: frozenset[str]) -> bool:
        """Whether a subject of this authority, in a region with these ancestors, is in the actor's scope."""
        if self.authority is not None and authority != self.authority:
            return False
        return self.region is None or self.region in regions


COMMAND_LINE = Actor(None, "命令行", frozenset(RIGHTS))
"""Whoever may run commands on the machine: initial import, seed, redaction's second key."""
