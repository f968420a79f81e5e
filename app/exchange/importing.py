"""``qingdan import``: check the whole file, then publish (initial); ``drafting`` drafts.

The check pass reads, maps and validates every row and spools what it found, so that the second pass
neither parses nor validates again and memory stays flat. Nothing is written where any row is refused.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import IO, Any

from sqlmodel import Session

from app.auth.actor import COMMAND_LINE, Actor
from app.canonical import encode
from app.changes.publishing import publish_initial, require_initial
from app.collecting import few_collections
from app.db import Database
from app.errors import RegistryError
from app.exchange import progress
from app.exchange.admitting import Admission, Admitted
from app.exchange.foreseeing import Foresight
from app.exchange.founding import new_organs
from app.exchange.mapping import load_mapping
from app.exchange.models import ImportRun
from app.exchange.quality import Every
from app.exchange.reading import ImportReading, read_records
from app.exchange.records import Spooled
from app.exchange.referring import require_sound
from app.exchange.spooling import packed_records, unpacked
from app.exchange.unlisted import no_longer_listed

BATCH = 2000
"""Records a publication: about half a second under the lock, so that other writers wait little."""

FORESEEN = 200
"""Decisions that a trial names; it counts all."""

Tell = Callable[[str, int], None]
"""(what is being done, records so far)"""


@dataclass
class Imported:
    """What an import did, or would do."""

    reading: ImportReading
    records: int = 0
    created_of: Counter[str] = field(default_factory=Counter)
    changed_of: Counter[str] = field(default_factory=Counter)
    same_of: Counter[str] = field(default_factory=Counter)
    left_of: Counter[str] = field(default_factory=Counter)
    """Records of each kind: those four and ``waiting`` add up to ``records``."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """Decisions of each outcome that were drafted, or would be, by its Chinese name."""
    foreseen: list[dict[str, Any]] | None = None
    """The first of what would be drafted: outcome, kind, name, fields. None: not worked out."""
    publications: int = 0
    unfinished: list[ImportRun] = field(default_factory=list)
    """Interrupted initial imports that this one does not stand in for."""
    changesets: list[str] = field(default_factory=list)

    def count(self, admitted: Admitted) -> None:
        self.created_of += admitted.created
        self.changed_of += admitted.changed
        self.same_of += admitted.same
        self.left_of += admitted.left
        for problem in admitted.problems:
            self.reading.report(problem)

    @property
    def created(self) -> int:
        return self.created_of.total()

    @property
    def changed(self) -> int:
        return self.changed_of.total()

    @property
    def same(self) -> int:
        return self.same_of.total()

    @property
    def left(self) -> int:
        """Of which nothing could be taken over; the problems say why."""
        return self.left_of.total()

    @property
    def waiting(self) -> int:
        """Not drafted yet: they rest on a changeset of this file that is not published."""
        return self.records - self.created - self.changed - self.same - self.left


def quiet(_what: str, _count: int) -> None:
    """Tell nothing."""


def check(
    path: Path,
    mapping: str,
    attested: date | None,
    tell: Tell = quiet,
    sheet: str | None = None,
    every: Every | None = None,
) -> tuple[Imported, IO[bytes]]:
    """The first pass: every row read and validated, spooled to an unnamed temporary file. ``every`` takes all that is
    found, here and later in the import."""
    spool = tempfile.TemporaryFile()  # noqa: SIM115  handed on to the second pass, which closes it
    reading = read_records(path, mapping, attested, sheet, every)
    imported = Imported(reading)
    for count, lines in packed_records(reading):
        imported.records += count
        if not reading.refused:
            spool.write(lines)
        tell("核对", imported.records)
    tell("核对", imported.records)
    spool.seek(0)
    return imported, spool


def rehearse(
    path: Path,
    mapping: str,
    today: str,
    attested: date | None = None,
    tell: Tell = quiet,
    database: Database | None = None,
    sheet: str | None = None,
    every: Every | None = None,
    actor: Actor = COMMAND_LINE,
    *,
    initial: bool = False,
) -> Imported:
    """The first pass alone, and, beside a registry, whether the file is sound there (``referring``); then, unless it is
    an ``initial`` import, which founds everything, what a draft would change there, what regions and authorities it
    would found, and what the file no longer lists, of the part of the registry that is ``actor``'s; what would change
    is worked out for those alone whose scope is the whole registry. Raises Conflict where the registry is past its
    first entry."""
    imported, spool = check(path, mapping, attested, tell, sheet, every)
    with spool:
        if database is None or imported.reading.refused:
            return imported
        with database.reading() as session:
            if initial:
                require_initial(session.connection())
            require_sound_beside(session, imported, spool, mapping, initial=initial)
            if not (initial or imported.reading.refused):
                tell_founded(session, imported, spool, mapping, today)
                tell_unlisted(session, imported, mapping, today, actor)
                if actor.authority is None and actor.region is None:  # what of others differs may be internal
                    _foresee(session, imported, spool, mapping, tell)
    return imported


def require_sound_beside(
    session: Session, imported: Imported, spool: IO[bytes], mapping: str, *, initial: bool = False
) -> None:
    """Refuse, with every place, a file that the registry as it stands cannot take. Writes nothing."""

    def foresight() -> Foresight:
        made = Foresight(load_mapping(mapping).name, trusted=True, free=initial)
        if not initial:
            made.again = progress.not_taken(session, mapping, made.source)
        return made

    require_sound(session.connection(), imported.reading, spool, BATCH, foresight)


def _foresee(session: Session, imported: Imported, spool: IO[bytes], mapping: str, tell: Tell) -> None:
    admission = Foresight(load_mapping(mapping).name, trusted=True, same_as=imported.reading.same_as)
    admission.again = progress.not_taken(session, mapping, admission.source)
    imported.foreseen, done = [], 0
    for admitted, acts in admission.foresee(session.connection(), batches(spool)):
        imported.count(admitted)
        imported.outcomes.update(one["outcome"] for one in acts)
        imported.foreseen += acts[: FORESEEN - len(imported.foreseen)]
        done += len(admitted.known)
        tell("与登记簿比较", done)


def tell_unlisted(session: Session, imported: Imported, mapping: str, today: str, actor: Actor) -> None:
    reading = imported.reading
    source = load_mapping(mapping).name
    connection, where = session.connection(), reading.path.name
    for problem in no_longer_listed(connection, source, reading.lists, today, where, actor):
        reading.report(problem)


def tell_founded(session: Session, imported: Imported, spool: IO[bytes], mapping: str, today: str) -> None:
    """Warns of each region and authority that the file would found; leaves the spool at its beginning."""
    connection = session.connection()
    admission = Admission(load_mapping(mapping).name, trusted=True)
    admission.again = progress.not_taken(session, mapping, admission.source)
    organs = (unpacked(line) for line in spool if line.startswith(_ORGANS))
    for problem in new_organs(connection, admission.founded(connection, organs), today):
        imported.reading.report(problem)
    spool.seek(0)


_ORGANS = tuple(encode([kind])[:-1] + b"," for kind in ("region", "authority"))
"""How a spooled line of one begins."""


def batches(spool: IO[bytes]) -> Iterator[list[Spooled]]:
    batch: list[Spooled] = []
    for line in spool:
        batch.append(unpacked(line))
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


@few_collections()
def import_initial(
    database: Database,
    path: Path,
    mapping: str,
    attested: date | None = None,
    tell: Tell = quiet,
    sheet: str | None = None,
    every: Every | None = None,
    closes: int | None = None,
) -> Imported:
    """首次录入: check, then publish batch after batch, each whole. Killed, it goes on by running it again. ``closes``:
    the number of an interrupted one that is over when this one has ended.

    Raises Conflict where the registry is past its first entry, Invalid where there is none to close, both before
    anything is written; returns with ``reading.refused`` and nothing written where the file is.
    """
    imported, spool = check(path, mapping, attested, tell, sheet, every)
    with spool:
        if imported.reading.refused:
            return imported
        with database.reading() as session:
            require_initial(session.connection())
            if closes is not None:
                progress.find_unfinished(session, closes)
            require_sound_beside(session, imported, spool, mapping, initial=True)
        if imported.reading.refused:
            return imported
        with database.writing() as session:
            require_initial(session.connection())
            of_file = digest_of(path)
            goes_on = progress.is_running(session, of_file, mapping, "initial")
            run = progress.begin(session, of_file, mapping, path.name, "initial")
        admission = Admission(
            load_mapping(mapping).name, trusted=True, same_as=imported.reading.same_as, free=True
        )
        try:
            _publish(database, path, spool, admission, imported, tell, run.id)
        except RegistryError:
            if not goes_on and not imported.publications:
                with database.writing() as session:
                    progress.refuse(session, run.id)
            raise
        with database.writing() as session:
            progress.end(session, run.id, imported.records, [])
            if closes is not None and closes != run.id:
                progress.close(session, closes)
            imported.unfinished = progress.supersede(
                session, mapping, admission.source, imported.reading.lists
            )
    return imported


def _publish(
    database: Database,
    path: Path,
    spool: IO[bytes],
    admission: Admission,
    imported: Imported,
    tell: Tell,
    run_id: int | None,
) -> None:
    """Batch after batch, each whole."""
    done = 0
    with database.copying_aside() as copy:
        for batch in batches(spool):
            with _admitted(database, admission, batch) as (session, admitted):
                if admitted.acts:
                    receipt = publish_initial(session, admitted.acts, {"title": f"首次录入：{path.name}"})
                    progress.keep(session, run_id, [str(receipt.publication)])
                admission.write_keys(session.connection(), admitted)
            copy()
            imported.publications += bool(admitted.acts)
            imported.count(admitted)
            done += len(batch)
            tell("发布", done)


@contextmanager
def _admitted(
    database: Database, admission: Admission, batch: list[Spooled]
) -> Iterator[tuple[Session, Admitted]]:
    with database.writing() as session:
        yield session, admission.batch(session.connection(), batch)


def digest_of(path: Path) -> str:
    sha = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            sha.update(block)
    return sha.hexdigest()
