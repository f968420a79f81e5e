"""Files that are brought to be imported: laid aside with how they are to be read, tried, then drafted.

Each lies in a folder of its own under its owner's account, with what became of it, so that a trial may be left and
found again, by another process of this machine too. After ``KEPT_DAYS`` it goes; what was drafted of it stays.
"""

from __future__ import annotations

import hashlib
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from app import log
from app.auth.actor import Actor
from app.canonical import encode
from app.db import Database
from app.errors import Invalid, NotFound, RegistryError
from app.exchange import drafting, importing
from app.exchange.every_problem import Listing, write_report
from app.exchange.importing import Imported, Tell, quiet
from app.exchange.mapping import load_mapping, mapping_names
from app.exchange.quoting import holds
from app.files import erase

DAY = 86_400_000_000
KEPT_DAYS = 30
MOST = 40
"""Files that one account may have lying; the oldest goes first."""
SUFFIXES = (".csv", ".xlsx", ".jsonl")
ERRORS = 200
"""Errors that are kept to be shown; the report has them all."""
ASKED, TRIED, DRAFTED, REPORT = "asked.json", "tried.json", "drafted.json", "report.xlsx"
OWN = "own-"
"""How the name of a mapping begins that was brought with a file; it lies beside the files, by its hash."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How a file is to be read. ``mapping`` is the name of one that comes with the program, or begins with ``OWN``."""

    name: str
    mapping: str
    attested: str
    sheet: str
    at: int = 0


@dataclass(frozen=True, slots=True)
class Arrival:
    """One file and where it lies."""

    folder: Path
    asked: Asked

    @property
    def key(self) -> str:
        return self.folder.name

    @property
    def file(self) -> Path:
        return self.folder / "file" / self.asked.name

    @property
    def mapping(self) -> str:
        if not self.asked.mapping.startswith(OWN):
            return self.asked.mapping
        return str(_mapping_file(self.folder.parents[1], self.asked.mapping))

    @property
    def attested(self) -> date | None:
        return date.fromisoformat(self.asked.attested) if self.asked.attested else None

    def became(self, what: str) -> dict[str, Any] | None:
        """What trying (``TRIED``) or drafting (``DRAFTED``) came to; none where it has not ended."""
        path = self.folder / what
        return orjson.loads(path.read_bytes()) if path.is_file() else None


def lay_aside(root: Path, account: int, asked: Asked, body: bytes) -> Arrival:
    """A file as it came; the same one to be read in the same way is the one that lies there already.

    Raises Invalid for what no mapping reads.
    """
    if asked.name.lower().endswith(".xls"):
        raise Invalid(
            f"“{asked.name}”是旧式的 Excel 文件（.xls），不能读取；请用表格软件打开，另存为 .xlsx 再上传。",
            code="bad-suffix",
            field="file",
        )
    if not asked.name.lower().endswith(SUFFIXES):
        raise Invalid(
            "请选择 CSV（.csv）、Excel（.xlsx）或 JSON 行（.jsonl）文件。", code="bad-suffix", field="file"
        )
    if not asked.mapping.startswith(OWN) and asked.mapping not in mapping_names():
        raise Invalid("没有这个映射，请从列表中选择。", code="unknown-mapping", field="mapping")
    own = root / str(account)
    _drop_old(own)
    told = [hashlib.sha256(body).hexdigest(), asked.name, asked.mapping, asked.attested, asked.sheet]
    arrival = Arrival(own / hashlib.sha256(encode(told)).hexdigest()[:24], asked)
    arrival.file.parent.mkdir(parents=True, exist_ok=True)
    arrival.file.write_bytes(body)
    kept = asdict(asked) | {"at": log.now_microseconds()}
    (arrival.folder / ASKED).write_bytes(orjson.dumps(kept))  # the last: without it nothing lies there
    return arrival


