"""What a changeset would write, without writing: every revision, and the later decisions it runs into.

Where a decision of a later day sets the same field, the later one stands from its day on; the editor
chooses to leave it, or to enter the change on that day too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection
from sqlmodel import Session

from app.auth.actor import COMMAND_LINE
from app.canonical import decode
from app.changes import kinds
from app.changes.bearing import bearing
from app.changes.deciding import Decided, Decider
from app.changes.proposals import as_row, findings
from app.changes.rows import decisions, find
from app.changes.warnings import warnings_of
from app.checks.catalogue import STANDARD, Rules
from app.db import TOMBSTONE, fetch
from app.errors import Gone
from app.versions.fold import RESERVED, Effect, diff, with_before
from app.versions.histories import History
from app.versions.revising import Wanted, wanted_revisions
from app.versions.rows import Contents
from app.versions.timeline import standing


def rehearse(
    session: Session, changeset_id: str, today: str, *, documents: bool = False, rules: Rules = STANDARD
) -> dict[str, Any]:
    """``{"revisions", "later", "findings", "warnings"}``, a list each, of a changeset as the registry stands now.

    ``documents``: each revision with its content ``before`` and ``after``.

    Raises what publishing would raise; Gone where an order took what was decided.
    """
    connection = session.connection()
    changeset = find(session, changeset_id)
    found = decisions(session, changeset)
    if any(row.body == TOMBSTONE for row in found):
        raise Gone(
            f"变更单 {changeset_id} 的处理决定已依令删改，无从推算发布它会写入什么；它的结果请看各事项的沿革。",
            code="changeset-redacted",
        )
    bodies = [decode(row.body) for row in found]
    worked = work_out(connection, changeset_id, bodies, today, documents=documents, rules=rules)
    head = decode(changeset.head.encode())
    return {
        **worked.effects,
        "warnings": [*warnings_of(head, bodies), *bearing(worked.decider, bodies)],
    }


@dataclass(frozen=True, slots=True)
class WorkedOut:
    """What deciding came to, without writing."""

    effects: dict[str, Any]
    decider: Decider
    decided: Decided


def work_out(
    connection: Connection,
    changeset: str,
    bodies: Sequence[dict[str, Any]],
    today: str,
    *,
    documents: bool = False,
    rules: Rules = STANDARD,
) -> WorkedOut:
    decider = Decider(connection, today, COMMAND_LINE)
    decider.load(bodies)
    decided = decider.decide(bodies)
    effects = _effects(decider, documents)
    effects["findings"] = [
        as_row(finding) for finding in findings(decider, bodies, rules, changeset=changeset)
    ]
    return WorkedOut(effects, decider, decided)


def _effects(decider: Decider, documents: bool) -> dict[str, Any]:
    revisions: list[dict[str, Any]] = []
    later: list[dict[str, Any]] = []
    touched = [
        *decider.pending,
        *(subject for subject in decider.histories if subject not in decider.pending),
    ]
    for subject_id in touched:
        new = decider.pending.get(subject_id, [])
        before = decider.stood.get(subject_id, [])
        history = decider.histories.get(subject_id) or History(decider.created[subject_id])
        gone = [effect for effect in before if effect not in history.effects]
        if not new and not gone:
            continue
        first = min(effect.effective_from for effect in [*new, *gone])
        after = sorted([*history.effects, *new], key=lambda effect: (effect.effective_from, effect.seq))
        whole = History(history.kind, after, history.revisions, history.codes)
        shown = _Shown(decider, subject_id, new)
        folded = partial(decider.folds.on, subject_id, after)
        for want in wanted_revisions(whole, first, shown.contents, folded):
            made = _revision(subject_id, history, want, shown)
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


class _Shown:
    """The contents that a subject's revisions would have and those that stand, as documents. Not to be altered."""

    def __init__(self, decider: Decider, subject_id: str, new: Sequence[Effect]) -> None:
        self._decider, self._subject_id, self._new = decider, subject_id, new
        self._redacted = any(effect.redacted for effect in decider.stood.get(subject_id, ()))
        self.contents = Contents()

    def standing(self, content: str | None, day: str) -> dict[str, Any]:
        """What stands on the day, which is what the fold comes to; of what was redacted, as it is stored."""
        stood = self._decider.stood_on(self._subject_id, day)
        if content is None or stood is None or self._redacted:
            return self.of(content)
        return {name: part for name, part in stood.items() if name not in RESERVED}

    def of(self, content: str | None) -> dict[str, Any]:
        if content is None:
            return {}
        document = self.contents.documents.get(content)
        if document is None:
            document = decode(self._body(content))
        return document

    def _body(self, content: str) -> bytes:
        body = self.contents.bodies.get(content)
        if body is None:
            body = next((e.creates_body for e in self._new if e.creates == content), None)
        if body is None:
            query = "SELECT body FROM content WHERE hash = ?"
            body = bytes(fetch(self._decider.connection, query, (content,))[0][0])
        return body


def _revision(subject_id: str, history: History, want: Wanted, shown: _Shown) -> dict[str, Any]:
    stands = standing(history.revisions, want.day)
    content = stands.content if stands else None
    before = shown.standing(content, want.day)
    after = before if want.content == content else shown.of(want.content)
    named = after or before
    return {
        "subject": subject_id,
        "kind": history.kind,
        "name": kinds.describe(history.kind, named).name if named else None,
        "effective_from": want.day,
        "status": want.status,
        "status_before": stands.status if stands else None,
        "changes": with_before(before, diff(before, after)) if before else [],
        "created": not before,
        "before": before,
        "after": after,
        "codes": [{"scheme": c[0], "issuer": c[1], "value": c[2], "held": held} for c, held in want.codes],
    }


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
