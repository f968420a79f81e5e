"""What the statements of decisions and publications say, and what is left of one whose words an order took away.

An order takes words, never effects: who owes what, which items a round was opened on and which sums it published are
keys, days and hashes, and the order keeps them (``bare``). Whoever reads a statement for more than its words asks
for ``body_of`` and reads it with ``said``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.canonical import decode
from app.changes.quoting import PLACEHOLDER
from app.db import TOMBSTONE

_PLAIN = re.compile(r"[0-9A-Za-z_.-]{1,64}")
"""An id, a day, a hash, the value of a code table: no words of anybody's."""
_KEPT: dict[str, Any] = {
    "transition_until": True,
    "receivers": {"key": True, "region": True, "authority": True, "due": True, "working_days": True},
    "accepts": {"act": True, "receiver": True},
    "fulfils": {"act": True, "duty": True, "instrument": True},
    "duties": {"key": True, "owner": True, "due": True, "working_days": True},
    "pending_law": {"outcome": True, "instruments": True},
    "outside": {},
    "corrects": True,
    "synthetic": True,
    "report": True,
    "scope": {
        "region": True,
        "types": True,
        "authorities": True,
        "base_day": True,
        "frozen": {"items": True, "count": True, "unknown": True},
    },
    "rows": {"count": True, "hash": True},
    "stated": {"total": True, "additive": True},
    "undisclosed": True,
    "document": {
        "document_date": True,
        "published_on": True,
        "effective_on": True,
    },
}
"""By the fields of ``changes.models.DecisionInput`` and ``ChangesetInput``, and what publishing adds."""


def bare(statement: Mapping[str, Any]) -> dict[str, Any]:
    """What of a statement is no secret: keys, days, numbers and hashes; what has to have words says that they went."""
    left: dict[str, Any] = _plain(statement, _KEPT)
    for duty in left.get("duties", ()):
        duty["what"] = PLACEHOLDER
    return left


def _plain(value: Any, kept: Any) -> Any:
    if isinstance(value, Mapping):
        parts = {name: _plain(part, kept[name]) for name, part in value.items() if name in kept}
        return {name: part for name, part in parts.items() if part is not None}
    if isinstance(value, list):
        return [one for one in (_plain(part, kept) for part in value) if one is not None]
    if kept is not True or (isinstance(value, str) and not _PLAIN.fullmatch(value)):
        return None
    return value


def body_of(named: str) -> str:
    """SQL: the bytes of the statement that a column names, or of the order that took its words away."""
    return (
        f"coalesce((SELECT k.body FROM redaction x JOIN content k ON k.hash = x.statement WHERE x.content = {named}),"
        f" (SELECT k.body FROM content k WHERE k.hash = {named}))"
    )


def said(body: bytes | memoryview | None) -> dict[str, Any]:
    """What bytes from ``body_of`` say; nothing where there are none."""
    if not body or bytes(body) == TOMBSTONE:
        return {}
    found: dict[str, Any] = decode(bytes(body))
    return found["kept"].get("said", {}) if "kept" in found else found