def keep_mapping(root: Path, body: bytes) -> str:
    """A mapping that was brought with a file; its name. Raises Invalid for what is none."""
    _require_mapping(body)
    name = OWN + hashlib.sha256(body).hexdigest()[:24]
    path = _mapping_file(root, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    load_mapping(path)  # what is wrong in it is said before the file is looked at
    return name


def _mapping_file(root: Path, name: str) -> Path:
    return root / "mappings" / f"{name}.toml"


def _require_mapping(body: bytes) -> None:
    """Raises Invalid for what is none, and for regular expressions: one that was written badly, or with intent, holds
    up everybody; only those that come with the program are used."""
    try:
        given = tomllib.loads(body.decode("utf-8"))
    except ValueError:
        raise Invalid(
            "请选择映射，或给一个 TOML 格式（UTF-8）的映射文件。", code="bad-mapping", field="mapping"
        ) from None
    codes = given.get("codes", [])
    if isinstance(codes, list) and any(isinstance(one, dict) and "pattern" in one for one in codes):
        raise Invalid(
            "网页上给的映射不能写 pattern（正则表达式）；请删去这一行，或请管理员在服务器上导入。",
            code="pattern-in-mapping",
            field="mapping",
        )


def find(root: Path, account: int, key: str) -> Arrival:
    """Raises NotFound: of another account, or gone."""
    folder = root / str(account) / key
    kept = folder / ASKED
    if not (key.isalnum() and key.isascii() and kept.is_file()):
        raise NotFound(
            f"没有这个文件，或者已超过 {KEPT_DAYS} 天，不再保存；请重新上传。", code="unknown-arrival"
        )
    return Arrival(folder, Asked(**orjson.loads(kept.read_bytes())))


def lying(root: Path, account: int) -> list[Arrival]:
    """Those of an account, the latest first."""
    found = [find(root, account, kept.parent.name) for kept in (root / str(account)).glob(f"*/{ASKED}")]
    return sorted(found, key=lambda one: -one.asked.at)


def _drop_old(own: Path) -> None:
    old = sorted(own.glob(f"*/{ASKED}"), key=lambda one: -one.stat().st_mtime)
    since = log.now_microseconds() - KEPT_DAYS * DAY
    for at, kept in enumerate(old):
        if at >= MOST - 1 or orjson.loads(kept.read_bytes())["at"] < since:
            shutil.rmtree(kept.parent, ignore_errors=True)


def forget(root: Path, quoted: Callable[[str], bool]) -> int:
    """Delete what holds redacted words (a file, what it came to, a mapping), whoever brought it, overwritten first.
    How many were deleted."""
    gone = 0
    for kept in root.glob(f"*/*/{ASKED}"):
        files = [one for one in kept.parent.rglob("*") if one.is_file() and one != kept]
        if any(holds(one, quoted) for one in (kept, *files)):
            for one in (kept, *files):  # without the first nothing lies there
                erase(one)
            shutil.rmtree(kept.parent, ignore_errors=True)
            gone += 1
    for own in root.glob("mappings/*.toml"):
        if holds(own, quoted):
            erase(own)
            gone += 1
    return gone


def try_out(arrival: Arrival, database: Database, actor: Actor, today: str, tell: Tell = quiet) -> None:
    """Check the whole file and write the report beside it. Nothing goes into the registry."""

    def read(every: Listing) -> Imported:
        return importing.rehearse(
            arrival.file,
            arrival.mapping,
            today,
            arrival.attested,
            tell,
            database,
            arrival.asked.sheet or None,
            every,
            actor,
        )

    _work(arrival, TRIED, read)


def draft(arrival: Arrival, database: Database, actor: Actor, today: str, tell: Tell = quiet) -> None:
    """Check it again and draft changesets of what it changes."""

    def read(every: Listing) -> Imported:
        return drafting.import_draft(
            database,
            actor,
            arrival.file,
            arrival.mapping,
            today,
            arrival.attested,
            tell,
            arrival.asked.sheet or None,
            every,
        )

    _work(arrival, DRAFTED, read)


def _work(arrival: Arrival, what: str, read: Callable[[Listing], Imported]) -> None:
    """What it comes to, an error of the file too, is written beside it. For one process at a time."""
    every = Listing()
    try:
        imported = read(every)
        write_report(arrival.folder / REPORT, imported.reading.quality, every)
        came_to = _told(imported)
    except RegistryError as error:
        came_to = _drafted_before(arrival, error) or {"said": error.message, "refused": True}
    finally:
        every.close()
    (arrival.folder / what).write_bytes(orjson.dumps(came_to))


def _drafted_before(arrival: Arrival, error: RegistryError) -> dict[str, Any] | None:
    """Where the changeset of this file is still open: what was written down of it, or, where the process was ended
    before it could, what trying the file came to. Asked twice, it is drafted once, and the page leads to it."""
    if error.code != "already-drafted":
        return None
    made = error.detail["changeset"]
    drafted = arrival.became(DRAFTED) or {}
    if made in drafted.get("changesets", []):
        return drafted
    return (arrival.became(TRIED) or {}) | {"refused": False, "changesets": [made]}


def _told(imported: Imported) -> dict[str, Any]:
    """What a page says of it."""
    reading = imported.reading
    wrong = [one for one in reading.problems if one.severity == "error"]
    counts = ("created_of", "changed_of", "same_of", "left_of")
    return {
        "refused": reading.refused,
        "errors": [[one.where, one.message, one.code] for one in wrong[:ERRORS]],
        "wrong": len(wrong),
        "records": imported.records,
        "waiting": imported.waiting,
        "counts": {name: dict(getattr(imported, name)) for name in counts},
        "outcomes": dict(imported.outcomes.most_common()),
        "foreseen": imported.foreseen,
        "changesets": imported.changesets,
        "quality": reading.quality.report(),
    }
