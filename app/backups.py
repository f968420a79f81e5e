"""Backup while running, restore elsewhere, proved against the head.

A backup is one tar.gz: the database (an SQLite snapshot by the online backup, or every table of a server
as JSON lines read in one snapshot), the attached files, and a manifest with the log's head. Restoring
writes only into an empty place and ends with ``verify`` against that head.
"""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import inspect, text
from sqlalchemy.exc import DatabaseError

from app import log
from app.changes import duties, kinds
from app.db import Database
from app.errors import Conflict, Invalid, RegistryError, Unavailable
from app.files import HALF, erase_redacted, missing, redacted, sync_folder, take_over
from app.hooks.restored import tell_restored
from app.migrating import current_revision, migrate
from app.moving import dump_tables, load_tables
from app.settings import Settings
from app.tables import METADATA
from app.turns import Turn
from app.versions import verifying

MANIFEST = "manifest.json"
DATABASES = ("qingdan.db", "tables.jsonl")
_BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database, and takes up into whatever lies there under that name when it is opened."""


@dataclass(frozen=True, slots=True)
class Made:
    """A backup, and the log head it stands for. ``lost``: digests of attachments that the registry names and the
    backup did not bring, or not as they were."""

    path: Path
    seq: int
    hash: str
    lost: tuple[str, ...] = ()


class NotProved(RegistryError):
    """What was restored does not verify against the head it was saved with."""

    status = 500
    code = "not-proved"


def backup(settings: Settings, target: Path) -> Made:
    """Write a backup; the registry goes on serving and writing. Raises Conflict where the target exists,
    Unavailable where there is no registry."""
    if target.exists():
        raise Conflict(f"{target} 已经存在，请换一个文件名。", code="target-exists")
    database = Database(settings.database)
    _require_registry(database)
    half = target.with_name(target.name + ".part")
    # By its name whoever finds it, after a backup that was killed, knows what it is: all of the registry.
    prefix, folder = f"{target.name}.", target.resolve().parent
    with tempfile.TemporaryDirectory(".part", prefix, folder) as scratch:
        if database.is_sqlite:
            saved = _snapshot(database, Path(scratch) / "qingdan.db")
            head = _head_of(saved)
        else:
            saved, head = dump_tables(database, Path(scratch) / "tables.jsonl")
        manifest = {
            "format": 1,
            "database": saved.name,
            "revision": current_revision(database),
            "seq": head.seq,
            "hash": head.hash,
        }
        with tarfile.open(half, "w:gz", compresslevel=3) as archive:
            _add_bytes(archive, MANIFEST, orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
            archive.add(saved, saved.name)
            # Files are never overwritten, so whatever the snapshot names is there by now.
            if settings.files_dir.exists():
                with database.reading() as session:
                    gone = redacted(session.connection())
                _add_files(archive, settings.files_dir, gone)
    with half.open("rb") as stream:
        os.fsync(stream.fileno())
    half.replace(target)
    sync_folder(target.resolve().parent)
    return Made(target, head.seq, head.hash)


def _require_registry(database: Database) -> None:
    """Of whatever version: it is before an update that one saves."""
    is_away = database.path is not None and not database.path.exists()
    if is_away or current_revision(database) is None:
        raise Unavailable(
            f"{database.path or '数据库服务器'} 处没有登记簿可备份；请检查 QINGDAN_DATA_DIR、QINGDAN_DATABASE_URL。",
            code="no-registry",
        )


def _head_of(saved: Path) -> log.Head:
    copy = Database(f"sqlite:///{saved}")
    try:
        with copy.reading() as session:
            return log.head(session.connection())
    finally:
        copy.dispose()


def _add_files(archive: tarfile.TarFile, root: Path, gone: set[str]) -> None:
    """But for what is half written and what an order redacted, though its bytes may not be deleted yet. What is no more
    when its turn comes was just finished under its own name, or redacted."""
    for path in sorted(root.rglob("*")):
        if path.name.endswith(HALF) or path.name in gone:
            continue
        with suppress(FileNotFoundError):
            archive.add(path, f"files/{path.relative_to(root)}", recursive=False)


def _add_bytes(archive: tarfile.TarFile, name: str, body: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(body)
    archive.addfile(entry, io.BytesIO(body))


def _snapshot(database: Database, into: Path) -> Path:
    source = sqlite3.connect(str(database.path))
    copy = sqlite3.connect(str(into))
    try:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    finally:
        copy.close()
        source.close()
    return into


def restore(settings: Settings, source: Path) -> Made:
    """Restore into an empty place and prove it. Raises Conflict where there is a registry already,
    Invalid for what is no backup, NotProved where the head does not match.

    The database comes last, by being renamed: stopped at any moment before, it can be done again.
    """
    database = Database(settings.database)
    _require_empty(database)
    with _scratch(settings) as unpacked:
        manifest = _unpack(source, unpacked)
        saved = unpacked / manifest["database"]
        if database.is_sqlite and saved.suffix == ".db":
            copy = Database(f"sqlite:///{saved}")
            _prove(copy, manifest)
            held = take_over(settings.files_dir, unpacked / "files")
            lost = _finish(copy, settings, held)
            assert database.path is not None
            _require_empty(database)  # proving takes its time
            _put_in_place(saved, database.path)
            _require_head(database, manifest)
        elif saved.suffix == ".jsonl":
            held = take_over(settings.files_dir, unpacked / "files")
            _restore_tables(database, saved, manifest)
            lost = _finish(database, settings, held)
        else:
            raise Invalid("SQLite 备份只能恢复到 SQLite。", code="wrong-database")
    return Made(source, manifest["seq"], manifest["hash"], tuple(lost))


@contextmanager
def _scratch(settings: Settings) -> Iterator[Path]:
    """A folder beside the target, where there is room for it, or for nothing. Raises Conflict where another restores
    into the same place; what an earlier one left is cleared away."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    turn = Turn(settings.data_dir / "restore.lock")
    if not turn.taken():
        raise Conflict(f"另一个恢复正在写入 {settings.data_dir}，请等它结束。", code="restoring")
    folder = settings.data_dir / "restoring"
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        turn.give_back()


