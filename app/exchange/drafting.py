"""An import into a living registry: draft changesets, to be reviewed and published as any other.

Nothing holds the writer's place while the file is read. Each changeset is drafted in a transaction of its own, with the
keys of its records, so that a run that is killed leaves whole changesets and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from sqlmodel import Session

from app.auth.actor import Actor
from app.canonical import strings_in
from app.changes import drafts, rows
from app.changes.models import ChangesetInput
from app.collecting import few_collections
from app.db import Database
from app.errors import Conflict
from app.exchange import progress
from app.exchange.admitting import Admission, Admitted
from app.exchange.foreseeing import label_of
from app.exchange.importing import (
    Imported,
    Tell,
    batches,
    check,
    digest_of,
    quiet,
    require_sound_beside,
    tell_founded,
    tell_unlisted,
)
from app.exchange.mapping import load_mapping
from app.exchange.quality import Every
from app.exchange.records import Problem
from app.versions.ids import kind_of
from app.versions.orders import Act

DRAFT_SIZE = 5000
"""Decisions from which on the next changeset begins, where nothing that follows rests on this one."""
MOST = 20_000
"""Decisions that one changeset takes."""


@few_collections()
def import_draft(
    database: Database,
    actor: Actor,
    path: Path,
    mapping: str,
    today: str,
    attested: date | None = None,
    tell: Tell = quiet,
    sheet: str | None = None,
    every: Every | None = None,
) -> Imported:
    """Check the file, then draft.

    What rests on something that the file itself brings (an item on the authority founded above it) is in the same
    changeset with it, up to ``MOST`` decisions. What does not fit is not drafted and not remembered: it is told, and
    the same file imported again, once the first is published, goes on from there.
    """
    imported, spool = check(path, mapping, attested, tell, sheet, every)
    with spool:
        if imported.reading.refused:
            return imported
        of_file = digest_of(path)
        with database.reading() as session:
            require_sound_beside(session, imported, spool, mapping)
        if imported.reading.refused:
            return imported
        with database.writing() as session:
            _refuse_open_drafts(session, of_file, mapping, [])
            run = progress.begin(session, of_file, mapping, path.name, "draft")
            run_id = run.id
        admission = Admission(load_mapping(mapping).name, trusted=True, same_as=imported.reading.same_as)
        with database.reading() as session:
            tell_founded(session, imported, spool, mapping, today)
            tell_unlisted(session, imported, mapping, today, actor)
            admission.again = progress.not_taken(session, mapping, admission.source)
        division = _Division(admission, iter(batches(spool)))
        while division.goes_on():
            with database.writing() as session:
                _refuse_open_drafts(session, of_file, mapping, imported.changesets)
                share = division.next(session)
                for admitted in share.admitted:
                    imported.count(admitted)
                imported.outcomes.update(label_of(act) for act in share.acts)
                if share.acts:
                    decisions = [_decision(act, path.name, today) for act in share.acts]
                    asked = ChangesetInput.model_validate(
                        {"title": f"导入：{path.name}", "decisions": decisions}
                    )
                    imported.changesets.append(drafts.draft(session, actor, asked, today).id)
                    progress.keep(session, run_id, imported.changesets)
            tell("起草", imported.outcomes.total())
        if division.held_back:
            imported.reading.report(_more(path.name, imported.changesets))
        with database.writing() as session:
            progress.end(session, run_id, imported.records, imported.changesets)
    return imported


@dataclass
class _Share:
    """What one changeset is made of."""

    admitted: list[Admitted] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    subjects: set[str] = field(default_factory=set)

    def add(self, admitted: Admitted) -> None:
        self.admitted.append(admitted)
        self.acts += admitted.acts
        self.subjects.update(part.subject_id for act in admitted.acts for part in act.parts)


class _Division:
    """A file's batches, dealt out to changesets. None rests on an earlier one of the same file, which is not
    published: neither by what it refers to, nor by deciding about the same subject again."""

    def __init__(self, admission: Admission, waiting: Iterator[Any]) -> None:
        self._admission = admission
        self._waiting = waiting
        self._next: Admitted | None = None
        self._ended = False
        self._drafted: set[str] = set()
        self.held_back = False

    def goes_on(self) -> bool:
        return not self._ended and not self.held_back

    def next(self, session: Session) -> _Share:
        """As many batches as the next changeset takes, admitted and their keys written."""
        share = _Share()
        while (admitted := self._look(session)) is not None:
            named = set(_named(admitted.acts))
            size = len(share.acts) + len(admitted.acts)
            if not named.isdisjoint(self._drafted):
                self.held_back = True
                break
            if share.acts and size > (DRAFT_SIZE if named.isdisjoint(share.subjects) else MOST):
                break
            share.add(admitted)
            self._admission.drafted |= admitted.known
            self._admission.write_keys(session.connection(), admitted)  # the next batch finds them
            self._next = None
        self._drafted |= share.subjects
        return share

    def _look(self, session: Session) -> Admitted | None:
        """The next batch, admitted once."""
        if self._next is None:
            batch = next(self._waiting, None)
            if batch is None:
                self._ended = True
                return None
            self._next = self._admission.batch(session.connection(), batch)
        return self._next


def _named(acts: Iterable[Act]) -> Iterator[str]:
    """Every subject that the acts are about or refer to, and every other string."""
    for act in acts:
        for part in act.parts:
            yield part.subject_id
            yield from strings_in(part.creates)
            yield from strings_in([change.get("value") for change in part.changes])


def _more(name: str, changesets: list[str]) -> Problem:
    listed = "、".join(changesets)
    return Problem(
        severity="warning",
        code="more-to-draft",
        where=name,
        message=f"其余记录引用了变更单 {listed} 中新设的主体，尚未起草；请先发布，再导入同一文件，会接着起草",
    )


def _refuse_open_drafts(session: Session, of_file: str, mapping: str, own: list[str]) -> None:
    """``own``: those of this run. Another run of the same file at the same time is refused here too."""
    for changeset_id in progress.drafts_of(session, of_file, mapping):
        changeset = rows.find(session, changeset_id)
        if changeset_id not in own and changeset.state not in ("published", "withdrawn"):
            raise Conflict(
                f"同一文件已导入为变更单 {changeset_id}，请先发布或撤回它再导入。",
                code="already-drafted",
                changeset=changeset_id,
            )


def _decision(act: Act, name: str, today: str) -> dict[str, Any]:
    part = act.parts[0]
    decision: dict[str, Any] = {
        "kind": kind_of(part.subject_id),
        "outcome": act.outcome,
        "subject": part.subject_id,
        "effective_from": part.effective_from,
    }
    if part.creates is not None:
        decision["content"] = part.creates
        decision["start_unknown"] = part.start_unknown
        decision["codes"] = [
            {k: v for k, v in change["value"].items() if k != "key"}
            for change in part.changes
            if change["path"] == "codes"
        ]
        statuses = [change["value"] for change in part.changes if change["path"] == "status"]
        decision |= {"status": statuses[0]} if statuses else {}
    else:
        # The status is the outcome's own: the rules set it.
        decision["changes"] = [change for change in part.changes if change["path"] != "status"]
        decision["reason"] = f"导入：{name}"
    if part.effective_from < today and not (part.creates is not None and part.start_unknown):
        decision |= {"timing": "late_entry", "reason": f"导入：{name}"}
    return decision
