"""Dump files: the export of a day, compressed, with its checksum and the log's head beside it.

A dump is withdrawn once anything that it may hold was redacted or has become internal, and where the log that it names
is not this one (a registry restored from a backup): it is neither listed nor served, and the next dump takes its place.
A note of it stays, without a word of what it held, so that those who fetched it learn to drop theirs.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, text

from app import log
from app.db import Database, among, chunks, run_by
from app.errors import NotFound
from app.exchange.differing import once_public
from app.exchange.exporting import export_lines
from app.versions.queries import moment
from app.versions.visibility import hidden_among, public_among

NAME = re.compile(r"items-\d{4}-\d{2}-\d{2}\.jsonl\.gz")
NOTES = 100
"""Notes of withdrawn dumps that stay."""
_NOTES = "items-*.withdrawn.json"
_NOTED = ("file", "on", "seq", "hash", "sha256")

_REDACTED_SINCE = text("SELECT 1 FROM redaction WHERE seq > :seq LIMIT 1")
_TOUCHED_SINCE = text(
    "SELECT DISTINCT r.subject_id FROM revision r JOIN subject s ON s.id = r.subject_id AND s.kind = 'item'"
    " WHERE r.seq > :seq AND (EXISTS (SELECT 1 FROM timeline t WHERE t.subject_id = r.subject_id"
    "  AND t.visibility = 'internal') OR NOT EXISTS (SELECT 1 FROM timeline t WHERE t.subject_id = r.subject_id))"
)
"""Items with something recorded since that are internal on some day, or of which nothing is left."""
_RECORDED_SINCE = among(
    "SELECT DISTINCT content FROM revision WHERE seq > :seq AND subject_id IN :ids AND content IS NOT NULL",
    "ids",
)


class _Hashed:
    """A file that is hashed as it is written."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self.sha, self.size = hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        self.sha.update(data)
        self.size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


def write_dump(database: Database, directory: Path, on: str, today: str) -> dict[str, Any]:
    """Write ``items-<day>.jsonl.gz`` and its ``.json``, whole or not at all; one of the same day is replaced. Returns
    what the latter says: ``file``, ``on``, ``seq`` and ``hash`` of the log's head, ``items``, ``bytes``, ``sha256``."""
    directory.mkdir(parents=True, exist_ok=True)
    name = f"items-{on}.jsonl.gz"
    part = directory / f"{name}.part"
    count = 0
    with database.reading() as session:
        connection = session.connection()
        head = log.head(connection)
        out = _Hashed(part)
        # No name and no time in it: the same content is the same file.
        with gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0, compresslevel=6) as packed:
            for line in export_lines(connection, on, today):
                packed.write(line)
                count += 1
        out.close()
    told = {
        "file": name,
        "on": on,
        "seq": head.seq,
        "hash": head.hash,
        "known_at": moment(head.recorded_at),
        "items": count,
        "bytes": out.size,
        "sha256": out.sha.hexdigest(),
    }
    beside = directory / f"{name}.json.part"
    beside.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2) + b"\n")
    (directory / f"{name}.json").unlink(missing_ok=True)  # what it says is of the file before
    part.rename(directory / name)
    beside.rename(directory / f"{name}.json")
    return told


def dumps_in(connection: Connection, directory: Path) -> list[dict[str, Any]]:
    """What is said of each dump there that is not withdrawn, the newest day first."""
    whole = [one for one in _told_in(directory) if (directory / one["file"]).exists()]
    standing = [one for one in whole if not is_withdrawn(connection, one)]
    return sorted(standing, key=lambda one: str(one["on"]), reverse=True)


def withdrawn_in(connection: Connection, directory: Path) -> list[dict[str, Any]]:
    """What is said of each dump that is withdrawn: ``file``, ``on``, ``seq``, ``hash``, ``sha256``; newest first."""
    found = [one for one in _told_in(directory) if is_withdrawn(connection, one)]
    found += [orjson.loads(path.read_bytes()) for path in directory.glob(_NOTES)]
    noted = {(one["on"], one["sha256"]): {name: one[name] for name in _NOTED} for one in found}
    return [noted[key] for key in sorted(noted, reverse=True)]


def prune(directory: Path, kept: int) -> list[str]:
    """Delete all but the newest so many dumps, and all but so many notes of withdrawn ones; the names of the dumps."""
    old = sorted((one["file"] for one in _told_in(directory)), reverse=True)[kept:]
    for name in old:
        _delete(directory, name)
    for note in sorted(directory.glob(_NOTES), reverse=True)[max(kept, NOTES) :]:
        note.unlink(missing_ok=True)
    return sorted(old)


def _delete(directory: Path, name: str) -> None:
    (directory / name).unlink(missing_ok=True)
    (directory / f"{name}.json").unlink(missing_ok=True)


def dump_path(connection: Connection, directory: Path, name: str) -> Path:
    """A dump's file. Raises NotFound."""
    path, beside = directory / name, directory / f"{name}.json"
    told = _told(beside) if NAME.fullmatch(name) and path.exists() else None
    if told is None:
        raise NotFound(f"没有名为 {name[:60]} 的导出文件；现有的见 /api/v1/dumps。", code="unknown-dump")
    if is_withdrawn(connection, told):
        raise NotFound(
            f"导出文件 {name} 已停止提供：写出以后有内容依令删改或转为内部，或登记簿从备份恢复过。"
            "请改用 /api/v1/dumps 所列的文件，或重新全部导出。",
            code="dump-withdrawn",
        )
    return path


def remove_withdrawn(connection: Connection, directory: Path) -> list[str]:
    """Delete the dumps that are withdrawn, leaving a note of each, and what an interrupted one left; the names of the
    files."""
    gone = [one for one in _told_in(directory) if is_withdrawn(connection, one)]
    for one in gone:
        note = directory / f"items-{one['on']}.{one['sha256'][:16]}.withdrawn.json"
        note.write_bytes(orjson.dumps({name: one[name] for name in _NOTED}) + b"\n")
        _delete(directory, one["file"])
    untold = (path for path in directory.glob("items-*.jsonl.gz") if _told(Path(f"{path}.json")) is None)
    for part in [*directory.glob("items-*.part"), *untold]:
        part.unlink(missing_ok=True)
    return sorted(one["file"] for one in gone)


def is_withdrawn(connection: Connection, told: dict[str, Any]) -> bool:
    """Whether a dump may hold what is no longer to be shown; ``told``: what is said of it."""
    seq = told["seq"]
    if told["hash"] != log.hash_at(connection, seq):
        return True
    if connection.execute(_REDACTED_SINCE, {"seq": seq}).first():
        return True
    run = run_by(connection)
    touched = once_public(run, [row[0] for row in connection.execute(_TOUCHED_SINCE, {"seq": seq})], seq)
    if touched - public_among(run, touched):
        return True
    return any(
        hidden_among(run, (row[0] for row in connection.execute(_RECORDED_SINCE, {"seq": seq, "ids": some})))
        for some in chunks(sorted(touched))
    )


def _told_in(directory: Path) -> list[dict[str, Any]]:
    found = [_told(path) for path in directory.glob("items-*.jsonl.gz.json")]
    return [one for one in found if one is not None]


def _told(beside: Path) -> dict[str, Any] | None:
    """What is said of a dump; None where nothing is, as while another takes its place."""
    try:
        told: dict[str, Any] = orjson.loads(beside.read_bytes())
    except FileNotFoundError:
        return None
    return told