def _finish(database: Database, settings: Settings, held: set[str]) -> list[str]:
    """What remains to be done in a restored database, so that ``qingdan verify`` finds nothing in it but what is
    returned: the attachments that it names and the backup did not bring."""
    with database.writing() as session:
        connection = session.connection()
        tell_restored(connection)
        if duties.differs(connection):  # they follow from the log, which is proved
            duties.rebuild(connection)
        erase_redacted(connection, settings.files_dir)
        lost = missing(connection, held)
    database.dispose()
    return lost


def _restore_tables(database: Database, saved: Path, manifest: dict[str, Any]) -> None:
    try:
        migrate(database, manifest["revision"])
        load_tables(database, saved)
        _prove(database, manifest)
    except BaseException:
        database.dispose()
        _empty(database)
        raise


def _prove(database: Database, manifest: dict[str, Any]) -> None:
    """Bring it to the current schema and verify it against the head it was saved with. Raises NotProved."""
    try:
        migrate(database)
        with database.reading() as session:
            kept = (manifest["seq"], manifest["hash"]) if manifest["seq"] else None
            proof = verifying.verify(session.connection(), kinds.describe, kept)
    except DatabaseError as error:
        raise NotProved(
            "备份里的数据读不出来，文件已损坏，请换一份备份再恢复。", code="not-proved"
        ) from error
    if not proof.ok:
        raise NotProved(f"恢复的数据核验不通过：{proof.finding}", code="not-proved")


def _require_head(database: Database, manifest: dict[str, Any]) -> None:
    """That what lies in the place is what was proved on the way there. Raises NotProved, with the place empty again."""
    try:
        with database.reading() as session:
            head = log.head(session.connection())
        is_whole = (head.seq, head.hash) == (manifest["seq"], manifest["hash"])
    except DatabaseError:
        is_whole = False
    database.dispose()
    if not is_whole:
        _empty(database)
        raise NotProved(
            f"{database.path} 在恢复时被别的程序改动，已经删去；请停下使用它的程序，再恢复一次。",
            code="not-proved",
        )


def _empty(database: Database) -> None:
    """Take back a restoration that was refused: it was an empty place before."""
    if database.is_sqlite:
        for suffix in ("", *_BESIDE):
            Path(f"{database.path}{suffix}").unlink(missing_ok=True)
        return
    with database.writer.begin() as connection:
        METADATA.drop_all(connection)
        connection.execute(text("DROP TABLE IF EXISTS alembic_version"))
    database.dispose()


def _require_empty(database: Database) -> None:
    """Raises Conflict where there is a registry, or what may be one."""
    if database.is_sqlite:
        if database.path and database.path.exists():
            raise Conflict(f"{database.path} 已经存在，请恢复到空的数据目录。", code="not-empty")
        if left := [name for end in _BESIDE if os.path.lexists(name := f"{database.path}{end}")]:
            raise Conflict(
                f"没有数据库，却还有它的日志（{'、'.join(left)}），里面可能有没有写入数据库的变更，打开时会并入恢复的数据。"
                "请先停下使用它的程序；还要原来的数据库的，把它放回原处；确实不要的，把这些文件移到别处，再恢复。",
                code="not-empty",
            )
        return
    with database.reader.connect() as connection:
        there = set(inspect(connection).get_table_names()) & METADATA.tables.keys()
        held = [
            one for one in sorted(there) if connection.execute(text(f'SELECT 1 FROM "{one}" LIMIT 1')).first()
        ]
    if held:
        raise Conflict(
            "目标数据库里已有登记簿，请恢复到空的数据库；若是中途被终止的恢复留下的，请删去这个数据库，重建后再恢复。",
            code="not-empty",
        )
    if there:  # tables without a row: of a restoration that was killed before it had filled them
        database.dispose()
        _empty(database)


def _unpack(source: Path, into: Path) -> dict[str, Any]:
    try:
        with tarfile.open(source, "r:gz") as archive:
            archive.extractall(into, filter="data")
        manifest: dict[str, Any] = orjson.loads((into / MANIFEST).read_bytes())
        is_whole = isinstance(manifest["seq"], int) and {"hash", "revision"} <= manifest.keys()
        saved = manifest["database"]
        if not is_whole or saved not in DATABASES or not (into / saved).is_file():
            raise KeyError(MANIFEST)
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise Invalid(
            f"{source} 不是完整的备份文件，可能没有写完或没有复制完，请核对大小后换一份完整的再恢复。",
            code="not-a-backup",
        ) from error
    return manifest


def _put_in_place(saved: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name(target.name + HALF)
    half.unlink(missing_ok=True)
    source, copy = sqlite3.connect(str(saved)), sqlite3.connect(str(half))
    try:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # all of it in the one file that is renamed
    finally:
        copy.close()
        source.close()
    with half.open("rb") as stream:
        os.fsync(stream.fileno())
    half.replace(target)
    sync_folder(target.parent)
