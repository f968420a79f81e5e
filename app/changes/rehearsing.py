"""What a changeset would write, without writing: every revision, and the later decisions it runs into.

Where a decision of a later day sets the same field, the later one stands from its day on; the editor
chooses to leave it, or to enter the change on that day too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
from app.checks.catalogue import STANDARD, Rules
from app.db import chunks, fetch, marks
from app.versions.fold import Effect, diff, with_before
from app.versions.recording import Contents, History, Wanted, wanted_revisions
from app.versions.timeline import standing


def rehearse(
    session: Session, changeset_id: str, today: str, *, documents: bool = False, rules: Rules = STANDARD
) -> dict[str, Any]:
    """``{"revisions", "later", "findings", "warnings"}``, a list each, of a changeset as the registry stands now.

    ``documents``: each revision with its content ``before`` and ``after``.

    Raises what publishing would raise.
    """
    connection = session.connection()
    changeset = find(session, changeset_id)
    bodies = [decode(row.body) for row in decisions(session, changeset)]
    warned = warnings_of(decode(changeset.head.encode()), bodies)
    return {
        **rehearse_bodies(connection, bodies, today, documents=documents, rules=rules),
        "warnings": warned,
    }


def rehearse_bodies(
    connection: Connection,
    bodies: Sequence[dict[str, Any]],
    today: str,
    *,
    documents: bool = False,
    rules: Rules = STANDARD,
) -> dict[str, Any]:
    return work_out(connection, bodies, today, documents=documents, rules=rules).effects


@dataclass(frozen=True, slots=True)
class WorkedOut:
    """What deciding came to, without writing."""

    effects: dict[str, Any]
    decider: Decider
    decided: Decided


def work_out(
    connection: Connection,
    bodies: Sequence[dict[str, Any]],
    today: str,
    *,
    documents: bool = False,
    rules: Rules = STANDARD,
) -> WorkedOut:
    decider = Decider(connection, today, COMMAND_LINE)
    decider.load(bodies)
    decided = decider.decide(bodies)
    effects = _effects(connection, decider, decider.stood, documents)
    effects["findings"] = [as_row(finding) for finding in findings(decider, bodies, rules)]
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
    stored = _Stored(connection, decider, touched)
    for subject_id in touched:
        stored.look_ahead(subject_id)
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
            made = _revision(stored, subject_id, history, want, contents, new)
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


class _Stored:
    """Stored contents by hash: those that subjects have now, fetched some hundreds of subjects at a time."""

    def __init__(self, connection: Connection, decider: Decider, subjects: Sequence[str]) -> None:
        self._connection = connection
        self._decider = decider
        self._bodies: dict[str, bytes] = {}
        self._ahead = {some[0]: some for some in chunks(subjects)}

    def look_ahead(self, subject_id: str) -> None:
        """Asked of every subject in their order."""
        some = self._ahead.get(subject_id)
        if some is not None:
            self._bodies = {}
            self._fetch({content for one in some if (content := self._standing(one))})

    def _standing(self, subject_id: str) -> str | None:
        """What stands on the day of the first decision about it: mostly all that is asked for."""
        history = self._decider.histories.get(subject_id)
        new = self._decider.pending.get(subject_id)
        if history is None or not new:
            return None
        stands = standing(history.revisions, min(effect.effective_from for effect in new))
        return stands.content if stands else None

    def body(self, content: str) -> bytes:
        if content not in self._bodies:
            self._fetch({content})
        return self._bodies[content]

    def _fetch(self, contents: Iterable[str]) -> None:
        for some in chunks(sorted(contents)):
            query = f"SELECT hash, body FROM content WHERE hash IN ({marks(some)})"
            for key, body in fetch(self._connection, query, tuple(some)):
                self._bodies[key] = bytes(body)


def _revision(
    stored: _Stored,
    subject_id: str,
    history: History,
    want: Wanted,
    contents: Contents,
    new: Sequence[Effect],
) -> dict[str, Any]:
    stands = standing(history.revisions, want.day)
    before = _content(stored, contents, new, stands.content if stands else None)
    after = _content(stored, contents, new, want.content)
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
    stored: _Stored, contents: Contents, new: Sequence[Effect], content: str | None
) -> dict[str, Any]:
    if content is None:
        return {}
    body = contents.bodies.get(content)
    if body is None:
        body = next((e.creates_body for e in new if e.creates == content), None)
    if body is None:
        body = stored.body(content)
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
