"""From revisions to search documents; draining the outbox into the engine; rebuilding beside.

A document is one maximal interval in which the item's revision and codes, the dated names of its
authority and region and its cited instruments are all unchanged.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, text

from app import log, outbox
from app.canonical import decode
from app.changes.publishing import INDEX
from app.db import Database, chunks
from app.places.queries import ancestors
from app.versions.models import FIRST
from app.versions.queries import of_publication, today
from search.engine import Engine, EngineError, SearchDocument

logger = logging.getLogger(__name__)

BATCH = 200
"""Publications per drain; each may touch many items."""
TIDY_SECONDS = 3600
"""How often whoever drains also tidies."""

_TEXT_FIELDS = (
    "exercised",
    "division",
    "conditions",
    "prohibitions",
    "accept_standard",
    "quantity_limit",
    "prior_items",
    "intermediary",
    "process",
    "note",
    "parent_name",
    "undertaking",
    "consult",
    "complaint",
)


def touched_items(connection: Connection, publication: int) -> set[str]:
    """Items whose documents a publication may change: its own, and those that show what it renamed."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT r.subject_id, s.kind FROM"
            f" (SELECT subject_id FROM revision r WHERE {of_publication('r.seq', ':p')}"
            f"  UNION SELECT subject_id FROM code c WHERE {of_publication('c.seq', ':p')}"
            f"  UNION SELECT subject_id FROM decision d WHERE {of_publication('d.seq', ':p')}) r"
            " JOIN subject s ON s.id = r.subject_id"
        ),
        {"p": publication},
    ).all()
    items = {row[0] for row in rows if row[1] == "item"}
    others = [row[0] for row in rows if row[1] in ("authority", "region", "instrument")]
    referring = text(
        "SELECT subject_id FROM timeline WHERE kind = 'item' AND (authority IN :ids OR region IN :ids)"
        " UNION SELECT subject_id FROM link WHERE target IN :ids"
    ).bindparams(bindparam("ids", expanding=True))
    for ids in chunks(others):
        items.update(
            row[0] for row in connection.execute(referring, {"ids": ids}) if row[0].startswith("qdi-")
        )
    return items


class DocumentBuilder:
    """Builds documents, remembering the dated names and region paths it has looked up."""

    def __init__(self, connection: Connection, seq: int) -> None:
        self.connection = connection
        self.seq = seq
        self.day = today()
        self._names: dict[str, list[tuple[str, str, str, dict[str, Any]]]] = {}
        self._paths: dict[str, tuple[str, ...]] = {}

    def documents(self, item_ids: Iterable[str]) -> Iterator[SearchDocument]:
        """The documents of the items, all intervals of each. Items that are not public have none."""
        query = text(
            "SELECT t.subject_id, t.valid_from, t.valid_to, t.status, t.codes, t.visibility, c.body"
            " FROM timeline t LEFT JOIN content c ON c.hash = t.content"
            " WHERE t.subject_id IN :ids ORDER BY t.subject_id, t.valid_from"
        ).bindparams(bindparam("ids", expanding=True))
        for ids in chunks(item_ids):
            rows: dict[str, list[Any]] = {}
            for row in self.connection.execute(query, {"ids": ids}):
                rows.setdefault(row[0], []).append(row)
            for item_id, spans in rows.items():
                yield from self._of_item(item_id, spans)

    def _of_item(self, item_id: str, spans: list[Any]) -> Iterator[SearchDocument]:
        if spans[-1][5] == "internal":
            return  # hidden as a whole, as versions/visibility.py says
        former: list[str] = []
        following = [decode(bytes(row[6])) if row[6] else None for row in spans]
        for index, row in enumerate(spans):
            content = following[index] or (following[index + 1] if index + 1 < len(spans) else None)
            if content is None or row[5] != "public":
                continue
            yield from self._of_span(item_id, row, content, tuple(former))
            if following[index] and content["name"] not in former:
                former.append(content["name"])

    def _of_span(
        self, item_id: str, row: Any, content: dict[str, Any], former: tuple[str, ...]
    ) -> Iterator[SearchDocument]:
        instruments = [c["instrument"] for c in content.get("citations", ()) if c.get("instrument")]
        shown = [content["authority"], content["region"], *instruments]
        cuts = {row[1], row[2]}
        for subject in shown:
            cuts |= {day for name in self._dated(subject) for day in name[:2] if row[1] < day < row[2]}
        days = sorted(cuts)
        codes = tuple(code["value"] for code in orjson.loads(row[4]))
        for valid_from, valid_to in pairwise(days):
            yield SearchDocument(
                id=f"{item_id}:{valid_from}",
                subject=item_id,
                kind="item",
                name=content["name"],
                aliases=tuple(content.get("aliases", ())),
                former_names=tuple(name for name in former if name != content["name"]),
                authority_names=self._authority_names(content["authority"], valid_from),
                region_names=tuple(filter(None, [self._name_on(content["region"], valid_from)])),
                citations=tuple(self._citations(content, valid_from)),
                codes=codes,
                texts=tuple(_texts(content)),
                type=content["type"],
                level=content.get("level", ""),
                authority=content["authority"],
                region_path=self._path(content["region"]),
                status=row[3],
                themes=(*content.get("themes_person", ()), *content.get("themes_company", ())),
                valid_from="0001-01-01" if valid_from == FIRST else valid_from,
                valid_to=valid_to,
                seq=self.seq,
            )

    def _dated(self, subject_id: str) -> list[tuple[str, str, str, dict[str, Any]]]:
        known = self._names.get(subject_id)
        if known is None:
            rows = self.connection.execute(
                text(
                    "SELECT t.valid_from, t.valid_to, t.name, c.body FROM timeline t"
                    " JOIN content c ON c.hash = t.content WHERE t.subject_id = :id ORDER BY t.valid_from"
                ),
                {"id": subject_id},
            )
            known = self._names[subject_id] = [(r[0], r[1], r[2], decode(bytes(r[3]))) for r in rows]
        return known

    def _on(self, subject_id: str, day: str) -> tuple[str, dict[str, Any]] | None:
        best = None
        for valid_from, _valid_to, name, content in self._dated(subject_id):
            if valid_from <= day or best is None:
                best = (name, content)
        return best

    def _name_on(self, subject_id: str, day: str) -> str | None:
        found = self._on(subject_id, day)
        return found[0] if found else None

    def _authority_names(self, authority: str, day: str) -> tuple[str, ...]:
        found = self._on(authority, day)
        return (found[0], *found[1].get("short_names", ())) if found else ()

    def _citations(self, content: dict[str, Any], day: str) -> Iterator[str]:
        for citation in content.get("citations", ()):
            instrument = citation.get("instrument")
            found = self._on(instrument, day) if instrument else None
            title = citation.get("title") or (found[0] if found else "")
            number = citation.get("number") or (found[1].get("number") if found else None)
            if title:
                yield f"{title} {citation.get('article', '')}".strip()
            if number:
                yield number

    def _path(self, region: str) -> tuple[str, ...]:
        known = self._paths.get(region)
        if known is None:
            known = self._paths[region] = tuple(ancestors(self.connection, region, self.day))
        return known


