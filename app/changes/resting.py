"""Which subjects rest on contents that an order took away: worked out when it is recorded, and kept with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from app.canonical import decode
from app.db import TOMBSTONE, among, chunks
from app.versions.queries import of_publication

KEPT = "resting"
"""Where the statement of an order has them."""
_RESTING = among(
    "SELECT subject_id FROM revision WHERE content IN :hashes"
    " UNION SELECT subject_id FROM decision"
    "  WHERE creates IN :hashes OR changes IN :hashes OR statement IN :hashes"
    " UNION SELECT d.subject_id FROM void v JOIN decision d ON d.act = v.act WHERE v.statement IN :hashes"
    " UNION SELECT d.subject_id FROM publication p"
    f"  JOIN decision d ON {of_publication('d.seq', 'p.seq')} WHERE p.statement IN :hashes",
    "hashes",
)


def resting_on(connection: Connection, contents: Iterable[str]) -> list[str]:
    """By id, in order. No index leads from a content to what rests on it: every revision and decision is passed."""
    found: set[str] = set()
    for some in chunks(sorted(set(contents))):
        found |= {row[0] for row in connection.execute(_RESTING, {"hashes": some})}
    return sorted(found)


def rested_on(connection: Connection, content: str, statement: bytes | None) -> list[str]:
    """What rested on a content or file when it was redacted, by the statement of the order; of one that did not keep
    it, what rests on it now."""
    said: dict[str, Any] = {} if statement in (None, TOMBSTONE) else decode(statement)
    if KEPT in said:
        kept: list[str] = said[KEPT]
        return kept
    return resting_on(connection, [content, *said.get("kept", {}).get("named_by", ())])
