"""Which items are answered differently than at an earlier point of the log and on another day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, TextClause, text

from app.db import Run, among, chunks, marks
from app.places.queries import subtree
from app.versions.queries import of_publication
from app.versions.visibility import hidden_among

_RECORDED = text(
    "SELECT subject_id FROM revision WHERE seq > :since UNION SELECT subject_id FROM code WHERE seq > :since"
    " UNION SELECT subject_id FROM decision WHERE seq > :since"
    " UNION SELECT d.subject_id FROM void v JOIN decision d ON d.act = v.act WHERE v.seq > :since"
    " UNION SELECT l.origin FROM lineage l WHERE l.seq > :since"
    " UNION SELECT l.successor FROM lineage l WHERE l.seq > :since"
    " UNION SELECT l.origin FROM void v JOIN lineage l ON l.act = v.act WHERE v.seq > :since"
    " UNION SELECT l.successor FROM void v JOIN lineage l ON l.act = v.act WHERE v.seq > :since"
)
_CONFIRMED = text(
    "SELECT d.subject_id FROM publication k JOIN publication p ON p.changeset = k.changeset AND p.seq < k.seq"
    f" JOIN decision d ON {of_publication('d.seq', 'p.seq')} WHERE k.kind = 'confirmation' AND k.seq > :since"
)
"""An emergency that a second person confirmed: its documents say so from then on."""
_REDACTED = text(
    "SELECT r.subject_id FROM redaction x JOIN revision r ON r.content = x.content WHERE x.seq > :since"
    " UNION SELECT d.subject_id FROM redaction x JOIN decision d ON x.content IN (d.creates, d.changes, d.statement)"
    "  WHERE x.seq > :since"
    " UNION SELECT d.subject_id FROM redaction x JOIN publication p ON p.statement = x.content"
    f"  JOIN decision d ON {of_publication('d.seq', 'p.seq')} WHERE x.seq > :since"
)
_TURNED = text(
    "SELECT subject_id FROM timeline WHERE (valid_from > :first AND valid_from <= :last)"
    " OR (valid_to > :first AND valid_to <= :last)"
)
_HOLDING = among(
    "SELECT subject_id FROM timeline WHERE kind = 'item' AND (authority IN :ids OR region IN :ids)", "ids"
)
_KIN = among(
    "SELECT origin, successor FROM lineage WHERE origin IN :ids OR successor IN :ids",
    "ids",
)
_KINDS = among("SELECT id, kind FROM subject WHERE id IN :ids", "ids")


def differing_items(
    connection: Connection, since: int, day: str, on: str, *, by_region: bool = False
) -> set[str]:
    """Ids of items whose answer on ``on``, known now, may differ from that on ``day`` known at ``since``, beside
    the day and the seq it names; ``by_region``: or that may have come under another region or left it, since the
    tree above them moved. More than do differ; never fewer."""
    changed = {
        row[0]
        for query in (_RECORDED, _CONFIRMED, _REDACTED)
        for row in connection.execute(query, {"since": since})
    }
    if day != on:
        first, last = sorted((day, on))
        changed |= {row[0] for row in connection.execute(_TURNED, {"first": first, "last": last})}
    kinds = {row[0]: row[1] for row in _in_chunks(connection, _KINDS, changed)}
    items = {one for one, kind in kinds.items() if kind == "item"}
    others = {one for one, kind in kinds.items() if kind in ("authority", "region")}
    if by_region:
        moved = [one for one, kind in kinds.items() if kind == "region"]
        others |= {one for region in moved for then in {day, on} for one in subtree(connection, region, then)}
    items |= {row[0] for row in _in_chunks(connection, _HOLDING, others)}  # they show its name
    return items | _related(connection, items)


def _in_chunks(connection: Connection, query: TextClause, ids: Iterable[str]) -> Iterable[tuple[str, ...]]:
    for some in chunks(sorted(ids)):
        for row in connection.execute(query, {"ids": some}):
            yield tuple(row)


def _related(connection: Connection, items: set[str]) -> set[str]:
    """Whatever came from them or they from, through any number of steps: their chains name each other."""
    found, level = set(items), set(items)
    while level:
        beside = {one for row in _in_chunks(connection, _KIN, level) for one in row}
        level = beside - found
        found |= level
    return found


def once_public(run: Run, items: Sequence[str], seq: int) -> set[str]:
    """Those of the items of which a revision recorded up to a seq is public in itself: a copy may hold them. Of
    others it is not told that they are gone, since it was never told that they were there."""
    found: set[str] = set()
    for some in chunks(items):
        rows = run(
            "SELECT subject_id, content FROM revision WHERE content IS NOT NULL AND seq <= ?"
            f" AND subject_id IN ({marks(some)})",
            (seq, *some),
        )
        hidden = hidden_among(run, (row[1] for row in rows))
        found |= {row[0] for row in rows if row[1] not in hidden}
    return found
