"""An event of the feed in full: its type, what changed field by field, whom it concerns, and a sentence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.bundles.naming import named
from app.canonical import decode
from app.changes.noticed import OWN, REDACT, SUCCEED, Noticed
from app.changes.outcomes import RULES
from app.changes.quotes import TITLE
from app.changes.sentences import sentence
from app.changes.told_as import Behind
from app.db import among, chunks, run_by
from app.versions.fold import diff, with_before
from app.versions.queries import SHANGHAI, moment
from app.versions.visibility import hidden_on, public_among

HANDS_ON = ("devolve", "narrow")


@dataclass(frozen=True, slots=True)
class Told:
    """A row of the log before it is told: with the decision behind it, and without what may not be shown."""

    row: Noticed
    behind: Behind
    withheld: bool

    @property
    def event(self) -> str:
        """As ``Behind`` has it; ``succeed`` (something came from it, itself unchanged), ``redact``."""
        return {SUCCEED: "succeed", REDACT: "redact"}.get(self.row.source, self.behind.event)

    @property
    def attested(self) -> bool:
        """Whether ``effective_from`` is the day a source attests, not a start."""
        return bool(self.row.start_unknown)

    @property
    def subjects(self) -> Sequence[str]:
        return self.row.subjects if self.row.source == REDACT else [self.row.subject]

    @property
    def planned(self) -> bool:
        """Whether it takes effect on a later day than the one it was recorded on."""
        if self.row.effective_from is None or self.row.recorded_at is None:
            return False
        day = dt.datetime.fromtimestamp(self.row.recorded_at / 1e6, SHANGHAI).date().isoformat()
        return self.row.effective_from > day


def tell(connection: Connection, rows: Sequence[Told]) -> list[dict[str, Any]]:
    """Events as the API answers them, in the order of the rows; a fixed number of queries for all."""
    open_ones = [told for told in rows if not told.withheld]
    bodies = _bodies(
        connection,
        {told.row.content for told in open_ones if told.row.source != SUCCEED}
        | {told.row.content_before for told in open_ones}
        | {told.behind.words for told in open_ones},
    )
    contents = _contents(connection, open_ones, bodies)
    statements = _statements(connection, {told.row.publication for told in rows})
    codes = _codes(connection, open_ones)
    kin, receivers = _kin(connection, open_ones), _receivers(connection, open_ones)
    changes = {told.row.seq: _changes(told, *contents[told.row.seq], codes) for told in open_ones}
    mentioned = {one for told in rows for one in told.subjects}
    mentioned |= {one for both in kin.values() for side in both.values() for one in side}
    mentioned |= {place for many in receivers.values() for one in many for place in one.values()}
    mentioned |= {one for many in changes.values() for change in many for one in _ids_in(change)}
    names = names_now(connection, mentioned)
    found = []
    for told in rows:
        event = _plain(told)
        if not told.withheld:
            event |= {
                # The name that still stands on other days may be the one that an order took away here.
                "name": None if _is_redacted(told, bodies) else names.get(told.row.subject),
                **({"attested": True} if told.attested else {}),
                "document": _document(statements.get(told.row.publication, {}))
                if told.behind.is_open
                else {},
                "changes": changes[told.row.seq],
                **({"beside": list(told.behind.beside)} if told.behind.beside else {}),
                **kin.get(told.behind.act or 0, {}),
                **({"receivers": receivers[act]} if (act := told.behind.act) in receivers else {}),
                **({"subjects": list(told.subjects)} if told.row.source == REDACT else {}),
            }
            words = bodies.get(told.behind.words or "", {}) | {"effective_from": told.behind.day}
            event["sentence"] = sentence(event, words, names, contents[told.row.seq][0])
        found.append(event)
    return found


def _is_redacted(told: Told, bodies: dict[str, Any]) -> bool:
    """Whether the content that the event is about is gone by order; an attached file is no content."""
    return "redacted" in bodies.get(told.row.content or "", {})


def _plain(told: Told) -> dict[str, Any]:
    shown = not told.withheld
    return {
        "seq": told.row.seq,
        "subject": told.row.subject,
        "kind": told.row.kind,
        "event": told.event if shown else "withheld",
        "effective_from": told.row.effective_from,
        "planned": told.planned,
        "status": told.row.status if shown else None,
        "content_hash": told.row.content if shown else None,
        "publication": told.row.publication,
        "outcome": told.behind.outcome if shown else None,
        "voids": told.behind.voids if shown else None,
        "recorded_at": moment(told.row.recorded_at) if told.row.recorded_at else None,
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


def _contents(
    connection: Connection, rows: Sequence[Told], bodies: dict[str, Any]
) -> dict[int, tuple[dict[str, Any], dict[str, Any]]]:
    """By seq: the content before and the one after, as they may be told. A bundle's are without the members whose items
    are not to be named of that day, so that no change, and no word of one, is about them."""
    found = {
        told.row.seq: (bodies.get(told.row.content_before or "", {}), bodies.get(told.row.content or "", {}))
        for told in rows
    }
    days = {told.row.seq: told.row.effective_from or "" for told in rows if told.row.kind == "bundle"}
    if not days:
        return found
    hidden = hidden_on(
        run_by(connection),
        (
            (member["item"], day)
            for seq, day in days.items()
            for content in found[seq]
            for member in content.get("members", ())
        ),
    )
    for seq, day in days.items():
        before, after = found[seq]
        found[seq] = _named_of(before, day, hidden), _named_of(after, day, hidden)
    return found


def _named_of(content: dict[str, Any], day: str, hidden: set[tuple[str, str]]) -> dict[str, Any]:
    members = content.get("members", ())
    keys = {member["key"] for member in members if (member["item"], day) in hidden}
    return content | {"members": named(members, keys)} if keys else content


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
    told: Told,
    before: dict[str, Any],
    after: dict[str, Any],
    codes: dict[tuple[str, int, str], list[dict[str, Any]]],
) -> list[dict[str, Any]]:
    """Field changes against what was known of the same day before; none where nothing was."""
    found = list(codes.get((told.row.subject, told.row.publication, told.row.effective_from or ""), []))
    if told.row.source != OWN or told.row.status_before in (None, "not_yet"):
        return [] if told.row.source != OWN else found
    if "redacted" in before or "redacted" in after or told.row.content is None:
        before = after = {}
    before, after = before | {"status": told.row.status_before}, after | {"status": told.row.status}
    return with_before(before, diff(before, after)) + found


def _codes(connection: Connection, rows: Sequence[Told]) -> dict[tuple[str, int, str], list[dict[str, Any]]]:
    """By subject, publication and day: codes given and taken. A new subject's own codes are among them."""
    found: dict[tuple[str, int, str], list[dict[str, Any]]] = {}
    own = [told for told in rows if told.row.source == OWN]
    if not own:
        return found
    query = among(
        "SELECT subject_id, publication, effective_from, scheme, issuer, value, held FROM code"
        " WHERE subject_id IN :ids AND seq > :first ORDER BY seq",
        "ids",
    )
    for some in chunks(sorted({told.row.subject for told in own})):
        asked = {"ids": some, "first": min(told.row.publication for told in own)}
        for subject, publication, day, scheme, issuer, value, held in connection.execute(query, asked):
            code = {"scheme": scheme, "value": value, **({"issuer": issuer} if issuer else {})}
            change = {"op": "add" if held else "remove", "path": "codes", "value": code}
            found.setdefault((subject, publication, day), []).append(change)
    return found


def _kin(connection: Connection, rows: Sequence[Told]) -> dict[int, dict[str, list[str]]]:
    """By act: what it came from and what came of it, the public ones."""
    acts = sorted({act for told in rows if (act := told.behind.act) is not None and _may_have_kin(told)})
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


def _may_have_kin(told: Told) -> bool:
    rule = RULES.get(told.row.kind, {}).get(told.behind.outcome or "")
    return rule is not None and rule.shape not in ("one", "new")


def _receivers(connection: Connection, rows: Sequence[Told]) -> dict[int, list[dict[str, Any]]]:
    """By act of a devolve or narrow: who is to take it over."""
    handed = [told.behind for told in rows if told.behind.outcome in HANDS_ON]
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
