"""An event of the feed in full: its type, what changed field by field, whom it concerns, and a sentence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from app.canonical import decode
from app.changes.outcomes import RULES
from app.changes.quotes import TITLE
from app.changes.sentences import sentence
from app.changes.told_as import Behind
from app.db import among, chunks, run_by
from app.versions.fold import diff, with_before
from app.versions.queries import SHANGHAI, moment
from app.versions.visibility import public_among

HANDS_ON = ("devolve", "narrow")


@dataclass(slots=True)
class Told:
    """A row of the log before it is told. ``content_before`` and ``status_before``: what stood on the same day
    as known before the publication; ``source``: own (a revision or code), succeed, redact."""

    seq: int
    subject: str
    kind: str
    effective_from: str | None
    status: str | None
    content: str | None
    publication: int
    behind: Behind
    recorded_at: int | None
    status_before: str | None
    content_before: str | None
    source: str
    withheld: bool
    attested: bool = False
    """Whether ``effective_from`` is the day a source attests, not a start."""
    subjects: list[str] = field(default_factory=list)

    @property
    def event(self) -> str:
        """As ``Behind`` has it; ``succeed`` (something came from it, itself unchanged), ``redact``."""
        return self.behind.event if self.source == "own" else self.source

    @property
    def planned(self) -> bool:
        """Whether it takes effect on a later day than the one it was recorded on."""
        if self.effective_from is None or self.recorded_at is None:
            return False
        day = dt.datetime.fromtimestamp(self.recorded_at / 1e6, SHANGHAI).date().isoformat()
        return self.effective_from > day


def tell(connection: Connection, rows: Sequence[Told]) -> list[dict[str, Any]]:
    """Events as the API answers them, in the order of the rows; a fixed number of queries for all."""
    open_ones = [row for row in rows if not row.withheld]
    bodies = _bodies(
        connection,
        {row.content for row in open_ones if row.source != "succeed"}
        | {row.content_before for row in open_ones}
        | {row.behind.words for row in open_ones},
    )
    statements = _statements(connection, {row.publication for row in rows})
    codes = _codes(connection, open_ones)
    kin, receivers = _kin(connection, open_ones), _receivers(connection, open_ones)
    changes = {row.seq: _changes(row, bodies, codes) for row in open_ones}
    mentioned = {one for row in rows for one in row.subjects}
    mentioned |= {one for both in kin.values() for side in both.values() for one in side}
    mentioned |= {place for many in receivers.values() for one in many for place in one.values()}
    mentioned |= {one for many in changes.values() for change in many for one in _ids_in(change)}
    names = names_now(connection, mentioned)
    found = []
    for row in rows:
        event = _plain(row)
        if not row.withheld:
            event |= {
                # The name that still stands on other days may be the one that an order took away here.
                "name": None if _is_redacted(row, bodies) else names.get(row.subject),
                **({"attested": True} if row.attested else {}),
                "document": _document(statements.get(row.publication, {})) if row.behind.is_open else {},
                "changes": changes[row.seq],
                **({"beside": list(row.behind.beside)} if row.behind.beside else {}),
                **kin.get(row.behind.act or 0, {}),
                **({"receivers": receivers[act]} if (act := row.behind.act) in receivers else {}),
                **({"subjects": row.subjects} if row.source == "redact" else {}),
            }
            words = bodies.get(row.behind.words or "", {}) | {"effective_from": row.behind.day}
            event["sentence"] = sentence(event, words, names, bodies.get(row.content_before or "", {}))
        found.append(event)
    return found


def _is_redacted(row: Told, bodies: dict[str, Any]) -> bool:
    """Whether the content that the event is about is gone by order; an attached file is no content."""
    return "redacted" in bodies.get(row.content or "", {})


def _plain(row: Told) -> dict[str, Any]:
    shown = not row.withheld
    return {
        "seq": row.seq,
        "subject": row.subject,
        "kind": row.kind,
        "event": row.event if shown else "withheld",
        "effective_from": row.effective_from,
        "planned": row.planned,
        "status": row.status if shown else None,
        "content_hash": row.content if shown else None,
        "publication": row.publication,
        "outcome": row.behind.outcome if shown else None,
        "voids": row.behind.voids if shown else None,
        "recorded_at": moment(row.recorded_at) if row.recorded_at else None,
        **({} if shown else {"withheld": True}),
    }


def _bodies(connection: Connection, hashes: set[str | None]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    query = among("SELECT hash, body FROM content WHERE hash IN :hashes", "hashes")
    for some in chunks(sorted(one for one in hashes if one)):
        for key, body in connection.execute(query, {"hashes": some}):
            document = decode(bytes(body))
            found[key] = document if isinstance(document, dict) else {}
    return found


def _statements(connection: Connection, publications: set[int]) -> dict[int, dict[str, Any]]:
    query = among(
        "SELECT p.seq, c.body FROM publication p JOIN content c ON c.hash = p.statement WHERE p.seq IN :seqs",
        "seqs",
        numbers=True,
    )
    rows = connection.execute(query, {"seqs": sorted(publications)})
    return {row[0]: decode(bytes(row[1])) for row in rows}


def _document(statement: dict[str, Any]) -> dict[str, Any]:
    """Title, number and day of the document behind a publication; under a title that says so where redacted."""
    paper = statement.get("document", {})
    title = paper.get("title") or statement.get("title") or (TITLE if "redacted" in statement else None)
    found = {"title": title, "number": paper.get("number"), "document_date": paper.get("document_date")}
    return {name: value for name, value in found.items() if value}


def _changes(
    row: Told, bodies: dict[str, Any], codes: dict[tuple[str, int, str], list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    """Field changes against what was known of the same day before; none where nothing was."""
    found = list(codes.get((row.subject, row.publication, row.effective_from or ""), []))
    if row.source != "own" or row.status_before in (None, "not_yet"):
        return [] if row.source != "own" else found
    before, after = bodies.get(row.content_before or "", {}), bodies.get(row.content or "", {})
    if "redacted" in before or "redacted" in after or row.content is None:
        before = after = {}
    before, after = before | {"status": row.status_before}, after | {"status": row.status}
    return with_before(before, diff(before, after)) + found


def _codes(connection: Connection, rows: Sequence[Told]) -> dict[tuple[str, int, str], list[dict[str, Any]]]:
    """By subject, publication and day: codes given and taken. A new subject's own codes are among them."""
    found: dict[tuple[str, int, str], list[dict[str, Any]]] = {}
    own = [row for row in rows if row.source == "own"]
    if not own:
        return found
    query = among(
        "SELECT subject_id, publication, effective_from, scheme, issuer, value, held FROM code"
        " WHERE subject_id IN :ids AND seq > :first ORDER BY seq",
        "ids",
    )
    for some in chunks(sorted({row.subject for row in own})):
        asked = {"ids": some, "first": min(row.publication for row in own)}
        for subject, publication, day, scheme, issuer, value, held in connection.execute(query, asked):
            code = {"scheme": scheme, "value": value, **({"issuer": issuer} if issuer else {})}
            change = {"op": "add" if held else "remove", "path": "codes", "value": code}
            found.setdefault((subject, publication, day), []).append(change)
    return found


