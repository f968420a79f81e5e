"""Which subjects rest on contents that an order took away: worked out when it is recorded, and kept with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from app.canonical import decode
from app.changes.scope import Scope
from app.db import TOMBSTONE, among, chunks, fetch
from app.errors import Forbidden
from app.versions.queries import of_publication
from app.versions.timeline import Facets

KEPT = "resting"
"""Where the statement of an order has them."""
_OWN = (
    "SELECT subject_id FROM revision WHERE content = ?"
    " UNION SELECT subject_id FROM decision WHERE creates = ? OR changes = ?"
)
_HELD = (
    "SELECT valid_from, valid_to, kind, content, name, authority, region, parent, visibility FROM timeline"
    " WHERE subject_id = ? AND content IS NOT NULL ORDER BY valid_from"
)
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


def require_in_scope(scope: Scope, connection: Connection, content: str, today: str) -> None:
    """Raises Forbidden where subjects that a content sets out, or changes, are not the actor's: on the days that show
    it, or on every day where none does. What says something else (words of decisions, rounds, lists, attached files) is
    for those alone whose scope has no bounds: nobody can say whose it is."""
    if scope.is_everything:
        return
    own = sorted(row[0] for row in fetch(connection, _OWN, (content,) * 3))
    for subject in own:
        rows = fetch(connection, _HELD, (subject,))
        for row in [one for one in rows if one[3] == content] or rows:
            first, end, kind, _, name, authority, region, parent, visibility = row
            facets = Facets(
                name=name, authority=authority, region=region, parent=parent, visibility=visibility
            )
            scope.require_described(kind, subject, facets, today if first <= today < end else first)
        if not rows:
            raise _outside(scope, content)
    if not own:
        raise _outside(scope, content)


def _outside(scope: Scope, content: str) -> Forbidden:
    return Forbidden(
        f"哈希为 {content} 的内容或附件不只属于一个主体，不在账号“{scope.actor.name}”的管理范围内，"
        "须由管理范围不受限制的账号依令删改。",
        code="out-of-scope",
    )
