"""Every subject of a kind on a day as known at an earlier point of the log: worked out from revisions, bounded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from app.canonical import decode
from app.db import TOMBSTONE, fetch, marks, run_by
from app.errors import Invalid
from app.versions.ids import LABELS
from app.versions.queries import Known, timelines
from app.versions.timeline import Span, attested_from
from app.versions.visibility import is_internal, kept_of, public_among

PAGE = 500


class Stood(NamedTuple):
    """What stood: its interval, and its content. The unknown time before an attested start has the content
    that follows it, and none in ``span``."""

    id: str
    span: Span
    content: dict[str, Any]
    redacted: bool = False
    """By order since: ``content`` is what the order kept of it."""
    attested_from: str | None = None
    """As a timeline row has it."""


def refuse_too_many(connection: Connection, kind: str, known: Known, most: int) -> None:
    """Raises Invalid where more subjects were known then than may be worked out for one request."""
    held = connection.execute(
        text("SELECT count(*) FROM subject WHERE kind = :kind AND seq <= :seq"),
        {"kind": kind, "seq": known.seq},
    ).scalar_one()
    if held > most:
        raise Invalid(
            f"当时登记簿有 {held} 个{LABELS[kind]}，按 known_at 查询须逐项推算，最多 {most} 个；"
            "请不带 known_at 查询，或带 known_at 逐项查询。",
            code="known-at-too-large",
            held=held,
            most=most,
        )


def pages_then(connection: Connection, kind: str, known: Known, after: str = "") -> Iterator[list[str]]:
    """The ids of all subjects of a kind that were known then, in order and after an id, in pages."""
    query = text(
        "SELECT id FROM subject WHERE kind = :kind AND id > :last AND seq <= :seq ORDER BY id LIMIT :size"
    )
    last = after
    asked = {"kind": kind, "seq": known.seq, "size": PAGE}
    while page := [row[0] for row in connection.execute(query, {**asked, "last": last})]:
        yield page
        last = page[-1]


def standing_then(
    connection: Connection,
    kind: str,
    day: str,
    known: Known,
    most: int,
    *,
    mentioning: str = "",
    after: str = "",
    redacted: bool = False,
) -> Iterator[Stood]:
    """Those that may be shown, and whose content on the day mentions an id, in the order of ids and after one;
    those redacted since only where asked for, with what is kept. Raises Invalid past ``most`` subjects."""
    refuse_too_many(connection, kind, known, most)
    run, needle = run_by(connection), mentioning.encode()
    for page in pages_then(connection, kind, known, after):
        stood = _stood_on(timelines(connection, public_among(run, page), known), day)
        bodies = _bodies(connection, {content for _, content, _ in stood.values()})
        gone = [one for one, body in bodies.items() if body == TOMBSTONE] if redacted else []
        kept = kept_of(run, gone)
        for one in page:
            if one not in stood:
                continue
            span, content, attests = stood[one]
            body = bodies[content]
            if body == TOMBSTONE and kept.get(content, {}).get("visibility") == "public":
                yield Stood(one, span, kept[content].get("content", {}), True, attests)
            elif needle in body and body != TOMBSTONE and not is_internal(body):
                yield Stood(one, span, decode(body), False, attests)


def described_then(
    connection: Connection, subject_ids: Sequence[str], day: str, known: Known
) -> dict[str, dict[str, Any]]:
    """What describes these subjects on a day, as known then: of the unknown time before an attested start what
    follows it, of what was redacted since what is kept. Those that do not stand on the day are left out."""
    stood = _stood_on(timelines(connection, subject_ids, known), day)
    bodies = _bodies(connection, {content for _, content, _ in stood.values()})
    kept = kept_of(run_by(connection), [one for one, body in bodies.items() if body == TOMBSTONE])
    return {
        one: kept.get(content, {}).get("content", {})
        if bodies[content] == TOMBSTONE
        else decode(bodies[content])
        for one, (_, content, _) in stood.items()
    }


def _stood_on(intervals: dict[str, list[Span]], day: str) -> dict[str, tuple[Span, str, str | None]]:
    """By subject: the interval that holds the day, the hash of the content that describes it, and the day from which
    it is attested where its start is unknown."""
    found = {}
    for one, rows in intervals.items():
        for index, span in enumerate(rows):
            content = span.content or (rows[index + 1].content if index + 1 < len(rows) else None)
            if content and span.valid_from <= day < span.valid_to:
                found[one] = (span, content, attested_from(rows, index))
    return found


def _bodies(connection: Connection, hashes: set[str]) -> dict[str, bytes]:
    if not hashes:
        return {}
    wanted = tuple(sorted(hashes))
    rows = fetch(connection, f"SELECT hash, body FROM content WHERE hash IN ({marks(wanted)})", wanted)
    return {row[0]: bytes(row[1]) for row in rows}
