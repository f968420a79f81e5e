"""What a changeset would write, without writing: every revision, and the later decisions it runs into.

Where a decision of a later day sets the same field, the later one stands from its day on; the editor
chooses to leave it, or to enter the change on that day too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from sqlmodel import Session

from app.auth.actor import COMMAND_LINE
from app.canonical import decode
from app.changes import kinds
from app.changes.deciding import Decided, Decider
from app.changes.proposals import as_row, findings
from app.changes.rows import decisions, find
from app.changes.warnings import warnings_of
from app.db import fetch
from app.versions.fold import Effect, diff, with_before
from app.versions.recording import Contents, History, Wanted, wanted_revisions
from app.versions.timeline import standing


def rehearse(session: Session, changeset_id: str, today: str, *, documents: bool = False) -> dict[str, Any]:
    """``{"revisions", "later", "findings", "warnings"}``, a list each, of a changeset as the registry stands now.

    ``documents``: each revision with its content ``before`` and ``after``.

    Raises what publishing would raise.
    """
    connection = session.connection()
    changeset = find(session, changeset_id)
    bodies = [decode(row.body) for row in decisions(session, changeset)]
    warned = warnings_of(decode(changeset.head.encode()), bodies)
    return {**rehearse_bodies(connection, bodies, today, documents=documents), "warnings": warned}


def rehearse_bodies(
    connection: Connection, bodies: Sequence[dict[str, Any]], today: str, *, documents: bool = False
) -> dict[str, Any]:
    return work_out(connection, bodies, today, documents=documents).effects


@dataclass(frozen=True, slots=True)
class WorkedOut:
    """What deciding came to, without writing."""

    effects: dict[str, Any]
    decider: Decider
    decided: Decided


def work_out(
    connection: Connection, bodies: Sequence[dict[str, Any]], today: str, *, documents: bool = False
) -> WorkedOut:
    decider = Decider(connection, today, COMMAND_LINE)
    decider.load(bodies)
    decided = decider.decide(bodies)
    effects = _effects(connection, decider, decider.stood, documents)
    effects["findings"] = [as_row(finding) for finding in findings(decider, bodies)]
    return WorkedOut(effects, decider, decided)


def _effects(
    connection: Connection, decider: Decider, stood: dict[str, list[Effect]], documents: bool
) -> dict[str, Any]:
    revisions: list[dict[str, Any]] = []
    later: list[dict[str, Any]] = []
    touched = [
        *decider.pending,
        *(subject for subject in decider.histories if subject not in decider.pending),
    ]
    for subject_id in touched:
        new = decider.pending.get(subject_id, [])
        before = stood.get(subject_id, [])
        history = decider.histories.get(subject_id) or History(decider.created[subject_id])
        gone = [effect for effect in before if effect not in history.effects]
        if not new and not gone:
            continue
        first = min(effect.effective_from for effect in [*new, *gone])
        after = sorted([*history.effects, *new], key=lambda effect: (effect.effective_from, effect.seq))
        whole = History(history.kind, after, history.revisions, history.codes)
        contents = Contents()
        for want in wanted_revisions(whole, first, contents):
            made = _revision(connection, subject_id, history, want, contents, new)
            if not documents:
                del made["before"], made["after"]
            revisions.append(made)
        later += [
            {
                "subject": subject_id,
                "act": effect.act,
                "effective_from": effect.effective_from,
                "fields": fields,
            }
            for effect in history.effects
            if (fields := _same_fields(effect, new))
        ]
    return {"revisions": revisions, "later": later}


def _revision(
    connection: Connection,
    subject_id: str,
    history: History,
    want: Wanted,
    contents: Contents,
    new: Sequence[Effect],
) -> dict[str, Any]:
    stands = standing(history.revisions, want.day)
    before = _content(connection, contents, new, stands.content if stands else None)
    after = _content(connection, contents, new, want.content)
    shown = after or before
    return {
        "subject": subject_id,
        "kind": history.kind,
        "name": kinds.describe(history.kind, shown).name if shown else None,
        "effective_from": want.day,
        "status": want.status,
        "status_before": stands.status if stands else None,
        "changes": with_before(before, diff(before, after)) if before else [],
        "created": not before,
        "before": before,
        "after": after,
        "codes": [{"scheme": c[0], "issuer": c[1], "value": c[2], "held": held} for c, held in want.codes],
    }


def _content(
    connection: Connection, contents: Contents, new: Sequence[Effect], content: str | None
) -> dict[str, Any]:
    if content is None:
        return {}
    body = contents.bodies.get(content)
    if body is None:
        body = next((e.creates_body for e in new if e.creates == content), None)
    if body is None:
        body = bytes(fetch(connection, "SELECT body FROM content WHERE hash = ?", (content,))[0][0])
    document: dict[str, Any] = decode(body)
    return document


def _same_fields(effect: Effect, new: Sequence[Effect]) -> list[str]:
    """Fields that a later decision sets, and a new one of an earlier day too."""
    earlier = [
        change["path"]
        for one in new
        if one.effective_from < effect.effective_from
        for change in one.changes()
    ]
    return sorted(
        {
            change["path"]
            for change in effect.changes()
            for path in earlier
            if change["path"] == path
            or change["path"].startswith(path + "/")
            or path.startswith(change["path"] + "/")
        }
    )
