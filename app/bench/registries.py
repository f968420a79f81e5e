"""Synthetic registries to measure on: deterministic, built once under the bench directory, kept by the
schema and generator they were built with."""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from app.bench.figures import Plan
from app.changes import kinds
from app.db import Database, chunks, lock_publishing
from app.exchange import importing, synthetic
from app.migrating import SCRIPTS, migrate
from app.outbox import INDEX
from app.settings import Settings
from app.versions import ids, models
from app.versions.orders import Act, Order, Part, add_code
from app.versions.recording import record

ITEMS = 20_000
REVISIONS = 1_000_000
PER_ITEM = 50
HOT = 5_000
"""Revisions of the one item that has very many."""
FIRST_DAY = dt.date(2016, 1, 1)


@dataclass(frozen=True)
class Registry:
    """A registry under a directory of its own, as ``qingdan serve`` finds it; or on a server, by ``url``."""

    directory: Path
    url: str = ""

    @property
    def settings(self) -> Settings:
        return Settings(data_dir=self.directory, database_url=self.url, search_url="")

    def open(self) -> Database:
        return Database(self.settings.database)

    def item_ids(self) -> list[str]:
        return self.subjects("item")

    def subjects(self, kind: str) -> list[str]:
        """The ids of a kind."""
        return [
            row[0] for row in self._rows("SELECT id FROM subject WHERE kind = :kind ORDER BY id", kind=kind)
        ]

    def named_items(self) -> dict[str, str]:
        """{a name that an item has or had: the region of such an item}."""
        rows = self._rows(
            "SELECT name, min(region) FROM timeline WHERE kind = 'item' AND region IS NOT NULL AND name IS NOT NULL"
            " GROUP BY name ORDER BY name"
        )
        return {row[0]: row[1] for row in rows}

    def _rows(self, statement: str, **values: str) -> list[Any]:
        database = self.open()
        with database.reading() as session:
            found = list(session.connection().execute(text(statement), values))
        database.dispose()
        return found


def fingerprint() -> str:
    """Changes with whatever would make a kept registry another: schema and generators."""
    sources = [Path(module.__file__ or "") for module in (synthetic, models)]
    sources += [*sorted((SCRIPTS / "versions").glob("*.py")), Path(__file__)]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:10]


def kept(plan: Plan, name: str, build: Callable[[Path], None]) -> Registry:
    """The registry of that name, built beside and renamed when whole."""
    directory = plan.directory / f"{name}-{fingerprint()}"
    if not directory.exists():
        plan.say(f"building {name} ...")
        part = directory.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        build(part)
        part.rename(directory)
    return Registry(directory)


def items(plan: Plan, count: int) -> Registry:
    """``count`` synthetic items with one revision each."""
    return kept(plan, f"items-{count}", lambda directory: load_items(Registry(directory), directory, count))


def load_items(registry: Registry, directory: Path, count: int) -> None:
    file = directory / "synthetic.jsonl"
    synthetic.write_synthetic(file, count)
    database = registry.open()
    migrate(database)
    importing.import_initial(database, file, "qingdan")
    file.unlink()
    settle(database)
    database.dispose()


def settle(database: Database) -> None:
    """Owe the index nothing, and leave nothing in the write-ahead log: a registry at rest."""
    with database.writing() as session:
        session.connection().execute(text("DELETE FROM outbox WHERE topic = :topic"), {"topic": INDEX})
    if database.is_sqlite:
        database.dispose()  # the last connection to close writes the log back into the file


def copy(registry: Registry, directory: Path) -> Registry:
    """A copy that may be written to."""
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(registry.directory, directory)
    return Registry(directory)


# --- many revisions -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Many:
    """A registry of many revisions: ``items`` of ``per_item``, and ``hot`` beside ``single``."""

    registry: Registry
    items: int
    per_item: int
    hot: str
    hot_revisions: int
    single: str


def revisions(plan: Plan, count: int) -> Many:
    """About ``count`` revisions, all with contents of their own, and the two items to compare."""
    many = max(2, count // PER_ITEM)
    hot = min(HOT, max(10, count // 10))

    def build(directory: Path) -> None:
        load_items(Registry(directory), directory, 0)
        database = Registry(directory).open()
        with database.writing() as session:
            places = _places(session.connection())
        _write_revisions(plan, database, places, many)
        _write_hot(database, places, hot)
        settle(database)
        database.dispose()

    registry = kept(plan, f"revisions-{many}x{PER_ITEM}", build)
    # Ids are given in order: the two come after the others.
    hot_id, single = ids.make("item", many + 1), ids.make("item", many + 2)
    return Many(registry, many, PER_ITEM, hot_id, hot, single)


def _places(connection: Connection) -> dict[str, str]:
    """``@kind:ref`` -> registry id, of the synthetic authorities and regions."""
    rows = connection.execute(text("SELECT kind, ref, subject_id FROM source_key"))
    return {f"@{row[0]}:{row[1]}": row[2] for row in rows}


def _write_revisions(plan: Plan, database: Database, places: dict[str, str], many: int) -> None:
    records = _item_records(many)
    done = 0
    for numbers in chunks(map(str, range(1, many + 1)), 200):
        with database.writing() as session:
            connection = session.connection()
            lock_publishing(connection)
            acts: list[Act] = []
            for subject in ids.allocate(connection, "item", len(numbers)):
                acts += _life(subject, next(records), places, PER_ITEM)
            record(connection, Order(kind="initial", acts=acts), kinds.describe)
        done += len(numbers)
        if done % 2000 == 0:
            plan.say(f"  {done * PER_ITEM} of {many * PER_ITEM} revisions")


def _item_records(count: int) -> Iterator[Any]:
    return (one for one in synthetic.synthetic_items(count) if one.kind == "item")


def _life(subject: str, found: Any, places: dict[str, str], revisions: int) -> list[Act]:
    """An item's first content and the adjustments that follow it, 30 days apart."""
    adjustments = [_adjust(subject, day_of(at * 30), None, at) for at in range(1, revisions)]
    return [_create(subject, found, places), *adjustments]


def _create(subject: str, found: Any, places: dict[str, str]) -> Act:
    content = dict(found.content)
    content["authority"], content["region"] = places[content["authority"]], places[content["region"]]
    codes = [add_code(code.scheme, code.value) for code in found.codes]
    part = Part(subject, day_of(0), creates=kinds.validate("item", content), changes=codes)
    return Act("add", [part])


def _adjust(subject: str, day: str, until: str | None, number: int) -> Act:
    changes: Any = [{"op": "set", "path": "consult_phone", "value": f"0999-{1_000_000 + number}"}]
    return Act("adjust", [Part(subject, day, until=until, changes=changes)])


def _write_hot(database: Database, places: dict[str, str], revisions: int) -> None:
    """Two items alike, save that each day of a long time brought one of them another telephone number."""
    found = next(_item_records(1))
    with database.writing() as session:
        connection = session.connection()
        lock_publishing(connection)
        hot, single = ids.allocate(connection, "item", 2)
        acts = [_create(hot, found, places)]
        acts += [_adjust(hot, day_of(at), day_of(at + 1), at) for at in range(1, revisions)]
        acts.append(_create(single, found, places))
        record(connection, Order(kind="initial", acts=acts), kinds.describe)


def day_of(number: int) -> str:
    return (FIRST_DAY + dt.timedelta(days=number)).isoformat()