def _kin(connection: Connection, rows: Sequence[Told]) -> dict[int, dict[str, list[str]]]:
    """By act: what it came from and what came of it, the public ones."""
    acts = sorted({act for row in rows if (act := row.behind.act) is not None and _may_have_kin(row)})
    query = among(
        "SELECT act, origin, successor FROM lineage WHERE act IN :acts ORDER BY seq", "acts", numbers=True
    )
    read = list(connection.execute(query, {"acts": acts})) if acts else []
    public = public_among(run_by(connection), {one for row in read for one in row[1:]})
    found: dict[int, dict[str, list[str]]] = {}
    for act, *sides in read:
        for side, one in zip(("origins", "successors"), sides, strict=True):
            listed = found.setdefault(act, {"origins": [], "successors": []})[side]
            if one in public and one not in listed:
                listed.append(one)
    return found


def _may_have_kin(row: Told) -> bool:
    rule = RULES.get(row.kind, {}).get(row.behind.outcome or "")
    return rule is not None and rule.shape not in ("one", "new")


def _receivers(connection: Connection, rows: Sequence[Told]) -> dict[int, list[dict[str, Any]]]:
    """By act of a devolve or narrow: who is to take it over."""
    handed = [row.behind for row in rows if row.behind.outcome in HANDS_ON]
    acts = sorted({one.act for one in handed if one.act is not None})
    query = among(
        "SELECT act, region, authority, words FROM duty WHERE kind = 'acceptance' AND act IN :acts ORDER BY act, key",
        "acts",
        numbers=True,
    )
    found: dict[int, list[dict[str, Any]]] = {}
    for act, region, authority, words in connection.execute(query, {"acts": acts}) if acts else ():
        one = {"region": region, "authority": authority, "words": words}
        found.setdefault(act, []).append({name: value for name, value in one.items() if value})
    return found


def _ids_in(change: dict[str, Any]) -> Iterable[str]:
    for value in (change.get("before"), change.get("value")):
        if isinstance(value, str) and value.startswith("qd"):
            yield value


def names_now(connection: Connection, subjects: Iterable[str]) -> dict[str, str]:
    """The last public name of each of these subjects as known now; what is no id is passed over."""
    query = among(
        "SELECT subject_id, name FROM timeline WHERE subject_id IN :ids AND name IS NOT NULL"
        " AND content IS NOT NULL AND visibility <> 'internal' ORDER BY subject_id, valid_from",
        "ids",
    )
    found: dict[str, str] = {}
    for some in chunks(sorted(one for one in set(subjects) if one.startswith("qd"))):
        found |= {row[0]: row[1] for row in connection.execute(query, {"ids": some})}
    public = public_among(run_by(connection), found)
    return {one: name for one, name in found.items() if one in public}
