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
SUBSCRIBE = "subscribe"
"""What a key may be confined to beside the rights: it writes its account's webhooks, and nothing else."""


@dataclass(frozen=True, slots=True)
class Actor:
    """An account as it acts now. ``account`` None is the command line of the machine itself."""

    account: int | None
    name: str
    rights: frozenset[str] = field(default_factory=frozenset)
    region: str | None = None
    authority: str | None = None
    reads_alone: bool = False
    """True: by a key that is confined to reading what is public."""

    def require(self, right: str) -> None:
        """Raises Forbidden without the right."""
        if right not in self.rights:
            raise Forbidden(
                f"账号“{self.name}”没有“{RIGHTS[right]}”权限，请联系管理员。",
                code="missing-right",
                right=right,
            )

    def require_writing(self) -> None:
        """Raises Forbidden by a key that only reads."""
        if self.reads_alone:
            raise Forbidden(
                "这个令牌只能读取；请向管理员索取可以写入的令牌，或只用于订阅的令牌（--scope subscribe）。",
                code="read-only-key",
            )

    def require_any(self) -> None:
        """Raises Forbidden without any right: what is not public is for those who work on it."""
        if not self.rights:
            raise Forbidden(
                f"账号“{self.name}”或所用的令牌没有任何权限，只能读取公开的内容；内部资料请用有权限的令牌读取。",
                code="staff-only",
            )

    def covers(self, authority: str | None, regions: frozenset[str]) -> bool:
        """Whether a subject of this authority, in a region with these ancestors, is in the actor's scope."""
        if self.authority is not None and authority != self.authority:
            return False
        return self.region is None or self.region in regions


COMMAND_LINE = Actor(None, "命令行", frozenset(RIGHTS))
"""Whoever may run commands on the machine: initial import, seed, redaction's second key."""