def _texts(content: dict[str, Any]) -> Iterator[str]:
    """Guide text, value by value, so that no phrase spans two of them."""
    for name in _TEXT_FIELDS:
        if value := content.get(name):
            yield value
    for material in content.get("materials", ()):
        yield material["name"]
    for step in content.get("steps", ()):
        yield step["name"]
    for variant in content.get("variants", ()):
        yield variant["name"]
    for question in content.get("questions", ()):
        yield question["question"]
        if answer := question.get("answer"):
            yield answer
    if name := content.get("result", {}).get("name"):
        yield name


def drain(database: Database, engine: Engine) -> int:
    """Bring the index up to what is owed. Returns how many publications were done; raises EngineError."""
    with database.reading() as session:
        connection = session.connection()
        keys = outbox.owed(connection, INDEX, BATCH)
        if not keys:
            return 0
        seq = log.head(connection).seq
        touched = set().union(*(touched_items(connection, key) for key in keys))
        documents = list(DocumentBuilder(connection, seq).documents(sorted(touched)))
    gone = touched - {document.subject for document in documents}
    engine.apply(documents, sorted(gone), seq)
    with database.writing() as session:
        outbox.done(session.connection(), INDEX, keys)
    return len(keys)


def all_items(connection: Connection) -> Iterator[str]:
    """Every item id, in order, read in pages."""
    last = ""
    while True:
        page = connection.execute(
            text("SELECT id FROM subject WHERE kind = 'item' AND id > :last ORDER BY id LIMIT 5000"),
            {"last": last},
        ).all()
        if not page:
            return
        yield from (row[0] for row in page)
        last = page[-1][0]


def rebuild(database: Database, engine: Engine) -> int:
    """Build the whole index beside the standing one and swap. Returns the number of documents."""
    counted = 0
    with database.reading() as session:
        connection = session.connection()
        keys = outbox.owed(connection, INDEX, 1_000_000)
        seq = log.head(connection).seq
        builder = DocumentBuilder(connection, seq)

        def documents() -> Iterator[SearchDocument]:
            nonlocal counted
            for document in builder.documents(all_items(connection)):
                counted += 1
                yield document

        engine.rebuild(documents(), seq)
    with database.writing() as session:
        for some in chunks(map(str, keys)):
            outbox.done(session.connection(), INDEX, [int(key) for key in some])
    return counted


def tidy(database: Database, access_log_months: int) -> None:
    """The access log keeps its months, and no more."""
    with database.writing() as session:
        log.prune_access(session.connection(), access_log_months)


def is_missing(database: Database, engine: Engine) -> bool:
    """Whether the registry holds something and the index nothing: a new machine, a restored backup."""
    with database.reading() as session:
        return log.head(session.connection()).seq > 0 and engine.applied_seq() == 0


def catch_up(database: Database, engine: Engine) -> None:
    """Bring the index up to the registry, from nothing if need be. Raises EngineError."""
    if is_missing(database, engine):
        rebuild(database, engine)
    while drain(database, engine):
        pass


class Drainer:
    """One thread that drains while the server runs; a failure is logged and tried again with back-off."""

    def __init__(
        self, database: Database, engine: Engine, every: float = 0.2, access_log_months: int = 6
    ) -> None:
        self.database, self.engine, self.every = database, engine, every
        self.access_log_months = access_log_months
        self._tidied = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="index-drainer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        pause, begun = self.every, False
        while not self._stop.wait(pause):
            try:
                if not begun:
                    catch_up(self.database, self.engine)
                    begun = True
                drain(self.database, self.engine)
                self._tidy()
                pause = self.every
            except EngineError as error:
                pause = min(pause * 2, 30.0)
                logger.warning("index not drained, trying again in %.1f s: %s", pause, error)
            except Exception:
                pause = min(pause * 2, 30.0)
                logger.exception("index drainer failed, trying again in %.1f s", pause)

    def _tidy(self) -> None:
        if self._tidied and time.monotonic() - self._tidied < TIDY_SECONDS:
            return
        self._tidied = time.monotonic()
        tidy(self.database, self.access_log_months)
