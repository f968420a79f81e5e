"""What a redacted decision still does: the fold goes on without the bytes that were taken away by order.

An order keeps what is no secret of a content (``kept``: who holds the subject, whether it is public, ids, status
and codes). What stands elsewhere unredacted is no secret either: the fields of the first interval that still has
its bytes and that no other decision set can only come from the creation; what on a change's own day is not
explained by the others can only come from it. So an item whose first entry was redacted can be adjusted,
transferred and cancelled, and keeps its materials.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection

from app.canonical import decode, encode
from app.db import TOMBSTONE, chunks, fetch, marks, run_by
from app.versions.fold import Change, Effect, State, at, diff, fold
from app.versions.timeline import Held, Rev, Span, spans
from app.versions.visibility import kept_of


class Gone(NamedTuple):
    """An effect of which bytes are gone, with the hashes they stood under."""

    effect: Effect
    creates: str | None
    changes: str | None


def restore(
    connection: Connection,
    effects: list[Effect],
    gone: list[Gone],
    revisions: list[Rev],
    codes: list[Held],
) -> None:
    """Give the effects something to do in the place of their tombstones. In place."""
    kept = kept_of(run_by(connection), [h for one in gone for h in (one.creates, one.changes) if h])
    standing = _standing(connection, spans(revisions, codes))
    for one in gone:
        one.effect.redacted = True
        if one.creates is not None:
            one.effect.creates_body = TOMBSTONE
        if one.changes is not None:
            one.effect.change_to(kept.get(one.changes, {}).get("changes", []))
    for one in gone:
        if one.creates is not None:
            document = kept.get(one.creates, {}).get("content", {})
            one.effect.creates_body = encode(_creation(one.effect, effects, standing, document))
    for one in gone:
        if one.changes is not None and (changes := _contribution(one.effect, effects, standing)) is not None:
            one.effect.change_to(changes)


def _standing(connection: Connection, rows: list[Span]) -> list[tuple[Span, State]]:
    """The intervals that still have their bytes, in order, each with its whole state."""
    bodies: dict[str, bytes] = {}
    for some in chunks(sorted({span.content for span in rows if span.content})):
        statement = f"SELECT hash, body FROM content WHERE hash IN ({marks(some)})"
        bodies |= {row[0]: bytes(row[1]) for row in fetch(connection, statement, tuple(some))}
    return [
        (span, {**decode(bodies[span.content]), "status": span.status, "codes": decode(span.codes.encode())})
        for span in rows
        if span.content and bodies[span.content] != TOMBSTONE
    ]


def _creation(
    effect: Effect, effects: list[Effect], standing: list[tuple[Span, State]], kept: dict[str, Any]
) -> dict[str, Any]:
    """The creating content as far as it is known."""
    for span, state in standing:
        if span.valid_from < effect.effective_from:
            continue
        set_since = {
            change["path"].split("/", 1)[0]
            for other in effects
            if other.applies(span.valid_from)
            for change in other.changes()
        }
        left = {name: part for name, part in kept.items() if name in set_since}
        return left | {n: p for n, p in state.items() if n not in set_since and n not in ("status", "codes")}
    return kept


def _contribution(
    effect: Effect, effects: list[Effect], standing: list[tuple[Span, State]]
) -> list[Change] | None:
    """What a change did on its own day that the others do not explain; None where that day's bytes are gone."""
    day = effect.effective_from
    stands = next((state for span, state in standing if span.valid_from <= day < span.valid_to), None)
    folded = fold(effects, day)
    if stands is None or folded is None:
        return None
    target = stands | {"codes": at(folded, "codes")}
    return [*effect.changes(), *diff(folded, target)]
