"""Every subject of a kind on a day as known at an earlier point of the log: worked out from revisions, bounded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from app.canonical import decode
from app.db import fetch, marks, run_by
from app.errors import Invalid
from app.versions.ids import LABELS
from app.versions.queries import Known, timelines
from app.versions.timeline import Span
from app.versions.visibility import is_internal, public_among

PAGE = 500


class Stood(NamedTuple):
    """What stood: its interval and content."""

    id: str
    span: Span
    content: dict[str, Any]


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


def pages_then(connection: Connection, kind: str, known: Known) -> Iterator[list[str]]:
    """The ids of all subjects of a kind that were known then, in order, in pages."""
    query = text(
        "SELECT id FROM subject WHERE kind = :kind AND id > :last AND seq <= :seq ORDER BY id LIMIT :size"
    )
    last = ""
    asked = {"kind": kind, "seq": known.seq, "size": PAGE}
    while page := [row[0] for row in connection.execute(query, {**asked, "last": last})]:
        yield page
        last = page[-1]


def standing_then(
    connection: Connection, kind: str, day: str, known: Known, mentioning: str, most: int
) -> Iterator[Stood]:
    """Those that may be shown and whose content on the day mentions an id, in the order of ids. Raises Invalid
    past ``most`` subjects."""
    refuse_too_many(connection, kind, known, most)
    run, needle = run_by(connection), mentioning.encode()
    for page in pages_then(connection, kind, known):
        stood = {
            one: span
            for one, rows in timelines(connection, public_among(run, page), known).items()
            for span in rows
            if span.content and span.valid_from <= day < span.valid_to
        }
        hashes = tuple(sorted({span.content for span in stood.values() if span.content}))
        if not hashes:
            continue
        rows = fetch(connection, f"SELECT hash, body FROM content WHERE hash IN ({marks(hashes)})", hashes)
        bodies = {row[0]: bytes(row[1]) for row in rows}
        for one in page:
            body = bodies[stood[one].content or ""] if one in stood else b""
            if needle in body and not is_internal(body):
                yield Stood(one, stood[one], decode(body))
