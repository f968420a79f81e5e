"""Runs: begun, ended, and the one that a kill left unfinished."""

from __future__ import annotations

from sqlalchemy import Connection, text
from sqlmodel import Session, select

from app import log
from app.canonical import decode
from app.exchange.models import ImportRun


def begin(session: Session, digest: str, mapping: str, name: str, mode: str) -> ImportRun:
    """Note that a run begins; one that was killed is taken up again, or gives way to a corrected file."""
    run = session.exec(
        select(ImportRun).where(
            ImportRun.digest == digest,
            ImportRun.mapping == mapping,
            ImportRun.mode == mode,
            ImportRun.state == "running",
        )
    ).first()
    if run is None:
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


def keep(session: Session, run_id: int | None, changesets: list[str]) -> None:
    """Note the drafts made so far, in the transaction that makes them: a run that is killed leaves none unknown."""
    run = session.get_one(ImportRun, run_id)
    run.changesets = " ".join([*(c for c in run.changesets.split() if c not in changesets), *changesets])
    session.add(run)
    session.flush()


def unfinished(connection: Connection) -> str | None:
    """The name of an initial import or seed that has not ended: until then the registry is incomplete."""
    return connection.execute(
        text(
            "SELECT name FROM import_run WHERE state = 'running' AND mode IN ('initial', 'seed') ORDER BY id LIMIT 1"
        )
    ).scalar_one_or_none()


def drafts_of(session: Session, digest: str, mapping: str) -> list[str]:
    """Changesets that an earlier import of the same file made."""
    runs = session.exec(
        select(ImportRun).where(
            ImportRun.digest == digest, ImportRun.mapping == mapping, ImportRun.mode == "draft"
        )
    )
    return [changeset for run in runs for changeset in run.changesets.split()]


def withdrawn(session: Session, digest: str, mapping: str) -> frozenset[str]:
    """The subjects of drafts that an earlier import of the same file made and that were withdrawn."""
    bodies = text(
        "SELECT d.body FROM draft_decision d JOIN changeset c ON c.id = d.changeset"
        " WHERE c.id = :id AND c.state = 'withdrawn'"
    )
    return frozenset(
        decode(bytes(row[0]))["subject"]
        for changeset in drafts_of(session, digest, mapping)
        for row in session.connection().execute(bodies, {"id": changeset})
    )
