"""A copy of a registry's items, kept in step: what the server's export says, byte for byte.

It is a file of SQLite with the items and the events told so far. Whatever is taken over is taken over whole: killed
at any moment, or given the same again, it goes on where it was.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from app.client.calling import Client, Gone, Problem
from app.client.shapes import Event, Item

_SCHEMA = """
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS item (id TEXT PRIMARY KEY, line BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY, body TEXT NOT NULL, told INTEGER NOT NULL DEFAULT 0);
"""
_ID = re.compile(rb'^\{"id":"([^"\\]+)"')
_DAY = re.compile(rb'"on":"[^"\\]*","planned":')
_KNOWN = re.compile(rb'"known_at":"[^"\\]*","seq":[0-9]+')
"""Where an answer names its day and the log entry it rests on. A quotation mark within a text is escaped, so that
neither is found in one; the content comes after both."""


class Copy:
    """``path``: the file; none: kept in memory. ``part``: ``region``, ``authority`` or ``type`` to copy alone."""

    def __init__(self, client: Client, path: str | Path = ":memory:", **part: str) -> None:
        self.client, self.part = client, part
        self._kept = sqlite3.connect(path, isolation_level=None)
        self._kept.executescript(_SCHEMA)
        asked = json.dumps(part, sort_keys=True)
        if self._get("part", asked) != asked:
            raise ValueError(f"{path} is a copy of another part: {self._get('part', '')}")
        self._set("part", asked)

    # --- what it holds

    @property
    def seq(self) -> int:
        """The log entry that the items are as of; 0 before the first export."""
        return int(self._get("seq", "0"))

    @property
    def on(self) -> str:
        """The day that the items are of."""
        return self._get("on", "")

    def item(self, item_id: str) -> Item | None:
        row = self._kept.execute("SELECT line FROM item WHERE id = ?", (item_id,)).fetchone()
        return json.loads(self._dated(row[0])) if row else None

    def lines(self) -> Iterator[bytes]:
        """What the server's export would say now, line by line, ends included."""
        for (line,) in self._kept.execute("SELECT line FROM item ORDER BY id"):
            yield self._dated(line) + b"\n"

    def __len__(self) -> int:
        return int(self._kept.execute("SELECT count(*) FROM item").fetchone()[0])

    def events(self, after: int = 0) -> Iterator[Event]:
        """The events taken over so far, in log order, each once."""
        for (body,) in self._kept.execute("SELECT body FROM event WHERE seq > ? ORDER BY seq", (after,)):
            yield json.loads(body)

    # --- keeping in step

    def sync(self) -> int:
        """Bring the items up to the server's now and take over what was recorded meanwhile. Returns the number of new
        events. Raises Gone, Problem: then nothing is lost, and it is called again."""
        if not self._get("begun", ""):
            self._begin()
        new = self._take_events()
        self._take_items()
        return new

    def follow(self, wait: int = 30) -> Iterator[Event]:
        """Keep in step for ever, yielding each event after the items stand as of it. An event is marked as told when
        the next is asked for: one who stops in between is told it again, and by its ``seq`` knows."""
        while True:
            self.sync()
            told = 0
            for seq, body in self._kept.execute(
                "SELECT seq, body FROM event WHERE told = 0 ORDER BY seq"
            ).fetchall():
                yield json.loads(body)
                self._kept.execute("UPDATE event SET told = 1 WHERE seq = ?", (seq,))
                told += 1
            if not told:
                self.client.changes(int(self._get("followed", "0")), wait=wait, limit=1)

    def _begin(self) -> None:
        """Everything anew: the first time, or where the server went back behind what the copy knows."""
        headers, lines = self.client.export(**self.part)
        with self._whole():
            self._kept.execute("DELETE FROM item")
            self._kept.execute("DELETE FROM event")
            self._put(lines)
            self._stand(headers)
            self._set("followed", headers["x-log-seq"])
            self._set("begun", "1")

    def _take_items(self) -> None:
        try:
            headers, lines = self.client.export(since=self.seq, since_on=self.on, **self.part)
        except Problem as problem:
            if problem.code != "since-after-head":
                raise
            self._begin()
            return
        with self._whole():
            self._put(lines)
            self._stand(headers)

    def _take_events(self) -> int:
        """Page by page, each with the place to go on from: a page that comes again adds nothing."""
        before = self._counted()
        while True:
            page = self.client.changes(int(self._get("followed", "0")), limit=500, **self._feed_part())
            with self._whole():
                self.deliver(page["changes"])
                reached = page["seq"] if page["next"] is None else page["next"]
                self._set("followed", str(max(reached, int(self._get("followed", "0")))))
            if page["next"] is None:
                return self._counted() - before

    def deliver(self, events: Iterable[Event]) -> None:
        """Take events over, from wherever they come (a webhook too); one that is held already is passed over."""
        rows = [(event["seq"], json.dumps(event, ensure_ascii=False, sort_keys=True)) for event in events]
        self._kept.executemany("INSERT OR IGNORE INTO event (seq, body) VALUES (?, ?)", rows)

    def _feed_part(self) -> dict[str, Any]:
        return {name: value for name, value in self.part.items() if name != "type"}

    def _counted(self) -> int:
        return int(self._kept.execute("SELECT count(*) FROM event").fetchone()[0])

    def _put(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            found = _ID.match(line)
            if found is None:
                raise Gone(f"a line that is no item: {line[:80]!r}")
            item_id = found[1].decode()
            if line.endswith(b'","gone":true}'):
                self._kept.execute("DELETE FROM item WHERE id = ?", (item_id,))
            else:
                self._kept.execute("INSERT OR REPLACE INTO item (id, line) VALUES (?, ?)", (item_id, line))

    def _stand(self, headers: dict[str, str]) -> None:
        for name, header in (("seq", "x-log-seq"), ("known_at", "x-known-at"), ("on", "x-on")):
            self._set(name, headers[header])

    def _dated(self, line: bytes) -> bytes:
        """A line as of the copy's day and log entry: all that changes in those that nothing happened to."""
        line = _DAY.sub(b'"on":"%s","planned":' % self.on.encode(), line, count=1)
        known = b'"known_at":"%s","seq":%d' % (self._get("known_at", "").encode(), self.seq)
        return _KNOWN.sub(known, line, count=1)

    def _get(self, name: str, default: str) -> str:
        row = self._kept.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else default

    def _set(self, name: str, value: str) -> None:
        self._kept.execute("INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)", (name, value))

    def _whole(self) -> _Whole:
        return _Whole(self._kept)

    def close(self) -> None:
        self._kept.close()


class _Whole:
    """All that is written within, or nothing of it."""

    def __init__(self, kept: sqlite3.Connection) -> None:
        self._kept = kept

    def __enter__(self) -> None:
        self._kept.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        self._kept.execute("COMMIT" if kind is None else "ROLLBACK")
