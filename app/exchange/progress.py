"""Runs: begun, ended, and the one that a kill left unfinished."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlalchemy import Connection, text
from sqlmodel import Session, select

from app import log
from app.canonical import decode
from app.db import fetch
from app.errors import Invalid
from app.exchange.models import ImportRun
from app.versions.queries import of_publication


def begin(session: Session, digest: str, mapping: str, name: str, mode: str) -> ImportRun:
    """Note that a run begins; one that was killed is taken up again. A draft or a seed that was killed gives way to one
    of the same name; to what a killed initial import gives way, ``supersede`` says."""
    run = session.exec(
        select(ImportRun).where(
            ImportRun.digest == digest,
            ImportRun.mapping == mapping,
            ImportRun.mode == mode,
            ImportRun.state == "running",
        )
    ).first()
    if run is None:
        if mode != "initial":
            session.connection().execute(
                text(
                    "UPDATE import_run SET state = 'superseded'"
                    " WHERE state = 'running' AND mode = :mode AND mapping = :mapping AND name = :name"
                ),
                {"mode": mode, "mapping": mapping, "name": name},
            )
        run = ImportRun(
            digest=digest, mapping=mapping, name=name, mode=mode, started_at=log.now_microseconds()
        )
        session.add(run)
        session.flush()
    return run


def end(session: Session, run_id: int | None, records: int, changesets: list[str]) -> None:
    run = session.get_one(ImportRun, run_id)
    keep(session, run_id, changesets)
    run.state, run.records = "ended", records
    run.ended_at = log.now_microseconds()
    session.add(run)
    session.flush()


def supersede(
    session: Session, mapping: str, source: str, lists: Callable[[str, str], bool]
) -> list[ImportRun]:
    """An initial import by this mapping has ended: one that was killed is over with it where the file ``lists`` every
    key that it wrote. Returns the initial imports that stay unfinished, by whatever mapping."""
    left = []
    for run in session.exec(select(ImportRun).where(*_UNFINISHED_INITIAL).order_by("id")):
        if run.mapping == mapping and all(lists(*key) for key in _written(session.connection(), run, source)):
            _close(session, run)
        else:
            left.append(run)
    session.flush()
    return left


def close(session: Session, run_id: int) -> None:
    """An interrupted initial import will not be gone on with. Raises Invalid where it is none."""
    _close(session, find_unfinished(session, run_id))


def find_unfinished(session: Session, run_id: int) -> ImportRun:
    run = session.exec(select(ImportRun).where(ImportRun.id == run_id, *_UNFINISHED_INITIAL)).first()
    if run is None:
        raise Invalid(f"没有编号为 {run_id} 的未完成的首次录入。", code="unknown-run")
    return run


_UNFINISHED_INITIAL = (ImportRun.mode == "initial", ImportRun.state == "running")


def _close(session: Session, run: ImportRun) -> None:
    run.state, run.ended_at = "superseded", log.now_microseconds()
    session.add(run)


def _written(connection: Connection, run: ImportRun, source: str) -> Iterator[tuple[str, str]]:
    """(kind, ref) of what an initial import has published so far."""
    query = text(
        "SELECT k.kind, k.ref FROM decision d JOIN source_key k ON k.subject_id = d.subject_id"
        f" WHERE {of_publication('d.seq', ':seq')} AND k.source IN (:source, 'url') AND k.owned = 1"
    )
    for publication in run.changesets.split():
        yield from (
            (row[0], row[1]) for row in connection.execute(query, {"seq": int(publication), "source": source})
        )


def is_running(session: Session, digest: str, mapping: str, mode: str) -> bool:
    """Whether a run over the file was begun and has not ended."""
    query = text(
        "SELECT 1 FROM import_run WHERE digest = :digest AND mapping = :mapping AND mode = :mode AND state = 'running'"
    )
    asked = {"digest": digest, "mapping": mapping, "mode": mode}
    return session.connection().execute(query, asked).first() is not None


def refuse(session: Session, run_id: int | None) -> None:
    """Note that a run was refused before it had published anything: nothing is half done."""
    run = session.get_one(ImportRun, run_id)
    run.state, run.ended_at = "refused", log.now_microseconds()
    session.add(run)
    session.flush()


def keep(session: Session, run_id: int | None, changesets: list[str]) -> None:
    """Note the drafts or publications made so far, in the transaction that makes them: a run that is killed leaves none
    unknown."""
    run = session.get_one(ImportRun, run_id)
    run.changesets = " ".join([*(c for c in run.changesets.split() if c not in changesets), *changesets])
    session.add(run)
    session.flush()


UNFINISHED = (
    "SELECT name FROM import_run WHERE state = 'running' AND mode IN ('initial', 'seed') ORDER BY id LIMIT 1"
)


def unfinished(connection: Connection) -> str | None:
    """The name of an initial import or seed that has not ended: until then the registry is incomplete."""
    found = fetch(connection, UNFINISHED)
    return found[0][0] if found else None


def drafts_of(session: Session, digest: str, mapping: str) -> list[str]:
    """Changesets that an earlier import of the same file made."""
    runs = session.exec(
        select(ImportRun).where(
            ImportRun.digest == digest, ImportRun.mapping == mapping, ImportRun.mode == "draft"
        )
    )
    return [changeset for run in runs for changeset in run.changesets.split()]


def not_taken(session: Session, mapping: str, source: str) -> frozenset[str]:
    """The subjects that earlier imports of a source drafted and of which nothing was taken: their records are
    looked at again, though the source has given them before, in this file or in another.

    They are those that have a key of the source and are neither published nor in an open changeset (withdrawn, or
    dropped from a draft), and those whose last changeset by this mapping was withdrawn.
    """
    connection = session.connection()
    again = _unpublished(connection, source)
    if again:
        again -= _in_open_changesets(connection)
    return frozenset(again | _withdrawn_last(connection, mapping))


def _unpublished(connection: Connection, source: str) -> set[str]:
    rows = connection.execute(
        text(
            "SELECT k.subject_id FROM source_key k LEFT JOIN subject s ON s.id = k.subject_id"
            " WHERE k.source IN (:source, 'url') AND k.owned = 1 AND s.id IS NULL"
        ),
        {"source": source},
    )
    return {row[0] for row in rows}


def _in_open_changesets(connection: Connection) -> set[str]:
    rows = connection.execute(
        text(
            "SELECT d.body FROM draft_decision d JOIN changeset c ON c.id = d.changeset"
            " WHERE c.state NOT IN ('published', 'withdrawn')"
        )
    )
    return {subject for row in rows for subject in _subjects(bytes(row[0]))}


def _withdrawn_last(connection: Connection, mapping: str) -> set[str]:
    """What a later changeset took up again is not withdrawn any more: the same file does not undo a correction."""
    runs = connection.execute(
        text("SELECT changesets FROM import_run WHERE mapping = :mapping AND mode = 'draft' ORDER BY id"),
        {"mapping": mapping},
    )
    found: set[str] = set()
    for changeset in [one for (made,) in runs for one in made.split()]:
        query = text("SELECT state FROM changeset WHERE id = :id")
        withdrawn = connection.execute(query, {"id": changeset}).scalar_one() == "withdrawn"
        if withdrawn or found:
            bodies = text("SELECT body FROM draft_decision WHERE changeset = :id")
            rows = connection.execute(bodies, {"id": changeset})
            about = {subject for row in rows for subject in _subjects(bytes(row[0]))}
            found = found | about if withdrawn else found - about
    return found


def _subjects(body: bytes) -> Iterator[str]:
    """The subjects that a drafted decision is about."""
    decision = decode(body)
    for one in (decision, *decision.get("origins", ()), *decision.get("results", ())):
        if one.get("subject"):
            yield one["subject"]
