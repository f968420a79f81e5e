"""Dump files: the export of a day, compressed, with its checksum and the log's head beside it."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
from pathlib import Path
from typing import Any

import orjson

from app import log
from app.db import Database
from app.errors import NotFound
from app.exchange.exporting import export_lines
from app.versions.queries import moment

NAME = re.compile(r"items-\d{4}-\d{2}-\d{2}\.jsonl\.gz")


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
    part.rename(directory / name)
    beside.rename(directory / f"{name}.json")
    return told


def dumps_in(directory: Path) -> list[dict[str, Any]]:
    """What is said of each dump there, the newest day first."""
    found = [orjson.loads(path.read_bytes()) for path in directory.glob("items-*.jsonl.gz.json")]
    whole = [one for one in found if (directory / one["file"]).exists()]
    return sorted(whole, key=lambda one: str(one["on"]), reverse=True)


def dump_path(directory: Path, name: str) -> Path:
    """A dump's file. Raises NotFound."""
    path = directory / name
    if not NAME.fullmatch(name) or not path.exists():
        raise NotFound(f"没有名为 {name[:60]} 的导出文件；现有的见 /api/v1/dumps。", code="unknown-dump")
    return path
