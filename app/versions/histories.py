"""What is published about subjects, read in bulk: the decisions that count, the revisions, the codes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from app.db import TOMBSTONE, chunks, fetch, marks
from app.versions.fold import Effect
from app.versions.ids import kind_of
from app.versions.restoring import Gone, restore
from app.versions.timeline import Held, Rev


@dataclass(slots=True)
class History:
    """What is published about a subject: effects that count, revisions and code rows."""

    kind: str
    effects: list[Effect] = field(default_factory=list)
    revisions: list[Rev] = field(default_factory=list)
    codes: list[Held] = field(default_factory=list)


def load_histories(connection: Connection, subject_ids: Iterable[str]) -> dict[str, History]:
    """Histories of the subjects that exist; effects in the order (effective_from, seq), voided ones left out."""
    histories: dict[str, History] = {}
    for ids in chunks(subject_ids):
        _load_chunk(connection, ids, histories)
    return histories


_SUBJECTS = "SELECT id, kind FROM subject WHERE id IN ({ids})"
_EFFECTS = (
    "SELECT d.subject_id, d.seq, d.act, d.effective_from, d.until, d.creates, cc.body, ch.body, d.start_unknown,"
    " d.changes FROM decision d LEFT JOIN content cc ON cc.hash = d.creates LEFT JOIN content ch ON ch.hash = d.changes"
    " WHERE d.subject_id IN ({ids}) AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = d.act)"
    " ORDER BY d.subject_id, d.effective_from, d.seq"
)
_REVISIONS = (
    "SELECT subject_id, seq, effective_from, status, content, start_unknown FROM revision"
    " WHERE subject_id IN ({ids}) ORDER BY subject_id, seq"
)
_CODES = (
    "SELECT subject_id, seq, effective_from, scheme, issuer, value, held FROM code"
    " WHERE subject_id IN ({ids}) ORDER BY subject_id, seq"
)


def _load_chunk(connection: Connection, ids: list[str], into: dict[str, History]) -> None:
    def rows(statement: str, ids: Sequence[str] = ids) -> list[Any]:
        return fetch(connection, statement.format(ids=marks(ids)), tuple(ids))

    gone: dict[str, list[Gone]] = defaultdict(list)
    for row in rows(_EFFECTS):
        if row[0] not in into:
            into[row[0]] = History(kind_of(row[0]))
        into[row[0]].effects.append(
            made := Effect(
                seq=row[1],
                act=row[2],
                effective_from=row[3],
                until=row[4],
                creates=row[5],
                creates_body=_bytes(row[6]),
                changes_body=_bytes(row[7]),
                start_unknown=bool(row[8]),
            )
        )
        if TOMBSTONE in (made.creates_body, made.changes_body):
            creates = made.creates if made.creates_body == TOMBSTONE else None
            changes = row[9] if made.changes_body == TOMBSTONE else None
            gone[row[0]].append(Gone(made, creates, changes))
    if bare := [
        one for one in ids if one not in into
    ]:  # not there, or all that was decided was taken out again
        for subject_id, kind in rows(_SUBJECTS, bare):
            into[subject_id] = History(kind)
    for row in rows(_REVISIONS):
        into[row[0]].revisions.append(Rev(row[1], row[2], row[3], row[4], bool(row[5])))
    for row in rows(_CODES):
        into[row[0]].codes.append(Held(row[1], row[2], (row[3], row[4], row[5]), bool(row[6])))
    for subject_id, effects in gone.items():
        history = into[subject_id]
        restore(connection, history.effects, effects, history.revisions, history.codes)


_VOIDED = (
    "SELECT d.subject_id, d.seq, d.act, d.effective_from, cc.body, ch.body FROM decision d"
    " LEFT JOIN content cc ON cc.hash = d.creates LEFT JOIN content ch ON ch.hash = d.changes"
    " WHERE d.subject_id IN ({ids}) AND EXISTS (SELECT 1 FROM void v WHERE v.act = d.act)"
    " ORDER BY d.subject_id, d.effective_from, d.seq"
)


def load_voided(connection: Connection, subject_ids: Iterable[str]) -> dict[str, list[Effect]]:
    """What decisions that were taken out did: in no fold, but published. What of it was redacted is left out."""
    found: dict[str, list[Effect]] = defaultdict(list)
    for some in chunks(subject_ids):
        for row in fetch(connection, _VOIDED.format(ids=marks(some)), tuple(some)):
            creates, changes = (
                None if body is None or bytes(body) == TOMBSTONE else bytes(body) for body in row[4:]
            )
            found[row[0]].append(Effect(row[1], row[2], row[3], creates_body=creates, changes_body=changes))
    return found


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)
