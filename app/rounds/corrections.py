"""What has corrected a published round since: later changesets that name it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from app.canonical import decode
from app.changes.queries import stated
from app.changes.statements import body_of
from app.db import fetch, marks
from app.rounds.counted import Published, correcting
from app.versions.queries import moment

_TOLD = (
    f"SELECT p.changeset, {body_of('p.statement')},"
    " (SELECT e.recorded_at FROM log_entry e WHERE e.seq > p.seq ORDER BY e.seq LIMIT 1)"
    " FROM publication p WHERE p.seq IN ({seqs}) ORDER BY p.seq"
)


_PUBLISHED = (
    "SELECT id, title, head FROM changeset WHERE kind = 'round' AND state = 'published'"
    " ORDER BY updated_at DESC, id"
)


def to_correct(connection: Connection) -> list[tuple[str, str]]:
    """(id, title with its document's number) of every published round, lately changed first: what may be corrected."""
    found = []
    for changeset, title, head in fetch(connection, _PUBLISHED):
        number = (decode(head.encode()).get("document") or {}).get("number")
        found.append((changeset, f"{title}（{number}）" if number else title))
    return found


def corrections(connection: Connection, found: Published, seq: int) -> list[dict[str, Any]]:
    """``{"changeset", "title", "reason", "document", "recorded_at"}`` of each, in the order in which they came."""
    seqs = correcting(connection, found, seq)
    told = []
    for changeset, body, recorded_at in (
        fetch(connection, _TOLD.format(seqs=marks(seqs)), tuple(seqs)) if seqs else ()
    ):
        said = stated(body)
        told.append(
            {
                "changeset": changeset,
                "title": said.get("title"),
                "reason": said.get("reason"),
                "document": said.get("document"),
                "recorded_at": moment(recorded_at),
            }
        )
    return told
